package stream_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
)

// A happening is one thing that befalls a followed file or its follower.
type happening struct {
	op  string
	n   int // lines, milliseconds, or batches before a fault
	cut int // bytes that the last line lacks at first
}

var happenings = rapid.Custom(func(t *rapid.T) happening {
	h := happening{op: rapid.SampledFrom([]string{
		"write", "write", "write", "write", "rotate", "truncate", "restart", "stop", "pass", "pass", "crash", "lose",
	}).Draw(t, "op")}
	switch h.op {
	case "write":
		h.n = rapid.SampledFrom([]int{0, 1, 2, 5, 60, 300}).Draw(t, "lines")
		h.cut = rapid.SampledFrom([]int{0, 0, 1, 1, 2, 30}).Draw(t, "cut")
	case "rotate", "truncate":
		h.cut = rapid.IntRange(0, 1).Draw(t, "cut")
	case "pass":
		h.n = rapid.SampledFrom([]int{1, 100, 250, 900, 1000, 5000, 11_000}).Draw(t, "millis")
	case "crash", "lose":
		h.n = rapid.IntRange(0, 3).Draw(t, "batches before")
	}
	return h
})

// A schedule makes it happen.
type schedule struct {
	*follower
	written int    // lines begun so far
	rest    string // of the last line
}

// write appends n lines, the last of which lacks its last cut bytes.
func (s *schedule) write(n, cut int) {
	out := s.rest
	for range n {
		out += line(s.written%9999) + "\n"
		s.written++
	}
	if n == 0 {
		cut = 0
	}
	s.rest = out[len(out)-cut:]
	s.append(s.path, out[:len(out)-cut])
}

// settle writes the rest of the last line, so that a rotation finds it whole,
// but without its end if cut is 1.
func (s *schedule) settle(cut int) {
	if s.rest != "" && s.rest != "\n" {
		s.append(s.path, s.rest[:len(s.rest)-cut])
	}
	s.rest = ""
}

func (s *schedule) do(h happening) {
	switch h.op {
	case "write":
		s.write(h.n, h.cut)
	case "rotate":
		s.settle(h.cut)
		s.rotate()
	case "truncate":
		s.settle(h.cut)
		s.copyTruncate()
	case "restart":
		s.restart()
	case "stop":
		s.stop()
	case "pass":
		pass(time.Duration(h.n) * time.Millisecond)
	case "crash":
		s.dst.change(func() { s.dst.fail = s.after(h.n) })
	case "lose":
		s.dst.change(func() { s.dst.lose = s.after(h.n) })
	}
}

// after returns a fault of one batch after n that have none.
func (s *schedule) after(n int) func(catalog.Batch) error {
	return func(catalog.Batch) error {
		if n--; n != -1 {
			return nil
		}
		return errAway
	}
}

// Whatever is appended, rotated, truncated, lost and restarted when: every line
// is stored, and none twice.
func TestFollowExactlyOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		batch := rapid.IntRange(1, 50).Draw(rt, "batch")
		steps := rapid.SliceOfN(happenings, 1, 25).Draw(rt, "steps")
		var s *schedule
		synctest.Test(t, func(t *testing.T) {
			s = &schedule{follower: newFollower(t)}
			s.silent, s.cfg.BatchLines, s.follow.Linger = true, batch, 10*time.Second
			s.write(1, 0) // of a file of which nothing was stored no later run knows
			s.start()
			pass(5 * time.Second)
			for _, h := range steps {
				s.do(h)
			}
			s.append(s.path, s.rest)
			s.restart()
			pass(30 * time.Second)
			s.stop()
		})
		got := s.dst.minutes()
		slices.Sort(got)
		if fmt.Sprint(got) != fmt.Sprint(upTo(s.written)) {
			rt.Fatalf("stored %v, want each of %d once", got, s.written)
		}
	})
}
