package indexer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/indexer"
	"marquee/indexer/indexertest"
)

// extended begins with the table of vecs.
func extended(t testing.TB, vecs []float32, dims, k int) *indexer.Extended {
	t.Helper()
	e, err := indexer.NewExtended(neighbours(t, vecs, dims, k), vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Rows that come later give the very table that is made of all rows at once. Where
// vectors change, each list is the beginning of the one made at once, and at least
// half of it. What was there before stays as it was.
func TestExtendedIsTheTableOfAll(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(0, 300).Draw(rt, "rows")
		k := rapid.SampledFrom([]int{1, 3, 10, 400}).Draw(rt, "k")
		edits := rapid.Bool().Draw(rt, "edits")
		const dims = 6
		pool := indexertest.Clustered(rapid.Uint64().Draw(rt, "seed"), rows+200, dims)
		vector := func(i int) []float32 {
			v := pool[i*dims:][:dims:dims]
			if i%17 == 0 {
				return make([]float32, dims) // a movie without a word
			}
			return v
		}
		var vecs []float32
		for i := range rows {
			vecs = append(vecs, vector(i)...)
		}
		base := neighbours(t, vecs, dims, k)
		before := bytesOf(t, base)
		e, err := indexer.NewExtended(base, vecs, dims)
		if err != nil {
			rt.Fatal(err)
		}
		at := rows
		now := slices.Clone(vecs)
		for range rapid.IntRange(1, 4).Draw(rt, "steps") {
			var later []indexer.Later
			for range rapid.IntRange(0, 40).Draw(rt, "later") {
				row, v := len(now)/dims, vector(at)
				if edits && row > 0 && rapid.Bool().Draw(rt, "edit") {
					row = rapid.IntRange(0, row-1).Draw(rt, "row")
					copy(now[row*dims:], v)
				} else {
					now = append(now, v...)
				}
				at++
				later = append(later, indexer.Later{Row: uint32(row), Vector: v})
			}
			if e, err = e.With(t.Context(), later); err != nil {
				rt.Fatal(err)
			}
			want := neighbours(t, now, dims, k)
			if e.Table.Rows() != want.Rows() || e.Table.K() != k {
				rt.Fatalf("table of %d rows of %d, want %d of %d", e.Table.Rows(), e.Table.K(), want.Rows(), k)
			}
			for row := range uint32(want.Rows()) {
				got, all := e.Table.Of(row), want.Of(row)
				if len(got) > len(all) || !slices.Equal(got, all[:len(got)]) || 2*len(got) < len(all) || !edits && len(got) < len(all) {
					rt.Fatalf("row %d has neighbours\n%v, want\n%v", row, got, all)
				}
				if !slices.Equal(e.Vector(row), now[int(row)*dims:][:dims]) {
					rt.Fatalf("row %d has another vector", row)
				}
			}
		}
		if !bytes.Equal(bytesOf(t, base), before) {
			rt.Fatal("the table it began from has changed")
		}
	})
}

func bytesOf(t testing.TB, table *indexer.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := table.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is extended twice from one beginning does not mix.
func TestExtendedBranches(t *testing.T) {
	const dims, k = 6, 5
	vecs := indexertest.Clustered(3, 60, dims)
	e := extended(t, vecs[:40*dims], dims, k)
	with := func(e *indexer.Extended, row, from int) *indexer.Extended {
		next, err := e.With(t.Context(), []indexer.Later{{Row: uint32(row), Vector: vecs[from*dims:][:dims]}})
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	one := with(e, 40, 40)
	a, b := with(one, 41, 41), with(one, 41, 42)
	for _, c := range []struct {
		e    *indexer.Extended
		last int
	}{{a, 41}, {b, 42}} {
		all := append(slices.Clone(vecs[:41*dims]), vecs[c.last*dims:][:dims]...)
		if !bytes.Equal(bytesOf(t, c.e.Table), bytesOf(t, neighbours(t, all, dims, k))) {
			t.Errorf("branch with row %d is not the table of its rows", c.last)
		}
	}
	if e.Table.Rows() != 40 || one.Table.Rows() != 41 {
		t.Error("an extension changed what it began from")
	}
}

// A table of an Extended is written and read like any other.
func TestExtendedIsWritten(t *testing.T) {
	const dims = 6
	vecs := indexertest.Clustered(5, 51, dims)
	e, err := extended(t, vecs[:50*dims], dims, 7).With(t.Context(), []indexer.Later{{Row: 50, Vector: vecs[50*dims:]}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := indexer.ReadTable(bytes.NewReader(bytesOf(t, e.Table)))
	if err != nil || !bytes.Equal(bytesOf(t, again), bytesOf(t, e.Table)) {
		t.Errorf("it came back different, %v", err)
	}
	if e.Table.Of(51) != nil {
		t.Error("a row behind the last has neighbours")
	}
}

func TestExtendedRefuses(t *testing.T) {
	vecs := indexertest.Clustered(5, 20, 6)
	if _, err := indexer.NewExtended(neighbours(t, vecs, 6, 3), vecs[6:], 6); !errors.Is(err, indexer.ErrDims) {
		t.Errorf("vectors of another table: %v", err)
	}
	e := extended(t, vecs, 6, 3)
	for _, c := range []struct {
		name  string
		later indexer.Later
		want  error
	}{
		{"too short", indexer.Later{Row: 20, Vector: vecs[:5]}, indexer.ErrDims},
		{"not of unit length", indexer.Later{Row: 20, Vector: []float32{1, 1, 0, 0, 0, 0}}, indexer.ErrRow},
		{"a gap", indexer.Later{Row: 21, Vector: vecs[:6]}, indexer.ErrDims},
	} {
		if _, err := e.With(t.Context(), []indexer.Later{c.later}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.With(ctx, []indexer.Later{{Row: 20, Vector: vecs[:6]}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// BenchmarkExtended adds rows to 27,000 of 384 dimensions and 100 neighbours.
func BenchmarkExtended(b *testing.B) {
	const rows, dims = 27_000, 384
	vecs := indexertest.Clustered(1, rows+100, dims)
	e := extended(b, vecs[:rows*dims], dims, 100)
	for _, n := range []int{1, 10, 100} {
		for _, kind := range []string{"added", "changed"} {
			var later []indexer.Later
			for i := range n {
				row := rows + i
				if kind == "changed" {
					row = i * 91
				}
				later = append(later, indexer.Later{Row: uint32(row), Vector: vecs[(rows+i)*dims:][:dims]})
			}
			b.Run(fmt.Sprintf("%s=%d", kind, n), func(b *testing.B) {
				for b.Loop() {
					if _, err := e.With(b.Context(), later); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// However rows come, leave, change and change back, one after another or many at
// once: the table follows from where it began and from where it ended.
func TestExtendedFollowsFromTheNetResult(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(1, 120).Draw(rt, "rows")
		k := rapid.SampledFrom([]int{1, 4, 20, 400}).Draw(rt, "k")
		const dims = 6
		pool := indexertest.Clustered(rapid.Uint64().Draw(rt, "seed"), rows+200, dims)
		e, err := indexer.NewExtended(neighbours(t, pool[:rows*dims], dims, k), pool[:rows*dims], dims)
		if err != nil {
			rt.Fatal(err)
		}
		begun := e
		now := map[uint32][]float32{}
		size := rows
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			var later []indexer.Later
			for range rapid.IntRange(0, 60).Draw(rt, "later") {
				l := indexer.Later{Row: uint32(rapid.IntRange(0, size).Draw(rt, "row"))}
				switch rapid.IntRange(0, 3).Draw(rt, "what") {
				case 0: // it leaves
					l.Vector = make([]float32, dims)
				case 1: // it is as it was
					if int(l.Row) < rows {
						l.Vector = slices.Clone(pool[int(l.Row)*dims:][:dims])
						break
					}
					fallthrough
				default:
					l.Vector = pool[(rows+rapid.IntRange(0, 199).Draw(rt, "vector"))*dims:][:dims]
				}
				size = max(size, int(l.Row)+1)
				now[l.Row] = l.Vector
				later = append(later, l)
			}
			if e, err = e.With(t.Context(), later); err != nil {
				rt.Fatal(err)
			}
		}
		var net []indexer.Later
		for row := range uint32(size) {
			if v, ok := now[row]; ok {
				net = append(net, indexer.Later{Row: row, Vector: v})
			}
		}
		want, err := begun.With(t.Context(), net)
		if err != nil {
			rt.Fatal(err)
		}
		all := make([]float32, 0, size*dims)
		for row := range uint32(size) {
			all = append(all, want.Vector(row)...)
		}
		exact := neighbours(t, all, dims, k)
		for row := range uint32(size) {
			got, w, x := e.Table.Of(row), want.Table.Of(row), exact.Of(row)
			if !slices.Equal(got, w) {
				rt.Fatalf("row %d has neighbours\n%v, at once\n%v", row, got, w)
			}
			if len(got) > len(x) || !slices.Equal(got, x[:len(got)]) || 2*len(got) < len(x) {
				rt.Fatalf("row %d has neighbours\n%v, of all\n%v", row, got, x)
			}
			if _, moved := now[row]; moved && len(got) < len(x) && !slices.Equal(want.Vector(row), pool[int(row)*dims:][:dims]) {
				rt.Fatalf("row %d changed and has %d neighbours, want %d", row, len(got), len(x))
			}
		}
	})
}
