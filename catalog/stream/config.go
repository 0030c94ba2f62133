package stream

import (
	"errors"
	"fmt"
	"time"

	"marquee/catalog"
)

// Limits of what is read and kept of one line.
const (
	MaxLineBytes = 64 << 10 // longer lines are refused unread
	MaxKeptBytes = 4 << 10  // of a refused line
)

// Config says how lines become batches. Start from [DefaultConfig].
type Config struct {
	Location   *time.Location // of the stream's clock; nil is UTC
	Scale      catalog.Scale  // ratings that are not on it are refused
	BatchLines int            // lines a batch, 1 to 1,000,000
	BatchWait  time.Duration  // after which a source that waits for more hands over a batch that is not full
	From       From           // where reading begins; of a Pipe and of posts only the zero From
}

// DefaultConfig returns UTC, ratings from 1 to 5, 5,000 lines a batch
// and a wait of a second. (A
// transaction costs a store some milliseconds whatever is in it; beyond a few
// thousand lines that no longer shows, while memory and the work lost to a
// crash go on growing.)
func DefaultConfig() Config {
	return Config{Location: time.UTC, Scale: catalog.Scale5, BatchLines: 5000, BatchWait: time.Second}
}

// Validate reports every fault of c in one error that wraps
// [catalog.ErrInvalid].
func (c Config) Validate() error {
	var errs []error
	if c.BatchLines < 1 || c.BatchLines > 1_000_000 {
		errs = append(errs, fmt.Errorf("batch lines is %d, want 1 to 1000000: %w", c.BatchLines, catalog.ErrInvalid))
	}
	if c.BatchWait <= 0 {
		errs = append(errs, fmt.Errorf("batch wait is %v, want more than 0: %w", c.BatchWait, catalog.ErrInvalid))
	}
	if err := c.From.validate(); err != nil {
		errs = append(errs, err)
	}
	if err := c.Scale.Validate(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
