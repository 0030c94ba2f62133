package delta

import (
	"slices"

	"marquee/catalog"
)

// An entry is a movie that waits to be embedded, or to be laid on what serves.
type entry struct {
	id       catalog.MovieID
	seq      int64 // of the first change that it waits for
	attempts int   // that failed with this movie alone
	since    int   // how often the embedder had succeeded when the first of them failed
}

// before returns the number up to which none of entries waits, at most last.
func before(last int64, entries []entry) int64 {
	for _, e := range entries {
		last = min(last, e.seq-1)
	}
	return last
}

// A queue holds movies in the order in which they shall be embedded, each once. Its
// user bounds it.
type queue struct {
	entries []entry
	ids     map[catalog.MovieID]struct{}
}

func (q *queue) len() int { return len(q.entries) }

// push puts id at the end unless it waits already.
func (q *queue) push(id catalog.MovieID, seq int64) { q.add(entry{id: id, seq: seq}) }

// add puts e at the end unless its movie waits already.
func (q *queue) add(e entry) {
	if _, waits := q.ids[e.id]; waits {
		return
	}
	if q.ids == nil {
		q.ids = make(map[catalog.MovieID]struct{})
	}
	q.ids[e.id] = struct{}{}
	q.entries = append(q.entries, e)
}

// take takes out the first n at most.
func (q *queue) take(n int) []entry {
	taken := slices.Clone(q.entries[:min(n, len(q.entries))])
	for _, e := range taken {
		delete(q.ids, e.id)
	}
	q.entries = slices.Delete(q.entries, 0, len(taken))
	return taken
}

// giveBack puts what was taken to the front again. Of a movie that waits anew the
// older entry stays, since its number is the lower one.
func (q *queue) giveBack(taken []entry) {
	later := q.entries
	q.entries, q.ids = nil, nil
	for _, e := range slices.Concat(taken, later) {
		q.add(e)
	}
}

// remove takes id out, if it waits.
func (q *queue) remove(id catalog.MovieID) {
	if _, waits := q.ids[id]; waits {
		delete(q.ids, id)
		q.entries = slices.DeleteFunc(q.entries, func(e entry) bool { return e.id == id })
	}
}
