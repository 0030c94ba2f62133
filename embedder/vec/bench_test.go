package vec_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/viterin/vek/vek32"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"marquee/embedder/vec"
)

// benchPaths runs f under every path of this machine and leaves the best in use.
func benchPaths(b *testing.B, name string, f func(b *testing.B)) {
	paths := vec.Paths()
	defer use(b, paths[len(paths)-1])
	for _, p := range paths {
		b.Run("impl="+p+"/"+name, func(b *testing.B) {
			use(b, p)
			f(b)
		})
	}
}

var sink float32

// BenchmarkDot: 16 rows in cache, one a turn.
func BenchmarkDot(b *testing.B) {
	const dims = 384
	x := random(rand.New(rand.NewPCG(1, 1)), 17*dims)
	run := func(dot func(a, b []float32) float32) func(b *testing.B) {
		return func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				o := (1 + i&15) * dims
				sink += dot(x[:dims], x[o:o+dims])
			}
		}
	}
	benchPaths(b, "dims=384", run(vec.Dot))
	b.Run("impl=vek/dims=384", run(vek32.Dot))
}

// BenchmarkDot4: four rows a turn.
func BenchmarkDot4(b *testing.B) {
	const dims = 384
	x := random(rand.New(rand.NewPCG(1, 1)), 17*dims)
	row := func(i int) []float32 { return x[i*dims : (i+1)*dims] }
	benchPaths(b, "dims=384", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			o := 1 + i&3*4
			d0, d1, d2, d3 := vec.Dot4(row(0), row(o), row(o+1), row(o+2), row(o+3))
			sink += d0 + d1 + d2 + d3
		}
	})
}

func BenchmarkDotI8(b *testing.B) {
	q, rows := make([]uint8, 384), make([]int8, 16*384)
	benchPaths(b, "dims=384", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			o := (i & 15) * 384
			sink += float32(vec.DotI8(q, rows[o:o+384]))
		}
	})
}

// BenchmarkDotI8Picks: a dozen rows of 100,000, as a step of a walk over a graph asks for.
func BenchmarkDotI8Picks(b *testing.B) {
	const dims, held, count = 384, 100_000, 12
	q, rows, dst := make([]int8, dims), make([]uint8, held*dims), make([]int32, count)
	r := rand.New(rand.NewPCG(1, 1))
	picks := make([]uint32, 1024*count)
	for i := range rows {
		rows[i] = uint8(i)
	}
	for i := range picks {
		picks[i] = uint32(r.IntN(held))
	}
	at := func(i int) []uint32 { return picks[i&1023*count:][:count] }
	benchPaths(b, "dims=384/at=once", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			vec.DotI8Picks(dst, q, rows, at(i))
		}
	})
	benchPaths(b, "dims=384/at=singly", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			for j, p := range at(i) {
				dst[j] = vec.DotI8(rows[p*dims:][:dims], q)
			}
		}
	})
}

// BenchmarkDotPicks: 300 rows of 27,000, other ones each turn.
func BenchmarkDotPicks(b *testing.B) {
	const held, count = 27_000, 300
	for _, dims := range []int{64, 100} {
		r := rand.New(rand.NewPCG(1, 1))
		q, rows, dst, picks := random(r, dims), random(r, held*dims), make([]float32, count), make([]uint32, 64*count)
		for i := range picks {
			picks[i] = uint32(r.IntN(held))
		}
		benchPaths(b, fmt.Sprintf("dims=%d", dims), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				vec.DotPicks(dst, q, rows, picks[i&63*count:][:count])
			}
		})
	}
}

func BenchmarkAxpy(b *testing.B) {
	x, y := make([]float32, 384), make([]float32, 384)
	benchPaths(b, "dims=384", func(b *testing.B) {
		for b.Loop() {
			vec.Axpy(0.5, x, y)
		}
	})
}

// BenchmarkMulPanels: layers of MiniLM, a short batch, and a block of an
// all-pairs table; gonum multiplies with two goroutines where it can.
func BenchmarkMulPanels(b *testing.B) {
	for _, s := range [][3]int{{48, 384, 1536}, {512, 384, 1536}, {512, 1536, 384}, {6, 384, 384}, {256, 384, 256}} {
		m, k, n := s[0], s[1], s[2]
		r := rand.New(rand.NewPCG(1, 1))
		a, w, c := random(r, m*k), random(r, n*k), make([]float32, m*n)
		panels := vec.PackPanels(w, k, n)
		shape := fmt.Sprintf("m=%d/k=%d/n=%d", m, k, n)
		rate := func(b *testing.B) {
			b.ReportMetric(2*float64(m)*float64(k)*float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		}
		benchPaths(b, shape, func(b *testing.B) {
			for b.Loop() {
				vec.MulPanels(c, n, a, k, panels, nil, m, k, n)
			}
			rate(b)
		})
		b.Run("impl=gonum/"+shape, func(b *testing.B) {
			for b.Loop() {
				gonum.Implementation{}.Sgemm(blas.NoTrans, blas.Trans, m, n, k, 1, a, k, w, k, 0, c, n)
			}
			rate(b)
		})
	}
}
