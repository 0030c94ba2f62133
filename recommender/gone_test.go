package recommender_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/bundle"
)

// A bundle that is taken comes without movies that left after it was made, unless they
// are there again, and with what it has of others.
func TestSwapKeepsOutWhatLeft(t *testing.T) {
	s := recommender.New(nobody{}, "", time.Now)
	take := func(sequence int64, want string) {
		t.Helper()
		b := sample(t, "x", 4)
		b.Manifest.Sequence = sequence
		if err := s.Swap(b); err != nil {
			t.Fatal(err)
		}
		if got := idsOf(must(t)(s.Popular(recommender.Call{N: 20}))); got != want {
			t.Errorf("bundle of change %d: %q, want %q", sequence, got, want)
		}
		if live, err := s.Live(); err != nil || live.Sequence != sequence {
			t.Errorf("sequence %d, %v", live.Sequence, err)
		}
	}
	take(3, "x-00 x-01 x-02 x-03")
	s.SetGone(5, "x-01", "other")
	s.SetGone(7, "x-02")
	take(3, "x-00 x-03")
	take(0, "x-00 x-03") // nobody knows what it has
	take(5, "x-00 x-01 x-03")
	take(7, "x-00 x-01 x-02 x-03")
	s.SetThere("x-02")
	take(3, "x-00 x-02 x-03")
	s.ResetGone()
	take(3, "x-00 x-01 x-02 x-03")
}

// What is remembered of movies that left is bounded; the newest stay.
func TestGoneIsBounded(t *testing.T) {
	s := recommender.New(nobody{}, "", time.Now)
	s.SetGone(1, "x-00")
	var many []catalog.MovieID
	for i := range 100_000 {
		many = append(many, catalog.MovieID("y"+string(rune('a'+i%26))+time.Duration(i).String()))
	}
	s.SetGone(2, many...)
	s.SetGone(3, "x-01")
	if err := s.Swap(sample(t, "x", 3)); err != nil {
		t.Fatal(err)
	}
	if got := idsOf(must(t)(s.Popular(recommender.Call{N: 20}))); got != "x-00 x-02" {
		t.Errorf("%q, want the oldest forgotten and the newest kept out", got)
	}
}

// What editors say, and what leaves, just while a bundle is taken counts too.
func TestSaidDuringASwap(t *testing.T) {
	var s *recommender.Service
	said := 0
	s = recommender.New(nobody{}, "", func() time.Time {
		if said++; said == 1 { // between the question what they say and the swap
			s.SetEditorial(recommender.Editorial{Hidden: []catalog.MovieID{"x-01"}})
			s.SetGone(9, "x-02")
		}
		return time.Now()
	})
	if err := s.Swap(sample(t, "x", 4)); err != nil {
		t.Fatal(err)
	}
	if got := idsOf(must(t)(s.Popular(recommender.Call{N: 20}))); got != "x-00 x-03" {
		t.Errorf("%q, want what was said during the swap", got)
	}
}

// When the live bundle is broken, what was live before goes before what is newer and
// never was, and no bundle serves that a gate refused.
func TestStartTakesNoRefusedBundle(t *testing.T) {
	for _, c := range []struct {
		older, override, plain bool
		want                   string
	}{
		{true, true, true, "older"},
		{false, true, false, "refused"},
		{false, false, true, "plain"},
		{false, false, false, ""},
	} {
		f, service, shelf := follower(t)
		at := func(name string, n int, day int) *bundle.Bundle {
			b := sample(t, name, n)
			b.Manifest.Created = time.Unix(int64(day)*86400, 0)
			return b
		}
		ids := map[string]string{}
		if c.older {
			ids["older"] = publish(t, shelf, at("older", 10, 1))
		}
		if c.plain {
			m, err := shelf.Put(t.Context(), at("plain", 10, 2))
			if err != nil {
				t.Fatal(err)
			}
			ids["plain"] = m.ID
		}
		live := publish(t, shelf, at("live", 10, 3))
		bad := at("bad", 3, 4)
		bad.Manifest.Gates = []bundle.Gate{{Name: "empty", Passed: true}, {Name: "shrinkage", Value: 0.7, Limit: 0.05, Override: c.override}}
		m, err := shelf.Put(t.Context(), bad)
		if err != nil {
			t.Fatal(err)
		}
		ids["refused"] = m.ID
		if err := os.WriteFile(filepath.Join(shelf.Dir(live), "vectors.bin"), []byte("rubbish"), 0o600); err != nil {
			t.Fatal(err)
		}
		err = f.Start(t.Context())
		if c.want == "" {
			if _, lerr := service.Live(); !errors.Is(err, bundle.ErrBroken) || !errors.Is(lerr, recommender.ErrNotReady) {
				t.Errorf("%+v: %v and %v, want that nothing serves", c, err, lerr)
			}
			continue
		}
		if got, lerr := service.Live(); err != nil || lerr != nil || got.Bundle.Manifest.ID != ids[c.want] {
			t.Errorf("%+v: started with %v, %v, want %s to serve", c, err, lerr, c.want)
		}
	}
}
