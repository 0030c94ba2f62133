package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/model/als"
	"marquee/recommender/model/blend"
	"marquee/recommender/model/itemknn"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/popular"
	"marquee/recommender/model/precomputed"
	"marquee/recommender/model/svd"
	"marquee/recommender/model/userknn"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// listed is the kind that serves lists of the model that it names.
func listed() model.Kind {
	k := precomputed.Kind()
	k.Parts = func(settings json.RawMessage) ([]string, bool, error) {
		c, err := model.Settings(precomputed.DefaultConfig(), settings)
		return []string{c.Lists}, false, err
	}
	return k
}

// training trains real kinds and those that are given.
func training(t testing.TB, d *model.Data, kinds ...model.Kind) pipeline.Training {
	t.Helper()
	table, err := indexer.Neighbours(t.Context(), d.Vectors, d.Dims, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Training{
		Kinds: append(kinds, als.Kind(), itemknn.Kind(), userknn.Kind(), popular.Kind(), svd.Kind(), blend.Kind(), listed()),
		Table: pipeline.BaseOf(table), Share: pipeline.DefaultShare, Progress: func(string, int, int) {}, Log: slog.New(slog.DiscardHandler),
	}
}

func spec(name, kind, settings string) pipeline.Spec {
	return pipeline.Spec{Name: name, Kind: kind, Settings: json.RawMessage(settings)}
}

func names(specs []pipeline.Spec) (out []string) {
	for _, s := range specs {
		out = append(out, s.Name)
	}
	return out
}

// Parts come before what is made of them, otherwise everything in the order given.
func TestOrder(t *testing.T) {
	tr := training(t, modeltest.World(1, 30, 20))
	got, err := tr.Order([]pipeline.Spec{spec("mix", "blend", `{"parts":"c,a"}`), spec("c", "popular", ""), spec("lists", "precomputed", `{"lists":"a"}`), spec("a", "als", "")})
	if err != nil || !slices.Equal(names(got), []string{"c", "a", "mix", "lists"}) {
		t.Errorf("order %v, %v; want c, a, mix, lists", names(got), err)
	}
	if got, err := tr.Order(nil); err != nil || len(got) != 0 {
		t.Errorf("no models: %v, %v", got, err)
	}
}

// One error tells of all faults.
func TestOrderTellsOfAllFaults(t *testing.T) {
	_, err := training(t, modeltest.World(1, 30, 20)).Order([]pipeline.Spec{
		spec("../x", "als", ""), spec("b", "als", ""), spec("b", "popular", ""), spec("c", "svd3000", ""), spec(rank.ArmFeatures, "als", ""),
		spec("mix", "blend", `{"parts":"b,gone"}`), spec("one", "blend", `{"parts":"two"}`), spec("two", "blend", `{"parts":"one"}`),
		spec("self", "blend", `{"parts":"self"}`), spec("odd", "blend", `{"partz":"b"}`), spec("lists", "precomputed", `{"lists":"mix"}`),
	})
	if !errors.Is(err, catalog.ErrInvalid) {
		t.Fatalf("error %v, want invalid", err)
	}
	for _, want := range []string{`"../x"`, `"b" is named twice`, `"svd3000", want one of ["als"`, rank.ArmFeatures, `part "gone"`, `"one" wants the part "two"`,
		`"two" wants the part "one"`, `"self" wants the part "self"`, "partz", `"lists" wants the part "mix"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not tell of %s: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), `part "b"`) {
		t.Errorf("a part that is there is called a fault: %v", err)
	}
}

func trainedBytes(t *testing.T, trained []pipeline.Trained) []byte {
	t.Helper()
	var buf bytes.Buffer
	for _, x := range trained {
		fmt.Fprintf(&buf, "%+v\n", x.Model)
		if _, err := x.Scorer.WriteTo(&buf); err != nil {
			t.Fatal(err)
		}
		if x.Made != nil {
			buf.WriteString(x.Made.With)
			buf.Write(x.Made.Table.Encode())
		}
	}
	return buf.Bytes()
}

var someSpecs = []pipeline.Spec{
	spec("als", "als", `{"dims":8,"sweeps":3}`), spec("knn", "itemknn", ""), spec("pop", "popular", ""),
	spec("mix", "blend", `{"parts":"als,knn,pop","least":20}`), spec("lists", "precomputed", `{"lists":"als"}`),
}

// The same data gives the same models, byte for byte, however many processors work
// and in whatever order models are asked for.
func TestTrainGivesTheSameBytes(t *testing.T) {
	d := modeltest.World(1, 80, 60)
	tr := training(t, d)
	var want []byte
	for _, procs := range []int{1, 2, 5} {
		old := runtime.GOMAXPROCS(procs)
		trained, err := tr.Train(t.Context(), d, someSpecs)
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		got := trainedBytes(t, trained)
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("GOMAXPROCS %d gives other models", procs)
		}
	}
	if trained, err := tr.Train(t.Context(), d, []pipeline.Spec{someSpecs[3], someSpecs[0], someSpecs[1], someSpecs[2], someSpecs[4]}); err != nil || !bytes.Equal(trainedBytes(t, trained), want) {
		t.Errorf("asked for in another order, models differ: %v", err)
	}
}

// A spy scores rows by their number, and notes what it was given.
type spy struct {
	rows int
	note string // written and read
	base *model.Base
}

func (s spy) Len() int { return s.rows }
func (s spy) Score(_ model.Query, scores []float32) model.Basis {
	for i := range scores {
		scores[i] = float32(i)
	}
	return model.Everyone
}
func (s spy) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, s.note)
	return int64(n), err
}

// A given is what a spy was trained with.
type given struct {
	data     *model.Data
	base     model.Base
	examples []model.Example
}

// spies returns a plain kind, and one that learns how to be made of "one" and "two",
// and where they note what they were given, by the note in their settings.
func spies() (kinds []model.Kind, notes map[string][]given) {
	notes = map[string][]given{}
	train := func(_ context.Context, d *model.Data, base *model.Base, examples []model.Example, settings json.RawMessage, _ model.Progress) (model.Model, error) {
		b := *base
		b.Models = slices.Clone(base.Models)
		notes[string(settings)] = append(notes[string(settings)], given{d, b, examples})
		return spy{rows: len(d.Movies), note: fmt.Sprintf("%s of %d", settings, len(d.Seen))}, nil
	}
	read := func(stored []byte, base *model.Base) (model.Model, error) {
		return spy{base.Movies, string(stored), base}, nil
	}
	parts := func(json.RawMessage) ([]string, bool, error) { return []string{"one", "two"}, true, nil }
	return []model.Kind{{Name: "spy", Train: train, Read: read}, {Name: "made", Parts: parts, Train: train, Read: read}}, notes
}

// What learns how to be made of others learns it from parts that have seen the older
// part of each history only, and from the newest; it is then made of parts that
// have seen everything.
func TestPartsOfALessonSeeTheOlderPart(t *testing.T) {
	d := modeltest.World(1, 40, 30)
	kinds, notes := spies()
	tr := training(t, d, kinds...)
	trained, err := tr.Train(t.Context(), d, []pipeline.Spec{
		spec("one", "spy", `{"n":1}`), spec("two", "spy", `{"n":2}`), spec("alone", "spy", `{"n":3}`), spec("mix", "made", `{"n":4}`), spec("again", "made", `{"n":5}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for note, times := range map[string]int{`{"n":1}`: 2, `{"n":2}`: 2, `{"n":3}`: 1, `{"n":4}`: 1, `{"n":5}`: 1} {
		if len(notes[note]) != times {
			t.Fatalf("model %s was trained %d times, want %d", note, len(notes[note]), times)
		}
	}
	for _, note := range []string{`{"n":1}`, `{"n":3}`} {
		if first := notes[note][0]; first.data != d || len(first.examples) != 0 || first.base.Histories.Len() != len(d.Users) || len(first.base.Histories.Rows) != len(d.Seen) {
			t.Errorf("model %s was trained with %d rows and %d examples, want all %d and none", note, len(first.data.Seen), len(first.examples), len(d.Seen))
		}
	}
	older := notes[`{"n":1}`][1].data
	mix := notes[`{"n":4}`][0]
	if len(older.Users) != len(d.Users) || len(mix.examples) == 0 || mix.data != older || notes[`{"n":5}`][0].data != older {
		t.Fatalf("the older part is of %d people with %d examples", len(older.Users), len(mix.examples))
	}
	held := map[catalog.UserID][]model.Seen{}
	for _, e := range mix.examples {
		held[e.Query.User.ID] = e.Truth
		i, _ := slices.BinarySearchFunc(d.Users, e.Query.User, func(a, b catalog.User) int { return strings.Compare(string(a.ID), string(b.ID)) })
		if !reflect.DeepEqual(e.Query, model.Query{User: d.Users[i], Seen: older.Of(i)}) {
			t.Fatalf("example of %s asks with %+v, want what was older", e.Query.User.ID, e.Query)
		}
	}
	for i, u := range d.Users {
		all := d.Of(i)
		if got := slices.Concat(held[u.ID], older.Of(i)); !slices.Equal(got, all) {
			t.Fatalf("%s: newest and older part make %v, want %v", u.ID, got, all)
		}
		if want := max(1, len(all)/5); len(all) > 1 && len(held[u.ID]) != want {
			t.Errorf("%s: %d of %d movies held out, want %d", u.ID, len(held[u.ID]), len(all), want)
		}
	}
	if len(mix.base.Histories.Rows) != len(older.Seen) {
		t.Errorf("the lesson's histories hold %d rows, want %d", len(mix.base.Histories.Rows), len(older.Seen))
	}
	saw := func(models []model.Named) (out []string) {
		for _, m := range models {
			out = append(out, m.Name+" "+m.Model.(spy).note)
		}
		return out
	}
	part, whole := len(older.Seen), len(d.Seen)
	if got, want := saw(mix.base.Models), []string{fmt.Sprintf(`one {"n":1} of %d`, part), fmt.Sprintf(`two {"n":2} of %d`, part)}; !slices.Equal(got, want) {
		t.Errorf("learned from %q, want %q", got, want)
	}
	joined := trained[3].Scorer.(spy).base.Models
	if got, want := saw(joined[:2]), []string{fmt.Sprintf(`one {"n":1} of %d`, whole), fmt.Sprintf(`two {"n":2} of %d`, whole)}; !slices.Equal(got, want) {
		t.Errorf("made of %q, want %q", got, want)
	}
	if got := trained[3].Model; got.Name != "mix" || got.Kind != "made" || !slices.Equal(got.Parts, []string{"one", "two"}) {
		t.Errorf("told as %+v", got)
	}
}

// A world where people watch and nobody rates.
func unrated(d *model.Data) *model.Data {
	d.Seen = slices.Clone(d.Seen)
	for i := range d.Seen {
		d.Seen[i].Rated, d.Seen[i].Rating = false, 0
	}
	return d
}

func trainedNames(trained []pipeline.Trained) (out []string) {
	for _, x := range trained {
		out = append(out, x.Name)
	}
	return out
}

// Models that the data give nothing to learn for are left out, and a blend that
// learns its weights is made of the rest.
func TestTrainMost(t *testing.T) {
	d := unrated(modeltest.World(1, 80, 60))
	tr := training(t, d)
	specs := []pipeline.Spec{
		spec("als", "als", `{"dims":8,"sweeps":3}`), spec("svd", "svd", ""), spec("pop", "popular", ""),
		spec("mix", "blend", `{"parts":"svd,als,pop","least":20}`), spec("fixed", "blend", `{"parts":"als,svd","weights":"1,1"}`), spec("lists", "precomputed", `{"lists":"svd"}`),
		spec("none", "blend", `{"parts":"svd","least":20}`),
	}
	trained, skipped, err := tr.TrainMost(t.Context(), d, specs)
	if err != nil {
		t.Fatal(err)
	}
	if got := trainedNames(trained); !slices.Equal(got, []string{"als", "pop", "mix"}) {
		t.Errorf("trained %v, want als, pop and mix", got)
	}
	var left []string
	for _, s := range skipped {
		left = append(left, s.Name)
		if !errors.Is(s.Err, model.ErrData) {
			t.Errorf("%s was left out for %v, want ErrData", s.Name, s.Err)
		}
	}
	if !slices.Equal(left, []string{"svd", "fixed", "lists", "none"}) {
		t.Errorf("left out %v, want svd, fixed, lists and none, each once", left)
	}
	if mix := trained[2]; !slices.Equal(mix.Parts, []string{"als", "pop"}) || !slices.Equal(mix.Scorer.(model.Composite).Parts()[:2], []string{"als", "pop"}) {
		t.Errorf("mix is made of %v", mix.Parts)
	}
	if again, err := tr.Train(t.Context(), d, []pipeline.Spec{specs[0], specs[2], spec("mix", "blend", `{"parts":"als,pop","least":20}`)}); err != nil || !bytes.Equal(trainedBytes(t, again[2:]), trainedBytes(t, trained[2:])) {
		t.Errorf("asked for without svd, the blend is another: %v", err)
	}
	if _, err := tr.Train(t.Context(), d, specs); !errors.Is(err, model.ErrData) {
		t.Errorf("all or nothing: %v, want ErrData", err)
	}
}

// Errors that have another cause than thin data, wrong settings say, pass for
// nobody.
func TestTrainMostToleratesThinDataOnly(t *testing.T) {
	d := modeltest.World(1, 80, 60)
	tr := training(t, d)
	if _, _, err := tr.TrainMost(t.Context(), d, []pipeline.Spec{spec("als", "als", `{"dims":-1}`)}); !errors.Is(err, catalog.ErrInvalid) || errors.Is(err, model.ErrData) {
		t.Errorf("wrong settings: %v, want invalid", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := tr.TrainMost(ctx, d, someSpecs); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
