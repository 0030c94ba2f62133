package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/precomputed"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// storeOf holds the rows of d, movies that are not in the catalog among what people
// watched, ratings between the tenths, and one person who watched nothing else.
func storeOf(d *model.Data) store {
	s := store{movies: d.Movies, users: append([]catalog.User{{ID: "a-nobody", Age: 5}}, d.Users...)}
	for i := range s.movies {
		s.movies[i].Title = strings.Repeat(string(rune('a'+i%8)), 5) + string(rune('a'+i%26)) + strings.Repeat(string(rune('a'+i/26)), 2)
	}
	add := func(u catalog.UserID, m catalog.MovieID, at int64, r float64, rated bool, share float64, shared bool) {
		s.seen = append(s.seen, catalog.UserSeen{User: u, Seen: catalog.Seen{Movie: m, At: time.UnixMicro(at).UTC(), Rating: r, Rated: rated, Share: share, Shared: shared, Days: 1}})
	}
	for i, u := range d.Users {
		add(u.ID, "gone", 1<<52, 0, false, 0, false)
		for _, x := range d.Of(i) {
			r := float64(x.Rating)
			if x.Rated && r < 5 {
				r += 0.35
			}
			add(u.ID, d.Movies[x.Movie].ID, x.At, r, x.Rated, float64(x.Share), x.Shared)
		}
	}
	add("z-nobody", "gone", 1, 3, true, 0, false)
	s.users = append(s.users, catalog.User{ID: "z-nobody"})
	return s
}

// Facts hold what model.NewData makes of the same rows: with what is known of
// people, without those who watched nothing that is in the catalog.
func TestFactsAreData(t *testing.T) {
	s := storeOf(modeltest.World(1, 50, 40))
	s.users = slices.DeleteFunc(s.users, func(u catalog.User) bool { return u.ID == "u00007" }) // a history without a record
	s.users[3].Extra = map[string]json.RawMessage{"k": json.RawMessage("1")}
	f, err := pipeline.Read(t.Context(), s, rank.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	want, err := model.NewData(catalog.Scale5, s.movies, nil, 0, s.Users(t.Context()), s.Histories(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Data, want) {
		t.Errorf("facts of %d people and %d rows, the first %+v; want %d, %d, %+v", len(f.Data.Users), len(f.Data.Seen), f.Data.Users[0], len(want.Users), len(want.Seen), want.Users[0])
	}
	if n := len(want.Users); n != 50 || want.Users[7].ID != "u00007" || want.Users[7].Age != 0 || want.Users[8].Age == 0 {
		t.Fatalf("the store is not what this test thinks: %d people, %+v", n, want.Users[7])
	}
	if got := f.Histories.OfModels(); !reflect.DeepEqual(got, want.Histories()) || len(f.Histories.Users) != 50 {
		t.Error("the bundle's histories are not those that models are trained with")
	}
	learn := f.Learn(pipeline.Vectors{Values: []float32{1}})
	if learn.Vectors == nil || f.Data.Vectors != nil {
		t.Error("vectors were not added, or to the facts themselves")
	}
}

// People in another order than histories would get each other's records: the digest
// refuses them.
func TestPeopleOutOfOrderAreRefused(t *testing.T) {
	s := storeOf(modeltest.World(1, 50, 40))
	slices.Reverse(s.users)
	if _, err := pipeline.Read(t.Context(), s, rank.DefaultConfig()); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("error %v, want invalid", err)
	}
	s = storeOf(modeltest.World(1, 50, 40))
	slices.SortStableFunc(s.seen, func(a, b catalog.UserSeen) int { return -strings.Compare(string(a.User), string(b.User)) })
	if _, err := pipeline.Read(t.Context(), s, rank.DefaultConfig()); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("histories: error %v, want invalid", err)
	}
}

// modelOptions builds with these models.
func modelOptions(t testing.TB, specs ...pipeline.Spec) pipeline.Options {
	o := options(&letters{}, &backend{recall: 1})
	o.Kinds, o.Models = training(t, modeltest.World(1, 10, 12)).Kinds, specs
	o.Ranking.AdultForUnknown = true
	return o
}

func opener(o pipeline.Options) bundle.Opener {
	return bundle.Opener{Kinds: o.Kinds, Index: func(_ string, vecs []float32, dims int, _ []byte) (indexer.Index, error) {
		return exact{len(vecs) / dims, dims}, nil
	}}
}

// reload puts b on a shelf and reads it back.
func reload(t *testing.T, b *bundle.Bundle, o pipeline.Options) *bundle.Bundle {
	t.Helper()
	shelf, err := bundle.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, err := shelf.Put(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := shelf.Load(t.Context(), m.ID, opener(o))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func build(t *testing.T, s store, o pipeline.Options) *bundle.Bundle {
	t.Helper()
	b, err := pipeline.Build(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What is read back gives every person, and one who is new, the scores that the
// build gave, to the bit, in every model.
func TestModelsOfABuildAreReadBack(t *testing.T) {
	o := modelOptions(t, append(slices.Clone(someSpecs), spec("people", "userknn", ""), spec("svd", "svd", `{"factors":4,"epochs":3}`))...)
	o.Arm = "mix"
	b := build(t, storeOf(modeltest.World(1, 80, 60)), o)
	again := reload(t, b, o)
	if len(again.Models) != 7 || again.Manifest.Arm != "mix" || len(again.Lists) != 1 {
		t.Fatalf("%d models, arm %q, %d lists; want 7, mix, 1", len(again.Models), again.Manifest.Arm, len(again.Lists))
	}
	x, y := make([]float32, 60), make([]float32, 60)
	for i, m := range b.Models {
		scored := 0
		for _, u := range append(slices.Clone(b.Histories.Users), "new") {
			taste, _ := b.Histories.Of(u)
			q := model.Query{User: catalog.User{ID: u, Age: 30}, Seen: taste.Seen}
			p, r := m.Model.Score(q, x), again.Models[i].Model.Score(q, y)
			if p != r {
				t.Fatalf("%s, %s: basis %v, read back %v", m.Name, u, p, r)
			}
			if p != model.None {
				scored++
			}
			for row := range x {
				if p != model.None && math.Float32bits(x[row]) != math.Float32bits(y[row]) {
					t.Fatalf("%s, %s, movie %d: %v, read back %v", m.Name, u, row, x[row], y[row])
				}
			}
		}
		if scored < 60 {
			t.Errorf("%s scored for %d people, the test shows little", m.Name, scored)
		}
	}
}

// The lists of a build are those that the model gives, and are named by the model
// that made them.
func TestListsOfABuild(t *testing.T) {
	o := modelOptions(t, spec("als", "als", `{"dims":8,"sweeps":3}`), spec("fast", "precomputed", `{"lists":"als"}`))
	s := storeOf(modeltest.World(1, 80, 60))
	b := reload(t, build(t, s, o), o)
	if m := b.Manifest; m.Arm != "fast" || !m.Models[0].Lists || m.Models[1].Lists || !slices.Equal(m.Models[1].Parts, []string{"als"}) {
		t.Errorf("manifest %+v", m.Models)
	}
	sameLists(t, b, "als", "fast", func(u catalog.UserID) rank.Taste {
		var seen []catalog.Seen
		for _, x := range s.seen {
			if x.User == u {
				seen = append(seen, x.Seen)
			}
		}
		return b.Movies.Resolve(seen, catalog.Scale5)
	})
}

// bundled returns what b holds of people, which is less than a store does.
func bundled(b *bundle.Bundle) func(catalog.UserID) rank.Taste {
	return func(u catalog.UserID) rank.Taste {
		taste, _ := b.Histories.Of(u)
		return taste
	}
}

// sameLists checks that the lists made beforehand are those that the model gives for
// the history of each person.
func sameLists(t *testing.T, b *bundle.Bundle, of, served string, history func(catalog.UserID) rank.Taste) {
	t.Helper()
	snap, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range b.Histories.Users {
		r := rank.Request{Taste: history(u), User: catalog.User{ID: u}, N: 10, Now: time.Now(), Adult: true}
		r.Arm = of
		want := snap.Recommend(r)
		r.Arm = served
		got := snap.Recommend(r)
		if got.Arm != served || got.Tier != rank.TierPersonal || !slices.EqualFunc(got.Items, want.Items, func(a, b rank.Item) bool { return a.Row == b.Row }) {
			t.Fatalf("%s by %s (%s): %v, want %v", u, got.Arm, got.Tier, got.Items, want.Items)
		}
	}
}

// Lists can be made of a bundle that was built without, as often as one likes.
func TestPrecompute(t *testing.T) {
	o := modelOptions(t, spec("pop", "popular", ""), spec("als", "als", `{"dims":8,"sweeps":3}`))
	b := reload(t, build(t, storeOf(modeltest.World(1, 80, 60)), o), o)
	p := pipeline.Precompute{Model: "als", N: 60, Workers: 2, Dir: t.TempDir(), Person: func(catalog.UserID) catalog.User { return catalog.User{} }, Progress: func(string, int, int) {}}
	next, err := p.Lists(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Models) != 2 || b.Manifest.Models[1].Lists || b.Lists != nil {
		t.Error("the bundle that was asked has changed")
	}
	sameLists(t, next, "als", "als-precomputed", bundled(next))
	stored := reload(t, next, o)
	sameLists(t, stored, "als", "als-precomputed", bundled(stored))
	if m := stored.Manifest; m.Parent != b.Manifest.ID || m.Arm != "als" || len(m.Models) != 3 || m.Models[2].Name != "als-precomputed" {
		t.Errorf("manifest %+v", m)
	}
	p.N = 3
	again, err := p.Lists(t.Context(), stored)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := again.Lists["als"].Of("u00003"); len(again.Models) != 3 || len(got) != 3 {
		t.Errorf("made again: %d models, a list of %d; want 3 and 3", len(again.Models), len(got))
	}
	if list, _ := stored.Lists["als"].Of("u00003"); len(list) == 3 {
		t.Error("the lists of the bundle that was asked have changed")
	}
	p.Model = "gone"
	if _, err := p.Lists(t.Context(), b); !errors.Is(err, catalog.ErrNotFound) || !strings.Contains(err.Error(), `["pop" "als"]`) {
		t.Errorf("an unknown model: %v, want not found and the names of those there are", err)
	}
}

// A model is asked with the person's id, of whom nothing else may be known.
func TestPrecomputeAsksWithTheID(t *testing.T) {
	o := modelOptions(t, spec("als", "als", `{"dims":8,"sweeps":3}`))
	b := build(t, storeOf(modeltest.World(1, 80, 60)), o)
	b.Models[0].Model = knower{60}
	p := pipeline.Precompute{Model: "als", N: 2, Dir: t.TempDir(), Person: func(u catalog.UserID) catalog.User {
		if u == "u00003" {
			return catalog.User{}
		}
		return catalog.User{ID: u, Age: 30}
	}}
	next, err := p.Lists(t.Context(), b)
	if err != nil || next.Lists["als"].Len() != len(b.Histories.Users) {
		t.Errorf("%d lists, %v; want %d", next.Lists["als"].Len(), err, len(b.Histories.Users))
	}
}

// A knower says nothing to people without a name.
type knower struct{ rows int }

func (k knower) Len() int { return k.rows }
func (knower) Score(q model.Query, scores []float32) model.Basis {
	clear(scores)
	if q.User.ID == "" {
		return model.None
	}
	return model.Personal
}
func (knower) WriteTo(io.Writer) (int64, error) { return 0, nil }

// Whoever serves the lists that are made anew serves the new ones at once.
func TestPrecomputeRenewsWhoServes(t *testing.T) {
	o := modelOptions(t, spec("als", "als", `{"dims":8,"sweeps":3}`), spec("fast", "precomputed", `{"lists":"als"}`))
	b := build(t, storeOf(modeltest.World(1, 80, 60)), o)
	p := pipeline.Precompute{Model: "als", N: 2, Dir: t.TempDir(), Person: func(catalog.UserID) catalog.User { return catalog.User{} }}
	next, err := p.Lists(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, 60)
	next.Models[1].Model.Score(model.Query{User: catalog.User{ID: "u00003"}}, scores)
	known := 0
	for _, s := range scores {
		if s == s {
			known++
		}
	}
	if next.Models[1].Name != "fast" || known != 2 {
		t.Errorf("%s lists %d movies, want 2 as the lists now are", next.Models[1].Name, known)
	}
}

// The default arm is the one that is named, or the last that was asked for,
// whatever the order in which models are trained.
func TestDefaultArm(t *testing.T) {
	s := storeOf(modeltest.World(1, 80, 60))
	pop, knn, mix := spec("pop", "popular", ""), spec("knn", "itemknn", ""), spec("mix", "blend", `{"parts":"pop,knn","weights":"1,1"}`)
	for _, c := range []struct {
		specs     []pipeline.Spec
		arm, want string
	}{
		{[]pipeline.Spec{pop, knn, mix}, "", "mix"},
		{[]pipeline.Spec{mix, pop, knn}, "", "knn"},
		{[]pipeline.Spec{pop, knn, mix}, "pop", "pop"},
		{[]pipeline.Spec{pop, knn, mix}, rank.ArmFeatures, rank.ArmFeatures},
		{nil, "", rank.ArmFeatures},
	} {
		for _, lenient := range []bool{false, true} {
			o := modelOptions(t, c.specs...)
			o.Arm, o.Lenient = c.arm, lenient
			b := build(t, s, o)
			snap, err := b.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			if got := snap.Arms.Names(); got[0] != c.want || len(got) != len(c.specs)+1 {
				t.Errorf("%v with %q: arms %q, want %q first", names(c.specs), c.arm, got, c.want)
			}
		}
	}
	o := modelOptions(t, pop)
	o.Arm, o.Neighbour = "gone", 0
	if _, err := pipeline.Build(t.Context(), s, o); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), `"gone"`) || !strings.Contains(err.Error(), "neighbours") {
		t.Errorf("an arm that nobody trains: %v, want invalid and every fault", err)
	}
}

// A build that was told to make do with thin data keeps the models that it can
// train, or none if the default arm is not among them; one that was not fails.
func TestLenientBuild(t *testing.T) {
	rated := spec("svd", "svd", "")
	pop, mix := spec("pop", "popular", ""), spec("mix", "blend", `{"parts":"pop,svd","least":20}`)
	nobodyRates := storeOf(unrated(modeltest.World(1, 80, 60)))
	nobodyRates.seen = slices.DeleteFunc(nobodyRates.seen, func(s catalog.UserSeen) bool { return s.Rated })
	empty := store{movies: nobodyRates.movies}
	few := storeOf(modeltest.World(1, 5, 30)) // too few to learn weights from
	for _, c := range []struct {
		name  string
		store store
		specs []pipeline.Spec
		arm   string
		want  []string
	}{
		{"nobody rates", nobodyRates, []pipeline.Spec{pop, rated, mix}, "", []string{"mix", "pop", rank.ArmFeatures}},
		{"the default learns from ratings", nobodyRates, []pipeline.Spec{pop, rated}, "", []string{rank.ArmFeatures}},
		{"the default is named", nobodyRates, []pipeline.Spec{pop, rated}, "pop", []string{"pop", rank.ArmFeatures}},
		{"the default needs no model", nobodyRates, []pipeline.Spec{pop, rated}, rank.ArmFeatures, []string{rank.ArmFeatures, "pop"}},
		{"nobody at all", empty, []pipeline.Spec{pop, rated, mix}, "", []string{rank.ArmFeatures}},
		{"few", few, []pipeline.Spec{pop, rated, mix}, "", []string{rank.ArmFeatures}},
	} {
		o := modelOptions(t, c.specs...)
		o.Arm = c.arm
		if _, err := pipeline.Build(t.Context(), c.store, o); !errors.Is(err, model.ErrData) {
			t.Errorf("%s: %v, want ErrData from a build that is not lenient", c.name, err)
		}
		var log strings.Builder
		o.Lenient, o.Log = true, slog.New(slog.NewTextHandler(&log, nil))
		b := reload(t, build(t, c.store, o), o)
		snap, err := b.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if got := snap.Arms.Names(); !slices.Equal(got, c.want) {
			t.Errorf("%s: arms %q, want %q", c.name, got, c.want)
		}
		if len(c.want) == 1 && (len(b.Manifest.Models) != 0 || b.Manifest.Arm != "") {
			t.Errorf("%s: a bundle without models names %+v, arm %q", c.name, b.Manifest.Models, b.Manifest.Arm)
		}
		if !strings.Contains(log.String(), "WARN") {
			t.Errorf("%s: nothing was said of it", c.name)
		}
	}
}

// A precomputed model whose kind does not say what it is made of is an error.
func TestListsOfNothing(t *testing.T) {
	d := modeltest.World(1, 30, 30)
	tr := training(t, d)
	tr.Kinds = []model.Kind{precomputed.Kind()}
	if _, err := tr.Train(t.Context(), d, []pipeline.Spec{spec("fast", "precomputed", `{"lists":"als"}`)}); err == nil {
		t.Error("lists of nothing were made")
	}
}

// A build that is cut short says so, in whichever model it was.
func TestBuildIsCutShort(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := modelOptions(t, someSpecs...)
	var steps []string
	o.Progress = func(step string, done, total int) {
		steps = append(steps, step)
		if strings.HasPrefix(step, "als ") {
			cancel()
		}
	}
	if _, err := pipeline.Build(ctx, storeOf(modeltest.World(1, 80, 60)), o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after %v, want the context's", err, fmt.Sprint(steps))
	}
}
