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

// learn returns weights whose lists cover what they are to cover, as far as that
// leaves them as good as the best part on the people they are learned from: what is
// lost beyond that goes back, by steps, to the weights that look at nothing but
// NDCG.
func (f *fit) learn(ctx context.Context, c Config) (point, error) {
	wide, err := f.bagged(ctx, c)
	if err != nil {
		return point{}, err
	}
	s := f.search(c)
	wide = s.prune(s.lift(wide))
	best, ndcg := f.bestPart(s)
	if s.judge(wide).ndcg >= ndcg {
		return wide, nil
	}
	c.Cover = 0
	narrow, err := f.bagged(ctx, c)
	if err != nil {
		return point{}, err
	}
	for _, t := range []float64{0.75, 0.5, 0.25, 0} {
		if x := mix(wide, narrow, t); s.judge(x).ndcg >= ndcg {
			return x, nil
		}
	}
	return best, nil
}

// mix returns t of a and the rest of b.
func mix(a, b point, t float64) point {
	x := point{weights: make([]float64, len(a.weights)), tail: t*a.tail + (1-t)*b.tail}
	for i := range x.weights {
		x.weights[i] = t*a.weights[i] + (1-t)*b.weights[i]
	}
	return x
}

// bestPart returns the part that alone has the highest NDCG.
func (f *fit) bestPart(s *search) (best point, ndcg float64) {
	ndcg = math.Inf(-1)
	for p := range f.parts {
		x := point{weights: f.alone(p)}
		if j := s.judge(x); j.ndcg > ndcg {
			best, ndcg = x, j.ndcg
		}
	}
	return best, ndcg
}

// bagged returns the mean of the points to which searches climb. Each search is over
// half of the people, drawn anew, and each half is climbed from three starts: the
// pairwise model, equal weights, and the best part alone. The top of one climb
// follows the luck of its people; their mean does less so (Breiman, "Bagging
// predictors", 1996).
func (f *fit) bagged(ctx context.Context, c Config) (point, error) {
	mean := point{weights: make([]float64, f.parts)}
	rng := rand.New(rand.NewPCG(c.Seed, 3))
	climbs := 0
	for range c.Bags {
		half := f
		if c.Bags > 1 {
			half = f.half(rng)
		}
		s := half.search(c)
		starts, err := half.starts(ctx, c, s)
		if err != nil {
			return point{}, err
		}
		for _, start := range starts {
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
	return mean, nil
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
func (f *fit) starts(ctx context.Context, c Config, s *search) ([]point, error) {
	learned, err := f.pairwise(ctx, c)
	if err != nil {
		return nil, err
	}
	best, _ := f.bestPart(s)
	return []point{{weights: learned}, {weights: unit(make([]float64, f.parts))}, best}, nil
}

// alone are the weights of one part.
func (f *fit) alone(p int) []float64 {
	w := make([]float64, f.parts)
	w[p] = 1
	return w
}

// maxPairs bounds the pairs that weights are learned from: beyond, fewer are drawn
// for each movie, and then of every so-manieth movie.
const maxPairs = 500_000

// pairs returns, [pairs x parts], what the parts say of a movie that was watched less
// what they say of one that was not, of all people: each watched candidate beside
// some that were not.
func (f *fit) pairs(c Config) []float32 {
	watched := 0
	for _, p := range f.people {
		for _, w := range p.wanted {
			if w {
				watched++
			}
		}
	}
	each := max(1, min(c.Negatives, maxPairs/max(1, watched)))
	every := (watched*each + maxPairs - 1) / maxPairs
	out := make([]float32, 0, min(maxPairs, watched*each)*f.parts)
	rng := rand.New(rand.NewPCG(c.Seed, 2))
	n := 0
	for _, p := range f.people {
		not := p.unwatched()
		for i, w := range p.wanted {
			if !w || len(not) == 0 {
				continue
			}
			if n++; n%every != 0 {
				continue
			}
			for range each {
				out = f.difference(out, p, i, not[rng.IntN(len(not))])
			}
		}
	}
	return out
}

// unwatched returns the candidates that are not in the truth.
func (p *person) unwatched() []int {
	var not []int
	for i, w := range p.wanted {
		if !w {
			not = append(not, i)
		}
	}
	return not
}

// difference appends candidate a less candidate b. What a part does not know is taken
// as its mean over all movies, 0.
func (f *fit) difference(out []float32, p person, a, b int) []float32 {
	for i := range f.parts {
		out = append(out, orZero(p.features[a*f.parts+i])-orZero(p.features[b*f.parts+i]))
	}
	return out
}

func orZero(v float32) float32 {
	if v != v {
		return 0
	}
	return v
}

// pairwise minimises the mean of log(1+exp(-w·d)) over pairs d plus L2*|w|^2,
// under w >= 0, one weight at a time by Newton steps. It returns weights that add
// up to 1, all alike if there is nothing to learn from.
func (f *fit) pairwise(ctx context.Context, c Config) ([]float64, error) {
	pairs := f.pairs(c)
	w := make([]float64, f.parts)
	margins := make([]float64, len(pairs)/f.parts)
	const rounds = 100
	for range rounds {
		moved := 0.0
		for j := range w {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			step := newton(pairs, margins, f.parts, j, w[j], c.L2)
			w[j] += step
			for i := range margins {
				margins[i] += step * float64(pairs[i*f.parts+j])
			}
			moved = max(moved, math.Abs(step))
		}
		if moved < 1e-5 {
			break
		}
	}
	return unit(w), nil
}

// newton returns the step of weight j, at most 1 either way: the curve is that of
// here, not of there.
func newton(pairs []float32, margins []float64, parts, j int, w, l2 float64) float64 {
	gradient, curve := 2*l2*w, 2*l2+1e-12
	for i, m := range margins {
		d := float64(pairs[i*parts+j])
		p := 1 / (1 + math.Exp(m))
		gradient -= p * d / float64(len(margins))
		curve += p * (1 - p) * d * d / float64(len(margins))
	}
	return max(-1, min(1, max(0, w-gradient/curve)-w))
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
