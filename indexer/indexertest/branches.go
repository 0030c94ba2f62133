package indexertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"marquee/indexer"
)

// answersOf returns what ix answers to some queries, for a comparison to the bit.
func answersOf(ctx context.Context, ix indexer.Index) ([][]indexer.Hit, error) {
	var all [][]indexer.Hit
	odd := func(row uint32) bool { return row%2 == 1 }
	for i, q := range queries(12, ix.Dims()) {
		hits, err := ix.Search(ctx, q, 1+2*i, []indexer.Keep{nil, odd}[i%2])
		if err != nil {
			return nil, err
		}
		all = append(all, hits)
	}
	return all, nil
}

// unchanged returns an error unless ix answers as it did before.
func unchanged(ctx context.Context, ix indexer.Index, rows int, before [][]indexer.Hit) error {
	after, err := answersOf(ctx, ix)
	if err != nil {
		return err
	}
	if ix.Len() != rows {
		return fmt.Errorf("it has %d rows, had %d", ix.Len(), rows)
	}
	for i := range before {
		if !slices.Equal(after[i], before[i]) {
			return fmt.Errorf("query %d gives %v, before %v", i, after[i], before[i])
		}
	}
	return nil
}

// fresh returns n vectors of the world of small that are none of its rows.
func fresh(seed uint64, n int) [][]float32 {
	return slices.Collect(slices.Chunk(Clustered(seed, n, smallDims), smallDims))
}

// branch returns changes to an index of rows rows that another seed makes others of.
func branch(seed uint64, rows int) []indexer.Later {
	var later []indexer.Later
	for i, v := range fresh(seed, 40) {
		switch i % 4 {
		case 0:
			later = append(later, indexer.Later{Row: uint32((i*37 + int(seed)) % rows), Vector: make([]float32, smallDims)})
		case 1:
			later = append(later, indexer.Later{Row: uint32((i*53 + int(seed)) % rows), Vector: v})
		default:
			later = append(later, indexer.Later{Row: uint32(rows + i/4*2 + i%4 - 2), Vector: v})
		}
	}
	return later
}

// checkBranches makes two indexes from one, and two from each of these. All of them
// go on answering, each by its own changes.
func checkBranches(t *testing.T, build Build, minRecall float64) error {
	s := small()
	c := changed{build(t, slices.Clone(s.vecs), s.dims), s}
	before, err := answersOf(t.Context(), c.ix)
	if err != nil {
		return err
	}
	tree := []changed{c}
	for at := 0; len(tree) < 7; at++ {
		for side := range uint64(2) {
			next, err := tree[at].with(t.Context(), branch(70+uint64(at)*2+side, tree[at].model.rows()))
			if err != nil {
				return err
			}
			tree = append(tree, next)
		}
	}
	if err := unchanged(t.Context(), c.ix, s.rows(), before); err != nil {
		return fmt.Errorf("after changes were made from it: %w", err)
	}
	var r recall
	for i, c := range tree {
		for _, q := range queries(3, s.dims) {
			if err := c.judge(t.Context(), q, &r); err != nil {
				return fmt.Errorf("branch %d: %w", i, err)
			}
		}
	}
	same, err := indexer.With(t.Context(), c.ix, nil)
	if err == nil {
		err = unchanged(t.Context(), same, s.rows(), before)
	}
	if err != nil {
		return fmt.Errorf("a change of no row: %w", err)
	}
	return enough("in branches", r.hit, r.want, minRecall)
}

// checkRefused hands in changes of which one row is wrong; none of them may show.
func checkRefused(t *testing.T, build Build, _ float64) error {
	s := small()
	first := build(t, s.vecs, s.dims)
	second, err := indexer.With(t.Context(), first, branch(90, s.rows()))
	if err != nil {
		return err
	}
	for _, ix := range []indexer.Index{first, second} {
		before, err := answersOf(t.Context(), ix)
		if err != nil {
			return err
		}
		rows := uint32(ix.Len())
		good := fresh(91, 3)
		broken := func(change func(v []float32)) []float32 {
			v := slices.Clone(good[2])
			change(v)
			return v
		}
		tests := []struct {
			name string
			bad  indexer.Later
			want error
		}{
			{"no values", indexer.Later{Row: 1}, indexer.ErrDims},
			{"too short", indexer.Later{Row: 1, Vector: good[2][1:]}, indexer.ErrDims},
			{"too long", indexer.Later{Row: rows + 1, Vector: append(slices.Clone(good[2]), 0)}, indexer.ErrDims},
			{"a gap", indexer.Later{Row: rows + 2, Vector: good[2]}, indexer.ErrDims},
			{"the last row of all", indexer.Later{Row: math.MaxUint32, Vector: good[2]}, indexer.ErrDims},
			{"NaN", indexer.Later{Row: 1, Vector: broken(func(v []float32) { v[3] = float32(math.NaN()) })}, indexer.ErrRow},
			{"infinity", indexer.Later{Row: 1, Vector: broken(func(v []float32) { v[3] = float32(math.Inf(1)) })}, indexer.ErrRow},
			{"not of unit length", indexer.Later{Row: 1, Vector: broken(func(v []float32) { v[3] += 1 })}, indexer.ErrRow},
		}
		for _, tt := range tests {
			later := []indexer.Later{{Row: 7, Vector: good[0]}, {Row: rows, Vector: good[1]}, tt.bad, {Row: 8, Vector: good[0]}}
			if got, err := indexer.With(t.Context(), ix, later); !errors.Is(err, tt.want) || got != nil {
				return fmt.Errorf("a row of %s: index %v and error %v, want none and %w", tt.name, got, err, tt.want)
			}
			if err := unchanged(t.Context(), ix, int(rows), before); err != nil {
				return fmt.Errorf("after a row of %s was refused: %w", tt.name, err)
			}
		}
	}
	return nil
}

func checkCancelledChange(t *testing.T, build Build, _ float64) error {
	s := small()
	ix := build(t, s.vecs, s.dims)
	before, err := answersOf(t.Context(), ix)
	if err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := indexer.With(cancelled, ix, branch(95, s.rows())); !errors.Is(err, context.Canceled) || got != nil {
		return fmt.Errorf("a cancelled change gives index %v and error %v, want none and %w", got, err, context.Canceled)
	}
	return unchanged(t.Context(), ix, s.rows(), before)
}

// checkBesideChanges lets some goroutines search an index while others make chains of
// changes from it, and compares with what is answered alone; run it with the race
// detector, too.
func checkBesideChanges(t *testing.T, build Build, _ float64) error {
	s := small()
	ix := build(t, s.vecs, s.dims)
	chain := func(seed uint64) (all [][]indexer.Hit, err error) {
		at := ix
		for step := range uint64(4) {
			if at, err = indexer.With(t.Context(), at, branch(seed+step, at.Len())); err != nil {
				return nil, err
			}
			hits, err := answersOf(t.Context(), at)
			if err != nil {
				return nil, err
			}
			all = append(all, slices.Concat(hits...))
		}
		return all, nil
	}
	before, err := answersOf(t.Context(), ix)
	if err != nil {
		return err
	}
	const chains = 3
	var alone [chains][][]indexer.Hit
	for i := range alone {
		if alone[i], err = chain(uint64(100 + 10*i)); err != nil {
			return err
		}
	}
	var faults [2 * chains]error
	var wg sync.WaitGroup
	for i := range chains {
		wg.Go(func() {
			for range 5 {
				faults[i] = errors.Join(faults[i], unchanged(t.Context(), ix, s.rows(), before))
			}
		})
		wg.Go(func() {
			got, err := chain(uint64(100 + 10*i))
			if err == nil && !slices.EqualFunc(got, alone[i], slices.Equal) {
				err = fmt.Errorf("chain %d of changes answers otherwise beside others", i)
			}
			faults[chains+i] = err
		})
	}
	wg.Wait()
	return errors.Join(faults[:]...)
}
