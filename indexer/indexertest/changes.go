package indexertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"marquee/indexer"
)

// ChangeChecks returns every demand of the contract of [indexer.Changer], in a fixed
// order. Rows come by [indexer.With], so an index that takes no changes itself is
// judged with what stands beside it.
func ChangeChecks() []Check {
	return []Check{
		{"changes like a model", checkModel},
		{"a row from nothing to nothing", checkFewChanges},
		{"ties after changes", checkChangedTies},
		{"receiver and branches", checkBranches},
		{"changes that are refused", checkRefused},
		{"cancelled change", checkCancelledChange},
		{"searches beside changes", checkBesideChanges},
		{"recall after churn", checkChurn},
	}
}

// TestChanges runs every check of [ChangeChecks] on indexes made by build, as
// [TestIndex] does with its own. After 20% of the rows changed, recall must lie within
// 0.01 of what it was.
func TestChanges(t *testing.T, build Build, minRecall float64) {
	for _, c := range ChangeChecks() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Run(t, build, minRecall); err != nil {
				t.Error(err)
			}
		})
	}
}

// with returns s with later rows.
func (s scan) with(later []indexer.Later) scan {
	next := scan{slices.Clone(s.vecs), s.dims}
	for _, l := range later {
		if int(l.Row) == next.rows() {
			next.vecs = append(next.vecs, l.Vector...)
		} else {
			copy(next.row(int(l.Row)), l.Vector)
		}
	}
	return next
}

// A changed is an index after some changes, and what it must answer.
type changed struct {
	ix    indexer.Index
	model scan
}

func (c changed) with(ctx context.Context, later []indexer.Later) (changed, error) {
	ix, err := indexer.With(ctx, c.ix, later)
	if err != nil {
		return c, err
	}
	return changed{ix, c.model.with(later)}, nil
}

// A recall counts what was found of what was to be found.
type recall struct{ hit, want int }

// judge returns what c answers wrongly to q: the shape, a list of everything, and
// short ones, with filters. What short lists miss is counted in r.
func (c changed) judge(ctx context.Context, q []float32, r *recall) error {
	s := c.model
	if c.ix.Len() != s.rows() || c.ix.Dims() != s.dims {
		return fmt.Errorf("the index says %d x %d, want %d x %d", c.ix.Len(), c.ix.Dims(), s.rows(), s.dims)
	}
	var outside error
	within := func(keep indexer.Keep) indexer.Keep {
		return func(row uint32) bool {
			if int(row) >= s.rows() {
				outside = fmt.Errorf("keep was asked about row %d of %d", row, s.rows())
				return false
			}
			return keep(row)
		}
	}
	third := func(row uint32) bool { return row%3 == 1 }
	last := func(row uint32) bool { return int(row) >= s.rows()-7 }
	for _, keep := range []indexer.Keep{nil, within(third), within(last)} {
		for _, k := range []int{3, 10, math.MaxInt} {
			hits, err := c.ix.Search(ctx, q, k, keep)
			if err = errors.Join(err, outside); err != nil {
				return err
			}
			if err := judge(s, hits, k, keep); err != nil {
				return err
			}
			for _, h := range hits {
				if want := s.score(q, int(h.Row)); math.Abs(float64(h.Score)-want) > scoreSlack {
					return fmt.Errorf("row %d scores %v, want %v", h.Row, h.Score, want)
				}
			}
			truth := s.search(q, k, keep)
			r.hit += found(s, q, hits, truth)
			r.want += len(truth)
		}
	}
	return nil
}

// checkModel lays random changes on indexes of several sizes, step by step, and
// compares with a plain list of vectors after each.
func checkModel(t *testing.T, build Build, minRecall float64) error {
	var r recall
	for seed, rows := range []int{0, 1, 60, 700} {
		vecs := Clustered(uint64(40+seed), rows, smallDims)
		given := slices.Clone(vecs)
		c := changed{build(t, vecs, smallDims), scan{given, smallDims}}
		rng := rand.New(rand.NewPCG(uint64(seed), 0x6368616e6765))
		pool := Clustered(uint64(40+seed), rows+1000, smallDims)[rows*smallDims:]
		for step := range 12 {
			later := randomLater(rng, c.model, pool, []int{0, 1, 7, 50}[rng.IntN(4)])
			next, err := c.with(t.Context(), later)
			if err != nil {
				return fmt.Errorf("%d rows, step %d: %w", rows, step, err)
			}
			for _, q := range [][]float32{queries(step+1, smallDims)[step], pool[step*smallDims:][:smallDims]} {
				if err := next.judge(t.Context(), q, &r); err != nil {
					return fmt.Errorf("%d rows, step %d of %d changes: %w", rows, step, len(later), err)
				}
			}
			c = next
		}
		if !slices.Equal(vecs, given) {
			return errors.New("a change wrote to the vectors that the index was built of")
		}
	}
	return enough("after changes", r.hit, r.want, minRecall)
}

// randomLater returns n changes: new rows, edits, removals, rows that come back, some
// of them twice, some to the vector of another row.
func randomLater(rng *rand.Rand, s scan, pool []float32, n int) []indexer.Later {
	var later []indexer.Later
	rows := s.rows()
	for range n {
		at := rng.IntN(len(pool) / s.dims)
		l := indexer.Later{Row: uint32(rows), Vector: pool[at*s.dims:][:s.dims:s.dims]}
		switch rng.IntN(8) {
		case 0, 1, 2:
			l.Row = uint32(rng.IntN(rows + 1))
		case 3:
			l.Row = uint32(rng.IntN(rows + 1))
			l.Vector = make([]float32, s.dims)
		case 4:
			if s.rows() > 0 {
				l.Vector = slices.Clone(s.row(rng.IntN(s.rows())))
			}
		case 5:
			if len(later) > 0 {
				l.Row = later[rng.IntN(len(later))].Row
			}
		}
		rows = max(rows, int(l.Row)+1)
		later = append(later, l)
	}
	return later
}

// checkFewChanges adds rows to an empty index one by one, and takes them out again:
// there is nothing to miss.
func checkFewChanges(t *testing.T, build Build, _ float64) error {
	const n = 5
	vecs := Clustered(31, n, smallDims)
	c := changed{build(t, nil, smallDims), scan{nil, smallDims}}
	var steps []indexer.Later
	for row := range uint32(n) {
		steps = append(steps, indexer.Later{Row: row, Vector: vecs[int(row)*smallDims:][:smallDims]})
	}
	for _, row := range []uint32{0, 4, 1, 3, 2} {
		steps = append(steps, indexer.Later{Row: row, Vector: make([]float32, smallDims)})
	}
	steps = append(steps, steps[3])
	for i, l := range steps {
		var err error
		if c, err = c.with(t.Context(), []indexer.Later{l}); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		for _, q := range queries(3, smallDims) {
			var r recall
			if err := c.judge(t.Context(), q, &r); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
			if r.hit != r.want {
				return fmt.Errorf("step %d: %d of %d found", i, r.hit, r.want)
			}
		}
	}
	return nil
}

// checkChangedTies gives several rows, in no order, the vector of another.
func checkChangedTies(t *testing.T, build Build, minRecall float64) error {
	s := small()
	c := changed{build(t, slices.Clone(s.vecs), s.dims), s}
	q := s.row(300)
	for _, later := range [][]uint32{{399, 400}, {5, 401}, {300}, {120, 77}} {
		var same []indexer.Later
		for _, row := range later {
			same = append(same, indexer.Later{Row: row, Vector: q})
		}
		var err error
		if c, err = c.with(t.Context(), same); err != nil {
			return err
		}
	}
	equal := []uint32{5, 77, 120, 300, 399, 400, 401}
	for _, k := range []int{1, 3, 7, 20, 500} {
		hits, err := c.ix.Search(t.Context(), q, k, nil)
		if err != nil {
			return err
		}
		if err := judge(c.model, hits, k, nil); err != nil {
			return err
		}
		if rows := rowsOf(hits[:min(k, len(equal))]); minRecall >= 1 && !slices.Equal(rows, equal[:min(k, len(equal))]) {
			return fmt.Errorf("of seven equal rows k=%d gives %v, want the lowest of %v", k, rows, equal)
		}
	}
	return nil
}
