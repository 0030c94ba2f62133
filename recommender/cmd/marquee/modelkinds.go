package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"marquee/recommender/rank"
)

type modelKindsCmd struct {
	Model string `arg:"" optional:"" help:"Show the settings of this one alone."`
}

// Help is shown below the flags.
func (modelKindsCmd) Help() string {
	return `Examples:
  marquee model kinds
  marquee model kinds als`
}

// A shownKind is a model that can be named.
type shownKind struct {
	Name     string                     `json:"name"`
	Kind     string                     `json:"kind"`
	Help     string                     `json:"help"`
	Settings map[string]json.RawMessage `json:"settings"`
}

// Run lists presets and kinds.
func (c modelKindsCmd) Run(e *env) error {
	list := []shownKind{}
	for _, p := range presets() {
		list = append(list, shownKind{Name: p.spec.Name, Kind: p.spec.Kind, Help: p.help})
	}
	for _, k := range kinds() {
		if k.Name != "blend" && k.Name != "precomputed" {
			list = append(list, shownKind{Name: k.Name, Kind: k.Name, Help: k.Help})
		}
	}
	for i := range list {
		if err := list[i].fill(); err != nil {
			return err
		}
	}
	list = append(list, shownKind{Name: rank.ArmFeatures, Kind: "none", Help: "similarity, quality and popularity by weights of \"marquee build\"; always there"})
	if c.Model != "" {
		list = slices.DeleteFunc(list, func(k shownKind) bool { return k.Name != c.Model })
		if len(list) == 0 {
			_, err := specOf(c.Model)
			return err
		}
	}
	return e.print(list, func(w io.Writer) {
		for _, k := range list {
			fmt.Fprintf(w, "%s: %s\n", k.Name, k.Help)
			for _, s := range slices.Sorted(maps.Keys(k.Settings)) {
				fmt.Fprintf(w, "  %s=%s\n", s, k.Settings[s])
			}
		}
	})
}

// fill finds the settings of k: the defaults of its kind, and what a preset says in
// their place.
func (k *shownKind) fill() error {
	s, err := specOf(k.Name)
	if err != nil {
		return err
	}
	kind, _ := kindOf(s)
	for _, text := range []json.RawMessage{kind.Defaults, s.Settings} {
		if len(text) == 0 {
			continue
		}
		if err := json.Unmarshal(text, &k.Settings); err != nil {
			return fmt.Errorf("settings of %s: %w", k.Name, err)
		}
	}
	return nil
}
