package hnsw

import "slices"

const (
	none     = ^uint32(0) // ends a list of links that is not full
	absent   = ^uint8(0)  // level of a row that is not in the graph
	maxLevel = 30         // M >= 2 and fewer than 2^31 rows reach no higher
)

// A graph holds the links between rows. A row of level l has a list on each of
// the levels 0 to l.
type graph struct {
	m       int
	base    []uint32 // [rows x 2m], lists of level 0
	upper   []uint32 // [blocks x m], lists of the levels above
	upperAt []uint32 // row -> block of its level 1; the next levels follow
	levels  []uint8  // row -> highest level, or absent
	members int      // rows that are not absent
	left    int      // rows that were members and are absent
	entry   uint32   // highest level, then lowest row; none in an empty graph
}

// newGraph returns a graph without links for rows whose highest levels are
// given; all are absent. A negative level stands for a row that will never be in.
func newGraph(m int, levels []int) *graph {
	g := &graph{
		m:       m,
		base:    make([]uint32, len(levels)*2*m),
		upperAt: make([]uint32, len(levels)),
		levels:  make([]uint8, len(levels)),
		entry:   none,
	}
	blocks := 0
	for row, l := range levels {
		g.levels[row] = absent
		g.upperAt[row] = uint32(blocks)
		blocks += max(l, 0)
	}
	g.upper = make([]uint32, blocks*m)
	fill(g.base)
	fill(g.upper)
	return g
}

func fill(links []uint32) {
	for i := range links {
		links[i] = none
	}
}

// slot returns the room for row's links on a level: links, then none to the end.
func (g *graph) slot(row uint32, level int) []uint32 {
	if level == 0 {
		width := 2 * g.m
		at := int(row) * width
		return g.base[at : at+width : at+width]
	}
	at := (int(g.upperAt[row]) + level - 1) * g.m
	return g.upper[at : at+g.m : at+g.m]
}

// links returns row's links on a level.
func (g *graph) links(row uint32, level int) []uint32 {
	slot := g.slot(row, level)
	if end := slices.Index(slot, none); end >= 0 {
		return slot[:end]
	}
	return slot
}

// setLinks replaces row's links on a level; there are no more than the slot holds.
func (g *graph) setLinks(row uint32, level int, links []key) {
	slot := g.slot(row, level)
	for i := range slot {
		slot[i] = none
		if i < len(links) {
			slot[i] = links[i].row()
		}
	}
}

// enter makes row a member and, when it stands higher, the entry.
func (g *graph) enter(row uint32, level int) {
	g.levels[row] = uint8(level)
	g.members++
	if g.entry == none || level > g.top() || level == g.top() && row < g.entry {
		g.entry = row
	}
}

// top returns the highest level with a row on it, or -1.
func (g *graph) top() int {
	if g.entry == none {
		return -1
	}
	return int(g.levels[g.entry])
}

func (g *graph) has(row uint32) bool { return g.levels[row] != absent }
