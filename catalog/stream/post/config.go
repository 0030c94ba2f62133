package post

import (
	"errors"
	"fmt"
	"time"

	"marquee/catalog"
)

// Bounds of a token, in bytes: shorter ones can be guessed.
const (
	MinTokenBytes = 16
	MaxTokenBytes = 500
)

// Config says who may post and how much. Start from [DefaultConfig].
type Config struct {
	Tokens    []string      // any of which a request must carry; two while one replaces the other; 1 to 100
	BodyBytes int64         // of a body, as it comes and unpacked
	BodyLines int           // of a body
	Queue     int           // requests that may wait for the store; more are told to come back
	Wait      time.Duration // longest time that a request waits for the store

	// Failed, unless nil, is told why a body could not be stored: if by a fault of
	// its sender, who gets a 400, or by none, as when the store is damaged, and the
	// sender, who gets a 500, may send it again. Later bodies are taken still;
	// without Failed an error of the second kind ends the run.
	Failed func(err error)
}

// DefaultConfig returns bodies of up to 8 MiB and 200,000 lines, of which 16 may
// wait for up to 8 seconds: some 130 MiB at most. Tokens are the caller's.
func DefaultConfig() Config {
	return Config{BodyBytes: 8 << 20, BodyLines: 200_000, Queue: 16, Wait: 8 * time.Second}
}

// Validate reports every fault of c in one error that wraps
// [catalog.ErrInvalid]. It never shows a token.
func (c Config) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format+": %w", append(args, catalog.ErrInvalid)...))
		}
	}
	want(len(c.Tokens) >= 1 && len(c.Tokens) <= 100, "%d tokens, want 1 to 100: without one anybody could post", len(c.Tokens))
	for i, t := range c.Tokens {
		want(len(t) >= MinTokenBytes && len(t) <= MaxTokenBytes && visible(t), "token %d has %d bytes, want %d to %d visible ASCII characters without blanks", i+1, len(t), MinTokenBytes, MaxTokenBytes)
	}
	want(c.BodyBytes >= 1 && c.BodyBytes <= 1<<30, "largest body is %d bytes, want 1 to %d", c.BodyBytes, 1<<30)
	want(c.BodyLines >= 1 && c.BodyLines <= 10_000_000, "largest body is %d lines, want 1 to 10000000", c.BodyLines)
	want(c.Queue >= 1 && c.Queue <= 10_000, "queue is %d requests, want 1 to 10000", c.Queue)
	want(c.Wait > 0 && c.Wait <= time.Hour, "wait is %v, want more than 0, at most 1h", c.Wait)
	return errors.Join(errs...)
}

// visible reports whether text holds visible ASCII characters only.
func visible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
