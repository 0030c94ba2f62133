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

	say     say
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
		next.Arms = s.Arms
	}
	return next, err
}

// A scratch is the working memory of one request. Both columns are all zeros
// between requests.
type scratch struct {
	near    []float32 // row -> summed similarity
	state   []uint8   // row -> bits below
	touched []uint32  // rows whose columns are not zero
	top     []scored  // heap of the best
}

const (
	stateSeen      = 1 << iota // watched: never in a list
	stateNeighbour             // a candidate as a neighbour
	statePopular               // a candidate as popular
)

func (w *scratch) touch(row uint32, bit uint8) {
	if w.state[row] == 0 {
		w.touched = append(w.touched, row)
	}
	w.state[row] |= bit
}

func (w *scratch) clear() {
	for _, row := range w.touched {
		w.near[row] = 0
		w.state[row] = 0
	}
	w.touched = w.touched[:0]
}
