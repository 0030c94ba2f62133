package delta

import "time"

// A trouble is a run of failures of the embedder.
type trouble struct {
	min, max  time.Duration
	err       error // the last one; nil when all is well
	delay     time.Duration
	until     time.Time // no attempt before
	alone     int       // of the next movies each is tried alone: one of them may be at fault
	successes int       // in all
}

// failed notes the failure of one of n movies, and puts the next attempt off.
func (t *trouble) failed(err error, n int) {
	t.err = err
	t.delay = min(t.max, max(t.min, 2*t.delay))
	t.until = time.Now().Add(t.delay)
	t.alone = n
}

// succeeded notes that all is well.
func (t *trouble) succeeded() {
	t.err, t.delay, t.until = nil, 0, time.Time{}
	t.alone = max(0, t.alone-1)
	t.successes++
}

// reset lets the next attempt be made at once.
func (t *trouble) reset() { t.err, t.delay, t.until, t.alone = nil, 0, time.Time{}, 0 }

// hopeless is how many failures of a movie alone, while others succeed, are
// enough.
const hopeless = 5
