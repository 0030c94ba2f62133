package hnsw

import (
	"context"
	"errors"
	"io"
	"math"
	"reflect"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"marquee/indexer"
	"marquee/indexer/indexertest"
)

// mustWith returns x with later rows.
func mustWith(t testing.TB, x *Index, later []indexer.Later) *Index {
	t.Helper()
	next, err := x.With(t.Context(), later)
	if err != nil {
		t.Fatal(err)
	}
	return next.(*Index)
}

// Whatever changes, the links of the graph stay in order: none to a slot that is out
// of use, every other reached, the entry on top.
func TestLinksStayInOrder(t *testing.T) {
	const dims = 8
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(0, 150).Draw(rt, "rows")
		pool := indexertest.Clustered(rapid.Uint64Range(0, 9).Draw(rt, "seed"), rows+300, dims)
		cfg := Config{M: rapid.SampledFrom([]int{2, 4}).Draw(rt, "M"), EfConstruction: 12, Ef: 4, Seed: 9}
		x, err := New(t.Context(), pool[:rows*dims], dims, cfg)
		if err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 5).Draw(rt, "steps") {
			var later []indexer.Later
			next := x.Len()
			for range rapid.IntRange(0, 60).Draw(rt, "changes") {
				l := indexer.Later{Row: uint32(rapid.IntRange(0, next).Draw(rt, "row")), Vector: make([]float32, dims)}
				if rapid.IntRange(0, 2).Draw(rt, "kind") > 0 {
					at := rapid.IntRange(0, 40).Draw(rt, "vector") // few, so that many are equal
					l.Vector = pool[at*dims:][:dims]
				}
				next = max(next, int(l.Row)+1)
				later = append(later, l)
			}
			x = mustWith(t, x, later)
			if err := inOrder(x); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// A whole vein of films leaves at once, and the entry with it: what stood behind is
// still found.
func TestMostRowsLeave(t *testing.T) {
	const n, dims = 1200, 16
	vecs := indexertest.Clustered(5, n, dims)
	x, err := New(t.Context(), vecs, dims, Config{M: 6, EfConstruction: 40, Ef: 30, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	var later []indexer.Later
	for row := range uint32(n) {
		if row == x.graph.entry || row%10 != 3 {
			later = append(later, indexer.Later{Row: row, Vector: make([]float32, dims)})
		}
	}
	y := mustWith(t, x, later)
	if err := inOrder(y); err != nil {
		t.Error(err)
	}
	z := mustWith(t, y, []indexer.Later{{Row: 3, Vector: make([]float32, dims)}, {Row: 0, Vector: vecs[:dims]}})
	if err := inOrder(z); err != nil || z.graph.members != y.graph.members {
		t.Errorf("one row leaves and one comes back: %d rows from %d, %v", z.graph.members, y.graph.members, err)
	}
}

// The same changes give the same graph and codes at any number of processors.
func TestSameChangesSameGraph(t *testing.T) {
	const n, dims = 900, 16
	all := indexertest.Clustered(6, n+400, dims)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first *Index
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		x, err := New(t.Context(), all[:n*dims], dims, Config{M: 6, EfConstruction: 40, Ef: 30, Seed: 2})
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < 400; from += 100 {
			var later []indexer.Later
			for i := from; i < from+100; i++ {
				row := i * 3 % n
				if i%2 == 0 {
					row = x.Len() + (i-from)/2
				}
				later = append(later, indexer.Later{Row: uint32(row), Vector: all[(n+i)*dims:][:dims]})
			}
			x = mustWith(t, x, later)
		}
		if first == nil {
			first = x
			continue
		}
		if !reflect.DeepEqual(x.graph, first.graph) || !slices.Equal(x.codes.rows, first.codes.rows) {
			t.Errorf("changes give another graph on %d processors than on 1", procs)
		}
	}
}

// A row that is edited thousands of times does not grow the index without end, nor
// do rows that come and go.
func TestSlotsOutOfUseAreTakenOut(t *testing.T) {
	const n, dims = 40, 8
	all := indexertest.Clustered(7, n+500, dims)
	vector := func(i int) []float32 { return all[(n+i%500)*dims:][:dims] }
	kinds := map[string]func(x *Index, round, i int) indexer.Later{
		"edited": func(_ *Index, round, i int) indexer.Later {
			return indexer.Later{Row: uint32(i % (n + 3)), Vector: vector(round + i)}
		},
		"come and go": func(_ *Index, round, i int) indexer.Later {
			l := indexer.Later{Row: uint32(n + i), Vector: vector(round + i)}
			if round%2 == 1 {
				l.Vector = make([]float32, dims)
			}
			return l
		},
	}
	for name, of := range kinds {
		x, err := New(t.Context(), all[:n*dims], dims, Config{M: 4, EfConstruction: 8, Ef: 4, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		for round := range 100 {
			var later []indexer.Later
			for i := range n + 3 {
				later = append(later, of(x, round, i))
			}
			x = mustWith(t, x, later)
		}
		if most := n + spareSlots + 3*(n+3); x.slots() > most || x.slots() != len(x.graph.levels) || len(x.codes.rows) != x.slots()*dims {
			t.Errorf("%s: %d slots, %d in the graph, %d values of codes, want at most %d slots", name, x.slots(), len(x.graph.levels), len(x.codes.rows), most)
		}
		if err := inOrder(x); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for row := range uint32(x.Len()) {
			slot := x.slot(row)
			if slot == none {
				continue
			}
			hits, err := x.Search(t.Context(), x.row(slot), 1, func(other uint32) bool { return other == row })
			if err != nil || len(hits) != 1 || hits[0].Row != row || hits[0].Score < 0.99 {
				t.Errorf("%s: row %d is found as %v, error %v", name, row, hits, err)
			}
		}
	}
}

// Codes that two successors want to put into the same room end up apart.
func TestCodesOfBranchesStayApart(t *testing.T) {
	const n, dims = 640, 8
	all := indexertest.Clustered(8, n+20, dims)
	x, err := New(t.Context(), all[:n*dims], dims, Config{M: 4, EfConstruction: 8, Ef: 4, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	later := func(x *Index, i int) []indexer.Later {
		return []indexer.Later{{Row: uint32(x.Len()), Vector: all[(n+i)*dims:][:dims]}}
	}
	x = mustWith(t, x, later(x, 0)) // makes room
	a, b := mustWith(t, x, later(x, 1)), mustWith(t, x, later(x, 2))
	if &a.codes.rows[0] != &x.codes.rows[0] || &b.codes.rows[0] == &x.codes.rows[0] {
		t.Error("want the first successor to share the codes, and the second to copy them")
	}
	for name, y := range map[string]*Index{"first": a, "second": b} {
		fresh := newCodes(y.vecs, y.later, dims)
		for j, code := range y.codes.rows {
			if d := int(code) - int(fresh.rows[j]); d < -1 || d > 1 { // scales may have moved a little
				t.Fatalf("%s: code %d is %d, want %d", name, j, code, fresh.rows[j])
			}
		}
	}
}

// Later vectors may use dimensions that those of the build left empty.
func TestCodesGrowWithTheValues(t *testing.T) {
	const n, dims = 1500, 32
	narrow := func(vecs []float32) { // the second half of each row is empty
		for row := range slices.Chunk(vecs, dims) {
			clear(row[dims/2:])
			unit(row)
		}
	}
	all := indexertest.Clustered(9, 2*n+100, dims)
	narrow(all[:n*dims])
	x, err := New(t.Context(), all[:n*dims], dims, Config{M: 8, EfConstruction: 60, Ef: 40, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var later []indexer.Later
	for row := n; row < 2*n; row++ {
		later = append(later, indexer.Later{Row: uint32(row), Vector: all[row*dims:][:dims]})
	}
	y := mustWith(t, x, later)
	found := 0
	for q := range slices.Chunk(all[2*n*dims:], dims) {
		truth, err := y.exact(t.Context(), q, 10)
		if err != nil {
			t.Fatal(err)
		}
		hits, err := y.Search(t.Context(), q, 10, nil)
		if err != nil {
			t.Fatal(err)
		}
		found += indexer.Found(hits, truth)
	}
	if found < 950 {
		t.Errorf("%d of 1000 nearest rows are found, want 950 or more", found)
	}
}

func unit(row []float32) {
	var square float32
	for _, v := range row {
		square += v * v
	}
	if square == 0 {
		return
	}
	scale := 1 / float32(math.Sqrt(float64(square)))
	for j := range row {
		row[j] *= scale
	}
}

// A lateContext ends after it was asked so many times.
type lateContext struct {
	context.Context
	left atomic.Int64
}

func (c *lateContext) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// Wherever a change is cut off, it gives the context's error, and the index stays.
func TestChangeStopsWithItsContext(t *testing.T) {
	const n, dims = 500, 8
	all := indexertest.Clustered(11, n+60, dims)
	x, err := New(t.Context(), all[:n*dims], dims, Config{M: 4, EfConstruction: 8, Ef: 4, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var later []indexer.Later
	for i := range 60 {
		later = append(later, indexer.Later{Row: uint32(8 * i), Vector: all[(n+i)*dims:][:dims]})
	}
	links := slices.Clone(x.graph.base)
	cut := 0
	for left := int64(0); ; left += 7 {
		ctx := &lateContext{Context: t.Context()}
		ctx.left.Store(left)
		_, err := x.With(ctx, later)
		if err == nil {
			break
		}
		if cut++; !errors.Is(err, context.Canceled) {
			t.Fatalf("cut off after %d looks: %v, want %v", left, err, context.Canceled)
		}
		if !slices.Equal(x.graph.base, links) {
			t.Fatalf("cut off after %d looks, a change is seen in the index it was made from", left)
		}
	}
	if cut < 10 {
		t.Errorf("a change of 60 rows looked at its context too seldom to be cut off more than %d times", cut)
	}
}

// What took changes is not written, since it would be read as if it had not.
func TestChangedIsNotWritten(t *testing.T) {
	const n, dims = 50, 8
	all := indexertest.Clustered(12, n+1, dims)
	x, err := New(t.Context(), all[:n*dims], dims, Config{M: 4, EfConstruction: 8, Ef: 4, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	v := all[n*dims:]
	for name, later := range map[string]indexer.Later{
		"a new row":            {Row: n, Vector: v},
		"a new row of zeros":   {Row: n, Vector: make([]float32, dims)},
		"a row edited":         {Row: 3, Vector: v},
		"a row that went away": {Row: 3, Vector: make([]float32, dims)},
	} {
		if written, err := mustWith(t, x, []indexer.Later{later}).WriteTo(io.Discard); !errors.Is(err, ErrChanged) || written != 0 {
			t.Errorf("with %s: %d bytes are written, error %v, want none and %v", name, written, err, ErrChanged)
		}
	}
	if _, err := mustWith(t, x, nil).WriteTo(io.Discard); err != nil {
		t.Errorf("with no change: %v", err)
	}
}
