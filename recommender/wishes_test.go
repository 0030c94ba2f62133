package recommender_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/history"
	"marquee/recommender/rank"
)

// whoever is one person whom every question is about.
type whoever struct{ entry history.Entry }

func (w whoever) Of(context.Context, catalog.UserID) (history.Entry, bool, error) {
	return w.entry, true, nil
}

// points embeds words as places of movies.
type points map[string][]float32

func (p points) Embed(_ context.Context, _ *recommender.Live, text string) ([]float32, error) {
	if v, ok := p[text]; ok {
		return v, nil
	}
	return nil, catalog.ErrUnavailable
}

// place returns the direction of a movie of sample.
func place(i, n int) []float32 {
	angle := 2 * math.Pi * float64(i) / float64(n)
	return []float32{float32(math.Cos(angle)), float32(math.Sin(angle))}
}

// A circle is an index of movies that stand at the places of a circle.
type circle struct{ exact }

func (c circle) Search(_ context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	var hits []indexer.Hit
	for i := range c.n {
		if v := place(i, c.n); keep == nil || keep(uint32(i)) {
			hits = append(hits, indexer.Hit{Row: uint32(i), Score: v[0]*q[0] + v[1]*q[1]})
		}
	}
	slices.SortStableFunc(hits, func(a, b indexer.Hit) int { return cmp.Compare(b.Score, a.Score) })
	return hits[:min(k, len(hits))], nil
}

// ring returns a bundle of n movies that stand in a circle, 0 the best known and n-1 the
// least, with 5 neighbours each.
func ring(t *testing.T, n int) *bundle.Bundle {
	t.Helper()
	b := sample(t, "x", 1)
	var movies []catalog.Movie
	var watched []catalog.UserSeen
	b.Vectors = nil
	for i := range n {
		id := catalog.MovieID(fmt.Sprintf("x-%03d", i))
		movies = append(movies, catalog.Movie{ID: id, Genres: []string{fmt.Sprint("tens ", i/10)}})
		b.Vectors = append(b.Vectors, place(i, n)...)
		for u := range n - i {
			watched = append(watched, catalog.UserSeen{User: catalog.UserID(fmt.Sprint(u)), Seen: catalog.Seen{Movie: id, At: time.Unix(1, 0)}})
		}
	}
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := rank.NewStats(movies, rows, func(yield func(catalog.UserSeen, error) bool) {
		for _, w := range watched {
			if !yield(w, nil) {
				return
			}
		}
	}, catalog.Scale5, b.Manifest.Ranking)
	if err != nil {
		t.Fatal(err)
	}
	table, err := indexer.Neighbours(t.Context(), b.Vectors, 2, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Movies, b.Stats, b.Table, b.Index = rows, stats, table, circle{exact{n}}
	return b
}

// Filters reach beyond the movies that are nearest to what somebody wrote, a movie scores
// the same under them, and a list that came from nothing they wrote is not personal.
func TestWishesUnderFilters(t *testing.T) {
	const n = 600 // 299 of them are near to any place, 0.6 degrees from one to the next
	s := recommender.New(whoever{history.Entry{Preferences: catalog.Preferences{Liked: "trains"}}}, "", time.Now)
	if err := s.Swap(ring(t, n)); err != nil {
		t.Fatal(err)
	}
	s.SetWords(points{"trains": place(300, n)})
	list := func(c recommender.Call) rank.List {
		c.User, c.N = "u", 10
		return must(t)(s.Recommend(t.Context(), c)).List
	}
	for _, c := range []struct {
		genre string
		tier  rank.Tier
		from  string
	}{{"tens 30", rank.TierPersonal, rank.SourcePreferences}, {"tens 42", rank.TierPersonal, rank.SourcePreferences}, {"tens 50", rank.TierPopular, "popular"}} {
		l := list(recommender.Call{Genres: []string{c.genre}})
		if len(l.Items) != 10 || l.Tier != c.tier {
			t.Errorf("%s: %d movies of tier %s, want 10 of %s", c.genre, len(l.Items), l.Tier, c.tier)
		}
		for _, item := range l.Items {
			if got := l.SourceNames(item); !slices.Equal(got, []string{c.from}) {
				t.Errorf("%s: movie %d is from %v, want %s", c.genre, item.Row, got, c.from)
			}
		}
	}
	score := make(map[uint32]float32)
	for _, genres := range [][]string{nil, {"tens 29", "tens 30"}, {"tens 30", "tens 42"}, {"tens 42"}} {
		for _, item := range list(recommender.Call{Genres: genres}).Items {
			if was, twice := score[item.Row]; twice && was != item.Score {
				t.Errorf("%v: movie %d scores %v, and %v before", genres, item.Row, item.Score, was)
			}
			score[item.Row] = item.Score
		}
	}
}

// A boost moves its movies up among those that were found, that trend, or that are near to
// what somebody wrote.
func TestBoostsOfListsThatAreGiven(t *testing.T) {
	const n = 40
	s := recommender.New(whoever{history.Entry{Preferences: catalog.Preferences{Liked: "trains"}}}, "", time.Now)
	if err := s.Swap(ring(t, n)); err != nil {
		t.Fatal(err)
	}
	s.SetWords(points{"trains": place(20, n)})
	s.SetTrends([]recommender.Trend{{Movie: "x-020", Score: 1}, {Movie: "x-021", Score: 0.9}, {Movie: "x-022", Score: 0.8}, {Movie: "x-027", Score: 0.5}})
	for name, list := range map[string]func(recommender.Call) (recommender.Answer, error){
		"search":      func(c recommender.Call) (recommender.Answer, error) { return s.Search(t.Context(), "trains", c) },
		"trending":    s.Trending,
		"preferences": func(c recommender.Call) (recommender.Answer, error) { return s.Recommend(t.Context(), c) },
	} {
		for _, b := range []recommender.Boost{{Movie: "x-027", Factor: 10}, {Genre: "tens 2", Factor: 0.1}} {
			plain, boosted := must(t)(list(recommender.Call{User: "u", N: 3})), must(t)(list(recommender.Call{User: "u", N: 3, Boosts: []recommender.Boost{b}}))
			if b.Movie != "" && (strings.Contains(idsOf(plain), "x-027") || !strings.HasPrefix(idsOf(boosted), "x-027 ")) {
				t.Errorf("%s: %q, boosted %q, want x-027 first", name, idsOf(plain), idsOf(boosted))
			}
			if b.Genre != "" && !(boosted.List.Items[0].Score < plain.List.Items[0].Score) {
				t.Errorf("%s: the best scores %v, and %v with a factor of 0.1 to its genre", name, plain.List.Items[0].Score, boosted.List.Items[0].Score)
			}
			for _, item := range boosted.List.Items {
				if !(item.Score >= 0 && item.Score <= 1) {
					t.Errorf("%s: movie %d scores %v", name, item.Row, item.Score)
				}
			}
		}
	}
}

// An index whose fault says of itself that the question was wrong.
type refusing struct{ exact }

func (refusing) Search(context.Context, []float32, int, indexer.Keep) ([]indexer.Hit, error) {
	return nil, fmt.Errorf("no such collection: %w: %w", catalog.ErrInvalid, catalog.ErrNotFound)
}

// What is wrong with the index is not the fault of who searches.
func TestSearchOfABrokenIndex(t *testing.T) {
	b := ring(t, 9)
	b.Index = refusing{exact{9}}
	s := recommender.New(nobody{}, "", time.Now)
	if err := s.Swap(b); err != nil {
		t.Fatal(err)
	}
	s.SetWords(points{"trains": place(2, 9)})
	if _, err := s.Search(t.Context(), "trains", recommender.Call{N: 3}); !errors.Is(err, catalog.ErrUnavailable) || errors.Is(err, catalog.ErrInvalid) || errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("%v, want that it is unavailable and no more", err)
	}
}

// Who watched nothing is listed by what they wrote: here, at sign-up, or in the catalog's
// record. What they watched weighs more as it grows.
func TestWishes(t *testing.T) {
	const n = 40
	b := sample(t, "x", n)
	for i := range n {
		copy(b.Vectors[2*i:], place(i, n))
	}
	b.Index = circle{exact{n}}
	table, err := indexer.Neighbours(t.Context(), b.Vectors, 2, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Table = table
	words := points{"trains": place(30, n), "boxing": place(10, n)}
	ten := make([]catalog.Seen, 10)
	for i := range ten {
		ten[i] = catalog.Seen{Movie: b.Movies.IDs[i], At: time.Unix(int64(100-i), 0)}
	}
	raw := func(text string) json.RawMessage { r, _ := json.Marshal(text); return r }
	for name, c := range map[string]struct {
		entry history.Entry
		near  uint32 // movie that leads; 0 for what everybody gets
		tier  string
	}{
		"nothing said":       {history.Entry{}, 0, "popular"},
		"said at sign-up":    {history.Entry{Preferences: catalog.Preferences{Liked: "trains"}}, 30, "personal"},
		"said elsewhere":     {history.Entry{User: catalog.User{Extra: map[string]json.RawMessage{"likes": raw("boxing")}}, Known: true}, 10, "personal"},
		"sign-up goes first": {history.Entry{Preferences: catalog.Preferences{Liked: "trains"}, User: catalog.User{Extra: map[string]json.RawMessage{"likes": raw("boxing")}}}, 30, "personal"},
		"no text":            {history.Entry{User: catalog.User{Extra: map[string]json.RawMessage{"likes": json.RawMessage("7")}}}, 0, "popular"},
		"unknown words":      {history.Entry{Preferences: catalog.Preferences{Liked: "qwerty"}}, 0, "popular"},
		"a long history":     {history.Entry{Preferences: catalog.Preferences{Liked: "trains"}, Seen: ten}, 39, "personal"}, // beside movie 0
	} {
		s := recommender.New(whoever{c.entry}, "", time.Now)
		if err := s.Swap(b); err != nil {
			t.Fatal(err)
		}
		s.SetWords(words)
		s.SetFields(recommender.Fields{Liked: "likes", Disliked: "dislikes"})
		a := must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: 5}))
		if string(a.List.Tier) != c.tier || c.near != 0 && a.List.Items[0].Row != c.near {
			t.Errorf("%s: tier %s, the first is movie %d, want %s and %d", name, a.List.Tier, a.List.Items[0].Row, c.tier, c.near)
		}
	}
	s := recommender.New(whoever{history.Entry{Preferences: catalog.Preferences{Disliked: "trains"}}}, "", time.Now)
	if err := s.Swap(b); err != nil {
		t.Fatal(err)
	}
	s.SetWords(words)
	for _, item := range must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: n})).List.Items {
		if item.Row >= 29 && item.Row <= 31 {
			t.Errorf("movie %d is what they dislike, and listed", item.Row)
		}
	}
}
