package experiment_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/experiment"
	"marquee/recommender/rank"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// split returns an experiment of everybody of the default layer.
func split(name string, arms ...string) catalog.Experiment {
	e := catalog.Experiment{Name: name, Layer: "default", Mode: catalog.ExperimentSplit, Salt: name, To: 1, Start: start}
	for _, a := range arms {
		e.Arms = append(e.Arms, catalog.ExperimentArm{Name: a, Weight: 1})
	}
	return e
}

func mustSet(t testing.TB, all ...catalog.Experiment) *experiment.Set {
	t.Helper()
	s, err := experiment.NewSet(all)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func person(i int) catalog.UserID { return catalog.UserID(fmt.Sprint(i)) }

// names returns those of variants.
func names(variants []experiment.Variant) (out []string) {
	for _, v := range variants {
		out = append(out, v.Name())
	}
	return out
}

// Each arm gets its share of those who take part, and an experiment its share of the
// layer, whatever the weights.
func TestSharesAreAsAsked(t *testing.T) {
	const people = 30_000
	e := split("x", "a", "b", "c")
	e.From, e.To = 0.3, 0.8
	e.Arms[1].Weight, e.Arms[2].Weight = 3, 0.5
	s := mustSet(t, e)
	got := map[string]float64{}
	for i := range people {
		got[s.Assign(person(i), start).Label]++
	}
	statistic := 0.0
	for label, share := range map[string]float64{"": 0.5, "x:a": 0.5 / 4.5, "x:b": 1.5 / 4.5, "x:c": 0.25 / 4.5} {
		want := share * people
		statistic += (got[label] - want) * (got[label] - want) / want
	}
	if p := (distuv.ChiSquared{K: 3}).Survival(statistic); p < 1e-4 {
		t.Errorf("%v: p = %v", got, p)
	}
}

// Two experiments of one layer share nobody; those of two layers meet as chance has it.
func TestLayers(t *testing.T) {
	const people = 20_000
	first, second, across := split("first", "a", "b"), split("second", "a", "b"), split("across", "a", "b")
	first.To, second.From, across.Layer = 0.5, 0.5, "looks"
	across.Salt = first.Salt // only the layer differs
	s := mustSet(t, first, second, across)
	counts := map[string]int{}
	for i := range people {
		counts[s.Assign(person(i), start).Label]++
	}
	var cells []int
	for _, other := range []string{"first:a", "first:b", "second:a", "second:b"} {
		for _, arm := range []string{"a", "b"} {
			labels := []string{"across:" + arm, other}
			slices.Sort(labels)
			cells = append(cells, counts[strings.Join(labels, ",")])
		}
	}
	// Across has the salt of first, so its arms are those of first: that is what a salt is for.
	if cells[1] != 0 || cells[2] != 0 {
		t.Errorf("one salt, two splits: %v", cells)
	}
	if p := chiSquareP([]int{cells[0], cells[3]}); p < 1e-4 {
		t.Errorf("arms of first: %v, p = %v", cells, p)
	}
	if p := chiSquareP(cells[4:]); p < 1e-4 || len(counts) != 6 {
		t.Errorf("%v, p = %v: want those of second to meet both arms of across alike, and everybody in two", counts, p)
	}
}

// An experiment takes people from its start until before its end, or until it is stopped.
func TestTimes(t *testing.T) {
	e := split("x", "a", "b")
	e.End = start.Add(48 * time.Hour)
	stopped := e
	stopped.Stopped = start.Add(time.Hour)
	for _, c := range []struct {
		e     catalog.Experiment
		after time.Duration
		want  bool
	}{
		{e, -time.Nanosecond, false}, {e, 0, true}, {e, 48*time.Hour - 1, true}, {e, 48 * time.Hour, false},
		{stopped, time.Hour - 1, true}, {stopped, time.Hour, false},
	} {
		s := mustSet(t, c.e)
		if got := s.Assign("7", start.Add(c.after)).Label != ""; got != c.want {
			t.Errorf("%v after the start, stopped %v: takes people is %v, want %v", c.after, c.e.Stopped, got, c.want)
		}
	}
}

// Testers get the arm that they are to get, wherever their place is, also where they are
// held back, and are in no other experiment of the layer.
func TestOverrides(t *testing.T) {
	none, all := split("none", "a", "b"), split("all", "a", "b")
	none.To, all.From = 0.0001, 0.0001
	none.Overrides = map[catalog.UserID]string{}
	for i := range 100 {
		none.Overrides[person(i)] = "b"
	}
	held, err := experiment.NewHoldback(0.5, start)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range []*experiment.Set{mustSet(t, none, all), mustSet(t, none, all, held)} {
		for u := range 100 {
			a := s.Assign(person(u), start)
			if arms := experiment.ArmsOf(a.Label, "none"); !slices.Equal(arms, []string{"b"}) || experiment.ArmsOf(a.Label, "all") != nil || !slices.Equal(names(a.Served), []string{"none:b"}) {
				t.Fatalf("set %d, tester %d: %q", i, u, a.Label)
			}
			if a := s.Assign(person(u), start.Add(-1)); a.Label != "" {
				t.Fatalf("a tester before the start: %q", a.Label)
			}
		}
	}
	// Of a shadow or an interleaving experiment a tester gets one arm's lists alone.
	for _, mode := range []catalog.ExperimentMode{catalog.ExperimentShadow, catalog.ExperimentInterleave} {
		e := split("x", "a", "b")
		e.Mode, e.Overrides = mode, map[catalog.UserID]string{"7": "b"}
		a := mustSet(t, e).Assign("7", start)
		if a.Label != "x:b" || !slices.Equal(names(a.Served), []string{"x:b"}) || a.Shadows != nil || a.Interleave[0] != nil {
			t.Errorf("%s: %+v", mode, a)
		}
	}
}

// People who are held back are in no other experiment, as many as asked, the same in all
// layers, and those of a smaller share are held at a larger one.
func TestHoldback(t *testing.T) {
	const people = 20_000
	other := split("y", "a", "b")
	other.Layer = "looks"
	setOf := func(share float64) *experiment.Set {
		held, err := experiment.NewHoldback(share, start)
		if err != nil {
			t.Fatal(err)
		}
		if err := experiment.Check(held, []catalog.Experiment{split("x", "a", "b"), other}); err != nil {
			t.Fatal(err)
		}
		return mustSet(t, split("x", "a", "b"), other, held)
	}
	five, twenty := setOf(0.05), setOf(0.2)
	counts := [2]int{}
	for i := range people {
		a, b := five.Assign(person(i), start), twenty.Assign(person(i), start)
		for k, x := range []experiment.Assignment{a, b} {
			held := slices.Equal(experiment.ArmsOf(x.Label, experiment.Holdback), []string{experiment.Held})
			if held {
				counts[k]++
			}
			if held != (x.Label == "holdback:held") || held != (len(x.Served) == 0) {
				t.Fatalf("%q with %v", x.Label, names(x.Served))
			}
		}
		if a.Label == "holdback:held" && b.Label != "holdback:held" {
			t.Fatalf("person %d is held at 5%% and not at 20%%", i)
		}
	}
	for k, share := range []float64{0.05, 0.2} {
		if p := chiSquareP([]int{int(float64(counts[k]) / share), int(float64(people-counts[k]) / (1 - share))}); p < 1e-6 {
			t.Errorf("%d of %d held, want %v of them", counts[k], people, share)
		}
	}
	for _, share := range []float64{0, -0.1, 0.6} {
		if _, err := experiment.NewHoldback(share, start); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("share %v: %v", share, err)
		}
	}
}

// What the modes say.
func TestModes(t *testing.T) {
	e := split("x", "a", "b", "c")
	e.Mode = catalog.ExperimentShadow
	a := mustSet(t, e).Assign("7", start)
	if a.Label != "x:a" || !slices.Equal(names(a.Served), []string{"x:a"}) || !slices.Equal(names(a.Shadows), []string{"x:b", "x:c"}) {
		t.Errorf("shadow: %+v", a)
	}
	e = split("x", "b", "a")
	e.Mode = catalog.ExperimentInterleave
	other := e
	other.Name, other.Layer = "y", "looks" // Check refuses the two; the first holds
	a = mustSet(t, e, other).Assign("7", start)
	if a.Label != "x:a,x:b" || a.Served != nil || !slices.Equal(names(a.Interleave[:]), []string{"x:b", "x:a"}) || !slices.Equal(experiment.ArmsOf(a.Label, "x"), []string{"a", "b"}) {
		t.Errorf("interleave: %+v", a)
	}
	if v := a.Interleave[0]; experiment.NameOf(v) != "x" || experiment.ArmOf(v) != "b" {
		t.Errorf("%q is arm %q of %q", v.Name(), experiment.ArmOf(v), experiment.NameOf(v))
	}
}

// Knobs of an arm are those of the bundle but for those that it names, whatever bundle
// that is, and in whatever order and by however many they are asked for.
func TestKnobs(t *testing.T) {
	e := split("x", "control", "diverse")
	e.Arms[1].Knobs, e.Arms[1].Model = json.RawMessage(`{"diversity": 0.25, "explore": 0}`), "als"
	v := mustSet(t, withOverride(e, "7", "diverse")).Assign("7", start).Served[0]
	plain := mustSet(t, withOverride(e, "7", "control")).Assign("7", start).Served[0]
	if v.Model() != "als" || plain.Model() != "" {
		t.Errorf("models %q and %q", v.Model(), plain.Model())
	}
	rapid.Check(t, func(t *rapid.T) {
		bases := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rank.Knobs {
			return rank.Knobs{Explore: rapid.Float64Range(0, 0.5).Draw(t, "explore"), Suggested: rapid.IntRange(0, 500).Draw(t, "suggested")}
		}), 1, 20).Draw(t, "bases")
		var wait sync.WaitGroup
		for i := range 3 {
			wait.Go(func() {
				for k := range bases {
					base := bases[(k+i)%len(bases)]
					want := base
					want.Diversity, want.Explore = 0.25, 0
					if got := v.Knobs(&base); *got != want {
						t.Errorf("%+v on %+v", got, base)
					}
					if plain.Knobs(&base) != &base {
						t.Error("an arm without knobs has others than its base")
					}
				}
			})
		}
		wait.Wait()
	})
	base := rank.DefaultKnobs()
	if n := testing.AllocsPerRun(100, func() { v.Knobs(&base) }); n != 0 {
		t.Errorf("%v allocations for a base that is known", n)
	}
}

func withOverride(e catalog.Experiment, u catalog.UserID, arm string) catalog.Experiment {
	e.Overrides = map[catalog.UserID]string{u: arm}
	return e
}

// Knobs that are none, or out of range, are refused by name, and the experiment alone
// takes nobody.
func TestKnobsAreChecked(t *testing.T) {
	for patch, want := range map[string]string{
		`{"diversty": 0.2}`:    "per_collection",
		`{"diversity": 2}`:     "want 0 to 1",
		`{"diversity": "a"}`:   "diversity",
		`[0.2]`:                "object",
		`null`:                 "object",
		`{} {}`:                "no JSON",
		`{"explore": 0.9}`:     "exploration",
		`{"neighbours": 1e99}`: "neighbours",
	} {
		e, good := split("x", "a", "b"), split("y", "a", "b")
		good.Layer = "looks"
		e.Arms[1].Knobs = json.RawMessage(patch)
		s, err := experiment.NewSet([]catalog.Experiment{e, good})
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("knobs %s: %v, want %q", patch, err, want)
		}
		if a := s.Assign("7", start); len(a.Served) != 1 || !strings.HasPrefix(a.Label, "y:") || len(s.Experiments()) != 1 {
			t.Errorf("knobs %s: %q", patch, a.Label)
		}
		if err := experiment.Check(e, nil); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("check of knobs %s: %v", patch, err)
		}
	}
}

// No label is longer than an exposure keeps, nor names what did not take part, and the
// same person gets the same, however many experiments run, whoever asks.
func TestManyLayers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []catalog.Experiment
		for i := range rapid.IntRange(0, 12).Draw(t, "experiments") {
			e := split(fmt.Sprintf("e%d-%s", i, strings.Repeat("x", rapid.IntRange(0, 50).Draw(t, "name"))), "a", "b")
			e.Layer = fmt.Sprint("layer-", rapid.IntRange(0, 11).Draw(t, "layer"))
			e.From = rapid.Float64Range(0, 0.9).Draw(t, "from")
			e.Mode = rapid.SampledFrom([]catalog.ExperimentMode{catalog.ExperimentSplit, catalog.ExperimentShadow, catalog.ExperimentInterleave}).Draw(t, "mode")
			all = append(all, e)
		}
		s, err := experiment.NewSet(all)
		if err != nil {
			t.Fatal(err)
		}
		fresh, _ := experiment.NewSet(all)
		for i := range 50 {
			a, b := s.Assign(person(i), start), fresh.Assign(person(i), start)
			if a.Label != b.Label || !slices.Equal(names(a.Served), names(b.Served)) {
				t.Fatalf("%q, then %q", a.Label, b.Label)
			}
			if again := s.Assign(person(i), start); again.Label != a.Label {
				t.Fatalf("%q, then %q", a.Label, again.Label)
			}
			var told []string
			told = append(told, names(a.Served)...)
			if a.Interleave[0] != nil {
				told = append(told, names(a.Interleave[:])...)
			}
			slices.Sort(told)
			if len(a.Label) > experiment.MaxLabelBytes || strings.Join(told, ",") != a.Label {
				t.Fatalf("label %q of %v", a.Label, told)
			}
		}
	})
}

// People in no experiment, in one, and in a combination that was met cost no allocation.
func TestAssignAllocates(t *testing.T) {
	none, one := split("x", "a", "b"), split("x", "a", "b")
	none.To = 1e-9
	two, three := split("y", "a", "b"), split("z", "a", "b")
	two.Layer, three.Layer = "looks", "order"
	for name, s := range map[string]*experiment.Set{
		"no experiment": mustSet(t), "none": mustSet(t, none), "one": mustSet(t, one), "three": mustSet(t, one, two, three),
	} {
		if n := testing.AllocsPerRun(100, func() { s.Assign("heat", start) }); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}

func BenchmarkAssign(b *testing.B) {
	one, two := split("x", "a", "b"), split("y", "a", "b")
	two.Layer = "looks"
	for layers, all := range [][]catalog.Experiment{nil, {one}, {one, two}} {
		s := mustSet(b, all...)
		b.Run(fmt.Sprintf("layers=%d", layers), func(b *testing.B) {
			for b.Loop() {
				s.Assign("8cd2f1a0-1f0c", start)
			}
		})
	}
}
