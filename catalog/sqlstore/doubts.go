package sqlstore

import (
	"sync"

	"marquee/catalog"
)

// maxDoubts bounds the doubts that are remembered, a partition each. Beyond it
// all are dropped.
const maxDoubts = 1000

// doubts are the replays of which the offset alone cannot tell whether they were
// stored. Everything else is told by the offset: it is b.To once the batch was
// stored. But a replay that ends where the store stood before, as one of a whole
// file in one batch does, leaves it where it was. If the answer to its commit is
// lost, the caller tries again, and its lines would be counted twice. Facts
// would not suffer: a row that is folded twice is the same.
//
// The time of the place tells, as it grows with each move. A replay that is
// begun by another process, or after a restart, is one of its own.
type doubts struct {
	mu   sync.Mutex
	held map[string]doubt // by partition
}

// A doubt is a batch that may have been stored.
type doubt struct{ from, to, at int64 }

// unclear reports whether b leaves the offset where it was.
func unclear(b catalog.Batch) bool { return b.Move != nil && b.Move.Held == b.To }

// raise remembers that b may have been stored, with the given time of its place.
func (d *doubts) raise(b catalog.Batch, at int64) {
	if !unclear(b) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held == nil || len(d.held) >= maxDoubts {
		d.held = make(map[string]doubt)
	}
	d.held[b.Partition] = doubt{b.From, b.To, at}
}

// done reports whether b was stored before, in a transaction whose answer was
// lost: at is the time of the place that the store holds now. It is asked once:
// the same replay again is meant.
func (d *doubts) done(b catalog.Batch, at int64) bool {
	if !unclear(b) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	was, known := d.held[b.Partition]
	delete(d.held, b.Partition)
	return known && was == doubt{b.From, b.To, at}
}

// settle forgets what was in doubt of b's partition.
func (d *doubts) settle(b catalog.Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.held, b.Partition)
}
