package pipeline_test

import (
	"context"
	"errors"
	"testing"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// Whoever is forgotten while a bundle is made is not on the shelf afterwards, however it
// was made.
func TestForgottenWhileReindexed(t *testing.T) {
	for name, c := range map[string]struct {
		most float64
		drop bool
	}{"patch": {100, false}, "whole": {0, false}, "whole without movies": {0, true}} {
		t.Run(name, func(t *testing.T) {
			w := modelled(t)
			w.Most = c.most
			w.shop.put(catalog.Movie{ID: "zz-new", Title: title(5)})
			b := w.load(t, true)
			if c.drop {
				w.shop.drop(b.Movies.IDs[3])
			}
			found := find(t, w.shop, b, pipeline.Scope{})
			u := b.Histories.Users[0]
			gone := func(x catalog.UserID) bool { return x == u }
			w.Gone = func(context.Context) (func(catalog.UserID) bool, error) { return gone, nil }
			if c.most == 0 { // a patch needs the files of the base
				if _, _, err := w.shelf.Forget(t.Context(), gone); err != nil {
					t.Fatal(err)
				}
			}
			m, _, err := w.Shelve(t.Context(), w.shelf, b, found, func(m *bundle.Manifest) { m.Gates = []bundle.Gate{{Name: "speed", Passed: true}} })
			if err != nil {
				t.Fatal(err)
			}
			list, err := w.shelf.List()
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				next, err := w.shelf.Load(t.Context(), x.ID, w.opener(true))
				if err != nil {
					t.Fatal(err)
				}
				if _, has := next.Histories.Of(u); has {
					t.Errorf("bundle %s (the one that was made is %s) has the history of somebody who was forgotten", x.ID, m.ID)
				}
			}
			if m.Counts.Users != len(b.Histories.Users)-1 || len(m.Gates) != 1 {
				t.Errorf("%d people and gates %+v, want %d and those that were set", m.Counts.Users, m.Gates, len(b.Histories.Users)-1)
			}
		})
	}
}

// If nobody can say who was forgotten, that is an error, and no bundle goes live.
func TestForgottenUnknown(t *testing.T) {
	w := thirty(t, nil)
	w.shop.edit()
	w.Gone = func(context.Context) (func(catalog.UserID) bool, error) { return nil, catalog.ErrUnavailable }
	b := w.load(t, true)
	if _, _, err := w.Shelve(t.Context(), w.shelf, b, find(t, w.shop, b, pipeline.Scope{}), nil); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("error %v, want that the store is away", err)
	}
}

// While movies are laid over an index built anew, that says of itself that it must not be
// published; afterwards it is gone, and so it is if laying them over it fails.
func TestStepOfWholeReindex(t *testing.T) {
	for _, fails := range []bool{false, true} {
		w := modelled(t)
		w.Most = 0
		first := w.load(t, true)
		for _, id := range first.Movies.IDs[:20] {
			w.shop.drop(id)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		found := find(t, w.shop, first, pipeline.Scope{})
		steps := 0
		m, _, err := w.Shelve(ctx, w.shelf, first, found, func(*bundle.Manifest) {
			list, err := w.shelf.List()
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				if x.ID == first.Manifest.ID {
					continue
				}
				steps++
				if len(x.Gates) != 1 || x.Gates[0].Name != pipeline.GateIncomplete || x.Gates[0].Passed || x.Gates[0].Override || x.Sequence != first.Manifest.Sequence {
					t.Errorf("the step has gates %+v and sequence %d, want one that refuses and %d", x.Gates, x.Sequence, first.Manifest.Sequence)
				}
			}
			if fails {
				cancel()
			}
		})
		if (err != nil) != fails || steps != 1 {
			t.Fatalf("error %v after %d steps, want one: %v", err, steps, fails)
		}
		list, lerr := w.shelf.List()
		if lerr != nil {
			t.Fatal(lerr)
		}
		want := 2
		if fails {
			want = 1
		}
		if len(list) != want {
			t.Errorf("%d bundles on the shelf, want %d", len(list), want)
		}
		if fails {
			continue
		}
		if m.Sequence != found.Sequence || m.Parent != first.Manifest.ID || m.Gates != nil {
			t.Errorf("sequence %d, parent %s and gates %v, want %d, %s and none", m.Sequence, m.Parent, m.Gates, found.Sequence, first.Manifest.ID)
		}
		w.live = m.ID
		if next := w.load(t, true); !next.Movies.IsGone(0) {
			t.Error("a movie that left is in the bundle")
		}
	}
}
