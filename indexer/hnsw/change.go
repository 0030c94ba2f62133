package hnsw

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"marquee/indexer"
)

// ErrChanged reports that an index which took changes was to be written.
var ErrChanged = errors.New("index took changes since it was built")

// With implements [indexer.Changer]; the package's comment says how. Later vectors are
// shared. The same calls in the same order give the same graph at any GOMAXPROCS.
//
// On 27,000 x 384 it takes some 4 ms for a row, 31 ms for a hundred new ones and 51 ms
// for a hundred edits, of one core, and shares all but the links, 4 MB, with x
// (BenchmarkWith); when all codes are made anew, 20 ms more.
func (x *Index) With(ctx context.Context, later []indexer.Later) (indexer.Index, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fresh, rows, err := indexer.CheckLater(later, x.rows, x.dims)
	if err != nil {
		return nil, err
	}
	if len(fresh) == 0 {
		return x, nil
	}
	next, gone, added := x.replace(fresh, rows)
	in := newInserter(next)
	if err = in.remove(ctx, gone); err == nil {
		err = in.insert(ctx, added, func(int) {})
	}
	if err != nil {
		return nil, fmt.Errorf("lay %d rows on hnsw of %d x %d: %w", len(fresh), x.rows, x.dims, err)
	}
	if next.wasteful() {
		return next.compact(), nil
	}
	return next, nil
}

// changed says whether x is not as it was built.
func (x *Index) changed() bool {
	return x.rows != x.built || x.rowOf != nil || x.graph.left > 0
}

// replace returns an index of so many rows in which fresh have slots of their own that
// are not in the graph yet; which slots are to leave it, and which are to come.
func (x *Index) replace(fresh []indexer.Later, rows int) (next *Index, gone, added []uint32) {
	y := *x
	y.rows = rows
	y.later = slices.Clone(x.later)
	y.rowOf = slices.Clone(x.rowOf)
	if y.slotOf != nil {
		y.slotOf = withRoom(x.slotOf, rows)
	}
	for _, l := range fresh {
		if slot := x.slot(l.Row); slot != none {
			gone = append(gone, slot)
		}
		slot := uint32(y.slots())
		if indexer.ZeroRow(l.Vector, len(l.Vector), 0) {
			slot = none
		} else {
			y.later = append(y.later, l.Vector)
			added = append(added, slot)
		}
		y.assign(l.Row, slot)
	}
	for _, slot := range gone {
		if at := int(slot) - x.built; at >= 0 {
			y.later[at] = nil
		}
	}
	levels := make([]int, len(added))
	for i, slot := range added {
		levels[i] = x.cfg.level(slot)
	}
	y.graph = x.graph.grown(levels)
	y.codes = x.codes.grown(y.vecs, y.later, len(added))
	y.walks = newWalks(y.slots())
	return &y, gone, added
}

// slot returns the slot of a row, or none for one of zeros or behind the last.
func (x *Index) slot(row uint32) uint32 {
	slot := row
	if int(row) >= x.rows {
		return none
	}
	if x.slotOf != nil {
		slot = x.slotOf[row]
	}
	if int64(slot) >= int64(x.slots()) || !x.graph.has(slot) {
		return none
	}
	return slot
}

// assign makes slot, which is none or the last one of x.later, that of row.
func (x *Index) assign(row, slot uint32) {
	if x.rowOf == nil {
		if slot == row || slot == none {
			return // one of zeros is just not in the graph
		}
		x.tell(int(slot))
	}
	x.slotOf[row] = slot
	if slot != none {
		x.rowOf = append(x.rowOf, row)
	}
}

// tell begins to tell slots from rows, of which the first n are the same.
func (x *Index) tell(n int) {
	x.rowOf = make([]uint32, n, x.slots())
	x.slotOf = make([]uint32, x.rows)
	for row := range x.slotOf {
		x.slotOf[row] = none
		if row < n {
			x.rowOf[row], x.slotOf[row] = uint32(row), uint32(row)
		}
	}
}

// spareSlots is how many absent slots there may be behind those of the build, beside
// as many as are in use, before they are taken out.
const spareSlots = 1024

// wasteful says whether most of x.later is absent: rows were edited over and over.
func (x *Index) wasteful() bool {
	absent := 0
	for _, v := range x.later {
		if v == nil {
			absent++
		}
	}
	return absent > spareSlots+len(x.later)-absent
}

// compact returns x without the absent ones among the slots of x.later. It takes one
// pass over links and codes.
func (x *Index) compact() *Index {
	y := *x
	if y.rowOf == nil {
		y.tell(x.slots())
	}
	rowOf, slotOf := y.rowOf, y.slotOf
	y.later, y.rowOf = nil, slices.Clone(rowOf[:x.built])
	slots := make([]uint32, x.built, x.slots()) // of x, by slot of y
	moved := make([]uint32, x.slots())          // slots of y, by slot of x
	for slot := range uint32(x.slots()) {
		if int(slot) < x.built {
			slots[slot], moved[slot] = slot, slot
			continue
		}
		moved[slot] = none
		if v := x.later[int(slot)-x.built]; v != nil {
			moved[slot] = uint32(len(slots))
			slots = append(slots, slot)
			y.later = append(y.later, v)
			y.rowOf = append(y.rowOf, rowOf[slot])
		}
	}
	y.slotOf = make([]uint32, len(slotOf))
	for row, slot := range slotOf {
		y.slotOf[row] = none
		if slot != none {
			y.slotOf[row] = moved[slot]
		}
	}
	y.graph = x.graph.picked(slots, moved)
	y.codes = x.codes.picked(slots)
	y.walks = newWalks(y.slots())
	return &y
}
