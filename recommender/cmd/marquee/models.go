package main

import (
	"encoding/json"
	"fmt"
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
	var names []string
	for _, p := range presets() {
		if p.spec.Name == name {
			return p.spec, nil
		}
		names = append(names, p.spec.Name)
	}
	for _, k := range kinds() {
		if k.Name == name && name != "precomputed" {
			return pipeline.Spec{Name: name, Kind: k.Name}, nil
		}
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return pipeline.Spec{}, usage("model %q, want one of %s", name, strings.Join(slices.Compact(names), ", "))
}

// modelFlags choose models and change their settings.
type modelFlags struct {
	Set []string `help:"A setting of a model: NAME.SETTING=VALUE, such as als.dims=32. May be given again. \"marquee model kinds\" lists them." sep:"none" placeholder:"SETTING"`
}

// specs returns the models of these names and the parts that they need, parts
// first, with the settings that were given.
func (f modelFlags) specs(names []string) ([]pipeline.Spec, error) {
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
	return out, f.unused(out)
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
	for _, text := range f.Set {
		name, setting, value, err := cutSetting(text)
		if err != nil {
			return nil, err
		}
		if name == s.Name {
			all[setting] = value
		}
	}
	return json.Marshal(all)
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
