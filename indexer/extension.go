package indexer

import (
	"context"
	"slices"
)

// An extension is the work of [Extended.With].
//
// The list of a row that is as it was when the table was made is the list that it
// had then, without the rows that moved, and with those that moved and do not stand
// behind its bound. It is kept whole even where it is longer than K, so that what
// leaves again uncovers what stood behind. Every other list is whole: the K best.
type extension struct {
	old, next *Extended
	fresh     map[uint32]bool        // rows with another vector than before
	lists     [][]Neighbour          // row -> list; a list that changes is copied first
	left      map[uint32][]Neighbour // likewise
	copied    map[uint32]bool        // rows whose list is a copy
	touched   map[uint32]bool        // rows whose own list changed
	short     map[uint32]bool        // rows whose list lacks what stood behind its end
}

func newExtension(old, next *Extended, fresh []uint32) *extension {
	x := &extension{
		old: old, next: next, fresh: make(map[uint32]bool, len(fresh)), lists: old.lists(next.rows()),
		left:   make(map[uint32][]Neighbour, len(old.left)),
		copied: make(map[uint32]bool), touched: make(map[uint32]bool), short: make(map[uint32]bool),
	}
	for _, row := range fresh {
		x.fresh[row] = true
		x.lists[row] = nil // until it is made
	}
	for row, list := range old.left {
		if !x.fresh[row] {
			x.left[row] = list
		}
	}
	return x
}

// whole reports whether the list of a row is the K best.
func (x *extension) whole(row uint32) bool {
	_, anew := x.left[row]
	return anew || x.next.moved(row)
}

// copy lets the list of a row be written to, with room for one more.
func (x *extension) copy(row uint32) {
	if !x.copied[row] {
		x.copied[row] = true
		x.lists[row] = append(make([]Neighbour, 0, len(x.lists[row])+1), x.lists[row]...)
	}
}

// remove takes the rows that changed out of all lists.
func (x *extension) remove() {
	gone := make([]bool, x.old.rows())
	any := false
	for row := range x.fresh {
		if int(row) < len(gone) && alive(x.old.Vector(row)) == 1 {
			gone[row], any = true, true
		}
	}
	if !any {
		return
	}
	left := func(n Neighbour) bool { return gone[n.Row] }
	for row := range uint32(x.old.rows()) {
		if list := x.lists[row]; slices.ContainsFunc(list, left) {
			x.short[row] = x.whole(row) && len(list) < x.old.alive-1
			x.touched[row] = true
			x.copy(row)
			x.lists[row] = slices.DeleteFunc(x.lists[row], left)
		}
	}
	for row, list := range x.left {
		if slices.ContainsFunc(list, left) {
			x.left[row] = slices.DeleteFunc(slices.Clone(list), left)
			x.touched[row] = true
		}
	}
}

// insert makes the lists of the rows that changed and puts them into the lists of
// the others.
func (x *extension) insert(ctx context.Context) error {
	var fresh []uint32
	for row := range x.fresh {
		if alive(x.next.Vector(row)) == 1 {
			fresh = append(fresh, row)
		}
	}
	if len(fresh) == 0 {
		return ctx.Err()
	}
	slices.Sort(fresh)
	bounds := x.bounds()
	made, err := x.next.nearest(ctx, fresh, x.old.Table.k, func(row uint32, near []Neighbour) {
		if x.fresh[row] {
			return // has a list of its own being made
		}
		for _, n := range near {
			if !better(bounds[row], n) {
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

// bounds returns for each row a hit that everything which is in none of its lists
// stands behind.
func (x *extension) bounds() []Neighbour {
	bounds := make([]Neighbour, x.next.rows())
	copy(bounds, x.next.bounds)
	of := func(row uint32) {
		if int(row) < x.old.rows() && !x.short[row] {
			bounds[row] = bound(x.old.Table.Of(row), x.old.alive)
		}
	}
	for row := range x.next.own {
		of(row)
	}
	for row := x.next.made.Rows(); row < len(bounds); row++ {
		of(uint32(row))
	}
	for row := range x.left {
		of(row)
	}
	return bounds
}

// offer puts n where it belongs in the lists of row.
func (x *extension) offer(row uint32, n Neighbour) {
	if list, anew := x.left[row]; anew && !better(x.next.bounds[row], n) {
		at, _ := slices.BinarySearchFunc(list, n, compareHits)
		x.left[row] = slices.Insert(slices.Clone(list), at, n)
		x.touched[row] = true
	}
	at, _ := slices.BinarySearchFunc(x.lists[row], n, compareHits)
	k := x.old.Table.k
	if at == k && x.whole(row) {
		return
	}
	x.touched[row] = true
	x.copy(row)
	x.lists[row] = slices.Insert(x.lists[row], at, n)
	if x.whole(row) {
		x.lists[row] = x.lists[row][:min(k, len(x.lists[row]))]
	}
}

// restore gives rows whose vector is that of the beginning again the list that they
// would have had all the time.
func (x *extension) restore(ctx context.Context) error {
	var back []uint32
	for row := range x.fresh {
		if !x.next.moved(row) && alive(x.next.Vector(row)) == 1 {
			back = append(back, row)
		}
	}
	if len(back) == 0 {
		return nil
	}
	slices.Sort(back)
	made, err := x.next.nearest(ctx, back, x.old.Table.k+len(x.next.own)+len(x.next.more), nil)
	if err != nil {
		return err
	}
	for i, row := range back {
		end, _ := slices.BinarySearchFunc(made[i], x.next.bounds[row], compareHits)
		if end < len(made[i]) && made[i][end] == x.next.bounds[row] {
			end++
		}
		x.lists[row] = made[i][:end:end]
		x.touched[row] = true
	}
	return nil
}

// mend makes lists anew that must be whole and are not, and those of which half is
// gone; a list of which no longer half is gone is again what is left of it.
func (x *extension) mend(ctx context.Context) error {
	want := min(x.old.Table.k, x.next.alive-1)
	if before := min(x.old.Table.k, x.old.alive-1); want != before {
		for row := range uint32(x.next.made.Rows()) {
			x.touched[row] = true
		}
	}
	for row := range x.touched {
		if x.next.moved(row) || alive(x.next.Vector(row)) == 0 {
			continue
		}
		list, anew := x.left[row]
		switch {
		case !anew && 2*len(x.lists[row]) < want:
			x.left[row] = x.lists[row]
			x.short[row] = true
		case anew && 2*len(list) >= want:
			delete(x.left, row)
			x.lists[row] = list
			x.short[row] = false
		}
	}
	var short []uint32
	for row, is := range x.short {
		if is {
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
	x.next.left = x.left
	return nil
}
