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

// DefaultConfig returns UTC, ratings from 1 to 5, 20,000 lines a batch and a wait
// of a second. From a file into SQLite (BenchmarkFileToSQLite, two busy cores),
// batches of 1,000, 5,000, 20,000 and 50,000 lines brought 44,000, 72,000, 119,000
// and 173,000 lines a second with 23, 15, 21 and 32 MB of heap: most minutes fold
// into one row within a batch. Beyond 20,000 other writers of the store wait longer
// for each transaction, and so does a [Pipe] for its first batch.
func DefaultConfig() Config {
	return Config{Location: time.UTC, Scale: catalog.Scale5, BatchLines: 20_000, BatchWait: time.Second}
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
