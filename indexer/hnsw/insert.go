package hnsw

import (
	"cmp"
	"context"
	"runtime"
	"slices"
)

// batchRows is how many rows go in together. They search the graph in parallel
// and compare themselves with each other exactly, which costs a row at most a
// tenth of its search. Recall is that of rows put in one by one (27,000 x 384, Ef
// 60: movies 0.9993 and 0.9992, profiles 0.9825 and 0.9838).
const batchRows = 256

// An inserter puts rows into a graph, batch by batch. See the package's comment
// on why the result does not depend on the number of processors.
type inserter struct {
	x       *Index
	walks   []*walk // one a worker
	chosen  []chosen
	reverse []arc
}

// chosen are the links that a new row chose, [levels of the row][].
type chosen [][]key

// An arc asks target to link back to a new row, on one level.
type arc struct {
	target uint32
	level  int
	from   key // the new row, scored with target
}

func newInserter(x *Index) *inserter {
	in := &inserter{x: x, walks: make([]*walk, runtime.GOMAXPROCS(0))}
	for i := range in.walks {
		in.walks[i] = newWalk(x.slots())
	}
	return in
}

// insert puts rows, none of zeros and none in the graph yet, into the graph and
// calls progress after each batch with the number of members. It returns early
// with ctx's error; the graph is then of no use.
func (in *inserter) insert(ctx context.Context, rows []uint32, progress func(members int)) error {
	for batch := range slices.Chunk(rows, batchRows) {
		if err := in.batch(ctx, batch); err != nil {
			return err
		}
		progress(in.x.graph.members)
	}
	return in.repair(ctx)
}

func (in *inserter) batch(ctx context.Context, rows []uint32) error {
	in.chosen = slices.Grow(in.chosen[:0], len(rows))[:len(rows)]
	err := each(ctx, len(in.walks), len(rows), func(worker, i int) {
		in.chosen[i] = in.choose(in.walks[worker], rows, i)
	})
	if err != nil {
		return err
	}
	in.reverse = in.reverse[:0]
	for i, row := range rows {
		in.x.graph.enter(row, in.x.cfg.level(row))
		for level, links := range in.chosen[i] {
			in.x.graph.setLinks(row, level, links)
			for _, k := range links {
				in.reverse = append(in.reverse, arc{k.row(), level, newKey(k.score(), row)})
			}
		}
	}
	return in.linkBack(ctx)
}

// choose returns the links of rows[i] on each of its levels, among the rows of
// the graph and the other rows of the batch. It only reads the graph.
func (in *inserter) choose(w *walk, rows []uint32, i int) chosen {
	x := in.x
	highest := x.cfg.level(rows[i])
	links := make(chosen, highest+1)
	s := x.exactly(w, x.row(rows[i]))
	peers := s.score(rows, nil)
	top := x.graph.top()
	var starts []key
	if top >= 0 {
		starts = []key{w.descend(x.graph, s, min(highest, top))}
	}
	for level := highest; level >= 0; level-- {
		w.beam.reset(x.cfg.EfConstruction)
		if level <= top {
			w.search(x.graph, s, starts, x.cfg.EfConstruction, level)
			starts = append(starts[:0], w.beam.keys...)
		}
		for j, peer := range rows {
			if j != i && x.cfg.level(peer) >= level {
				w.beam.offer(peers[j])
			}
		}
		links[level] = slices.Clone(x.choose(w, w.beam.keys, x.graph.m))
	}
	return links
}

// linkBack gives each target of in.reverse its new links. Where there is no room
// for all, the target chooses again among old and new. Targets do not touch each
// other, so they go in parallel.
func (in *inserter) linkBack(ctx context.Context) error {
	slices.SortFunc(in.reverse, func(a, b arc) int {
		return cmp.Or(cmp.Compare(a.target, b.target), cmp.Compare(a.level, b.level), cmp.Compare(b.from, a.from))
	})
	var groups [][]arc
	for from, to := 0, 0; from < len(in.reverse); from = to {
		first := in.reverse[from]
		for to < len(in.reverse) && in.reverse[to].target == first.target && in.reverse[to].level == first.level {
			to++
		}
		groups = append(groups, in.reverse[from:to])
	}
	return each(ctx, len(in.walks), len(groups), func(worker, i int) {
		in.relink(in.walks[worker], groups[i])
	})
}

// relink adds the arcs, all of one target and level, best first, to the links of
// the target.
func (in *inserter) relink(w *walk, arcs []arc) {
	x, target, level := in.x, arcs[0].target, arcs[0].level
	slot := x.graph.slot(target, level)
	old := x.graph.links(target, level)
	fresh := w.heap[:0]
	defer func() { w.heap = fresh[:0] }()
	for _, a := range arcs {
		if !slices.Contains(old, a.from.row()) { // rows of one batch may have chosen each other
			fresh = append(fresh, a.from)
		}
	}
	if len(old)+len(fresh) <= len(slot) {
		for i, k := range fresh {
			slot[len(old)+i] = k.row()
		}
		return
	}
	fresh = x.exactly(w, x.row(target)).score(old, fresh)
	x.graph.setLinks(target, level, x.choose(w, best(fresh, len(fresh)), len(slot)))
}
