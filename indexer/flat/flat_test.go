package flat_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/indexer/flat"
	"marquee/indexer/indexertest"
)

func build(t *testing.T, vecs []float32, dims int) indexer.Index {
	t.Helper()
	x, err := flat.New(vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func buildInt8(t *testing.T, vecs []float32, dims int) indexer.Index {
	t.Helper()
	x, err := flat.NewInt8(vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// eachPath runs f under every kernel path of this machine.
func eachPath(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	paths := vec.Paths()
	use := func(t *testing.T, path string) {
		if err := vec.Use(path); err != nil {
			t.Fatal(err)
		}
	}
	defer use(t, paths[len(paths)-1])
	for _, p := range paths {
		t.Run(p, func(t *testing.T) {
			use(t, p)
			f(t)
		})
	}
}

func TestIndexConforms(t *testing.T) { indexertest.TestIndex(t, build, 1) }

func TestInt8Conforms(t *testing.T) { indexertest.TestIndex(t, buildInt8, 1) }

// A score has the bits of vec.Dot wherever its row stands in a scan.
func TestScoresAreDots(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		const n, dims = 1003, 37
		vecs := indexertest.Clustered(1, n, dims)
		q := indexertest.Clustered(2, 1, dims)
		for _, ix := range []indexer.Index{build(t, vecs, dims), buildInt8(t, vecs, dims)} {
			hits, err := ix.Search(t.Context(), q, n, nil)
			if err != nil || len(hits) != n {
				t.Fatalf("%T: %d hits, %v", ix, len(hits), err)
			}
			for _, h := range hits {
				row := vecs[int(h.Row)*dims:][:dims]
				if want := vec.Dot(q, row); h.Score != want {
					t.Fatalf("%T: row %d scores %v, Dot gives %v", ix, h.Row, h.Score, want)
				}
			}
		}
	})
}

// same fails unless both indexes give the same hits, to the bit.
func same(t testing.TB, exact, int8s indexer.Index, q []float32, k int, keep indexer.Keep) {
	t.Helper()
	want, err := exact.Search(t.Context(), q, k, keep)
	if err != nil {
		t.Fatal(err)
	}
	got, err := int8s.Search(t.Context(), q, k, keep)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("k=%d, query of length %v: int8 gives %v, float32 %v", k, vec.Dot(q, q), got, want)
	}
}

// worlds are rows that rounding to bytes treats well and badly.
func worlds(n, dims int) map[string][]float32 {
	r := rand.New(rand.NewPCG(4, 5))
	fill := func(value func(row, i int) float64) []float32 {
		vecs := make([]float32, n*dims)
		for row := range n {
			v := vecs[row*dims : (row+1)*dims]
			for i := range v {
				v[i] = float32(value(row, i))
			}
			vec.Normalize(v)
		}
		return vecs
	}
	centre := make([]float64, dims)
	for i := range centre {
		centre[i] = r.NormFloat64()
	}
	return map[string][]float32{
		"films": indexertest.Clustered(1, n, dims),
		"noise": fill(func(int, int) float64 { return r.NormFloat64() }),
		// Rows that differ by less than a step: the bytes tell nothing.
		"one point": fill(func(_, i int) float64 { return centre[i] + 1e-4*r.NormFloat64() }),
		// One great value, the others below half a step: all rounded to 0.
		"spikes": fill(func(row, i int) float64 {
			if i == row%dims {
				return 1000
			}
			return r.NormFloat64()
		}),
		"few values": fill(func(int, int) float64 { return float64(r.IntN(3) - 1) }),
	}
}

func TestInt8EqualsIndex(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		const n, dims = 1500, 96
		for name, vecs := range worlds(n, dims) {
			t.Run(name, func(t *testing.T) {
				exact, int8s := build(t, vecs, dims), buildInt8(t, vecs, dims)
				queries := slices.Concat(vecs[:5*dims], indexertest.Profiles(1, vecs, dims, 10), worlds(5, dims)["noise"])
				for q := range slices.Chunk(queries, dims) {
					for _, k := range []int{1, 20, 500} {
						same(t, exact, int8s, q, k, nil)
					}
					same(t, exact, int8s, q, 20, func(row uint32) bool { return row%7 == 0 })
				}
			})
		}
	})
}

// A query of any length that is a finite float32 gives the same hits.
func TestInt8QueryLengths(t *testing.T) {
	const n, dims = 500, 64
	vecs := indexertest.Clustered(1, n, dims)
	exact, int8s := build(t, vecs, dims), buildInt8(t, vecs, dims)
	for unit := range slices.Chunk(indexertest.Clustered(2, 20, dims), dims) {
		for _, length := range []float32{1, 1e-3, 1e3, 1e-19, 1e-25, 1e-38, 3e-39, 1e-39, 3e-40, 1e-43, 1e19, 1e25, 1e37} {
			q := make([]float32, dims)
			for i, v := range unit {
				q[i] = v * length
			}
			same(t, exact, int8s, q, 20, nil)
		}
	}
}

// Row 0 is the nearest only by what its rounded copy lacks; the query and the
// other rows are what their copies are.
func TestInt8RowThatLosesMost(t *testing.T) {
	const n, dims = 40, 96
	vecs := make([]float32, n*dims)
	for row := range n {
		v := vecs[row*dims : (row+1)*dims]
		v[row] = 127
		if row > 0 {
			v[0] = 25
			vec.Normalize(v)
			continue
		}
		for i := 1; i < dims; i++ {
			v[i] = 0.49
		}
		vec.Normalize(v)
	}
	ones := slices.Repeat([]float32{1}, dims)
	exact, int8s := build(t, vecs, dims), buildInt8(t, vecs, dims)
	if hits, err := exact.Search(t.Context(), ones, 1, nil); err != nil || len(hits) != 1 || hits[0].Row != 0 {
		t.Fatalf("the nearest is %v, error %v, want row 0", hits, err)
	}
	same(t, exact, int8s, ones, 1, nil)
}

func TestInt8EqualsIndexProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dims := rapid.IntRange(1, 80).Draw(rt, "dims")
		n := rapid.IntRange(0, 60).Draw(rt, "rows")
		value := rapid.Float32Range(-1, 1)
		if rapid.Bool().Draw(rt, "coarse") { // many ties
			value = rapid.Map(rapid.IntRange(-1, 1), func(i int) float32 { return float32(i) })
		}
		vecs := rapid.SliceOfN(value, n*dims, n*dims).Draw(rt, "vecs")
		for row := range slices.Chunk(vecs, dims) {
			vec.Normalize(row)
		}
		q := rapid.SliceOfN(value, dims, dims).Draw(rt, "query")
		k := rapid.IntRange(1, 70).Draw(rt, "k")
		exact, err := flat.New(vecs, dims)
		if err != nil {
			rt.Fatal(err)
		}
		int8s, err := flat.NewInt8(vecs, dims)
		if err != nil {
			rt.Fatal(err)
		}
		same(t, exact, int8s, q, k, nil)
	})
}

func TestNewRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		vecs []float32
		dims int
		want error
	}{
		{"no dims", nil, 0, indexer.ErrDims},
		{"part of a row", []float32{1, 0, 1}, 2, indexer.ErrDims},
		{"NaN", []float32{1, nan}, 2, indexer.ErrRow},
		{"not of unit length", []float32{1, 1}, 2, indexer.ErrRow},
	} {
		if _, err := flat.New(c.vecs, c.dims); !errors.Is(err, c.want) {
			t.Errorf("%s: New gives %v, want %v", c.name, err, c.want)
		}
		if _, err := flat.NewInt8(c.vecs, c.dims); !errors.Is(err, c.want) {
			t.Errorf("%s: NewInt8 gives %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := flat.NewInt8(nil, vec.MaxI8+1); !errors.Is(err, indexer.ErrDims) {
		t.Errorf("dims beyond what a sum of bytes holds: %v, want ErrDims", err)
	}
}

// Scratch is used again: a search without a pool allocates some 20 times. (The
// race detector makes the pool drop some of what it is given, hence not 1.)
func TestSearchAllocatesLittle(t *testing.T) {
	const n, dims = 2000, 32
	vecs := indexertest.Clustered(1, n, dims)
	for _, ix := range []indexer.Index{build(t, vecs, dims), buildInt8(t, vecs, dims)} {
		got := testing.AllocsPerRun(200, func() {
			if _, err := ix.Search(t.Context(), vecs[:dims], 100, nil); err != nil {
				t.Fatal(err)
			}
		})
		if got >= 8 {
			t.Errorf("%T: %v allocations a search, want fewer than 8", ix, got)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	for name, build := range map[string]func(vecs []float32, dims int) (indexer.Index, error){
		"flat": func(vecs []float32, dims int) (indexer.Index, error) { return flat.New(vecs, dims) },
		"int8": func(vecs []float32, dims int) (indexer.Index, error) { return flat.NewInt8(vecs, dims) },
		"vek":  newVek,
	} {
		indexertest.Benchmark(b, name, 27000, 384, func(b *testing.B, vecs []float32, dims int) indexer.Index {
			ix, err := build(vecs, dims)
			if err != nil {
				b.Fatal(err)
			}
			return ix
		})
	}
}
