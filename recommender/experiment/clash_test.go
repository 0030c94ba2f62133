package experiment_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/experiment"
)

// Experiments of two layers clash where their arms set the same, and the one named is the
// one that people get.
func TestClashes(t *testing.T) {
	of := func(name, layer string, mode catalog.ExperimentMode, model, knobs string) catalog.Experiment {
		e := split(name, "control", "new")
		e.Layer, e.Mode, e.Arms[1].Model, e.Arms[1].Knobs = layer, mode, model, json.RawMessage(knobs)
		return e
	}
	const apart, mixed, shadow = catalog.ExperimentSplit, catalog.ExperimentInterleave, catalog.ExperimentShadow
	e := of("e", "m", apart, "als", `{"explore":0.1}`)
	over := of("o", "z", apart, "ease", "")
	over.Stopped = over.Start.Add(-time.Hour)
	for name, c := range map[string]struct {
		other catalog.Experiment
		want  string
	}{
		"a later layer":     {of("o", "z", apart, "ease", `{"diversity":0.1}`), "[{o z [model] o}]"},
		"an earlier layer":  {of("o", "a", apart, "ease", `{"explore":0.2}`), "[{o a [explore model] e}]"},
		"it interleaves":    {of("o", "a", mixed, "ease", ""), "[{o a [model] o}]"},
		"other settings":    {of("o", "z", apart, "", `{"diversity":0.1}`), "[]"},
		"nothing":           {of("o", "z", apart, "", ""), "[]"},
		"shown to nobody":   {of("o", "z", shadow, "ease", ""), "[]"},
		"the same layer":    {of("o", "m", apart, "ease", ""), "[]"},
		"itself, elsewhere": {of("e", "z", apart, "ease", ""), "[]"},
		"over":              {over, "[]"},
	} {
		got := experiment.Clashes(e, []catalog.Experiment{c.other})
		if text := fmt.Sprint(got); text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
		if len(got) == 0 || c.other.Mode == mixed {
			continue
		}
		// Whoever is told to decide is the one whose model is served last.
		set, err := experiment.NewSet([]catalog.Experiment{e, c.other})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			a := set.Assign(catalog.UserID(fmt.Sprint(i)), start)
			if n := len(a.Served); n != 2 || experiment.NameOf(a.Served[n-1]) != got[0].Decides {
				t.Fatalf("%s: %d variants, the last of %v, want of %s", name, n, a.Served, got[0].Decides)
			}
		}
	}
}
