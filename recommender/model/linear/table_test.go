package linear_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/recommender/model/linear"
)

// leaning returns rows, [n x dims], that spread along few directions and lie far from 0,
// and biases, some of them NaN.
func leaning(r *rand.Rand, n, dims int) (rows, biases []float32) {
	directions, centre := random(r, 3*dims, 1), random(r, dims, 2)
	rows, biases = random(r, n*dims, 0.05), random(r, n, 1)
	for i := range n {
		for k, by := range random(r, 3, 1) {
			for j := range dims {
				rows[i*dims+j] += by * directions[k*dims+j]
			}
		}
		for j, v := range centre {
			rows[i*dims+j] += v
		}
		if i%7 == 3 {
			biases[i] = float32(math.NaN())
		}
	}
	return rows, biases
}

// What a table says of a person is near to what the rows say, of all movies and of later
// ones, and its moments are those of the scores.
func TestTable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dims := rapid.SampledFrom([]int{1, 2, 8, 30, 64, 100, 300}).Draw(rt, "dims")
		n, later := rapid.IntRange(1, 1200).Draw(rt, "movies"), rapid.IntRange(0, 3).Draw(rt, "later")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		rows, biases := leaning(r, n+later, dims)
		table := linear.Turned(rows[:n*dims], dims, biases[:n])
		table = table.Extend(rows[n*dims:], biases[n:])
		if table.Len() != n+later {
			rt.Fatalf("%d rows, want %d", table.Len(), n+later)
		}
		x, turned := random(r, dims, 0.3), make([]float32, dims)
		table.Turn(turned, x)
		var p linear.Person
		p.Make(table, turned, 2, 0.75)
		movies, got := make([]uint32, n+later), make([]float32, n+later)
		for i := range movies {
			movies[i] = uint32(i)
		}
		p.ScoreRows(movies, got)
		var count, sum, squares float64
		for i, b := range biases {
			if math.IsNaN(float64(b)) {
				if got[i] == got[i] {
					rt.Fatalf("movie %d is scored %v, want NaN", i, got[i])
				}
				continue
			}
			want, size := float64(b)+0.75, 1.0
			for j, v := range rows[i*dims : (i+1)*dims] {
				want += 2 * float64(v) * float64(x[j])
				size += math.Abs(2 * float64(v) * float64(x[j]))
			}
			if !(math.Abs(float64(got[i])-want) <= 4e-3*size) {
				rt.Fatalf("movie %d of %d x %d is scored %v, want %v", i, n, dims, got[i], want)
			}
			if i < n {
				count, sum, squares = count+1, sum+want, squares+want*want
			}
		}
		m := p.Moments()
		if m.N != count || !(math.Abs(m.Sum-sum) <= 1e-4*(1+math.Sqrt(squares*count))) || !(math.Abs(m.Squares-squares) <= 1e-4*(1+squares)) {
			rt.Fatalf("moments %v, want %v, %v, %v", m, count, sum, squares)
		}
	})
}

// Rows that are read are those that were packed, along the axes; of a plain table they
// can be added up as they came.
func TestTableRead(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	const dims, n = 30, 200
	rows, biases := leaning(r, n, dims)
	table := linear.Turned(rows, dims, biases)
	movies := []uint32{7, 0, 199, 7}
	got := table.Read(nil, movies)
	if len(got) != len(movies)*dims {
		t.Fatalf("%d values, want %d", len(got), len(movies)*dims)
	}
	plain := linear.Plain(rows, dims)
	sum, weights := make([]float32, plain.Room()), []float32{1, -2, 0.5, 3}
	plain.Add(sum, movies, weights)
	along := table.Plain(rows)
	turnedSum := make([]float32, along.Room())
	along.Add(turnedSum, movies, weights)
	want, wantSum := make([]float32, dims), make([]float32, dims)
	for i, movie := range movies {
		row := rows[int(movie)*dims:][:dims]
		table.Turn(want, row)
		for j, v := range want {
			wantAbout(t, "a value", got[i*dims+j], v)
		}
		for j, v := range row {
			wantSum[j] += weights[i] * v
		}
	}
	table.Turn(want, wantSum)
	for j := range dims {
		wantAbout(t, "a sum", sum[j], wantSum[j])
		wantAbout(t, "a sum along the axes", turnedSum[j], want[j])
	}
	if b := table.Bias(4); b != biases[4] {
		t.Errorf("bias %v, want %v", b, biases[4])
	}
}

func wantAbout(t *testing.T, what string, got, want float32) {
	t.Helper()
	if !(math.Abs(float64(got-want)) <= 0.15) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// Axes are orthonormal, the one of the largest value first; of too many dims there are
// none.
func TestAxes(t *testing.T) {
	axes, values := linear.Axes([]float32{2, 1, 1, 2}, 2)
	if !(math.Abs(float64(values[0]-3)) < 1e-6 && math.Abs(float64(values[1]-1)) < 1e-6) {
		t.Errorf("values %v, want 3 and 1", values)
	}
	for i := range 2 {
		for j := range 2 {
			want := 0.0
			if i == j {
				want = 1
			}
			if got := axes[2*i]*axes[2*j] + axes[2*i+1]*axes[2*j+1]; !(math.Abs(float64(got)-want) < 1e-6) {
				t.Errorf("axes %d and %d multiply to %v, want %v", i, j, got, want)
			}
		}
	}
	if axes, values = linear.Axes(make([]float32, 300*300), 300); axes != nil || values != nil {
		t.Error("axes of 300 dims, want none")
	}
}

// A table is the same on any number of processors.
func TestTableSameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	const dims, n = 20, 5000
	rows, biases := leaning(r, n, dims)
	x, movies := random(r, dims, 1), make([]uint32, n)
	for i := range movies {
		movies[i] = uint32(i)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first []uint32
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		var p linear.Person
		p.Make(linear.Turned(rows, dims, biases), x, 1, 0)
		scores, bits := make([]float32, n), make([]uint32, n)
		p.ScoreRows(movies, scores)
		for i, s := range scores {
			bits[i] = math.Float32bits(s)
		}
		if first == nil {
			first = bits
		}
		if !slices.Equal(bits, first) {
			t.Errorf("%d processors score otherwise than 1", procs)
		}
	}
}
