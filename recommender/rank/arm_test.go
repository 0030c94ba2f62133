package rank_test

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// A fake model scores by a func.
type fake struct {
	rows  int
	basis model.Basis
	score func(q model.Query, row int) float32
}

func (f fake) Len() int { return f.rows }

func (f fake) Score(q model.Query, scores []float32) model.Basis {
	for row := range scores {
		scores[row] = f.score(q, row)
	}
	return f.basis
}

func (fake) WriteTo(io.Writer) (int64, error) { return 0, nil }

// A mixture is a fake that says what each part contributed.
type mixture struct {
	fake
	names []string
	part  func(part, row int) float32
}

func (m mixture) Parts() []string { return m.names }

func (m mixture) Explain(q model.Query, scores, parts []float32) model.Basis {
	for i := range parts {
		parts[i] = m.part(i/m.rows, i%m.rows)
	}
	return m.Score(q, scores)
}

var nan = float32(math.NaN())

// byRow scores later rows higher.
func byRow(_ model.Query, row int) float32 { return float32(row) }

func withArms(t testing.TB, s *rank.Snapshot, def string, models ...model.Named) *rank.Snapshot {
	t.Helper()
	next, err := s.WithArms(rank.Arms{Models: models, Default: def})
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// Whatever a model scores, its lists keep the rules: nothing that was watched, is
// not released or not for this person, each movie once, what the model knows
// before what it does not, and as many as the rules leave.
func TestArmKeepsTheRules(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(rt, "movies")
		w := random(rapid.Uint64().Draw(rt, "seed"), n)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "scores"), 1))
		scores := make([]float32, n)
		unknown := rapid.IntRange(0, 10).Draw(rt, "tenths unknown")
		for i := range scores {
			scores[i] = []float32{-3, 0, 1, rng.Float32(), math.MaxFloat32, -math.MaxFloat32}[rng.IntN(6)]
			if rng.IntN(10) < unknown {
				scores[i] = []float32{nan, float32(math.Inf(1)), float32(math.Inf(-1))}[rng.IntN(3)]
			}
		}
		m := fake{n, model.Personal, func(_ model.Query, row int) float32 { return scores[row] }}
		snap := withArms(t, w.snapshot(t, byScore(), 5), "m", model.Named{Name: "m", Model: m})
		r := rank.Request{N: rapid.IntRange(-1, 30).Draw(rt, "n"), Now: now, Adult: rapid.Bool().Draw(rt, "adult")}
		rows := rng.Perm(n)[:rapid.IntRange(0, n).Draw(rt, "watched")]
		out := make(map[uint32]bool)
		for _, row := range rows {
			r.Taste.Watched = append(r.Taste.Watched, rank.Watched{Row: uint32(row), Preference: 30})
			out[uint32(row)] = true
		}
		may := 0
		for row, m := range w.movies {
			if !out[uint32(row)] && m.ReleaseDate == "" && (r.Adult || !m.Adult) {
				may++
			}
		}
		list := snap.Recommend(r)
		if want := min(max(r.N, 1), rank.MaxCount, may); len(list.Items) != want {
			rt.Fatalf("%d movies, want %d", len(list.Items), want)
		}
		known := true
		for i, item := range list.Items {
			m, score := w.movies[item.Row], scores[item.Row]
			if out[item.Row] || m.ReleaseDate != "" || m.Adult && !r.Adult {
				rt.Fatalf("movie %d was watched, listed twice, or breaks a rule: %+v", item.Row, m)
			}
			out[item.Row] = true
			isKnown := score-score == 0
			if isKnown && !known {
				rt.Fatalf("movie %d, which the model knows, stands behind one that it does not", item.Row)
			}
			if isKnown && i > 0 && scores[list.Items[i-1].Row] < score {
				rt.Fatalf("place %d scores %v after %v", i, score, scores[list.Items[i-1].Row])
			}
			known = isKnown
			if !(item.Score >= 0 && item.Score <= 1) || len(list.SourceNames(item)) == 0 {
				rt.Fatalf("movie %d has the score %v and the sources %v", item.Row, item.Score, list.SourceNames(item))
			}
		}
		if again := snap.Recommend(r); !reflect.DeepEqual(list, again) {
			rt.Fatalf("the same request got %v, then %v", list, again)
		}
	})
}

// The tier follows what the scores rest on; where a model has nothing to say, the
// list is made without one, and still counts for the arm.
func TestArmTiers(t *testing.T) {
	snap := random(7, 100).snapshot(t, rank.DefaultConfig(), 5)
	r := rank.Request{Taste: taste(1, 2), N: 5, Now: now}
	plain := snap.Recommend(r)
	nothing := func(model.Query, int) float32 { return nan }
	for _, c := range []struct {
		m    fake
		tier rank.Tier
		own  bool
	}{
		{fake{100, model.Personal, byRow}, rank.TierPersonal, true},
		{fake{100, model.Group, byRow}, rank.TierGroup, true},
		{fake{100, model.Everyone, byRow}, rank.TierPopular, true},
		{fake{100, model.None, byRow}, plain.Tier, false},
		{fake{100, model.Personal, nothing}, plain.Tier, false},
	} {
		list := withArms(t, snap, "m", model.Named{Name: "m", Model: c.m}).Recommend(r)
		if list.Tier != c.tier || list.Arm != "m" || slices.Equal(list.Sources, []string{"m"}) != c.own {
			t.Errorf("basis %d: tier %s of arm %s from %v, want %s, own list %v", c.m.basis, list.Tier, list.Arm, list.Sources, c.tier, c.own)
		}
		if !c.own && !reflect.DeepEqual(list.Items, plain.Items) {
			t.Errorf("basis %d: rows %v, want those without a model, %v", c.m.basis, rowsOf(list), rowsOf(plain))
		}
	}
}

// A model is told who asks and what they watched.
func TestArmIsAskedWithThePerson(t *testing.T) {
	snap := random(7, 100).snapshot(t, rank.DefaultConfig(), 5)
	seen := []model.Seen{{Movie: 40, Rated: true, Rating: 4}}
	m := fake{100, model.Personal, func(q model.Query, row int) float32 {
		if q.User.ID == "u" && q.User.Age == 30 && len(q.Seen) == 1 && row == int(q.Seen[0].Movie)+1 {
			return 1
		}
		return 0
	}}
	r := rank.Request{User: catalog.User{ID: "u", Age: 30}, Taste: rank.Taste{Watched: []rank.Watched{{Row: 40}}, Seen: seen}, N: 1, Now: now, Adult: true}
	if got := rowsOf(withArms(t, snap, "m", model.Named{Name: "m", Model: m}).Recommend(r)); !slices.Equal(got, []uint32{41}) {
		t.Errorf("rows %v, want 41", got)
	}
}

func TestArmByName(t *testing.T) {
	snap := random(7, 100).snapshot(t, rank.DefaultConfig(), 5)
	a := model.Named{Name: "a", Model: fake{100, model.Personal, byRow}}
	b := model.Named{Name: "b", Model: fake{100, model.Personal, func(_ model.Query, row int) float32 { return -float32(row) }}}
	for _, c := range []struct {
		def, asked, want string
		names            []string
	}{
		{"b", "a", "a", []string{"b", "a", rank.ArmFeatures}},
		{"b", "", "b", []string{"b", "a", rank.ArmFeatures}},
		{"b", "gone", "b", []string{"b", "a", rank.ArmFeatures}},
		{"b", rank.ArmFeatures, rank.ArmFeatures, []string{"b", "a", rank.ArmFeatures}},
		{"", "", rank.ArmFeatures, []string{rank.ArmFeatures, "a", "b"}},
		{rank.ArmFeatures, "gone", rank.ArmFeatures, []string{rank.ArmFeatures, "a", "b"}},
		{"", "b", "b", []string{rank.ArmFeatures, "a", "b"}},
	} {
		s := withArms(t, snap, c.def, a, b)
		if got := s.Recommend(rank.Request{N: 3, Now: now, Arm: c.asked}).Arm; got != c.want {
			t.Errorf("default %q, asked for %q: %q, want %q", c.def, c.asked, got, c.want)
		}
		if got := s.Arms.Names(); !slices.Equal(got, c.names) {
			t.Errorf("default %q: arms %q, want %q", c.def, got, c.names)
		}
		if err := s.Arms.Check("gone"); !errors.Is(err, rank.ErrArm) || !strings.Contains(err.Error(), `"gone"`) {
			t.Errorf("an unknown arm: %v", err)
		}
		for _, name := range append(c.names, "") {
			if err := s.Arms.Check(name); err != nil {
				t.Errorf("arm %q: %v", name, err)
			}
		}
	}
	if got := snap.Arms.Names(); !slices.Equal(got, []string{rank.ArmFeatures}) {
		t.Errorf("arms of a snapshot without models: %q", got)
	}
}

func TestWithArmsRefuses(t *testing.T) {
	snap := random(7, 100).snapshot(t, rank.DefaultConfig(), 5)
	good := fake{100, model.Personal, byRow}
	many := mixture{fake: good, names: make([]string, 28)}
	for name, a := range map[string]rank.Arms{
		"length":   {Models: []model.Named{{Name: "a", Model: fake{99, model.Personal, byRow}}}},
		"twice":    {Models: []model.Named{{Name: "a", Model: good}, {Name: "a", Model: good}}},
		"no name":  {Models: []model.Named{{Model: good}}},
		"taken":    {Models: []model.Named{{Name: rank.ArmFeatures, Model: good}}},
		"default":  {Models: []model.Named{{Name: "a", Model: good}}, Default: "b"},
		"nobody's": {Default: "b"},
		"parts":    {Models: []model.Named{{Name: "a", Model: many}}},
	} {
		_, err := snap.WithArms(a)
		if err == nil {
			t.Errorf("%s: taken", name)
		}
		if want := a.Default != ""; errors.Is(err, rank.ErrArm) != want {
			t.Errorf("%s: %v, ErrArm wanted: %v", name, err, want)
		}
	}
}

// Other weights keep the arms.
func TestWithKeepsArms(t *testing.T) {
	snap := withArms(t, random(7, 100).snapshot(t, rank.DefaultConfig(), 5), "m", model.Named{Name: "m", Model: fake{100, model.Personal, byRow}})
	next, err := snap.With(rank.DefaultConfig())
	if err != nil || next.Recommend(rank.Request{N: 1, Now: now}).Arm != "m" {
		t.Errorf("arms %q, %v", next.Arms.Names(), err)
	}
}

// The sources of a movie are the parts that gave it half as much as the largest
// did; where all count against it, the one that does least. What fills a short
// list is popular.
func TestSourcesOfParts(t *testing.T) {
	w := world{vecs: []float32{1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0}}
	for _, id := range []catalog.MovieID{"a", "b", "c", "d", "e"} {
		w.movies = append(w.movies, catalog.Movie{ID: id})
	}
	parts := [][]float32{{3, 1, 4, -5, nan}, {2, 4, -1, -2, nan}, {1, 1.9, 1.5, -9, nan}}
	m := mixture{
		fake:  fake{5, model.Personal, func(_ model.Query, row int) float32 { return parts[0][row] + parts[1][row] + parts[2][row] }},
		names: []string{"x", "y", "z"},
		part:  func(part, row int) float32 { return parts[part][row] },
	}
	list := withArms(t, w.snapshot(t, rank.DefaultConfig(), 2), "m", model.Named{Name: "m", Model: m}).Recommend(rank.Request{N: 5, Now: now})
	want := map[uint32][]string{0: {"x", "y"}, 1: {"y"}, 2: {"x"}, 3: {"y"}, 4: {"popular"}}
	if len(list.Items) != 5 {
		t.Fatalf("rows %v", rowsOf(list))
	}
	for _, item := range list.Items {
		if got := list.SourceNames(item); !slices.Equal(got, want[item.Row]) {
			t.Errorf("movie %d is from %v, want %v", item.Row, got, want[item.Row])
		}
	}
	if !slices.Equal(m.names, []string{"x", "y", "z"}) {
		t.Errorf("names of the parts were changed: %v", m.names)
	}
}

// Scores lie between 0 and 1, and say how far a movie lies above the mean of all that
// were not watched: a movie has the same one whatever else may be listed.
func TestScoresOfArms(t *testing.T) {
	snap := three().snapshot(t, rank.DefaultConfig(), 2)
	scores := func(f func(model.Query, int) float32, r rank.Request) (out []float32) {
		r.N, r.Now = 3, now
		for _, i := range withArms(t, snap, "m", model.Named{Name: "m", Model: fake{3, model.Personal, f}}).Recommend(r).Items {
			out = append(out, i.Score)
		}
		return out
	}
	some := func(_ model.Query, row int) float32 { return []float32{-10, 10, 6}[row] }
	want := func(deviations float64) float32 { return float32(1 / (1 + math.Exp(2-math.Asinh(deviations)))) }
	near := func(got, want []float32) bool {
		return slices.EqualFunc(got, want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 })
	}
	sd := math.Sqrt((144 + 64 + 16) / 3.0)
	all := []float32{want(8 / sd), want(4 / sd), want(-12 / sd)}
	if got := scores(some, rank.Request{}); !near(got, all) {
		t.Errorf("scores %v, want %v", got, all)
	}
	if got := scores(some, rank.Request{Rules: rank.Rules{Exclude: []uint32{1}}}); !near(got, all[1:]) {
		t.Errorf("scores without the best movie: %v, want %v", got, all[1:])
	}
	if got := scores(some, rank.Request{Rules: rank.Rules{Only: []uint32{0}}}); !near(got, all[2:]) {
		t.Errorf("score of the last movie alone: %v, want %v", got, all[2:])
	}
	if got := scores(func(model.Query, int) float32 { return 7 }, rank.Request{}); !near(got, []float32{want(0), want(0), want(0)}) {
		t.Errorf("scores of a model that sees no difference: %v, want those of the mean", got)
	}
}

// Any number of goroutines and arms at once get what one gets.
func TestArmsAtOnce(t *testing.T) {
	byTaste := fake{200, model.Personal, func(q model.Query, row int) float32 { return float32((row * (7 + int(q.Seen[0].Movie))) % 199) }}
	mixed := mixture{fake: byTaste, names: []string{"x", "y"}, part: func(part, row int) float32 { return float32((row * (part + 3)) % 11) }}
	snap := withArms(t, random(2, 200).snapshot(t, rank.DefaultConfig(), 10), "", model.Named{Name: "plain", Model: byTaste}, model.Named{Name: "mixed", Model: mixed})
	ask := func(i int) rank.List {
		r := rank.Request{Taste: taste(uint32(i)), N: 20, Now: now, Arm: []string{"plain", "mixed", rank.ArmFeatures}[i%3]}
		r.Taste.Seen = []model.Seen{{Movie: uint32(i)}}
		return snap.Recommend(r)
	}
	want := make([]rank.List, 60)
	for i := range want {
		want[i] = ask(i)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range want {
				if got := ask(i); !reflect.DeepEqual(got, want[i]) {
					t.Errorf("request %d differs among goroutines", i)
				}
			}
		})
	}
	wg.Wait()
}

// allocations returns how many f makes when the pools that it takes from are not
// empty: the race detector empties them now and then.
func allocations(f func()) float64 {
	least := math.Inf(1)
	for range 30 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

// catalogOf is a snapshot of n movies with a model of two parts that knows all.
func catalogOf(t testing.TB, n int) *rank.Snapshot {
	m := mixture{fake: fake{n, model.Personal, byRow}, names: []string{"x", "y"}, part: func(part, row int) float32 { return float32(part + row) }}
	return withArms(t, random(3, n).snapshot(t, rank.DefaultConfig(), 2), "m", model.Named{Name: "m", Model: m})
}

// A list of a model costs a fixed number of allocations, however many movies
// there are.
func TestArmAllocates(t *testing.T) {
	for _, n := range []int{50, 2000} {
		snap := catalogOf(t, n)
		r := rank.Request{Taste: taste(1, 2, 3), N: 20, Now: now}
		if got := allocations(func() { snap.Recommend(r) }); got > 2 {
			t.Errorf("%d movies: %v allocations a list, want at most 2", n, got)
		}
	}
}

// BenchmarkArm makes lists of 27,000 movies from the scores of a model that costs
// next to nothing.
func BenchmarkArm(b *testing.B) {
	const n = 27_000
	w := random(3, 270) // its neighbours do not matter here
	for i := len(w.movies); i < n; i++ {
		m := w.movies[i%270]
		m.ID += catalog.MovieID("x" + itoa(i/270%100))
		w.movies = append(w.movies, m)
		w.vecs = append(w.vecs, 0, 0, 0)
	}
	slices.SortFunc(w.movies, func(a, b catalog.Movie) int { return strings.Compare(string(a.ID), string(b.ID)) })
	m := fake{n, model.Personal, func(_ model.Query, row int) float32 { return float32((row * 7919) % n) }}
	snap := withArms(b, w.snapshot(b, rank.DefaultConfig(), 2), "m", model.Named{Name: "m", Model: m})
	r := rank.Request{Taste: taste(1, 2, 3), N: 20, Now: now}
	b.ReportAllocs()
	for b.Loop() {
		snap.Recommend(r)
	}
}

// What a snapshot makes of a history says the same to lists with and without a
// model: the preference is that of the rating as it is kept.
func TestResolveIsOfOneMind(t *testing.T) {
	movies, err := rank.NewMovies([]catalog.Movie{{ID: "a"}, {ID: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	for r := 100; r <= 500; r++ {
		tst := movies.Resolve([]catalog.Seen{{Movie: "gone"}, {Movie: "b", Rated: true, Rating: float64(r) / 100}}, catalog.Scale5)
		if len(tst.Watched) != 1 || len(tst.Seen) != 1 || tst.Unknown != 1 || tst.Seen[0].Movie != 1 || tst.Watched[0].Row != 1 {
			t.Fatalf("resolved as %+v", tst)
		}
		if got, want := tst.Watched[0].Preference, model.PackPreference(tst.Seen[0].Preference(catalog.Scale5)); got != want {
			t.Errorf("a rating of %v is a preference of %d, and to models of %d", float64(r)/100, got, want)
		}
	}
}
