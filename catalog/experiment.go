package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"time"
)

// An ExperimentMode says how the arms of an experiment meet people.
type ExperimentMode string

// The modes of experiments.
const (
	ExperimentSplit      ExperimentMode = "split"      // each person gets the lists of one arm
	ExperimentShadow     ExperimentMode = "shadow"     // everybody gets the first arm's; the others' are computed and compared
	ExperimentInterleave ExperimentMode = "interleave" // everybody gets lists to which two arms contribute in turn
)

// An Experiment compares ways to make lists. People are assigned by a hash of their id
// with Salt; experiments of one Layer never share a person, those of different layers
// are independent.
type Experiment struct {
	Name  string         `json:"name"` // 1 to 64 of a-z, 0-9 and -
	Layer string         `json:"layer"`
	Mode  ExperimentMode `json:"mode"`
	Salt  string         `json:"salt"`

	// From and To are the share of the layer's people who take part: those whose place in
	// the layer, 0 to 1, lies from From to below To.
	From float64 `json:"from"`
	To   float64 `json:"to"`

	Arms      []ExperimentArm   `json:"arms"`                // the first is the control
	Overrides map[UserID]string `json:"overrides,omitempty"` // testers, and the arm that each gets wherever their place is
	Start     time.Time         `json:"start"`
	End       time.Time         `json:"end,omitzero"`     // zero: until it is stopped
	Stopped   time.Time         `json:"stopped,omitzero"` // when it was stopped by hand
	Note      string            `json:"note,omitempty"`
}

// An ExperimentArm is one way to make lists.
type ExperimentArm struct {
	Name   string          `json:"name"`            // as that of an experiment
	Weight float64         `json:"weight"`          // of those who take part, beside the weights of the others
	Model  string          `json:"model,omitempty"` // the arm of the bundle: a model, or content-ratings-popularity; empty: the default
	Knobs  json.RawMessage `json:"knobs,omitempty"` // settings of ranking by name, those that differ
}

// MaxOverrides bounds [Experiment.Overrides].
const MaxOverrides = 1000

var experimentName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// Validate reports every fault in one error that wraps [ErrInvalid].
func (e Experiment) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, n := range []struct{ what, name string }{{"name", e.Name}, {"layer", e.Layer}} {
		if !experimentName.MatchString(n.name) {
			bad("%s is %q, want 1 to 64 of a-z, 0-9 and -", n.what, n.name)
		}
	}
	if e.Salt == "" || len(e.Salt) > 200 {
		bad("salt has %d bytes, want 1 to 200", len(e.Salt))
	}
	if !(e.From >= 0 && e.From < e.To && e.To <= 1) {
		bad("takes part from %v to %v of the layer, want 0 <= from < to <= 1", e.From, e.To)
	}
	if e.Start.IsZero() || !e.End.IsZero() && !e.End.After(e.Start) {
		bad("runs from %v to %v, want a start, and an end after it", e.Start, e.End)
	}
	errs = append(errs, e.validateArms()...)
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("experiment %q: %w: %w", e.Name, errors.Join(errs...), ErrInvalid)
}

func (e Experiment) validateArms() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch e.Mode {
	case ExperimentSplit, ExperimentShadow:
		if len(e.Arms) < 2 || len(e.Arms) > 10 {
			bad("%d arms, want 2 to 10", len(e.Arms))
		}
	case ExperimentInterleave:
		if len(e.Arms) != 2 {
			bad("%d arms to interleave, want 2", len(e.Arms))
		}
	default:
		bad("mode is %q, want split, shadow or interleave", e.Mode)
	}
	names := map[string]bool{}
	for _, a := range e.Arms {
		if !experimentName.MatchString(a.Name) || names[a.Name] {
			bad("arm %q, want 1 to 64 of a-z, 0-9 and -, each once", a.Name)
		}
		names[a.Name] = true
		if !(a.Weight > 0 && a.Weight <= 1e6) || math.IsInf(a.Weight, 0) {
			bad("weight of arm %s is %v, want more than 0", a.Name, a.Weight)
		}
		if len(a.Knobs) > 0 && !json.Valid(a.Knobs) {
			bad("knobs of arm %s are no JSON", a.Name)
		}
	}
	if len(e.Overrides) > MaxOverrides {
		bad("%d overrides, want at most %d", len(e.Overrides), MaxOverrides)
	}
	for u, arm := range e.Overrides {
		if !names[arm] {
			bad("override of %q names arm %q, which is none", u, arm)
		}
	}
	return errs
}

// Running reports whether e takes people at a time.
func (e Experiment) Running(at time.Time) bool {
	return !at.Before(e.Start) && (e.End.IsZero() || at.Before(e.End)) && (e.Stopped.IsZero() || at.Before(e.Stopped))
}
