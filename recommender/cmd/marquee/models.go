package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"marquee/recommender/model"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// A preset is a model that goes by a name of its own: what users ask for without
// knowing its kind and settings.
type preset struct {
	spec pipeline.Spec
	help string
}

// blendParts are the models that the default blend is made of.
const blendParts = "als,ease,itemknn,userknn,neural,svd,svdpp,rating,content,popular"

// presets returns the models that are known by name. Any kind is one too, with its
// defaults.
func presets() []preset {
	set := func(name, kind, settings, help string) preset {
		return preset{pipeline.Spec{Name: name, Kind: kind, Settings: json.RawMessage(settings)}, help}
	}
	return []preset{
		set("blend", "blend", `{"parts":"`+blendParts+`"}`, "a blend of "+blendParts+" with learned weights; the default arm"),
		set("als-popular", "blend", `{"parts":"als,popular","weights":"0.8,0.2"}`, "ALS and popularity, as one ancestor served them"),
		set("neural-precomputed", "precomputed", `{"lists":"neural"}`, "lists of the neural model, made for everyone beforehand"),
		set("demographic-knn", "userknn", `{}`, "people of like taste; for thin histories people of like age, gender and occupation"),
	}
}

// specOf returns the spec of a model that is named: a preset or a kind.
func specOf(name string) (pipeline.Spec, error) {
	for _, p := range presets() {
		if p.spec.Name == name {
			return p.spec, nil
		}
	}
	for _, k := range kinds() {
		if k.Name == name && trainable(k) {
			return pipeline.Spec{Name: name, Kind: k.Name}, nil
		}
	}
	return pipeline.Spec{}, unknownModel(name)
}

// trainable reports whether a kind is a model by its own name: the precomputed one
// needs a preset, or "marquee precompute", to say whose lists it serves.
func trainable(k model.Kind) bool { return k.Name != "precomputed" }

// unknownModel lists the names there are, and others that the command knows.
func unknownModel(name string, others ...string) error {
	names := append([]string{rank.ArmFeatures}, others...)
	for _, p := range presets() {
		names = append(names, p.spec.Name)
	}
	for _, k := range kinds() {
		if trainable(k) {
			names = append(names, k.Name)
		}
	}
	slices.Sort(names)
	return usage("model %q, want one of %s", name, strings.Join(slices.Compact(names), ", "))
}

// modelFlags choose models and change their settings.
type modelFlags struct {
	Set []string `help:"A setting of a model: NAME.SETTING=VALUE, such as als.dims=32. May be given again. \"marquee model kinds\" lists them." sep:"none" placeholder:"SETTING"`
}

// specs returns the models of these names and the parts that they need, parts
// first, with the settings that were given. What is wrong with names and settings
// is said before anything is read.
func (f modelFlags) specs(names []string) ([]pipeline.Spec, error) {
	if err := twice("model", names); err != nil {
		return nil, err
	}
	var out []pipeline.Spec
	var add func(name string) error
	add = func(name string) error {
		if slices.ContainsFunc(out, func(s pipeline.Spec) bool { return s.Name == name }) {
			return nil
		}
		s, err := specOf(name)
		if err != nil {
			return err
		}
		if s.Settings, err = f.settings(s); err != nil {
			return err
		}
		needs, err := needsOf(s)
		if err != nil {
			return err
		}
		for _, n := range needs {
			if err := add(n); err != nil {
				return err
			}
		}
		if err := faultOf(s); err != nil {
			return err
		}
		out = append(out, s)
		return nil
	}
	for _, n := range names {
		if n == rank.ArmFeatures {
			continue // it is there without a model
		}
		if err := add(n); err != nil {
			return nil, err
		}
	}
	if err := f.unused(out); err != nil {
		return nil, err
	}
	_, err := pipeline.Training{Kinds: kinds()}.Order(out)
	return out, wrapUsage(err)
}

// twice refuses a name that is there twice.
func twice(what string, names []string) error {
	for i, n := range names {
		if slices.Contains(names[:i], n) {
			return usage("%s %q is named twice", what, n)
		}
	}
	return nil
}

// faultOf returns what is wrong with the settings of s. Every kind looks at them
// before it looks at data, of which there are none here.
func faultOf(s pipeline.Spec) error {
	k, ok := kindOf(s)
	if !ok || k.Parts != nil {
		return nil // [needsOf] has read them
	}
	_, err := k.Train(context.Background(), &model.Data{Starts: []int64{0}}, &model.Base{}, nil, s.Settings, func(string, int, int) {})
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil || errors.Is(err, model.ErrData):
		return nil
	case errors.As(err, &wrong):
		return usage("%s.%s is %s, want a whole number", s.Name, wrong.Field, strings.TrimPrefix(wrong.Value, "number "))
	case s.Name == s.Kind:
		return wrapUsage(err)
	}
	return usage("%s: %w", s.Name, err)
}

// needsOf returns the models that s is made of.
func needsOf(s pipeline.Spec) ([]string, error) {
	for _, k := range kinds() {
		if k.Name == s.Kind && k.Parts != nil {
			parts, _, err := k.Parts(s.Settings)
			return parts, wrapUsage(err)
		}
	}
	return nil, nil
}

// settings returns those of s with what the flags say of it.
func (f modelFlags) settings(s pipeline.Spec) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if len(s.Settings) > 0 {
		if err := json.Unmarshal(s.Settings, &all); err != nil {
			return nil, fmt.Errorf("settings of %s: %w", s.Name, err)
		}
	}
	given := map[string]string{}
	for _, text := range f.Set {
		name, setting, value, err := cutSetting(text)
		if err != nil {
			return nil, err
		}
		if name != s.Name {
			continue
		}
		if other, twice := given[setting]; twice {
			return nil, usage("--set %s and --set %s say two things; leave one out", other, text)
		}
		given[setting] = text
		if all[setting], err = typed(s, setting, value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}

// typed returns value as the setting wants it: "7" is a text where a text is wanted.
func typed(s pipeline.Spec, setting string, value json.RawMessage) (json.RawMessage, error) {
	k, _ := kindOf(s)
	var known map[string]json.RawMessage
	if err := json.Unmarshal(k.Defaults, &known); err != nil {
		return nil, fmt.Errorf("defaults of %s: %w", k.Name, err)
	}
	def, ok := known[setting]
	if !ok {
		return nil, usage("%s has no setting %q, want one of %s", s.Name, setting, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	want := sortOf(def)
	if want == "a text" && sortOf(value) != want {
		return json.Marshal(string(value))
	}
	if sortOf(value) != want {
		return nil, usage("%s.%s is %s, want %s such as %s", s.Name, setting, value, want, def)
	}
	return value, nil
}

// sortOf says what a value of JSON is.
func sortOf(value json.RawMessage) string {
	switch value[0] {
	case '"':
		return "a text"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

// cutSetting reads NAME.SETTING=VALUE. What is no number, true or false is a text.
func cutSetting(text string) (name, setting string, value json.RawMessage, err error) {
	key, v, ok := strings.Cut(text, "=")
	name, setting, dotted := strings.Cut(key, ".")
	if !ok || !dotted || name == "" || setting == "" {
		return "", "", nil, usage("--set %q, want NAME.SETTING=VALUE such as als.dims=32", text)
	}
	if _, err := strconv.ParseFloat(v, 64); err == nil && json.Valid([]byte(v)) || v == "true" || v == "false" {
		return name, setting, json.RawMessage(v), nil
	}
	quoted, err := json.Marshal(v)
	return name, setting, quoted, err
}

// unused refuses settings of models that are not trained: they would be passed
// over without a word.
func (f modelFlags) unused(specs []pipeline.Spec) error {
	for _, text := range f.Set {
		name, _, _, err := cutSetting(text)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(specs, func(s pipeline.Spec) bool { return s.Name == name }) {
			return usage("--set %s: no model %q is trained here", text, name)
		}
	}
	return nil
}

// kindOf returns the kind of a spec.
func kindOf(s pipeline.Spec) (model.Kind, bool) {
	for _, k := range kinds() {
		if k.Name == s.Kind {
			return k, true
		}
	}
	return model.Kind{}, false
}
