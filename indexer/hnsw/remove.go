package hnsw

import (
	"context"
	"slices"
)

// A list is the links of one row on one level.
type list struct {
	row   uint32
	level int
}

// remove takes gone, which are in the graph, out of it. Every row that linked to one
// of them links to some of what stood behind it instead, so walks still find the way
// that led through it. The lists of gone are only read meanwhile, and every other is
// mended by itself, so it goes in parallel.
func (in *inserter) remove(ctx context.Context, gone []uint32) error {
	if len(gone) == 0 {
		return nil
	}
	g, lost := in.x.graph, newWalk(in.x.slots())
	for _, row := range gone {
		lost.visit(row)
	}
	torn := g.listsWith(lost)
	err := each(ctx, len(in.walks), len(torn), func(worker, i int) {
		in.bridge(in.walks[worker], torn[i], lost)
	})
	if err != nil {
		return err
	}
	g.leave(gone)
	return nil
}

// listsWith returns the lists with a link to one of lost, of rows that are not.
func (g *graph) listsWith(lost *walk) []list {
	var torn []list
	for row := range uint32(len(g.levels)) {
		if !g.has(row) || lost.wasVisited(row) {
			continue
		}
		for level := range int(g.levels[row]) + 1 {
			if g.linksTo(row, level, lost) {
				torn = append(torn, list{row, level})
			}
		}
	}
	return torn
}

// linksTo says whether one of row's links on a level is among those marked in set.
func (g *graph) linksTo(row uint32, level int, set *walk) bool {
	for _, link := range g.slot(row, level) {
		if link == none {
			break
		}
		if set.wasVisited(link) {
			return true
		}
	}
	return false
}

// bridge gives a list, in the place of its links to lost, the nearest of those that
// stand behind them: the links of what is lost, and behind those of them that are lost
// too, theirs, as far as a build would look. The other links stay. To choose again
// among all of them cost three times as much and left fewer links than there were:
// recall at 20 on profiles (27,000 x 384, Ef 80) fell from 0.990 to 0.976 in 20% of
// churn, and to 0.989 like this.
func (in *inserter) bridge(w *walk, l list, lost *walk) {
	x := in.x
	slot := x.graph.slot(l.row, l.level)
	kept := w.behind(x, l, lost)
	keys := x.exactly(w, x.row(l.row)).score(w.fresh, w.heap[:0])
	defer func() { w.heap = keys[:0] }()
	w.picks = kept
	for _, k := range best(keys, len(keys)) {
		if len(w.picks) == len(slot) {
			break
		}
		if !x.shadowed(w.picks, k) {
			w.picks = append(w.picks, k)
		}
	}
	x.graph.setLinks(l.row, l.level, w.picks)
}

// behind leaves in w.fresh what stands behind the lost links of a list, and returns
// the others; their keys have no score.
func (w *walk) behind(x *Index, l list, lost *walk) []key {
	w.start()
	w.visit(l.row)
	w.fresh, w.picks = w.fresh[:0], w.picks[:0]
	var from []uint32
	for _, link := range x.graph.links(l.row, l.level) {
		w.visit(link)
		if lost.wasVisited(link) {
			from = append(from, link)
		} else {
			w.picks = append(w.picks, newKey(0, link))
		}
	}
	for len(from) > 0 && len(w.fresh) < x.cfg.EfConstruction {
		at := from[0]
		from = from[1:]
		for _, link := range x.graph.links(at, l.level) {
			switch {
			case !w.visit(link):
			case lost.wasVisited(link):
				from = append(from, link)
			default:
				w.fresh = append(w.fresh, link)
			}
		}
	}
	return w.picks
}

// leave makes rows, to which nothing links any more, absent.
func (g *graph) leave(rows []uint32) {
	for _, row := range rows {
		for level := range int(g.levels[row]) + 1 {
			fill(g.slot(row, level))
		}
		g.levels[row] = absent
	}
	g.members -= len(rows)
	g.left += len(rows)
	g.entry = none
	for row, level := range g.levels {
		if level != absent && int(level) > g.top() {
			g.entry = uint32(row)
		}
	}
}

// grown returns a copy of g with absent rows behind the others, whose highest levels
// are given.
func (g *graph) grown(levels []int) *graph {
	next := *g
	next.levels = slices.Clone(g.levels)
	next.upperAt = slices.Clone(g.upperAt)
	blocks := len(g.upper) / g.m
	for _, level := range levels {
		next.levels = append(next.levels, absent)
		next.upperAt = append(next.upperAt, uint32(blocks))
		blocks += level
	}
	next.base = withRoom(g.base, len(next.levels)*2*g.m)
	next.upper = withRoom(g.upper, blocks*g.m)
	return &next
}

// withRoom returns a copy of links with none behind them, n in all.
func withRoom(links []uint32, n int) []uint32 {
	grown := slices.Grow([]uint32(nil), n)
	grown = append(grown, links...)[:n]
	fill(grown[len(links):])
	return grown
}

// picked returns the graph of those of g's rows that are given, in their order; moved
// says what becomes of each. Nothing may link to the others.
func (g *graph) picked(rows, moved []uint32) *graph {
	next := &graph{m: g.m, members: g.members, left: g.left, entry: g.entry}
	if g.entry != none {
		next.entry = moved[g.entry]
	}
	move := func(links []uint32) []uint32 {
		links = slices.Clone(links)
		for i, link := range links {
			if link != none {
				links[i] = moved[link]
			}
		}
		return links
	}
	for _, row := range rows {
		next.levels = append(next.levels, g.levels[row])
		next.upperAt = append(next.upperAt, uint32(len(next.upper)/g.m))
		next.base = append(next.base, move(g.slot(row, 0))...)
		if !g.has(row) {
			continue
		}
		for level := range int(g.levels[row]) {
			next.upper = append(next.upper, move(g.slot(row, level+1))...)
		}
	}
	return next
}
