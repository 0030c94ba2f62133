package recommender_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/history"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// A stub scores later rows higher and notes who asked.
type stub struct {
	rows  int
	asked *sync.Map // id -> age
}

func (s stub) Len() int { return s.rows }
func (s stub) Score(q model.Query, scores []float32) model.Basis {
	if s.asked != nil {
		s.asked.Store(q.User.ID, q.User.Age)
	}
	for row := range scores {
		scores[row] = float32(row)
	}
	return model.Everyone
}
func (stub) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write([]byte("stub"))
	return int64(n), err
}

var openModels = bundle.Opener{Index: openIndex, Kinds: []model.Kind{{Name: "stub", Read: func(_ []byte, base *model.Base) (model.Model, error) {
	return stub{rows: base.Movies}, nil
}}}}

// armed is sample with stubs of these names, the first the default.
func armed(t *testing.T, name string, n int, arms ...string) *bundle.Bundle {
	t.Helper()
	b := sample(t, name, n)
	for _, arm := range arms {
		b.Models = append(b.Models, model.Named{Name: arm, Model: stub{rows: n, asked: &sync.Map{}}})
		b.Manifest.Models = append(b.Manifest.Models, bundle.Model{Name: arm, Kind: "stub"})
		b.Manifest.Arm = arms[0]
	}
	return b
}

func armOf(t *testing.T, s *recommender.Service) (arm string, bundle string) {
	t.Helper()
	a, err := s.Recommend(t.Context(), recommender.Call{User: "someone", N: 5})
	if err != nil {
		t.Fatal(err)
	}
	return a.List.Arm, a.Live.Bundle.Manifest.ID
}

// A service that is to serve an arm takes no bundle without it.
func TestSwapWantsTheArm(t *testing.T) {
	for arm, c := range map[string]struct {
		arms   []string
		serves string
	}{
		"":               {[]string{"a", "b"}, "a"},
		"b":              {[]string{"a", "b"}, "b"},
		rank.ArmFeatures: {[]string{"a"}, rank.ArmFeatures},
		"c":              {[]string{"a", "b"}, ""},
		"d":              {nil, ""},
	} {
		s := recommender.New(nobody{}, arm, time.Now)
		err := s.Swap(armed(t, "x", 9, c.arms...))
		if c.serves == "" {
			if _, lerr := s.Live(); !errors.Is(err, rank.ErrArm) || !errors.Is(lerr, recommender.ErrNotReady) || !strings.Contains(err.Error(), rank.ArmFeatures) {
				t.Errorf("arm %q of %q: %v, then %v; want ErrArm, the arms there are, and no bundle", arm, c.arms, err, lerr)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := armOf(t, s); got != c.serves {
			t.Errorf("arm %q of %q: served by %q, want %q", arm, c.arms, got, c.serves)
		}
		if p, err := s.Popular(recommender.Call{N: 5}); err != nil || p.List.Arm != rank.ArmFeatures {
			t.Errorf("popular by %q, %v", p.List.Arm, err)
		}
	}
}

// A follower keeps the bundle that serves when the next one lacks the arm, says so,
// and at its start takes an older one that has it.
func TestFollowerKeepsTheArm(t *testing.T) {
	shelf, err := bundle.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	good := publish(t, shelf, armed(t, "good", 9, "a", "b"))
	service := recommender.New(nobody{}, "b", time.Now)
	f := recommender.NewFollower(shelf, openModels, service, slog.New(slog.DiscardHandler))
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	bad := publish(t, shelf, armed(t, "bad", 9, "a"))
	if err := f.Look(t.Context()); !errors.Is(err, rank.ErrArm) {
		t.Errorf("error %v, want ErrArm", err)
	}
	if s := f.Status(); s.Live != good || s.Rejected != bad || !strings.Contains(s.Reason, `"b"`) {
		t.Errorf("status %+v", s)
	}
	if arm, id := armOf(t, service); arm != "b" || id != good {
		t.Errorf("served by %q of %s", arm, id)
	}
	service = recommender.New(nobody{}, "b", time.Now)
	f = recommender.NewFollower(shelf, openModels, service, slog.New(slog.DiscardHandler))
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if arm, id := armOf(t, service); arm != "b" || id != good {
		t.Errorf("after a start served by %q of %s", arm, id)
	}
	// A program that does not know a kind refuses, too.
	f = recommender.NewFollower(shelf, open, recommender.New(nobody{}, "", time.Now), slog.New(slog.DiscardHandler))
	if err := f.Start(t.Context()); !errors.Is(err, bundle.ErrBroken) || !strings.Contains(err.Error(), "stub") {
		t.Errorf("an unknown kind: %v", err)
	}
}

// known has a record of everybody.
type known struct{}

func (known) Of(context.Context, catalog.UserID) (history.Entry, bool, error) {
	return history.Entry{User: catalog.User{Age: 44}, Known: true}, true, nil
}

// Models are told who asks, but not of people who were forgotten: a bundle may
// still hold a list for them.
func TestModelsAreToldWhoAsks(t *testing.T) {
	b := armed(t, "x", 9, "a")
	asked := b.Models[0].Model.(stub).asked
	service := recommender.New(known{}, "", time.Now)
	if err := service.Swap(b); err != nil {
		t.Fatal(err)
	}
	ask := func(u catalog.UserID) {
		t.Helper()
		if _, err := service.Recommend(t.Context(), recommender.Call{User: u, N: 5}); err != nil {
			t.Fatal(err)
		}
	}
	ask("u")
	if age, ok := asked.Load(catalog.UserID("u")); !ok || age != 44 {
		t.Errorf("u was asked for: %v, aged %v", ok, age)
	}
	forgotten := catalog.Tombstones{Salt: []byte("salt")}
	forgotten.Hashes = map[catalog.PersonHash]struct{}{forgotten.Hash("v"): {}}
	service.SetForgotten(forgotten)
	ask("v")
	if _, ok := asked.Load(catalog.UserID("v")); ok {
		t.Error("v was forgotten and still asked for by name")
	}
	if _, ok := asked.Load(catalog.UserID("")); !ok {
		t.Error("v got no list of the model")
	}
}

// Every arm of a bundle answers before it serves, whichever will be asked, for
// people with their names.
func TestRehearseAsksEveryArm(t *testing.T) {
	b := armed(t, "x", 9, "a", "b", "c", "d")
	if err := recommender.Rehearse(b, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, m := range b.Models {
		n := 0
		m.Model.(stub).asked.Range(func(any, any) bool { n++; return true })
		if n == 0 {
			t.Errorf("arm %s was not asked", m.Name)
		}
	}
	if _, ok := b.Models[0].Model.(stub).asked.Load(catalog.UserID("u")); !ok {
		t.Error("the default arm was not asked for the person that the bundle knows")
	}
	b.Manifest.Arm = "gone"
	if err := recommender.Rehearse(b, time.Now()); !errors.Is(err, rank.ErrArm) {
		t.Errorf("a default arm that is not there: %v, want ErrArm", err)
	}
}
