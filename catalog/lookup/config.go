package lookup

import (
	"errors"
	"fmt"
	"time"

	"marquee/catalog"
)

// Config bounds a lookup. Start from [DefaultConfig].
type Config struct {
	Users       bool          // look people up too, not movies alone
	Bulk        int           // ids looked up before the other kind has its turn, 1 to 10,000
	Queue       int           // ids of each kind that wait, at most
	Remember    int           // ids that need no second look, a generation; rounded up to a power of two
	Postpone    int           // ids of each kind whose record could not be had, at most
	NegativeAge time.Duration // how long "unknown" is believed
	SweepEvery  time.Duration // between two sweeps; sooner, when ids did not fit, down to a tenth
	MinDelay    time.Duration // after a failure of the API or the store, doubled for each one after it, with jitter
	MaxDelay    time.Duration
	MinRetry    time.Duration // until an id whose record could not be had is asked for again, doubled likewise
	MaxRetry    time.Duration
}

// DefaultConfig returns the settings that an ingest starts with. The memory takes
// 32 MB and has room for twice the million people of the stream, so that few share
// a full bucket. With one id a request and 50 requests a second, 100 people keep a
// movie waiting for two seconds.
func DefaultConfig() Config {
	return Config{
		Users:       true,
		Bulk:        100,
		Queue:       100_000,
		Remember:    1 << 21,
		Postpone:    10_000,
		NegativeAge: 24 * time.Hour,
		SweepEvery:  10 * time.Minute,
		MinDelay:    time.Second,
		MaxDelay:    time.Minute,
		MinRetry:    time.Minute,
		MaxRetry:    6 * time.Hour,
	}
}

// Validate reports every fault of c in one error that wraps
// [catalog.ErrInvalid].
func (c Config) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format+": %w", append(args, catalog.ErrInvalid)...))
		}
	}
	want(c.Bulk >= 1 && c.Bulk <= 10_000, "ids looked up at once is %d, want 1 to 10000", c.Bulk)
	want(c.Queue >= 1 && c.Queue <= 10_000_000, "ids that wait is %d, want 1 to 10000000", c.Queue)
	want(c.Remember >= 1 && c.Remember <= 1<<28, "ids remembered is %d, want 1 to %d", c.Remember, 1<<28)
	want(c.Postpone >= 0 && c.Postpone <= 10_000_000, "ids postponed is %d, want 0 to 10000000", c.Postpone)
	want(c.NegativeAge > 0, "age of a negative answer is %v, want more than 0", c.NegativeAge)
	want(c.SweepEvery > 0, "time between sweeps is %v, want more than 0", c.SweepEvery)
	want(c.MinDelay > 0 && c.MinDelay <= c.MaxDelay, "delays are %v to %v, want 0 < min <= max", c.MinDelay, c.MaxDelay)
	want(c.MinRetry > 0 && c.MinRetry <= c.MaxRetry, "delays of one id are %v to %v, want 0 < min <= max", c.MinRetry, c.MaxRetry)
	return errors.Join(errs...)
}
