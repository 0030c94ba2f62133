package hnsw

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"marquee/indexer/indexertest"
)

// Whatever the world, the links of a graph are in order: none twice, none to the
// row itself, only to rows of the level, and every row can be reached.
func TestLinksAreInOrder(t *testing.T) {
	const n, dims = 1500, 16
	equal := indexertest.Clustered(2, n, dims)
	for row := range n / 2 { // three rows, again and again
		copy(equal[row*dims:(row+1)*dims], equal[row%3*dims:])
	}
	worlds := map[string][]float32{
		"clustered": indexertest.Clustered(1, n, dims),
		"equal":     equal,
		"few":       indexertest.Clustered(1, 3, dims),
	}
	for name, vecs := range worlds {
		for _, cfg := range []Config{DefaultConfig(), {M: 3, EfConstruction: 10, Ef: 10, Seed: 5}} {
			x, err := New(t.Context(), vecs, dims, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := inOrder(x); err != nil {
				t.Errorf("%s, M %d: %v", name, cfg.M, err)
			}
		}
	}
}

// inOrder returns what is wrong with the links of an index.
func inOrder(x *Index) error {
	g := x.graph
	reached := newWalk(x.slots())
	if g.entry != none {
		reached.flood(g, g.entry)
	}
	members := 0
	for slot := range uint32(x.slots()) {
		if !g.has(slot) {
			if reached.wasVisited(slot) {
				return fmt.Errorf("slot %d is absent and linked to", slot)
			}
			continue
		}
		if members++; !reached.wasVisited(slot) {
			return fmt.Errorf("slot %d cannot be reached", slot)
		}
		if int(g.levels[slot]) > g.top() {
			return fmt.Errorf("slot %d of level %d stands above the entry", slot, g.levels[slot])
		}
		for level := range int(g.levels[slot]) + 1 {
			links := slices.Clone(g.links(slot, level))
			for _, link := range links {
				if link == slot || !g.has(link) || int(g.levels[link]) < level {
					return fmt.Errorf("slot %d links to %d on level %d", slot, link, level)
				}
			}
			slices.Sort(links)
			if len(slices.Compact(slices.Clone(links))) != len(links) {
				return fmt.Errorf("slot %d has a link twice on level %d: %v", slot, level, links)
			}
		}
	}
	if members != g.members {
		return fmt.Errorf("%d slots are in the graph, it says %d", members, g.members)
	}
	return nil
}

// A graph is written with one link changed, and with the checksum that belongs to
// it: Read must look at the links themselves.
func TestReadChecksEveryLink(t *testing.T) {
	const n, dims = 200, 4
	vecs := indexertest.Clustered(3, n, dims)
	clear(vecs[:dims]) // row 0 is in no graph
	cfg := Config{M: 4, EfConstruction: 10, Ef: 10, Seed: 1}
	var low, high []uint32 // rows by level: 0, or more
	for row := range uint32(n) {
		switch {
		case row == 0:
		case cfg.level(row) == 0:
			low = append(low, row)
		default:
			high = append(high, row)
		}
	}
	tests := []struct {
		name  string
		row   uint32
		level int
		link  uint32
		ok    bool
	}{
		{"to another row", low[0], 0, low[1], true},
		{"on level 1 to a row of level 1", high[0], 1, high[1], true},
		{"on level 1 to a row of level 0", high[0], 1, low[0], false},
		{"to a row of zeros", low[0], 0, 0, false},
		{"to itself", low[0], 0, low[0], false},
		{"past the end", low[0], 0, n, false},
		{"far past the end", low[0], 0, none - 1, false},
	}
	for _, tt := range tests {
		x, err := New(t.Context(), vecs, dims, cfg)
		if err != nil {
			t.Fatal(err)
		}
		x.graph.slot(tt.row, tt.level)[0] = tt.link
		var buf bytes.Buffer
		if _, err := x.WriteTo(&buf); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&buf, vecs, dims); tt.ok != (err == nil) || err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("a link %s: error %v, want one: %v", tt.name, err, !tt.ok)
		}
	}
}
