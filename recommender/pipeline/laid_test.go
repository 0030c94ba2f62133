package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// An away index is elsewhere: it takes changes, and searches of it fail, but perhaps not
// those of somebody who has patience.
type away struct {
	brute
	err, patient error
}

func (x away) With(ctx context.Context, later []indexer.Later) (indexer.Index, error) {
	next, err := x.brute.With(ctx, later)
	if err != nil {
		return nil, err
	}
	return away{next.(brute), x.err, x.patient}, nil
}

func (x away) Search(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	if x.err != nil {
		return nil, x.err
	}
	return x.brute.Search(ctx, q, k, keep)
}

func (x away) Patiently() indexer.Index { return away{x.brute, x.patient, x.patient} }

// A reindex does not fail because an index elsewhere cannot be asked what it finds by
// now; the gate says that it was not.
func TestReindexWithoutAnswers(t *testing.T) {
	other := errors.New("found what cannot be")
	for _, c := range []struct {
		err, patient error
		measured     bool
		want         error
	}{
		{err: catalog.ErrUnavailable, measured: true},
		{err: catalog.ErrUnavailable, patient: fmt.Errorf("twice: %w", catalog.ErrUnavailable)},
		{err: catalog.ErrNotFound, patient: catalog.ErrNotFound},
		{err: context.DeadlineExceeded, patient: context.DeadlineExceeded},
		{err: other, patient: other, want: other},
	} {
		w := thirty(t, nil)
		w.shop.edit()
		b, err := w.shelf.Load(t.Context(), w.live, bundle.Opener{Kinds: w.options.Kinds, Index: func(_ string, vecs []float32, dims int, _ []byte) (indexer.Index, error) {
			return away{brute{vecs, dims, none}, c.err, c.patient}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		var gates []bundle.Gate
		m, _, err := w.Shelve(t.Context(), w.shelf, b, find(t, w.shop, b, pipeline.Scope{}), func(m *bundle.Manifest) {
			gates, _ = pipeline.DefaultGates().Check(*m, nil)
		})
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Fatalf("%v and %v: %v, want %v", c.err, c.patient, err, c.want)
		}
		if err != nil {
			continue
		}
		if measured := m.Later.Measured != nil; measured != c.measured {
			t.Errorf("%v and %v: measured %v, want %v", c.err, c.patient, measured, c.measured)
		}
		if said := strings.Contains(gates[0].Detail, "not measured"); said == c.measured || !gates[0].Passed {
			t.Errorf("%v and %v: gate %+v, want it to say what was not measured: %v", c.err, c.patient, gates[0], !c.measured)
		}
	}
}
