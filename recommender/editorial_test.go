package recommender_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/rank"
)

// What is hidden or gone is in no list: of any arm, of people with and without a
// history, of nobody, near a movie, with the store and without it.
func TestNobodyListsWhatIsHidden(t *testing.T) {
	histories := map[string]recommender.Histories{"nobody": nobody{}, "somebody": watcher(3), "away": away{}}
	for name, h := range histories {
		for _, arm := range []string{"a", rank.ArmFeatures} {
			s := recommender.New(h, arm, time.Now)
			b := armed(t, "x", 9, "a")
			b.Hidden = []catalog.MovieID{"x-07"}
			if err := s.Swap(b); err != nil {
				t.Fatal(err)
			}
			live, err := s.Live()
			if err != nil {
				t.Fatal(err)
			}
			without, err := live.State.Without(t.Context(), []catalog.MovieID{"x-08", "x-00"})
			if err != nil {
				t.Fatal(err)
			}
			s.Extend(b, without, 7)
			user := must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: 20}))
			if want := map[string]int{"nobody": 6, "somebody": 4, "away": 6}[name]; len(user.List.Items) != want || user.List.Arm != arm {
				t.Errorf("%s by %s: %q of %s, want %d movies", name, arm, idsOf(user), user.List.Arm, want)
			}
			if name == "somebody" && len(user.Taste.Watched) != 2 || name == "away" && len(user.Taste.Watched) != 0 {
				t.Errorf("%s: %d movies speak, want none that is gone", name, len(user.Taste.Watched))
			}
			for _, a := range []recommender.Answer{user, must(t)(s.Popular(recommender.Call{N: 20})), must(t)(s.Similar(t.Context(), "x-01", recommender.Call{N: 20})), must(t)(s.Similar(t.Context(), "x-07", recommender.Call{N: 20}))} {
				if got := idsOf(a); got == "" || strings.Contains(got, "x-07") || strings.Contains(got, "x-08") || strings.Contains(got, "x-00") {
					t.Errorf("%s by %s: %q, want some, and none that is hidden or gone", name, arm, got)
				}
			}
			if _, err := s.Similar(t.Context(), "x-08", recommender.Call{N: 5}); !errors.Is(err, catalog.ErrNotFound) {
				t.Errorf("near what is gone: %v", err)
			}
		}
	}
}

// A bundle taken now has what editors say now, not what they said when it was built.
func TestEditorsSpeakToTheNextBundle(t *testing.T) {
	s := recommender.New(nobody{}, "", time.Now)
	built := func() *bundle.Bundle {
		b := sample(t, "x", 5)
		b.Hidden = []catalog.MovieID{"x-01"}
		return b
	}
	for _, c := range []struct {
		hidden []catalog.MovieID
		want   string
	}{{nil, "x-00 x-01 x-02 x-03 x-04"}, {[]catalog.MovieID{"x-03", "other"}, "x-00 x-01 x-02 x-04"}} {
		s.SetEditorial(recommender.Editorial{Hidden: c.hidden})
		if err := s.Swap(built()); err != nil {
			t.Fatal(err)
		}
		if got := idsOf(must(t)(s.Popular(recommender.Call{N: 20}))); got != c.want {
			t.Errorf("hidden %v: %q, want %q", c.hidden, got, c.want)
		}
	}
}

// A found index finds always the same.
type found struct {
	exact
	hits []indexer.Hit
	err  error
}

func (f found) Search(context.Context, []float32, int, indexer.Keep) ([]indexer.Hit, error) {
	return f.hits, f.err
}

var discard = slog.New(slog.DiscardHandler)

// An index that finds what cannot be is no reason to serve; one that cannot be reached
// is none not to.
func TestFollowerAsksTheIndex(t *testing.T) {
	for _, c := range []struct {
		err  error
		hits []indexer.Hit
		want error
	}{
		{nil, []indexer.Hit{{Row: 1, Score: 1}}, nil},
		{nil, []indexer.Hit{{Row: 10, Score: 1}}, bundle.ErrBroken},
		{fmt.Errorf("no route: %w", catalog.ErrUnavailable), nil, nil},
		{indexer.ErrDims, nil, indexer.ErrDims},
	} {
		shelf, err := bundle.OpenShelf(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		id := publish(t, shelf, sample(t, "x", 10))
		s := recommender.New(nobody{}, "", time.Now)
		f := recommender.NewFollower(shelf, bundle.Opener{Index: func(string, []float32, int, []byte) (indexer.Index, error) {
			return found{exact{10}, c.hits, c.err}, nil
		}}, s, discard)
		if err := f.Start(t.Context()); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%v, %v: started with %v, want %v", c.hits, c.err, err, c.want)
		}
		status := f.Status()
		if c.want == nil && (status.Live != id || status.Published == nil || status.Published.ID != id) || c.want != nil && (status.Rejected != id || status.Refused != 1) {
			t.Errorf("%v, %v: status %+v", c.hits, c.err, status)
		}
	}
}
