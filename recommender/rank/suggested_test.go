package rank_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// A suggester is a mixture that suggests rows, and counts what it was asked to score.
type suggester struct {
	mixture
	rows   []uint32
	scored *atomic.Int64
}

func (s suggester) Ask(q model.Query) (model.Asked, model.Basis) {
	if s.basis == model.None {
		return nil, s.basis
	}
	return &suggested{s: s, q: q}, s.basis
}

func (s suggester) Suggest(_ model.Query, dst []uint32, n int) []uint32 {
	return append(dst, s.rows[:min(n, len(s.rows))]...)
}

func (suggester) Scaled() {}

type suggested struct {
	s    suggester
	q    model.Query
	rows []uint32
}

func (a *suggested) ScoreRows(rows []uint32, scores []float32) {
	a.rows = rows
	for i, row := range rows {
		scores[i] = a.s.score(a.q, int(row))
	}
	a.s.scored.Add(int64(len(rows)))
}

func (a *suggested) Explain(at int, parts []float32) {
	for i := range parts {
		parts[i] = a.s.part(i, int(a.rows[at]))
	}
}

func (a *suggested) Moments() model.Moments {
	return model.Moments{N: float64(a.s.fake.rows), Squares: float64(a.s.fake.rows)}
}
func (a *suggested) Close() {}

// suggests returns a snapshot with a model of one part, "x", that scores by score and
// suggests rows; and where it counts.
func suggests(t testing.TB, w world, knobs rank.Knobs, score func(row int) float32, rows ...uint32) (*rank.Snapshot, *atomic.Int64) {
	t.Helper()
	c := rank.DefaultConfig()
	c.Knobs = knobs
	n := len(w.movies)
	counted := new(atomic.Int64)
	m := suggester{mixture{fake{n, model.Personal, func(_ model.Query, row int) float32 { return score(row) }}, []string{"x"}, func(_, row int) float32 { return score(row) }}, rows, counted}
	return withArms(t, w.snapshot(t, c, min(20, n-1)), "m", model.Named{Name: "m", Model: m}), counted
}

// only are knobs with these quotas and everything else off.
func only(suggested, neighbours, popular, fresh int) rank.Knobs {
	return rank.Knobs{Suggested: suggested, Neighbours: neighbours, Popular: popular, Fresh: fresh}
}

func falling(row int) float32 { return 3 - float32(row)/100 }

// Whatever is suggested, lists keep the rules, hold as many as the rules leave, best
// first, and give a movie one score whatever else may be listed.
func TestSuggesterKeepsTheRules(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 300).Draw(rt, "movies")
		w := random(rapid.Uint64().Draw(rt, "seed"), n)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "scores"), 1))
		scores := make([]float32, n)
		for i := range scores {
			if scores[i] = float32(rng.NormFloat64() * 3); rng.IntN(8) == 0 {
				scores[i] = nan
			}
		}
		var rows []uint32
		for _, row := range rng.Perm(n)[:rng.IntN(n)] {
			rows = append(rows, uint32(row))
		}
		quota := func(name string) int { return rapid.IntRange(0, 40).Draw(rt, name) }
		snap, _ := suggests(t, w, only(quota("suggested"), quota("near"), quota("popular"), quota("fresh")), func(row int) float32 { return scores[row] }, rows...)
		r := rank.Request{N: rapid.IntRange(1, 30).Draw(rt, "n"), Now: now}
		out := make(map[uint32]bool)
		for _, row := range rng.Perm(n)[:rng.IntN(n)] {
			if rng.IntN(2) == 0 {
				r.Exclude = append(r.Exclude, uint32(row))
			} else {
				r.Taste.Watched = append(r.Taste.Watched, rank.Watched{Row: uint32(row), Preference: 30})
			}
			out[uint32(row)] = true
		}
		var may []uint32
		for row, m := range w.movies {
			if !out[uint32(row)] && m.ReleaseDate == "" && !m.Adult {
				may = append(may, uint32(row))
			}
		}
		list := snap.Recommend(r)
		if len(list.Items) != min(r.N, len(may)) {
			rt.Fatalf("%d movies, want %d", len(list.Items), min(r.N, len(may)))
		}
		for i, item := range list.Items {
			if !slices.Contains(may, item.Row) || slices.Contains(rowsOf(list)[:i], item.Row) {
				rt.Fatalf("movie %d breaks a rule or is there twice", item.Row)
			}
			if !(item.Score >= 0 && item.Score <= 1) || i > 0 && item.Score > list.Items[i-1].Score || len(list.SourceNames(item)) == 0 {
				rt.Fatalf("movie %d scores %v at place %d, from %v", item.Row, item.Score, i, list.SourceNames(item))
			}
			if scores[item.Row] != scores[item.Row] {
				continue // alone, it is listed without the model
			}
			alone := r
			alone.Only = []uint32{item.Row}
			if got := snap.Recommend(alone).Items; len(got) != 1 || got[0].Row != item.Row || got[0].Score != item.Score {
				rt.Fatalf("alone: %+v, among others %+v", got, item)
			}
		}
	})
}

// Each source brings as many candidates as its knob says, and no others are scored; an
// item tells what brought it.
func TestCandidatesBySource(t *testing.T) {
	var w world
	for i := range 2000 {
		year := 1900 + i%100
		w.movies = append(w.movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%05d", i)), Year: year})
		w.vecs = append(w.vecs, 1, 0, 0)
	}
	for u := range 30 { // movies 500 to 529 are watched, the first of them most
		for i := range 30 - u {
			w.histories = append(w.histories, catalog.UserSeen{User: catalog.UserID(fmt.Sprint(u)), Seen: catalog.Seen{Movie: w.movies[500+i].ID, At: now}})
		}
	}
	for name, c := range map[string]struct {
		knobs rank.Knobs
		want  []uint32
	}{
		"suggested":    {only(2, 0, 0, 0), []uint32{700, 701}},
		"neighbour":    {only(0, 3, 0, 0), []uint32{0, 1, 2}}, // all movies are alike: the first rows
		"most-watched": {only(0, 0, 2, 0), []uint32{500, 501}},
		"fresh":        {only(0, 0, 0, 2), []uint32{1999, 1899}},
	} {
		snap, counted := suggests(t, w, c.knobs, falling, 700, 701, 702)
		list := snap.Recommend(rank.Request{Taste: taste(1500), N: len(c.want), Now: now})
		got := rowsOf(list)
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) || counted.Load() > int64(len(c.want)+1) {
			t.Errorf("%s: rows %v of %d scored, want %v", name, got, counted.Load(), c.want)
		}
		for _, item := range list.Items {
			if names := list.SourceNames(item); !slices.Equal(names, []string{"x", name}) {
				t.Errorf("%s: movie %d is from %v", name, item.Row, names)
			}
		}
	}
}

// Popular movies make up for what the model suggests too few of.
func TestPopularMakesUp(t *testing.T) {
	w := random(3, 2000)
	snap, counted := suggests(t, w, only(100, 0, 10, 0), falling, 700, 701)
	snap.Recommend(rank.Request{Taste: taste(1500), N: 5, Now: now})
	if n := counted.Load(); n < 108 || n > 111 {
		t.Errorf("%d movies were scored, want the 110 that quotas ask for", n)
	}
}

// Pages of a list repeat nothing and end with the catalog: where candidates do not
// reach, all movies are scored.
func TestPagesReachTheEnd(t *testing.T) {
	w := random(3, 1500)
	snap, _ := suggests(t, w, only(50, 0, 0, 0), falling, func() (rows []uint32) {
		for row := range uint32(50) {
			rows = append(rows, row*7)
		}
		return rows
	}()...)
	may := 0
	for _, m := range w.movies {
		if m.ReleaseDate == "" && !m.Adult {
			may++
		}
	}
	r := rank.Request{N: 100, Now: now, Taste: taste()}
	listed := map[uint32]bool{}
	for {
		list := snap.Recommend(r)
		for _, item := range list.Items {
			if listed[item.Row] {
				t.Fatalf("movie %d is listed twice", item.Row)
			}
			listed[item.Row] = true
			r.Exclude = append(r.Exclude, item.Row)
		}
		if len(list.Items) < r.N {
			break
		}
	}
	if len(listed) != may {
		t.Errorf("%d movies on all pages, want %d", len(listed), may)
	}
}

// Pages one after the other are what one long list would be, best first, as far as the
// model suggests: what stood on earlier pages takes no candidate's place.
func TestPagesGoOn(t *testing.T) {
	w := random(3, 3000)
	var best []uint32
	for row := range w.movies {
		w.movies[row].Adult, w.movies[row].ReleaseDate = false, ""
		best = append(best, uint32(row))
	}
	snap, _ := suggests(t, w, only(50, 0, 20, 0), falling, best...)
	r := rank.Request{N: 20, Now: now, Taste: taste(), Opinions: rank.Opinions{Liked: []uint32{3}, Dismissed: []uint32{5}}}
	var listed []uint32
	for range 10 {
		list := snap.Recommend(r)
		for _, item := range list.Items {
			listed = append(listed, item.Row)
		}
		r.Exclude = listed
	}
	want := slices.DeleteFunc(best, func(row uint32) bool { return row == 3 || row == 5 })[:200]
	if !slices.Equal(listed, want) {
		t.Errorf("ten pages hold %v, want 0 to 201 without 3 and 5", listed)
	}
}

// Without quotas all movies are scored, as bundles before knobs want it; under a rule
// that leaves few candidates too, so that the best of what it lets through is found.
func TestAllAreScoredWhereCandidatesAreFew(t *testing.T) {
	w := random(3, 3000)
	for i := range w.movies {
		w.movies[i].Adult, w.movies[i].ReleaseDate, w.movies[i].Genres = false, "", []string{"Odd", "Even"}[(i+1)%2:][:1]
	}
	rows := []uint32{1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009}
	first := []uint32{0, 1, 2, 3}
	snap, _ := suggests(t, w, rank.Knobs{}, falling, rows...)
	if got := rowsOf(snap.Recommend(rank.Request{N: 4, Now: now})); !slices.Equal(got, first) {
		t.Errorf("without quotas: rows %v, want the best of all, %v", got, first)
	}
	snap, _ = suggests(t, w, only(10, 0, 0, 0), falling, rows...)
	if got := rowsOf(snap.Recommend(rank.Request{N: 4, Now: now})); !slices.Equal(got, rows[:4]) {
		t.Errorf("with quotas: rows %v, want the best of what is suggested, %v", got, rows[:4])
	}
	odd := rank.Request{N: 4, Now: now, Rules: rank.Rules{Genres: []string{"odd"}}}
	if got := rowsOf(snap.Recommend(odd)); !slices.Equal(got, []uint32{1, 3, 5, 7}) {
		t.Errorf("of one genre: rows %v, want the best of it", got)
	}
}

// Movies that came after the build are fresh whatever their year, newest first.
func TestLaterMoviesAreFresh(t *testing.T) {
	w := random(3, 400)
	c := rank.DefaultConfig()
	base := w.snapshot(t, c, 5)
	movies, rows := base.Movies.With([]catalog.Movie{{ID: "x1", Year: 1900}, {ID: "x2", Year: 1900}})
	stats := &rank.Stats{Quality: append(slices.Clone(base.Stats.Quality), 0, 0), Popularity: append(slices.Clone(base.Stats.Popularity), 0, 0), Watchers: append(slices.Clone(base.Stats.Watchers), 0, 0)}
	stats.Sort()
	w.movies = append(w.movies, catalog.Movie{ID: "x1"}, catalog.Movie{ID: "x2"})
	w.vecs = append(w.vecs, 1, 0, 0, 1, 0, 0)
	table := w.snapshot(t, c, 5).Table
	c.Knobs = only(0, 0, 0, 1)
	snap, err := rank.NewSnapshot(movies, table, stats, catalog.Scale5, c)
	if err != nil {
		t.Fatal(err)
	}
	n := movies.Len()
	m := suggester{mixture{fake{n, model.Personal, func(_ model.Query, row int) float32 { return falling(row) }}, []string{"x"}, func(_, row int) float32 { return 1 }}, nil, new(atomic.Int64)}
	snap = withArms(t, snap, "m", model.Named{Name: "m", Model: m})
	if got := rowsOf(snap.Recommend(rank.Request{N: 1, Now: now})); !slices.Equal(got, rows[1:]) {
		t.Errorf("rows %v, want the movie that came last, %v", got, rows[1:])
	}
}

// A model that can say nothing leaves the list to others.
func TestSuggesterWithoutAWord(t *testing.T) {
	snap := random(7, 100).snapshot(t, rank.DefaultConfig(), 5)
	m := suggester{mixture{fake{100, model.None, byRow}, []string{"x"}, nil}, nil, new(atomic.Int64)}
	r := rank.Request{Taste: taste(1, 2), N: 5, Now: now}
	want := rowsOf(snap.Recommend(r))
	if got := rowsOf(withArms(t, snap, "m", model.Named{Name: "m", Model: m}).Recommend(r)); !slices.Equal(got, want) {
		t.Errorf("rows %v, want those without a model, %v", got, want)
	}
}

// Any number of goroutines get what one gets, and a list is made in five allocations, of
// which the fake makes one.
func TestSuggesterAtOnce(t *testing.T) {
	snap, _ := suggests(t, random(2, 2000), rank.DefaultKnobs(), func(row int) float32 { return float32((row * 7919) % 2000) }, 5, 6, 7, 8, 9)
	ask := func(i int) []uint32 {
		return rowsOf(snap.Recommend(rank.Request{Taste: taste(uint32(i)), N: 20, Now: now}))
	}
	want := make([][]uint32, 40)
	for i := range want {
		want[i] = ask(i)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range want {
				if got := ask(i); !slices.Equal(got, want[i]) {
					t.Errorf("request %d differs among goroutines", i)
				}
			}
		})
	}
	wg.Wait()
	r := rank.Request{Taste: taste(1, 2, 3), N: 20, Now: now}
	if got := allocations(func() { snap.Recommend(r) }); got > 5 {
		t.Errorf("%v allocations a list, want at most 5", got)
	}
}
