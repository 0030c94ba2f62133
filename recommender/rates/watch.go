package rates

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
)

// A Move is a movie that is recommended to more people than is usual, or to fewer.
type Move struct {
	Movie  catalog.MovieID `json:"movie"`
	Now    float64         `json:"now"`              // people in the last 24 hours of the look that says it, each once an hour
	Usual  float64         `json:"usual"`            // expected of those hours, by the share in the windows before
	P      float64         `json:"p"`                // probability of that by chance, on one side; 1e-16 stands for all below it
	Rose   bool            `json:"rose"`             // else it fell
	Since  time.Time       `json:"since"`            // the end of the hour after which it was first said
	Ended  time.Time       `json:"ended,omitzero"`   // when it was calm again; zero if it is not yet
	Bundle string          `json:"bundle,omitempty"` // whose coming explains it; "" for none, and in all of Alarms
}

// Ratio returns how many times as many people it was as is usual.
func (m Move) Ratio() float64 { return m.Now / m.Usual }

// A Report is what a watch found.
type Report struct {
	From    time.Time `json:"from"`    // the first look
	To      time.Time `json:"to"`      // the last one
	Looks   int       `json:"looks"`   // hours with enough traffic in them and before them
	Movies  int       `json:"movies"`  // that the last look compared
	Bound   float64   `json:"bound"`   // p-value of an alarm at the last look
	Alarms  []Move    `json:"alarms"`  // no bundle explains them; the least probable first
	Bundles []Move    `json:"bundles"` // moves that came with a bundle
}

// Open returns how many moves of a list are not over.
func Open(moves []Move) (n int) {
	for _, m := range moves {
		if m.Ended.IsZero() {
			n++
		}
	}
	return n
}

// Needs returns from when on counts must be read for looks from one hour to another.
func (c Config) Needs(from time.Time) time.Time {
	return from.Add(-time.Duration(c.Hours()) * time.Hour)
}

// Watch looks at the end of each hour from from to to, both whole hours within t, and reports
// each move once, from the hour in which it is improbable beyond the bound until it
// is calm: a p-value above cfg.Release at twelve looks one after another, or a move to the
// other side; a level that holds for more than a day becomes usual. A move that came with a
// bundle and that a later look no longer explains so becomes an alarm of that hour. A
// look at 27,000 movies takes some 25 ms.
func Watch(ctx context.Context, t *Table, from, to time.Time, cfg Config) (Report, error) {
	first, last := int(hourOf(from)-t.first), int(hourOf(to)-t.first)
	if first < 1 || last > t.hours || last < first {
		return Report{}, fmt.Errorf("looks from %v to %v, want hours of the counts, which end at %v: %w", from, to, t.End(), catalog.ErrInvalid)
	}
	if err := cfg.Validate(); err != nil {
		return Report{}, fmt.Errorf("%w: %w", err, catalog.ErrInvalid)
	}
	w := watch{table: t, open: make(map[int]*episode)}
	r := Report{From: timeOf(t.first + int64(first)), To: timeOf(t.first + int64(last))}
	for end := first; end <= last; end++ {
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		r.Movies, r.Bound = 0, 0
		if l := newLook(t, cfg, end); l != nil {
			w.take(l)
			r.Looks++
			r.Movies, r.Bound = l.watched, l.bound()
		}
	}
	r.Alarms, r.Bundles = w.moves()
	return r, nil
}

// calmHours is for how many looks one after another a movie must be calm until a move is
// over: counts near a bound cross it often.
const calmHours = 12

// An episode is a move from its first look to its last.
type episode struct {
	move Move
	seen int // hour of the last look that had it
}

type watch struct {
	table *Table
	open  map[int]*episode // by row
	all   []*episode
}

// take adds what a look says.
func (w *watch) take(l *look) {
	bound := l.bound()
	now := timeOf(w.table.first + int64(l.end))
	for _, s := range l.scores(l.cfg.Release) {
		e := w.open[s.row]
		if e != nil && e.move.Rose != s.rose {
			w.end(s.row, now)
			e = nil
		}
		if s.p > bound {
			if e != nil {
				e.say(s, l.end)
			}
			continue
		}
		if e != nil && e.move.Bundle == "" {
			e.say(s, l.end)
			continue
		}
		bundle, explained := l.bundleOf(s)
		if !explained {
			bundle = ""
		}
		if e != nil {
			if !explained { // by what has come since
				e.move.Bundle, e.move.Since = "", now
			}
			e.say(s, l.end)
			continue
		}
		e = &episode{move: Move{Movie: w.table.movies[s.row], Rose: s.rose, Since: now, Bundle: bundle}}
		e.say(s, l.end)
		w.open[s.row], w.all = e, append(w.all, e)
	}
	for row, e := range w.open {
		if l.end-e.seen >= calmHours {
			w.end(row, now)
		}
	}
}

// say notes the newest figures.
func (e *episode) say(s score, end int) {
	e.move.Now, e.move.Usual, e.move.P, e.seen = s.now, s.usual, s.p, end
}

func (w *watch) end(row int, at time.Time) {
	w.open[row].move.Ended = at
	delete(w.open, row)
}

// moves returns the episodes: those that are not over first, the least probable first.
func (w *watch) moves() (alarms, bundles []Move) {
	slices.SortFunc(w.all, func(a, b *episode) int {
		over := func(e *episode) int {
			if e.move.Ended.IsZero() {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(over(a), over(b)), cmp.Compare(a.move.P, b.move.P), cmp.Compare(a.move.Movie, b.move.Movie))
	})
	alarms, bundles = []Move{}, []Move{}
	for _, e := range w.all {
		if e.move.Bundle == "" {
			alarms = append(alarms, e.move)
		} else {
			bundles = append(bundles, e.move)
		}
	}
	return alarms, bundles
}

// Rank returns the n movies with the lowest p-values at one hour, alarms or not; fewer than n
// windows with traffic are no look, and none come.
func Rank(t *Table, at time.Time, n int, cfg Config) []Move {
	end := int(hourOf(at) - t.first)
	if end < 1 || end > t.hours {
		return nil
	}
	l := newLook(t, cfg, end)
	if l == nil {
		return nil
	}
	scores := l.scores(1)
	out := make([]Move, 0, min(n, len(scores)))
	for _, s := range scores[:min(n, len(scores))] {
		out = append(out, Move{Movie: t.movies[s.row], Now: s.now, Usual: s.usual, P: s.p, Rose: s.rose, Since: at})
	}
	return out
}
