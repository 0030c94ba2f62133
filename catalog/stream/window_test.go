package stream_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/catalog/stream"
)

func batchOf(kept, refused int, at time.Time) catalog.Batch {
	b := catalog.Batch{Lists: kept - 1, Minutes: []catalog.Minute{{At: at}}}
	for range refused {
		b.Refused = append(b.Refused, catalog.Refused{Reason: "empty"})
	}
	return b
}

func TestWindow(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	w := stream.NewWindow(5*time.Minute, func() time.Time { return now })
	if share, lines := w.Share(); share != 0 || lines != 0 || !w.Newest().IsZero() {
		t.Errorf("empty: %v of %d, newest %v", share, lines, w.Newest())
	}
	event := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	w.Observe(batchOf(90, 10, event), catalog.Applied{})
	w.Observe(batchOf(100, 0, event.Add(-time.Hour)), catalog.Applied{Forgotten: catalog.Forgotten{Minutes: 1}})
	if share, lines := w.Share(); share != 10.0/199 || lines != 199 || !w.Newest().Equal(event) {
		t.Errorf("two batches: %v of %d, newest %v; want 10 of 199", share, lines, w.Newest())
	}
	now = now.Add(4 * time.Minute)
	w.Observe(batchOf(100, 0, event), catalog.Applied{})
	if share, lines := w.Share(); share != 10.0/299 || lines != 299 {
		t.Errorf("within the window: %v of %d, want 10 of 299", share, lines)
	}
	now = now.Add(2 * time.Minute)
	if share, lines := w.Share(); share != 0 || lines != 100 {
		t.Errorf("after the first left the window: %v of %d, want 0 of 100", share, lines)
	}
	now = now.Add(100 * time.Hour)
	if _, lines := w.Share(); lines != 0 {
		t.Errorf("long after: %d lines, want none", lines)
	}
}

// A window counts what a list of all lines with their times would, but for the
// thirtieth that it forgets at a time.
func TestWindowCountsTheLastWhile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const span = 30 * time.Second
		now := time.Unix(2_000_000, 0)
		w := stream.NewWindow(span, func() time.Time { return now })
		type seen struct {
			at    time.Time
			lines int64
		}
		var all []seen
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "pause")) * time.Millisecond)
			n := rapid.IntRange(1, 9).Draw(t, "lines")
			w.Observe(batchOf(n, 0, now), catalog.Applied{})
			all = append(all, seen{now, int64(n)})
		}
		var least, most int64
		for _, s := range all {
			if age := now.Sub(s.at); age < span-time.Second {
				least += s.lines
			}
			if age := now.Sub(s.at); age < span {
				most += s.lines
			}
		}
		if _, lines := w.Share(); lines < least || lines > most {
			t.Fatalf("%d lines, want %d to %d", lines, least, most)
		}
	})
}
