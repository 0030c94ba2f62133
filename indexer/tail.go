package indexer

import (
	"slices"

	"marquee/embedder/vec"
)

// A Tail holds the rows that came to an index after it was made, for a scan beside it,
// and says which of the index's own rows count no more. Nothing writes to a Tail once
// it is made. The nil Tail is no Tail; begin with [NewTail].
type Tail struct {
	rows  int
	moved []uint64 // one bit for each of the index's own rows; nil when all count
	own   int      // rows of the index itself
	later []Later  // ascending by row, none of zeros
}

// NewTail returns the tail of an index of so many rows, to which none has come.
func NewTail(rows int) *Tail { return &Tail{rows: rows, own: rows} }

// With returns t with later rows, as [Changer] says, for an index of dims. It takes
// O(rows/64 + rows that came later).
func (t *Tail) With(later []Later, dims int) (*Tail, error) {
	fresh, rows, err := CheckLater(later, t.rows, dims)
	if err != nil {
		return nil, err
	}
	next := &Tail{rows: rows, own: t.own, moved: t.moved, later: make([]Later, 0, len(t.later)+len(fresh))}
	if len(fresh) > 0 && int(fresh[0].Row) < t.own {
		next.moved = make([]uint64, (t.own+63)/64)
		copy(next.moved, t.moved)
	}
	old := t.later
	for _, l := range fresh {
		for len(old) > 0 && old[0].Row < l.Row {
			next.later, old = append(next.later, old[0]), old[1:]
		}
		if len(old) > 0 && old[0].Row == l.Row {
			old = old[1:]
		}
		if int(l.Row) < t.own {
			next.moved[l.Row/64] |= 1 << (l.Row % 64)
		}
		if alive(l.Vector) == 1 {
			next.later = append(next.later, l)
		}
	}
	next.later = append(next.later, old...)
	return next, nil
}

// Len returns the number of rows, those of the index and new ones.
func (t *Tail) Len() int { return t.rows }

// Moved says whether row, one of the index's own, counts no more: it has another
// vector by now, or none.
func (t *Tail) Moved(row uint32) bool {
	return t.moved != nil && t.moved[row/64]>>(row%64)&1 != 0
}

// Keep returns keep for a search of the index itself: without the rows that moved.
func (t *Tail) Keep(keep Keep) Keep {
	switch {
	case t.moved == nil:
		return keep
	case keep == nil:
		return func(row uint32) bool { return !t.Moved(row) }
	}
	return func(row uint32) bool { return !t.Moved(row) && keep(row) }
}

// Offer offers to best those of the rows that came later which keep, unless nil, keeps,
// with their inner products with q. Keep is asked about rows that are good enough, in
// ascending order. It takes a product a row.
func (t *Tail) Offer(best *Best, q []float32, keep Keep) {
	offer := func(row uint32, score float32) {
		if score >= best.Floor() && (keep == nil || keep(row)) {
			best.Offer(Hit{Row: row, Score: score})
		}
	}
	for four := range slices.Chunk(t.later, 4) {
		if len(four) < 4 {
			for _, l := range four {
				offer(l.Row, vec.Dot(q, l.Vector))
			}
			break
		}
		a, b, c, d := vec.Dot4(q, four[0].Vector, four[1].Vector, four[2].Vector, four[3].Vector)
		offer(four[0].Row, a)
		offer(four[1].Row, b)
		offer(four[2].Row, c)
		offer(four[3].Row, d)
	}
}
