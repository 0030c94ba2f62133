package blend

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// learn returns weights: those of the pairwise model, moved to where NDCG is
// highest. A part that alone does better than that gets all the weight.
func (f *fit) learn(ctx context.Context, c Config) ([]float64, error) {
	start := f.pairwise(c)
	best, score := start, f.ndcg(start, c.Cutoff)
	for p := range f.parts {
		alone := make([]float64, f.parts)
		alone[p] = 1
		if s := f.ndcg(alone, c.Cutoff); s > score {
			best, score = alone, s
		}
	}
	return f.climb(ctx, best, c.Cutoff)
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

// climb moves one weight at a time while that raises NDCG.
func (f *fit) climb(ctx context.Context, w []float64, k int) ([]float64, error) {
	score := f.ndcg(w, k)
	for range 10 {
		before := score
		for j := range w {
			for _, factor := range []float64{0, 0.5, 0.8, 1.25, 2} {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				try := slices.Clone(w)
				try[j] *= factor
				if w[j] == 0 {
					try[j] = 0.05 * (factor + 0.2)
				}
				try = unit(try)
				if s := f.ndcg(try, k); s > score+1e-6 {
					w, score = try, s
				}
			}
		}
		if score < before+1e-4 {
			break
		}
	}
	return w, nil
}

// ndcg is the mean NDCG@k of all people under these weights.
func (f *fit) ndcg(w []float64, k int) float64 {
	sum := 0.0
	for _, p := range f.people {
		sum += f.personNDCG(p, w, k)
	}
	return sum / float64(len(f.people))
}

func (f *fit) personNDCG(p person, w []float64, k int) float64 {
	type place struct {
		score float64
		at    int
	}
	places := make([]place, len(p.wanted))
	for i := range places {
		places[i] = place{f.mean(p.features[i*f.parts:(i+1)*f.parts], w), i}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.at, b.at)) })
	got, ideal := 0.0, 0.0
	for i, at := range places[:min(k, len(places))] {
		if p.wanted[at.at] {
			got += 1 / math.Log2(float64(i+2))
		}
	}
	for i := range min(k, p.truth) {
		ideal += 1 / math.Log2(float64(i+2))
	}
	return got / ideal
}

// mean is what [Model.mean] gives.
func (f *fit) mean(features []float32, w []float64) float64 {
	sum, have := 0.0, 0.0
	for i, v := range features {
		if v == v {
			sum += w[i] * float64(v)
			have += w[i]
		}
	}
	if have == 0 {
		return math.Inf(-1)
	}
	return sum / have
}
