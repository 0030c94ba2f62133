package indexertest

import (
	"cmp"
	"slices"

	"marquee/indexer"
)

// A scan is the naive index that the kit judges by: every row, in float64.
type scan struct {
	vecs []float32
	dims int
}

func (s scan) rows() int { return len(s.vecs) / s.dims }

func (s scan) row(i int) []float32 { return s.vecs[i*s.dims : (i+1)*s.dims] }

func (s scan) score(q []float32, row int) float64 {
	var sum float64
	for i, v := range s.row(row) {
		sum += float64(v) * float64(q[i])
	}
	return sum
}

func (s scan) zero(row int) bool { return isZero(s.row(row)) }

// kept counts the rows that Search may return.
func (s scan) kept(keep indexer.Keep) int {
	n := 0
	for i := range s.rows() {
		if !s.zero(i) && (keep == nil || keep(uint32(i))) {
			n++
		}
	}
	return n
}

// search returns the true answer to Search.
func (s scan) search(q []float32, k int, keep indexer.Keep) []indexer.Hit {
	if isZero(q) {
		return nil
	}
	type scored struct {
		row   uint32
		score float64
	}
	var all []scored
	for i := range s.rows() {
		if !s.zero(i) && (keep == nil || keep(uint32(i))) {
			all = append(all, scored{uint32(i), s.score(q, i)})
		}
	}
	slices.SortFunc(all, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.row, b.row))
	})
	all = all[:min(k, len(all))]
	hits := make([]indexer.Hit, len(all))
	for i, h := range all {
		hits[i] = indexer.Hit{Row: h.row, Score: float32(h.score)}
	}
	return hits
}

func isZero(v []float32) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}
