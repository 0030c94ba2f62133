package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/catalog/stats"
)

// An outcome is what became of one list.
type outcome struct {
	catalog.Exposure
	person *person
	place  int  // of person, in the order of their first lists
	before bool // served before the experiment

	movies    []uint32
	watched   []bool // by place in the list, within the window
	marks     []mark // within the window
	hasWatch  bool
	hasClick  bool
	dismissal bool
}

// walk calls visit with each list whose window is over, by time, those of the time before
// the experiment first. What visit is given is overwritten by the next.
func (s *study) walk(ctx context.Context, from time.Time, visit func(*outcome)) error {
	var o outcome
	for e, err := range s.source.Exposures(ctx, from, s.end.Add(time.Microsecond)) {
		if err != nil {
			return fmt.Errorf("lists of experiment %s: %w", s.exp.Name, err)
		}
		place, known := s.places[e.User]
		if !known || s.people[place].crossed {
			continue
		}
		before := e.At.Before(s.from)
		if before && e.At.Add(s.opts.Window).After(s.from) {
			continue // what followed may come of the experiment
		}
		if _, part := s.group(e); !before && !part {
			continue
		}
		o = outcome{Exposure: e, person: &s.people[place], place: place, before: before, movies: o.movies[:0], watched: o.watched[:0], marks: o.marks[:0]}
		s.judge(&o)
		visit(&o)
	}
	return nil
}

// judge fills in what became of a list.
func (s *study) judge(o *outcome) {
	for _, m := range o.Movies {
		o.movies = append(o.movies, s.movie(m.Movie))
		o.watched = append(o.watched, false)
	}
	at := o.At.UnixMicro()
	for _, e := range o.person.within(at, s.opts.Window) {
		o.watch(e.movie)
	}
	for _, m := range s.marks[o.RequestID] {
		if m.at < at || m.at > at+s.opts.Window.Microseconds() {
			continue
		}
		switch m.kind {
		case catalog.FeedbackWatch:
			o.watch(m.movie)
		case catalog.FeedbackClick:
			o.hasClick = true
		case catalog.FeedbackDismiss, catalog.FeedbackDislike:
			o.dismissal = true
		}
	}
}

// watch notes that a movie was watched, if the list holds it.
func (o *outcome) watch(movie uint32) {
	if i := slices.Index(o.movies, movie); i >= 0 {
		o.watched[i], o.hasWatch = true, true
	}
}

// count adds a list to the sums of its person.
func (s *study) count(o *outcome) {
	t := &o.person.during
	if o.before {
		t = &o.person.before
	}
	one := func(yes bool) float32 {
		if yes {
			return 1
		}
		return 0
	}
	t.lists++
	t.accepted += one(o.hasWatch)
	t.clicked += one(o.hasClick)
	t.dismissed += one(o.dismissal)
	events := o.person.within(o.At.UnixMicro(), s.opts.Window)
	for i := range events {
		e := &events[i]
		if e.credited || !slices.Contains(o.movies, e.movie) {
			continue
		}
		e.credited = true
		t.movies++
		if e.share == e.share { // known
			t.share, t.shared = t.share+e.share, t.shared+1
		}
		if e.rating == e.rating {
			t.rating, t.rated = t.rating+e.rating, t.rated+1
		}
	}
	if s.opts.Latency != nil {
		took, weight := s.opts.Latency(o.RequestID)
		t.took, t.timed = t.took+float32(weight*took.Seconds()*1000), t.timed+float32(weight)
	}
}

// A look is how an experiment stood at one time.
type look struct {
	at     time.Time
	people []int            // by group, with a list whose window was over
	ratios [][]*stats.Ratio // [metrics][groups], nil for metrics that are not of people
	duels  stats.Ratio      // by person with credit, when interleaved: -1, 0 or 1
}

// lookTimes returns when an experiment is looked at: daily from its start, and at the end.
func (s *study) lookTimes() []time.Time {
	step := 24 * time.Hour
	if span := s.opts.AsOf.Sub(s.from); span > MaxLooks*step {
		step = (span / MaxLooks).Round(time.Second) + time.Second
	}
	var times []time.Time
	for at := s.from.Add(step); at.Before(s.opts.AsOf); at = at.Add(step) {
		times = append(times, at)
	}
	return append(times, s.opts.AsOf)
}

// lookAt sums up how things stand at a time.
func (s *study) lookAt(at time.Time) look {
	l := look{at: at, people: make([]int, len(s.groups)), ratios: make([][]*stats.Ratio, len(metrics))}
	for i, m := range metrics {
		if m.of == nil || !s.opts.wants(m.Name) {
			continue
		}
		l.ratios[i] = make([]*stats.Ratio, len(s.groups))
		for g := range s.groups {
			l.ratios[i][g] = &stats.Ratio{}
		}
	}
	for i := range s.people {
		p := &s.people[i]
		if p.during.lists == 0 {
			continue
		}
		p.pay(at.UnixMicro(), s.costs)
		l.people[p.group]++
		for i, m := range metrics {
			if l.ratios[i] != nil {
				l.ratios[i][p.group].Add(m.of(&p.during))
			}
		}
		if a, b := p.credit[0], p.credit[1]; a+b > 0 {
			l.duels.Add(sign(b-a), 1)
		}
	}
	return l
}

func sign(x float32) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// measure walks through the lists and takes every look on the way.
func (s *study) measure(ctx context.Context) error {
	times := s.lookTimes()
	err := s.walk(ctx, s.pre, func(o *outcome) {
		for len(times) > 1 && times[0].Add(-s.opts.Window).Before(o.At) {
			s.looks = append(s.looks, s.lookAt(times[0]))
			times = times[1:]
		}
		s.count(o)
		if o.before {
			return
		}
		s.shelves[o.person.group].put(o)
		s.duel(o)
		for _, m := range o.Movies {
			if drawnWith(m.Propensity) {
				s.explored++
			}
		}
	})
	if err != nil {
		return err
	}
	for _, at := range times {
		s.looks = append(s.looks, s.lookAt(at))
	}
	s.payBefore()
	for _, n := range s.looks[len(s.looks)-1].people {
		s.tooYoung -= n
	}
	s.tooYoung += len(s.people) - s.crossed
	return nil
}

// payBefore does the same for the time before the experiment, which is as long for everybody.
func (s *study) payBefore() {
	from, to := s.pre.Add(s.opts.Window).UnixMicro(), s.from.UnixMicro()
	for i := range s.people {
		p := &s.people[i]
		p.before.weeks = float32(float64(to-from) / week)
		for _, e := range p.events {
			if e.watched && e.at >= from && e.at < to {
				p.before.cost += s.costs[e.movie]
			}
		}
	}
}

// known reports whether x is a number.
func known(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
