package linear_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"marquee/recommender/model/linear"
)

func random(r *rand.Rand, n int, size float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(size * r.NormFloat64())
	}
	return out
}

func wantNear(t *testing.T, what string, got, want, size float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-5*size) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The moments are those of the scores, also where the scores lie close together far
// from 0, as ratings do.
func TestStatistics(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, dims := range []int{1, 7, 32} {
		for _, movies := range []int{0, 1, 3, 700, 1500} {
			rows, biases := random(r, movies*dims, 0.1), random(r, movies, 0.2)
			for i := range biases {
				biases[i] += 3
				if i%5 == 2 {
					biases[i] = float32(math.NaN())
				}
			}
			x := random(r, dims, 0.3)
			var n, sum, centred float64
			var scores []float64
			for i, b := range biases {
				if b == b {
					score := float64(b) + 0.5
					for j, v := range x {
						score += float64(v) * float64(rows[i*dims+j])
					}
					scores = append(scores, score)
					sum += score
					n++
				}
			}
			for _, s := range scores {
				centred += (s - sum/n) * (s - sum/n)
			}
			got := linear.Measure(rows, dims, biases).Of(x, 0.5, make([]float32, dims))
			if got.N != n {
				t.Errorf("%d x %d: %v scores, want %v", movies, dims, got.N, n)
			}
			wantNear(t, "sum", got.Sum, sum, 1+math.Abs(sum))
			if n > 0 {
				wantNear(t, "variance", got.Squares-got.Sum*got.Sum/n, centred, 1+centred)
			}
		}
	}
}

// The solution is what a factorisation of the normal equations gives.
func TestRidge(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	const dims = 24
	s := linear.NewRidge(dims)
	for _, n := range []int{0, 1, 5, 20, 200} {
		for _, intercept := range []float32{0, 0.5, 20} {
			h := linear.History{Rows: random(r, n*dims, 0.5), Targets: random(r, n, 1), Intercept: intercept}
			for range n {
				h.Weights = append(h.Weights, 1+5*r.Float32())
			}
			penalties, scale := make([]float32, dims), make([]float32, dims)
			for j := range dims {
				penalties[j] = float32(math.Exp(float64(j % 7)))
			}
			want := dense(t, h, penalties)
			linear.Even(scale, penalties)
			for i := range h.Rows {
				h.Rows[i] *= scale[i%dims]
			}
			h.Penalty = 1
			s.Solve(h)
			for j, v := range s.X {
				wantNear(t, "x", float64(v*scale[j]), want[j], 10)
			}
			wantNear(t, "intercept", float64(s.Intercept), want[dims], 10)
			h.Rows, h.Penalty = random(r, n*dims, 0.5), 3
			s.Solve(h)
			for j, v := range dense(t, h, slices.Repeat([]float32{3}, dims))[:dims] {
				wantNear(t, "x of one penalty", float64(s.X[j]), v, 10)
			}
		}
	}
}

// dense solves with gonum: the intercept is a column of ones.
func dense(t *testing.T, h linear.History, penalties []float32) []float64 {
	t.Helper()
	dims := len(penalties)
	n := dims + 1
	a, b := mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	for j, d := range penalties {
		a.Set(j, j, float64(d))
	}
	a.Set(dims, dims, float64(h.Intercept))
	if h.Intercept == 0 {
		a.Set(dims, dims, 1)
	}
	for i := range h.Weights {
		v := mat.NewVecDense(n, nil)
		for j, x := range h.Rows[i*dims:][:dims] {
			v.SetVec(j, float64(x))
		}
		if h.Intercept > 0 {
			v.SetVec(dims, 1)
		}
		a.RankOne(a, float64(h.Weights[i]), v, v)
		b.AddScaledVec(b, float64(h.Targets[i]), v)
	}
	var x mat.VecDense
	if err := x.SolveVec(a, b); err != nil {
		t.Fatal(err)
	}
	return x.RawVector().Data
}

func TestScores(t *testing.T) {
	x, rows, later := []float32{1, 2}, []float32{1, 0, 0, 1, 1, 1}, []float32{2, 0, 0, 2}
	want := []float32{1, 2, 3, 2, 4}
	for _, picks := range [][]uint32{{}, {4}, {0, 3, 1}, {3, 4, 2, 2, 0, 1, 4, 3}} {
		got := make([]float32, len(picks))
		linear.Scores(got, x, rows, later, picks)
		for i, p := range picks {
			if got[i] != want[p] {
				t.Errorf("rows %v score %v, want %v of row %d", picks, got, want[p], p)
			}
		}
	}
	got := make([]float32, 2)
	if linear.Scores(got, x, rows, nil, []uint32{2, 1}); got[0] != 3 || got[1] != 2 {
		t.Errorf("without later ones: %v, want 3 and 2", got)
	}
}

func BenchmarkRidge(b *testing.B) {
	r := rand.New(rand.NewPCG(2, 1))
	const dims, n = 100, 20
	h := linear.History{Rows: random(r, n*dims, 0.5), Targets: random(r, n, 1), Penalty: 100}
	for range n {
		h.Weights = append(h.Weights, 1+5*r.Float32())
	}
	s := linear.NewRidge(dims)
	for b.Loop() {
		s.Solve(h)
	}
}
