package experiment_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/experiment"
)

// What may run beside what.
func TestCheck(t *testing.T) {
	day := 24 * time.Hour
	of := func(edit func(*catalog.Experiment)) catalog.Experiment {
		e := split("old", "a", "b")
		e.From, e.To = 0.2, 0.5
		if edit != nil {
			edit(&e)
		}
		return e
	}
	for name, c := range map[string]struct {
		old, next func(*catalog.Experiment)
		want      string // of the error; "" is none
	}{
		"same people":             {nil, nil, `"old" takes 20% to 50% of layer default until it is stopped`},
		"people beside":           {nil, func(e *catalog.Experiment) { e.From, e.To = 0.5, 1 }, ""},
		"people before":           {nil, func(e *catalog.Experiment) { e.From, e.To = 0, 0.2 }, ""},
		"another layer":           {nil, func(e *catalog.Experiment) { e.Layer = "looks" }, ""},
		"after its end":           {func(e *catalog.Experiment) { e.End = start.Add(day) }, func(e *catalog.Experiment) { e.Start = start.Add(day) }, ""},
		"just before its end":     {func(e *catalog.Experiment) { e.End = start.Add(day) }, func(e *catalog.Experiment) { e.Start = start.Add(day - 1) }, "until 2026-03-02T00:00:00Z"},
		"after it was stopped":    {func(e *catalog.Experiment) { e.Stopped = start.Add(time.Hour) }, func(e *catalog.Experiment) { e.Start = start.Add(day) }, ""},
		"over before it begins":   {nil, func(e *catalog.Experiment) { e.Start, e.End = start.Add(-day), start }, ""},
		"stopped before it began": {func(e *catalog.Experiment) { e.Stopped = start.Add(-time.Hour) }, nil, ""},
		"the name of one":         {func(e *catalog.Experiment) { e.Stopped = start.Add(1) }, func(e *catalog.Experiment) { e.Name, e.Start = "old", start.Add(day) }, "choose another name"},
		"two that interleave": {func(e *catalog.Experiment) { e.Mode = catalog.ExperimentInterleave },
			func(e *catalog.Experiment) { e.Mode, e.Layer = catalog.ExperimentInterleave, "looks" }, "interleaves"},
		"one tester of both": {func(e *catalog.Experiment) { e.Overrides = map[catalog.UserID]string{"7": "a"} },
			func(e *catalog.Experiment) {
				e.From, e.To, e.Overrides = 0.5, 1, map[catalog.UserID]string{"7": "b"}
			}, "override"},
		"long names": {func(e *catalog.Experiment) { e.Name, e.Arms[1].Name = strings.Repeat("o", 64), strings.Repeat("b", 64) },
			func(e *catalog.Experiment) {
				e.Layer, e.Name, e.Arms[1].Name = "looks", strings.Repeat("n", 64), strings.Repeat("b", 64)
			}, "shorter names"},
		"a long name": {nil, func(e *catalog.Experiment) {
			e.Mode, e.Layer, e.Name = catalog.ExperimentInterleave, "looks", strings.Repeat("n", 64)
			e.Arms[0].Name = strings.Repeat("a", 64)
		}, "shorter names"},
		"the holdback's layer":  {nil, func(e *catalog.Experiment) { e.Layer = experiment.Holdback }, "choose another"},
		"not in order":          {nil, func(e *catalog.Experiment) { e.Arms = e.Arms[:1] }, "2 to 10"},
		"knobs that are no one": {nil, func(e *catalog.Experiment) { e.Arms[0].Knobs = []byte(`{"x":1}`) }, "diversity"},
	} {
		next := of(func(e *catalog.Experiment) {
			e.Name = "next"
			if c.next != nil {
				c.next(e)
			}
		})
		err := experiment.Check(next, []catalog.Experiment{of(c.old)})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, experiment.ErrTaken) == errors.Is(err, catalog.ErrInvalid)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestCheckBoundsLayers(t *testing.T) {
	var all []catalog.Experiment
	for i := range experiment.MaxLayers {
		e := split(fmt.Sprint("e", i), "a", "b")
		e.Layer = fmt.Sprint("layer-", i)
		if err := experiment.Check(e, all); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	e := split("more", "a", "b")
	e.Layer = "more"
	if err := experiment.Check(e, all); !errors.Is(err, experiment.ErrTaken) || !strings.Contains(err.Error(), "at most 8") {
		t.Error(err)
	}
	if e.Layer = "layer-0"; !errors.Is(experiment.Check(e, all), experiment.ErrTaken) {
		t.Error("two of everybody in one layer")
	}
}

// Room finds people whom Check lets an experiment have, whenever as many stand together;
// and people whom Check lets have are shared with nobody.
func TestRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []catalog.Experiment
		for i := range 6 {
			e := split(fmt.Sprint("e", i), "a", "b")
			e.Layer = rapid.SampledFrom([]string{"default", "looks"}).Draw(t, "layer")
			share := float64(rapid.IntRange(1, 10).Draw(t, "tenths")) / 10
			from, to, err := experiment.Room(e, share, all)
			if err != nil {
				if !errors.Is(err, experiment.ErrTaken) {
					t.Fatal(err)
				}
				for tenth := range 11 {
					e.From, e.To = float64(tenth)/10, float64(tenth)/10+share
					if e.To <= 1 && experiment.Check(e, all) == nil {
						t.Fatalf("%v from %v is free, but: %v", share, e.From, err)
					}
				}
				continue
			}
			e.From, e.To = from, to
			if err := experiment.Check(e, all); err != nil {
				t.Fatalf("%v to %v: %v", from, to, err)
			}
			all = append(all, e)
		}
		s, err := experiment.NewSet(all)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			label := s.Assign(person(i), start).Label
			seen := map[string]bool{}
			for _, e := range all {
				if arms := experiment.ArmsOf(label, e.Name); len(arms) > 0 {
					if len(arms) != 1 || seen[e.Layer] {
						t.Fatalf("label %q has two of layer %s", label, e.Layer)
					}
					seen[e.Layer] = true
				}
			}
		}
	})
}
