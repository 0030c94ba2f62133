package indexer

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
)

// A Later is a row that comes to a table after the table was made: a new one
// behind the last, or one that is there already, with another vector.
type Later struct {
	Row    uint32
	Vector []float32 // [dims], of unit length or of zeros; not to be changed afterwards
}

// An Extended is a neighbour table together with the vectors it was made from, so
// that rows can come to it. It shares with the table it began from whatever has
// not changed. Nothing writes to it once it is made.
//
// Every list holds what [Neighbours] would have made of the same vectors, in the
// same order and to the same bits, or the beginning of that: a list of the table
// that it began from may be shorter by the rows whose vectors changed and which are
// no longer near, since what stood behind the end is not known. A list of which half
// is gone is made anew, so no list is shorter than half; lists of rows that came or
// changed are whole. What an Extended holds follows from the table it began from and
// the vectors that rows have by now, not from the order in which they came.
type Extended struct {
	Table *Table

	dims  int
	base  []float32            // [rows x dims], as the table was made
	own   map[uint32][]float32 // rows of base that have another vector by now
	more  [][]float32          // rows behind base
	alive int                  // rows that are not zeros

	made   *Table      // as it began
	bounds []Neighbour // row of made -> what is not in its list there stands behind this

	// left has the rows of made that did not change and whose lists were made anew:
	// what is left of the list, as it would be without that.
	left map[uint32][]Neighbour
}

// NewExtended returns the beginning: table as it was made of vecs, [rows x dims].
// Errors wrap ErrDims. It takes O(rows).
func NewExtended(table *Table, vecs []float32, dims int) (*Extended, error) {
	if dims < 1 || len(vecs) != table.Rows()*dims {
		return nil, fmt.Errorf("table of %d rows with %d values as vectors of %d: %w", table.Rows(), len(vecs), dims, ErrDims)
	}
	e := &Extended{Table: table, dims: dims, base: vecs, made: table}
	for row := range uint32(table.Rows()) {
		if !ZeroRow(vecs, dims, row) {
			e.alive++
		}
	}
	e.bounds = make([]Neighbour, table.Rows())
	for row := range e.bounds {
		e.bounds[row] = bound(table.Of(uint32(row)), e.alive)
	}
	return e, nil
}

// Nothing stands behind noBound; everything stands behind nothingIn.
var (
	noBound   = Neighbour{Row: math.MaxUint32, Score: float32(math.Inf(-1))}
	nothingIn = Neighbour{Score: float32(math.Inf(1))}
)

// bound returns a hit that everything which is not in a whole list stands behind,
// where so many rows are alive.
func bound(list []Neighbour, alive int) Neighbour {
	switch {
	case len(list) == alive-1:
		return noBound
	case len(list) > 0:
		return list[len(list)-1]
	}
	return nothingIn
}

// Vector returns the vector of a row, which is not to be changed.
func (e *Extended) Vector(row uint32) []float32 {
	if v, changed := e.own[row]; changed {
		return v
	}
	if n := len(e.base) / e.dims; int(row) >= n {
		return e.more[int(row)-n]
	}
	return e.base[int(row)*e.dims:][:e.dims:e.dims]
}

// With returns e with later rows. Rows from Table.Rows() on are new and come in
// order; a row that comes twice counts as it came last. Errors wrap ErrRow or
// ErrDims, or are ctx's own.
//
// It is for few rows at a time: it multiplies every row with the later ones, 32
// of which cost as much as one, in the caller's goroutine.
func (e *Extended) With(ctx context.Context, later []Later) (*Extended, error) {
	next, fresh, err := e.replace(later)
	if err != nil {
		return nil, err
	}
	x := newExtension(e, next, fresh)
	x.remove()
	if err := x.insert(ctx); err != nil {
		return nil, err
	}
	if err := x.restore(ctx); err != nil {
		return nil, err
	}
	if err := x.mend(ctx); err != nil {
		return nil, err
	}
	next.Table = &Table{k: e.Table.k, lists: x.lists}
	return next, nil
}

// rows returns the number of rows.
func (e *Extended) rows() int { return len(e.base)/e.dims + len(e.more) }

// moved reports whether a row is not as it was when the table was made.
func (e *Extended) moved(row uint32) bool {
	_, changed := e.own[row]
	return changed || int(row) >= e.made.Rows()
}

// replace returns e with other vectors, its table still missing, and the rows
// that have them, ascending.
func (e *Extended) replace(later []Later) (*Extended, []uint32, error) {
	next := &Extended{
		dims: e.dims, base: e.base, own: make(map[uint32][]float32, len(e.own)+len(later)), more: slices.Clone(e.more), alive: e.alive,
		made: e.made, bounds: e.bounds,
	}
	maps.Copy(next.own, e.own)
	later, _, err := CheckLater(later, e.rows(), e.dims)
	if err != nil {
		return nil, nil, err
	}
	var fresh []uint32
	for _, l := range later {
		if int(l.Row) == next.rows() {
			next.more = append(next.more, l.Vector)
			next.alive += alive(l.Vector)
			fresh = append(fresh, l.Row)
			continue
		}
		if old := next.Vector(l.Row); !slices.Equal(l.Vector, old) {
			next.alive += alive(l.Vector) - alive(old)
			next.set(l)
			fresh = append(fresh, l.Row)
		}
	}
	return next, fresh, nil
}

// set gives a row that is there another vector. e is being made.
func (e *Extended) set(l Later) {
	if n := e.made.Rows(); int(l.Row) >= n {
		e.more[int(l.Row)-n] = l.Vector
		return
	}
	delete(e.own, l.Row)
	if !slices.Equal(l.Vector, e.Vector(l.Row)) {
		e.own[l.Row] = l.Vector
	}
}

// alive returns 1 for a row that is not of zeros, else 0.
func alive(row []float32) int {
	if ZeroRow(row, len(row), 0) {
		return 0
	}
	return 1
}

// lists returns the lists of e, one for each of n rows.
func (e *Extended) lists(n int) [][]Neighbour {
	lists := make([][]Neighbour, n)
	if e.Table.lists != nil {
		copy(lists, e.Table.lists)
		return lists
	}
	for row := range e.Table.Rows() {
		lists[row] = e.Table.Of(uint32(row))
	}
	return lists
}
