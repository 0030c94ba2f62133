package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/pipeline"
)

// offlineOf returns what the manifest says of a model.
func offlineOf(t *testing.T, b *bundle.Bundle, name string) *bundle.Offline {
	t.Helper()
	for _, m := range b.Manifest.Models {
		if m.Name == name {
			return m.Offline
		}
	}
	t.Fatalf("no model %q", name)
	return nil
}

// judging builds with these models, and judges them.
func judging(t testing.TB, specs ...pipeline.Spec) pipeline.Options {
	o := modelOptions(t, specs...)
	o.Evaluate = true
	return o
}

// The same data and seed give the same figures and the same bundle, to the bit, however
// many processors work.
func TestOfflineIsTheSameEverywhere(t *testing.T) {
	s := storeOf(modeltest.World(1, 120, 50))
	o := judging(t, someSpecs...)
	o.Arm = "mix"
	shelf, err := bundle.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var first bundle.Manifest
	for _, procs := range []int{1, 3} {
		old := runtime.GOMAXPROCS(procs)
		b := build(t, s, o)
		runtime.GOMAXPROCS(old)
		m, err := shelf.Put(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if first.ID == "" {
			first = m
		}
		if m.ID != first.ID {
			t.Errorf("GOMAXPROCS %d: bundle %s, want %s", procs, m.ID, first.ID)
		}
	}
	for i, m := range first.Models {
		if m.Offline == nil || m.Offline.People != 120 || !(m.Offline.NDCGLow < m.Offline.NDCG && m.Offline.NDCG < m.Offline.NDCGHigh) {
			t.Errorf("%s: %+v", m.Name, m.Offline)
		}
		if (m.Weights != nil) != (m.Name == "mix") {
			t.Errorf("%s: weights %v", m.Name, first.Models[i].Weights)
		}
	}
	if w := first.Models[3].Weights; math.Abs(w["als"]+w["knn"]+w["pop"]-1) > 1e-6 {
		t.Errorf("weights %v, want them to add up to 1", w)
	}
	if first.Features == nil || first.Features.Held != pipeline.DefaultShare || first.Features.Lot {
		t.Errorf("lists without a model: %+v", first.Features)
	}
	if !reflect.DeepEqual(first.Models[4].Offline, first.Models[0].Offline) {
		t.Error("lists made beforehand have other figures than the model that made them")
	}
}

// A guesser lists movies by their number, and notes for whom.
type guesser struct {
	spy
	asked func(catalog.UserID)
}

func (g guesser) Score(q model.Query, scores []float32) model.Basis {
	g.asked(q.User.ID)
	return g.spy.Score(q, scores)
}

// guessers returns a plain kind and one that learns, and what each training of it was
// given and asked for afterwards, by its settings.
func guessers() (kinds []model.Kind, trained map[string][]*guessing) {
	trained = map[string][]*guessing{}
	var mu sync.Mutex
	train := func(_ context.Context, d *model.Data, _ *model.Base, examples []model.Example, settings json.RawMessage, _ model.Progress) (model.Model, error) {
		n := &guessing{rows: len(d.Seen), learned: map[catalog.UserID]bool{}, asked: map[catalog.UserID]bool{}}
		for _, e := range examples {
			n.learned[e.Query.User.ID] = true
		}
		trained[string(settings)] = append(trained[string(settings)], n)
		return guesser{spy{rows: len(d.Movies)}, func(u catalog.UserID) {
			mu.Lock()
			defer mu.Unlock()
			n.asked[u] = true
		}}, nil
	}
	read := func(_ []byte, base *model.Base) (model.Model, error) { return spy{rows: base.Movies}, nil }
	parts := func(json.RawMessage) ([]string, bool, error) { return []string{"one"}, true, nil }
	return []model.Kind{{Name: "guess", Train: train, Read: read}, {Name: "made", Parts: parts, Train: train, Read: read}}, trained
}

// A guessing is one training of a guesser.
type guessing struct {
	rows           int
	learned, asked map[catalog.UserID]bool
}

func (guesser) WriteTo(w io.Writer) (int64, error) { return 0, nil }

// The figures are those of eval's metrics over what was held out, worked out here by
// hand; a composite is judged on nobody whom its weights were learned from, and parts
// are trained no oftener than it takes to learn them.
func TestOfflineIsOfWhatWasNotSeen(t *testing.T) {
	d := modeltest.World(1, 120, 50)
	s := storeOf(d)
	o := judging(t, spec("one", "guess", `{"n":1}`), spec("idle", "guess", `{"n":2}`), spec("mix", "made", `{"n":3}`))
	kinds, trained := guessers()
	o.Kinds = append(kinds, o.Kinds...)
	b := build(t, s, o)
	f, err := pipeline.Read(t.Context(), s, o.Ranking)
	if err != nil {
		t.Fatal(err)
	}
	older, held := f.Data.Split(pipeline.DefaultShare)
	want := byNumber(older, held)
	for _, name := range []string{"one", "mix"} {
		got := *offlineOf(t, b, name)
		if got.People != want.People || math.Abs(got.NDCG-want.NDCG) > 1e-12 || math.Abs(got.Hit-want.Hit) > 1e-12 || math.Abs(got.Recall-want.Recall) > 1e-12 || math.Abs(got.Coverage-want.Coverage) > 1e-12 {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if offlineOf(t, b, "idle") != nil || len(trained[`{"n":2}`]) != 1 {
		t.Errorf("a model that nobody needs was trained %d times and judged as %+v", len(trained[`{"n":2}`]), offlineOf(t, b, "idle"))
	}
	if one := trained[`{"n":1}`]; len(one) != 2 || one[0].rows != len(f.Data.Seen) || one[1].rows != len(older.Seen) || len(one[0].asked) != 0 {
		t.Errorf("a part was trained %d times, want on all and on the older part, which is asked", len(one))
	}
	mix := trained[`{"n":3}`]
	if len(mix) != 3 || len(mix[0].learned) != want.People || len(mix[0].asked) != 0 {
		t.Fatalf("the composite was made %d times, first from %d people; want 3 times, first from all", len(mix), len(mix[0].learned))
	}
	for _, half := range mix[1:] {
		if n := len(half.learned); n < want.People/3 || n > 2*want.People/3 {
			t.Errorf("weights learned from %d of %d people, want about half", n, want.People)
		}
		for u := range half.asked {
			if half.learned[u] {
				t.Fatalf("%s is judged by weights that were learned from them", u)
			}
		}
		if len(half.asked)+len(half.learned) != want.People {
			t.Errorf("%d people taught and %d are judged, of %d", len(half.learned), len(half.asked), want.People)
		}
	}
}

// byNumber judges lists of the highest rows that were not seen.
func byNumber(older *model.Data, held [][]model.Seen) bundle.Offline {
	var out bundle.Offline
	shown := map[uint32]bool{}
	for i, truth := range held {
		if len(truth) == 0 {
			continue
		}
		out.People++
		var list []uint32
		for row := len(older.Movies) - 1; row >= 0 && len(list) < 20; row-- {
			if !slices.ContainsFunc(older.Of(i), func(s model.Seen) bool { return int(s.Movie) == row }) {
				list = append(list, uint32(row))
				shown[uint32(row)] = true
			}
		}
		gain, ideal, hits := 0.0, 0.0, 0
		for place, row := range list {
			if slices.ContainsFunc(truth, func(s model.Seen) bool { return s.Movie == row }) {
				gain += 1 / math.Log2(float64(place+2))
				hits++
			}
			if place < len(truth) {
				ideal += 1 / math.Log2(float64(place+2))
			}
		}
		out.NDCG += gain / ideal
		out.Hit += float64(min(1, hits))
		out.Recall += float64(hits) / float64(len(truth))
	}
	n := float64(out.People)
	out.NDCG, out.Hit, out.Recall = out.NDCG/n, out.Hit/n, out.Recall/n
	out.Coverage = float64(len(shown)) / float64(len(older.Movies))
	return out
}

// The default arm is judged whatever it is, and what it is made of is trained for it.
func TestTheDefaultArmIsJudged(t *testing.T) {
	s := storeOf(modeltest.World(1, 120, 50))
	all := []pipeline.Spec{
		spec("als", "als", `{"dims":8,"sweeps":3}`), spec("pop", "popular", ""), spec("other", "popular", ""),
		spec("fixed", "blend", `{"parts":"als,pop","weights":"1,3"}`), spec("lists", "precomputed", `{"lists":"als"}`),
	}
	for arm, judged := range map[string][]string{"als": {"als", "lists"}, "fixed": {"als", "pop", "fixed", "lists"}, "lists": {"als", "lists"}} {
		o := judging(t, all...)
		o.Arm = arm
		b := build(t, s, o)
		var got []string
		for _, m := range b.Manifest.Models {
			if m.Offline != nil {
				got = append(got, m.Name)
			}
		}
		if !slices.Equal(got, judged) {
			t.Errorf("default arm %s: judged %v, want %v", arm, got, judged)
		}
		if arm == "fixed" && b.Manifest.Models[3].Weights["pop"] != 0.75 {
			t.Errorf("weights %v, want a quarter and three", b.Manifest.Models[3].Weights)
		}
	}
	if b := build(t, s, judging(t)); b.Manifest.Features == nil || len(b.Manifest.Models) != 0 {
		t.Errorf("without models: %+v", b.Manifest.Features)
	}
}

// Statistics that lists are judged with know nothing of what was held out: a movie that
// everybody watched last, and nobody before, is not a popular one.
func TestStatisticsAreOfTheOlderPart(t *testing.T) {
	s := store{}
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for m := range 60 {
		s.movies = append(s.movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("%02d", m)), Title: "A"})
	}
	for u := range 120 {
		for i := range 5 {
			m := catalog.MovieID("59") // the last of all
			if i > 0 {
				m = catalog.MovieID(fmt.Sprintf("%02d", (u+7*i)%50))
			}
			s.seen = append(s.seen, catalog.UserSeen{User: catalog.UserID(fmt.Sprintf("%03d", u)), Seen: catalog.Seen{Movie: m, At: at.Add(-time.Duration(i) * time.Hour)}})
		}
	}
	o := judging(t)
	o.Ranking.Similarity, o.Ranking.Quality = 0, 0
	if got := build(t, s, o).Manifest.Features; got == nil || got.NDCG != 0 || got.People != 120 {
		t.Errorf("lists of popular movies: %+v, want none to hit", got)
	}
}

// Few people say nothing; what half of them are too few for has no figures.
func TestTooFewToJudge(t *testing.T) {
	o := judging(t, someSpecs...)
	b := build(t, storeOf(modeltest.World(1, 90, 60)), o)
	if b.Manifest.Features != nil || slices.ContainsFunc(b.Manifest.Models, func(m bundle.Model) bool { return m.Offline != nil }) {
		t.Errorf("judged on 90 people: %+v", b.Manifest.Models)
	}
	d := modeltest.World(1, 120, 50)
	_, held := d.Split(pipeline.DefaultShare)
	truth := 0
	for _, h := range held {
		truth += len(h)
	}
	specs := slices.Clone(someSpecs[:4])
	specs[3] = spec("mix", "blend", fmt.Sprintf(`{"parts":"als,knn,pop","least":%d}`, truth-5))
	b = build(t, storeOf(d), judging(t, specs...))
	if offlineOf(t, b, "mix") != nil || offlineOf(t, b, "als") == nil {
		t.Errorf("judged: mix %+v, als %+v; want als alone", offlineOf(t, b, "mix"), offlineOf(t, b, "als"))
	}
}

// Data without an order are held out by lot, and the manifest says so.
func TestOfflineByLot(t *testing.T) {
	s := storeOf(modeltest.World(1, 120, 50))
	for i := range s.seen {
		s.seen[i].At = time.Unix(1e9, 0).UTC()
	}
	slices.SortStableFunc(s.seen, func(a, b catalog.UserSeen) int {
		if a.User != b.User {
			return 0
		}
		return int(slices.Index([]bool{a.Movie < b.Movie, a.Movie == b.Movie, true}, true)) - 1
	})
	if got := build(t, s, judging(t)).Manifest.Features; got == nil || !got.Lot {
		t.Errorf("histories of one time: %+v, want them drawn by lot", got)
	}
}
