package stream

import (
	"sync"
	"time"

	"marquee/catalog"
)

// windowParts is into how many parts a window is cut: it forgets a thirtieth of
// itself at a time.
const windowParts = 30

// A Window counts the lines of the last while, for a metric and an alert: when
// many of them are refused, the stream has changed or somebody injects noise. Any
// number of goroutines may use it. Its size does not depend on the lines.
type Window struct {
	part time.Duration
	now  func() time.Time

	mu     sync.Mutex
	parts  [windowParts]windowPart // by the number of the part modulo their count
	newest time.Time
}

// A windowPart counts the lines of one part of a window.
type windowPart struct {
	number         int64 // since 1970
	lines, refused int64
}

// NewWindow returns a window over the last span, at least 30 ms, of the clock now.
func NewWindow(span time.Duration, now func() time.Time) *Window {
	return &Window{part: max(time.Millisecond, span/windowParts), now: now}
}

// Observe counts the lines of a batch that was applied.
func (w *Window) Observe(b catalog.Batch, done catalog.Applied) {
	sum := Count(b, done)
	newest := newestOf(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	if newest.After(w.newest) {
		w.newest = newest
	}
	number := w.number()
	p := &w.parts[number%windowParts]
	if p.number != number {
		*p = windowPart{number: number}
	}
	// That events of people who were forgotten are left out is no fault of the stream.
	forgotten := sum.Refused[Forgotten]
	p.lines += sum.Lines - forgotten
	p.refused += sum.RefusedTotal() - forgotten
}

// number returns the number of the part that is now.
func (w *Window) number() int64 { return max(0, w.now().UnixNano()/int64(w.part)) }

// Share returns the share of refused lines among those of the window, 0 to 1, and
// how many these are, both without the events of people who were forgotten; 0 of
// none is 0.
func (w *Window) Share() (refused float64, lines int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	number := w.number()
	var bad int64
	for _, p := range w.parts {
		if p.number > number-windowParts && p.number <= number {
			lines += p.lines
			bad += p.refused
		}
	}
	if lines == 0 {
		return 0, 0
	}
	return float64(bad) / float64(lines), lines
}

// Newest returns the time of the newest event that was observed, on the stream's
// clock; the zero time if there was none.
func (w *Window) Newest() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest
}

func newestOf(b catalog.Batch) (at time.Time) {
	later := func(t time.Time) {
		if t.After(at) {
			at = t
		}
	}
	for _, m := range b.Minutes {
		later(m.At)
	}
	for _, r := range b.Ratings {
		later(r.At)
	}
	for _, a := range b.Accounts {
		later(a.At)
	}
	return at
}
