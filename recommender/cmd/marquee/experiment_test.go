package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/recommender/experiment"
)

// What people write of an arm.
func TestParseArm(t *testing.T) {
	for text, want := range map[string]catalog.ExperimentArm{
		"control":       {Name: "control", Weight: 1},
		"als:model=als": {Name: "als", Weight: 1, Model: "als"},
		"d:diversity=0.2,explore=0.05,weight=2.5":                   {Name: "d", Weight: 2.5, Knobs: []byte(`{"diversity":0.2,"explore":0.05}`)},
		`b:knobs={"explore":0.05, "per_collection":2},model=ease`:   {Name: "b", Weight: 1, Model: "ease", Knobs: []byte(`{"explore":0.05,"per_collection":2}`)},
		`b:diversity=0.1,knobs={"explore":0.05}`:                    {Name: "b", Weight: 1, Knobs: []byte(`{"diversity":0.1,"explore":0.05}`)},
		"m:model=content-ratings-popularity,popularity=-0.1,cost=0": {Name: "m", Weight: 1, Model: "content-ratings-popularity", Knobs: []byte(`{"cost":0,"popularity":-0.1}`)},
	} {
		got, err := parseArm(text)
		if err != nil || got.Name != want.Name || got.Weight != want.Weight || got.Model != want.Model || string(got.Knobs) != string(want.Knobs) {
			t.Errorf("%s: %+v (%s), %v; want %+v", text, got, got.Knobs, err, want)
		}
	}
	for text, want := range map[string]string{
		"x:": "no setting", "x:model": "no setting", "x:model=": "no setting", "x:diversty=1": "per_collection", "x:diversity=much": "want a number",
		"x:weight=heavy": "heavy", "x:model=a,model=b": "before", "x:diversity=0.1,knobs={\"diversity\":0.2}": "twice", "x:knobs=[1]": "no object",
		"x:knobs={}x": "behind", "x:knobs={": "no object", "x:,": "no setting",
	} {
		if _, err := parseArm(text); !errors.Is(err, errUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Whatever is written is an arm or an error of usage, and an arm that is written anew
// reads as itself.
func FuzzParseArm(f *testing.F) {
	for _, text := range []string{"control", "als:model=als", `b:knobs={"explore":0.05},model=x`, "d:diversity=0.2,weight=2", "x:knobs={", ":,=:="} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseArm(text)
		if err != nil {
			if !errors.Is(err, errUsage) {
				t.Fatal(err)
			}
			return
		}
		again := fmt.Sprintf("%s:weight=%v", a.Name, a.Weight)
		if a.Model != "" {
			again += ",model=" + a.Model
		}
		if len(a.Knobs) > 0 {
			again += ",knobs=" + string(a.Knobs)
		}
		b, err := parseArm(again)
		if err != nil || b.Name != a.Name || b.Model != a.Model || string(b.Knobs) != string(a.Knobs) || b.Weight != a.Weight && !math.IsNaN(a.Weight) {
			t.Fatalf("%q is %+v; %q is %+v, %v", text, a, again, b, err)
		}
	})
}

func FuzzPortion(f *testing.F) {
	for _, text := range []string{"20%", "0.2", "100%", "NaN", "-1", "1e9%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p portion
		if p.UnmarshalText([]byte(text)) == nil && !(p >= 0 && p <= 1) {
			t.Fatalf("%q is %v", text, p)
		}
	})
}

// experimentOf returns an experiment as the store has it.
func (s shell) experimentOf(name string) catalog.Experiment {
	s.t.Helper()
	all, err := s.store().Experiments(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	x, err := findExperiment(all, name)
	if err != nil {
		s.t.Fatal(err)
	}
	return x
}

// An experiment is started, found, changed, and stopped; servers are told of each.
func TestExperimentJob(t *testing.T) {
	s := editorShell(t)
	var out startedExperiment
	s.result(&out, "experiment", "start", "diverse", "--arm", "control", "--arm", "diverse:diversity=0.2", "--weight", "control=3", "--share", "20%", "--until", "14d", "--override", "7=diverse", "--note", "does it help?")
	x := s.experimentOf("diverse")
	if out.State != stateRunning || out.Sequence == 0 || x.From != 0 || x.To != 0.2 || x.Arms[0].Weight != 3 || string(x.Arms[1].Knobs) != `{"diversity":0.2}` ||
		x.Overrides["7"] != "diverse" || x.End.Sub(x.Start) != 14*24*time.Hour || time.Since(x.Start) > time.Minute || x.Salt != "diverse" || x.Layer != "default" {
		t.Errorf("started %+v; the store has %+v", out, x)
	}

	// The next one of the layer takes people who are free.
	s.result(&out, "experiment", "start", "popular", "--arm", "control", "--arm", "less:popularity=-0.1", "--share", "0.5")
	if x := out.Experiment; x.From != 0.2 || x.To != 0.7 {
		t.Errorf("%v to %v, want what is free", x.From, x.To)
	}
	s.refuses(exitRefused, "has no 40% of people that are free", "experiment", "start", "more", "--arm", "a", "--arm", "b", "--share", "40%")
	s.refuses(exitRefused, `"diverse" takes 0% to 20%`, "experiment", "start", "more", "--arm", "a", "--arm", "b", "--share", "40%", "--from", "10%")
	s.refuses(exitRefused, "choose another name", "experiment", "start", "diverse", "--layer", "looks", "--arm", "a", "--arm", "b")
	if out := s.must("experiment", "list"); strings.Count(out, stateRunning) != 2 || !strings.Contains(out, "20% to 70%") || !strings.Contains(out, "control 75%, diverse 25%") {
		t.Errorf("list:\n%s", out)
	}

	s.result(&out, "experiment", "stop", "diverse", "--why", "it did")
	if x := s.experimentOf("diverse"); out.State != stateStopped || x.Stopped.IsZero() || x.Note != "does it help?\nstopped: it did" {
		t.Errorf("stopped %+v; the store has %+v", out, x)
	}
	s.refuses(exitRefused, "over already", "experiment", "stop", "diverse")
	s.refuses(exitNotFound, "did you mean diverse?", "experiment", "stop", "divers")
	s.result(&out, "experiment", "start", "again", "--arm", "a", "--arm", "b", "--share", "20%")
	if out.Experiment.From != 0 {
		t.Errorf("from %v, want what was set free", out.Experiment.From)
	}
	changes, err := s.store().ChangesSince(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, c := range changes {
		if c.Kind == catalog.ChangeExperiment {
			told++
		}
	}
	if told != 4 {
		t.Errorf("servers were told of %d changes, want 4", told)
	}
}

// What cannot be meant is refused before anything is stored, with what to do.
func TestExperimentErrors(t *testing.T) {
	s := editorShell(t)
	arms := []string{"--arm", "a", "--arm", "b"}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"start", "x", "--arm", "a"}, exitUsage, "2 to 10"},
		{[]string{"start", "X", "--arm", "a", "--arm", "b"}, exitUsage, "a-z"},
		{[]string{"start", "x", "--arm", "a", "--arm", "b:model=als"}, exitUsage, "which has content-ratings-popularity"},
		{[]string{"start", "x", "--arm", "a", "--arm", "b:diversity=7"}, exitUsage, "want 0 to 1"},
		{append([]string{"start", "x", "--share", "120%"}, arms...), exitUsage, "20%"},
		{append([]string{"start", "x", "--share", "50%", "--from", "60%"}, arms...), exitUsage, "to <= 1"},
		{append([]string{"start", "x", "--share", "0"}, arms...), exitUsage, "from < to"},
		{append([]string{"start", "x", "--weight", "c=1"}, arms...), exitUsage, `no arm "c"`},
		{append([]string{"start", "x", "--weight", "a=0"}, arms...), exitUsage, "more than 0"},
		{append([]string{"start", "x", "--override", "7"}, arms...), exitUsage, "USER=ARM"},
		{append([]string{"start", "x", "--override", "7=c"}, arms...), exitUsage, `arm "c"`},
		{append([]string{"start", "x", "--override", "a,b=a"}, arms...), exitUsage, "commas"},
		{append([]string{"start", "x", "--until", "soon"}, arms...), exitUsage, "14d"},
		{append([]string{"start", "x", "--until", "2020-01-01"}, arms...), exitUsage, "end after it"},
		{append([]string{"start", "x", "--arm", "c", "--mode", "interleave"}, arms...), exitUsage, "want 2"},
		{append([]string{"start", "holdback"}, arms...), exitUsage, "choose another"},
		{append([]string{"schedule", "x"}, arms...), exitUsage, "--at"},
		{append([]string{"schedule", "x", "--at", "2020-01-01"}, arms...), exitUsage, "is over"},
		{append([]string{"schedule", "x", "--at", "later"}, arms...), exitUsage, "36h"},
		{[]string{"schedule", "x", "--at", "36h"}, exitNotFound, "wants --arm"},
		{append([]string{"start", "x", "--dry-run", "--sample", "0"}, arms...), exitUsage, "--sample"},
		{[]string{"holdback", "60%"}, exitUsage, "at most 0.5"},
		{[]string{"holdback", "0"}, exitNotFound, "holdback"},
		{[]string{"status", "x"}, exitNotFound, "experiment list"},
	} {
		s.refuses(c.code, c.want, append([]string{"experiment"}, c.args...)...)
	}
	if all, err := s.store().Experiments(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%d experiments were stored, %v", len(all), err)
	}
	if out := s.must("experiment", "list") + s.must("experiment", "status"); strings.Count(out, "experiment start") != 2 {
		t.Errorf("nothing to show:\n%s", out)
	}
}

// A plan can be moved until it begins; then only its end.
func TestExperimentSchedule(t *testing.T) {
	s := editorShell(t)
	plan := func(args ...string) catalog.Experiment {
		t.Helper()
		var out startedExperiment
		s.result(&out, append([]string{"experiment", "schedule", "x"}, args...)...)
		if got := s.experimentOf("x"); !got.Start.Equal(out.Experiment.Start) || !got.End.Equal(out.Experiment.End) {
			t.Errorf("shown %+v, the store has %+v", out.Experiment, got)
		}
		return out.Experiment
	}
	in := time.Now().Add(36 * time.Hour)
	x := plan("--arm", "a", "--arm", "b", "--at", "36h", "--until", "10d")
	if d := x.Start.Sub(in); d < -time.Minute || d > time.Minute || stateOf(x, time.Now()) != stateScheduled {
		t.Errorf("starts %v, want %v", x.Start, in)
	}
	x = plan("--at", "2099-01-01T06:00")
	if !x.Start.Equal(time.Date(2099, 1, 1, 6, 0, 0, 0, time.UTC)) || x.End.Sub(x.Start) != 240*time.Hour {
		t.Errorf("moved: %+v", x)
	}
	x = plan("--until", "2099-03-01")
	if x.Start.Year() != 2099 || !x.End.Equal(time.Date(2099, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("longer: %+v", x)
	}
	s.refuses(exitUsage, "nothing to change", "experiment", "schedule", "x")
	s.must("experiment", "start", "now", "--arm", "a", "--arm", "b", "--until", "24h") // the plan begins when this is over
	s.refuses(exitRefused, "only its end", "experiment", "schedule", "now", "--at", "2h")
	s.refuses(exitRefused, `"x" takes 0% to 100%`, "experiment", "schedule", "now", "--until", "2099-01-02")
	s.must("experiment", "schedule", "now", "--until", "2098-01-02")
	s.must("experiment", "stop", "now")
	s.refuses(exitRefused, "is over", "experiment", "schedule", "now", "--until", "2098-01-02")
}

// A dry run stores nothing and tells how many people each arm would get, those of other
// experiments and of the holdback left out.
func TestExperimentDryRun(t *testing.T) {
	s := editorShell(t)
	var held startedExperiment
	s.result(&held, "experiment", "holdback", "50%")
	s.refuses(exitRefused, "already", "experiment", "holdback", "50%")
	var out startedExperiment
	s.result(&out, "experiment", "start", "x", "--arm", "a", "--arm", "b:weight=3", "--share", "40%", "--dry-run", "--sample", "4000")
	p := out.Sample
	if out.Sequence != 0 || !out.DryRun || p.People != 4000 || !p.Generated || p.Arms[0].People+p.Arms[1].People+p.Others != 4000 {
		t.Fatalf("%+v, %+v", out, p)
	}
	for i, want := range []float64{0.05, 0.15} { // half of 40%, one to three
		if got := float64(p.Arms[i].People) / 4000; math.Abs(got-want) > 0.02 {
			t.Errorf("arm %d would get %v, want about %v", i, got, want)
		}
	}
	s.must("import", "jsonl", s.file("people.jsonl", "{\"user_id\":1,\"age\":30}\n{\"user_id\":2,\"age\":40}\n"), "--kind", "users")
	if text := s.must("experiment", "start", "x", "--arm", "a", "--arm", "b", "--dry-run"); !strings.Contains(text, "Of 2 people of the store") || !strings.Contains(text, "Nothing was stored") {
		t.Errorf("%s", text)
	}
	if all, _ := s.store().Experiments(t.Context()); len(all) != 1 {
		t.Errorf("%d experiments, want the holdback alone", len(all))
	}
	s.must("experiment", "holdback", "10%")
	s.must("experiment", "holdback", "0", "--note", "no need")
	if x := s.experimentOf(experiment.Holdback); x.Stopped.IsZero() || x.Note != "stopped: no need" || x.Arms[0].Weight != 0.1 {
		t.Errorf("%+v", x)
	}
}

// Who starts an experiment is told of those of other layers that set the same.
func TestExperimentClashIsTold(t *testing.T) {
	s := editorShell(t)
	s.must("experiment", "start", "more", "--layer", "looks", "--arm", "a", "--arm", "b:diversity=0.2")
	if out := s.must("experiment", "start", "fresh", "--layer", "new", "--arm", "a", "--arm", "b:fresh=10"); strings.Contains(out, "note:") {
		t.Errorf("nothing is set twice:\n%s", out)
	}
	out := s.must("experiment", "start", "less", "--arm", "a", "--arm", "b:diversity=0.1,explore=0.1", "--dry-run")
	if want := `note: "more", of layer looks, sets diversity too: who is in both gets what "more" says.`; !strings.Contains(out, want) {
		t.Errorf("want %s in\n%s", want, out)
	}
}

// Status counts people and lists by arm, of what was served since, testers apart.
func TestExperimentStatus(t *testing.T) {
	s := editorShell(t)
	s.must("experiment", "start", "x", "--arm", "a", "--arm", "b:weight=3", "--override", "boss=b")
	s.must("experiment", "start", "mixed", "--layer", "looks", "--mode", "interleave", "--arm", "old", "--arm", "new")
	s.must("experiment", "start", "xx", "--layer", "third", "--arm", "a", "--arm", "b")
	s.must("experiment", "stop", "xx")
	now := time.Now()
	var lists []catalog.Exposure
	serve := func(u catalog.UserID, label string, ago time.Duration) {
		lists = append(lists, catalog.Exposure{RequestID: fmt.Sprint("r", len(lists)), User: u, At: now.Add(time.Minute - ago), Bundle: "b", Tier: "popular", Experiment: label, Movies: []catalog.Exposed{{Movie: "heat+1995"}}})
	}
	serve("1", "mixed:new,mixed:old,x:a", 0)
	serve("1", "mixed:new,mixed:old,x:a", 0)
	serve("2", "x:b", 0)
	serve("3", "x:b,xx:a", 0)
	serve("4", "", 0)
	serve("5", "xx:b", 0)
	serve("boss", "x:b", 0)
	serve("6", "x:a", 48*time.Hour) // before the start: another's label, once
	if _, err := s.store().PutExposures(t.Context(), lists); err != nil {
		t.Fatal(err)
	}
	var got []countedExperiment
	s.result(&got, "experiment", "status")
	if len(got) != 2 {
		t.Fatalf("%d experiments run, want 2", len(got))
	}
	slices.SortFunc(got, func(a, b countedExperiment) int { return strings.Compare(b.Experiment.Name, a.Experiment.Name) })
	want := "[{a 0.25 1 2 map[]} {b 0.75 2 2 map[]}] 1; [{old 1 1 2 map[]} {new 1 1 2 map[]}] 0"
	if text := fmt.Sprintf("%v %d; %v %d", got[0].Arms, got[0].Testers, got[1].Arms, got[1].Testers); text != want {
		t.Errorf("%s\nwant %s", text, want)
	}
	if text := s.must("experiment", "status", "x"); !strings.Contains(text, "33.33%  25.00%") || !strings.Contains(text, "1 testers apart") {
		t.Errorf("%s", text)
	}
}

// What an exposure keeps of a label is what experiments bound theirs by.
func TestLabelsFitExposures(t *testing.T) {
	if experiment.MaxLabelBytes != sqlstore.MaxLabelBytes {
		t.Errorf("labels have up to %d bytes, exposures keep %d", experiment.MaxLabelBytes, sqlstore.MaxLabelBytes)
	}
}
