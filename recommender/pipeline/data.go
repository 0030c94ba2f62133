package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/model"
)

// writtenModel returns what m writes.
func writtenModel(m io.WriterTo) ([]byte, error) {
	var buf bytes.Buffer
	if _, err := m.WriteTo(&buf); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// A People is what is known of people, by id.
type People map[catalog.UserID]catalog.User

// All gives them in no order that matters: [model.NewData] looks them up.
func (p People) All() iter.Seq2[catalog.User, error] {
	return func(yield func(catalog.User, error) bool) {
		for _, u := range p {
			if !yield(u, nil) {
				return
			}
		}
	}
}

// BaseOf returns a func for [Training.Table]: the neighbour table is that of the
// vectors, whoever watched what.
func BaseOf(table *indexer.Table) func(context.Context, *model.Data) (*model.Base, error) {
	return func(_ context.Context, d *model.Data) (*model.Base, error) {
		if table != nil && table.Rows() != len(d.Movies) {
			return nil, fmt.Errorf("neighbour table of %d movies, want %d", table.Rows(), len(d.Movies))
		}
		return &model.Base{Scale: d.Scale, Movies: len(d.Movies), Vectors: d.Vectors, Dims: d.Dims, Table: table, Histories: d.Histories(), Lists: map[string]model.Lists{}}, nil
	}
}
