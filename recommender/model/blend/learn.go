package blend

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// A point is what is searched for.
type point struct {
	weights []float64 // of the parts, adding up to 1
	tail    float64
}

// learn returns the mean of the points to which searches climb. Each search is over
// half of the people, drawn anew, and each half is climbed from three starts: the
// pairwise model, equal weights, and the best part alone. The top of one climb
// follows the luck of its people; their mean does less so (Breiman, "Bagging
// predictors", 1996).
func (f *fit) learn(ctx context.Context, c Config) (point, error) {
	mean := point{weights: make([]float64, f.parts)}
	rng := rand.New(rand.NewPCG(c.Seed, 3))
	climbs := 0
	for range c.Bags {
		half := f
		if c.Bags > 1 {
			half = f.half(rng)
		}
		s := half.search(c)
		for _, start := range half.starts(c, s) {
			top, err := s.climb(ctx, start)
			if err != nil {
				return point{}, err
			}
			for i, w := range top.weights {
				mean.weights[i] += w
			}
			mean.tail += top.tail
			climbs++
		}
	}
	mean.weights = unit(mean.weights)
	mean.tail /= float64(climbs)
	if mean.tail < tailStep/2 {
		mean.tail = 0 // not worth a pass over all movies
	}
	return f.search(c).lift(mean), nil
}

// tailStep is the finest step of a tail.
const tailStep = 0.025

// half returns half of the people of f.
func (f *fit) half(rng *rand.Rand) *fit {
	out := &fit{parts: f.parts, movies: f.movies}
	order := rng.Perm(len(f.people))[:(len(f.people)+1)/2]
	slices.Sort(order)
	for _, i := range order {
		out.people = append(out.people, f.people[i])
	}
	return out
}

// search returns the one that c asks for.
func (f *fit) search(c Config) *search {
	s := &search{fit: f, cutoff: c.Cutoff}
	if at := slices.Index(c.parts(), c.CoverAs); at >= 0 && c.Cover > 0 {
		s.floor = c.Cover * s.judge(point{weights: f.alone(at)}).coverage
	}
	return s
}

// starts returns where climbs begin.
func (f *fit) starts(c Config, s *search) []point {
	best, worth := point{weights: f.alone(0)}, math.Inf(-1)
	for p := range f.parts {
		x := point{weights: f.alone(p)}
		if w := s.worth(x); w > worth {
			best, worth = x, w
		}
	}
	return []point{{weights: f.pairwise(c)}, {weights: unit(make([]float64, f.parts))}, best}
}

// alone are the weights of one part.
func (f *fit) alone(p int) []float64 {
	w := make([]float64, f.parts)
	w[p] = 1
	return w
}

// A pair is the difference of what the parts say of a movie that was watched and
// of one that was not.
type pair []float64

// pairs returns those of all people: each watched candidate beside some that were
// not.
func (f *fit) pairs(c Config) []pair {
	var out []pair
	rng := rand.New(rand.NewPCG(c.Seed, 2))
	for _, p := range f.people {
		var not []int
		for i, w := range p.wanted {
			if !w {
				not = append(not, i)
			}
		}
		if len(not) == 0 {
			continue
		}
		for i, w := range p.wanted {
			if !w {
				continue
			}
			for range c.Negatives {
				out = append(out, f.difference(p, i, not[rng.IntN(len(not))]))
			}
		}
	}
	return out
}

// difference sets candidate a beside b. What a part does not know is taken as its
// mean over all movies, 0.
func (f *fit) difference(p person, a, b int) pair {
	d := make(pair, f.parts)
	for i := range d {
		d[i] = orZero(p.features[a*f.parts+i]) - orZero(p.features[b*f.parts+i])
	}
	return d
}

func orZero(v float32) float64 {
	if v != v {
		return 0
	}
	return float64(v)
}

// pairwise minimises the mean of log(1+exp(-w·d)) over pairs d plus L2*|w|^2,
// under w >= 0, one weight at a time by Newton steps. It returns weights that add
// up to 1, all alike if there is nothing to learn from.
func (f *fit) pairwise(c Config) []float64 {
	pairs := f.pairs(c)
	w := make([]float64, f.parts)
	margins := make([]float64, len(pairs))
	const rounds = 100
	for range rounds {
		moved := 0.0
		for j := range w {
			gradient, curve := 2*c.L2*w[j], 2*c.L2+1e-12
			for i, d := range pairs {
				p := 1 / (1 + math.Exp(margins[i]))
				gradient -= p * d[j] / float64(len(pairs))
				curve += p * (1 - p) * d[j] * d[j] / float64(len(pairs))
			}
			step := max(0, w[j]-gradient/curve) - w[j]
			step = max(-1, min(1, step)) // the curve is that of here, not of there
			w[j] += step
			for i, d := range pairs {
				margins[i] += step * d[j]
			}
			moved = max(moved, math.Abs(step))
		}
		if moved < 1e-5 {
			break
		}
	}
	return unit(w)
}

// unit returns w with a sum of 1.
func unit(w []float64) []float64 {
	sum := 0.0
	for _, v := range w {
		sum += v
	}
	out := make([]float64, len(w))
	for i, v := range w {
		if out[i] = v / sum; sum == 0 {
			out[i] = 1 / float64(len(w))
		}
	}
	return out
}
