package delta

import (
	"slices"

	"marquee/catalog"
)

// An entry is a movie that waits to be embedded.
type entry struct {
	id       catalog.MovieID
	seq      int64 // of the first change that it waits for
	attempts int   // that failed with this movie alone
	since    int   // how often the embedder had succeeded when the first of them failed
}

// A queue holds movies in the order in which they shall be embedded, each once. Its
// user bounds it.
type queue struct {
	entries []entry
	ids     map[catalog.MovieID]struct{}
}

func (q *queue) len() int { return len(q.entries) }

// push puts id at the end unless it waits already.
func (q *queue) push(id catalog.MovieID, seq int64) {
	if _, waits := q.ids[id]; waits {
		return
	}
	if q.ids == nil {
		q.ids = make(map[catalog.MovieID]struct{})
	}
	q.ids[id] = struct{}{}
	q.entries = append(q.entries, entry{id: id, seq: seq})
}

// head returns the first n at most.
func (q *queue) head(n int) []entry { return q.entries[:min(n, len(q.entries))] }

// drop takes the first n out.
func (q *queue) drop(n int) {
	for _, e := range q.entries[:n] {
		delete(q.ids, e.id)
	}
	q.entries = slices.Delete(q.entries, 0, n)
}

// rotate moves the first to the end, as e.
func (q *queue) rotate(e entry) {
	q.entries = append(slices.Delete(q.entries, 0, 1), e)
}

// before returns the number up to which nothing waits, at most last.
func (q *queue) before(last int64) int64 {
	for _, e := range q.entries {
		last = min(last, e.seq-1)
	}
	return last
}
