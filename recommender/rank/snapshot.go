package rank

import (
	"fmt"
	"sync"

	"marquee/catalog"
	"marquee/indexer"
)

// A Snapshot is all that lists are made from: parts of one build, which fit
// together and never change.
type Snapshot struct {
	Movies *Movies
	Table  *indexer.Table // each movie's nearest movies
	Stats  *Stats
	Scale  catalog.Scale // of ratings
	Config Config
	Arms   Arms // see [Snapshot.WithArms]

	hidden  []bool   // row -> never listed; nil if none is: see [Snapshot.WithHidden]
	served  []served // of Arms.Models
	fresh   []uint32 // see [freshest]; nil unless a model suggests
	later   int      // movies that came after the build
	say     say
	gate    gate      // who may be listed: see [Snapshot.admit]
	places  sync.Pool // of *placing
	scratch sync.Pool // of *scratch
	boards  sync.Pool // of *board
}

// NewSnapshot puts the parts of one build together.
func NewSnapshot(movies *Movies, table *indexer.Table, stats *Stats, scale catalog.Scale, c Config) (*Snapshot, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("ranking settings: %w", err)
	}
	n := movies.Len()
	if table.Rows() != n || len(stats.Quality) != n || len(stats.Popularity) != n || len(stats.Order) != n {
		return nil, fmt.Errorf("snapshot of %d movies has a neighbour table of %d rows and statistics of %d, %d and %d, want %d of each",
			n, table.Rows(), len(stats.Quality), len(stats.Popularity), len(stats.Order), n)
	}
	s := &Snapshot{Movies: movies, Table: table, Stats: stats, Scale: scale, Config: c, say: newSay(c)}
	s.scratch.New = func() any {
		return &scratch{near: make([]float32, n), state: make([]uint8, n)}
	}
	return s, nil
}

// With returns a snapshot of the same parts under another configuration, for
// arms and sweeps. Statistics keep the prior and half-life they were made with.
func (s *Snapshot) With(c Config) (*Snapshot, error) {
	next, err := NewSnapshot(s.Movies, s.Table, s.Stats, s.Scale, c)
	if err == nil {
		next.keep(s)
	}
	return next, err
}

// WithTable returns a snapshot of the same parts with another neighbour table.
func (s *Snapshot) WithTable(t *indexer.Table) (*Snapshot, error) {
	next, err := NewSnapshot(s.Movies, t, s.Stats, s.Scale, s.Config)
	if err == nil {
		next.keep(s)
	}
	return next, err
}

// keep takes what is not an argument of [NewSnapshot] from one of the same movies.
func (s *Snapshot) keep(from *Snapshot) {
	s.Arms, s.hidden = from.Arms, from.hidden
	s.served, s.fresh, s.later = from.served, from.fresh, from.later
}

// WithHidden returns a snapshot of the same parts that lists none of the movies in
// rows, and all others, whatever s hides. They still speak for those who watched them.
func (s *Snapshot) WithHidden(rows []uint32) (*Snapshot, error) {
	next, err := s.With(s.Config)
	if err != nil {
		return nil, err
	}
	next.hidden = nil
	if len(rows) > 0 {
		next.hidden = make([]bool, s.Movies.Len())
	}
	for _, row := range rows {
		next.hidden[row] = true
	}
	return next, nil
}

// Hidden reports whether the movie of a row is hidden or left the catalog.
func (s *Snapshot) Hidden(row uint32) bool {
	return s.hidden != nil && s.hidden[row] || s.Movies.IsGone(row)
}

// A scratch is the working memory of one request. Both columns are all zeros
// between requests.
type scratch struct {
	near    []float32 // row -> summed similarity
	state   []uint8   // row -> bits below
	touched []uint32  // rows whose columns are not zero, and other candidates
	top     []scored  // the best, or a heap of them
	summed  bool      // near has something

	// Of a model that scores candidates.
	rows   []uint32  // what it suggests
	scores []float32 // of touched
	parts  []float32 // what each part contributed to one of them
	pool   []Item    // of top

	fetched uint32 // means nothing: see fetchNear
}

const (
	stateSeen      = 1 << iota // watched: never in a list
	stateSuggested             // a candidate that the model suggests
	stateNeighbour             // a candidate as a neighbour
	statePopular               // a candidate as popular
	stateFresh                 // a candidate that came last
)

func (w *scratch) touch(row uint32, bit uint8) {
	if w.state[row] == 0 {
		w.touched = append(w.touched, row)
	}
	w.state[row] |= bit
}

func (w *scratch) clear() {
	for _, row := range w.touched {
		w.state[row] = 0
	}
	if w.summed {
		for _, row := range w.touched {
			w.near[row] = 0
		}
		w.summed = false
	}
	w.touched = w.touched[:0]
}
