package main

import (
	"strings"
	"testing"
	"time"
)

// A server that does not remember what it showed says, once, that an arm which rotates it
// is like the others; one that remembers says nothing.
func TestServersTellOfRotate(t *testing.T) {
	s := builtShell(t)
	s.must("experiment", "start", "r", "--arm", "control", "--arm", "turned:rotate=0.1", "--arm", "still:rotate=0")
	s.must("experiment", "schedule", "later", "--at", "36h", "--layer", "other", "--arm", "control", "--arm", "then:rotate=0.1")
	for _, c := range []struct {
		args []string
		want int
	}{{nil, 1}, {[]string{"--remember-shown", "50"}, 0}} {
		address, log := free(t), &tidyLog{}
		end := s.backgroundTo(log, append([]string{"serve", "--listen", address}, c.args...)...)
		get(t, address)
		if c.want > 0 {
			eventually(t, func() bool { return log.has("arm turned of experiment r") })
		}
		time.Sleep(2*followEvery + followEvery/2) // in which it would be told again, or after all
		_, stderr := end()
		if got := strings.Count(stderr, "--remember-shown"); got != c.want || strings.Contains(stderr, "arm turned of") != (c.want > 0) || strings.Contains(stderr, "arm still of") || strings.Contains(stderr, "arm then of") {
			t.Errorf("%v: told %d times, want %d, of arm turned alone:\n%s", c.args, got, c.want, stderr)
		}
	}
}
