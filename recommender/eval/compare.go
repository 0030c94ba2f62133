package eval

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/sync/errgroup"
)

// A Comparison sets one model against the baseline, person by person. Two
// intervals that overlap prove nothing; the interval of the difference does,
// since both models were judged on the same people.
type Comparison struct {
	Model    string                `json:"model"`
	Baseline string                `json:"baseline"`
	Metrics  map[string]Difference `json:"metrics"` // the means over people, by [MetricName]
}

// A Difference is model minus baseline.
type Difference struct {
	Estimate
	Helped float64 // share of people the model serves better
	Hurt   float64 // share of people it serves worse
	P      float64 // of the two-sided paired randomisation test; NaN without resamples
	PHolm  float64 // P corrected for the number of models compared
}

// compare returns a comparison of every other model with the baseline.
func (r *run) compare(ctx context.Context, models []Model, replicates []float64) ([]Comparison, error) {
	base := slices.IndexFunc(models, func(m Model) bool { return m.Name == r.cfg.Baseline })
	if base < 0 {
		return nil, nil
	}
	var out []Comparison
	for i, m := range models {
		if i == base {
			continue
		}
		p, err := r.randomise(ctx, i, base)
		if err != nil {
			return nil, err
		}
		c := Comparison{Model: m.Name, Baseline: r.cfg.Baseline, Metrics: make(map[string]Difference)}
		r.eachScore(func(name string, score int) {
			d := r.difference(i, base, score, replicates)
			d.P = p[score]
			c.Metrics[name] = d
		})
		out = append(out, c)
	}
	r.eachScore(func(name string, _ int) { holm(out, name) })
	return out, nil
}

// eachScore calls f for every metric that is a mean over people.
func (r *run) eachScore(f func(name string, score int)) {
	for c, k := range r.cfg.Cutoffs {
		for j, measure := range measures {
			f(MetricName(measure.name, k), c*len(measures)+j)
		}
	}
}

func (r *run) difference(model, base, score int, replicates []float64) Difference {
	mine, theirs := r.column(model, score), r.column(base, score)
	d := Difference{Estimate: exact(mean(mine) - mean(theirs))}
	better, worse := 0, 0
	for i := range mine {
		switch {
		case mine[i] > theirs[i]:
			better++
		case mine[i] < theirs[i]:
			worse++
		}
	}
	d.Helped, d.Hurt = float64(better)/float64(r.scored), float64(worse)/float64(r.scored)
	if replicates != nil {
		a, b := r.replicate(replicates, model, score), r.replicate(replicates, base, score)
		for i := range a {
			a[i] -= b[i]
		}
		d.Low, d.High = ends(a)
	}
	return d
}

// randomise returns, for every score, the p-value of the paired randomisation
// test (Smucker, Allan, Carterette, "A comparison of statistical significance
// tests for information retrieval evaluation", 2007): if the two models were
// alike, each person's difference could as well have the other sign. It is
// (1 + draws at least as far from 0) / (1 + draws), hence never 0.
func (r *run) randomise(ctx context.Context, model, base int) ([]float64, error) {
	p := make([]float64, r.width)
	if r.scored < 2 || r.cfg.Resamples == 0 {
		for i := range p {
			p[i] = math.NaN()
		}
		return p, nil
	}
	rows, sums := r.differences(model, base)
	far := make([][]bool, r.cfg.Resamples)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(r.cfg.Workers)
	for b := range far {
		g.Go(func() error {
			far[b] = flipped(rows, sums, mix(r.cfg.Seed+1), uint64(b))
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i := range p {
		n := 1
		for _, draw := range far {
			if draw[i] {
				n++
			}
		}
		p[i] = float64(n) / float64(1+len(far))
	}
	return p, nil
}

// differences returns model minus baseline, [scored x width], and its sums.
func (r *run) differences(model, base int) (rows, sums []float64) {
	rows, sums = make([]float64, 0, r.scored*r.width), make([]float64, r.width)
	for at := range r.scored {
		mine, theirs := r.of(at, model), r.of(at, base)
		for i := range mine {
			d := mine[i] - theirs[i]
			rows = append(rows, d)
			sums[i] += d
		}
	}
	return rows, sums
}

// flipped reports for every column whether its sum, with the rows' signs drawn
// anew, is at least as far from 0 as sums. The small factor keeps a sum that is
// equal but for its rounding on the far side.
func flipped(rows, sums []float64, seed, b uint64) []bool {
	rng := rand.New(rand.NewPCG(seed, mix(b)))
	width := len(sums)
	got := make([]float64, width)
	for ; len(rows) > 0; rows = rows[width:] {
		sign := 1.0
		if rng.Uint64()&1 == 1 {
			sign = -1
		}
		for i, d := range rows[:width] {
			got[i] += sign * d
		}
	}
	far := make([]bool, width)
	for i := range far {
		far[i] = math.Abs(got[i]) >= math.Abs(sums[i])*(1-1e-12)
	}
	return far
}

// holm corrects the p-values of one metric for the number of models (Holm, "A
// simple sequentially rejective multiple test procedure", 1979): the smallest
// of m is multiplied by m, the next by m-1, and none falls below one before it.
func holm(all []Comparison, metric string) {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(all[a].Metrics[metric].P, all[b].Metrics[metric].P)
	})
	floor := 0.0
	for i, at := range order {
		d := all[at].Metrics[metric]
		d.PHolm = min(1, max(floor, d.P*float64(len(all)-i)))
		floor = d.PHolm
		all[at].Metrics[metric] = d
	}
}
