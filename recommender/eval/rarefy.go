package eval

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/sync/errgroup"
)

// RarefiedCoverage returns the coverage of a catalog of size movies to expect of
// n lists drawn from all, without replacement: a movie in c of them is missed
// with the probability C(lists-c, n) / C(lists, n) (Hurlbert, "The nonconcept of
// species diversity", 1971). With n of all lists it is [Coverage]. So reports on
// more and on fewer people can be compared. shown holds how many lists each
// movie is in; NaN if size is 0 or n is not within 0 to lists.
func RarefiedCoverage(shown []int, size, lists, n int) float64 {
	if size < 1 || n < 0 || n > lists {
		return math.NaN()
	}
	missed := missing(lists, n)
	var sum float64
	for times, movies := range histogram(shown) {
		if times > 0 && movies > 0 {
			sum += float64(movies) * (1 - missed(times))
		}
	}
	return sum / float64(size)
}

// missing returns the probability that none of n lists of all is among given c.
func missing(lists, n int) func(c int) float64 {
	gamma := func(x int) float64 { y, _ := math.Lgamma(float64(x + 1)); return y }
	whole := gamma(lists-n) - gamma(lists)
	return func(c int) float64 {
		if c > lists-n {
			return 0
		}
		return math.Exp(gamma(lists-c) - gamma(lists-n-c) + whole)
	}
}

// The figures of all lists together that are taken of part of the lists too.
const (
	partCoverage = iota
	partGini
	partEntropy
	partFigures
)

var partNames = [partFigures]string{"rarefied_coverage", "rarefied_gini", "rarefied_entropy"}

// parts are the figures of many random parts of one model's lists, [cutoffs x
// partFigures][resamples]. Draw b holds the same people for every model.
type parts [][]float64

// part draws cfg.Resamples times n of the lists and takes the figures of each;
// nil if there can be no intervals. lists is [people x longest], nowhere where a
// place earned nothing.
func (r *run) part(ctx context.Context, lists []uint32) (parts, error) {
	if r.cfg.Resamples == 0 || r.rarefied < 1 || r.cfg.wholeOnly {
		return nil, nil
	}
	out := make(parts, len(r.cfg.Cutoffs)*partFigures)
	for i := range out {
		out[i] = make([]float64, r.cfg.Resamples)
	}
	workers := min(r.cfg.Workers, r.cfg.Resamples)
	g, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		g.Go(func() error {
			t := newTally(r)
			for b := w; b < r.cfg.Resamples; b += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				t.draw(lists, b, out)
			}
			return nil
		})
	}
	return out, g.Wait()
}

// A tally counts the movies of one part of the lists after another. It is one
// worker's own.
type tally struct {
	r       *run
	longest int
	order   []int // all lists, the first r.rarefied of them drawn
	times   []int32
	touched []uint32
	logs    []float64 // x log2 x
	hist    []int64
}

func newTally(r *run) *tally {
	t := &tally{r: r, longest: r.longest(), order: make([]int, len(r.people)), times: make([]int32, len(r.split.Train.Movies))}
	t.logs = make([]float64, r.rarefied+1)
	for i := 2; i <= r.rarefied; i++ {
		t.logs[i] = float64(i) * math.Log2(float64(i))
	}
	t.hist = make([]int64, r.rarefied+1)
	return t
}

// draw fills place b of out.
func (t *tally) draw(lists []uint32, b int, out parts) {
	rng := rand.New(rand.NewPCG(mix(t.r.cfg.Seed+2), mix(uint64(b))))
	for i := range t.order {
		t.order[i] = i
	}
	for i := range t.r.rarefied {
		j := i + rng.IntN(len(t.order)-i)
		t.order[i], t.order[j] = t.order[j], t.order[i]
	}
	from := 0
	for c, k := range t.r.cfg.Cutoffs {
		t.count(lists, from, k)
		from = k
		out[c*partFigures+partCoverage][b] = float64(len(t.touched)) / float64(t.r.competing)
		out[c*partFigures+partGini][b], out[c*partFigures+partEntropy][b] = t.spread()
	}
	for _, row := range t.touched {
		t.times[row] = 0
	}
	t.touched = t.touched[:0]
}

// count adds the places from and up to the lists that were drawn.
func (t *tally) count(lists []uint32, from, to int) {
	for _, i := range t.order[:t.r.rarefied] {
		for _, row := range lists[i*t.longest+from : i*t.longest+to] {
			if row == nowhere {
				continue
			}
			if t.times[row] == 0 {
				t.touched = append(t.touched, row)
			}
			t.times[row]++
		}
	}
}

// spread returns Gini and entropy of what was counted.
func (t *tally) spread() (gini, entropy float64) {
	most := int32(0)
	for _, row := range t.touched {
		most = max(most, t.times[row])
	}
	hist := t.hist[:most+1]
	clear(hist)
	for _, row := range t.touched {
		hist[t.times[row]]++
	}
	hist[0] = int64(t.r.competing - len(t.touched))
	return unevenness(hist), entropyOf(hist, func(times int) float64 { return t.logs[times] })
}

// estimates adds the figures of one model's parts to out. The middle of those of
// coverage is exact; the others' is the mean of the parts.
func (p parts) estimates(r *run, shown [][]int, out map[string]Estimate) {
	for c, k := range r.cfg.Cutoffs {
		for f, name := range partNames {
			replicates := p[c*partFigures+f]
			value := mean(replicates)
			if f == partCoverage {
				value = RarefiedCoverage(shown[c], r.competing, len(r.people), r.rarefied)
			}
			e := r.spread(value, replicates)
			e.Low = max(0, e.Low)
			if f != partEntropy {
				e.High = min(1, e.High)
			}
			out[MetricName(name, k)] = e
		}
	}
}

// differences adds the figures of p minus those of q, which hold the same people
// draw by draw.
func (p parts) differences(q parts, r *run, mine, theirs map[string]Estimate, out map[string]Difference) {
	for c, k := range r.cfg.Cutoffs {
		for f, name := range partNames {
			i, metric := c*partFigures+f, MetricName(name, k)
			gaps := make([]float64, len(p[i]))
			for b := range gaps {
				gaps[b] = p[i][b] - q[i][b]
			}
			d := noDifference()
			d.Estimate = r.spread(mine[metric].Value-theirs[metric].Value, gaps)
			if !math.IsNaN(d.Value) {
				out[metric] = d
			}
		}
	}
}

// spread returns value with its interval by subsampling without replacement
// (Politis and Romano, "Large sample confidence regions based on subsamples under
// minimal assumptions", 1994; Shao and Wu, "A general theory for jackknife
// variance estimation", 1989): n of N draws stray from what all N give as sqrt of
// N/n - 1 times as far as those stray from the truth. Half of them stray as far.
func (r *run) spread(value float64, replicates []float64) Estimate {
	e := exact(value)
	if math.IsNaN(value) {
		return e
	}
	n, all := float64(r.rarefied), float64(len(r.people))
	scale := 1 / math.Sqrt(all/n-1)
	low, high := ends(slices.Clone(replicates))
	e.Low, e.High = value+scale*(low-value), value+scale*(high-value)
	return e
}
