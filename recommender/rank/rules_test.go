package rank_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

var (
	genres    = []string{"Drama", "Comedy", "Film-Noir", "Ação", "Musical"}
	languages = []string{"", "en", "pt"}
)

// varied returns a random world whose movies have genres, languages, collections and costs.
func varied(seed uint64, n int) world {
	w := random(seed, n)
	rng := rand.New(rand.NewPCG(seed, 2))
	for i := range w.movies {
		m := &w.movies[i]
		for _, g := range genres {
			of := 3
			if g == "Musical" {
				of = 35 // few enough to be kept as rows
			}
			if rng.IntN(of) == 0 {
				m.Genres = append(m.Genres, g)
			}
		}
		m.Language = languages[rng.IntN(len(languages))]
		if rng.IntN(3) == 0 {
			m.Collection = fmt.Sprintf("series %d", rng.IntN(4))
		}
		m.CostUSD = float64(rng.IntN(5))
		if rng.IntN(8) == 0 {
			m.Year = 0
		}
	}
	return w
}

// twoArms returns a snapshot with a model that knows nine of ten movies.
func (w world) twoArms(t testing.TB, cfg rank.Config) *rank.Snapshot {
	m := fake{len(w.movies), model.Personal, func(_ model.Query, row int) float32 {
		if row%10 == 3 {
			return nan
		}
		return float32((row*7919)%101) / 100
	}}
	return withArms(t, w.snapshot(t, cfg, 8), "m", model.Named{Name: "m", Model: m})
}

// anyCase returns a name in other cases.
func anyCase(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{name, strings.ToUpper(name), strings.ToLower(name)}).Draw(t, "case")
}

// anyRules draws rules, each of them set in half of the cases.
func anyRules(t *rapid.T, n int) rank.Rules {
	var r rank.Rules
	some := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }
	rows := func(label string, most int) []uint32 {
		return rapid.SliceOfN(rapid.Uint32Range(0, uint32(n-1)), 0, most).Draw(t, label)
	}
	if some("by genre") {
		for range rapid.IntRange(1, 2).Draw(t, "genres") {
			r.Genres = append(r.Genres, anyCase(t, rapid.SampledFrom(append(genres, "Western")).Draw(t, "genre")))
		}
	}
	if some("without genre") {
		r.NotGenres = []string{anyCase(t, rapid.SampledFrom(genres).Draw(t, "not genre"))}
	}
	if some("from") {
		r.FromYear = rapid.IntRange(1985, 2025).Draw(t, "from year")
	}
	if some("to") {
		r.ToYear = rapid.IntRange(1985, 2025).Draw(t, "to year")
	}
	if some("by language") {
		r.Languages = []string{anyCase(t, rapid.SampledFrom(languages[1:]).Draw(t, "language"))}
	}
	if some("only") {
		r.Only = append([]uint32{}, rows("only", n)...)
	}
	if some("exclude") {
		r.Exclude = rows("exclude", n)
	}
	for range rapid.IntRange(0, 2).Draw(t, "boosts") {
		b := rank.Boost{Factor: rapid.Float32Range(0.1, 10).Draw(t, "factor"), Row: rapid.Uint32Range(0, uint32(n-1)).Draw(t, "boosted")}
		if rapid.Bool().Draw(t, "boost genre") {
			b.Genre = anyCase(t, rapid.SampledFrom(genres).Draw(t, "boosted genre"))
		}
		r.Boosts = append(r.Boosts, b)
	}
	return r
}

// obeys is what rules mean, a movie at a time.
func obeys(r rank.Request, row uint32, m catalog.Movie) bool {
	equal := func(name string) func(string) bool {
		return func(other string) bool { return strings.EqualFold(name, other) }
	}
	of := func(name string) bool { return slices.ContainsFunc(m.Genres, equal(name)) }
	o := r.Opinions
	switch {
	case m.Adult && !r.Adult, m.ReleaseDate != "",
		slices.ContainsFunc(r.Taste.Watched, func(w rank.Watched) bool { return w.Row == row }),
		slices.Contains(slices.Concat(r.Exclude, o.Liked, o.Disliked, o.Dismissed), row),
		r.Only != nil && !slices.Contains(r.Only, row),
		len(r.Genres) > 0 && !slices.ContainsFunc(r.Genres, of),
		slices.ContainsFunc(r.NotGenres, of),
		len(r.Languages) > 0 && (m.Language == "" || !slices.ContainsFunc(r.Languages, equal(m.Language))),
		(r.FromYear != 0 || r.ToYear != 0) && m.Year == 0,
		m.Year < r.FromYear,
		r.ToYear != 0 && m.Year > r.ToYear:
		return false
	}
	return true
}

// anyRequest draws a request with rules, opinions, knobs and all.
func anyRequest(t *rapid.T, n int) rank.Request {
	rows := func(label string) []uint32 {
		return rapid.SliceOfNDistinct(rapid.Uint32Range(0, uint32(n-1)), 0, 5, rapid.ID).Draw(t, label)
	}
	r := rank.Request{
		Taste: taste(rows("watched")...), N: rapid.IntRange(1, 40).Draw(t, "n"), Now: now, Adult: rapid.Bool().Draw(t, "adult"),
		Arm: rapid.SampledFrom([]string{"m", rank.ArmFeatures}).Draw(t, "arm"), Rules: anyRules(t, n), Seed: rapid.Uint64().Draw(t, "seed"),
		Opinions: rank.Opinions{Liked: rows("liked"), Disliked: rows("disliked"), Dismissed: rows("dismissed")},
	}
	for _, row := range rows("shown") {
		r.Shown = append(r.Shown, rank.Shown{Row: row, Times: rapid.Byte().Draw(t, "times")})
	}
	unit := rapid.Float64Range(0, 1)
	k := rank.DefaultKnobs()
	k.Diversity, k.Popularity, k.Cost = unit.Draw(t, "diversity"), 2*unit.Draw(t, "popularity")-1, unit.Draw(t, "cost")
	k.Explore, k.Rotate = unit.Draw(t, "explore")/2, unit.Draw(t, "rotate")
	k.PerCollection = rapid.IntRange(0, 3).Draw(t, "of a collection")
	k.Disliked, k.Dismissed = unit.Draw(t, "disliked knob"), unit.Draw(t, "dismissed knob")
	if rapid.Bool().Draw(t, "own knobs") {
		r.Knobs = &k
	}
	return r
}

// Whatever is asked of whichever arm, under whatever knobs: each movie stands once, all
// obey the rules, n come back when n exist, and figures are on their scales.
func TestRulesHoldForAllArms(t *testing.T) {
	const n = 70
	w := varied(1, n)
	snap := w.twoArms(t, rank.DefaultConfig())
	rapid.Check(t, func(t *rapid.T) {
		r := anyRequest(t, n)
		list := snap.Recommend(r)
		left := 0
		for row, m := range w.movies {
			if obeys(r, uint32(row), m) {
				left++
			}
		}
		if got := snap.Admit(r); got != left {
			t.Fatalf("%d movies may be listed, want %d", got, left)
		}
		if want := min(r.N, left); len(list.Items) != want {
			t.Fatalf("arm %s: %d movies, want %d", r.Arm, len(list.Items), want)
		}
		checkItems(t, w, r, list)
		scores := make([]float32, n)
		rows := make([]uint32, n)
		for i := range rows {
			rows[i] = uint32(n - 1 - i)
		}
		given := snap.Given("words", append(rows, rows...), append(scores, scores...), r)
		if len(given.Items) != min(r.N, left) {
			t.Fatalf("given: %d movies, want %d", len(given.Items), min(r.N, left))
		}
		checkItems(t, w, r, given)
		checkItems(t, w, r, snap.Similar(rows[0], r))
		keep := snap.Keep(r)
		for row, m := range w.movies {
			if keep(uint32(row)) != obeys(r, uint32(row), m) {
				t.Fatalf("row %d: kept %v", row, keep(uint32(row)))
			}
		}
	})
}

// checkItems checks what holds for every list.
func checkItems(t *rapid.T, w world, r rank.Request, list rank.List) {
	seen := map[uint32]bool{}
	for _, item := range list.Items {
		if seen[item.Row] || !obeys(r, item.Row, w.movies[item.Row]) {
			t.Fatalf("movie %d is there twice or breaks a rule: %+v", item.Row, w.movies[item.Row])
		}
		seen[item.Row] = true
		if !(item.Score >= 0 && item.Score <= 1 && item.Propensity > 0 && item.Propensity <= 1) || len(list.SourceNames(item)) == 0 {
			t.Fatalf("figures off their scales, or no source: %+v of %v", item, list.Sources)
		}
	}
}

// A bundle that knows no genres lists nothing where genres are asked for, and nothing
// either where some are refused; the other rules hold.
func TestRulesOfOldBundles(t *testing.T) {
	w := varied(3, 40)
	movies, err := rank.NewMovies(w.movies)
	if err != nil {
		t.Fatal(err)
	}
	movies.Genres, movies.Languages, movies.Documents, movies.Collections, movies.Costs = nil, nil, nil, nil, nil
	base := w.snapshot(t, rank.DefaultConfig(), 8)
	snap, err := rank.NewSnapshot(movies, base.Table, base.Stats, base.Scale, base.Config)
	if err != nil {
		t.Fatal(err)
	}
	all := rank.Request{N: 10, Now: now}
	for name, c := range map[string]struct {
		rules rank.Rules
		some  bool
	}{
		"genre":     {rank.Rules{Genres: []string{"Drama"}}, false},
		"not genre": {rank.Rules{NotGenres: []string{"Drama"}}, false},
		"language":  {rank.Rules{Languages: []string{"en"}}, false},
		"year":      {rank.Rules{FromYear: 1995}, true},
		"boost":     {rank.Rules{Boosts: []rank.Boost{{Factor: 2, Genre: "Drama"}}}, true},
	} {
		r := all
		r.Rules = c.rules
		if list := snap.Recommend(r); (len(list.Items) == 10) != c.some || !c.some && len(list.Items) != 0 {
			t.Errorf("%s: %d movies", name, len(list.Items))
		}
	}
	k := rank.DefaultKnobs()
	k.Cost, k.PerCollection = 1, 1
	all.Knobs = &k
	if list := snap.Recommend(all); len(list.Items) != 10 {
		t.Errorf("knobs of cost and collections: %d movies, want 10", len(list.Items))
	}
}

// Rules follow movies that come, are edited, leave or are hidden later.
func TestRulesFollowTheCatalog(t *testing.T) {
	w := varied(4, 30)
	snap := w.snapshot(t, rank.DefaultConfig(), 8)
	noir := rank.Request{N: 100, Now: now, Adult: true, Rules: rank.Rules{Genres: []string{"film-noir"}}}
	before := snap.Admit(noir)
	edited := w.movies[0]
	edited.Genres, edited.ReleaseDate = []string{"FILM-NOIR"}, ""
	movies, rows := snap.Movies.With([]catalog.Movie{edited, {ID: "zz", Genres: []string{"Film-Noir"}}})
	if _, had := movies.Row("zz"); !had || rows[0] != 0 {
		t.Fatalf("rows %v", rows)
	}
	movies, _ = snap.Movies.With([]catalog.Movie{edited})
	next, err := rank.NewSnapshot(movies, snap.Table, snap.Stats, snap.Scale, snap.Config)
	if err != nil {
		t.Fatal(err)
	}
	was := obeys(noir, 0, w.movies[0])
	if got := next.Admit(noir); !was && got != before+1 || was && got != before {
		t.Errorf("%d noirs after the edit, %d before", got, before)
	}
	hidden, err := next.WithHidden([]uint32{0})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hidden.Admit(noir), next.Admit(noir)-1; got != want {
		t.Errorf("%d noirs with one hidden, want %d", got, want)
	}
	gone, err := rank.NewSnapshot(movies.Without([]uint32{0}), snap.Table, snap.Stats, snap.Scale, snap.Config)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := gone.Admit(noir), next.Admit(noir)-1; got != want {
		t.Errorf("%d noirs with one that left, want %d", got, want)
	}
}

// A movie is open from its day on, and what was worked out for one day is not used on
// another.
func TestReleaseDay(t *testing.T) {
	w := three()
	w.movies[1].ReleaseDate = "2024-06-02"
	snap := w.snapshot(t, rank.DefaultConfig(), 2)
	for _, days := range []int{0, 1, 0, 2, -400} {
		r := rank.Request{N: 3, Now: now.AddDate(0, 0, days)}
		if got, want := slices.Contains(rowsOf(snap.Recommend(r)), 1), days >= 1; got != want {
			t.Errorf("%d days on: listed %v, want %v", days, got, want)
		}
	}
}

// What is not released yet and has no day is not listed, whatever year it is announced for.
func TestUnreleasedWithoutADay(t *testing.T) {
	for status, listed := range map[string]bool{
		"": true, "null": true, "Released": true, "released": true, "Archived": true,
		"Planned": false, "Rumored": false, "In Production": false, "Post Production": false, "Canceled": false,
	} {
		for _, m := range []catalog.Movie{{ID: "b", Status: status}, {ID: "b", Status: status, Year: 2024}} {
			w := three()
			w.movies[1] = m
			snap := w.snapshot(t, rank.DefaultConfig(), 2)
			if got := slices.Contains(rowsOf(snap.Recommend(rank.Request{N: 3, Now: now})), 1); got != listed {
				t.Errorf("status %q, year %d: listed %v, want %v", status, m.Year, got, listed)
			}
		}
		w := three()
		w.movies[1] = catalog.Movie{ID: "b", Status: status, ReleaseDate: "2024-05-30"}
		if !slices.Contains(rowsOf(w.snapshot(t, rank.DefaultConfig(), 2).Recommend(rank.Request{N: 3, Now: now})), 1) {
			t.Errorf("status %q: a movie is not listed after its day", status)
		}
	}
}

func BenchmarkAdmit(b *testing.B) {
	w := varied(5, 27000)
	w.vecs = w.vecs[:3*27000]
	snap := benchWorld(b, w)
	for name, r := range map[string]rank.Rules{"plain": {}, "filtered": {Genres: []string{"drama"}, FromYear: 2000, NotGenres: []string{"comedy"}, Languages: []string{"en"}}} {
		b.Run(name, func(b *testing.B) {
			req := rank.Request{Taste: taste(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), N: 20, Now: now, Rules: r}
			b.ReportAllocs()
			for b.Loop() {
				snap.Admit(req)
			}
		})
	}
}
