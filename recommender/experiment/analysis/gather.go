package analysis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/recommender/experiment"
)

// A study is one analysis in the making.
type study struct {
	opts   Options
	exp    catalog.Experiment
	source Source

	groups []string // arms, or one name for everybody
	people []person // in the order of their first lists
	places map[catalog.UserID]int

	movies map[catalog.MovieID]uint32
	costs  []float32 // by movie
	listed int       // movies of the catalog; those behind were met elsewhere
	priced bool      // any cost is known

	marks map[string][]mark // feedback by request

	from, pre time.Time // of the experiment, and of the time before it that is looked at
	end       time.Time // no list is counted that was served later
	looks     []look
	shelves   []shelf // by group

	assigned                            []float64 // people by arm, by their first list
	testers, crossed, strange, tooYoung int
	explored                            int // movies of lists that were drawn
}

// A mark is what somebody did about a movie of a list.
type mark struct {
	movie uint32
	kind  catalog.FeedbackKind
	at    int64
}

func newStudy(source Source, exp catalog.Experiment, opts Options) *study {
	s := &study{
		opts: opts, exp: exp, source: source,
		places: map[catalog.UserID]int{}, movies: map[catalog.MovieID]uint32{}, marks: map[string][]mark{},
	}
	if exp.Mode == catalog.ExperimentSplit {
		for _, a := range exp.Arms {
			s.groups = append(s.groups, a.Name)
		}
	} else {
		s.groups = []string{exp.Arms[0].Name}
		if exp.Mode == catalog.ExperimentInterleave {
			s.groups[0] = "interleaved"
		}
	}
	s.assigned = make([]float64, len(s.groups))
	s.shelves = make([]shelf, len(s.groups))
	s.from = exp.Start
	s.end = opts.AsOf.Add(-opts.Window)
	s.pre = s.from.Add(-opts.AsOf.Sub(s.from) - opts.Window)
	return s
}

// gather reads all but the lists themselves.
func (s *study) gather(ctx context.Context) error {
	for _, read := range []func(context.Context) error{s.gatherPeople, s.gatherMovies, s.gatherWatches, s.gatherRatings, s.gatherFeedback} {
		if err := read(ctx); err != nil {
			return err
		}
	}
	for i := range s.people {
		slices.SortFunc(s.people[i].events, func(a, b event) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.movie, b.movie))
		})
	}
	return nil
}

// gatherPeople finds who takes part.
func (s *study) gatherPeople(ctx context.Context) error {
	testers := map[catalog.UserID]bool{}
	for e, err := range s.source.Exposures(ctx, s.from, s.opts.AsOf) {
		if err != nil {
			return fmt.Errorf("people of experiment %s: %w", s.exp.Name, err)
		}
		group, part := s.group(e)
		if group < 0 {
			s.strange++
		}
		if !part {
			continue
		}
		if _, tester := s.exp.Overrides[e.User]; tester {
			testers[e.User] = true
			continue
		}
		if at, known := s.places[e.User]; known {
			if p := &s.people[at]; p.group != group && !p.crossed {
				p.crossed = true
				s.crossed++
			}
			continue
		}
		s.places[e.User] = len(s.people)
		s.people = append(s.people, person{id: e.User, group: group, first: e.At.UnixMicro()})
		s.assigned[group]++
	}
	s.testers = len(testers)
	return nil
}

// group returns the group that a list makes its person part of; -1 for an arm that the
// experiment does not have.
func (s *study) group(e catalog.Exposure) (group int, part bool) {
	arms := experiment.ArmsOf(e.Experiment, s.exp.Name)
	if len(arms) == 0 {
		return 0, false
	}
	if len(s.groups) == 1 {
		return 0, true
	}
	group = slices.Index(s.groups, arms[0])
	return group, group >= 0
}

func (s *study) gatherMovies(ctx context.Context) error {
	for m, err := range s.source.Movies(ctx) {
		if err != nil {
			return fmt.Errorf("movies: %w", err)
		}
		s.costs[s.movie(m.ID)] = float32(m.CostUSD)
		s.priced = s.priced || m.CostUSD > 0
	}
	s.listed = len(s.costs)
	return nil
}

// movie returns the number of a movie.
func (s *study) movie(id catalog.MovieID) uint32 {
	n, known := s.movies[id]
	if !known {
		n = uint32(len(s.costs))
		s.movies[id] = n
		s.costs = append(s.costs, 0)
	}
	return n
}

// person returns one who takes part, or nil.
func (s *study) person(u catalog.UserID) *person {
	if at, known := s.places[u]; known {
		return &s.people[at]
	}
	return nil
}

// recent reports whether something happened in the time that is looked at.
func (s *study) recent(at time.Time) bool { return !at.Before(s.pre) && !at.After(s.opts.AsOf) }

func (s *study) gatherWatches(ctx context.Context) error {
	for w, err := range s.source.Watches(ctx) {
		if err != nil {
			return fmt.Errorf("watches: %w", err)
		}
		p := s.person(w.User)
		if p == nil || !s.recent(w.First) {
			continue
		}
		e := event{at: w.First.UnixMicro(), movie: s.movie(w.Movie), share: unknown, rating: unknown, watched: true}
		// Of a movie that was watched on, how far it was by the start is not known.
		on := w.First.Before(s.from) && !w.Last.Before(s.from)
		if share, known := w.Share(); known && !on {
			e.share = float32(share)
		}
		p.events = append(p.events, e)
	}
	return nil
}

func (s *study) gatherRatings(ctx context.Context) error {
	for r, err := range s.source.Ratings(ctx) {
		if err != nil {
			return fmt.Errorf("ratings: %w", err)
		}
		if p := s.person(r.User); p != nil && s.recent(r.At) {
			p.rate(s.movie(r.Movie), float32(r.Value), r.At.UnixMicro(), s.from.UnixMicro())
		}
	}
	return nil
}

func (s *study) gatherFeedback(ctx context.Context) error {
	for f, err := range s.source.Feedback(ctx, s.pre, s.opts.AsOf) {
		if err != nil {
			return fmt.Errorf("feedback: %w", err)
		}
		if f.RequestID != "" && s.person(f.User) != nil {
			s.marks[f.RequestID] = append(s.marks[f.RequestID], mark{s.movie(f.Movie), f.Kind, f.At.UnixMicro()})
		}
	}
	return nil
}
