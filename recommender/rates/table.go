package rates

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"marquee/catalog"
)

// A Store keeps what was counted by the hour.
type Store interface {
	ListHours(ctx context.Context, from, to time.Time) ([]catalog.ListHour, error)
	MovieRates(ctx context.Context, from, to time.Time) iter.Seq2[catalog.MovieHour, error]
}

// A Table holds the counts of some hours. It takes 8 bytes for each movie, hour and
// bundle in which the movie was recommended, before what slices grow by: 27,000 movies in
// every hour of nine days 54 MB. Nothing writes to it after Read returns.
type Table struct {
	first  int64  // hour since 1970 of the first one
	hours  int    // how many
	slots  []slot // by hour, in one by bundle
	movies []catalog.MovieID
	cells  [][]cell // by movie; of each ascending by slot
}

// A slot is a bundle in an hour.
type slot struct {
	hour   int // since the first
	bundle string
	since  int     // the hour in which its bundle came, if no other served alone since
	people float64 // who got a list
}

// A cell says how many people of a slot had a movie.
type cell struct {
	slot   int32
	people uint32
}

// hourOf returns the number of the hour that t is in.
func hourOf(t time.Time) int64 {
	s := t.Unix()
	if s < 0 {
		s -= 3599
	}
	return s / 3600
}

// timeOf returns when an hour begins.
func timeOf(hour int64) time.Time { return time.Unix(3600*hour, 0).UTC() }

// Read returns the counts of the hours that begin at from or later and before to.
func Read(ctx context.Context, store Store, from, to time.Time) (*Table, error) {
	heads, err := store.ListHours(ctx, from, to)
	if err != nil {
		return nil, err
	}
	return New(heads, store.MovieRates(ctx, from, to), from, to)
}

// New returns the counts of the hours from from to before to. Rows of a bundle and an hour
// that heads does not have were counted between two reads, and are left out.
func New(heads []catalog.ListHour, rows iter.Seq2[catalog.MovieHour, error], from, to time.Time) (*Table, error) {
	t := &Table{first: hourOf(from.Add(time.Hour - 1))}
	t.hours = int(hourOf(to.Add(time.Hour-1)) - t.first)
	if t.hours < 1 {
		return nil, fmt.Errorf("rates from %v to %v, want the second at least an hour later: %w", from, to, catalog.ErrInvalid)
	}
	for _, h := range heads {
		t.slots = append(t.slots, slot{hour: int(hourOf(h.Hour) - t.first), bundle: h.Bundle, people: float64(h.People)})
	}
	slices.SortFunc(t.slots, compareSlots)
	t.dateSlots()
	rowOf := make(map[catalog.MovieID]int)
	for m, err := range rows {
		if err != nil {
			return nil, err
		}
		at, there := slices.BinarySearchFunc(t.slots, slot{hour: int(hourOf(m.Hour) - t.first), bundle: m.Bundle}, compareSlots)
		if !there || m.People < 1 {
			continue
		}
		row, known := rowOf[m.Movie]
		if !known {
			row = len(t.movies)
			rowOf[m.Movie] = row
			t.movies, t.cells = append(t.movies, m.Movie), append(t.cells, nil)
		}
		t.cells[row] = append(t.cells[row], cell{int32(at), uint32(m.People)})
	}
	for _, cells := range t.cells {
		if !slices.IsSortedFunc(cells, compareCells) {
			slices.SortFunc(cells, compareCells)
		}
	}
	return t, nil
}

func compareSlots(a, b slot) int {
	return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.bundle, b.bundle))
}

func compareCells(a, b cell) int { return cmp.Compare(a.slot, b.slot) }

// dateSlots notes since when the bundle of each slot serves. A bundle goes on through hours
// in which nobody got a list, and comes anew after an hour of others alone.
func (t *Table) dateSlots() {
	before, now := map[string]int{}, map[string]int{}
	for i := range t.slots {
		s := &t.slots[i]
		if i > 0 && t.slots[i-1].hour != s.hour {
			before, now = now, map[string]int{}
		}
		s.since = s.hour
		if since, went := before[s.bundle]; went {
			s.since = since
		}
		now[s.bundle] = s.since
	}
}

// Movies returns how many movies were recommended.
func (t *Table) Movies() int { return len(t.movies) }

// End returns the end of the last hour.
func (t *Table) End() time.Time { return timeOf(t.first + int64(t.hours)) }
