package pulse_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/pulse"
	"marquee/recommender/rank"
)

var now = time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)

// A store is what a test says.
type store struct {
	lists  []catalog.Exposure
	seen   map[catalog.UserID][]catalog.Seen
	counts []catalog.MovieCount
	err    error
}

func (s store) Exposures(_ context.Context, from, to time.Time) iter.Seq2[catalog.Exposure, error] {
	return func(yield func(catalog.Exposure, error) bool) {
		for _, e := range s.lists {
			if !e.At.Before(from) && e.At.Before(to) && !yield(e, nil) {
				return
			}
		}
	}
}
func (s store) History(_ context.Context, u catalog.UserID, _ int) ([]catalog.Seen, error) {
	return s.seen[u], nil
}
func (s store) Trending(context.Context, time.Time, time.Time, int) ([]catalog.MovieCount, error) {
	return s.counts, s.err
}

func id(i int) catalog.MovieID { return catalog.MovieID(fmt.Sprintf("m%03d", i)) }

// snapshot is of 100 movies, of which the i-th was watched by 100-i people.
func snapshot(t *testing.T) *rank.Snapshot {
	t.Helper()
	var movies []catalog.Movie
	for i := range 100 {
		movies = append(movies, catalog.Movie{ID: id(i)})
	}
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	histories := func(yield func(catalog.UserSeen, error) bool) {
		for i := range 100 {
			for u := range 100 - i {
				if !yield(catalog.UserSeen{User: catalog.UserID(fmt.Sprint(u)), Seen: catalog.Seen{Movie: id(i), At: now}}, nil) {
					return
				}
			}
		}
	}
	stats, err := rank.NewStats(movies, rows, histories, catalog.Scale5, rank.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	table, err := indexer.Neighbours(t.Context(), make([]float32, 200), 2, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := rank.NewSnapshot(rows, table, stats, catalog.Scale5, rank.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A list is accepted by a watch of one of its movies within the window, neither before it
// nor after, and of no other movie.
func TestAccepted(t *testing.T) {
	s := store{seen: map[catalog.UserID][]catalog.Seen{}}
	at := now.Add(-30 * time.Hour)
	for i := range 60 {
		u := catalog.UserID(fmt.Sprint(i))
		s.lists = append(s.lists, catalog.Exposure{User: u, At: at, Movies: []catalog.Exposed{{Movie: id(1)}, {Movie: id(2)}}})
		switch i % 4 {
		case 0:
			s.seen[u] = []catalog.Seen{{Movie: id(9), At: at.Add(2 * time.Hour)}, {Movie: id(2), At: at.Add(time.Hour)}}
		case 1:
			s.seen[u] = []catalog.Seen{{Movie: id(2), At: at.Add(-time.Hour)}}
		case 2:
			s.seen[u] = []catalog.Seen{{Movie: id(1), At: at.Add(25 * time.Hour)}}
		}
	}
	s.lists = append(s.lists, catalog.Exposure{At: at}, catalog.Exposure{User: "late", At: now.Add(-time.Hour)}) // of nobody, and not over
	p, err := pulse.Look(t.Context(), s, snapshot(t), now, pulse.DefaultConfig())
	if err != nil || p.Lists != 60 || p.Accepted != 0.25 {
		t.Errorf("%+v, %v; want a quarter of 60", p, err)
	}
	s.lists = s.lists[:20]
	if p, err = pulse.Look(t.Context(), s, snapshot(t), now, pulse.DefaultConfig()); err != nil || !math.IsNaN(p.Accepted) {
		t.Errorf("of 20 lists: %+v, %v; want nothing said", p, err)
	}
}

// Watches that fall as those before do have not moved; those of rare movies have.
func TestMoved(t *testing.T) {
	look := func(counts []catalog.MovieCount) pulse.Pulse {
		t.Helper()
		p, err := pulse.Look(t.Context(), store{counts: counts}, snapshot(t), now, pulse.DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var same, rare []catalog.MovieCount
	for i := range 100 {
		same = append(same, catalog.MovieCount{Movie: id(i), Since: 100 - i})
		rare = append(rare, catalog.MovieCount{Movie: id(i), Since: i})
	}
	if p := look(same); p.Watches != 5050 || p.Moved > 0.001 || p.Unknown != 0 {
		t.Errorf("the same: %+v", p)
	}
	if p := look(rare); p.Moved < 0.25 {
		t.Errorf("rare movies: %+v, want much drift", p)
	}
	if p := look(append(same, catalog.MovieCount{Movie: "new", Since: 5050})); p.Unknown != 0.5 || p.Moved > 0.001 {
		t.Errorf("half of new movies: %+v", p)
	}
	if p := look(same[99:]); !math.IsNaN(p.Moved) || !math.IsNaN(p.Unknown) || p.Watches != 1 {
		t.Errorf("one watch: %+v", p)
	}
	if _, err := pulse.Look(t.Context(), store{err: errors.New("away")}, snapshot(t), now, pulse.DefaultConfig()); err == nil {
		t.Error("no error of a store that is away")
	}
}
