package eval

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	"marquee/catalog"
)

// Level is the share of intervals that hold the true value in the long run.
const Level = 0.95

// MaxList is the longest list that can be asked for.
const MaxList = 10_000

// Config says how to judge. Start from [DefaultConfig]: a zero field means zero.
type Config struct {
	N           int    // movies asked for in each list, 1 to MaxList
	Cutoffs     []int  // every k at which metrics are taken, ascending, 1 to N
	Baseline    string // the model that the others are compared with, person by person; "" for none
	CatalogSize int    // declared size of the whole catalog, for global coverage; 0 if it is the movies known
	MaxUsers    int    // judge only so many people, drawn by Seed; 0 for all
	Resamples   int    // of the bootstrap, 0 for no intervals, else 100 to 100,000; tests of differences make ten draws for each
	Seed        uint64 // of the bootstrap, and of the people drawn
	Workers     int    // goroutines, 1 or more; their number changes no figure
	Curve       []int  // every k of the curves of NDCG and recall, ascending, 1 to N; nil for none
	MinSlice    int    // people that a slice needs to stand alone; 0 for no slices
	RarefyTo    int    // lists at which coverage is compared; 0 for half of those judged
	RatingsOnly bool   // judge ratings, and ask for no lists
	Facts       Facts  // what is known of people and movies, for slices and diversity

	wholeOnly bool // take no figures of parts of the lists

	// Progress, unless nil, is told of each list that was judged, by one
	// goroutine at a time and with done growing.
	Progress func(done, total int)
}

// DefaultConfig is what the service's contract asks for: lists of 20, judged at
// 10 and 20, with 1,000 resamples (Efron and Tibshirani, "An introduction to
// the bootstrap", 1993, want 1,000 for percentile intervals), and slices of 30
// people or more, where the mean of a skewed score begins to be near normal.
func DefaultConfig() Config {
	return Config{N: 20, Cutoffs: []int{10, 20}, Resamples: 1000, Seed: 1, Workers: runtime.GOMAXPROCS(0), MinSlice: 30}
}

// Validate reports every fault in one error, which wraps [catalog.ErrInvalid].
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.N < 1 || c.N > MaxList {
		bad("list length is %d, want 1 to %d", c.N, MaxList)
	}
	if len(c.Cutoffs) == 0 {
		bad("no cutoffs, want at least one k")
	}
	for i, k := range c.Cutoffs {
		if k < 1 || k > c.N || i > 0 && k <= c.Cutoffs[i-1] {
			bad("cutoffs are %v, want them ascending, from 1 to the list length %d", c.Cutoffs, c.N)
			break
		}
	}
	for i, k := range c.Curve {
		if k < 1 || k > c.N || i > 0 && k <= c.Curve[i-1] {
			bad("ks of the curves are %v, want them ascending, from 1 to the list length %d", c.Curve, c.N)
			break
		}
	}
	if c.MinSlice < 0 {
		bad("a slice needs %d people, want 0 (no slices) or more", c.MinSlice)
	}
	if c.RarefyTo < 0 {
		bad("rarefy to %d lists, want 0 (half) or more", c.RarefyTo)
	}
	if c.CatalogSize < 0 {
		bad("catalog size is %d, want 0 or more", c.CatalogSize)
	}
	if c.MaxUsers < 0 {
		bad("at most %d users, want 0 (all) or more", c.MaxUsers)
	}
	if c.Resamples != 0 && (c.Resamples < 100 || c.Resamples > 100_000) {
		bad("resamples are %d, want 0 or 100 to 100000", c.Resamples)
	}
	if c.Workers < 1 {
		bad("workers are %d, want 1 or more", c.Workers)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", catalog.ErrInvalid, errors.Join(errs...))
}

// check adds what depends on the data and the models.
func (c Config) check(s *Split, models []Model) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if len(s.Truth) != len(s.Train.Users) {
		return fmt.Errorf("truth of %d people for %d in train, want one for each: %w", len(s.Truth), len(s.Train.Users), ErrSplit)
	}
	if c.CatalogSize != 0 && c.CatalogSize < len(s.Train.Movies) {
		return fmt.Errorf("catalog size is declared as %d, but %d movies are known; declare at least that, or 0: %w", c.CatalogSize, len(s.Train.Movies), catalog.ErrInvalid)
	}
	if n := len(c.Facts.Genres); n != 0 && n != len(s.Train.Movies) {
		return fmt.Errorf("genres of %d movies, but %d are known; give them by row: %w", n, len(s.Train.Movies), catalog.ErrInvalid)
	}
	if err := s.checkCandidates(); err != nil {
		return err
	}
	if len(models) == 0 {
		return fmt.Errorf("no models to judge, want at least one: %w", catalog.ErrInvalid)
	}
	names := make([]string, 0, len(models))
	for _, m := range models {
		if m.Name == "" || m.List == nil && m.Explain == nil && m.Rate == nil || slices.Contains(names, m.Name) {
			return fmt.Errorf("model %q lacks a name or a func or is named twice; names must differ: %w", m.Name, catalog.ErrInvalid)
		}
		if c.RatingsOnly && m.Rate == nil {
			return fmt.Errorf("model %q predicts no ratings, and nothing else is to be judged; leave it out, or judge lists too: %w", m.Name, catalog.ErrInvalid)
		}
		names = append(names, m.Name)
	}
	if c.Baseline != "" && !slices.Contains(names, c.Baseline) {
		return fmt.Errorf("baseline %q is not among the models %q: %w", c.Baseline, names, catalog.ErrInvalid)
	}
	return nil
}

// CurveKs returns ks for [Config].Curve with lists of n, closer together at first.
func CurveKs(n int) []int {
	var out []int
	for _, k := range []int{1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500, 1000, 2000, 5000, 10_000} {
		if k < n {
			out = append(out, k)
		}
	}
	return append(out, n)
}
