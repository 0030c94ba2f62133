package behave

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// A Lister returns at most n movies for user, best first, as rows of the
// training part, given what is known of them and their history, newest first.
// Otherwise it is bound as an [eval.Lister] is.
type Lister func(ctx context.Context, user catalog.User, history []eval.Seen, n int) ([]uint32, error)

// A Subject is what is tested.
type Subject struct {
	Name string
	List Lister

	// ByHistory says that lists go by the history they are asked with, and not by
	// the person's id, as those of a server or a file do. Without it no person can
	// be made up, and tests that need one are skipped.
	ByHistory bool

	// ByRecord says that lists go by the record they are asked with, too.
	ByRecord bool

	// Neighbours returns up to k movies, nearest first; nil if there are none, and
	// lists for one watched movie stand in.
	Neighbours func(row uint32, k int) []uint32
}

// Of returns m as a subject that goes by history alone.
func Of(m eval.Model) Subject {
	s := Subject{Name: m.Name, ByHistory: true}
	switch {
	case m.Explain != nil:
		s.List = func(ctx context.Context, user catalog.User, history []eval.Seen, n int) ([]uint32, error) {
			l, err := m.Explain(ctx, user.ID, history, n)
			return l.Rows, err
		}
	case m.List != nil:
		s.List = func(ctx context.Context, user catalog.User, history []eval.Seen, n int) ([]uint32, error) {
			return m.List(ctx, user.ID, history, n)
		}
	}
	return s
}

// A World is what subjects are tested on.
type World struct {
	Train  *eval.Data                        // what they learned from
	Movies []catalog.Movie                   // by row of Train.Movies; nil if nothing is known
	User   func(catalog.UserID) catalog.User // nil if nothing is known
}

// Config says how to test. Start from [DefaultConfig]: a zero field means zero.
type Config struct {
	N         int    // length of lists, 1 to eval.MaxList
	MaxPeople int    // asked for in each test, drawn by Seed, 1 or more
	Seed      uint64 // of who is drawn, and which movie is taken out
	Workers   int    // goroutines, 1 or more; their number changes nothing
	Examples  int    // of what failed, in each test

	MostAdult   float64 // largest share of minors' places with adult movies
	MostWatched float64 // largest share of lists with a watched movie
	LeastSeries float64 // smallest share of the films of one's series among the first N
	LeastStable float64 // smallest mean Jaccard index after one movie is taken out
	LeastLift   float64 // share of the genre in the list over its share of the catalog must be above this

	MinHistory  int      // movies that a history needs for stability, 2 or more
	MinWatchers int      // people that must have watched a film for its series to count, or for it to tell of a taste, so that there is something to learn
	Genres      []string // to test; nil for Horror, or the most common one under 30% of the catalog
	GenreMovies int      // movies that a genre needs, above GenreSeen
	GenreSeen   int      // movies of the genre that are watched, 1 or more
}

// DefaultConfig has the bounds that a sound model keeps. A Jaccard index of 0.5
// is two thirds of the places kept. On ml-latest-small, popularity finds 0.04 of
// the series, and movies that were watched together 0.30: TestMovieLens. There
// popularity has half the catalog's share of horror for whoever watched nothing else,
// and movies that were watched together have three times it; the bound is the share itself.
func DefaultConfig() Config {
	return Config{
		N: 20, MaxPeople: 500, Seed: 1, Workers: runtime.GOMAXPROCS(0), Examples: 5,
		LeastSeries: 0.2, LeastStable: 0.5, LeastLift: 1,
		MinHistory: 10, MinWatchers: 20, GenreMovies: 30, GenreSeen: 10,
	}
}

// Validate reports every fault in one error, which wraps [catalog.ErrInvalid].
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, n := range []struct {
		name        string
		value, from int
	}{
		{"list length", c.N, 1}, {"people", c.MaxPeople, 1}, {"workers", c.Workers, 1}, {"examples", c.Examples, 0},
		{"shortest history", c.MinHistory, 2}, {"watchers of a film", c.MinWatchers, 0}, {"movies of a genre that are watched", c.GenreSeen, 1}, {"movies of a genre", c.GenreMovies, c.GenreSeen + 1},
	} {
		if n.value < n.from {
			bad("%s: %d, want %d or more", n.name, n.value, n.from)
		}
	}
	if c.N > eval.MaxList {
		bad("list length: %d, want at most %d", c.N, eval.MaxList)
	}
	for _, b := range []struct {
		name  string
		value float64
	}{{"share of adult movies", c.MostAdult}, {"share of lists with watched movies", c.MostWatched}, {"share of series", c.LeastSeries}, {"stability", c.LeastStable}} {
		if !(b.value >= 0 && b.value <= 1) {
			bad("%s: %v, want 0 to 1", b.name, b.value)
		}
	}
	if !(c.LeastLift >= 0) {
		bad("lift of a genre: %v, want 0 or more", c.LeastLift)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", errors.Join(errs...), catalog.ErrInvalid)
}
