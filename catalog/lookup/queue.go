package lookup

import (
	"strings"
)

// A queue holds ids that wait, each once, first come first served.
type queue struct {
	most int
	ids  []string // a ring
	head int
	n    int
	in   map[string]struct{}
}

func newQueue(most int) *queue { return &queue{most: most, in: make(map[string]struct{})} }

// push puts id at the end. It reports whether id waits now: not if the queue is
// full. The id is copied: it may be a part of a large text.
func (q *queue) push(id string) bool {
	if _, waits := q.in[id]; waits {
		return true
	}
	if q.n >= q.most {
		return false
	}
	id = strings.Clone(id)
	q.grow()
	q.ids[(q.head+q.n)%len(q.ids)] = id
	q.n++
	q.in[id] = struct{}{}
	return true
}

// back puts ids that were taken in front again, in their order. What does not fit
// is left out, and how much that is is returned.
func (q *queue) back(ids []string) (left int) {
	for i := len(ids) - 1; i >= 0; i-- {
		if _, waits := q.in[ids[i]]; waits {
			continue
		}
		if q.n >= q.most {
			left++
			continue
		}
		q.grow()
		q.head = (q.head - 1 + len(q.ids)) % len(q.ids)
		q.ids[q.head] = ids[i]
		q.n++
		q.in[ids[i]] = struct{}{}
	}
	return left
}

// grow makes room for one more.
func (q *queue) grow() {
	if q.n < len(q.ids) {
		return
	}
	next := make([]string, max(64, 2*len(q.ids)))
	for i := range q.n {
		next[i] = q.ids[(q.head+i)%len(q.ids)]
	}
	q.ids, q.head = next, 0
}

// take takes the first n out, or fewer.
func (q *queue) take(n int) []string {
	out := make([]string, min(n, q.n))
	for i := range out {
		out[i] = q.ids[q.head]
		q.ids[q.head] = ""
		q.head = (q.head + 1) % len(q.ids)
		delete(q.in, out[i])
	}
	q.n -= len(out)
	return out
}

// waits reports whether id is in the queue.
func (q *queue) waits(id string) bool {
	_, waits := q.in[id]
	return waits
}
