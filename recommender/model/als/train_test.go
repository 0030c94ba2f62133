package als_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/als"
)

// randomMatrix has people of no values, of few, and of nearly all movies.
func randomMatrix(seed uint64, people, movies int) *als.Matrix {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := &als.Matrix{Columns: movies, Starts: []int64{0}}
	for i := range people {
		share := rng.Float64() * rng.Float64()
		for j := range movies {
			if i%7 != 3 && rng.Float64() < share {
				m.Cols, m.Values = append(m.Cols, uint32(j)), append(m.Values, float32(1+rng.IntN(5)))
			}
		}
		m.Starts = append(m.Starts, int64(len(m.Cols)))
	}
	return m
}

// objectives are the ways of writing the objective that there are.
func objectives() map[string]als.Config {
	plain, scaled := als.Implicit(6, 1), als.DefaultConfig()
	plain.Regularization = 0.3
	scaled.Dims, scaled.Regularization = 6, 0.02
	uneven := scaled
	uneven.Objective, uneven.Nu, uneven.Normalize, uneven.Unobserved = als.Plain, 0.5, false, 0.7
	return map[string]als.Config{"plain": plain, "scaled": scaled, "uneven": uneven}
}

func mustTrain(t *testing.T, m *als.Matrix, c als.Config) *als.Trainer {
	t.Helper()
	tr, err := als.TrainMatrix(t.Context(), m, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func mustLoss(t *testing.T, tr *als.Trainer) float64 {
	t.Helper()
	loss, err := tr.Loss(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

// written is the objective as its definition reads, pair by pair.
func written(m *als.Matrix, c als.Config, tr *als.Trainer) float64 {
	d, people := c.Dims, m.Rows()
	conf := make([]float64, people*m.Columns)
	observed := make([]bool, len(conf))
	counts := make([]float64, people+m.Columns)
	for i := range people {
		for at := m.Starts[i]; at < m.Starts[i+1]; at++ {
			conf[i*m.Columns+int(m.Cols[at])], observed[i*m.Columns+int(m.Cols[at])] = float64(m.Values[at]), true
			counts[i]++
			counts[people+int(m.Cols[at])]++
		}
	}
	total := 0.0
	for i, w := range conf {
		s := 0.0
		for k := range d {
			s += float64(tr.Users[i/m.Columns*d+k]) * float64(tr.Items[i%m.Columns*d+k])
		}
		if observed[i] {
			total += w * (1 - s) * (1 - s)
		}
		if !observed[i] || c.Objective == als.AllPairs {
			total += c.Unobserved * s * s
		}
	}
	var at1, atNu float64
	frequency := func(row int) float64 {
		if row < people {
			return counts[row] + c.Unobserved*float64(m.Columns)
		}
		return counts[row] + c.Unobserved*float64(people)
	}
	for row := range counts {
		at1, atNu = at1+frequency(row), atNu+math.Pow(frequency(row), c.Nu)
	}
	scale := 1.0
	if c.Normalize {
		scale = at1 / atNu
	}
	for row := range counts {
		x := tr.Users
		at := row
		if row >= people {
			x, at = tr.Items, row-people
		}
		for _, v := range x[at*d : (at+1)*d] {
			total += c.Regularization * scale * math.Pow(frequency(row), c.Nu) * float64(v) * float64(v)
		}
	}
	return total
}

func TestLossIsTheObjective(t *testing.T) {
	m := randomMatrix(1, 30, 20)
	for name, c := range objectives() {
		c.Sweeps = 3
		tr := mustTrain(t, m, c)
		if got, want := mustLoss(t, tr), written(m, c, tr); math.Abs(got-want) > 1e-4*want {
			t.Errorf("%s: loss %v, written out %v", name, got, want)
		}
	}
}

// Every way down ends in the same place: the loss never rises, and gradients of
// what was solved last vanish.
func TestSweepsDescend(t *testing.T) {
	m := randomMatrix(2, 60, 40)
	for name, c := range objectives() {
		ends := map[string]float64{}
		for _, solver := range []string{"cg", "block 4", "exact"} {
			c.Solver, c.Block, c.Sweeps = als.Block, map[string]int{"block 4": 4, "exact": 6}[solver], 300
			if solver == "cg" {
				c.Solver, c.Block = als.CG, 1
			}
			last := math.Inf(1)
			_, err := als.TrainMatrix(t.Context(), m, c, func(sweep int, tr *als.Trainer) error {
				loss := mustLoss(t, tr)
				if loss > last*(1+1e-5) {
					return fmt.Errorf("sweep %d: loss rose from %v to %v", sweep, last, loss)
				}
				last = loss
				return nil
			})
			if err != nil {
				t.Errorf("%s, %s: %v", name, solver, err)
			}
			ends[solver] = last
		}
		for solver, end := range ends {
			if math.Abs(end-ends["exact"]) > 0.002*end {
				t.Errorf("%s: %s ends at %v, exact at %v", name, solver, end, ends["exact"])
			}
		}
	}
}

// An exact sweep leaves each movie where its gradient is zero.
func TestExactSolves(t *testing.T) {
	m := randomMatrix(3, 40, 12)
	for name, c := range objectives() {
		c.Solver, c.Block, c.Sweeps = als.Block, c.Dims, 2
		tr := mustTrain(t, m, c)
		loss := written(m, c, tr)
		for i := range tr.Items {
			for _, by := range []float32{-0.01, 0.01} {
				was := tr.Items[i]
				tr.Items[i] += by
				if moved := written(m, c, tr); moved < loss {
					t.Fatalf("%s: factor %d moved by %v lessens the objective from %v to %v", name, i, by, loss, moved)
				}
				tr.Items[i] = was
			}
		}
	}
}

// As many steps of conjugate gradients as factors solve a row, but for rounding;
// steps along other directions do not.
func TestStepsSolve(t *testing.T) {
	m := randomMatrix(6, 40, 30)
	for name, c := range objectives() {
		sweep := func(c als.Config) []float32 {
			tr, err := als.NewTrainer(m, c)
			if err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 1))
			for i := range tr.Items { // far from each other: float32 is enough
				tr.Items[i] = float32(rng.NormFloat64())
			}
			if err := tr.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			return tr.Users
		}
		exactly, steps := c, c
		exactly.Solver, exactly.Block = als.Block, c.Dims
		steps.Solver, steps.Steps = als.CG, c.Dims
		want := sweep(exactly)
		for i, v := range sweep(steps) {
			if math.Abs(float64(v-want[i])) > 1e-3*(0.1+math.Abs(float64(want[i]))) {
				t.Fatalf("%s: factor %d is %v after %d steps, exactly %v", name, i, v, c.Dims, want[i])
			}
		}
	}
}

// One person, one movie, one factor, by hand: G = w*y², c = 3, so x = 3y/(w*y²+l+(3-w)*y²).
func TestByHand(t *testing.T) {
	m := &als.Matrix{Columns: 1, Starts: []int64{0, 1}, Cols: []uint32{0}, Values: []float32{3}}
	c := als.Implicit(1, 1)
	c.Regularization = 0.5
	for _, solver := range []string{als.CG, als.Block} {
		c.Solver = solver
		tr, err := als.NewTrainer(m, c)
		if err != nil {
			t.Fatal(err)
		}
		tr.Items[0] = 0.8
		if err := tr.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		x := 3 * 0.8 / (3*0.8*0.8 + 0.5)
		y := 3 * x / (3*x*x + 0.5)
		if math.Abs(float64(tr.Users[0])-x) > 1e-6 || math.Abs(float64(tr.Items[0])-y) > 1e-6 {
			t.Errorf("%s: factors %v and %v, want %v and %v", solver, tr.Users[0], tr.Items[0], x, y)
		}
	}
}

// Even people like even movies, odd people odd ones; each person's own number is
// held out and must come first among the unseen.
func TestTrainFindsHeldOut(t *testing.T) {
	const n = 50
	m := &als.Matrix{Columns: n, Starts: []int64{0}}
	for i := range n {
		for j := range n {
			if i%2 == j%2 && i != j {
				m.Cols, m.Values = append(m.Cols, uint32(j)), append(m.Values, 1)
			}
		}
		m.Starts = append(m.Starts, int64(len(m.Cols)))
	}
	c := als.DefaultConfig()
	c.Dims = 8
	tr := mustTrain(t, m, c)
	for i := range n {
		best, top := -1, float32(math.Inf(-1))
		for j := range n {
			s := vec.Dot(tr.Users[i*8:(i+1)*8], tr.Items[j*8:(j+1)*8])
			if (i%2 != j%2 || i == j) && s > top {
				best, top = j, s
			}
		}
		if best != i {
			t.Errorf("person %d: best unseen movie is %d, want %d", i, best, i)
		}
	}
}

// Blocks are many, so that goroutines share them differently each time.
func TestSameBitsAtAnyProcs(t *testing.T) {
	m := randomMatrix(4, 1500, 70)
	for _, solver := range []string{als.CG, als.Block} {
		c := als.DefaultConfig()
		c.Dims, c.Sweeps, c.Solver = 20, 2, solver
		want := mustTrain(t, m, c)
		loss := mustLoss(t, want)
		for _, procs := range []int{1, 2, 7} {
			old := runtime.GOMAXPROCS(procs)
			got := mustTrain(t, m, c)
			if !slices.Equal(got.Users, want.Users) || !slices.Equal(got.Items, want.Items) || mustLoss(t, got) != loss {
				t.Errorf("%s: GOMAXPROCS %d gives other factors", solver, procs)
			}
			runtime.GOMAXPROCS(old)
		}
	}
}

func TestTranspose(t *testing.T) {
	m := randomMatrix(5, 30, 20)
	tr := m.Transpose()
	if err := tr.Check(); err != nil {
		t.Fatal(err)
	}
	for i := range tr.Rows() {
		if cols := tr.Cols[tr.Starts[i]:tr.Starts[i+1]]; !slices.IsSorted(cols) {
			t.Errorf("columns of row %d do not ascend: %v", i, cols)
		}
	}
	back := tr.Transpose()
	if !slices.Equal(back.Starts, m.Starts) || !slices.Equal(back.Cols, m.Cols) || !slices.Equal(back.Values, m.Values) {
		t.Error("transposed twice, it is another matrix")
	}
}

func TestBadMatrix(t *testing.T) {
	for name, spoil := range map[string]func(m *als.Matrix){
		"no rows":     func(m *als.Matrix) { *m = als.Matrix{Columns: 3} },
		"no values":   func(m *als.Matrix) { *m = als.Matrix{Columns: 3, Starts: []int64{0, 0}} },
		"short":       func(m *als.Matrix) { m.Values = m.Values[1:] },
		"descending":  func(m *als.Matrix) { m.Starts[2], m.Starts[3] = m.Starts[3]+1, m.Starts[2] },
		"ends early":  func(m *als.Matrix) { m.Starts[len(m.Starts)-1]-- },
		"column":      func(m *als.Matrix) { m.Cols[7] = 20 },
		"NaN":         func(m *als.Matrix) { m.Values[7] = float32(math.NaN()) },
		"below zero":  func(m *als.Matrix) { m.Values[7] = -1 },
		"no columns":  func(m *als.Matrix) { m.Columns = 0 },
		"begins late": func(m *als.Matrix) { m.Starts[0] = 1 },
	} {
		m := randomMatrix(5, 30, 20)
		spoil(m)
		if _, err := als.NewTrainer(m, als.DefaultConfig()); !errors.Is(err, model.ErrData) {
			t.Errorf("%s: %v, want ErrData", name, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := als.TrainMatrix(ctx, randomMatrix(1, 30, 20), als.DefaultConfig(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	c := als.Config{Regularization: math.NaN(), Nu: -1, Objective: "other", Solver: "other"}
	err := c.Validate()
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, name := range []string{"dims", "sweeps", "steps", "block", "regularization", "nu", "objective", "solver", "debias_limit", "base"} {
		if !containsWord(err.Error(), name) {
			t.Errorf("no word of %s in %v", name, err)
		}
	}
	if err := als.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}
