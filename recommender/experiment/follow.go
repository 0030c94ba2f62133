package experiment

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"marquee/catalog"
)

// A Store is what a follower reads.
type Store interface {
	// LastChange returns the number of the newest change, 0 without any.
	LastChange(ctx context.Context) (int64, error)
	// Experiments returns all of them, those stopped included.
	Experiments(ctx context.Context) ([]catalog.Experiment, error)
}

// A Status says what a follower knows.
type Status struct {
	Experiments []catalog.Experiment `json:"experiments"`       // that run or are to begin, by start
	Sequence    int64                `json:"sequence"`          // of the last change when they were read
	Read        time.Time            `json:"read,omitzero"`     // when that was; zero: never
	Refused     string               `json:"refused,omitempty"` // which are not in order, and why
	Reason      string               `json:"reason,omitempty"`  // why it does not go on
}

// A Follower assigns people to the experiments that the store has. While the store is
// away it goes on with what it knows.
type Follower struct {
	store Store
	log   *slog.Logger
	now   func() time.Time
	known atomic.Pointer[known] // replaced whole

	refused string // the last that was logged; of whoever looks
}

// A known is what the store told.
type known struct {
	set    *Set
	all    []catalog.Experiment // that the set was made of
	status Status
}

var _ Assigner = (*Follower)(nil)

// lookTimeout bounds one look at the store.
const lookTimeout = 5 * time.Second

// NewFollower returns a follower that knows of no experiment yet.
func NewFollower(store Store, log *slog.Logger, now func() time.Time) *Follower {
	f := &Follower{store: store, log: log, now: now}
	f.known.Store(&known{set: &Set{}, status: Status{Experiments: []catalog.Experiment{}}})
	return f
}

// Assign implements [Assigner]: see [Set.Assign].
func (f *Follower) Assign(u catalog.UserID, at time.Time) Assignment {
	return f.known.Load().set.Assign(u, at)
}

// Status returns what f knows.
func (f *Follower) Status() Status { return f.known.Load().status }

// Run looks at the store every so often until ctx ends, whose error it returns.
func (f *Follower) Run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	down := false
	for {
		err := f.Look(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !down:
			f.log.Warn("experiments cannot be followed; those known go on", "error", err)
		case err == nil && down:
			f.log.Info("experiments are followed again")
		}
		down = err != nil
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Look reads the experiments if anything changed in the store since they were read. It
// takes at most 5 s. It may be called before [Follower.Run], not beside it.
func (f *Follower) Look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	old := f.known.Load()
	next := *old
	last, err := f.store.LastChange(ctx)
	if err == nil && (last != old.status.Sequence || old.status.Read.IsZero()) {
		err = f.read(ctx, &next, last)
	}
	next.status.Reason = ""
	if err != nil {
		next.status.Reason = err.Error()
		err = fmt.Errorf("read experiments: %w", err)
	}
	if next.status.Reason != old.status.Reason || next.status.Read != old.status.Read {
		f.known.Store(&next)
	}
	return err
}

// read reads all experiments. What is over is left out, so that a set stays small
// however many there were.
func (f *Follower) read(ctx context.Context, k *known, last int64) error {
	all, err := f.store.Experiments(ctx)
	if err != nil {
		return err
	}
	now := f.now()
	k.status.Sequence, k.status.Read = last, now
	all = slices.DeleteFunc(all, func(e catalog.Experiment) bool {
		end := endOf(e)
		return !end.IsZero() && !end.After(now)
	})
	if reflect.DeepEqual(all, k.all) {
		return nil // what the set remembers stays
	}
	k.all = all
	k.set, err = NewSet(all)
	k.status.Experiments, k.status.Refused = append([]catalog.Experiment{}, k.set.Experiments()...), ""
	if err != nil {
		k.status.Refused = err.Error()
	}
	if err != nil && k.status.Refused != f.refused {
		f.log.Error("experiments that are not in order take nobody", "error", err)
	}
	f.refused = k.status.Refused
	return nil
}
