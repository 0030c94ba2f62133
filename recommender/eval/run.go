package eval

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Run asks every model for a list for every person of split and judges the
// lists. The report depends on the split, the models and cfg, and not on
// Workers or GOMAXPROCS. People without truth count for coverage alone.
//
// A wrong cfg is an error that wraps [catalog.ErrInvalid]; otherwise the error
// is the context's or that of the first Lister to fail. It takes the time of
// the Listers and O(people * models * (metrics + Resamples)); the scores of all
// people are held, 8 bytes for each metric, cutoff and model.
func Run(ctx context.Context, split *Split, models []Model, cfg Config) (*Report, error) {
	if err := cfg.check(split, models); err != nil {
		return nil, err
	}
	r := newRun(split, len(models), cfg)
	for i, m := range models {
		if err := r.judge(ctx, i, m); err != nil {
			return nil, err
		}
	}
	replicates, err := r.resample(ctx)
	if err != nil {
		return nil, err
	}
	out := r.report(models, replicates)
	out.Comparisons, err = r.compare(ctx, models, replicates)
	return out, err
}

// A run is the work of one call of Run.
type run struct {
	split  *Split
	cfg    Config
	people []int // rows of split.Train.Users that are judged, ascending
	place  []int // by place in people: row of scores, -1 without truth
	scored int   // people with truth
	width  int   // scores of one person and model
	scores []float64
	shown  [][][]int // by model and cutoff: how often each row was listed
	faults []Faults  // by model

	mu    sync.Mutex // guards done and calls of cfg.Progress
	done  int
	total int
}

// scores is [scored x models x cutoffs x measures].
func newRun(s *Split, models int, cfg Config) *run {
	r := &run{split: s, cfg: cfg, people: sample(s, cfg), width: len(cfg.Cutoffs) * len(measures)}
	r.place = make([]int, len(r.people))
	for i, row := range r.people {
		r.place[i] = -1
		if len(s.Truth[row]) > 0 {
			r.place[i] = r.scored
			r.scored++
		}
	}
	r.scores = make([]float64, r.scored*models*r.width)
	r.shown = make([][][]int, models)
	r.faults = make([]Faults, models)
	r.total = models * len(r.people)
	return r
}

// sample returns the rows of the people to judge. Who is drawn depends on the
// seed and on their ids, not on their order.
func sample(s *Split, cfg Config) []int {
	rows := make([]int, len(s.Train.Users))
	for i := range rows {
		rows[i] = i
	}
	if cfg.MaxUsers == 0 || cfg.MaxUsers >= len(rows) {
		return rows
	}
	lot := make([]uint64, len(rows))
	for i, u := range s.Train.Users {
		lot[i] = userRand(cfg.Seed, u.User).Uint64()
	}
	slices.SortFunc(rows, func(a, b int) int { return cmp.Or(cmp.Compare(lot[a], lot[b]), cmp.Compare(a, b)) })
	rows = rows[:cfg.MaxUsers]
	slices.Sort(rows)
	return rows
}

// judge fills the scores of one model, the people shared among the workers.
func (r *run) judge(ctx context.Context, model int, m Model) error {
	var next atomic.Int64
	workers := min(r.cfg.Workers, max(1, len(r.people)))
	benches := make([]*bench, workers)
	g, ctx := errgroup.WithContext(ctx)
	for w := range benches {
		b := newBench(len(r.split.Train.Movies), r.cfg)
		benches[w] = b
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(r.people) {
					return nil
				}
				if err := r.person(ctx, b, model, m, i); err != nil {
					return err
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	r.shown[model] = benches[0].shown
	r.faults[model] = benches[0].faults
	for _, b := range benches[1:] {
		r.faults[model].add(b.faults)
		for c := range b.shown {
			for row, times := range b.shown[c] {
				r.shown[model][c][row] += times
			}
		}
	}
	return nil
}

// person judges one list.
func (r *run) person(ctx context.Context, b *bench, model int, m Model, i int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	row := r.people[i]
	u, truth := r.split.Train.Users[row], r.split.Truth[row]
	list, err := m.List(ctx, u.User, u.Seen, r.cfg.N)
	if err != nil {
		return fmt.Errorf("list of model %q for user %q: %w", m.Name, u.User, err)
	}
	b.look(list, u.Seen, truth)
	if at := r.place[i]; at >= 0 {
		out := r.of(at, model)
		for c, k := range r.cfg.Cutoffs {
			for j, measure := range measures {
				out[c*len(measures)+j] = measure.of(b.hits, len(truth), k)
			}
		}
	}
	if r.cfg.Progress != nil {
		r.mu.Lock()
		r.done++
		r.cfg.Progress(r.done, r.total)
		r.mu.Unlock()
	}
	return nil
}

// of returns the scores of one person for one model, [cutoffs x measures].
func (r *run) of(at, model int) []float64 {
	from := (at*len(r.shown) + model) * r.width
	return r.scores[from : from+r.width]
}

// column returns one score of every person.
func (r *run) column(model, score int) []float64 {
	out := make([]float64, r.scored)
	for at := range out {
		out[at] = r.of(at, model)[score]
	}
	return out
}

func mean(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	var sum float64
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}
