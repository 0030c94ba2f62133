package neural

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// plain is the network and its loss in float64, written down a second time.
type plain struct {
	width                 int
	in, hidden, out, bias []float64
}

func plainOf(w *weights) *plain {
	wide := func(x []float32) []float64 {
		out := make([]float64, len(x))
		for i, v := range x {
			out[i] = float64(v)
		}
		return out
	}
	return &plain{w.width, wide(w.in), wide(w.hidden), wide(w.out), wide(w.bias)}
}

func (p *plain) score(h []float64, movie uint32) float64 {
	s := p.bias[movie]
	for j, v := range h {
		s += v * p.out[int(movie)*p.width+j]
	}
	return s
}

func (p *plain) loss(samples []sample, c *columns) float64 {
	var total float64
	for _, s := range samples {
		h := slices.Clone(p.hidden)
		for _, e := range s.shown {
			for j := range h {
				h[j] += float64(e.weight) * p.in[int(e.movie)*p.width+j]
			}
		}
		for j := range h {
			h[j] = math.Tanh(h[j])
		}
		var sum, target float64
		for i, m := range c.movies {
			if slices.Contains(s.watched, m) {
				continue
			}
			adjust := 0.0
			if c.adjust != nil {
				adjust = float64(c.adjust[i])
			}
			sum += math.Exp(p.score(h, m) + adjust)
		}
		for _, e := range s.hidden {
			sum += math.Exp(p.score(h, e.movie))
			target += float64(e.weight) * p.score(h, e.movie)
		}
		if s.weight > 0 {
			total += float64(s.weight) * (math.Log(sum) - target)
		}
	}
	return total / float64(len(samples))
}

const testMovies, testWidth = 150, 37

// gradientCase is a batch with all that can happen: a person with nothing to find,
// one who is shown nothing, one movie shown to several.
func gradientCase() (*weights, []sample) {
	rng := rand.New(rand.NewPCG(3, 4))
	w := newWeights(testMovies, testWidth)
	for _, part := range [][]float32{w.in, w.hidden, w.out, w.bias} {
		for i := range part {
			part[i] = float32(rng.NormFloat64()) * 0.7
		}
	}
	samples := make([]sample, 20)
	for i := range samples {
		s := &samples[i]
		s.weight = 0.5 + rng.Float32()
		for k, m := range rng.Perm(testMovies)[:4+rng.IntN(8)] {
			c := cell{uint32(m), 0.1 + rng.Float32()}
			s.watched = append(s.watched, c.movie)
			if k%3 == 0 {
				s.hidden = append(s.hidden, c)
			} else {
				s.shown = append(s.shown, c)
			}
		}
		var sum float32
		for _, c := range s.hidden {
			sum += c.weight
		}
		for k := range s.hidden {
			s.hidden[k].weight /= sum
		}
	}
	samples[2].hidden, samples[2].weight = nil, 0
	samples[5].shown = nil
	return w, samples
}

func drawnColumns() *columns {
	watchers := make([]uint32, testMovies)
	for m := range watchers {
		watchers[m] = uint32(m * m / 50)
	}
	c := DefaultConfig()
	c.Negatives, c.FullLimit, c.NegativeCorrection = 60, 0, 0.7
	cols := noColumns(testMovies)
	newDrawer(watchers, c).draw(rand.New(rand.NewPCG(5, 6)), cols)
	return cols
}

// TestGradient compares the gradient of every weight with the difference of two
// losses in float64.
func TestGradient(t *testing.T) {
	for name, cols := range map[string]*columns{"all": allColumns(testMovies), "drawn": drawnColumns()} {
		w, samples := gradientCase()
		got := newWeights(testMovies, testWidth)
		var mu sync.Mutex
		told := map[[2]int]bool{}
		s := step{w: w, samples: samples, columns: cols}
		loss := s.run(func(g group, row int, gradient []float32) {
			mu.Lock()
			defer mu.Unlock()
			if told[[2]int{int(g), row}] {
				t.Errorf("%s: row %d of group %d was told twice", name, row, g)
			}
			told[[2]int{int(g), row}] = true
			switch g {
			case groupIn:
				copy(got.inRow(uint32(row)), gradient)
			case groupHidden:
				copy(got.hidden, gradient)
			case groupOut:
				copy(got.outRow(uint32(row)), gradient)
			case groupBias:
				got.bias[row] = gradient[0]
			}
		})
		p := plainOf(w)
		if want := p.loss(samples, cols); math.Abs(loss-want) > 1e-5*want {
			t.Errorf("%s: loss %v, want %v", name, loss, want)
		}
		for part, pair := range map[string]struct {
			x   []float64
			got []float32
		}{"in": {p.in, got.in}, "hidden": {p.hidden, got.hidden}, "out": {p.out, got.out}, "bias": {p.bias, got.bias}} {
			worst := 0.0
			stride := max(1, len(pair.x)/100)
			for i := 0; i < len(pair.x); i += stride {
				const eps = 1e-5
				was := pair.x[i]
				pair.x[i] = was + eps
				up := p.loss(samples, cols)
				pair.x[i] = was - eps
				down := p.loss(samples, cols)
				pair.x[i] = was
				want := (up - down) / (2 * eps)
				worst = max(worst, math.Abs(want-float64(pair.got[i])))
			}
			if worst > 1e-6 {
				t.Errorf("%s: gradient of %s is off by %v", name, part, worst)
			}
		}
	}
}

// A draw with full correction gives the sum over all movies on average; without
// it, the movies that are drawn more count more.
func TestDrawIsUnbiased(t *testing.T) {
	watchers := []uint32{0, 1, 2, 5, 10, 50, 100, 1, 1, 3}
	score := []float64{9, 1, 2, 0.5, 1, 2, 3, 1.5, 0.1, 1}
	want := 0.0
	for m, s := range score {
		if watchers[m] > 0 {
			want += math.Exp(s)
		}
	}
	mean := func(correction float64) float64 {
		c := DefaultConfig()
		c.Negatives, c.FullLimit, c.NegativePower, c.NegativeCorrection = 20, 0, 0.75, correction
		d, cols, rng := newDrawer(watchers, c), noColumns(len(watchers)), rand.New(rand.NewPCG(1, 2))
		sum := 0.0
		for range 4000 {
			d.draw(rng, cols)
			for i, m := range cols.movies {
				sum += math.Exp(score[m] + float64(cols.adjust[i]))
				if cols.place[m] != int32(i) || watchers[m] == 0 {
					t.Fatalf("movie %d at %d has place %d and %d watchers", m, i, cols.place[m], watchers[m])
				}
			}
		}
		return sum / 4000
	}
	if got := mean(1); math.Abs(got-want) > 0.02*want {
		t.Errorf("mean sum %.3f, want %.3f", got, want)
	}
	if got := mean(0); got < 1.3*want { // the popular have the high scores here
		t.Errorf("mean sum %.3f without correction, want well above %.3f", got, want)
	}
}

// Adam against the formulas of its paper, by hand, for two steps.
func TestAdam(t *testing.T) {
	c := Config{LearningRate: 0.1, Decay: 0.5}
	a, w := newAdam(3), []float32{1}
	pace, _ := paceAt(c, 1)
	a.update(pace, 2, w, []float32{2})
	// m = 0.2, v = 0.004; corrected 2 and 4: a step of 0.1, and a decay of 0.05
	if math.Abs(float64(w[0])-0.85) > 1e-6 {
		t.Errorf("%v after one step, want 0.85", w[0])
	}
	pace, _ = paceAt(c, 2)
	a.update(pace, 2, w, []float32{-1})
	// m = 0.08, v = 0.004996; corrected 0.4210526 and 2.4992496
	if want := 0.85*0.95 - 0.1*0.4210526/math.Sqrt(2.4992496); math.Abs(float64(w[0])-want) > 1e-6 {
		t.Errorf("%v after two steps, want %v", w[0], want)
	}
	if a.first[0] != 0 || a.second[1] != 0 {
		t.Error("moments of other weights moved")
	}
}
