package recommender_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/history"
	"marquee/recommender/rank"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type exact struct{ n int }

func (x exact) Len() int { return x.n }
func (exact) Dims() int  { return 2 }
func (exact) Search(context.Context, []float32, int, indexer.Keep) ([]indexer.Hit, error) {
	return nil, nil
}

var open = bundle.Opener{Index: openIndex}

func openIndex(_ string, vecs []float32, _ int, _ []byte) (indexer.Index, error) {
	return exact{len(vecs) / 2}, nil
}

// sample returns a bundle of n movies whose ids begin with name.
func sample(t *testing.T, name string, n int) *bundle.Bundle {
	t.Helper()
	var movies []catalog.Movie
	var vecs []float32
	for i := range n {
		movies = append(movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("%s-%02d", name, i))})
		vecs = append(vecs, 0.6, 0.8)
	}
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	table, err := indexer.Neighbours(t.Context(), vecs, 2, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rank.DefaultConfig()
	stats, err := rank.NewStats(movies, rows, func(func(catalog.UserSeen, error) bool) {}, catalog.Scale5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &bundle.Histories{}
	h.Add("u", rank.Taste{Watched: []rank.Watched{{Row: 0, Preference: 50}}})
	return &bundle.Bundle{
		Manifest: bundle.Manifest{Scale: catalog.Scale5, Ranking: cfg, Embedder: embedder.ID{Dims: 2}, Index: bundle.Index{Kind: "exact"}},
		Movies:   rows, Vectors: vecs, Table: table, Stats: stats, Histories: h, Index: exact{n},
	}
}

// nobody has no history.
type nobody struct{}

func (nobody) Of(context.Context, catalog.UserID) (history.Entry, bool, error) {
	return history.Entry{}, true, nil
}

func publish(t *testing.T, s *bundle.Shelf, b *bundle.Bundle) string {
	t.Helper()
	m, err := s.Put(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), bundle.Publication{ID: m.ID}); err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func follower(t *testing.T) (*recommender.Follower, *recommender.Service, *bundle.Shelf) {
	t.Helper()
	shelf, err := bundle.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	service := recommender.New(nobody{}, "", time.Now)
	return recommender.NewFollower(shelf, open, service, slog.New(slog.DiscardHandler)), service, shelf
}

func TestFollowerRefusesWhatIsBroken(t *testing.T) {
	f, service, shelf := follower(t)
	if err := f.Look(t.Context()); err == nil {
		t.Error("an empty shelf gave no error")
	}
	if _, err := service.Recommend(t.Context(), recommender.Call{User: "u", N: 5}); err == nil {
		t.Error("a list without a bundle")
	}
	good := publish(t, shelf, sample(t, "old", 10))
	if err := f.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	bad := publish(t, shelf, sample(t, "new", 10))
	path := filepath.Join(shelf.Dir(bad), "vectors.bin")
	if err := os.WriteFile(path, []byte("rubbish"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 3 { // told once, tried again later
		_ = f.Look(t.Context())
	}
	s := f.Status()
	if s.Live != good || s.Rejected != bad || s.Reason == "" || s.Swaps != 1 || s.Refused != 2 {
		t.Errorf("status %+v, want the old bundle live and the new one refused with a reason", s)
	}
	if a, err := service.Recommend(t.Context(), recommender.Call{User: "u", N: 5}); err != nil || a.Live.Bundle.Manifest.ID != good {
		t.Errorf("the old bundle does not serve: %v", err)
	}
	if err := shelf.Publish(t.Context(), bundle.Publication{ID: good}); err != nil {
		t.Fatal(err)
	}
	if err := f.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := f.Status(); s.Rejected != "" || s.Reason != "" {
		t.Errorf("pointer moved back, status %+v still tells of the refusal", s)
	}
}

// A server that starts while the live bundle is broken takes an older whole one.
func TestStartWithABrokenBundle(t *testing.T) {
	f, service, shelf := follower(t)
	if err := f.Start(t.Context()); err == nil {
		t.Error("started without any bundle")
	}
	old := publish(t, shelf, sample(t, "old", 10))
	bad := publish(t, shelf, sample(t, "new", 10))
	if err := os.WriteFile(filepath.Join(shelf.Dir(bad), "vectors.bin"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	live, err := service.Live()
	if err != nil || live.Bundle.Manifest.ID != old {
		t.Fatalf("live is %v, %v; want the older bundle", live, err)
	}
	if s := f.Status(); s.Rejected != bad || s.Reason == "" {
		t.Errorf("status %+v does not tell of the broken bundle", s)
	}
	if err := os.RemoveAll(shelf.Dir(bad)); err != nil { // and one that is not there at all
		t.Fatal(err)
	}
	again := recommender.NewFollower(shelf, open, recommender.New(nobody{}, "", time.Now), slog.New(slog.DiscardHandler))
	if err := again.Start(t.Context()); err != nil || again.Status().Live != old {
		t.Errorf("live bundle gone: %v, serving %q; want the older one", err, again.Status().Live)
	}
}

// away is a store that cannot be reached.
type away struct{}

func (away) Of(context.Context, catalog.UserID) (history.Entry, bool, error) {
	return history.Entry{}, false, catalog.ErrUnavailable
}

// While the store cannot tell who is of age, nobody is.
func TestNoAdultMoviesWithoutTheStore(t *testing.T) {
	for _, c := range []struct {
		histories recommender.Histories
		want      int
	}{{nobody{}, 3}, {away{}, 2}} {
		b := sample(t, "x", 3)
		b.Movies.Adult[1] = true
		b.Manifest.Ranking.AdultForUnknown = true
		service := recommender.New(c.histories, "", time.Now)
		if err := service.Swap(b); err != nil {
			t.Fatal(err)
		}
		if a, err := service.Recommend(t.Context(), recommender.Call{User: "someone", N: 20}); err != nil || len(a.List.Items) != c.want {
			t.Errorf("%T: %d movies, %v; want %d", c.histories, len(a.List.Items), err, c.want)
		}
	}
}

// The histories that a bundle holds of forgotten people answer no more.
func TestForgottenPeopleHaveNoHistory(t *testing.T) {
	service := recommender.New(away{}, "", time.Now)
	if err := service.Swap(sample(t, "x", 3)); err != nil {
		t.Fatal(err)
	}
	forgotten := catalog.Tombstones{Salt: []byte("salt")}
	for _, want := range []int{1, 0} {
		a, err := service.Recommend(t.Context(), recommender.Call{User: "u", N: 20})
		if err != nil || len(a.Taste.Watched) != want {
			t.Errorf("%d movies in a history, %v; want %d", len(a.Taste.Watched), err, want)
		}
		forgotten.Hashes = map[catalog.PersonHash]struct{}{forgotten.Hash("u"): {}}
		service.SetForgotten(forgotten)
	}
}

// A snapshot answers only for the bundle it extends.
func TestExtend(t *testing.T) {
	service := recommender.New(nobody{}, "", time.Now)
	one, two := sample(t, "one", 3), sample(t, "two", 4)
	one.Manifest.Sequence = 5
	longer, err := sample(t, "one", 6).State()
	if err != nil {
		t.Fatal(err)
	}
	if service.Extend(one, longer, 6) {
		t.Error("extended without a bundle")
	}
	check := func(movies int, sequence int64) {
		t.Helper()
		a, err := service.Popular(recommender.Call{N: 20})
		if err != nil || len(a.List.Items) != movies || a.Sequence != sequence || a.Live.Sequence != sequence {
			t.Errorf("%d movies at %d, %v; want %d at %d", len(a.List.Items), a.Sequence, err, movies, sequence)
		}
	}
	if err := service.Swap(one); err != nil {
		t.Fatal(err)
	}
	check(3, 5)
	if !service.Extend(one, longer, 6) {
		t.Error("not extended")
	}
	check(6, 6)
	if err := service.Swap(two); err != nil {
		t.Fatal(err)
	}
	if service.Extend(one, longer, 7) {
		t.Error("another bundle was extended")
	}
	check(4, 0)
}

// While bundles are swapped, every answer is whole: its movies, its bundle and its
// list are of one build.
func TestSwapUnderLoad(t *testing.T) {
	f, service, shelf := follower(t)
	ids := map[string]string{}
	for _, name := range []string{"old", "new"} {
		ids[publish(t, shelf, sample(t, name, 10+len(ids)*7))] = name
	}
	if err := f.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				a, err := service.Recommend(ctx, recommender.Call{User: "u", N: 20})
				if err != nil {
					t.Error(err)
					return
				}
				name := ids[a.Live.Bundle.Manifest.ID]
				if want := min(20, a.Live.Bundle.Movies.Len()); len(a.List.Items) != want {
					t.Errorf("%d movies, want %d", len(a.List.Items), want)
				}
				for _, item := range a.List.Items {
					if id := string(a.Live.Snapshot.Movies.IDs[item.Row]); id[:3] != name {
						t.Errorf("movie %s in an answer of bundle %q", id, name)
					}
				}
			}
		})
	}
	for i := range 16 {
		for id, name := range ids {
			if (name == "old") == (i%2 == 0) {
				if err := shelf.Publish(t.Context(), bundle.Publication{ID: id}); err != nil {
					t.Error(err)
				}
			}
		}
		if err := f.Look(t.Context()); err != nil {
			t.Error(err)
		}
	}
	cancel()
	wg.Wait()
	if s := f.Status(); s.Swaps < 16 {
		t.Errorf("%d swaps, want 16", s.Swaps)
	}
}

func TestRehearse(t *testing.T) {
	b := sample(t, "x", 5)
	if err := recommender.Rehearse(b, time.Now()); err != nil {
		t.Errorf("a good bundle: %v", err)
	}
	b.Manifest.Ranking = rank.Config{}
	if err := recommender.Rehearse(b, time.Now()); err == nil {
		t.Error("a bundle without weights passed")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	f, _, shelf := follower(t)
	publish(t, shelf, sample(t, "old", 3))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx, time.Millisecond) }()
	for f.Status().Live == "" {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("ended without the context's error")
	}
}
