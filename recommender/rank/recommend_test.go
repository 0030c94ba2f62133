package rank_test

import (
	"reflect"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// A list holds distinct movies that were not watched and that the rules allow,
// best first, and as many as there are up to what was asked for.
func TestListsKeepTheRules(t *testing.T) {
	w := random(1, 60)
	cfg := byScore()
	snap := w.snapshot(t, cfg, 8)
	rapid.Check(t, func(t *rapid.T) {
		watched := rapid.SliceOfN(rapid.Uint32Range(0, 59), 0, 80).Draw(t, "watched")
		r := rank.Request{Taste: taste(watched...), N: rapid.IntRange(1, 30).Draw(t, "n"), Now: now, Adult: rapid.Bool().Draw(t, "adult")}
		list := snap.Recommend(r)
		seen := map[uint32]bool{}
		for _, m := range watched {
			seen[m] = true
		}
		left := 0
		for row, m := range w.movies {
			if !seen[uint32(row)] && (r.Adult || !m.Adult) && m.ReleaseDate == "" {
				left++
			}
		}
		if want := min(r.N, rank.MaxCount, left); len(list.Items) != want {
			t.Fatalf("%d movies, want %d", len(list.Items), want)
		}
		for i, item := range list.Items {
			m := w.movies[item.Row]
			if seen[item.Row] {
				t.Fatalf("movie %d was watched or listed twice", item.Row)
			}
			seen[item.Row] = true
			if m.Adult && !r.Adult || m.ReleaseDate != "" {
				t.Fatalf("movie %d breaks a rule: %+v", item.Row, m)
			}
			if i > 0 && list.Items[i-1].Score < item.Score {
				t.Fatalf("place %d scores %v after %v", i, item.Score, list.Items[i-1].Score)
			}
			for _, f := range []float32{item.Score, item.Similarity, item.Quality, item.Popularity} {
				if !(f >= 0 && f <= 1) {
					t.Fatalf("movie %d has a figure off the scale 0 to 1: %+v", item.Row, item)
				}
			}
		}
		if again := snap.Recommend(r); !reflect.DeepEqual(list, again) {
			t.Fatalf("the same request got %v, then %v", list, again)
		}
	})
}

// three returns movies a (0), b (1) near a, c (2) far from both.
func three() world {
	return world{
		movies: []catalog.Movie{{ID: "a", Title: "A", Year: 2000}, {ID: "b", Title: "B"}, {ID: "c"}},
		vecs:   []float32{1, 0, 0, 0.8, 0.6, 0, 0, 0.6, 0.8},
	}
}

func TestNearestFirst(t *testing.T) {
	cfg := rank.DefaultConfig()
	cfg.Quality, cfg.Popularity = 0, 0
	snap := three().snapshot(t, cfg, 2)
	list := snap.Recommend(rank.Request{Taste: taste(0), N: 2, Now: now})
	if got := rowsOf(list); !slices.Equal(got, []uint32{1, 2}) {
		t.Fatalf("rows %v, want the near one, 1, then 2", got)
	}
	if list.Tier != rank.TierPersonal || list.Items[0].Similarity != 1 || list.Items[0].Score != 1 {
		t.Errorf("tier %s, best %+v; want personal, with the nearest at similarity and score 1", list.Tier, list.Items[0])
	}
	if got := list.SourceNames(list.Items[0]); !slices.Equal(got, []string{"neighbour", "popular"}) {
		t.Errorf("sources %v", got)
	}
}

func TestNobodyGetsPopular(t *testing.T) {
	w := three()
	w.histories = []catalog.UserSeen{
		{User: "1", Seen: catalog.Seen{Movie: "c", At: now}}, {User: "2", Seen: catalog.Seen{Movie: "c", At: now}},
		{User: "2", Seen: catalog.Seen{Movie: "b", At: now}},
	}
	list := w.snapshot(t, rank.DefaultConfig(), 2).Recommend(rank.Request{N: 3, Now: now})
	if got := rowsOf(list); !slices.Equal(got, []uint32{2, 1, 0}) || list.Tier != rank.TierPopular {
		t.Errorf("rows %v of tier %s, want 2, 1, 0 of popular", got, list.Tier)
	}
}

// What was liked speaks louder than what was not, and the newer louder than the
// older.
func TestPreferenceAndRecency(t *testing.T) {
	w := world{
		movies: []catalog.Movie{{ID: "a"}, {ID: "b"}, {ID: "near-a"}, {ID: "near-b"}},
		vecs:   []float32{1, 0, 0, 0, 1, 0, 0.8, 0, 0.6, 0, 0.8, -0.6},
	}
	cfg := rank.DefaultConfig()
	cfg.Quality, cfg.Popularity, cfg.Preference, cfg.Recency = 0, 0, 2, 0
	snap := w.snapshot(t, cfg, 3)
	best := func(s *rank.Snapshot, t rank.Taste) uint32 {
		return s.Recommend(rank.Request{Taste: t, N: 1, Now: now}).Items[0].Row
	}
	if got := best(snap, rank.Taste{Watched: []rank.Watched{{Row: 0, Preference: 10}, {Row: 1, Preference: 50}}}); got != 3 {
		t.Errorf("best is %d, want 3, near the one that was liked", got)
	}
	cfg.Recency = 1
	snap, err := snap.With(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got := best(snap, taste(0, 1)); got != 2 {
		t.Errorf("best is %d, want 2, near the newest", got)
	}
	if got := best(snap, taste(1, 0)); got != 3 {
		t.Errorf("best is %d, want 3, near the newest", got)
	}
}

func TestReasons(t *testing.T) {
	snap := three().snapshot(t, rank.DefaultConfig(), 2)
	tst := taste(2, 0)
	list := snap.Recommend(rank.Request{Taste: tst, N: 1, Now: now})
	reasons := snap.Reasons(list.Items, tst, 5)
	if len(reasons) != 1 || len(reasons[0]) != 2 || reasons[0][0].Row != 0 {
		t.Fatalf("reasons %+v, want movie 0 (similarity 0.8), then 2 (0.36)", reasons)
	}
	if got := reasons[0][0].Similarity; got < 0.799 || got > 0.801 {
		t.Errorf("similarity %v, want 0.8", got)
	}
	if got := snap.Reasons(list.Items, tst, 1); len(got[0]) != 1 {
		t.Errorf("asked for one reason, got %v", got)
	}
}

// The reason named first is the one that added most to the list's own measure: a
// nearer movie that was liked less, where sharpness makes it count more.
func TestReasonsFollowTheBlend(t *testing.T) {
	w := world{
		movies: []catalog.Movie{{ID: "a"}, {ID: "b"}, {ID: "c"}},
		vecs:   []float32{0.6, 0.8, 0, 0.9, 0, 0.43588989, 1, 0, 0}, // c is 0.6 from a and 0.9 from b
	}
	cfg := rank.DefaultConfig()
	cfg.Sharpness, cfg.Preference, cfg.Recency = 4, 1, 0
	snap := w.snapshot(t, cfg, 2)
	tst := rank.Taste{Watched: []rank.Watched{{Row: 0, Preference: 50}, {Row: 1, Preference: 30}}}
	reasons := snap.Reasons(snap.Recommend(rank.Request{Taste: tst, N: 1, Now: now}).Items, tst, 2)
	if len(reasons[0]) != 2 || reasons[0][0].Row != 1 {
		t.Errorf("reasons %+v, want movie 1 first: 0.6*0.9^4 is more than 1*0.6^4", reasons[0])
	}
}

func TestSimilarKeepsTheRules(t *testing.T) {
	w := three()
	w.movies[1].Adult = true
	snap := w.snapshot(t, rank.DefaultConfig(), 2)
	if got := rowsOf(snap.Similar(0, rank.Request{N: 5, Now: now})); len(got) != 0 {
		t.Errorf("near a: %v, want nothing: b is adult and c is at a right angle", got)
	}
	if got := rowsOf(snap.Similar(0, rank.Request{N: 5, Now: now, Adult: true})); !slices.Contains(got, 1) {
		t.Errorf("near a for an adult: %v, want b", got)
	}
}

func TestAdultAllowed(t *testing.T) {
	cfg := rank.DefaultConfig()
	closed := three().snapshot(t, cfg, 2)
	cfg.AdultForUnknown = true
	open := three().snapshot(t, cfg, 2)
	for _, c := range []struct {
		user         catalog.User
		known        bool
		closed, open bool
	}{
		{catalog.User{Age: 17}, true, false, false},
		{catalog.User{Age: 18}, true, true, true},
		{catalog.User{}, true, false, true},
		{catalog.User{}, false, false, true},
	} {
		if got := closed.AdultAllowed(c.user, c.known); got != c.closed {
			t.Errorf("%+v known=%v: %v, want %v", c.user, c.known, got, c.closed)
		}
		if got := open.AdultAllowed(c.user, c.known); got != c.open {
			t.Errorf("%+v known=%v, adult for unknown: %v, want %v", c.user, c.known, got, c.open)
		}
	}
}

// Any number of goroutines get what one gets.
func TestConcurrent(t *testing.T) {
	snap := random(2, 200).snapshot(t, rank.DefaultConfig(), 10)
	want := make([]rank.List, 50)
	for i := range want {
		want[i] = snap.Recommend(rank.Request{Taste: taste(uint32(i), uint32(i+1)), N: 20, Now: now})
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range want {
				if got := snap.Recommend(rank.Request{Taste: taste(uint32(i), uint32(i+1)), N: 20, Now: now}); !reflect.DeepEqual(got, want[i]) {
					t.Errorf("request %d differs among goroutines", i)
				}
			}
		})
	}
	wg.Wait()
}

func TestRecommendAllocates(t *testing.T) {
	snap := random(3, 500).snapshot(t, rank.DefaultConfig(), 20)
	r := rank.Request{Taste: taste(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), N: 20, Now: now}
	if got := allocations(func() { snap.Recommend(r) }); got > 5 {
		t.Errorf("%v allocations a list, want at most 5", got)
	}
}

func TestSnapshotRefusesMisfits(t *testing.T) {
	snap := three().snapshot(t, rank.DefaultConfig(), 2)
	other := random(1, 10).snapshot(t, rank.DefaultConfig(), 2)
	if _, err := rank.NewSnapshot(snap.Movies, other.Table, snap.Stats, catalog.Scale5, rank.DefaultConfig()); err == nil {
		t.Error("a table of another catalog was taken")
	}
	bad := rank.DefaultConfig()
	bad.Similarity, bad.Quality, bad.Popularity, bad.Sharpness = 0, 0, 0, 9
	if _, err := snap.With(bad); err == nil {
		t.Error("settings without any weight were taken")
	}
}

func BenchmarkRecommend(b *testing.B) {
	for _, watched := range []int{10, 20, 50} {
		b.Run("watched="+itoa(watched), func(b *testing.B) {
			snap := random(4, 5000).snapshot(b, rank.DefaultConfig(), 100)
			rows := make([]uint32, watched)
			for i := range rows {
				rows[i] = uint32(i * 97)
			}
			r := rank.Request{Taste: taste(rows...), N: 20, Now: now}
			b.ReportAllocs()
			for b.Loop() {
				snap.Recommend(r)
			}
		})
	}
}

func itoa(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

// A movie scores the same on every page, whatever stood on those before or was excluded.
func TestScoresStayWithoutOthers(t *testing.T) {
	snap := random(3, 80).snapshot(t, byScore(), 8)
	r := rank.Request{Taste: taste(1, 2, 3), N: 40, Now: now, Adult: true, Arm: rank.ArmFeatures}
	whole := snap.Recommend(r)
	r.N = 10
	for page := range 4 {
		list := snap.Recommend(r)
		if want := whole.Items[10*page:][:10]; !slices.EqualFunc(list.Items, want, func(a, b rank.Item) bool {
			return a.Row == b.Row && a.Score == b.Score && a.Similarity == b.Similarity
		}) {
			t.Errorf("page %d: %+v, want %+v", page, list.Items, want)
		}
		r.Exclude = append(r.Exclude, rowsOf(list)...)
	}
}
