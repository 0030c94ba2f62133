package rank_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/rank"
)

// pool returns candidates of these rows that score from 1 down in steps.
func pool(step float32, rows ...uint32) []rank.Item {
	items := make([]rank.Item, len(rows))
	for i, row := range rows {
		items[i] = rank.Item{Row: row, Score: 1 - float32(i)*step, Propensity: 1, Source: 1}
	}
	return items
}

// line returns a world of n movies on a quarter of a circle: each is nearest to the one
// before it and the one behind it.
func line(n int) world {
	var w world
	for i := range n {
		w.movies = append(w.movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%03d", i))})
		angle := float64(i) * math.Pi / 2 / float64(n)
		w.vecs = append(w.vecs, float32(math.Cos(angle)), float32(math.Sin(angle)), 0)
	}
	return w
}

func placed(s *rank.Snapshot, pool []rank.Item, k rank.Knobs, r rank.Request, n int) []uint32 {
	r.Knobs, r.Now = &k, now
	return rowsOf(s.Place(pool, r, n))
}

// With all knobs off the list is what came first.
func TestPlaceDoesNothingWithoutKnobs(t *testing.T) {
	snap := line(20).snapshot(t, rank.DefaultConfig(), 5)
	items := pool(0.01, 3, 1, 4, 15, 9, 2, 6)
	r := rank.Request{Knobs: &rank.Knobs{}, Now: now, Opinions: rank.Opinions{Disliked: []uint32{3}}, Shown: []rank.Shown{{Row: 3, Times: 9}}}
	if got := snap.Place(items, r, 5); !reflect.DeepEqual(got.Items, items[:5]) || len(got.Sources) != 1 {
		t.Errorf("got %v", got)
	}
	if got := snap.Depth(r, 5); got != 5 {
		t.Errorf("wants %d candidates, want 5", got)
	}
	if got := snap.Place(items, r, 50); len(got.Items) != len(items) {
		t.Errorf("%d of %d movies", len(got.Items), len(items))
	}
}

// Each knob moves what it is about, in the direction that it says, and no more.
func TestKnobs(t *testing.T) {
	w := line(30)
	for i := range w.movies {
		w.movies[i].Genres = []string{"Drama"}
		w.movies[i].CostUSD = float64(i % 5)
	}
	w.movies[10].Genres = []string{"Comedy"}
	for _, row := range []int{0, 10, 20} {
		w.movies[row].Collection = "series"
	}
	snap := w.snapshot(t, rank.DefaultConfig(), 3)
	five := pool(0.1, 0, 10, 20, 25, 29) // costs 0, 0, 0, 0, 4
	popular := slices.Clone(five)
	popular[4].Popularity = 1
	for name, c := range map[string]struct {
		pool []rank.Item
		k    rank.Knobs
		r    rank.Request
		want []uint32
	}{
		"boost of a movie":  {five, rank.Knobs{}, rank.Request{Rules: rank.Rules{Boosts: []rank.Boost{{Factor: 2, Row: 29}}}}, []uint32{29, 0, 10, 20, 25}},
		"a factor below 1":  {five, rank.Knobs{}, rank.Request{Rules: rank.Rules{Boosts: []rank.Boost{{Factor: 0.1, Row: 0}}}}, []uint32{10, 20, 25, 29, 0}},
		"boost of a genre":  {five, rank.Knobs{}, rank.Request{Rules: rank.Rules{Boosts: []rank.Boost{{Factor: 1.2, Genre: "comEDY"}}}}, []uint32{10, 0, 20, 25, 29}},
		"two boosts":        {five, rank.Knobs{}, rank.Request{Rules: rank.Rules{Boosts: []rank.Boost{{Factor: 1.3, Row: 29}, {Factor: 1.3, Row: 29}}}}, []uint32{29, 0, 10, 20, 25}},
		"no factor":         {five, rank.Knobs{}, rank.Request{Rules: rank.Rules{Boosts: []rank.Boost{{Row: 0}}}}, []uint32{0, 10, 20, 25, 29}},
		"popularity":        {popular, rank.Knobs{Popularity: 0.25}, rank.Request{}, []uint32{0, 10, 29, 20, 25}},
		"less popularity":   {popular[2:], rank.Knobs{Popularity: -1}, rank.Request{}, []uint32{20, 25, 29}},
		"cost":              {pool(0.1, 4, 3, 0), rank.Knobs{Cost: 0.15}, rank.Request{}, []uint32{4, 0, 3}},
		"more cost":         {pool(0.1, 4, 3, 0), rank.Knobs{Cost: 0.6}, rank.Request{}, []uint32{0, 3, 4}},
		"rotation":          {five, rank.Knobs{Rotate: 0.05}, rank.Request{Shown: []rank.Shown{{Row: 0, Times: 3}, {Row: 7, Times: 3}}}, []uint32{10, 0, 20, 25, 29}},
		"disliked":          {five, rank.Knobs{Disliked: 0.5}, rank.Request{Opinions: rank.Opinions{Disliked: []uint32{1}}}, []uint32{10, 20, 25, 29, 0}},
		"dismissed":         {five, rank.Knobs{Dismissed: 0.15}, rank.Request{Opinions: rank.Opinions{Dismissed: []uint32{1}}}, []uint32{10, 0, 20, 25, 29}},
		"one of a series":   {five, rank.Knobs{PerCollection: 1}, rank.Request{}, []uint32{0, 25, 29, 10, 20}},
		"two of a series":   {five, rank.Knobs{PerCollection: 2}, rank.Request{}, []uint32{0, 10, 25, 29, 20}},
		"some novelty":      {pool(0.02, 0, 1, 2, 29), rank.Knobs{Diversity: 0.5}, rank.Request{}, []uint32{0, 29, 1, 2}},
		"no novelty wanted": {pool(0.02, 0, 1, 2, 29), rank.Knobs{Diversity: 0.01}, rank.Request{}, []uint32{0, 1, 2, 29}},
	} {
		if got := placed(snap, c.pool, c.k, c.r, len(c.want)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	capped := placed(snap, five, rank.Knobs{PerCollection: 1}, rank.Request{}, 3)
	if !slices.Equal(capped, []uint32{0, 25, 29}) {
		t.Errorf("three, one of a series: %v, want 0, 25, 29", capped)
	}
}

// Placing by novelty and score is the greedy choice that its definition names.
func TestDiversityIsGreedy(t *testing.T) {
	w := random(7, 80)
	snap := w.snapshot(t, rank.DefaultConfig(), 12)
	var rows []uint32
	for i := range uint32(80) {
		rows = append(rows, (i*37)%80)
	}
	items := pool(0.01, rows...)
	for _, d := range []float64{0.1, 0.3, 0.6, 1} {
		got := placed(snap, items, rank.Knobs{Diversity: d}, rank.Request{}, 30)
		if want := greedy(snap, items, d, 30); !slices.Equal(got, want) {
			t.Errorf("diversity %v: %v, want %v", d, got, want)
		}
	}
}

// greedy is maximal marginal relevance, the long way.
func greedy(s *rank.Snapshot, items []rank.Item, d float64, n int) []uint32 {
	near := func(above, row uint32) float32 {
		i := slices.IndexFunc(s.Table.Of(above), func(x indexer.Hit) bool { return x.Row == row })
		if i < 0 {
			return 0
		}
		return max(0, s.Table.Of(above)[i].Score)
	}
	var out []uint32
	for len(out) < n {
		best, most := -1, float32(0)
		for i, item := range items {
			if slices.Contains(out, item.Row) {
				continue
			}
			nearest := float32(0)
			for _, above := range out {
				nearest = max(nearest, near(above, item.Row))
			}
			if score := (1-float32(d))*item.Score - float32(d)*nearest; best < 0 || score > most {
				best, most = i, score
			}
		}
		out = append(out, items[best].Row)
	}
	return out
}

// A boosted movie comes up from far behind, in every arm.
func TestBoostReachesDeep(t *testing.T) {
	w := varied(9, 400)
	snap := w.twoArms(t, rank.DefaultConfig())
	for _, arm := range []string{"m", rank.ArmFeatures} {
		r := rank.Request{Taste: taste(1, 2), N: 400, Now: now, Arm: arm, Adult: true}
		all := snap.Recommend(r).Items
		r.N = 5
		target := all[80]
		r.Boosts = []rank.Boost{{Factor: 10, Row: target.Row}}
		if target.Score < 0.1 {
			t.Fatalf("arm %s: movie 150 scores %v", arm, target.Score)
		}
		if got := rowsOf(snap.Recommend(r)); !slices.Contains(got, target.Row) {
			t.Errorf("arm %s: a movie of score %v, tenfold, is not among %v", arm, target.Score, got)
		}
	}
}

// However far behind a movie stands, or all of a genre, a boost lifts it by its score.
func TestBoostReachesTheEnd(t *testing.T) {
	w := random(9, 3000)
	for row := range w.movies {
		w.movies[row].Adult, w.movies[row].ReleaseDate, w.movies[row].Genres = false, "", []string{"Common"}
		if row >= 2000 && row < 2010 {
			w.movies[row].Genres = []string{"Rare"}
		}
	}
	snap, _ := suggests(t, w, only(150, 30, 20, 10), func(row int) float32 { return 3 - float32(row)/1500 }, 0, 1, 2)
	for name, c := range map[string]struct {
		boost rank.Boost
		first []uint32
	}{
		"movie": {rank.Boost{Factor: 10, Row: 2500}, []uint32{2500, 0, 1}},
		"genre": {rank.Boost{Factor: 10, Genre: "rare"}, []uint32{2000, 2001, 2002}},
		"less":  {rank.Boost{Factor: 0.1, Genre: "common"}, []uint32{2000, 2001, 2002}},
	} {
		list := snap.Recommend(rank.Request{Taste: taste(), N: 3, Now: now, Rules: rank.Rules{Boosts: []rank.Boost{c.boost}}})
		if got := rowsOf(list); !slices.Equal(got, c.first) {
			t.Errorf("%s: %v, want %v", name, got, c.first)
		}
	}
}

func TestPlaceAllocates(t *testing.T) {
	snap, items, r := benchPlace(t, 500)
	if got := allocations(func() { snap.Place(items, r, 20) }); got > 3 { // the list, its items, and one for the sources of this test
		t.Errorf("%v allocations, want at most 3", got)
	}
}

// benchPlace returns a hundred candidates and a request with every knob but exploration.
func benchPlace(t testing.TB, n int) (*rank.Snapshot, []rank.Item, rank.Request) {
	snap := benchWorld(t, varied(11, n))
	var rows []uint32
	for i := range 100 {
		rows = append(rows, uint32(i*n/100))
	}
	k := rank.DefaultKnobs()
	k.Diversity, k.PerCollection, k.Popularity, k.Cost, k.Rotate = 0.2, 3, -0.1, 0.1, 0.05
	return snap, pool(0.005, rows...), rank.Request{
		Now: now, Knobs: &k, Shown: []rank.Shown{{Row: rows[0], Times: 1}, {Row: rows[5], Times: 2}},
		Opinions: rank.Opinions{Disliked: []uint32{rows[2] + 1}, Dismissed: []uint32{rows[3] + 1}},
	}
}

// benchWorld returns a snapshot with a hundred neighbours a movie.
func benchWorld(t testing.TB, w world) *rank.Snapshot {
	return w.snapshot(t, rank.DefaultConfig(), 100)
}

func BenchmarkPlace(b *testing.B) {
	snap, items, all := benchPlace(b, 3000)
	one := func(set func(*rank.Knobs)) rank.Request {
		k := rank.Knobs{}
		set(&k)
		return rank.Request{Now: now, Knobs: &k}
	}
	for _, c := range []struct {
		name string
		r    rank.Request
	}{
		{"off", one(func(*rank.Knobs) {})},
		{"diversity", one(func(k *rank.Knobs) { k.Diversity = 0.2 })},
		{"collections", one(func(k *rank.Knobs) { k.PerCollection = 3 })},
		{"popularity", one(func(k *rank.Knobs) { k.Popularity = -0.1 })},
		{"explore", one(func(k *rank.Knobs) { k.Explore = 0.1 })},
		{"all", all},
	} {
		b.Run("knob="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				snap.Place(items, c.r, 20)
			}
		})
	}
}

// A boost moves a row that was given up among the others, also from behind the end of the
// list; the popular movies stay behind.
func TestGivenBoosts(t *testing.T) {
	snap := random(1, 30).snapshot(t, rank.DefaultConfig(), 8)
	r := rank.Request{N: 2, Now: now.AddDate(20, 0, 0), Adult: true, Rules: rank.Rules{Boosts: []rank.Boost{{Factor: 8.5, Row: 7}, {Factor: 10, Row: 9}}}}
	list := snap.Given("words", []uint32{3, 5, 7}, []float32{0.9, 0.8, 0.1}, r)
	if got := rowsOf(list); !slices.Equal(got, []uint32{3, 7}) || list.Items[0].Score != 0.9 || !(list.Items[1].Score > 0.84) {
		t.Errorf("%+v, want 3 and then 7, which was boosted", list.Items)
	}
	r.N = 4
	list = snap.Given("words", []uint32{3, 5, 7}, []float32{0.9, 0.8, 0.1}, r)
	if got := rowsOf(list); len(got) != 4 || !slices.Equal(got[:3], []uint32{3, 7, 5}) || list.Items[3].Score != 0 {
		t.Errorf("%+v, want 3, 7, 5 and a popular one", list.Items)
	}
}
