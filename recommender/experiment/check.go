package experiment

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
)

// ErrTaken reports an experiment that others leave no room for.
var ErrTaken = errors.New("experiments would meet")

// Check returns an error unless e may run beside others: one that wraps [catalog.ErrInvalid] if e is not in order, or [ErrTaken] if it
// would share people with others of its layer, meet more of them than can be told
// apart, or has the name of one of them, whether that still runs or not: lists that were
// served would count for both. It tells of every fault. Who changes an experiment leaves
// it out of others.
func Check(e catalog.Experiment, others []catalog.Experiment) error {
	if _, err := newRunning(e); err != nil {
		return err
	}
	if (e.Name == Holdback) != (e.Layer == Holdback) {
		return fmt.Errorf("experiment %q of layer %q: %q is the name of what holds people back from all others; choose another: %w", e.Name, e.Layer, Holdback, catalog.ErrInvalid)
	}
	var errs []error
	var beside []catalog.Experiment
	for _, o := range others {
		switch {
		case o.Name == e.Name && e.Name != Holdback:
			errs = append(errs, fmt.Errorf("there is one of this name, which runs %s, and lists that were served under it: choose another name", until(o)))
		case o.Name != e.Name && meet(e, o):
			beside = append(beside, o)
		}
	}
	errs = append(errs, shared(e, beside)...)
	errs = append(errs, crowded(e, beside)...)
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("experiment %q: %w: %w", e.Name, errors.Join(errs...), ErrTaken)
}

// meet reports whether there is a time at which both run.
func meet(a, b catalog.Experiment) bool {
	endA, endB := endOf(a), endOf(b)
	return (endB.IsZero() || a.Start.Before(endB)) && (endA.IsZero() || b.Start.Before(endA)) && !nothing(a) && !nothing(b)
}

// endOf returns when e takes nobody any more, the zero time if that is not known.
func endOf(e catalog.Experiment) time.Time {
	if e.End.IsZero() || !e.Stopped.IsZero() && e.Stopped.Before(e.End) {
		return e.Stopped
	}
	return e.End
}

// nothing reports whether e was stopped before it began.
func nothing(e catalog.Experiment) bool { end := endOf(e); return !end.IsZero() && !end.After(e.Start) }

// shared tells which people e would share with experiments of its layer.
func shared(e catalog.Experiment, beside []catalog.Experiment) (errs []error) {
	for _, o := range beside {
		if o.Layer != e.Layer {
			continue
		}
		if e.From < o.To && o.From < e.To {
			errs = append(errs, fmt.Errorf("%q takes %s of layer %s %s: take people from elsewhere, choose another layer, or stop it", o.Name, span(o.From, o.To), o.Layer, until(o)))
		}
		for u := range e.Overrides {
			if _, both := o.Overrides[u]; both {
				errs = append(errs, fmt.Errorf("%q has an override of %q already, in the same layer", o.Name, u))
			}
		}
	}
	return errs
}

// span writes a part of a layer.
func span(from, to float64) string { return fmt.Sprintf("%.4g%% to %.4g%%", 100*from, 100*to) }

// until writes when e ends.
func until(e catalog.Experiment) string {
	if end := endOf(e); !end.IsZero() {
		return "until " + end.UTC().Format(time.RFC3339)
	}
	return "until it is stopped"
}

// crowded tells what could not be told apart if e ran beside others.
func crowded(e catalog.Experiment, beside []catalog.Experiment) (errs []error) {
	longest := map[string]int{e.Layer: labelBytes(e)}
	for _, o := range beside {
		longest[o.Layer] = max(longest[o.Layer], labelBytes(o))
		if o.Layer != e.Layer && o.Mode == catalog.ExperimentInterleave && e.Mode == catalog.ExperimentInterleave {
			errs = append(errs, fmt.Errorf("%q interleaves lists of the same people, and a list has room for one such: choose its layer, %s, and other people", o.Name, o.Layer))
		}
	}
	if len(longest) > MaxLayers {
		errs = append(errs, fmt.Errorf("%d layers would have experiments at once, want at most %d", len(longest), MaxLayers))
	}
	total := len(longest) - 1 // commas
	for _, n := range longest {
		total += n
	}
	if total > MaxLabelBytes {
		errs = append(errs, fmt.Errorf("people could be in experiments whose names have %d bytes together, want at most %d: choose shorter names", total, MaxLabelBytes))
	}
	return errs
}

// labelBytes returns how long the label of e gets.
func labelBytes(e catalog.Experiment) int {
	r, err := newRunning(e)
	if err != nil {
		return 0 // it takes nobody
	}
	return len(r.longest())
}

// Room returns the first part of a layer, of this share, that is free while e runs.
// Without one the error wraps [ErrTaken] and tells what is taken.
func Room(e catalog.Experiment, share float64, others []catalog.Experiment) (from, to float64, err error) {
	taken := slices.DeleteFunc(slices.Clone(others), func(o catalog.Experiment) bool {
		return o.Layer != e.Layer || o.Name == e.Name || !meet(e, o)
	})
	slices.SortFunc(taken, func(a, b catalog.Experiment) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	const rounding = 1e-9
	for _, o := range taken {
		if o.From-from >= share-rounding {
			break
		}
		from = max(from, o.To)
	}
	if to = from + share; to <= 1+rounding {
		return from, min(to, 1), nil
	}
	var errs []error
	for _, o := range taken {
		errs = append(errs, fmt.Errorf("%q takes %s %s", o.Name, span(o.From, o.To), until(o)))
	}
	return 0, 0, fmt.Errorf("layer %s has no %.4g%% of people that are free: %w; take fewer people, choose another layer, or stop one: %w", e.Layer, 100*share, errors.Join(errs...), ErrTaken)
}
