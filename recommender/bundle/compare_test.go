package bundle

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// cinema returns a bundle of movies, each with its vector, [2].
func cinema(t interface {
	Helper()
	Fatal(...any)
}, movies []catalog.Movie, vecs map[catalog.MovieID][]float32) *Bundle {
	t.Helper()
	slices.SortFunc(movies, func(a, b catalog.Movie) int { return cmp.Compare(a.ID, b.ID) })
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	var all []float32
	for _, m := range movies {
		all = append(all, vecs[m.ID]...)
	}
	table, err := indexer.Neighbours(context.Background(), all, 2, 12, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rank.DefaultConfig()
	stats, err := rank.NewStats(movies, rows, func(func(catalog.UserSeen, error) bool) {}, catalog.Scale5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &Bundle{
		Manifest: Manifest{Scale: catalog.Scale5, Ranking: cfg, Embedder: embedder.ID{Dims: 2}, Index: Index{Kind: "exact"}, Counts: Counts{Movies: len(movies)}},
		Movies:   rows, Vectors: all, Table: table, Stats: stats, Histories: &Histories{}, Index: exact{all, 2},
	}
}

// onCircle returns unit vectors, one for each angle in degrees.
func onCircle(of map[catalog.MovieID]float32) map[catalog.MovieID][]float32 {
	vecs := make(map[catalog.MovieID][]float32)
	for id, x := range of {
		n := 1 / (1 + x*x)
		vecs[id] = []float32{(1 - x*x) * n, 2 * x * n} // by the half angle's tangent
	}
	return vecs
}

func compare(t *testing.T, a, b *Bundle, most int) Difference {
	t.Helper()
	d, err := Compare(t.Context(), a, b, most)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCompareWithItself(t *testing.T) {
	s := shelf(t)
	m := put(t, s, counted(t))
	b, err := s.Load(t.Context(), m.ID, open)
	if err != nil {
		t.Fatal(err)
	}
	d := compare(t, b, b, 5)
	if d.From != m.ID || d.To != m.ID || len(d.Facts)+len(d.Models)+len(d.Files) > 0 {
		t.Errorf("manifests: %+v", d)
	}
	if x := d.Movies; x.Same != 4 || x.Added+x.Removed+x.Changed+x.Unknown != 0 {
		t.Errorf("movies: %+v", x)
	}
	if n := d.Neighbours; n.Compared != 3 || n.Moved != 0 || n.Overlap != 1 { // the fourth has no text
		t.Errorf("neighbours: %+v", n)
	}
	text, err := json.Marshal(d)
	if err != nil || bytes.Contains(text, []byte("null")) {
		t.Errorf("as JSON: %s, %v; want no null", text, err)
	}
}

// Movies are known by their ids, whatever their rows, and neighbours by the movies
// that they are.
func TestCompareMoviesAndNeighbours(t *testing.T) {
	vecs := onCircle(map[catalog.MovieID]float32{"a": 0, "b": 0.1, "c": 0.2, "d": 0.9, "e": 1})
	a := cinema(t, []catalog.Movie{{ID: "b", Title: "B"}, {ID: "c", Title: "C", Genres: []string{"x"}}, {ID: "d", Overview: "one"}, {ID: "e", Year: 1990}}, vecs)
	b := cinema(t, []catalog.Movie{{ID: "a", Title: "A", Year: 1999}, {ID: "b", Title: "B"}, {ID: "c", Title: "See", Genres: []string{"y"}}, {ID: "d", Overview: "two"}, {ID: "e", Year: 1990}}, vecs)
	a.Hidden, b.Hidden = []catalog.MovieID{"c"}, []catalog.MovieID{"b", "e"}
	a.Corrections = []catalog.Correction{{Movie: "b", Other: "c", Kind: catalog.Pin}, {Movie: "b", Other: "d", Kind: catalog.Block}}
	b.Corrections = []catalog.Correction{{Movie: "b", Other: "c", Kind: catalog.Block}, {Movie: "e", Other: "c", Kind: catalog.Pin}}
	d := compare(t, a, b, 1)
	want := MoviesDifference{
		Added: 1, Changed: 2, Same: 2,
		FirstAdded: []MovieName{{"a", "A", 1999}}, FirstRemoved: []MovieName{},
		FirstChanged: []ChangedMovie{{MovieName{ID: "c", Title: "See"}, []string{"title", "genres", "text"}}},
		Hidden:       2, Unhidden: 1, FirstHidden: []catalog.MovieID{"b"}, FirstUnhidden: []catalog.MovieID{"c"},
		Corrected: 2, Uncorrected: 1,
	}
	if !reflect.DeepEqual(d.Movies, want) {
		t.Errorf("movies: %+v, want %+v", d.Movies, want)
	}
	if back := compare(t, b, a, 5).Movies; back.Removed != 1 || back.FirstRemoved[0].ID != "a" || back.Added != 0 {
		t.Errorf("the other way: %+v", back)
	}
	// Of b all three were neighbours but d, which was blocked; now c is blocked, and a is there.
	n := d.Neighbours
	if n.Compared != 4 || n.Moved != 4 || len(n.Most) != 1 {
		t.Fatalf("neighbours: %+v", n)
	}
	if m := n.Most[0]; m.ID != "b" || m.Overlap != 1.0/3 || !slices.Equal(m.Before, []catalog.MovieID{"c", "e"}) || !slices.Equal(m.After, []catalog.MovieID{"a", "d", "e"}) {
		t.Errorf("moved most: %+v", m)
	}
	if want := (1.0/3 + 3*3.0/4) / 4; n.Overlap < want-1e-9 || n.Overlap > want+1e-9 {
		t.Errorf("overlap %v, want %v", n.Overlap, want)
	}
}

// Counts and overlaps are those that the definitions give, for any two catalogs.
func TestCompareIsWhatItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (*Bundle, map[catalog.MovieID]catalog.Movie) {
			var movies []catalog.Movie
			vecs := make(map[catalog.MovieID][]float32)
			all := make(map[catalog.MovieID]catalog.Movie)
			for i := range 20 {
				if rapid.IntRange(0, 3).Draw(t, name+"absent") == 0 {
					continue
				}
				m := catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%02d", i)), Title: rapid.SampledFrom([]string{"x", "y"}).Draw(t, name)}
				movies, all[m.ID] = append(movies, m), m
				angle := rapid.Float32Range(-2, 2).Draw(t, name+"angle")
				maps.Copy(vecs, onCircle(map[catalog.MovieID]float32{m.ID: angle}))
			}
			return cinema(t, movies, vecs), all
		}
		a, before := draw("a")
		b, after := draw("b")
		most := rapid.IntRange(0, 30).Draw(t, "most")
		d, err := Compare(context.Background(), a, b, most)
		if err != nil {
			t.Fatal(err)
		}
		var want MoviesDifference
		sum, compared, moved := 0.0, 0, 0
		for id, m := range before {
			other, both := after[id]
			switch {
			case !both:
				want.Removed++
				continue
			case other.Title != m.Title:
				want.Changed++
			default:
				want.Same++
			}
			x, y := listOf(a, id), listOf(b, id)
			if len(x) == 0 || len(y) == 0 {
				continue
			}
			compared++
			shared := 0
			for other := range x {
				if y[other] {
					shared++
				}
			}
			overlap := float64(shared) / float64(max(len(x), len(y)))
			sum += overlap
			if overlap < 1 {
				moved++
			}
		}
		for id := range after {
			if _, both := before[id]; !both {
				want.Added++
			}
		}
		if got := d.Movies; got.Added != want.Added || got.Removed != want.Removed || got.Changed != want.Changed || got.Same != want.Same || len(got.FirstAdded) != min(most, want.Added) {
			t.Fatalf("movies %+v, want %+v", got, want)
		}
		n := d.Neighbours
		if n.Compared != compared || n.Moved != moved || compared > 0 && (n.Overlap < sum/float64(compared)-1e-9 || n.Overlap > sum/float64(compared)+1e-9) {
			t.Fatalf("neighbours %d compared, %d moved, %v; want %d, %d, %v", n.Compared, n.Moved, n.Overlap, compared, moved, sum/float64(compared))
		}
		if len(n.Most) != min(most, moved) || !slices.IsSortedFunc(n.Most, func(x, y MovedMovie) int { return cmp.Compare(x.Overlap, y.Overlap) }) {
			t.Fatalf("moved most: %+v", n.Most)
		}
	})
}

// listOf returns the first ten neighbours of a movie.
func listOf(b *Bundle, id catalog.MovieID) map[catalog.MovieID]bool {
	row, _ := slices.BinarySearch(b.Movies.IDs, id)
	ids := make(map[catalog.MovieID]bool)
	for i, n := range b.Table.Of(uint32(row)) {
		if i < 10 {
			ids[b.Movies.IDs[n.Row]] = true
		}
	}
	return ids
}

// A bundle without hashes of documents is compared as far as it goes.
func TestCompareWithAnOlderFormat(t *testing.T) {
	vecs := onCircle(map[catalog.MovieID]float32{"b": 0.1, "c": 0.2})
	a := cinema(t, []catalog.Movie{{ID: "b", Title: "B"}, {ID: "c", Overview: "one"}}, vecs)
	b := cinema(t, []catalog.Movie{{ID: "b", Title: "Bee"}, {ID: "c", Overview: "two"}}, vecs)
	a.Movies.Genres, a.Movies.Languages, a.Movies.Documents = nil, nil, nil
	older := func(name string) {
		t.Helper()
		for _, d := range []MoviesDifference{compare(t, a, b, 5).Movies, compare(t, b, a, 5).Movies} {
			if d.Changed != 1 || d.Same != 1 || d.Unknown != 1 || !slices.Equal(d.FirstChanged[0].What, []string{"title"}) {
				t.Errorf("%s: %+v; want a title changed, and a text that is not known", name, d)
			}
		}
	}
	older("without columns")
	a.Movies.Genres, a.Movies.Languages, a.Movies.Documents = make([][]string, 2), make([]string, 2), make([]rank.DocHash, 2)
	older("with empty ones")
}

func TestCompareManifests(t *testing.T) {
	a, b := counted(t), counted(t)
	off := func(x float64) *Offline { return &Offline{NDCG: x} }
	a.Manifest.Models = []Model{
		{Name: "als", Kind: "als", Settings: json.RawMessage(`{"dims":8,"lambda":0.1}`), Offline: off(0.1)},
		{Name: "blend", Kind: "blend", Weights: map[string]float64{"als": 1}, Offline: off(0.2)},
		{Name: "svd", Kind: "svd", Offline: off(0.3)},
	}
	b.Manifest.Models = []Model{
		{Name: "blend", Kind: "blend", Weights: map[string]float64{"als": 2}, Offline: off(0.4)},
		{Name: "als", Kind: "als", Settings: json.RawMessage(`{"dims":16,"lambda":0.1}`)},
		{Name: "ease", Kind: "ease", Offline: off(0.5)},
	}
	b.Manifest.Index.Settings = json.RawMessage(`{"m":16}`)
	b.Manifest.Index.Measured.Movies = 0.99
	b.Manifest.Counts.Movies = 5
	b.Manifest.Seed = 1 << 63
	a.Manifest.Gates = []Gate{{Name: "recall", Value: 1, Passed: true}}
	b.Manifest.Gates = []Gate{{Name: "empty", Value: 0.5}, {Name: "recall", Value: 0.5, Passed: true}}
	a.Manifest.Files = []File{{"a.bin", 10, "x"}, {"b.bin", 20, "y"}, {"c.bin", 30, "z"}}
	b.Manifest.Files = []File{{"b.bin", 25, "v"}, {"c.bin", 30, "z"}, {"d.bin", 5, "w"}}
	d := compare(t, a, b, 5)
	facts := make(map[string]Change)
	for _, c := range d.Facts {
		facts[c.Name] = c
	}
	for name, want := range map[string][2]string{
		"index.settings.m": {"", "16"}, "counts.movies": {"4", "5"}, "seed": {"1", "9223372036854775808"},
		"gates.recall.value": {"1", "0.5"}, "gates.empty.value": {"", "0.5"}, "gates.empty.passed": {"", "false"}, "bytes": {"60", "60"},
	} {
		if got := facts[name]; want[0] != want[1] && (got.From != want[0] || got.To != want[1]) || want[0] == want[1] && got.Name != "" {
			t.Errorf("%s: %+v, want %v", name, got, want)
		}
	}
	if !slices.IsSortedFunc(d.Facts, func(a, b Change) int { return cmp.Compare(a.Name, b.Name) }) {
		t.Errorf("facts are out of order: %v", d.Facts)
	}
	want := []ModelDifference{
		{Name: "als", Is: ModelChanged, Changes: []Change{{"settings.dims", "8", "16"}}, FromOffline: off(0.1)},
		{Name: "blend", Is: ModelSame, Changes: []Change{}, FromOffline: off(0.2), ToOffline: off(0.4), FromWeights: map[string]float64{"als": 1}, ToWeights: map[string]float64{"als": 2}},
		{Name: "ease", Is: ModelAdded, Changes: []Change{}, ToOffline: off(0.5)},
		{Name: "svd", Is: ModelRemoved, Changes: []Change{}, FromOffline: off(0.3)},
	}
	if !reflect.DeepEqual(d.Models, want) {
		t.Errorf("models: %+v, want %+v", d.Models, want)
	}
	if want := []FileDifference{{"a.bin", 10, -1}, {"b.bin", 20, 25}, {"d.bin", -1, 5}}; !slices.Equal(d.Files, want) {
		t.Errorf("files: %v, want %v", d.Files, want)
	}
}

// A bundle and what was laid over it differ by what was laid over it.
func TestComparePatched(t *testing.T) {
	s := shelf(t)
	m := put(t, s, counted(t))
	next, err := s.PutPatch(t.Context(), m.ID, Patch{
		Added:   []overlay.Added{{Movie: catalog.Movie{ID: "0", Title: "New"}, Vector: []float32{0.8, 0.6}}},
		Removed: []catalog.MovieID{"b"}, Hidden: []catalog.MovieID{"a"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var bundles []*Bundle
	for _, id := range []string{m.ID, next.ID} {
		b, err := s.Load(t.Context(), id, open)
		if err != nil {
			t.Fatal(err)
		}
		bundles = append(bundles, b)
	}
	d := compare(t, bundles[0], bundles[1], 5)
	if x := d.Movies; x.Added != 1 || x.FirstAdded[0].ID != "0" || x.Removed != 1 || x.FirstRemoved[0].ID != "b" || x.Same != 3 || x.Changed != 0 || x.Hidden != 1 {
		t.Errorf("movies: %+v", x)
	}
	if n := d.Neighbours; n.Compared != 2 || n.Moved != 2 || len(n.Most) != 2 || !slices.Equal(n.Most[0].Before, []catalog.MovieID{"c", "b"}) || !slices.Equal(n.Most[0].After, []catalog.MovieID{"0", "c"}) {
		t.Errorf("neighbours: %+v", n)
	}
}

func TestCompareCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Compare(ctx, counted(t), counted(t), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want cancelled", err)
	}
}

// BenchmarkCompare compares two bundles of 27,000 movies with 100 neighbours each.
func BenchmarkCompare(b *testing.B) {
	make27 := func(shift float32) *Bundle {
		var movies []catalog.Movie
		angles := make(map[catalog.MovieID]float32)
		for i := range 27_000 {
			m := catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%05d", i))}
			movies = append(movies, m)
			angles[m.ID] = float32(i)/1000 + shift*float32(i%7)
		}
		return cinema(b, movies, onCircle(angles))
	}
	x, y := make27(0), make27(0.001)
	for b.Loop() {
		if _, err := Compare(b.Context(), x, y, 20); err != nil {
			b.Fatal(err)
		}
	}
}
