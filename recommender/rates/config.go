package rates

import (
	"errors"
	"fmt"
)

// day is the length of a window in hours. Others would not hold each hour of the day
// equally often.
const day = 24

// explainHours is how far back a look searches for the moment of a move.
const explainHours = 2 * day

// Config says what an alarm is. Start from [DefaultConfig].
type Config struct {
	Windows     int     // of 24 hours each that are compared with the last one, 3 to 28
	FalseAlarms float64 // a day at most, of rises; and as many of falls
	Release     float64 // a movie is calm when its p-value is above this
	Explain     float64 // log-likelihood by which a step at another hour must fit better than one at the swap of a bundle
}

// DefaultConfig holds the promise of ADR 9: 0.5 false alarms of rises and 0.5 of falls a
// day at most. Explain 10: where a move did begin at a swap, another hour fits so much
// better for one movie of 20,000 (exp(-10)); a rise by half of a movie with 540 people a day is
// told from a swap that is some four hours away.
func DefaultConfig() Config { return Config{Windows: 7, FalseAlarms: 0.5, Release: 1e-3, Explain: 10} }

// Validate reports every fault.
func (c Config) Validate() error {
	var errs []error
	if c.Windows < minWindows || c.Windows > 28 {
		errs = append(errs, fmt.Errorf("windows is %d, want %d to 28", c.Windows, minWindows))
	}
	if !(c.FalseAlarms > 0 && c.FalseAlarms <= 100) {
		errs = append(errs, fmt.Errorf("false alarms is %v a day, want more than 0, at most 100", c.FalseAlarms))
	}
	if !(c.Release > 0 && c.Release <= 0.01) {
		errs = append(errs, fmt.Errorf("release is %v, want more than 0, at most 0.01", c.Release))
	}
	if !(c.Explain >= 0) {
		errs = append(errs, fmt.Errorf("explain is %v, want 0 or more", c.Explain))
	}
	return errors.Join(errs...)
}

// Hours returns how many hours before its end a look reads.
func (c Config) Hours() int { return day * (1 + c.Windows) }
