package precomputed

import (
	"fmt"
	"io"
	"math"
	"sync"

	"marquee/recommender/column"
	"marquee/recommender/model"
)

// A Model scores the movies of a person's list, and no others. Nothing writes to
// it once it is made.
type Model struct {
	config Config
	movies int
	lists  model.Lists // nil: there are none yet
	asks   sync.Pool   // of *asked
}

// New returns the model that serves those lists of base that c names. Lists
// that are not there yet leave everybody without one.
func New(c Config, base *model.Base) *Model {
	return &Model{config: c, movies: base.Movies, lists: base.Lists[c.Lists]}
}

// Len returns the number of movies.
func (m *Model) Len() int { return m.movies }

// Score is [model.Model]'s: the n movies of a list get 1, 1-1/n, and so on down
// to 1/n, every other movie NaN. It takes as long as writing scores once.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	if m.lists == nil {
		return model.None
	}
	list, ok := m.lists.Of(q.User.ID)
	if !ok {
		return model.None
	}
	for row := range scores {
		scores[row] = float32(math.NaN())
	}
	basis := model.None
	for i := len(list) - 1; i >= 0; i-- { // backwards: of a movie named twice, the better place counts
		if row := int(list[i]); row < len(scores) {
			scores[row] = 1 - float32(i)/float32(len(list))
			basis = model.Personal
		}
	}
	return basis
}

// WriteTo writes which lists are served, not the lists.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	var e column.Encoder
	column.EncodeStrings(&e, []string{m.config.Lists})
	n, err := w.Write(e.Data)
	return int64(n), err
}

// Read makes the model of what one wrote, with the lists of base.
func Read(stored []byte, base *model.Base) (model.Model, error) {
	d := column.NewDecoder(stored)
	names := column.DecodeStrings[string](d)
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("read which lists to serve: %w", err)
	}
	if len(names) != 1 {
		return nil, fmt.Errorf("%d names of lists, want one: %w", len(names), column.ErrBroken)
	}
	c := Config{Lists: names[0]}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, column.ErrBroken)
	}
	return New(c, base), nil
}
