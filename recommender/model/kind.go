package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"marquee/catalog"
)

// A Progress is told how far a step has come. It may be called by one goroutine
// at a time.
type Progress func(step string, done, total int)

// A Kind is one sort of model: how it is set, trained and read back. Make one with
// [NewKind]; its settings are one flat JSON object of numbers, texts and booleans.
type Kind struct {
	Name     string
	Help     string          // one line for people who choose among kinds
	Defaults json.RawMessage // every setting with its default
	Space    []Param         // what "marquee tune" may change

	// Parts returns, of a composite with these settings, the names of its parts, and
	// whether it learns from examples; nil for any other kind.
	Parts func(settings json.RawMessage) (names []string, learns bool, err error)

	// Ready returns an error that wraps [ErrData] if examples are not enough for a
	// composite of these settings, which learns from them, so that nobody trains its
	// parts in vain; nil if there is no such limit.
	Ready func(settings json.RawMessage, examples []Example) error

	// Train makes a model of data. base holds what goes with data; the parts of a
	// composite are base.Models, and they must not have seen examples, which
	// only a composite uses.
	Train func(ctx context.Context, d *Data, base *Base, examples []Example, settings json.RawMessage, progress Progress) (Model, error)

	// Read makes the model of what one of this kind wrote.
	Read func(stored []byte, base *Base) (Model, error)
}

// An Example is a person of the validation part: who they are, what they had
// watched, and what they then watched.
type Example struct {
	Query Query
	Truth []Seen // newest first
}

// A Param is a setting that can be tuned.
type Param struct {
	Name      string  // of the setting
	Low, High float64 // both included
	Log       bool    // draw by ratio, not by difference
	Integer   bool
}

// A Config is the settings of one kind: a struct whose fields have JSON names.
type Config interface {
	// Validate reports every fault in one error.
	Validate() error
}

// Settings returns defaults with the settings given changed, and checks them. A
// name that is not among the defaults is an error that lists those that are. It
// wraps [catalog.ErrInvalid].
func Settings[C Config](defaults C, given json.RawMessage) (C, error) {
	c := defaults
	if len(given) > 0 {
		dec := json.NewDecoder(bytes.NewReader(given))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&c); err != nil {
			return c, fmt.Errorf("settings %.200s: %w; the defaults are %s: %w", given, err, encode(defaults), catalog.ErrInvalid)
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return c, fmt.Errorf("settings %.200s: more than one object: %w", given, catalog.ErrInvalid)
		}
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("%w: %w", err, catalog.ErrInvalid)
	}
	return c, nil
}

func encode(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("model: settings %+v: %v", v, err)) // a Config of NaN or Inf: a fault of the program
	}
	return text
}

// NewKind returns a kind with typed settings. train is called with settings that
// are valid and data that [Data.Check] accepts.
func NewKind[C Config](name, help string, defaults C, space []Param,
	train func(ctx context.Context, d *Data, c C, progress Progress) (Model, error),
	read func(stored []byte, base *Base) (Model, error),
) Kind {
	return Kind{
		Name: name, Help: help, Defaults: encode(defaults), Space: space, Read: read,
		Train: func(ctx context.Context, d *Data, _ *Base, _ []Example, settings json.RawMessage, progress Progress) (Model, error) {
			c, err := Settings(defaults, settings)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if err := d.Check(); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			m, err := train(ctx, d, c, progress)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return m, nil
		},
	}
}

// With returns settings with params set in them.
func With(settings json.RawMessage, params map[string]float64) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &all); err != nil {
			return nil, fmt.Errorf("settings %.200s: %w: %w", settings, err, catalog.ErrInvalid)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		v := params[name]
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("setting %s is %v, want a finite number: %w", name, v, catalog.ErrInvalid)
		}
		all[name] = encode(v)
	}
	return json.Marshal(all)
}
