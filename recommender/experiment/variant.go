package experiment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync/atomic"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// A variant is an arm of an experiment.
type variant struct {
	name  string
	model string
	patch json.RawMessage // nil if no knob differs

	// patched holds the newest results of Knobs, replaced whole. It keeps knobs by
	// value: a pointer into a snapshot would hold a whole bundle in memory.
	patched atomic.Pointer[[]*patched]
}

// A patched is what a variant makes of knobs.
type patched struct{ base, knobs rank.Knobs }

// maxPatched is how many bases a variant remembers: one of each bundle that serves, times
// the arms of other experiments that come before it.
const maxPatched = 8

var _ Variant = (*variant)(nil)

// newVariant returns an arm of e. Knobs that are not known or out of their range are an
// error that wraps [catalog.ErrInvalid].
func newVariant(e catalog.Experiment, a catalog.ExperimentArm) (*variant, error) {
	v := &variant{name: e.Name + ":" + a.Name, model: a.Model}
	if len(a.Knobs) == 0 {
		return v, nil
	}
	if _, err := Patch(rank.DefaultKnobs(), a.Knobs); err != nil {
		return nil, fmt.Errorf("arm %s: %w", a.Name, err)
	}
	v.patch = a.Knobs
	return v, nil
}

func (v *variant) Name() string  { return v.name }
func (v *variant) Model() string { return v.model }

// Knobs implements [Variant]. It allocates only for a base that it does not remember.
func (v *variant) Knobs(base *rank.Knobs) *rank.Knobs {
	if v.patch == nil || base == nil {
		return base
	}
	known := v.patched.Load()
	if known != nil {
		for _, p := range *known {
			if p.base == *base {
				return &p.knobs
			}
		}
	}
	knobs, err := Patch(*base, v.patch)
	if err != nil { // the patch is right, so the bundle's own knobs are not
		return base
	}
	next := []*patched{{*base, knobs}}
	if known != nil {
		next = append(next, (*known)[:min(len(*known), maxPatched-1)]...)
	}
	v.patched.Store(&next) // another goroutine's result may be lost, and is made again
	return &next[0].knobs
}

// Patch returns base with the settings that a JSON object names in place of its own. A
// name that is no knob, and a value out of its range, are errors that wrap
// [catalog.ErrInvalid].
func Patch(base rank.Knobs, patch json.RawMessage) (rank.Knobs, error) {
	knobs := base
	if !bytes.HasPrefix(bytes.TrimSpace(patch), []byte("{")) {
		return base, fmt.Errorf("knobs are %.50q, want an object such as {\"diversity\":0.2}: %w", patch, catalog.ErrInvalid)
	}
	d := json.NewDecoder(bytes.NewReader(patch))
	d.DisallowUnknownFields()
	if err := d.Decode(&knobs); err != nil {
		return base, fmt.Errorf("knobs %.100s: %w; the knobs are %s: %w", patch, err, strings.Join(KnobNames(), ", "), catalog.ErrInvalid)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return base, fmt.Errorf("knobs %.100s: something stands behind the object: %w", patch, catalog.ErrInvalid)
	}
	if err := knobs.Validate(); err != nil {
		return base, fmt.Errorf("knobs %.100s: %w: %w", patch, err, catalog.ErrInvalid)
	}
	return knobs, nil
}

// KnobNames returns the names of the knobs in JSON, in the order of [rank.Knobs].
func KnobNames() []string {
	t := reflect.TypeFor[rank.Knobs]()
	names := make([]string, 0, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}
