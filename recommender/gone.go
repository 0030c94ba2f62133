package recommender

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"marquee/catalog"
)

// goneMost is how many movies a service remembers that left the catalog.
const goneMost = 100_000

// gone is the movies that are known to have left the catalog, each with the number of the
// change by which it left: of too many, the newest.
type gone struct {
	mu    sync.Mutex
	turn  int // changes so far
	since map[catalog.MovieID]int64
}

// SetGone says that movies left the catalog by change seq: bundles that are taken from
// now on and do not have that change come without them, as an older one does after a
// rollback. It is of what is known here: the newest 100,000 are remembered.
func (s *Service) SetGone(seq int64, ids ...catalog.MovieID) {
	g := &s.gone
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.since == nil {
		g.since = make(map[catalog.MovieID]int64)
	}
	for _, id := range ids {
		g.since[id] = max(g.since[id], seq)
	}
	g.turn++
	if len(g.since) <= goneMost {
		return
	}
	oldest := slices.SortedFunc(maps.Keys(g.since), func(a, b catalog.MovieID) int {
		return cmp.Or(cmp.Compare(g.since[a], g.since[b]), cmp.Compare(a, b))
	})
	for _, id := range oldest[:len(oldest)-goneMost*9/10] { // not one at a time
		delete(g.since, id)
	}
}

// SetThere says that movies are in the catalog, whatever [Service.SetGone] said before.
func (s *Service) SetThere(ids ...catalog.MovieID) {
	g := &s.gone
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range ids {
		delete(g.since, id)
	}
	g.turn++
}

// ResetGone forgets which movies left: the store is another one by now.
func (s *Service) ResetGone() {
	s.gone.mu.Lock()
	defer s.gone.mu.Unlock()
	s.gone.since = nil
	s.gone.turn++
}

// after returns the movies that left by changes that a bundle with all up to seq does
// not have, 0 for one that has none, and which turn of g that is.
func (g *gone) after(seq int64) (ids []catalog.MovieID, turn int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, left := range g.since {
		if left > seq {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, g.turn
}
