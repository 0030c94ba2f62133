package quality

import (
	"time"

	"marquee/catalog"
	"marquee/catalog/stats"
)

// The series of the timeline of events.
const (
	seriesBegun = iota
	seriesLast
	seriesRated
	seriesSignedUp
)

// futureGrace is how far after the present an event still counts for the span of
// events: one with a wrong year would move the windows of the drift to where
// nothing is.
const futureGrace = 24 * time.Hour

// A profileVisitor profiles the tables of people.
type profileVisitor struct{ *run }

func (v *profileVisitor) user(u *catalog.User) {
	v.people = append(v.people, stats.Hash(string(u.ID)))
	p := v.profiles[tableUsers]
	fillUser(&p.row, u)
	p.see()
}

func (v *profileVisitor) watch(w *catalog.Watch, who *person) {
	_, known := v.movies[w.Movie]
	p := v.profiles[tableWatches]
	fillWatch(&p.row, w, known, who.record != nil)
	p.see()
	v.event(seriesBegun, w.First)
	v.event(seriesLast, w.Last)
}

func (v *profileVisitor) rating(r *catalog.Rating, who *person) {
	_, known := v.movies[r.Movie]
	p := v.profiles[tableRatings]
	fillRating(&p.row, r, known, who.record != nil)
	p.see()
	v.event(seriesRated, r.At)
}

func (v *profileVisitor) account(a *catalog.Account, who *person) {
	p := v.profiles[tableAccounts]
	fillAccount(&p.row, a, who.record != nil)
	p.see()
	v.event(seriesSignedUp, a.At)
}

func (v *profileVisitor) event(series int, t time.Time) {
	v.events.add(series, t, 1)
	if t.After(v.opts.Now.Add(futureGrace)) {
		return
	}
	if v.last.IsZero() || t.Before(v.first) {
		v.first = t
	}
	if v.last.IsZero() || t.After(v.last) {
		v.last = t
	}
}

func (v *profileVisitor) left(who *person) {
	events := who.watches + who.ratings
	for i := range v.levels {
		if l := &v.levels[i]; events >= l.From && (l.To == 0 && i > 0 || events <= l.To) {
			l.People++
			return
		}
	}
}

// newLevels returns the ranges of activity, without people.
func newLevels() []Level {
	return []Level{{From: 0}, {From: 1, To: 1}, {From: 2, To: 2}, {From: 3, To: 5}, {From: 6, To: 10}, {From: 11, To: 20}, {From: 21, To: 50}, {From: 51, To: 100}, {From: 101, To: 500}, {From: 501}}
}
