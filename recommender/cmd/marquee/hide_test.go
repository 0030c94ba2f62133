package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/embedder"
	"marquee/embedder/lsa"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/delta"
	"marquee/recommender/history"
)

// builtShell returns a shell with a store and a bundle of it.
func builtShell(t *testing.T) shell {
	s := newShell(t)
	s.publishRated()
	return s
}

// publishRated brings films and their ratings in and publishes a build of them.
func (s shell) publishRated() {
	s.t.Helper()
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings")
	s.must("build", "--index", "flat")
}

// store opens the store of s beside what else uses it.
func (s shell) store() *sqlstore.Store {
	s.t.Helper()
	store, err := sqlstore.Open(s.t.Context(), filepath.Join(s.home, "marquee.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { store.Close() })
	return store
}

// A server's own view of the store and the bundle, as serve makes it.
func (s shell) follow(store *sqlstore.Store) *recommender.Service {
	s.t.Helper()
	log := slog.New(slog.DiscardHandler)
	shelf, err := bundle.OpenShelf(filepath.Join(s.home, "bundles"))
	if err != nil {
		s.t.Fatal(err)
	}
	cache, err := history.New(store, history.DefaultConfig(), log)
	if err != nil {
		s.t.Fatal(err)
	}
	service := recommender.New(cache, "", time.Now)
	if err := recommender.NewFollower(shelf, (&env{cli: &cli{}}).opener(), service, log).Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	open := func(_ context.Context, b *bundle.Bundle) (embedder.Embedder, error) {
		return lsa.Read(strings.NewReader(string(b.Fitted)))
	}
	changes, err := delta.NewFollower(store, service, cache, open, nil, delta.DefaultConfig(), log)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- changes.Run(ctx) }()
	s.t.Cleanup(func() { cancel(); <-done })
	return service
}

// Hide and unhide take effect on every server that follows a store within a second:
// the median of ten changes on two of them.
func TestHideIsHeardWithinASecond(t *testing.T) {
	s := soleShell(t)
	s.publishRated()
	store := s.store()
	servers := []*recommender.Service{s.follow(store), s.follow(store)}
	lists := func(service *recommender.Service, id catalog.MovieID) bool {
		popular, err := service.Popular(recommender.Call{N: 20})
		if err != nil {
			t.Fatal(err)
		}
		near, err := service.Similar(t.Context(), "ronin+1998", recommender.Call{N: 20})
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, a := range []recommender.Answer{popular, near} {
			for _, i := range a.List.Items {
				if a.Live.Snapshot.Movies.IDs[i.Row] == id {
					found++
				}
			}
		}
		return found == 2
	}
	var took []time.Duration
	for i := range 10 {
		hidden := i%2 == 0
		if n, err := store.SetHidden(t.Context(), []catalog.MovieID{"heat+1995"}, hidden, "a test"); n != 1 || err != nil {
			t.Fatalf("%d changed, %v", n, err)
		}
		last, err := store.LastChange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for _, service := range servers {
			eventually(t, func() bool {
				live, err := service.Live()
				return err == nil && live.Sequence >= last && lists(service, "heat+1995") != hidden
			})
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	if took[len(took)/2] > time.Second {
		t.Errorf("changes took %v, want half of them within a second", took)
	}
}

// What editors do while a server serves shows in what it answers and in what it tells
// of itself, a second server on its file is refused, and after it has ended one is not.
func TestServeAndEditors(t *testing.T) {
	s := builtShell(t)
	store := s.store()
	address, admin := free(t), free(t)
	end := s.background("serve", "--listen", address, "--admin-listen", admin)
	get(t, address)

	_, stderr, code := s.run("serve", "--listen", free(t), "--admin-listen", "")
	if code != exitRefused || !strings.Contains(stderr, "another server serves from") || !strings.Contains(stderr, "postgres://") || !strings.Contains(stderr, "process ") {
		t.Errorf("a second server: exit %d\n%s", code, stderr)
	}
	link := filepath.Join(t.TempDir(), "other.db")
	if err := os.Symlink(filepath.Join(s.home, "marquee.db"), link); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code = s.run("--store", link, "serve", "--listen", free(t), "--admin-listen", ""); code != exitRefused || !strings.Contains(stderr, "another server") {
		t.Errorf("a second server by another name: exit %d\n%s", code, stderr)
	}

	if _, err := store.SetHidden(t.Context(), []catalog.MovieID{"the+score+2001"}, true, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := store.PutCorrection(t.Context(), catalog.Correction{Movie: "heat+1995", Other: "amelie+2001", Kind: catalog.Pin, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.RemoveMovies(t.Context(), []catalog.MovieID{"ronin+1998"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		near := ask(t, address, "/similar/heat+1995")
		return len(near.Items) == 1 && near.Items[0].ID == "amelie+2001" && ask(t, address, "/similar/ronin+1998").status == 404
	})
	status, text := fetch(t, "http://"+admin+"/admin/bundle")
	var shown struct {
		Status struct {
			Live      string
			Published *bundle.Publication
		}
		Manifest                   bundle.Manifest
		Sequence                   int64
		Added, Hidden, Corrections int
	}
	if err := json.Unmarshal([]byte(text), &shown); err != nil || status != 200 {
		t.Fatal(status, err)
	}
	if shown.Hidden != 1 || shown.Corrections != 1 || shown.Added != 0 || shown.Sequence == 0 || shown.Manifest.ID != shown.Status.Live ||
		shown.Status.Published == nil || shown.Status.Published.ID != shown.Status.Live {
		t.Errorf("/admin/bundle: %s", text)
	}
	if _, text := fetch(t, "http://"+admin+"/metrics"); !strings.Contains(text, "marquee_hidden_movies 1\n") || !strings.Contains(text, "marquee_bundle_refused_total 0\n") {
		t.Error("metrics do not tell of the hidden movie, or of bundles refused")
	}
	end()

	end = s.background("serve", "--listen", address, "--admin-listen", "")
	get(t, address)
	end()
}
