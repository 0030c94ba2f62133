package rank_test

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// hours before now.
func ago(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }

func TestTasteOf(t *testing.T) {
	snap := line(10).snapshot(t, rank.DefaultConfig(), 3)
	seen := []catalog.Seen{
		{Movie: "m000", At: ago(1), Shared: true, Share: 0.9},
		{Movie: "m001", At: ago(2), Rated: true, Rating: 2},
		{Movie: "nobody", At: ago(3)},
		{Movie: "m002", At: ago(4)},
	}
	opinions := []catalog.Opinion{
		{Movie: "m000", Kind: catalog.FeedbackDislike, At: ago(0)}, // after the watch
		{Movie: "m001", Kind: catalog.FeedbackLike, At: ago(9)},    // before the rating
		{Movie: "m003", Kind: catalog.FeedbackLike, At: ago(3)},    // never watched
		{Movie: "m004", Kind: catalog.FeedbackDismiss, At: ago(5)},
		{Movie: "m005", Kind: catalog.FeedbackDislike, At: ago(6)},
		{Movie: "nobody", Kind: catalog.FeedbackLike, At: ago(6)},
		{Movie: "m006", Kind: catalog.FeedbackClick, At: ago(6)},
	}
	got, said := snap.TasteOf(seen, opinions, nil)
	want := []rank.Watched{{Row: 0, Preference: 10}, {Row: 1, Preference: 20}, {Row: 3, Preference: 50}, {Row: 2, Preference: 30}}
	if !slices.Equal(got.Watched, want) || got.Unknown != 1 || len(got.Seen) != len(want) {
		t.Errorf("taste %+v, want %+v and one unknown", got, want)
	}
	if o := (rank.Opinions{Liked: []uint32{3, 1}, Disliked: []uint32{0, 5}, Dismissed: []uint32{4}}); !reflect.DeepEqual(said, o) {
		t.Errorf("opinions %+v, want %+v", said, o)
	}
	list := snap.Recommend(rank.Request{Taste: got, Opinions: said, N: 10, Now: now})
	if rows := rowsOf(list); len(rows) != 4 || slices.Min(rows) != 6 {
		t.Errorf("rows %v, want 6 to 9: what was watched and what they have an opinion of does not come back", rows)
	}
}

// A like of a movie that was never watched brings its neighbours; a dislike takes them down.
func TestOpinionsMoveLists(t *testing.T) {
	cfg := byScore()
	cfg.Knobs.Disliked, cfg.Knobs.Dismissed = 0.5, 0.5
	snap := line(40).snapshot(t, cfg, 4)
	list := func(kind catalog.FeedbackKind, movie catalog.MovieID) []uint32 {
		taste, said := snap.TasteOf([]catalog.Seen{{Movie: "m020", At: ago(5), Rated: true, Rating: 4}}, []catalog.Opinion{{Movie: movie, Kind: kind, At: ago(1)}}, nil)
		return rowsOf(snap.Recommend(rank.Request{Taste: taste, Opinions: said, N: 2, Now: now}))
	}
	if got := list(catalog.FeedbackLike, "m005"); !slices.Contains(got, 4) && !slices.Contains(got, 6) {
		t.Errorf("likes 5: %v, want one beside it", got)
	}
	for _, kind := range []catalog.FeedbackKind{catalog.FeedbackDislike, catalog.FeedbackDismiss} {
		if got := list(kind, "m019"); slices.Contains(got, 18) || slices.Contains(got, 19) || len(got) != 2 {
			t.Errorf("%s of 19: %v, want two of the other side", kind, got)
		}
	}
}

// Without opinions and with the behaviours of old, a taste is what it always was.
func TestTasteOfIsResolve(t *testing.T) {
	snap := line(10).snapshot(t, rank.DefaultConfig(), 3)
	rapid.Check(t, func(t *rapid.T) {
		var seen []catalog.Seen
		for i := range rapid.IntRange(0, 12).Draw(t, "seen") {
			s := catalog.Seen{Movie: catalog.MovieID(rapid.SampledFrom([]string{"m001", "m002", "m003", "x"}).Draw(t, "movie")), At: ago(i)}
			s.Rated, s.Shared = rapid.Bool().Draw(t, "rated"), rapid.Bool().Draw(t, "shared")
			s.Rating = rapid.SampledFrom([]float64{0, 1, 2.5, 5, 9, math.NaN()}).Draw(t, "rating")
			s.Share = rapid.SampledFrom([]float64{0, 0.2, 0.3, 0.5, 0.6, 0.7, 1, math.NaN()}).Draw(t, "share")
			seen = append(seen, s)
		}
		want := snap.Movies.Resolve(seen, snap.Scale)
		near := rank.DefaultKnobs()
		near.Behaviours.Like = 4.5 // another behaviour, which is not asked of here
		for name, k := range map[string]*rank.Knobs{"default": nil, "zero": {}, "other": &near} {
			got, said := snap.TasteOf(seen, nil, k)
			if !slices.Equal(got.Watched, want.Watched) || got.Unknown != want.Unknown || len(got.Seen) != len(want.Seen) {
				t.Fatalf("%s: %+v, want %+v", name, got, want)
			}
			if said.Liked != nil || said.Disliked != nil || said.Dismissed != nil {
				t.Fatalf("opinions of nothing: %+v", said)
			}
		}
	})
}

// Each behaviour counts as configured, for lists and for models.
func TestBehaviours(t *testing.T) {
	snap := line(10).snapshot(t, rank.DefaultConfig(), 3)
	b := rank.Behaviours{
		Watch: 2, Shares: [3]float64{0.1, 0.3, 0.9}, ByShare: [4]float64{2, 3, 4, 4.5}, Rating: 0.5, Like: 4, Dislike: 1.5, Dismiss: 3,
	}
	k := rank.DefaultKnobs()
	k.Behaviours = b
	for _, c := range []struct {
		seen catalog.Seen
		said catalog.FeedbackKind
		want uint8
	}{
		{catalog.Seen{}, "", 20},
		{catalog.Seen{Shared: true, Share: 0.05}, "", 20},
		{catalog.Seen{Shared: true, Share: 0.1}, "", 30},
		{catalog.Seen{Shared: true, Share: 0.5}, "", 40},
		{catalog.Seen{Shared: true, Share: 0.9}, "", 45},
		{catalog.Seen{Rated: true, Rating: 5, Shared: true, Share: 0.1}, "", 40},
		{catalog.Seen{Rated: true, Rating: 1}, "", 20},
		{catalog.Seen{Rated: true, Rating: 1}, catalog.FeedbackLike, 40},
		{catalog.Seen{Rated: true, Rating: 5}, catalog.FeedbackDislike, 15},
		{catalog.Seen{}, catalog.FeedbackDismiss, 30},
	} {
		c.seen.Movie, c.seen.At = "m001", ago(3)
		var opinions []catalog.Opinion
		if c.said != "" {
			opinions = append(opinions, catalog.Opinion{Movie: "m001", Kind: c.said, At: ago(1)})
		}
		got, _ := snap.TasteOf([]catalog.Seen{c.seen}, opinions, &k)
		if p := got.Watched[0].Preference; p != c.want || model.PackPreference(got.Seen[0].Preference(snap.Scale)) != c.want {
			t.Errorf("%+v, %s: %d, and %v for models; want %d", c.seen, c.said, p, got.Seen[0].Preference(snap.Scale), c.want)
		}
	}
	b.Shares[1], b.ByShare[0], b.Like = 0.05, 0, math.NaN()
	k.Behaviours = b
	if err := k.Validate(); err == nil {
		t.Error("borders out of order, a preference of 0 and NaN were taken")
	}
	if err := rank.DefaultKnobs().Validate(); err != nil {
		t.Error(err)
	}
}
