package pipeline_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/embedder"
	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// brute searches everything but the rows that it is blind to.
type brute struct {
	vectors []float32
	dims    int
	blind   func(row uint32) bool
}

func (x brute) Len() int  { return len(x.vectors) / x.dims }
func (x brute) Dims() int { return x.dims }

func (x brute) Search(_ context.Context, q []float32, k int, keep indexer.Keep) (hits []indexer.Hit, err error) {
	for row := range uint32(x.Len()) {
		if !indexer.ZeroRow(q, x.dims, 0) && !indexer.ZeroRow(x.vectors, x.dims, row) && !x.blind(row) && (keep == nil || keep(row)) {
			hits = append(hits, indexer.Hit{Row: row, Score: vec.Dot(q, x.vectors[int(row)*x.dims:][:x.dims])})
		}
	}
	slices.SortFunc(hits, func(a, b indexer.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
	})
	return hits[:min(k, len(hits))], nil
}

func (x brute) With(_ context.Context, later []indexer.Later) (indexer.Index, error) {
	next := brute{slices.Clone(x.vectors), x.dims, x.blind}
	for _, l := range later {
		if int(l.Row) == next.Len() {
			next.vectors = append(next.vectors, l.Vector...)
		} else {
			copy(next.vectors[int(l.Row)*x.dims:], l.Vector)
		}
	}
	return next, nil
}

// searching builds brute indexes that are blind to what it says.
type searching struct {
	blind func(row uint32) bool
	built int
}

func (*searching) Kind() string  { return "brute" }
func (*searching) Settings() any { return nil }
func (s *searching) Build(_ context.Context, vecs []float32, dims int, _ [][]uint32, _ pipeline.Progress) (indexer.Index, indexer.Measured, error) {
	s.built++
	return brute{vecs, dims, s.blind}, indexer.Measured{Backend: "brute", K: 20, Movies: 1, MovieQueries: 5, Profiles: 1, Floor: 0.98}, nil
}

func all(uint32) bool  { return true }
func none(uint32) bool { return false }

// A bench is a shelf with a bundle of a shop, and what brings it up to date.
type bench struct {
	*pipeline.Reindex
	shop    *shop
	shelf   *bundle.Shelf
	live    string
	options pipeline.Options
	letters *letters
	index   *searching
	opened  int
}

// newBench puts a bundle of s on a shelf, and makes a patch of any number of changes.
func newBench(t testing.TB, s *shop, change func(*pipeline.Options)) *bench {
	t.Helper()
	w := &bench{shop: s, letters: &letters{}, index: &searching{blind: none}}
	w.options = options(w.letters, nil)
	w.options.Backend = w.index
	if change != nil {
		change(&w.options)
	}
	w.Reindex = &pipeline.Reindex{
		Open:    func(context.Context) (embedder.Embedder, error) { w.opened++; return w.letters, nil },
		Backend: w.index, Most: 100, Now: func() time.Time { return opened.AddDate(1, 0, 0) },
		Progress: func(string, int, int) {}, Log: slog.New(slog.DiscardHandler), Program: bundle.Program{Version: "reindex"},
	}
	var err error
	if w.shelf, err = bundle.OpenShelf(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	b, err := pipeline.Build(t.Context(), s, w.options)
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.shelf.Put(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	w.live = m.ID
	w.letters.asked = 0
	return w
}

func (w *bench) opener(models bool) bundle.Opener {
	return bundle.Opener{Kinds: w.options.Kinds, NoModels: !models, Index: func(_ string, vecs []float32, dims int, _ []byte) (indexer.Index, error) {
		return brute{vecs, dims, w.index.blind}, nil
	}}
}

func (w *bench) load(t testing.TB, models bool) *bundle.Bundle {
	t.Helper()
	b, err := w.shelf.Load(t.Context(), w.live, w.opener(models))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reindex brings the live bundle up to date and makes the next one live.
func (w *bench) reindex(t testing.TB, scope pipeline.Scope) (bundle.Manifest, pipeline.Work) {
	t.Helper()
	b := w.load(t, true)
	m, work, err := w.Shelve(t.Context(), w.shelf, b, find(t, w.shop, b, scope), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.live = m.ID
	return m, work
}

// thirty is a bench of thirty movies.
func thirty(t testing.TB, change func(*pipeline.Options)) *bench {
	t.Helper()
	var titles []string
	for i := range 30 {
		titles = append(titles, title(i))
	}
	return newBench(t, newShop(titles...), change)
}

// Only what has another text is embedded; the manifest says what was laid over what, when
// and by what.
func TestReindex(t *testing.T) {
	w := thirty(t, nil)
	base := w.live
	w.shop.edit()
	m, work := w.reindex(t, pipeline.Scope{})
	if w.letters.asked != 2 || work.Embedded != 2 || work.Cached != 0 || w.index.built != 1 {
		t.Errorf("%d texts embedded, told as %d and %d cached; index built %d times; want 2, 2, 0 and once", w.letters.asked, work.Embedded, work.Cached, w.index.built)
	}
	if m.Parent != base || m.Sequence != 39 || m.Later == nil || m.Later.Base != base || m.Later.Added != 1 || m.Later.Changed != 2 || m.Later.Removed != 1 ||
		m.Counts.Movies != 30 || m.Program.Version != "reindex" || m.Program.Go == "" || !m.Created.Equal(opened.AddDate(1, 0, 0)) {
		t.Errorf("manifest %+v, later %+v", m, m.Later)
	}
	if q := m.Later.Measured; q == nil || q.Movies != 1 || q.MovieQueries < 20 || q.Floor != 0.98 {
		t.Errorf("measured %+v", q)
	}
	b := w.load(t, false)
	if row, known := b.Movies.Row("m06"); !known || !b.Movies.IsGone(row) {
		t.Error("a movie that left is still there")
	}
	if row, _ := b.Movies.Row("m04"); !b.Movies.Adult[row] {
		t.Error("a fact that changed is as it was")
	}
	if f := find(t, w.shop, b, pipeline.Scope{}); !f.Nothing(b) {
		t.Errorf("afterwards there is still something to do: %s", told(f))
	}
	// Looked at one by one, it is the same again.
	b.Manifest.Sequence = 0
	if f := find(t, w.shop, b, pipeline.Scope{}); !f.Nothing(b) || f.How != pipeline.ByAll {
		t.Errorf("afterwards everything together differs: %s", told(f))
	}
}

// When nothing has changed there is no bundle, and nobody opens an embedder.
func TestReindexOfNothing(t *testing.T) {
	w := thirty(t, nil)
	b := w.load(t, true)
	w.shop.put(w.shop.movies[3])
	f := find(t, w.shop, b, pipeline.Scope{})
	if _, _, err := w.Shelve(t.Context(), w.shelf, b, f, nil); !errors.Is(err, pipeline.ErrNothing) {
		t.Errorf("error %v, want that nothing has changed", err)
	}
	if _, _, _, err := w.Whole(t.Context(), b, f); !errors.Is(err, pipeline.ErrNothing) {
		t.Errorf("anew: error %v, want that nothing has changed", err)
	}
	if list, err := w.shelf.List(); err != nil || len(list) != 1 || w.opened != 0 {
		t.Errorf("%d bundles, %v; embedder opened %d times", len(list), err, w.opened)
	}
	movie := w.shop.movies[3]
	movie.Adult = true
	w.shop.put(movie)
	if m, work := w.reindex(t, pipeline.Scope{}); w.opened != 0 || work.Embedded != 0 || m.Later.Changed != 1 {
		t.Errorf("facts alone: embedder opened %d times for %d texts, %+v", w.opened, work.Embedded, m.Later)
	}
	w.shop.put(catalog.Movie{ID: "blank"})
	if m, _ := w.reindex(t, pipeline.Scope{}); w.opened != 0 || m.Counts.Empty != 1 {
		t.Errorf("a movie without a text: embedder opened %d times, %d empty", w.opened, m.Counts.Empty)
	}
}

// A closing embedder counts how often it was closed.
type closing struct {
	*letters
	revision string
	closed   *int
}

func (c closing) ID() embedder.ID {
	id := c.letters.ID()
	id.Revision = c.revision
	return id
}

func (c closing) Close() error { *c.closed++; return nil }

// An embedder of another space is refused, and let go of like any other.
func TestReindexRefusesAnotherSpace(t *testing.T) {
	w := thirty(t, nil)
	w.shop.edit()
	b := w.load(t, true)
	f := find(t, w.shop, b, pipeline.Scope{})
	closed := 0
	w.Open = func(context.Context) (embedder.Embedder, error) { return closing{w.letters, "2", &closed}, nil }
	_, _, _, err := w.Patch(t.Context(), b, f)
	if !errors.Is(err, embedder.ErrSpace) || !strings.Contains(err.Error(), "marquee build") || w.letters.asked != 0 {
		t.Errorf("error %v, want one of the space; %d texts embedded", err, w.letters.asked)
	}
	if _, _, _, err := w.Whole(t.Context(), b, f); !errors.Is(err, embedder.ErrSpace) {
		t.Errorf("anew: error %v, want one of the space", err)
	}
	w.Open = func(context.Context) (embedder.Embedder, error) { return closing{w.letters, "1", &closed}, nil }
	if _, _, _, err := w.Patch(t.Context(), b, f); err != nil || closed != 3 {
		t.Errorf("%v; closed %d times, want 3", err, closed)
	}
	w.Open = func(context.Context) (embedder.Embedder, error) { return nil, catalog.ErrUnavailable }
	if _, _, _, err := w.Patch(t.Context(), b, f); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("error %v, want that it is away", err)
	}
}

// A vectorCache keeps vectors in memory.
type vectorCache struct {
	kept  map[catalog.VectorKey][]float32
	asked int
}

func (c *vectorCache) Vectors(_ context.Context, keys []catalog.VectorKey) (map[catalog.VectorKey][]float32, error) {
	c.asked++
	return c.kept, nil
}

func (c *vectorCache) PutVectors(_ context.Context, vecs []catalog.Vector) error {
	for _, v := range vecs {
		c.kept[v.Key] = v.Values
	}
	return nil
}

// What was embedded before comes from the cache, unless all is to be made anew, and that
// is kept.
func TestReindexCache(t *testing.T) {
	w := thirty(t, nil)
	cache := &vectorCache{kept: map[catalog.VectorKey][]float32{}}
	w.Cache = cache
	w.shop.edit()
	b := w.load(t, true)
	f := find(t, w.shop, b, pipeline.Scope{})
	for i, want := range []int{2, 0} {
		if _, _, work, err := w.Patch(t.Context(), b, f); err != nil || work.Embedded != want || work.Cached != 2-want {
			t.Errorf("run %d: %v, %+v; want %d embedded", i, err, work, want)
		}
	}
	before, asked := w.letters.asked, cache.asked
	m, work := w.reindex(t, pipeline.Scope{All: true})
	if work.Embedded != 30 || w.letters.asked-before != 30 || cache.asked != asked || len(cache.kept) != 30 || w.index.built != 2 {
		t.Errorf("all anew: %+v, %d asked of the cache, %d kept, index built %d times", work, cache.asked-asked, len(cache.kept), w.index.built)
	}
	if m.Sequence != 39 || m.Counts.Movies != 30 {
		t.Errorf("manifest %+v", m)
	}
}

// A movie that left and comes back as it was has its vector again.
func TestReindexOfWhatComesBack(t *testing.T) {
	w := thirty(t, nil)
	was := neighboursOf(w.load(t, false))
	movie := w.shop.movies[7]
	w.shop.drop(movie.ID)
	w.reindex(t, pipeline.Scope{})
	w.shop.put(movie)
	b := w.load(t, true)
	if got := told(find(t, w.shop, b, pipeline.Scope{})); got != "+[m07] ~[] =[] -[] of 1 by changes to 32" {
		t.Errorf("found %s", got)
	}
	w.reindex(t, pipeline.Scope{})
	if got := neighboursOf(w.load(t, false)); !reflect.DeepEqual(got["m07"], was["m07"]) || len(got) != 30 {
		t.Errorf("neighbours %v, want %v again", got["m07"], was["m07"])
	}
}

// Beyond a share, which counts what earlier patches laid over the build, index and table
// are built anew.
func TestLarge(t *testing.T) {
	found := func(n int) pipeline.Found { return pipeline.Found{Facts: make([]catalog.Movie, n)} }
	r := pipeline.Reindex{Most: 0.2}
	m := bundle.Manifest{Counts: bundle.Counts{Movies: 100}}
	if r.Large(m, found(20)) || !r.Large(m, found(21)) || !r.Large(m, pipeline.Found{Whole: true}) {
		t.Error("20 of 100 are a patch, 21 and all are not")
	}
	m.Counts.Movies, m.Later = 105, &bundle.Later{Rows: 110, Added: 10, Changed: 2, Removed: 5}
	if r.Large(m, found(3)) || !r.Large(m, found(4)) {
		t.Error("17 of 100 are laid over already: 3 more are a patch, 4 are not")
	}
	m.Later.Rows += 2 // came and left again
	if r.Large(m, found(1)) || !r.Large(m, found(2)) {
		t.Error("19 rows of 100 are laid over already: 1 more is a patch, 2 are not")
	}
}

// The recall of a patch is measured on what came later: an index that never finds it is
// told of, and the gate refuses it.
func TestReindexMeasuresTheIndex(t *testing.T) {
	w := thirty(t, nil)
	w.index.blind = func(row uint32) bool { return row >= 30 }
	for i := range 6 {
		w.shop.put(catalog.Movie{ID: catalog.MovieID(fmt.Sprint("new", i)), Title: title(i) + "z"})
	}
	m, _ := w.reindex(t, pipeline.Scope{})
	if m.Later.Measured == nil || m.Later.Measured.Movies > 0.95 {
		t.Fatalf("measured %+v, want a miss of every new movie", m.Later.Measured)
	}
	gates, err := pipeline.DefaultGates().Check(m, nil)
	if !errors.Is(err, pipeline.ErrGate) || gates[0].Value != m.Later.Measured.Movies {
		t.Errorf("gates %+v, %v", gates[0], err)
	}
	measured := *m.Later.Measured
	w.shop.put(catalog.Movie{ID: "m01", Title: title(1), Adult: true})
	if m, _ = w.reindex(t, pipeline.Scope{}); m.Later.Measured == nil || *m.Later.Measured != measured {
		t.Errorf("facts alone: measured %+v, want what was before", m.Later.Measured)
	}
	w.index.blind = all
	w.shop.drop("m02")
	if m, _ = w.reindex(t, pipeline.Scope{}); m.Later.Measured == nil || m.Later.Measured.Movies != 0 {
		t.Errorf("a movie left: measured %+v, want nothing found", m.Later.Measured)
	}
}

// neighboursOf returns the neighbours of every movie that is there, by ids.
func neighboursOf(b *bundle.Bundle) map[catalog.MovieID][]string {
	out := make(map[catalog.MovieID][]string)
	for row, id := range b.Movies.IDs {
		if b.Movies.IsGone(uint32(row)) {
			continue
		}
		list := []string{}
		for _, n := range b.Table.Of(uint32(row)) {
			list = append(list, fmt.Sprintf("%.5f %s", n.Score, b.Movies.IDs[n.Row]))
		}
		slices.SortFunc(list, func(a, b string) int { return strings.Compare(b, a) }) // ties by id, whatever the rows
		out[id] = list
	}
	return out
}

// Whatever changes, in whatever steps, by patches and anew: a bundle that was reindexed
// has the neighbours, the facts and the hidden movies of one that was built from the
// same catalog.
func TestReindexIsABuild(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // each writes some bundles
		if err := f.Value.Set("25"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		var titles []string
		for i := range 12 {
			titles = append(titles, title(i))
		}
		w := newBench(t, newShop(titles...), func(o *pipeline.Options) { o.Neighbour = 30 }) // no list has an end that matters
		next := 0
		for range rapid.IntRange(1, 4).Draw(rt, "steps") {
			for range rapid.IntRange(0, 4).Draw(rt, "changes") {
				n := rapid.IntRange(0, 15).Draw(rt, "movie")
				id := catalog.MovieID(fmt.Sprintf("m%02d", n))
				switch rapid.IntRange(0, 6).Draw(rt, "kind") {
				case 0:
					w.shop.drop(id)
				case 1:
					w.shop.put(catalog.Movie{ID: id, Title: title(100), Adult: rapid.Bool().Draw(rt, "adult")})
				case 2:
					w.shop.put(catalog.Movie{ID: id})
				case 3: // as it was at first, perhaps after it left
					w.shop.put(catalog.Movie{ID: id, Title: title(n)})
				case 4:
					w.shop.drop(id)
				default:
					next++
					w.shop.put(catalog.Movie{ID: id, Title: title(200 + next), Genres: []string{"Drama"}, Year: 1990 + next})
				}
			}
			if len(w.shop.movies) == 0 {
				return
			}
			w.Most = rapid.SampledFrom([]float64{100, 0}).Draw(rt, "most")
			b := w.load(t, true)
			m, _, err := w.Shelve(t.Context(), w.shelf, b, find(t, w.shop, b, pipeline.Scope{All: rapid.IntRange(0, 9).Draw(rt, "all") == 0}), nil)
			switch {
			case errors.Is(err, pipeline.ErrNothing):
				continue
			case err != nil:
				rt.Fatal(err)
			}
			w.live = m.ID
		}
		got := w.load(t, true)
		want, err := pipeline.Build(t.Context(), w.shop, w.options)
		if err != nil {
			rt.Fatal(err)
		}
		if g, h := neighboursOf(got), neighboursOf(want); !reflect.DeepEqual(g, h) {
			rt.Fatalf("neighbours %v\nwant %v", g, h)
		}
		if got.Manifest.Counts.Movies != want.Manifest.Counts.Movies || got.Manifest.Counts.Empty != want.Manifest.Counts.Empty {
			rt.Fatalf("counts %+v, want %+v", got.Manifest.Counts, want.Manifest.Counts)
		}
		for _, m := range w.shop.movies {
			x, known := got.Movies.Row(m.ID)
			y, _ := want.Movies.Row(m.ID)
			if !known || !got.Movies.Same(x, m) || got.Movies.Documents[x] != want.Movies.Documents[y] || !slices.Equal(got.Vector(x), want.Vector(y)) {
				rt.Fatalf("movie %s is not as the catalog has it", m.ID)
			}
			hits, err := got.Index.Search(t.Context(), got.Vector(x), 1, nil)
			if err != nil || len(hits) > 0 && hits[0].Score < 0.9999 || len(hits) == 0 && m.Title != "" {
				rt.Fatalf("movie %s is not found by its own vector: %v, %v", m.ID, hits, err)
			}
		}
	})
}

// What editors said goes with a reindex, and alone is enough for one; a catalog that keeps
// no such thing takes nothing away.
func TestReindexOfEditorial(t *testing.T) {
	w := thirty(t, nil)
	e := &editedShop{shop: w.shop, edited: edited{hidden: []catalog.MovieID{"m03"}, corrections: []catalog.Correction{{Movie: "m01", Other: "m09", Kind: catalog.Pin, At: opened}}}}
	b := w.load(t, false)
	f, err := pipeline.Find(t.Context(), e, b.Manifest, b.Movies, pipeline.Scope{})
	if err != nil || f.Nothing(b) {
		t.Fatalf("%v; a movie was hidden and that is nothing", err)
	}
	m, _, err := w.Shelve(t.Context(), w.shelf, b, f, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.live = m.ID
	b = w.load(t, true)
	if !slices.Equal(b.Hidden, e.edited.hidden) || len(b.Corrections) != 1 {
		t.Errorf("hidden %v, corrections %v", b.Hidden, b.Corrections)
	}
	if f, err = pipeline.Find(t.Context(), e, b.Manifest, b.Movies, pipeline.Scope{}); err != nil || !f.Nothing(b) {
		t.Errorf("%v; hidden already, and still something to do", err)
	}
	w.shop.edit()
	for _, most := range []float64{100, 0} {
		w.Most = most
		w.reindex(t, pipeline.Scope{All: true})
		if b := w.load(t, true); len(b.Hidden) != 1 || len(b.Corrections) != 1 {
			t.Errorf("share %v: a catalog without hidden movies took them away", most)
		}
	}
}

// An editedShop is a shop with hidden movies and corrections.
type editedShop struct {
	*shop
	edited edited
}

// A store is such a catalog.
var _ pipeline.Catalog = (*sqlstore.Store)(nil)

func (e *editedShop) Hidden(ctx context.Context) ([]catalog.Hidden, error) {
	return e.edited.Hidden(ctx)
}

func (e *editedShop) Corrections(ctx context.Context, m catalog.MovieID) ([]catalog.Correction, error) {
	return e.edited.Corrections(ctx, m)
}

// modelled is a bench of a world with models.
func modelled(t testing.TB) *bench {
	t.Helper()
	s := &shop{store: storeOf(modeltest.World(1, 80, 60))}
	for _, m := range s.movies {
		s.note(catalog.ChangeMovie, string(m.ID))
	}
	return newBench(t, s, func(o *pipeline.Options) {
		from := modelOptions(t, append(slices.Clone(someSpecs), spec("people", "userknn", ""))...)
		o.Kinds, o.Models, o.Arm, o.Ranking = from.Kinds, from.Models, "mix", from.Ranking
	})
}

// Models go on as they were, and list new movies and none that left, whether these were
// laid over or the index was built anew; a reindex of a reindex too.
func TestReindexKeepsModels(t *testing.T) {
	for _, most := range []float64{100, 0} {
		w := modelled(t)
		w.Most = most
		first := w.load(t, true)
		gone := first.Movies.IDs[5]
		w.shop.put(catalog.Movie{ID: "zz-new", Title: title(5)})
		w.shop.drop(gone)
		w.reindex(t, pipeline.Scope{})
		w.shop.put(catalog.Movie{ID: "a-new", Title: title(9)})
		m, _ := w.reindex(t, pipeline.Scope{})
		b := w.load(t, true)
		if len(b.Models) != 6 || m.Arm != "mix" || len(b.Lists) != 1 || m.Counts.Movies != 61 || len(m.Models) != 6 {
			t.Fatalf("share %v: %d models, arm %s, %d lists, %d movies", most, len(b.Models), m.Arm, len(b.Lists), m.Counts.Movies)
		}
		before, err := first.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		after, err := b.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		same := 0
		for _, u := range b.Histories.Users {
			taste, _ := b.Histories.Of(u)
			r := rank.Request{Taste: taste, User: catalog.User{ID: u}, N: 20, Now: time.Now(), Adult: true, Arm: "als"}
			old, now := before.Recommend(r), after.Recommend(r)
			if slices.ContainsFunc(now.Items, func(i rank.Item) bool { return b.Movies.IDs[i.Row] == gone }) {
				t.Fatalf("share %v: %s gets a movie that left", most, u)
			}
			for _, i := range now.Items {
				if slices.ContainsFunc(old.Items, func(j rank.Item) bool { return first.Movies.IDs[j.Row] == b.Movies.IDs[i.Row] }) {
					same++
				}
			}
		}
		if share := float64(same) / 20 / float64(len(b.Histories.Users)); share < 0.8 {
			t.Errorf("share %v: %.2f of the lists of als are as before, want most", most, share)
		}
	}
	w := modelled(t)
	w.shop.put(catalog.Movie{ID: "zz-new", Title: title(5)})
	b := w.load(t, false)
	if _, _, _, err := w.Whole(t.Context(), b, find(t, w.shop, b, pipeline.Scope{})); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("anew without models: %v, want invalid", err)
	}
}

// The manifest is shown before it is written; gates stand in it, whichever way it was
// made.
func TestShelveShowsTheManifest(t *testing.T) {
	for _, most := range []float64{100, 0} {
		w := thirty(t, nil)
		w.Most = most
		base := w.live
		w.shop.edit()
		b := w.load(t, true)
		var gates []bundle.Gate
		m, _, err := w.Shelve(t.Context(), w.shelf, b, find(t, w.shop, b, pipeline.Scope{}), func(m *bundle.Manifest) {
			var err error
			if gates, err = pipeline.DefaultGates().Check(*m, &b.Manifest); err != nil {
				t.Errorf("gates: %v", err)
			}
			m.Gates = gates
		})
		if err != nil {
			t.Fatal(err)
		}
		if stored, err := w.shelf.Manifest(m.ID); err != nil || !reflect.DeepEqual(stored.Gates, gates) || stored.Parent != base || stored.Counts.Movies != 30 {
			t.Errorf("share %v: %v, gates %+v, parent %s, %d movies", most, err, stored.Gates, stored.Parent, stored.Counts.Movies)
		}
	}
}

// A preview says what a reindex would do, and does nothing; it is the same whether the
// index would be built anew or not.
func TestPreview(t *testing.T) {
	w := thirty(t, func(o *pipeline.Options) { o.Neighbour = 30 })
	w.shop.edit()
	b := w.load(t, false)
	f := find(t, w.shop, b, pipeline.Scope{})
	p, err := w.Preview(t.Context(), b, f, 5)
	if err != nil {
		t.Fatal(err)
	}
	w.Most = 0
	anew, err := w.Preview(t.Context(), b, f, 5)
	if err != nil {
		t.Fatal(err)
	}
	p.Work, anew.Work = pipeline.Work{}, pipeline.Work{}
	if list, err := w.shelf.List(); err != nil || len(list) != 1 {
		t.Errorf("%d bundles after a preview, %v", len(list), err)
	}
	if fmt.Sprint(p.Added, p.Changed, p.Facts, p.Removed) != fmt.Sprint([]pipeline.Named{{"m40", "new"}}, []pipeline.Named{{"m03", "a third title"}},
		[]pipeline.Named{{"m04", title(4)}}, []pipeline.Named{{"m06", title(6)}}) {
		t.Errorf("preview %+v", p)
	}
	if p.Affected == 0 || len(p.Moved) == 0 || len(p.Moved) > 5 || p.Moved[0].Movie != "m03" {
		t.Fatalf("%d affected, moved %+v; want the edited movie first", p.Affected, p.Moved)
	}
	for i, m := range p.Moved {
		if i > 0 && m.Overlap < p.Moved[i-1].Overlap || m.Overlap >= 1 {
			t.Errorf("overlap %v stands behind %v", m.Overlap, p.Moved[max(0, i-1)].Overlap)
		}
	}
	// Against the truth: the first neighbours before and after, by another way.
	w.Most = 100
	w.reindex(t, pipeline.Scope{})
	after := w.load(t, false)
	m := p.Moved[0]
	row, _ := after.Movies.Row(m.Movie)
	kept := 0
	for i, n := range after.Table.Of(row)[:len(m.After)] {
		if m.After[i].Movie != after.Movies.IDs[n.Row] {
			t.Errorf("neighbour %d is %s, foreseen was %s", i, after.Movies.IDs[n.Row], m.After[i].Movie)
		}
		if slices.ContainsFunc(m.Before, func(x pipeline.Named) bool { return x == m.After[i] }) {
			kept++
		}
	}
	if want := float64(kept) / float64(max(len(m.After), len(m.Before))); math.Abs(m.Overlap-want) > 1e-9 {
		t.Errorf("overlap %v, want %v", m.Overlap, want)
	}
	if !reflect.DeepEqual(anew, p) {
		t.Errorf("anew: %+v, want %+v", anew, p)
	}
}

func TestReindexStopsWhenItIsToldTo(t *testing.T) {
	w := thirty(t, nil)
	w.shop.edit()
	b := w.load(t, true)
	f := find(t, w.shop, b, pipeline.Scope{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.Shelve(ctx, w.shelf, b, f, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}
