package delta

import (
	"errors"
	"fmt"
	"time"
)

// Config bounds a follower. Start from [DefaultConfig].
type Config struct {
	Movies   int           // that may come or change after a bundle, at most, and rows behind it; later ones wait for the next
	Batch    int           // movies embedded and swapped in at once
	Poll     time.Duration // between two looks at the store's changes
	Timeout  time.Duration // of one read of the store
	MinDelay time.Duration // after a failed embedding, doubled for each one after it
	MaxDelay time.Duration
}

// DefaultConfig returns the settings that a server starts with. 32 movies cost the
// neighbour table as much as one does.
func DefaultConfig() Config {
	return Config{Movies: 2000, Batch: 32, Poll: 250 * time.Millisecond, Timeout: 5 * time.Second, MinDelay: time.Second, MaxDelay: time.Minute}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(c.Movies >= 0 && c.Movies <= 1_000_000, "movies after a build is %d, want 0 to 1000000", c.Movies)
	want(c.Batch >= 1 && c.Batch <= 1000, "movies embedded at once is %d, want 1 to 1000", c.Batch)
	want(c.Poll > 0, "poll of the changes is %v, want more than 0", c.Poll)
	want(c.Timeout > 0, "timeout of the changes is %v, want more than 0", c.Timeout)
	want(c.MinDelay > 0 && c.MinDelay <= c.MaxDelay, "delays after a failed embedding are %v to %v, want 0 < min <= max", c.MinDelay, c.MaxDelay)
	return errors.Join(errs...)
}
