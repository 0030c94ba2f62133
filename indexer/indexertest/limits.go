package indexertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"marquee/indexer"
)

func checkPastEnd(t *testing.T, build Build, _ float64) error {
	s := small()
	ix := build(t, s.vecs, s.dims)
	for _, k := range []int{s.rows() - 1, s.rows(), s.rows() + 1, math.MaxInt} {
		hits, err := ix.Search(t.Context(), queries(1, s.dims)[0], k, nil)
		if err != nil {
			return err
		}
		if err := judge(s, hits, k, nil); err != nil {
			return err
		}
	}
	return nil
}

// checkKeep asks with filters from harmless to merciless. However few rows are
// kept, min(k, kept) come back, and they are the near ones.
func checkKeep(t *testing.T, build Build, minRecall float64) error {
	s, asked := held(11)
	ix := build(t, s.vecs, s.dims)
	filters := []struct {
		name string
		keep indexer.Keep
	}{
		{"all", func(uint32) bool { return true }},
		{"nine in ten", func(row uint32) bool { return row%10 != 0 }},
		{"half", func(row uint32) bool { return row%2 == 1 }},
		{"a tenth", func(row uint32) bool { return row%10 == 3 }},
		{"1%", func(row uint32) bool { return row%100 == 42 }},
		{"one row", func(row uint32) bool { return row == 777 }},
		{"no row", func(uint32) bool { return false }},
	}
	for _, f := range filters {
		hit, want := 0, 0
		var outside error
		keep := func(row uint32) bool {
			if int(row) >= s.rows() {
				outside = fmt.Errorf("keep was asked about row %d of %d", row, s.rows())
				return false
			}
			return f.keep(row)
		}
		for _, q := range asked {
			for _, k := range []int{1, 10, 25, 160} {
				hits, err := ix.Search(t.Context(), q, k, keep)
				if err = errors.Join(err, outside); err != nil {
					return err
				}
				if err := judge(s, hits, k, f.keep); err != nil {
					return fmt.Errorf("keep %s: %w", f.name, err)
				}
				truth := s.search(q, k, f.keep)
				hit += found(s, q, hits, truth)
				want += len(truth)
			}
		}
		if want == 0 {
			continue
		}
		if err := enough("with keep "+f.name, hit, want, minRecall); err != nil {
			return err
		}
	}
	return nil
}

// checkKeepFar refuses the rows nearest to the query, as a list for a person
// refuses what was watched.
func checkKeepFar(t *testing.T, build Build, minRecall float64) error {
	s, asked := held(12)
	ix := build(t, s.vecs, s.dims)
	hit, want := 0, 0
	for _, q := range asked {
		near := make(map[uint32]bool)
		for _, h := range s.search(q, 200, nil) {
			near[h.Row] = true
		}
		keep := func(row uint32) bool { return !near[row] }
		hits, err := ix.Search(t.Context(), q, 10, keep)
		if err != nil {
			return err
		}
		if err := judge(s, hits, 10, keep); err != nil {
			return err
		}
		truth := s.search(q, 10, keep)
		hit += found(s, q, hits, truth)
		want += len(truth)
	}
	return enough("beyond the refused", hit, want, minRecall)
}

func checkCancelled(t *testing.T, build Build, _ float64) error {
	s := small()
	ix := build(t, s.vecs, s.dims)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancelLate()
	for _, keep := range []indexer.Keep{nil, func(uint32) bool { return false }} {
		for _, k := range []int{1, 10, s.rows()} {
			if hits, err := ix.Search(cancelled, s.row(3), k, keep); !errors.Is(err, context.Canceled) || len(hits) > 0 {
				return fmt.Errorf("a cancelled search gives %d rows and error %v, want none and %w", len(hits), err, context.Canceled)
			}
			if hits, err := ix.Search(late, s.row(3), k, keep); !errors.Is(err, context.DeadlineExceeded) || len(hits) > 0 {
				return fmt.Errorf("a late search gives %d rows and error %v, want none and %w", len(hits), err, context.DeadlineExceeded)
			}
		}
	}
	return nil
}

func checkBadQueries(t *testing.T, build Build, _ float64) error {
	s := small()
	broken := func(v float64) []float32 {
		q := append([]float32(nil), s.row(1)...)
		q[len(q)-1] = float32(v)
		return q
	}
	tests := []struct {
		name string
		q    []float32
		k    int
		want error
	}{
		{"no values", nil, 5, indexer.ErrDims},
		{"too short", s.row(1)[:s.dims-1], 5, indexer.ErrDims},
		{"too long", append(broken(0), 0), 5, indexer.ErrDims},
		{"NaN", broken(math.NaN()), 5, indexer.ErrVector},
		{"+Inf", broken(math.Inf(1)), 5, indexer.ErrVector},
		{"-Inf", broken(math.Inf(-1)), 5, indexer.ErrVector},
		{"k is 0", s.row(1), 0, indexer.ErrCount},
		{"k is -1", s.row(1), -1, indexer.ErrCount},
		{"k is the least int", s.row(1), math.MinInt, indexer.ErrCount},
	}
	for _, vecs := range [][]float32{s.vecs, nil} { // an empty index is no excuse
		ix := build(t, vecs, s.dims)
		for _, tt := range tests {
			if hits, err := ix.Search(t.Context(), tt.q, tt.k, nil); !errors.Is(err, tt.want) || len(hits) > 0 {
				return fmt.Errorf("%s, index of %d: %d rows and error %v, want none and %w", tt.name, ix.Len(), len(hits), err, tt.want)
			}
		}
	}
	return nil
}

func checkZeroRows(t *testing.T, build Build, _ float64) error {
	s := small()
	for i := 0; i < s.rows(); i += 3 {
		clear(s.row(i))
	}
	worlds := []scan{s, {make([]float32, 50*smallDims), smallDims}}
	for _, s := range worlds {
		ix := build(t, s.vecs, s.dims)
		if ix.Len() != s.rows() {
			return fmt.Errorf("Len is %d, want %d: rows of zeros count", ix.Len(), s.rows())
		}
		for _, k := range []int{1, 20, 2 * s.rows()} {
			for _, keep := range []indexer.Keep{nil, func(row uint32) bool { return row%3 != 1 }} {
				hits, err := ix.Search(t.Context(), queries(1, s.dims)[0], k, keep)
				if err != nil {
					return err
				}
				if err := judge(s, hits, k, keep); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func checkZeroQuery(t *testing.T, build Build, _ float64) error {
	s := small()
	for _, vecs := range [][]float32{s.vecs, nil} {
		ix := build(t, vecs, s.dims)
		hits, err := ix.Search(t.Context(), make([]float32, s.dims), 5, nil)
		if err != nil || len(hits) > 0 {
			return fmt.Errorf("a query of zeros gives %d rows and error %v, want none and none", len(hits), err)
		}
	}
	return nil
}

// checkFewRows compares indexes of 0 to 5 rows with the scan, row by row: there
// is nothing to miss.
func checkFewRows(t *testing.T, build Build, _ float64) error {
	for n := range 6 {
		s := scan{Clustered(uint64(20+n), n, smallDims), smallDims}
		ix := build(t, s.vecs, s.dims)
		for _, q := range queries(3, s.dims) {
			for k := 1; k < 8; k++ {
				hits, err := ix.Search(t.Context(), q, k, nil)
				if err != nil {
					return err
				}
				if err := judge(s, hits, k, nil); err != nil {
					return fmt.Errorf("%d rows: %w", n, err)
				}
				truth := s.search(q, k, nil)
				if found(s, q, hits, truth) != len(truth) {
					return fmt.Errorf("%d rows, k=%d: got rows %v, want %v", n, k, rowsOf(hits), rowsOf(truth))
				}
			}
		}
	}
	return nil
}
