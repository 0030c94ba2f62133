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

	"marquee/catalog"
)

// Run asks every model for a list for every person of split and judges the
// lists, and the ratings of those that rate. The report depends on the split,
// the models and cfg, and not on Workers or GOMAXPROCS. People without truth
// count for what is said of all lists alone.
//
// A wrong cfg is an error that wraps [catalog.ErrInvalid]; otherwise the error
// is the context's or that of the first model to fail. It takes the time of
// the models and O(people * models * (metrics + slices) * Resamples); the scores
// of all people are held, 8 bytes for each metric, cutoff and model, and the
// lists of one model at a time.
func Run(ctx context.Context, split *Split, models []Model, cfg Config) (*Report, error) {
	r, err := judgeAll(ctx, split, models, cfg)
	if err != nil {
		return nil, err
	}
	out := r.report()
	if out.Comparisons, err = r.compare(ctx, out.Models); err != nil {
		return nil, err
	}
	out.Slices, err = r.slices(ctx)
	return out, err
}

// A run is the work of one call of Run.
type run struct {
	split  *Split
	cfg    Config
	models []Model
	people []int  // rows of split.Train.Users that are judged, ascending
	lists  []bool // by model: whether it makes lists
	rates  []bool // by model: whether it predicts ratings

	scored    int   // people with truth
	watchers  []int // by movie, in the training part
	watching  int   // people with a training part
	competing int   // movies that compete for any list
	rarefied  int   // lists in each part that is drawn; 0 if none can be

	accuracy *sheet // of people with truth; nil if no model makes lists
	curve    *sheet // the same, at every k of the curves
	listings *sheet // of all people; nil if no model makes lists
	ratings  *sheet // of people with rated truth; nil if no model rates

	classes  []*class    // slices of the movies; nil without slices
	classOf  [][]int32   // by movie
	portions [][]portion // by place in people

	outcomes []outcome // by model

	mu    sync.Mutex // guards done and calls of cfg.Progress
	done  int
	total int
}

// An outcome is what is kept of one model beside its rows in the sheets.
type outcome struct {
	shown   [][]int // by cutoff: how often each row was listed
	faults  Faults
	parts   parts
	sources map[string]Estimate
}

func judgeAll(ctx context.Context, split *Split, models []Model, cfg Config) (*run, error) {
	if err := cfg.check(split, models); err != nil {
		return nil, err
	}
	r := newRun(split, models, cfg)
	if cfg.RarefyTo > 0 && cfg.RarefyTo >= len(r.people) && len(r.people) > 0 {
		return nil, fmt.Errorf("rarefy to %d lists of %d, want fewer than there are, or 0 for half: %w", cfg.RarefyTo, len(r.people), catalog.ErrInvalid)
	}
	for i := range models {
		if err := r.judge(ctx, i); err != nil {
			return nil, err
		}
	}
	for _, s := range r.sheets() {
		if err := s.resample(ctx, cfg); err != nil {
			return nil, err
		}
	}
	if r.curve == nil {
		return r, nil
	}
	return r, r.curve.resample(ctx, cfg)
}

func newRun(s *Split, models []Model, cfg Config) *run {
	r := &run{split: s, cfg: cfg, models: models, people: sample(s, cfg), watchers: s.Train.Watchers(), competing: competing(s)}
	for _, m := range models {
		r.lists = append(r.lists, !cfg.RatingsOnly && (m.List != nil || m.Explain != nil))
		r.rates = append(r.rates, m.Rate != nil)
	}
	for _, row := range r.people {
		if len(s.Truth[row]) > 0 {
			r.scored++
		}
	}
	for _, u := range s.Train.Users {
		if len(u.Seen) > 0 {
			r.watching++
		}
	}
	if r.rarefied = cfg.RarefyTo; r.rarefied == 0 {
		r.rarefied = len(r.people) / 2
	}
	if slices.Contains(r.lists, true) {
		r.accuracy, r.curve, r.listings = r.accuracySheet(cfg.Cutoffs, measures), r.accuracySheet(cfg.Curve, curveMeasures), r.listSheet()
		if cfg.MinSlice > 0 {
			r.portion()
		}
	}
	if slices.Contains(r.rates, true) {
		r.ratings = r.ratingSheet()
	}
	r.outcomes = make([]outcome, len(models))
	r.total = len(models) * len(r.people)
	return r
}

// longest returns the largest cutoff.
func (r *run) longest() int { return r.cfg.Cutoffs[len(r.cfg.Cutoffs)-1] }

// competing counts the movies that compete for the list of anyone.
func competing(s *Split) int {
	if s.Candidates == nil {
		return len(s.Train.Movies)
	}
	n, counted := 0, make([]bool, len(s.Train.Movies))
	for i, candidates := range s.Candidates {
		if i > 0 && same(candidates, s.Candidates[i-1]) {
			continue
		}
		for _, row := range candidates {
			if !counted[row] {
				counted[row] = true
				n++
			}
		}
	}
	return n
}

// same reports whether a and b are one slice, as of people who share candidates.
func same(a, b []uint32) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

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

// A harvest is what is kept of all lists of one model until they are judged
// together: by place in people.
type harvest struct {
	rows    []uint32         // [people x longest], nowhere where a place earned nothing
	sources []map[string]int // places from each source; nil if none is known
}

// judge fills the scores of one model, the people shared among the workers.
func (r *run) judge(ctx context.Context, model int) error {
	h := &harvest{}
	if r.lists[model] {
		h.rows = make([]uint32, len(r.people)*r.longest())
		for i := range h.rows {
			h.rows[i] = nowhere
		}
		h.sources = make([]map[string]int, len(r.people))
	}
	benches := make([]*bench, min(r.cfg.Workers, max(1, len(r.people))))
	for w := range benches {
		benches[w] = newBench(r.split, r.cfg)
	}
	if err := r.visit(ctx, benches, model, h); err != nil {
		return err
	}
	out := &r.outcomes[model]
	out.shown, out.faults = benches[0].shown, benches[0].faults
	for _, b := range benches[1:] {
		out.faults.add(b.faults)
		for c := range b.shown {
			for row, times := range b.shown[c] {
				out.shown[c][row] += times
			}
		}
	}
	if !r.lists[model] {
		return nil
	}
	var err error
	if out.parts, err = r.part(ctx, h.rows); err != nil {
		return err
	}
	out.sources, err = r.sources(ctx, h.sources)
	return err
}

// visit asks one model for everyone.
func (r *run) visit(ctx context.Context, benches []*bench, model int, h *harvest) error {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for _, b := range benches {
		g.Go(func() error {
			for {
				place := int(next.Add(1)) - 1
				if place >= len(r.people) {
					return nil
				}
				if err := r.person(ctx, b, model, place, h); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// person judges one list, and one person's ratings.
func (r *run) person(ctx context.Context, b *bench, model, place int, h *harvest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.lists[model] {
		if err := r.list(ctx, b, model, place, h); err != nil {
			return err
		}
	}
	if r.rates[model] {
		if err := r.rate(ctx, model, place); err != nil {
			return err
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

// list asks for one list and judges it.
func (r *run) list(ctx context.Context, b *bench, model, place int, h *harvest) error {
	row := r.people[place]
	u, truth := r.split.Train.Users[row], r.split.Truth[row]
	var candidates []uint32
	if r.split.Candidates != nil {
		candidates = r.split.Candidates[row]
		b.admit(candidates)
		defer b.dismiss(candidates)
	}
	listing, err := r.ask(ctx, b, model, u, candidates)
	if err == nil && listing.Sources != nil && len(listing.Sources) != len(listing.Rows) {
		err = fmt.Errorf("%d sources of %d movies, want one each: %w", len(listing.Sources), len(listing.Rows), catalog.ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("list of model %q for user %q: %w", r.models[model].Name, u.User, err)
	}
	b.look(listing.Rows, u.Seen, truth, candidates)
	copy(h.rows[place*r.longest():(place+1)*r.longest()], b.rows)
	if listing.Sources != nil {
		h.sources[place] = b.sources(listing.Sources)
	}
	out := r.listings.at(place, model)
	r.describe(out, b, u.Seen)
	if r.explains(model) {
		out[len(out)-1] = 1
		if listing.Personal {
			out[len(out)-2] = 1
		}
	}
	if len(truth) > 0 {
		r.score(b, model, place, len(truth))
	}
	return nil
}

// explains reports whether a model says how it made its lists.
func (r *run) explains(model int) bool {
	m := r.models[model]
	return m.Explain != nil || m.Choose != nil && r.split.Candidates != nil
}

// ask gets a list, where there are candidates one of them alone.
func (r *run) ask(ctx context.Context, b *bench, model int, u UserHistory, candidates []uint32) (Listing, error) {
	m, n := r.models[model], r.cfg.N
	restricted := r.split.Candidates != nil
	if restricted && m.Choose != nil {
		return m.Choose(ctx, u.User, u.Seen, candidates, n)
	}
	if restricted {
		n = len(r.split.Train.Movies)
	}
	var l Listing
	var err error
	if m.Explain != nil {
		l, err = m.Explain(ctx, u.User, u.Seen, n)
	} else {
		l.Rows, err = m.List(ctx, u.User, u.Seen, n)
	}
	if restricted && err == nil && (l.Sources == nil || len(l.Sources) == len(l.Rows)) {
		l = b.strike(l)
	}
	return l, err
}

// sheets returns those of metrics that are compared.
func (r *run) sheets() []*sheet {
	return slices.DeleteFunc([]*sheet{r.accuracy, r.listings, r.ratings}, func(s *sheet) bool { return s == nil })
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
