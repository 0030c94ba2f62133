package httpapi

import (
	"hash/maphash"
	"sync"
)

// mostGiven is how many ids that requests brought with them are remembered at least, and
// half of how many at most: those of the last ten seconds at 3,000 calls a second.
const mostGiven = 1 << 15

// requestIDs are those that requests brought with them of late. An id is the key of what is
// kept of a list, and decides what is drawn for it, so it is taken of one request: of a
// client that sends the same one each time, all lists but the first would be lost.
type requestIDs struct {
	mu        sync.Mutex
	seed      maphash.Seed
	now, then map[uint64]struct{} // hashes of the last ids, and of those before them
}

func newRequestIDs() *requestIDs {
	return &requestIDs{seed: maphash.MakeSeed(), now: map[uint64]struct{}{}}
}

// first reports whether an id was not given before, as far as is remembered.
func (g *requestIDs) first(id string) bool {
	h := maphash.String(g.seed, id)
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, there := g.now[h]; there {
		return false
	}
	_, there := g.then[h]
	if len(g.now) == mostGiven {
		g.now, g.then = make(map[uint64]struct{}, mostGiven), g.now
	}
	g.now[h] = struct{}{}
	return !there
}
