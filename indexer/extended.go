package indexer

import (
	"context"
	"fmt"
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
// same order and to the same bits, or the beginning of that: a list may be
// shorter by the rows whose vectors changed and which are no longer near, since
// what stood behind the end is not known. A list of which half is gone is made
// anew, so no list is shorter than half.
type Extended struct {
	Table *Table

	dims  int
	base  []float32            // [rows x dims], as the table was made
	own   map[uint32][]float32 // rows of base that have another vector by now
	more  [][]float32          // rows behind base
	alive int                  // rows that are not zeros
}

// NewExtended returns the beginning: table as it was made of vecs, [rows x dims].
// Errors wrap ErrDims. It takes O(rows).
func NewExtended(table *Table, vecs []float32, dims int) (*Extended, error) {
	if dims < 1 || len(vecs) != table.Rows()*dims {
		return nil, fmt.Errorf("table of %d rows with %d values as vectors of %d: %w", table.Rows(), len(vecs), dims, ErrDims)
	}
	e := &Extended{Table: table, dims: dims, base: vecs}
	for row := range uint32(table.Rows()) {
		if !ZeroRow(vecs, dims, row) {
			e.alive++
		}
	}
	return e, nil
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
	x := extension{old: e, next: next, fresh: make(map[uint32]bool, len(fresh)), lists: e.lists(next.rows())}
	for _, row := range fresh {
		x.fresh[row] = true
	}
	x.remove()
	if err := x.insert(ctx, fresh); err != nil {
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

// replace returns e with other vectors, its table still missing, and the rows
// that have them, ascending.
func (e *Extended) replace(later []Later) (*Extended, []uint32, error) {
	next := &Extended{dims: e.dims, base: e.base, own: make(map[uint32][]float32, len(e.own)+len(later)), more: slices.Clone(e.more), alive: e.alive}
	for row, v := range e.own {
		next.own[row] = v
	}
	var fresh []uint32
	for _, l := range later {
		if len(l.Vector) != e.dims {
			return nil, nil, fmt.Errorf("row %d has %d values, the table is of %d: %w", l.Row, len(l.Vector), e.dims, ErrDims)
		}
		if err := CheckRows(l.Vector, e.dims); err != nil {
			return nil, nil, fmt.Errorf("vector for row %d: %w", l.Row, err)
		}
		switch n := len(e.base) / e.dims; {
		case int64(l.Row) > int64(next.rows()):
			return nil, nil, fmt.Errorf("row %d comes behind %d rows, want the next one: %w", l.Row, next.rows(), ErrDims)
		case int(l.Row) == next.rows():
			next.more = append(next.more, l.Vector)
		default:
			next.alive -= alive(next.Vector(l.Row))
			if int(l.Row) < n {
				next.own[l.Row] = l.Vector
			} else {
				next.more[int(l.Row)-n] = l.Vector
			}
		}
		next.alive += alive(l.Vector)
		fresh = append(fresh, l.Row)
	}
	slices.Sort(fresh)
	return next, slices.Compact(fresh), nil
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

// An extension is the work of [Extended.With].
type extension struct {
	old, next *Extended
	fresh     map[uint32]bool // rows with another vector than before
	lists     [][]Neighbour   // row -> list; a list that changes is copied first
	changed   map[uint32]bool // rows whose list is a copy
}

// list returns the list of row to be written to, with room for one more.
func (x *extension) list(row uint32) []Neighbour {
	if !x.changed[row] {
		if x.changed == nil {
			x.changed = make(map[uint32]bool)
		}
		x.changed[row] = true
		x.lists[row] = append(make([]Neighbour, 0, min(len(x.lists[row])+1, x.old.Table.k)), x.lists[row]...)
	}
	return x.lists[row]
}

// remove takes the rows that changed out of all lists.
func (x *extension) remove() {
	gone := make([]bool, x.old.rows())
	left := false
	for row := range x.fresh {
		if int(row) < len(gone) && alive(x.old.Vector(row)) == 1 {
			gone[row], left = true, true
		}
	}
	if !left {
		return
	}
	for row := range uint32(x.old.rows()) {
		if slices.ContainsFunc(x.lists[row], func(n Neighbour) bool { return gone[n.Row] }) {
			x.lists[row] = slices.DeleteFunc(x.list(row), func(n Neighbour) bool { return gone[n.Row] })
		}
	}
}

// insert makes the lists of fresh and puts fresh into the lists of the others.
func (x *extension) insert(ctx context.Context, fresh []uint32) error {
	bounds := x.bounds()
	made, err := x.next.nearest(ctx, fresh, x.old.Table.k, func(row uint32, near []Neighbour) {
		if x.fresh[row] {
			return // has a list of its own being made
		}
		for _, n := range near {
			if better(n, bounds[row]) {
				x.offer(row, n)
			}
		}
	})
	if err != nil {
		return err
	}
	for i, row := range fresh {
		x.lists[row] = made[i]
	}
	return nil
}

// bounds returns for each row a hit that everything which is not in its list
// stands behind.
func (x *extension) bounds() []Neighbour {
	all := Neighbour{Row: math.MaxUint32, Score: float32(math.Inf(-1))}
	none := Neighbour{Score: float32(math.Inf(1))}
	bounds := make([]Neighbour, x.next.rows())
	for row := range bounds {
		bounds[row] = none
		if row >= x.old.rows() {
			continue
		}
		switch list := x.old.Table.Of(uint32(row)); {
		case len(list) == x.old.alive-1:
			bounds[row] = all
		case len(list) > 0:
			bounds[row] = list[len(list)-1]
		}
	}
	return bounds
}

// offer puts n where it belongs in the list of row, and cuts the list to k.
func (x *extension) offer(row uint32, n Neighbour) {
	k := x.old.Table.k
	list := x.list(row)
	at, _ := slices.BinarySearchFunc(list, n, compareHits)
	if at == k {
		return
	}
	if len(list) == k {
		list = list[:k-1]
	}
	x.lists[row] = slices.Insert(list, at, n)
}

// mend makes lists anew of which half is gone.
func (x *extension) mend(ctx context.Context) error {
	want := min(x.old.Table.k, x.next.alive-1)
	var short []uint32
	for row := range x.changed {
		if list := x.lists[row]; !x.fresh[row] && 2*len(list) < want {
			short = append(short, row)
		}
	}
	slices.Sort(short)
	made, err := x.next.nearest(ctx, short, x.old.Table.k, nil)
	if err != nil {
		return err
	}
	for i, row := range short {
		x.lists[row] = made[i]
	}
	return nil
}
