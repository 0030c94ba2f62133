package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Search tries settings of the task's kind and returns them all, the best first.
// What it did before a cancelled ctx or a crash is kept in the journal of the
// task's folder, and taken from there when it is called again.
//
// The error wraps [catalog.ErrInvalid] if task or c are wrong, [ErrJournal] if
// the journal is not of this search, or is ctx's, or the file system's; if every
// setting failed it is the first one's.
func Search(ctx context.Context, task Task, c Config) (*Result, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := task.Validate(); err != nil {
		return nil, err
	}
	base, err := task.base()
	if err != nil {
		return nil, err
	}
	s := &search{task: task, cfg: c, start: time.Now(), reached: make(map[int]trial)}
	if s.candidates, err = design(base, task.Kind.Space, c.Candidates, c.Seed); err != nil {
		return nil, err
	}
	s.journal, err = openJournal(ctx, task.Folder, key{
		Format: 1, Data: task.Data, Kind: task.Kind.Name, Metric: task.Metric, Minimize: task.Minimize, Seed: c.Seed, Settings: base, Space: task.Kind.Space,
	})
	if err != nil {
		return nil, err
	}
	defer s.journal.close()
	if err := s.journal.check(s.candidates); err != nil {
		return nil, err
	}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	return s.result()
}

// A search is the work of one call of Search.
type search struct {
	task       Task
	cfg        Config
	candidates []candidate
	journal    *journal
	start      time.Time

	done    int
	reached map[int]trial // by candidate: its trial on the highest rung
	seconds map[int]float64
	missing int  // trials that there was no time for
	failed  int  // candidates
	late    bool // the whole budget is used up
}

// run goes up the rungs.
func (s *search) run(ctx context.Context) error {
	s.seconds = make(map[int]float64)
	field := make([]int, len(s.candidates))
	for i := range field {
		field[i] = i
	}
	for i := range s.cfg.Rungs {
		good, err := s.rung(ctx, s.cfg.rung(i), field)
		if err != nil {
			return err
		}
		if i+1 < s.cfg.Rungs {
			field = s.promote(good, i+1)
		}
	}
	return nil
}

// rung tries field, in its order, and returns those that did not fail, the best
// first.
func (s *search) rung(ctx context.Context, r Rung, field []int) ([]int, error) {
	var good []int
	best := math.NaN()
	for at, n := range field {
		t, resumed := s.journal.get(n, r)
		if !resumed {
			// The settings as they are and one more start on every rung.
			if s.late || at >= 2 && s.over(float64(r.Index+1)/float64(r.Of)) {
				s.missing++
				continue
			}
			var err error
			if t, err = s.try(ctx, n, r); err != nil {
				return nil, err
			}
			if s.late {
				s.missing++
				continue
			}
		}
		s.reached[n], s.seconds[n] = t, s.seconds[n]+t.Seconds
		s.done++
		if t.failed() {
			s.failed++
		} else {
			good = append(good, n)
			if !(best == best) || s.better(t.Score, best) {
				best = t.Score
			}
		}
		s.tell(n, r, t, best, resumed)
	}
	slices.SortStableFunc(good, func(a, b int) int { return s.order(s.reached[a], s.reached[b]) })
	return good, nil
}

// promote returns those that go on to rung: the settings as they are first, then
// the best. After a rung that was cut short, as many in proportion.
func (s *search) promote(good []int, rung int) []int {
	size := s.cfg.size(rung, len(s.candidates))
	if s.missing > 0 {
		size = min(size, max(2, len(good)/s.cfg.Eta))
	}
	var field []int
	if slices.Contains(good, 0) {
		field = append(field, 0)
	}
	for _, n := range good {
		if n != 0 && len(field) < size {
			field = append(field, n)
		}
	}
	return field
}

// try runs one trial and keeps it.
func (s *search) try(ctx context.Context, n int, r Rung) (trial, error) {
	inner, cancel := s.limit(ctx)
	defer cancel()
	if inner.Err() != nil {
		s.late = true
		return trial{}, ctx.Err()
	}
	begin := time.Now()
	out, err := s.task.Evaluate(inner, s.candidates[n].settings, r)
	if ctx.Err() != nil {
		return trial{}, ctx.Err()
	}
	if err != nil && inner.Err() != nil {
		s.late = true
		return trial{}, nil
	}
	t := trial{Candidate: n, Share: r.Share, Settings: s.candidates[n].settings, Score: out.Score, Seconds: out.Seconds}
	if !(t.Seconds > 0) || math.IsInf(t.Seconds, 0) {
		t.Seconds = time.Since(begin).Seconds()
	}
	if err == nil && (math.IsNaN(out.Score) || math.IsInf(out.Score, 0)) {
		err = fmt.Errorf("%s is %v, want a finite number", s.task.Metric, out.Score)
	}
	switch {
	case err != nil:
		t.Score, t.Error = 0, err.Error()
		if t.Error == "" {
			t.Error = "an error without a text"
		}
	case r.Last() && len(out.People) <= maxPeople && finite(out.People):
		t.People = out.People
	}
	return t, s.journal.add(t)
}

// limit returns ctx with the end of the time budget.
func (s *search) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.cfg.Budget == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, s.start.Add(s.cfg.Budget))
}

// over reports whether more than a share of the time budget is used up.
func (s *search) over(share float64) bool {
	return s.cfg.Budget > 0 && float64(time.Since(s.start)) > share*float64(s.cfg.Budget)
}

func (s *search) better(a, b float64) bool {
	if s.task.Minimize {
		return a < b
	}
	return a > b
}

// order puts the higher rung first, on one rung the better score, and what
// failed last.
func (s *search) order(a, b trial) int {
	if a.failed() != b.failed() {
		if a.failed() {
			return 1
		}
		return -1
	}
	score := cmp.Compare(b.Score, a.Score)
	if s.task.Minimize {
		score = -score
	}
	return cmp.Or(cmp.Compare(b.Share, a.Share), score, cmp.Compare(a.Candidate, b.Candidate))
}

func (s *search) tell(n int, r Rung, t trial, best float64, resumed bool) {
	if s.cfg.Progress == nil {
		return
	}
	p := Progress{Rung: r, Done: s.done, Candidate: n, Score: t.Score, Best: best, Resumed: resumed, Elapsed: time.Since(s.start), Budget: s.cfg.Budget}
	p.Total = len(s.candidates)
	for i := 1; i < s.cfg.Rungs; i++ {
		p.Total += s.cfg.size(i, len(s.candidates))
	}
	if t.failed() {
		p.Score, p.Err = math.NaN(), errors.New(t.Error)
	}
	s.cfg.Progress(p)
}

func finite(xs []float64) bool {
	return !slices.ContainsFunc(xs, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}
