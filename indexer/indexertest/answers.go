package indexertest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"marquee/indexer"
)

// scoreSlack is how far a score may lie from the true inner product of unit
// vectors: float32 sums of a few hundred terms in any order stay well below.
const scoreSlack = 1e-5

const (
	smallRows = 400
	smallDims = 32
)

// small returns a world of a few hundred rows, for all checks that need no more.
func small() scan { return scan{Clustered(7, smallRows, smallDims), smallDims} }

// queries returns n query vectors of the world's kind that are none of its rows.
func queries(n, dims int) [][]float32 {
	flat := Clustered(7, smallRows+n, dims)[smallRows*dims:]
	return slices.Collect(slices.Chunk(flat, dims))
}

// held returns a world of a thousand rows and queries of the same world that are
// none of them.
func held(seed uint64) (scan, [][]float32) {
	all := Clustered(seed, 1000+20, smallDims)
	cut := 1000 * smallDims
	return scan{all[:cut], smallDims}, slices.Collect(slices.Chunk(all[cut:], smallDims))
}

// judge returns what is wrong with hits as an answer to any search of s: rows
// twice or out of range, zero rows, refused rows, order, and how many there are.
func judge(s scan, hits []indexer.Hit, k int, keep indexer.Keep) error {
	if want := min(k, s.kept(keep)); len(hits) != want {
		return fmt.Errorf("got %d rows for k=%d, want %d", len(hits), k, want)
	}
	seen := make(map[uint32]bool, len(hits))
	for i, h := range hits {
		switch {
		case int(h.Row) >= s.rows():
			return fmt.Errorf("hit %d is row %d of %d", i, h.Row, s.rows())
		case seen[h.Row]:
			return fmt.Errorf("row %d came twice", h.Row)
		case s.zero(int(h.Row)):
			return fmt.Errorf("row %d is all zeros and came back", h.Row)
		case keep != nil && !keep(h.Row):
			return fmt.Errorf("row %d is refused by keep and came back", h.Row)
		}
		seen[h.Row] = true
		if i > 0 {
			last := hits[i-1]
			if h.Score > last.Score || !(h.Score <= last.Score) {
				return fmt.Errorf("hit %d scores %v after %v, want best first", i, h.Score, last.Score)
			}
			if h.Score == last.Score && h.Row < last.Row {
				return fmt.Errorf("rows %d and %d tie at %v, want the lower row first", last.Row, h.Row, h.Score)
			}
		}
	}
	return nil
}

// found returns how many of the rows in truth hits has; a row that scores no
// worse than the last of truth stands for any other.
func found(s scan, q []float32, hits, truth []indexer.Hit) int {
	if len(truth) == 0 {
		return 0
	}
	edge := float64(truth[len(truth)-1].Score) - 1e-6
	n := 0
	for _, h := range hits {
		if int(h.Row) < s.rows() && s.score(q, int(h.Row)) >= edge {
			n++
		}
	}
	return min(n, len(truth))
}

func checkShape(t *testing.T, build Build, _ float64) error {
	for _, n := range []int{0, 1, 2, 33} {
		for _, dims := range []int{1, 3, 32, 100} {
			ix := build(t, Clustered(1, n, dims), dims)
			if ix.Len() != n || ix.Dims() != dims {
				return fmt.Errorf("index of %d x %d says %d x %d", n, dims, ix.Len(), ix.Dims())
			}
		}
	}
	return nil
}

func checkOrder(t *testing.T, build Build, _ float64) error {
	s := small()
	ix := build(t, s.vecs, s.dims)
	for _, q := range queries(40, s.dims) {
		for _, k := range []int{1, 2, 10, 150} {
			hits, err := ix.Search(t.Context(), q, k, nil)
			if err != nil {
				return err
			}
			if err := judge(s, hits, k, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkScores also asks with queries that are not of unit length: a score is the
// inner product with the query as given.
func checkScores(t *testing.T, build Build, _ float64) error {
	s := small()
	ix := build(t, s.vecs, s.dims)
	for i, q := range queries(20, s.dims) {
		length := []float32{1, 3, 0.01}[i%3]
		asked := make([]float32, len(q))
		for j := range q {
			asked[j] = length * q[j]
		}
		given := slices.Clone(asked)
		hits, err := ix.Search(t.Context(), asked, 20, nil)
		if err != nil {
			return err
		}
		if !slices.Equal(asked, given) {
			return errors.New("Search changed the query")
		}
		for _, h := range hits {
			want := s.score(asked, int(h.Row))
			if !(math.Abs(float64(h.Score)-want) <= scoreSlack*float64(length)) {
				return fmt.Errorf("row %d scores %v with a query of length %v, want %v", h.Row, h.Score, length, want)
			}
		}
	}
	return nil
}

func checkTies(t *testing.T, build Build, minRecall float64) error {
	s := small()
	for _, row := range []int{399, 5, 77, 120} { // equal to row 300, which stands among them
		copy(s.row(row), s.row(300))
	}
	ix := build(t, s.vecs, s.dims)
	q := s.row(300)
	for _, k := range []int{1, 3, 5, 20} {
		hits, err := ix.Search(t.Context(), q, k, nil)
		if err != nil {
			return err
		}
		if err := judge(s, hits, k, nil); err != nil {
			return err
		}
		equal := []uint32{5, 77, 120, 300, 399}
		if rows := rowsOf(hits[:min(k, len(equal))]); minRecall >= 1 && !slices.Equal(rows, equal[:min(k, len(equal))]) {
			return fmt.Errorf("of five equal rows k=%d gives %v, want the lowest of %v", k, rows, equal)
		}
	}
	return nil
}

// checkDuplicates builds groups of equal rows, larger than the links that a
// graph gives a row: a search must get out of them.
func checkDuplicates(t *testing.T, build Build, minRecall float64) error {
	s := small()
	for i := range s.rows() / 2 {
		copy(s.row(i), s.row(i%3))
	}
	ix := build(t, s.vecs, s.dims)
	hit, want := 0, 0
	asked := append(queries(20, s.dims), s.row(0), s.row(1), s.row(2))
	for _, q := range asked {
		for _, k := range []int{10, 100, 250} {
			hits, err := ix.Search(t.Context(), q, k, nil)
			if err != nil {
				return err
			}
			if err := judge(s, hits, k, nil); err != nil {
				return err
			}
			truth := s.search(q, k, nil)
			hit += found(s, q, hits, truth)
			want += len(truth)
		}
	}
	return enough("among duplicates", hit, want, minRecall)
}

func enough(where string, hit, want int, minRecall float64) error {
	if recall := float64(hit) / float64(want); !(recall >= minRecall) {
		return fmt.Errorf("recall %s is %.3f (%d of %d), want %v or more", where, recall, hit, want, minRecall)
	}
	return nil
}

func rowsOf(hits []indexer.Hit) []uint32 {
	rows := make([]uint32, len(hits))
	for i, h := range hits {
		rows[i] = h.Row
	}
	return rows
}
