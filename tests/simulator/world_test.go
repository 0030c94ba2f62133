package simulator_test

import (
	"bytes"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/tests/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func world(t testing.TB, change func(*simulator.Config)) *simulator.World {
	t.Helper()
	build := usual
	if change != nil {
		cfg := simulator.DefaultConfig()
		change(&cfg)
		build = func() (*simulator.World, error) { return simulator.New(cfg) }
	}
	w, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// usual is the default world; nobody writes to it.
var usual = sync.OnceValues(func() (*simulator.World, error) { return simulator.New(simulator.DefaultConfig()) })

func streamOf(t testing.TB, w *simulator.World, cfg simulator.StreamConfig) (*simulator.Stream, []byte) {
	t.Helper()
	s, err := w.Stream(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := s.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return s, out.Bytes()
}

func TestSameSeedSameWorld(t *testing.T) {
	cfg := simulator.DefaultStream(simulator.Edition2026)
	few := func(c *simulator.Config) { c.People = 500 }
	a, b := world(t, few), world(t, few)
	if !reflect.DeepEqual(a.Movies, b.Movies) || !reflect.DeepEqual(a.People, b.People) {
		t.Error("two worlds of one seed differ")
	}
	_, x := streamOf(t, a, cfg)
	_, y := streamOf(t, b, cfg)
	if !bytes.Equal(x, y) {
		t.Error("two streams of one world differ")
	}
	c := world(t, func(c *simulator.Config) { c.Seed, c.People = 2, 1 })
	if c.Movies[0].Overview == a.Movies[0].Overview && c.Movies[1].Overview == a.Movies[1].Overview {
		t.Error("another seed has the same movies")
	}
	more := world(t, func(c *simulator.Config) { c.People = 600 })
	if !reflect.DeepEqual(more.Movies, a.Movies) {
		t.Error("more people change the movies")
	}
	if !reflect.DeepEqual(more.People[:100], a.People[:100]) {
		t.Error("more people change the others")
	}
}

func TestMovies(t *testing.T) {
	w := world(t, nil)
	legal := regexp.MustCompile(`^[a-z0-9+\-_.*]+\+(\d{4})?$`)
	ids, titles, messes, languages := map[string]bool{}, map[string]int{}, map[simulator.Mess]int{}, map[string]int{}
	marks := map[string]bool{}
	sequels, adult, mixed := 0, 0, 0
	for i, m := range w.Movies {
		if !legal.MatchString(m.ID) || ids[m.ID] {
			t.Errorf("id %q is not legal, or there twice", m.ID)
		}
		if _, err := catalog.ParseMovieID(m.ID); err != nil {
			t.Error(err)
		}
		ids[m.ID] = true
		titles[m.Title]++
		messes[m.Mess]++
		languages[m.Language]++
		for _, mark := range []string{"_", "**", "++", ".", "-", "'"} {
			marks[mark] = marks[mark] || strings.Contains(m.ID, mark)
		}
		if m.Part > 1 {
			sequels++
			if before := w.Movies[i-1]; before.Collection != m.Collection || before.Year >= m.Year || before.Themes[0] != m.Themes[0] || !strings.Contains(m.Overview, before.Title) {
				t.Errorf("%s (%d) does not follow %s (%d)", m.Title, m.Year, before.Title, before.Year)
			}
		}
		if m.Adult {
			adult++
		}
		if len(m.Themes) > 1 {
			mixed++
		}
		if strings.Contains(m.Overview, "|") || strings.Contains(m.Title, "|") || len(m.Overview) < 20 || m.Runtime < 60 || len(m.Genres) == 0 || len(m.Actors) < 3 {
			t.Errorf("odd movie %+v", m)
		}
	}
	remakes := 0
	for _, n := range titles {
		if n > 1 {
			remakes++
		}
	}
	if len(w.Movies) != 2000 || sequels < 100 || adult < 5 || mixed < 300 || mixed > 700 || remakes < 5 || len(languages) != 5 || len(messes) != 6 {
		t.Errorf("%d movies, %d sequels, %d adult, %d mixed, %d titles shared, languages %v, messes %v", len(w.Movies), sequels, adult, mixed, remakes, languages, messes)
	}
	for _, mark := range []string{"_", "**", "++", ".", "-"} {
		if !marks[mark] {
			t.Errorf("no id has %q", mark)
		}
	}
	if marks["'"] {
		t.Error("an id has an apostrophe")
	}
}

// A plot tells its theme: the words of two movies of one theme have more in
// common than those of two themes.
func TestPlotsCarryThemes(t *testing.T) {
	w := world(t, nil)
	words := func(m simulator.Movie) map[string]bool {
		set := map[string]bool{}
		for _, f := range strings.FieldsFunc(strings.ToLower(m.Overview), func(r rune) bool { return r < 'a' || r > 'z' }) {
			if len(f) > 4 {
				set[f] = true
			}
		}
		return set
	}
	shared := func(a, b map[string]bool) (n float64) {
		for f := range a {
			if b[f] {
				n++
			}
		}
		return n / float64(min(len(a), len(b))+1)
	}
	var same, other, sames, others float64
	for i, a := range w.Movies[:400] {
		for _, b := range w.Movies[i+1 : 400] {
			if len(a.Themes) > 1 || len(b.Themes) > 1 || a.Language != "en" || b.Language != "en" || a.Collection != "" && a.Collection == b.Collection {
				continue
			}
			if a.Themes[0] == b.Themes[0] {
				same, sames = same+shared(words(a), words(b)), sames+1
			} else {
				other, others = other+shared(words(a), words(b)), others+1
			}
		}
	}
	if same/sames < 2.5*other/others {
		t.Errorf("plots of one theme share %.3f of their words, those of two themes %.3f", same/sames, other/others)
	}
}

func TestPeople(t *testing.T) {
	w := world(t, nil)
	minors, idle, women, told := 0, 0, 0, 0
	for _, p := range w.People {
		var sum float64
		for _, x := range p.Taste {
			sum += x
		}
		if sum < 0.999 || sum > 1.001 || p.Age < 8 || p.Age > 90 || p.Taste[p.Favourites[0]] < p.Taste[p.Favourites[1]] {
			t.Errorf("odd person %+v", p)
		}
		if p.Age < 18 {
			minors++
		}
		if p.Watches == 0 {
			idle++
		}
		if p.Gender == "F" {
			women++
		}
		if p.Likes != "" {
			told++
		}
	}
	if len(w.People) != 3000 || minors < 90 || minors > 500 || idle < 30 || women < 700 || women > 1300 || told < 700 {
		t.Errorf("%d people, %d minors, %d idle, %d women, %d self-descriptions", len(w.People), minors, idle, women, told)
	}
}

// What people watch leans to their tastes, to famous movies, and to the next
// part of a series; and they rate what they like higher.
func TestTastesMatter(t *testing.T) {
	w := world(t, nil)
	s, _ := streamOf(t, w, simulator.DefaultStream(simulator.Edition2025))
	counts := make([]int, len(w.Movies))
	var own, rated, high, low, highs, lows float64
	for _, x := range s.Watches {
		if x.Movie < 0 {
			continue
		}
		p, m := w.People[x.Person], w.Movies[x.Movie]
		counts[x.Movie]++
		if slices.Contains(p.Favourites, m.Themes[0]) {
			own++
		}
		if p.Age < 18 && m.Adult {
			t.Errorf("person %s, aged %d, chose adult movie %s", p.ID, p.Age, m.ID)
		}
		if x.Rating == 0 {
			continue
		}
		rated++
		if p.Affinity(m) > 0.7 {
			high, highs = high+float64(x.Rating), highs+1
		} else if p.Affinity(m) < 0.3 {
			low, lows = low+float64(x.Rating), lows+1
		}
	}
	n := float64(len(s.Watches))
	if own/n < 0.35 { // two themes of 42 would have 0.05
		t.Errorf("%.2f of watches are of the two favourite themes, want 0.35 or more", own/n)
	}
	if high/highs-low/lows < 0.5 {
		t.Errorf("what is to their taste is rated %.2f, the rest %.2f", high/highs, low/lows)
	}
	checkFollowing(t, w, s)
	slices.Sort(counts)
	top := 0
	for _, c := range counts[len(counts)-100:] {
		top += c
	}
	if share := float64(top) / n; share < 0.15 || share > 0.6 {
		t.Errorf("the 100 most watched of 2,000 movies have %.2f of the watches", share)
	}
	if rated/n < 0.25 || rated/n > 0.45 {
		t.Errorf("%.2f of watches are rated", rated/n)
	}
}

// checkFollowing looks whether people who watch a part of a series go on with
// the next one.
func checkFollowing(t *testing.T, w *simulator.World, s *simulator.Stream) {
	t.Helper()
	chances, followed := 0.0, 0.0
	for i, x := range s.Watches[:len(s.Watches)-1] {
		y := s.Watches[i+1]
		if x.Movie < 0 || y.Movie < 0 || x.Person != y.Person || x.Movie+1 == len(w.Movies) || w.Movies[x.Movie].Part == 0 || w.Movies[x.Movie+1].Part != w.Movies[x.Movie].Part+1 {
			continue
		}
		chances++
		if y.Movie == x.Movie+1 {
			followed++
		}
	}
	if chances < 100 || followed/chances < 0.25 || followed/chances > 0.6 {
		t.Errorf("%v of %v watches of a part are followed by the next part", followed, chances)
	}
}

func TestConfigsAreChecked(t *testing.T) {
	if _, err := simulator.New(simulator.Config{}); err == nil {
		t.Error("the empty world was made")
	}
	w := world(t, func(c *simulator.Config) { c.Movies, c.People = 1, 1 })
	for _, change := range []func(*simulator.StreamConfig){
		func(c *simulator.StreamConfig) { c.Edition = "" },
		func(c *simulator.StreamConfig) { c.Days = 0 },
		func(c *simulator.StreamConfig) { c.EveryMinutes = 0 },
		func(c *simulator.StreamConfig) { c.NoiseShare = 2 },
		func(c *simulator.StreamConfig) { c.Host = "a, b" },
	} {
		cfg := simulator.DefaultStream(simulator.Edition2025)
		change(&cfg)
		if _, err := w.Stream(cfg); err == nil {
			t.Errorf("stream of %+v was made", cfg)
		}
	}
	if _, err := w.API(simulator.APIConfig{}); err == nil {
		t.Error("API without an edition was made")
	}
}

func BenchmarkWorld(b *testing.B) {
	for b.Loop() {
		w := world(b, func(*simulator.Config) {})
		streamOf(b, w, simulator.DefaultStream(simulator.Edition2025))
	}
}
