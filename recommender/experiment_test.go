package recommender_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/experiment"
	"marquee/recommender/history"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// A listing is a list of these rows of one arm, with scores and propensities by place.
func listing(arm string, rows []uint32) rank.List {
	l := rank.List{Arm: arm, Tier: rank.TierPersonal, Sources: []string{arm, "popular"}} // ascending
	for i, row := range rows {
		l.Items = append(l.Items, rank.Item{Row: row, Score: 1 / float32(i+1), Propensity: 1 / float32(i+2), Source: rank.Source(1 + i%3)})
	}
	return l
}

// teamOf returns the team of an item and its sources without it.
func teamOf(t interface{ Fatalf(string, ...any) }, l rank.List, item rank.Item) (team string, sources []string) {
	for i, name := range l.SourceNames(item) {
		source, of, _ := strings.Cut(name, "@")
		if i > 0 && of != team {
			t.Fatalf("sources %q of two teams", l.SourceNames(item))
		}
		team, sources = of, append(sources, source)
	}
	slices.Sort(sources) // bits of a list are in no order
	return team, sources
}

var drawRows = rapid.Custom(func(t *rapid.T) []uint32 {
	return rapid.SliceOfNDistinct(rapid.Uint32Range(0, 30), 0, 25, rapid.ID).Draw(t, "rows")
})

// Whatever the lists: no movie twice, teams within one of each other at every place, each
// movie the best of its team that was not there, with what its list says of it, and as
// many as there are.
func TestTeamDraft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := [2]rank.List{listing("als", drawRows.Draw(t, "a")), listing("blend", drawRows.Draw(t, "b"))}
		n, seed := rapid.IntRange(1, 30).Draw(t, "n"), rapid.Uint64().Draw(t, "seed")
		got := recommender.TeamDraft(lists, [2]string{"old", "new"}, n, seed)
		all := map[uint32]bool{}
		for _, l := range lists {
			for _, item := range l.Items {
				all[item.Row] = true
			}
		}
		if len(got.Items) != min(n, len(all)) || got.Arm != "als+blend" {
			t.Fatalf("%d movies by %q, want %d of %d", len(got.Items), got.Arm, n, len(all))
		}
		there := map[uint32]bool{}
		best := func(list int) (rank.Item, bool) {
			i := slices.IndexFunc(lists[list].Items, func(x rank.Item) bool { return !there[x.Row] })
			if i < 0 {
				return rank.Item{}, false
			}
			return lists[list].Items[i], true
		}
		picked := map[string]int{}
		for i, item := range got.Items {
			team, sources := teamOf(t, got, item)
			from := map[string]int{"old": 0, "new": 1}[team]
			a, left := best(0)
			b, right := best(1)
			if team == "" {
				if left && right {
					t.Fatalf("place %d has no team while both lists have movies", i)
				}
				if right {
					from = 1
				}
			} else if !left || !right {
				t.Fatalf("place %d has team %s though one list has no movie", i, team)
			}
			want := [2]rank.Item{a, b}[from]
			if item.Row != want.Row || item.Score != want.Score || item.Propensity != want.Propensity || !slices.Equal(sources, lists[from].SourceNames(want)) {
				t.Fatalf("place %d of team %q: %+v of %q, want %+v of %q", i, team, item, sources, want, lists[from].SourceNames(want))
			}
			picked[team]++
			if d := picked["old"] - picked["new"]; d < -1 || d > 1 {
				t.Fatalf("after place %d: %v", i, picked)
			}
			if there[item.Row] {
				t.Fatalf("movie %d twice", item.Row)
			}
			there[item.Row] = true
		}
		again := recommender.TeamDraft(lists, [2]string{"old", "new"}, n, seed)
		if fmt.Sprint(again) != fmt.Sprint(got) {
			t.Fatal("the same seed gives another list")
		}
	})
}

// Coins are fair and independent: over seeds that follow each other, and over hashes of
// request ids, each team is as often first, whatever was thrown before.
func TestTeamDraftIsFair(t *testing.T) {
	a, b := listing("als", []uint32{1, 2, 3, 4, 5, 6}), listing("blend", []uint32{11, 12, 13, 14, 15, 16})
	const throws = 20_000
	counts := map[string]int{}
	for seed := range uint64(throws) {
		l := recommender.TeamDraft([2]rank.List{a, b}, [2]string{"old", "new"}, 6, seed)
		key := ""
		for _, i := range []int{0, 2, 4} { // who begins each round
			team, _ := teamOf(t, l, l.Items[i])
			key += team + " "
		}
		counts[key]++
	}
	x := 0.0
	for _, c := range counts {
		x += math.Pow(float64(c)-throws/8, 2) / (throws / 8)
	}
	if len(counts) != 8 || x > 30 { // the 0.9999 quantile of 7 degrees of freedom
		t.Errorf("chi-square %v of %v", x, counts)
	}
}

// Lists of many sources keep their teams.
func TestTeamDraftOfManySources(t *testing.T) {
	a, b := listing("als", []uint32{1, 2, 3}), listing("blend", []uint32{1, 4, 5, 6, 7})
	for i := range 28 {
		b.Sources = append(b.Sources, fmt.Sprint("part", i))
	}
	l := recommender.TeamDraft([2]rank.List{a, b}, [2]string{"old", "new"}, 7, 3)
	if len(l.Items) != 7 || len(l.Sources) > 32 {
		t.Errorf("%d movies, sources %q", len(l.Items), l.Sources)
	}
	for i, item := range l.Items {
		team, sources := teamOf(t, l, item)
		if len(sources) != 1 || team == "" && i < 6 {
			t.Errorf("place %d: %q", i, l.SourceNames(item))
		}
	}
	if a.Items[0].Source != 1 || b.Items[2].Source != 3 {
		t.Error("the lists given were changed")
	}
}

// down scores earlier rows higher, or breaks.
type down struct {
	stub
	broken bool
}

func (d down) Score(q model.Query, scores []float32) model.Basis {
	if d.broken {
		panic("a model that breaks")
	}
	d.stub.Score(q, scores)
	for i := range scores {
		scores[i] = -scores[i]
	}
	return model.Everyone
}

// tried returns a service with arms up (the default), down and broken, and an experiment.
func tried(t *testing.T, e catalog.Experiment) *recommender.Service {
	t.Helper()
	b := armed(t, "x", 9, "up", "down", "broken")
	b.Models[1].Model, b.Models[2].Model = down{stub: stub{rows: 9}}, down{stub{rows: 9}, true}
	s := recommender.New(nobody{}, "", time.Now)
	if err := s.Swap(b); err != nil {
		t.Fatal(err)
	}
	e.Name, e.Layer, e.Salt, e.To, e.Start = "x", "default", "x", 1, time.Now().Add(-time.Hour)
	set, err := experiment.NewSet([]catalog.Experiment{e})
	if err != nil {
		t.Fatal(err)
	}
	s.Experiments(set)
	return s
}

func ask(t *testing.T, s *recommender.Service, c recommender.Call) recommender.Answer {
	t.Helper()
	a, err := s.Recommend(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// People of an arm get its model and its knobs; one that the bundle lacks changes
// nothing and is counted; who names an arm, or nobody, is in no experiment.
func TestArmsAreServed(t *testing.T) {
	s := tried(t, catalog.Experiment{
		Mode: catalog.ExperimentSplit,
		Arms: []catalog.ExperimentArm{
			{Name: "control", Weight: 1}, {Name: "down", Weight: 1, Model: "down", Knobs: json.RawMessage(`{"popularity":0.5}`)}, {Name: "gone", Weight: 1, Model: "gone"},
		},
		Overrides: map[catalog.UserID]string{"1": "control", "2": "down", "3": "gone"},
	})
	for user, want := range map[catalog.UserID]struct {
		label, arm string
		popularity float64
	}{"1": {"x:control", "up", 0}, "2": {"x:down", "down", 0.5}, "3": {"x:gone", "up", 0}} {
		a := ask(t, s, recommender.Call{User: user, N: 5})
		if a.Experiment != want.label || a.List.Arm != want.arm || a.Request.Knobs.Popularity != want.popularity || len(a.List.Items) != 5 {
			t.Errorf("user %s: %q by %q with %+v, want %+v", user, a.Experiment, a.List.Arm, a.Request.Knobs, want)
		}
	}
	for user, want := range map[catalog.UserID]string{"1": "x:control", "2": "x:down"} { // also when their arm has no time to make the list
		if a, err := s.Fallback(user, 5); err != nil || a.Experiment != want {
			t.Errorf("user %s: a list from memory is in %q, %v; want %q", user, a.Experiment, err, want)
		}
	}
	if n := s.UnknownArms(); n != 1 {
		t.Errorf("%d lists of an arm that is not there, want 1", n)
	}
	if a := ask(t, s, recommender.Call{User: "1", N: 5, Arm: "down"}); a.Experiment != "" || a.List.Arm != "down" {
		t.Errorf("who names an arm is in experiment %q and got %q", a.Experiment, a.List.Arm)
	}
	a, err := s.Session(t.Context(), nil, recommender.Call{N: 5})
	if err != nil || a.Experiment != "" {
		t.Errorf("nobody is in experiment %q, %v", a.Experiment, err)
	}
}

// What an arm makes of behaviours shows in the taste that the list was made from, which is
// what a trace keeps, also of somebody who said what they like and watched nothing.
func TestBehavioursOfAnArm(t *testing.T) {
	for name, c := range map[string]struct {
		entry history.Entry
		knobs string
		want  uint8 // preference, in tenths
	}{
		"a watch": {history.Entry{Seen: []catalog.Seen{{Movie: "x-00", At: time.Unix(1, 0)}}}, `{"behaviours":{"watch":5}}`, 50},
		"a like":  {history.Entry{Opinions: []catalog.Opinion{{Movie: "x-00", Kind: catalog.FeedbackLike, At: time.Unix(1, 0)}}}, `{"behaviours":{"like":2}}`, 20},
	} {
		s := recommender.New(whoever{c.entry}, "", time.Now)
		if err := s.Swap(armed(t, "x", 9, "up")); err != nil {
			t.Fatal(err)
		}
		set, err := experiment.NewSet([]catalog.Experiment{{
			Name: "x", Layer: "default", Salt: "x", To: 1, Start: time.Now().Add(-time.Hour), Mode: catalog.ExperimentSplit,
			Arms:      []catalog.ExperimentArm{{Name: "control", Weight: 1}, {Name: "other", Weight: 1, Knobs: json.RawMessage(c.knobs)}},
			Overrides: map[catalog.UserID]string{"1": "other"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		s.Experiments(set)
		a := ask(t, s, recommender.Call{User: "1", N: 5})
		if len(a.Taste.Watched) != 1 || a.Taste.Watched[0].Preference != c.want || !reflect.DeepEqual(a.Taste, a.Request.Taste) {
			t.Errorf("%s: the taste is %+v, the list was made from %+v, want a preference of %d", name, a.Taste, a.Request.Taste, c.want)
		}
	}
}

// Both arms are in an interleaved list, whose label names both.
func TestInterleaved(t *testing.T) {
	s := tried(t, catalog.Experiment{
		Mode: catalog.ExperimentInterleave,
		Arms: []catalog.ExperimentArm{{Name: "old", Weight: 1}, {Name: "new", Weight: 1, Model: "down"}},
	})
	first := map[string]int{}
	for i := range 40 {
		a := ask(t, s, recommender.Call{User: "7", N: 6, RequestID: fmt.Sprint(i)})
		if a.Experiment != "x:new,x:old" || a.List.Arm != "up+down" || len(a.List.Items) != 6 {
			t.Fatalf("%q by %q: %d movies", a.Experiment, a.List.Arm, len(a.List.Items))
		}
		teams := map[string][]uint32{}
		for k, item := range a.List.Items {
			team, sources := teamOf(t, a.List, item)
			teams[team] = append(teams[team], item.Row)
			if k == 0 {
				first[team]++
			}
			if want := map[string]string{"old": "up", "new": "down"}[team]; !slices.Equal(sources, []string{want}) {
				t.Fatalf("team %q has sources %q", team, sources)
			}
		}
		if fmt.Sprint(teams) != "map[new:[0 1 2] old:[8 7 6]]" {
			t.Fatalf("teams %v", teams)
		}
	}
	if first["old"] < 8 || first["new"] < 8 {
		t.Errorf("of 40 requests %v began", first)
	}
}

// Shadow arms are computed beside what is served, held against it, and change nothing;
// one whose model breaks is counted.
func TestShadows(t *testing.T) {
	s := tried(t, catalog.Experiment{
		Mode: catalog.ExperimentShadow,
		Arms: []catalog.ExperimentArm{
			{Name: "control", Weight: 1, Model: "down"}, {Name: "broken", Weight: 1, Model: "broken"},
			{Name: "default", Weight: 1}, {Name: "same", Weight: 1, Model: "down"},
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.RunShadows(ctx) }()
	const lists = 5
	for i := range lists {
		a := ask(t, s, recommender.Call{User: catalog.UserID(fmt.Sprint(i)), N: 6})
		if a.Experiment != "x:control" || a.List.Arm != "down" || a.List.Items[0].Row != 0 {
			t.Fatalf("%q by %q: %+v", a.Experiment, a.List.Arm, a.List.Items)
		}
	}
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		all := s.Shadows()
		made := int64(0)
		for _, x := range all {
			made += x.Lists + x.Failed + x.Dropped
		}
		if made == 3*lists {
			break
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%+v", all)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	all := s.Shadows()
	if len(all) != 3 || all[0].Name != "x:broken" || all[0].Failed != lists || all[0].Lists != 0 {
		t.Fatalf("%+v", all)
	}
	// The default, not the control's model: 0 1 2 3 4 5 against 8 7 6 5 4 3. Three of six are shared, and none of the first three.
	rbo := 0.0
	for d, shared := range []float64{0, 0, 0, 0, 1, 3} {
		rbo += shared / float64(d+1) * math.Pow(0.9, float64(d+1))
	}
	rbo = rbo/9 + 3.0/6*math.Pow(0.9, 6)
	if x := all[1]; x.Name != "x:default" || x.Lists != lists || math.Abs(x.Overlap-0.5) > 1e-9 || math.Abs(x.RBO-rbo) > 1e-9 || x.Took <= 0 || x.Served <= 0 {
		t.Errorf("%+v, want overlap 0.5 and rank-biased overlap %v", x, rbo)
	}
	if x := all[2]; x.Name != "x:same" || x.Lists != lists || x.Overlap != 1 || math.Abs(x.RBO-1) > 1e-9 {
		t.Errorf("%+v, want the same list", x)
	}
}

// Nobody waits for shadows: with nobody to make them the queue fills, and the rest is
// dropped and counted.
func TestShadowsAreBounded(t *testing.T) {
	s := tried(t, catalog.Experiment{Mode: catalog.ExperimentShadow, Arms: []catalog.ExperimentArm{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}})
	for range 100 {
		ask(t, s, recommender.Call{User: "7", N: 5})
	}
	if all := s.Shadows(); len(all) != 1 || all[0].Dropped != 36 {
		t.Errorf("%+v, want 36 of 100 dropped", all)
	}
}
