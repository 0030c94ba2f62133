package vec_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/embedder/vec"
)

// packedDims are lengths of rows with no second byte, some, and one for each value.
var packedDims = []int{1, 7, 15, 16, 17, 28, 50, 55, 56, 57, 64, 100, 119, 120, 121, 200, 1024}

// pack returns rows, [len(biases) x dims], packed, in memory that ends where they do.
func pack(rows []float32, dims int, biases []float32) vec.Packed {
	p := vec.NewPacked(make([]uint8, len(biases)*vec.PackedBytes(dims)), dims)
	for i, b := range biases {
		p.Set(i, rows[i*dims:(i+1)*dims], b)
	}
	return p
}

// step returns how far apart the values of a packed row lie.
func step(row []float32, dims int) float64 {
	one, two := 0.0, 0.0
	wide := min(dims, vec.PackedBytes(dims)-8-dims)
	for j, v := range row {
		if j < wide {
			two = max(two, math.Abs(float64(v)))
		} else {
			one = max(one, math.Abs(float64(v)))
		}
	}
	return max(one/127, two/2032)
}

// Scores are near to those of the rows, within what the bytes of rows and the 16 bits
// of the query are off, and the same to the bit on every path.
func TestPackedDots(t *testing.T) {
	const held = 11
	nan := float32(math.NaN())
	r := rand.New(rand.NewPCG(5, 6))
	for _, dims := range packedDims {
		rows, biases, x := random(r, held*dims), random(r, held), random(r, dims)
		for i := range min(dims, 5) {
			x[i] *= 7
			rows[4*dims+i] *= 20
		}
		clear(rows[3*dims : 4*dims])
		biases[5] = nan
		p := pack(rows, dims, biases)
		for count := range 22 {
			picks := make([]uint32, count)
			for i := range picks {
				picks[i] = uint32(r.IntN(held))
			}
			var first []float32
			eachPath(t, func(t *testing.T) {
				var q vec.PackedQuery
				p.Query(&q, x)
				got := slices.Repeat([]float32{guard}, count+2)
				p.Dots(got[1:count+1], &q, picks, 0.5)
				if got[0] != guard || got[count+1] != guard {
					t.Fatalf("%d rows of %d: a value beside the results was overwritten", count, dims)
				}
				for i, pick := range picks {
					wantPackedDot(t, x, rows[int(pick)*dims:][:dims], biases[pick]+0.5, got[i+1])
				}
				if first == nil {
					first = got
				}
				if !slices.EqualFunc(got, first, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b }) {
					t.Errorf("%d rows of %d: %v, on the first path %v", count, dims, got, first)
				}
			})
		}
	}
}

func wantPackedDot(t *testing.T, x, row []float32, bias, got float32) {
	t.Helper()
	if bias != bias {
		if got == got {
			t.Errorf("a row of bias NaN gives %v", got)
		}
		return
	}
	want, off, most := float64(bias), 1e-5, 0.0
	by := step(row, len(row))
	for j, v := range x {
		want += float64(v) * float64(row[j])
		off += math.Abs(float64(v))*by/2 + 1e-6*math.Abs(want)
		most = max(most, math.Abs(float64(v)))
	}
	off += float64(len(x)) * 16 * most / 32767 * by * 127 // the query's steps
	if !(math.Abs(float64(got)-want) <= off) {
		t.Errorf("%d values: %v, want %v within %v", len(x), got, want, off)
	}
}

// Rows that are read, one at a time or added up, are within half a step of what they
// were made of.
func TestPackedAdd(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			dims := rapid.SampledFrom(packedDims[:len(packedDims)-1]).Draw(rt, "dims")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
			const held = 9
			rows := random(r, held*dims)
			p := pack(rows, dims, make([]float32, held))
			picks := rapid.SliceOfN(rapid.Uint32Range(0, held-1), 0, 12).Draw(rt, "picks")
			weights := random(r, len(picks))
			sum := random(r, vec.PackedBytes(dims))
			want, off := make([]float64, dims), 1e-4
			for j := range want {
				want[j] = float64(sum[j])
			}
			for i, pick := range picks {
				row := rows[int(pick)*dims:][:dims]
				off += step(row, dims) / 2 * math.Abs(float64(weights[i]))
				for j, v := range row {
					want[j] += float64(weights[i]) * float64(v)
				}
			}
			p.Add(sum, picks, weights)
			for j, v := range want {
				if !(math.Abs(float64(sum[j])-v) <= off) {
					rt.Fatalf("value %d of %d, of %d rows: %v, want %v within %v", j, dims, len(picks), sum[j], v, off)
				}
			}
		})
	})
}

func TestPackedBias(t *testing.T) {
	p := pack([]float32{1, 2, 3, 4}, 2, []float32{5, -6})
	if p.Len() != 2 || p.Bias(0) != 5 || p.Bias(1) != -6 {
		t.Errorf("%d rows, biases %v and %v; want 2, 5 and -6", p.Len(), p.Bias(0), p.Bias(1))
	}
	if q := vec.NewPacked(p.Bytes(), 2); q.Bias(1) != -6 {
		t.Errorf("of the same bytes: bias %v, want -6", q.Bias(1))
	}
}

// A query that was used for other rows, and one of zeros, leave nothing behind.
func TestPackedQueryAgain(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		var q vec.PackedQuery
		for _, dims := range []int{100, 20, 100, 64} {
			rows := random(rand.New(rand.NewPCG(1, 1)), dims)
			p := pack(rows, dims, []float32{0.25})
			for _, x := range [][]float32{rows, make([]float32, dims)} {
				var fresh vec.PackedQuery
				p.Query(&fresh, x)
				p.Query(&q, x)
				a, b := make([]float32, 1), make([]float32, 1)
				p.Dots(a, &fresh, []uint32{0}, 0)
				p.Dots(b, &q, []uint32{0}, 0)
				if a[0] != b[0] || x[0] == 0 && a[0] != 0.25 {
					t.Errorf("%d values: %v after others, %v at first", dims, b[0], a[0])
				}
			}
		}
	})
}

func TestPackedPanics(t *testing.T) {
	p := pack(make([]float32, 30), 10, make([]float32, 3))
	var q vec.PackedQuery
	p.Query(&q, make([]float32, 10))
	room := make([]float32, vec.PackedBytes(10))
	for name, f := range map[string]func(){
		"no dims":        func() { vec.NewPacked(nil, 0) },
		"half a row":     func() { vec.NewPacked(make([]uint8, 65), 10) },
		"short row":      func() { p.Set(0, make([]float32, 9), 0) },
		"row outside":    func() { p.Set(3, make([]float32, 10), 0) },
		"short query":    func() { p.Query(&q, make([]float32, 9)) },
		"results":        func() { p.Dots(make([]float32, 2), &q, make([]uint32, 1), 0) },
		"other query":    func() { p.Dots(make([]float32, 1), &vec.PackedQuery{}, make([]uint32, 1), 0) },
		"none there":     func() { vec.NewPacked(nil, 10).Dots(make([]float32, 2), &q, make([]uint32, 2), 0) },
		"second outside": func() { p.Dots(make([]float32, 4), &q, []uint32{0, 3, 1, 1}, 0) },
		"pick outside":   func() { p.Dots(make([]float32, 1), &q, []uint32{3}, 0) },
		"short sum":      func() { p.Add(room[1:], []uint32{1}, []float32{1}) },
		"weights":        func() { p.Add(room, []uint32{1}, nil) },
		"added outside":  func() { p.Add(room, []uint32{3}, []float32{1}) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// BenchmarkPackedDots: 165 rows of 27,000, others each turn, and its rival in the same
// run. No cache holds the rows of several such matrices, here five in turn.
func BenchmarkPackedDots(b *testing.B) {
	const held, count, tables = 27_000, 165, 5
	for _, dims := range []int{50, 64, 100} {
		r := rand.New(rand.NewPCG(1, 1))
		x, dst, picks := random(r, dims), make([]float32, count), make([]uint32, 1024*count)
		for i := range picks {
			picks[i] = uint32(r.IntN(held))
		}
		var rows [tables][]float32
		var packed [tables]vec.Packed
		for t := range tables {
			rows[t] = random(r, held*dims)
			packed[t] = vec.NewPacked(make([]uint8, held*vec.PackedBytes(dims)), dims)
			for i := range held {
				packed[t].Set(i, rows[t][i*dims:][:dims], 0)
			}
		}
		var q vec.PackedQuery
		benchPaths(b, fmt.Sprintf("dims=%d/rows=bytes", dims), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				p := packed[i%tables]
				p.Query(&q, x)
				p.Dots(dst, &q, picks[i&1023*count:][:count], 0)
			}
		})
		benchPaths(b, fmt.Sprintf("dims=%d/rows=float32", dims), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				vec.DotPicks(dst, x, rows[i%tables], picks[i&1023*count:][:count])
			}
		})
		weights, sum := make([]float32, 20), make([]float32, vec.PackedBytes(dims))
		benchPaths(b, fmt.Sprintf("dims=%d/add=20", dims), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				packed[i%tables].Add(sum, picks[i&1023*count:][:20], weights)
			}
		})
		benchPaths(b, fmt.Sprintf("dims=%d/query", dims), func(b *testing.B) {
			for b.Loop() {
				packed[0].Query(&q, x)
			}
		})
	}
}
