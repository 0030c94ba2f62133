package hnsw

import (
	"context"
	"slices"
)

// repair links rows that no walk on the lowest level can reach, as choosing again
// may cut the last link to a row, and rows that are equal may link to each other
// alone. Every member is reachable afterwards unless all near rows have full
// lists, which a scan of the kept rows makes up for.
func (in *inserter) repair(ctx context.Context) error {
	x, w := in.x, in.walks[0]
	if x.graph.members == 0 {
		return nil
	}
	reached := newWalk(x.Len())
	reached.flood(x, x.graph.entry)
	for row := range uint32(x.Len()) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !x.graph.has(row) || reached.wasVisited(row) {
			continue
		}
		s := x.exactly(w, x.row(row))
		w.search(x.graph, s, []key{w.descend(x.graph, s, 0)}, x.cfg.EfConstruction, 0)
		if in.adopt(w.beam.keys, row, reached) {
			reached.visit(row)
			reached.flood(x, row)
		}
	}
	return nil
}

// adopt links to row from the first of the near rows that is reached and has
// room, and says whether there is one.
func (in *inserter) adopt(near []key, row uint32, reached *walk) bool {
	for _, k := range near {
		from := k.row()
		if from == row || !reached.wasVisited(from) {
			continue
		}
		slot := in.x.graph.slot(from, 0)
		if end := slices.Index(slot, none); end >= 0 {
			slot[end] = row
			return true
		}
	}
	return false
}

// flood marks every row that links of the lowest level lead to from row.
func (w *walk) flood(x *Index, row uint32) {
	w.visit(row)
	queue := []uint32{row}
	for len(queue) > 0 {
		at := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, link := range x.graph.links(at, 0) {
			if w.visit(link) {
				queue = append(queue, link)
			}
		}
	}
}
