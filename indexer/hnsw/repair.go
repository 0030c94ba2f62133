package hnsw

import (
	"context"
	"slices"
)

// repair links every row that no walk on the lowest level can reach from the
// entry: choosing again may cut the last link to a row, and rows that are equal
// may link to each other alone.
func (in *inserter) repair(ctx context.Context) error {
	x, w := in.x, in.walks[0]
	if x.graph.members == 0 {
		return nil
	}
	reached := newWalk(x.slots())
	reached.flood(x.graph, x.graph.entry)
	for row := range uint32(x.slots()) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !x.graph.has(row) || reached.wasVisited(row) {
			continue
		}
		s := x.exactly(w, x.row(row))
		starts := []key{w.descend(x.graph, s, 0), w.one(s, x.graph.entry)}
		w.search(x.graph, s, starts, x.cfg.EfConstruction, 0)
		x.graph.adopt(row, w.beam.keys, reached)
		reached.flood(x.graph, row)
	}
	return nil
}

// adopt makes row, which is not reached, a link of one that is: of the first of
// the near rows that has room, or else of the nearest in the place of its last
// link, which row then links to itself. What was reached stays reached, since
// nothing that was reached hung on a link of row.
func (g *graph) adopt(row uint32, near []key, reached *walk) {
	parent := none
	for _, k := range append(near, newKey(0, g.entry)) { // all near rows may be as lost as row
		if !reached.wasVisited(k.row()) {
			continue
		}
		if end := slices.Index(g.slot(k.row(), 0), none); end >= 0 {
			g.slot(k.row(), 0)[end] = row
			return
		}
		if parent == none {
			parent = k.row()
		}
	}
	last := &g.slot(parent, 0)[2*g.m-1]
	lost := *last
	*last = row
	if links := g.links(row, 0); lost != none && !slices.Contains(links, lost) {
		g.slot(row, 0)[min(len(links), 2*g.m-1)] = lost
	}
}

// flood marks every row that links of the lowest level lead to from row.
func (w *walk) flood(g *graph, row uint32) {
	w.visit(row)
	queue := []uint32{row}
	for len(queue) > 0 {
		at := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, link := range g.slot(at, 0) {
			if link == none {
				break
			}
			if w.visit(link) {
				queue = append(queue, link)
			}
		}
	}
}
