package indexer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/viterin/vek/vek32"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/indexer/indexertest"
)

// neighbours returns the table of vecs, or ends the test.
func neighbours(t testing.TB, vecs []float32, dims, k int) *indexer.Table {
	t.Helper()
	table, err := indexer.Neighbours(t.Context(), vecs, dims, k, nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// check compares table with every score in float64: the order and the scores of
// each list, and that no row left out is better than the last one in.
func check(t testing.TB, table *indexer.Table, vecs []float32, dims, k int) {
	t.Helper()
	rows := len(vecs) / dims
	if table.Rows() != rows || table.K() != k {
		t.Fatalf("table of %d rows of %d, want %d of %d", table.Rows(), table.K(), rows, k)
	}
	alive := 0
	for row := range rows {
		if !indexer.ZeroRow(vecs, dims, uint32(row)) {
			alive++
		}
	}
	for row := range uint32(rows) {
		want := min(k, alive-1)
		if indexer.ZeroRow(vecs, dims, row) {
			want = 0
		}
		list := table.Of(row)
		if len(list) != want {
			t.Fatalf("row %d has %d neighbours, want %d", row, len(list), want)
		}
		if want > 0 {
			checkList(t, list, vecs, dims, row)
		}
	}
}

func checkList(t testing.TB, list []indexer.Neighbour, vecs []float32, dims int, row uint32) {
	t.Helper()
	const slack = 1e-5
	in := make(map[uint32]bool, len(list))
	for i, n := range list {
		if n.Row == row || indexer.ZeroRow(vecs, dims, n.Row) || in[n.Row] {
			t.Fatalf("row %d has neighbour %d: itself, of zeros, or twice", row, n.Row)
		}
		in[n.Row] = true
		if d := math.Abs(float64(n.Score) - score(vecs, dims, row, n.Row)); !(d <= slack) {
			t.Fatalf("rows %d and %d score %v, %v off", row, n.Row, n.Score, d)
		}
		if i > 0 && (list[i-1].Score < n.Score || list[i-1].Score == n.Score && list[i-1].Row > n.Row) {
			t.Fatalf("row %d: %v stands before %v", row, list[i-1], n)
		}
	}
	last := list[len(list)-1]
	for other := range uint32(len(vecs) / dims) {
		if other == row || in[other] || indexer.ZeroRow(vecs, dims, other) {
			continue
		}
		if s := score(vecs, dims, row, other); s > float64(last.Score)+slack {
			t.Fatalf("row %d lacks %d, which scores %v; its last is %v", row, other, s, last)
		}
	}
}

func score(vecs []float32, dims int, a, b uint32) (sum float64) {
	other := vecs[int(b)*dims:][:dims]
	for i, v := range vecs[int(a)*dims:][:dims] {
		sum += float64(v) * float64(other[i])
	}
	return sum
}

// Numbers of rows about one, two and three blocks, so that whole and part blocks
// meet, and even and odd numbers of them.
func TestNeighboursAreTheNearest(t *testing.T) {
	paths := vec.Paths()
	defer func() { _ = vec.Use(paths[len(paths)-1]) }()
	for _, path := range paths {
		if err := vec.Use(path); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ rows, dims, k int }{
			{0, 8, 5}, {1, 8, 5}, {2, 8, 5}, {3, 1, 2}, {100, 16, 200}, {255, 16, 3}, {256, 16, 10}, {257, 33, 10}, {600, 24, 20}, {800, 16, 7},
		} {
			t.Run(fmt.Sprintf("%s/%v", path, c), func(t *testing.T) {
				vecs := indexertest.Clustered(1, c.rows, c.dims)
				check(t, neighbours(t, vecs, c.dims, c.k), vecs, c.dims, c.k)
			})
		}
	}
}

func TestNeighboursZeroRows(t *testing.T) {
	const rows, dims = 300, 16
	vecs := indexertest.Clustered(1, rows, dims)
	for row := 0; row < rows; row += 3 {
		clear(vecs[row*dims : (row+1)*dims])
	}
	check(t, neighbours(t, vecs, dims, 250), vecs, dims, 250)
	clear(vecs)
	check(t, neighbours(t, vecs, dims, 5), vecs, dims, 5)
}

// Few different rows: whole lists tie, across the borders of blocks, and the
// lowest rows win.
func TestNeighboursTies(t *testing.T) {
	const rows, dims, k = 700, 8, 5
	vecs := make([]float32, rows*dims)
	for row := range rows {
		vecs[row*dims+row%3] = 1
	}
	table := neighbours(t, vecs, dims, k)
	for row := range uint32(rows) {
		var want []indexer.Neighbour
		for other := row % 3; len(want) < k; other += 3 {
			if other != row {
				want = append(want, indexer.Neighbour{Row: other, Score: 1})
			}
		}
		if got := table.Of(row); !slices.Equal(got, want) {
			t.Fatalf("row %d: got %v, want %v", row, got, want)
		}
	}
}

func TestNeighboursProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dims := rapid.IntRange(1, 10).Draw(rt, "dims")
		rows := rapid.IntRange(0, 40).Draw(rt, "rows")
		ints := rapid.SliceOfN(rapid.IntRange(-1, 1), rows*dims, rows*dims).Draw(rt, "vecs")
		vecs := make([]float32, len(ints))
		for i, v := range ints {
			vecs[i] = float32(v)
		}
		for row := range slices.Chunk(vecs, dims) {
			vec.Normalize(row)
		}
		k := rapid.IntRange(1, 50).Draw(rt, "k")
		check(t, neighbours(t, vecs, dims, k), vecs, dims, k)
	})
}

// The same bits with one worker, with several, and in every run of several.
func TestNeighboursAnyGOMAXPROCS(t *testing.T) {
	const rows, dims, k = 1500, 40, 30
	vecs := indexertest.Clustered(3, rows, dims)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := neighbours(t, vecs, dims, k)
	for _, procs := range []int{2, 3, 7, 7} {
		runtime.GOMAXPROCS(procs)
		got := neighbours(t, vecs, dims, k)
		for row := range uint32(rows) {
			if !slices.Equal(got.Of(row), want.Of(row)) {
				t.Fatalf("GOMAXPROCS %d, row %d: got %v, want %v", procs, row, got.Of(row), want.Of(row))
			}
		}
	}
}

func TestNeighboursProgress(t *testing.T) {
	const rows, dims = 1100, 8
	vecs := indexertest.Clustered(1, rows, dims)
	calls, last := 0, 0
	_, err := indexer.Neighbours(t.Context(), vecs, dims, 3, func(done, total int) {
		calls++
		if done != calls {
			t.Errorf("call %d says %d done", calls, done)
		}
		last = total
	})
	if err != nil || calls == 0 || calls != last {
		t.Errorf("%d calls of %d, error %v", calls, last, err)
	}
}

func TestNeighboursCancelled(t *testing.T) {
	defer goleak.VerifyNone(t)
	const rows, dims = 2000, 8
	vecs := indexertest.Clustered(1, rows, dims)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := 0
	table, err := indexer.Neighbours(ctx, vecs, dims, 3, func(done, total int) {
		calls++
		if done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || table != nil {
		t.Errorf("got table %v, error %v, want context.Canceled", table, err)
	}
	if most := 3 + runtime.GOMAXPROCS(0); calls > most {
		t.Errorf("%d shares of work, want at most %d after a cancel in the third", calls, most)
	}
	if _, err := indexer.Neighbours(ctx, nil, dims, 3, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("no rows and a cancelled context: %v, want context.Canceled", err)
	}
}

func TestNeighboursRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		vecs    []float32
		dims, k int
		want    error
	}{
		{"no dims", nil, 0, 1, indexer.ErrDims},
		{"part of a row", []float32{1, 0, 1}, 2, 1, indexer.ErrDims},
		{"NaN", []float32{float32(math.NaN()), 1}, 2, 1, indexer.ErrRow},
		{"not of unit length", []float32{1, 1}, 2, 1, indexer.ErrRow},
		{"k 0", []float32{1, 0}, 2, 0, indexer.ErrCount},
		{"k below 0", []float32{1, 0}, 2, -1, indexer.ErrCount},
	} {
		if _, err := indexer.Neighbours(t.Context(), c.vecs, c.dims, c.k, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// BenchmarkNeighbours: the whole table for a catalog of full size, and beside it,
// on fewer rows, what vek's inner product makes of every pair.
func BenchmarkNeighbours(b *testing.B) {
	const dims, k = 384, 100
	for _, rows := range []int{3000, 27000} {
		vecs := indexertest.Clustered(1, rows, dims)
		b.Run(fmt.Sprintf("impl=marquee/n=%d/dims=%d/k=%d", rows, dims, k), func(b *testing.B) {
			for b.Loop() {
				neighbours(b, vecs, dims, k)
			}
		})
		if rows > 3000 {
			continue
		}
		b.Run(fmt.Sprintf("impl=vek/n=%d/dims=%d/k=%d", rows, dims, k), func(b *testing.B) {
			for b.Loop() {
				vekNeighbours(vecs, dims, k)
			}
		})
	}
}

// vekNeighbours makes every list with vek's inner product, on one goroutine.
func vekNeighbours(vecs []float32, dims, k int) (entries int) {
	var best indexer.Best
	for row := range len(vecs) / dims {
		best.Reset(k)
		for other := range len(vecs) / dims {
			if s := vek32.Dot(vecs[row*dims:][:dims], vecs[other*dims:][:dims]); other != row && s >= best.Floor() {
				best.Offer(indexer.Hit{Row: uint32(other), Score: s})
			}
		}
		entries += len(best.Sorted())
	}
	return entries
}
