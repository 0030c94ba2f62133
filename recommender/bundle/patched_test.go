package bundle

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/indexer/flat"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/precomputed"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

const worldDims = 4

// A near model scores movies by how near they are to the newest of a history, and
// takes in movies that come later.
type near struct{ vectors []float32 }

func (n *near) Len() int { return len(n.vectors) / worldDims }
func (n *near) Score(q model.Query, scores []float32) model.Basis {
	if len(q.Seen) == 0 {
		return model.None
	}
	row := int(q.Seen[0].Movie)
	vec.DotRows(scores, n.vectors[row*worldDims:][:worldDims], n.vectors)
	return model.Personal
}
func (n *near) Extend(rows []float32, _ int) (model.Model, error) {
	return &near{slices.Concat(n.vectors, rows)}, nil
}
func (n *near) WriteTo(w io.Writer) (int64, error) {
	var e column.Encoder
	e.Float32s(n.vectors)
	k, err := w.Write(e.Data)
	return int64(k), err
}

// world opens the bundles of these tests.
var world = Opener{
	Index: func(_ string, vecs []float32, dims int, _ []byte) (indexer.Index, error) { return flat.New(vecs, dims) },
	Kinds: append(slices.Clone(withKinds.Kinds), model.Kind{Name: "near", Read: func(stored []byte, base *model.Base) (model.Model, error) {
		d := column.NewDecoder(stored)
		n := &near{d.Float32s()}
		if len(n.vectors) != base.Movies*worldDims {
			return nil, fmt.Errorf("%d values for %d movies", len(n.vectors), base.Movies)
		}
		return n, d.Finish()
	}}),
}

// unit returns a vector of length 1, or of zeros.
func unit(r *rand.Rand) []float32 {
	v := make([]float32, worldDims)
	if r.IntN(12) == 0 {
		return v
	}
	sum := 0.0
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// film returns a movie with random facts.
func film(r *rand.Rand, id catalog.MovieID) catalog.Movie {
	m := catalog.Movie{
		ID: id, Title: fmt.Sprintf("%s %d", id, r.IntN(1000)), Year: 1950 + r.IntN(70), Adult: r.IntN(5) == 0,
		Genres: []string{"Drama", "Comedy", "War"}[:r.IntN(4)], Language: []string{"", "en", "fr"}[r.IntN(3)],
		Overview: fmt.Sprintf("Plot %d", r.IntN(1000)), VoteCount: r.IntN(3) * 100, VoteAverage: float64(r.IntN(11)),
	}
	if r.IntN(2) == 0 {
		m.ReleaseDate = fmt.Sprintf("%d-02-03", m.Year)
	}
	return m
}

// built returns a bundle of n movies, m00 and so on, of people who watched some of
// them, with models of every sort, and lists.
func built(t testing.TB, r *rand.Rand, n int) *Bundle {
	t.Helper()
	var movies []catalog.Movie
	var vecs []float32
	for i := range n {
		movies = append(movies, film(r, catalog.MovieID(fmt.Sprintf("m%02d", i))))
		vecs = append(vecs, unit(r)...)
	}
	rows, err := rank.NewMovies(movies)
	fatal(t, err)
	table, err := indexer.Neighbours(t.Context(), vecs, worldDims, 5, nil)
	fatal(t, err)
	index, err := flat.New(vecs, worldDims)
	fatal(t, err)
	b := sample(t)
	b.Manifest.Embedder.Dims, b.Manifest.Index.Kind = worldDims, "flat"
	b.Histories = &Histories{Scale: catalog.Scale5}
	var seen []catalog.UserSeen
	var lists column.Encoder
	var people []catalog.UserID
	starts, listed := []uint32{0}, []uint32(nil)
	for u := range 5 {
		id := catalog.UserID(fmt.Sprintf("u%d", u))
		people = append(people, id)
		var taste rank.Taste
		for _, row := range r.Perm(n)[:1+r.IntN(n)] {
			taste.Watched = append(taste.Watched, rank.Watched{Row: uint32(row), Preference: 40})
			seen = append(seen, catalog.UserSeen{User: id, Seen: catalog.Seen{Movie: movies[row].ID, Rated: true, Rating: 4}})
			listed = append(listed, uint32(row))
		}
		starts = append(starts, uint32(len(listed)))
		b.Histories.Add(id, taste)
	}
	b.Stats, err = rank.NewStats(movies, rows, func(yield func(catalog.UserSeen, error) bool) {
		for _, s := range seen {
			if !yield(s, nil) {
				return
			}
		}
	}, catalog.Scale5, b.Manifest.Ranking)
	fatal(t, err)
	b.Movies, b.Vectors, b.Table, b.Index = rows, vecs, table, index
	b.Manifest.Counts = Counts{Movies: n, Users: 5, Watched: len(b.Histories.Rows)}
	column.EncodeStrings(&lists, people)
	lists.Uint32s(starts)
	lists.Uint32s(listed)
	made, err := precomputed.Decode(lists.Data, n)
	fatal(t, err)
	b.Lists = map[string]*precomputed.Table{"near": made}
	deaf := make(plain, n)
	for i := range deaf {
		deaf[i] = r.Float32()
	}
	b.Models = []model.Named{{Name: "near", Model: &near{vecs}}, {Name: "deaf", Model: deaf}}
	b.Models = append(b.Models, model.Named{Name: "both", Model: sum{slices.Clone(b.Models)}})
	b.Models = append(b.Models, model.Named{Name: "near-precomputed", Model: precomputed.New(precomputed.Config{Lists: "near"}, b.Base(nil))})
	b.Manifest.Models = []Model{
		{Name: "near", Kind: "near", Lists: true}, {Name: "deaf", Kind: "plain"},
		{Name: "both", Kind: "sum", Parts: []string{"near", "deaf"}}, {Name: "near-precomputed", Kind: "precomputed", Parts: []string{"near"}},
	}
	b.Manifest.Arm = "near"
	return b
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A change is the newest one of a movie.
type change struct {
	movie catalog.MovieID
	added *overlay.Added // as it came last; nil if it only left
	gone  bool
}

// An expected is what is not as it was built, in memory.
type expected struct {
	changes []change // in the order of the first of each movie since it last left no trace
	stay    bool     // there are lists: rows stay
}

// lay lays one more change over e. built says whether the build has the movie.
func (e *expected) lay(c change, built bool) {
	i := slices.IndexFunc(e.changes, func(x change) bool { return x.movie == c.movie })
	switch {
	case i >= 0 && c.gone && !built && e.stay:
		e.changes[i].gone = true
	case i >= 0 && c.gone && !built:
		e.changes = slices.Delete(e.changes, i, i+1)
	case i >= 0:
		e.changes[i] = c
	case built || c.added != nil:
		e.changes = append(e.changes, c)
	}
}

// state returns b with those changes, and with what p says of editors.
func (e *expected) state(t *rapid.T, b *Bundle, p Patch) *overlay.State {
	var added []overlay.Added
	var removed []catalog.MovieID
	for _, c := range e.changes {
		if c.added != nil {
			added = append(added, *c.added)
		}
		if c.gone {
			removed = append(removed, c.movie)
		}
	}
	s, err := b.State()
	must(t, err)
	s, err = s.With(context.Background(), added)
	must(t, err)
	s, err = s.Without(context.Background(), removed)
	must(t, err)
	s, err = s.Hide(p.Hidden)
	must(t, err)
	s, err = s.Correct(p.Corrections)
	must(t, err)
	return s
}

// withoutLists returns b without lists and the model that serves them.
func withoutLists(b *Bundle) *Bundle {
	next := *b
	next.Lists, next.Models, next.Manifest.Models = nil, b.Models[:3], slices.Clone(b.Manifest.Models[:3])
	next.Manifest.Models[0].Lists = false
	return &next
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever is laid over a build, in however many patches, comes back as what the same
// changes give in memory, to the bit: movies, vectors, neighbours, statistics, models,
// lists and what the index finds. Written again, it is the same bundle.
func TestPatchesAreWhatOverlaysAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		s := shelf(t)
		s.disk = unsynced{}
		b := built(t, r, rapid.IntRange(3, 30).Draw(rt, "movies"))
		want := expected{stay: rapid.Bool().Draw(rt, "lists")}
		if !want.stay {
			b = withoutLists(b)
		}
		build := put(t, s, b)
		base, seen := build, map[string]bool{}
		b.Manifest = build
		for step := range rapid.IntRange(1, 4).Draw(rt, "patches") {
			p := drawPatch(rt, r, step, b.Movies.Len())
			for _, a := range p.Added {
				_, has := b.Movies.Row(a.Movie.ID)
				want.lay(change{movie: a.Movie.ID, added: &a}, has)
			}
			for _, id := range p.Removed {
				_, has := b.Movies.Row(id)
				want.lay(change{movie: id, gone: true}, has)
			}
			m, err := s.PutPatch(t.Context(), base.ID, p, func(m *Manifest) { m.Sequence = int64(step) })
			must(rt, err)
			stood := seen[m.ID] // then it is left as it is
			seen[m.ID] = true
			if m.Later.Base != build.ID || !stood && (m.Parent != base.ID || m.Sequence != int64(step)) {
				rt.Fatalf("manifest %+v, %+v", m, m.Later)
			}
			base = m
			state := want.state(rt, b, p)
			got, err := s.Load(t.Context(), m.ID, world)
			must(rt, err)
			sameAsState(rt, got, state, b)
			again, err := s.Put(t.Context(), got)
			must(rt, err)
			if again.ID != m.ID {
				rt.Fatalf("put again it is %s, want %s", again.ID, m.ID)
			}
		}
	})
}

// drawPatch returns a patch of a build of n movies: of these, and of x0 to x7.
func drawPatch(t *rapid.T, r *rand.Rand, step, n int) Patch {
	id := func(label string) catalog.MovieID {
		if rapid.Bool().Draw(t, label+" of the build") {
			return catalog.MovieID(fmt.Sprintf("m%02d", r.IntN(n)))
		}
		return catalog.MovieID(fmt.Sprintf("x%d", r.IntN(8)))
	}
	var p Patch
	added := map[catalog.MovieID]bool{}
	for range rapid.IntRange(0, 6).Draw(t, "added") {
		m := film(r, id("added"))
		p.Added = append(p.Added, overlay.Added{Movie: m, Vector: unit(r)})
		added[m.ID] = true
	}
	for range rapid.IntRange(0, 4).Draw(t, "removed") {
		if x := id("removed"); !added[x] {
			p.Removed = append(p.Removed, x)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "hidden") {
		p.Hidden = append(p.Hidden, id("hidden"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "corrections") {
		c := catalog.Correction{Movie: id("movie"), Other: id("other"), Kind: catalog.Block, At: time.Unix(int64(step), 5).UTC(), Note: "note"}
		if rapid.Bool().Draw(t, "pin") {
			c.Kind = catalog.Pin
		}
		p.Corrections = append(p.Corrections, c)
	}
	return p
}

// sameAsState checks that got is state, which was laid over build.
func sameAsState(t *rapid.T, got *Bundle, state *overlay.State, build *Bundle) {
	want := state.Snapshot
	loaded, err := got.State()
	must(t, err)
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"ids", got.Movies.IDs, want.Movies.IDs}, {"titles", got.Movies.Titles, want.Movies.Titles},
		{"years", got.Movies.Years, want.Movies.Years}, {"days", got.Movies.Released, want.Movies.Released},
		{"adult", got.Movies.Adult, want.Movies.Adult}, {"languages", got.Movies.Languages, want.Movies.Languages},
		{"documents", got.Movies.Documents, want.Movies.Documents}, {"gone", got.Movies.Gone, want.Movies.Gone},
		{"genres", fmt.Sprint(got.Movies.Genres), fmt.Sprint(want.Movies.Genres)},
		{"statistics", got.Stats, want.Stats},
		{"hidden", loaded.Hidden(), state.Hidden()}, {"corrections", loaded.Corrections(), state.Corrections()},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Fatalf("%s came back as %+v, want %+v", c.name, c.got, c.want)
		}
	}
	n, gone := want.Movies.Len(), 0
	for row := range uint32(n) {
		if !slices.Equal(got.Vector(row), state.Vector(row)) {
			t.Fatalf("vector of row %d is %v, want %v", row, got.Vector(row), state.Vector(row))
		}
		if !slices.Equal(got.Table.Of(row), state.Neighbours(row)) || !slices.Equal(loaded.Snapshot.Table.Of(row), want.Table.Of(row)) {
			t.Fatalf("neighbours of row %d: %v and %v, want %v and %v", row, got.Table.Of(row), loaded.Snapshot.Table.Of(row), state.Neighbours(row), want.Table.Of(row))
		}
		if want.Movies.IsGone(row) {
			gone++
		}
	}
	left := 0 // movies of the build
	for row := range uint32(build.Movies.Len()) {
		if want.Movies.IsGone(row) {
			left++
		}
	}
	if c := got.Manifest; c.Counts.Movies != n-gone || c.Later.Rows != n || c.Later.Removed != left || len(got.Vectors) != n*worldDims ||
		c.Later.Added != n-build.Movies.Len()-gone+left {
		t.Fatalf("%d movies, %d gone: manifest says %+v, %+v", n, gone, c.Counts, c.Later)
	}
	sameAnswers(t, got, loaded, state)
}

// sameAnswers checks that loaded, the state of got, lists and finds what state does.
func sameAnswers(t *rapid.T, got *Bundle, loaded, state *overlay.State) {
	n := state.Snapshot.Movies.Len()
	for _, u := range got.Histories.Users {
		taste, _ := got.Histories.Of(u)
		q := model.Query{User: catalog.User{ID: u}, Seen: taste.Seen}
		for i, m := range state.Snapshot.Arms.Models {
			a, b := make([]float32, n), make([]float32, n)
			if x, y := got.Models[i].Model.Score(q, a), m.Model.Score(q, b); x != y || !sameBits(a, b) {
				t.Fatalf("model %s: scores %v on %v, want %v on %v", m.Name, a, x, b, y)
			}
		}
		for _, arm := range state.Snapshot.Arms.Names() {
			r := rank.Request{User: catalog.User{ID: u}, Taste: taste, Arm: arm, N: 20, Now: time.Unix(2e9, 0), Adult: true}
			if a, b := loaded.Snapshot.Recommend(r), state.Snapshot.Recommend(r); !reflect.DeepEqual(a.Items, b.Items) {
				t.Fatalf("arm %s lists %+v, want %+v", arm, a.Items, b.Items)
			}
		}
	}
	for row := range uint32(n) {
		a, err := got.Index.Search(context.Background(), state.Vector(row), 7, nil)
		must(t, err)
		b, err := state.Index.Search(context.Background(), state.Vector(row), 7, nil)
		must(t, err)
		if !slices.Equal(a, b) {
			t.Fatalf("the index finds %v near row %d, want %v", a, row, b)
		}
	}
}

// sameBits compares scores, of which some are not numbers.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y })
}
