package analysis

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
)

// Options say how an experiment is judged. Start from [DefaultOptions].
type Options struct {
	AsOf    time.Time     // what happened later is not looked at
	Window  time.Duration // a list is accepted if a movie of it is watched this soon
	Metrics []string      // by name; nil: all
	Planned int           // people in an arm at which sequences are narrowest; set before the first look
	Draws   int           // of bootstraps, and of parts of the lists
	Seed    uint64        // of those draws

	Policies []Policy // that are estimated from lists that were explored

	// Latency returns how long the list of a request took, and as how many such requests it
	// counts: 0 if that is not known. Nil if nothing is.
	Latency func(requestID string) (took time.Duration, weight float64)
}

// DefaultOptions returns a window of a day and all metrics. 1,000 people are as many as
// show a change of acceptance from 10% to 14%; sequences lose little away from there.
func DefaultOptions(asOf time.Time) Options {
	return Options{AsOf: asOf, Window: 24 * time.Hour, Planned: 1000, Draws: 1000, Seed: 1}
}

// Validate reports every fault in one error that wraps [catalog.ErrInvalid].
func (o Options) Validate() error {
	var errs []error
	if o.AsOf.IsZero() {
		errs = append(errs, errors.New("no time as of which to judge"))
	}
	if o.Window < time.Minute || o.Window > 90*24*time.Hour {
		errs = append(errs, fmt.Errorf("window is %v, want 1m to 2160h", o.Window))
	}
	if o.Planned < MinPeople || o.Planned > 1e9 {
		errs = append(errs, fmt.Errorf("planned for %d people, want %d or more", o.Planned, MinPeople))
	}
	if o.Draws < 100 || o.Draws > 100_000 {
		errs = append(errs, fmt.Errorf("%d draws, want 100 to 100,000", o.Draws))
	}
	for _, name := range o.Metrics {
		if !slices.Contains(MetricNames(), name) {
			errs = append(errs, fmt.Errorf("metric %q, want one of %q", name, MetricNames()))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", errors.Join(errs...), catalog.ErrInvalid)
}

// wants reports whether a metric was asked for.
func (o Options) wants(name string) bool { return o.Metrics == nil || slices.Contains(o.Metrics, name) }

const (
	// Alpha is one less what intervals and sequences promise.
	Alpha = 0.05
	// MismatchP is the p-value of the people of the arms below which a report is invalid:
	// so low since it is looked at daily, and a true mismatch is soon far below.
	MismatchP = 0.001
	// MinPeople is how many people each of two arms has before they are compared: below,
	// means are not normal enough.
	MinPeople = 50
	// Power is that of [Difference.Detectable].
	Power = 0.8
	// MaxLooks bounds the looks of a sequence; longer experiments are looked at less than
	// daily.
	MaxLooks = 400
)
