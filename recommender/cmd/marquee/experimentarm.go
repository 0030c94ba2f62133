package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/experiment"
	"marquee/recommender/rank"
)

// parseArm reads an arm of an experiment as people write it: NAME, or NAME:KEY=VALUE,...
// where a key is model, weight, the name of a knob, or knobs, whose value is JSON.
func parseArm(text string) (catalog.ExperimentArm, error) {
	name, rest, more := strings.Cut(text, ":")
	p := armParser{arm: catalog.ExperimentArm{Name: name, Weight: 1}, given: map[string]bool{}, knobs: map[string]json.RawMessage{}}
	for more {
		var err error
		if rest, more, err = p.setting(rest); err != nil {
			return p.arm, usage("--arm %s: %w; want one such as control, als:model=als, diverse:diversity=0.2,weight=2 or both:model=als,knobs={\"explore\":0.05}", text, err)
		}
	}
	if len(p.knobs) > 0 {
		p.arm.Knobs, _ = json.Marshal(p.knobs) // of JSON values, so that it cannot fail
	}
	return p.arm, nil
}

// An armParser reads the settings of an arm.
type armParser struct {
	arm   catalog.ExperimentArm
	given map[string]bool
	knobs map[string]json.RawMessage
}

// setting takes one setting from the start of text, and returns what stands behind it.
func (p *armParser) setting(text string) (rest string, more bool, err error) {
	key, value, found := strings.Cut(text, "=")
	if !found || p.given[key] {
		return "", false, fmt.Errorf("%q is no setting, or was given before", text)
	}
	p.given[key] = true
	if key == "knobs" { // may hold commas
		return p.object(value)
	}
	value, rest, more = strings.Cut(value, ",")
	switch {
	case key == "model" && value != "":
		p.arm.Model = value
	case key == "weight":
		p.arm.Weight, err = strconv.ParseFloat(value, 64)
	case slices.Contains(experiment.KnobNames(), key) && json.Valid([]byte(value)):
		err = p.knob(key, json.RawMessage(value))
	case slices.Contains(experiment.KnobNames(), key):
		err = fmt.Errorf("%s is %q, want a number", key, value)
	default:
		err = fmt.Errorf("%s=%s is no setting; the knobs are %s", key, value, strings.Join(experiment.KnobNames(), ", "))
	}
	return rest, more, err
}

// object takes knobs as a JSON object from the start of text.
func (p *armParser) object(text string) (rest string, more bool, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	var knobs map[string]json.RawMessage
	if err := d.Decode(&knobs); err != nil {
		return "", false, fmt.Errorf("knobs are no object in JSON (%w)", err)
	}
	for name, value := range knobs {
		err = errors.Join(err, p.knob(name, value))
	}
	rest = text[d.InputOffset():]
	if rest == "" || err != nil {
		return "", false, err
	}
	if rest, more = strings.CutPrefix(rest, ","); !more {
		return "", false, fmt.Errorf("%q stands behind the knobs", rest)
	}
	return rest, more, nil
}

// knob sets one knob, once.
func (p *armParser) knob(name string, value json.RawMessage) error {
	if p.knobs[name] != nil {
		return fmt.Errorf("knob %s is there twice", name)
	}
	p.knobs[name] = value
	return nil
}

// setWeights gives arms the weights of NAME=NUMBER.
func setWeights(arms []catalog.ExperimentArm, weights []string) error {
	for _, text := range weights {
		name, number, found := strings.Cut(text, "=")
		weight, err := strconv.ParseFloat(number, 64)
		if !found || err != nil {
			return usage("--weight is %q, want ARM=NUMBER such as control=3", text)
		}
		i := slices.IndexFunc(arms, func(a catalog.ExperimentArm) bool { return a.Name == name })
		if i < 0 {
			return usage("--weight %s: there is no arm %q", text, name)
		}
		arms[i].Weight = weight
	}
	return nil
}

// armNames returns the arms of a bundle that lists may be asked of.
func armNames(m bundle.Manifest) []string {
	names := make([]string, 0, len(m.Models)+1)
	for _, x := range m.Models {
		names = append(names, x.Name)
	}
	return append(names, rank.ArmFeatures)
}

// A portion is a share of the people: "20%" or "0.2".
type portion float64

// UnmarshalText reads what people write.
func (p *portion) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(string(text), "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || math.IsNaN(v) || v < 0 || v > 1 {
		return fmt.Errorf("share %q, want one such as 20%% or 0.2", text)
	}
	*p = portion(v)
	return nil
}
