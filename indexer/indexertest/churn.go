package indexertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"marquee/indexer"
)

const (
	churnShare = 5 // one row in so many changes
	churnBatch = 32
	churnLoss  = 0.01 // of recall at churnK, at most
	churnK     = 20
)

// A churn is a world of which a part changes.
type churn struct {
	before   scan
	fresh    []float32 // vectors for later rows
	movies   []float32 // queries of the world that are none of its rows
	profiles []float32
}

func newChurn(seed uint64, rows, dims, asked int) churn {
	changes := rows / churnShare
	all := Clustered(seed, rows+changes+asked, dims)
	end := rows * dims
	return churn{
		before:   scan{all[:end:end], dims},
		fresh:    all[end : end+changes*dims],
		movies:   all[end+changes*dims:],
		profiles: Profiles(seed, all[:end], dims, asked),
	}
}

// run lays the changes on ix, some at a time: edits, removals and new rows by turns.
func (w churn) run(ctx context.Context, ix indexer.Index) (changed, error) {
	c := changed{ix, scan{slices.Clone(w.before.vecs), w.before.dims}}
	rows := rand.New(rand.NewPCG(3, 0x636875726e)).Perm(w.before.rows())
	var later []indexer.Later
	flush := func() (err error) {
		c.ix, err = indexer.With(ctx, c.ix, later)
		later = nil
		return err
	}
	for v := range slices.Chunk(w.fresh, w.before.dims) {
		l := indexer.Later{Row: uint32(rows[0]), Vector: v}
		switch rows = rows[1:]; len(rows) % 3 {
		case 0:
			l.Vector = make([]float32, w.before.dims)
			fallthrough
		case 1:
			copy(c.model.row(int(l.Row)), l.Vector)
		case 2:
			l.Row = uint32(c.model.rows())
			c.model.vecs = append(c.model.vecs, v...)
		}
		if later = append(later, l); len(later) == churnBatch {
			if err := flush(); err != nil {
				return c, err
			}
		}
	}
	return c, flush()
}

// recall returns the share that c finds of the nearest rows.
func (c changed) recall(ctx context.Context, asked []float32) (float64, error) {
	var r recall
	for q := range slices.Chunk(asked, c.model.dims) {
		hits, err := c.ix.Search(ctx, q, churnK, nil)
		if err != nil {
			return 0, err
		}
		if err := judge(c.model, hits, churnK, nil); err != nil {
			return 0, err
		}
		truth := c.model.search(q, churnK, nil)
		r.hit += found(c.model, q, hits, truth)
		r.want += len(truth)
	}
	return float64(r.hit) / float64(r.want), nil
}

// checkChurn changes 20% of the rows and compares the recall with that before.
func checkChurn(t *testing.T, build Build, _ float64) error {
	w := newChurn(33, worldRows, worldDims, worldCount)
	first := changed{build(t, w.before.vecs, w.before.dims), w.before}
	second, err := w.run(t.Context(), first.ix)
	if err != nil {
		return err
	}
	for where, asked := range map[string][]float32{"movies": w.movies, "profiles": w.profiles} {
		before, err := first.recall(t.Context(), asked)
		if err != nil {
			return err
		}
		after, err := second.recall(t.Context(), asked)
		if err != nil {
			return fmt.Errorf("after churn: %w", err)
		}
		if after < before-churnLoss {
			return fmt.Errorf("recall at %d on %s is %.4f after churn, %.4f before, want at most %v less", churnK, where, after, before, churnLoss)
		}
	}
	return nil
}

// BenchmarkChurn changes 20% of a world of n rows, 32 at a time, and times that. It
// reports recall at 20 on movies that are not in the index and on profiles, before,
// after, and of an index that is built of what the rows are by then.
func BenchmarkChurn(b *testing.B, impl string, n, dims int, build func(b *testing.B, vecs []float32, dims int) indexer.Index) {
	b.Run(fmt.Sprintf("impl=%s/n=%d/dims=%d/changes=%d", impl, n, dims, n/churnShare), func(b *testing.B) {
		w := newChurn(1, n, dims, benchQueries)
		first := changed{build(b, w.before.vecs, dims), w.before}
		var second changed
		for b.Loop() {
			var err error
			if second, err = w.run(b.Context(), first.ix); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		third := changed{build(b, second.model.vecs, dims), second.model}
		for _, at := range []struct {
			when string
			changed
		}{{"before", first}, {"after", second}, {"rebuilt", third}} {
			for _, asked := range []struct {
				kind string
				vecs []float32
			}{{"movies", w.movies}, {"profiles", w.profiles}} {
				share, err := at.recall(b.Context(), asked.vecs)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(share, fmt.Sprintf("%s-%s@%d", asked.kind, at.when, churnK))
			}
		}
	})
}
