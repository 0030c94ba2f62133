package simulator

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Config says how large a world is. Start from [DefaultConfig].
type Config struct {
	Seed   uint64
	Movies int // 1 to 20,000; beyond some 12,000, series and remakes repeat themselves
	People int // 1 to 1,000,000
}

// DefaultConfig returns the world of 2,000 movies and 3,000 people.
func DefaultConfig() Config { return Config{Seed: 1, Movies: 2000, People: 3000} }

// Validate reports every fault of c in one error.
func (c Config) Validate() error {
	var errs []error
	if c.Movies < 1 || c.Movies > 20_000 {
		errs = append(errs, fmt.Errorf("movies is %d, want 1 to 20000", c.Movies))
	}
	if c.People < 1 || c.People > 1_000_000 {
		errs = append(errs, fmt.Errorf("people is %d, want 1 to 1000000", c.People))
	}
	return errors.Join(errs...)
}

// A World is the invented movies and people. Nothing writes to it after New
// returns, so any number of goroutines may read it.
type World struct {
	Config Config
	Themes []string // the names of the themes; truths are vectors over them
	Movies []Movie
	People []Person

	movieByID  map[string]int
	personByID map[string]int
	fame       lottery   // over all movies
	byTheme    []lottery // over the movies of each theme
	next       []int     // movie -> the next part of its series, -1 if none
}

// New makes the world of cfg.
func New(cfg Config) (*World, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	w := &World{Config: cfg}
	all := themes()
	for _, t := range all {
		w.Themes = append(w.Themes, t.name)
	}
	w.makeMovies(all)
	w.makePeople()
	w.makeLotteries()
	return w, nil
}

// Movie returns the movie with an id.
func (w *World) Movie(id string) (Movie, bool) {
	i, ok := w.movieByID[id]
	if !ok {
		return Movie{}, false
	}
	return w.Movies[i], true
}

// Person returns the person with an id.
func (w *World) Person(id string) (Person, bool) {
	i, ok := w.personByID[id]
	if !ok {
		return Person{}, false
	}
	return w.People[i], true
}

// rng returns the random numbers of one part of the world: they do not depend
// on how large the other parts are.
func (w *World) rng(part string, i int) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, c := range []byte(part) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(mix(w.Config.Seed+h), mix(h+uint64(i))))
}

// mix spreads the bits of x (the finalizer of splitmix64), so that generators
// of neighbouring numbers have nothing in common.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// A lottery draws movies by weight.
type lottery struct {
	movies []int
	upto   []float64 // sums of weights
}

func (l *lottery) add(movie int, weight float64) {
	last := 0.0
	if n := len(l.upto); n > 0 {
		last = l.upto[n-1]
	}
	l.movies = append(l.movies, movie)
	l.upto = append(l.upto, last+weight)
}

// draw returns a movie, or -1 if there is none.
func (l *lottery) draw(rng *rand.Rand) int {
	if len(l.movies) == 0 {
		return -1
	}
	x := rng.Float64() * l.upto[len(l.upto)-1]
	i, _ := slices.BinarySearch(l.upto, x)
	return l.movies[min(i, len(l.movies)-1)]
}

func (w *World) makeLotteries() {
	w.byTheme = make([]lottery, len(w.Themes))
	for i, m := range w.Movies {
		w.fame.add(i, m.Fame)
		w.byTheme[m.Themes[0]].add(i, m.Fame)
		if len(m.Themes) > 1 {
			w.byTheme[m.Themes[1]].add(i, m.Fame*0.6)
		}
	}
}
