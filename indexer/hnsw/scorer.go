package hnsw

import (
	"slices"

	"marquee/embedder/vec"
)

// A scorer scores rows with one query, in a measure that grows with nearness: it
// appends their keys to out.
type scorer interface {
	score(rows []uint32, out []key) []key
}

// An exactScorer scores by the vectors; the scores of its keys are inner
// products.
type exactScorer struct {
	x *Index
	q []float32
}

// score takes four rows at a time, so that their memory is fetched together.
func (s *exactScorer) score(rows []uint32, out []key) []key {
	for len(rows) >= 4 {
		a, b, c, d := vec.Dot4(s.q, s.x.row(rows[0]), s.x.row(rows[1]), s.x.row(rows[2]), s.x.row(rows[3]))
		out = append(out, newKey(a, rows[0]), newKey(b, rows[1]), newKey(c, rows[2]), newKey(d, rows[3]))
		rows = rows[4:]
	}
	for _, row := range rows {
		out = append(out, newKey(vec.Dot(s.q, s.x.row(row)), row))
	}
	return out
}

// A codeScorer scores by the codes; its keys order rows, but have no score.
type codeScorer struct {
	codes *codes
	q     []int8
	sums  []int32
}

func (s *codeScorer) score(rows []uint32, out []key) []key {
	s.sums = slices.Grow(s.sums[:0], len(rows))[:len(rows)]
	vec.DotI8Picks(s.sums, s.q, s.codes.rows, rows)
	for i, sum := range s.sums {
		out = append(out, wholeKey(sum, rows[i]))
	}
	return out
}

// exactly returns w's scorer of q by the vectors.
func (x *Index) exactly(w *walk, q []float32) *exactScorer {
	w.exact = exactScorer{x, q}
	return &w.exact
}

// roughly returns w's scorer of q by the codes.
func (x *Index) roughly(w *walk, q []float32) *codeScorer {
	w.coded.codes, w.coded.q = x.codes, x.codes.query(q, w.coded.q)
	return &w.coded
}
