package trace_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/embedder"
	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
	"marquee/recommender/trace"
)

const dims = 32

// embed gives a text the normed sum of a vector a word, by the kernels in use.
func embed(_ context.Context, texts []string) ([]float32, error) {
	out := make([]float32, 0, len(texts)*dims)
	for _, text := range texts {
		row := make([]float32, dims)
		for _, c := range strings.ToLower(text) {
			r := rand.New(rand.NewPCG(uint64(c), 1))
			for j := range row {
				row[j] += r.Float32() - 0.5
			}
		}
		vec.Normalize(row)
		out = append(out, row...)
	}
	return out, nil
}

// film returns a movie whose text is word.
func film(id, word string) catalog.Movie {
	return catalog.Movie{ID: catalog.MovieID(id), Title: word}
}

// made returns a bundle of movies, ascending by id.
func made(t *testing.T, movies ...catalog.Movie) *bundle.Bundle {
	t.Helper()
	var texts []string
	for _, m := range movies {
		texts = append(texts, embedder.Document(m))
	}
	vecs, err := embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	table, err := indexer.Neighbours(t.Context(), vecs, dims, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rank.DefaultConfig()
	stats, err := rank.NewStats(movies, rows, func(func(catalog.UserSeen, error) bool) {}, catalog.Scale5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	id := embedder.ID{Model: "sum", Revision: "1", Dims: dims, Precision: "f32"}
	return &bundle.Bundle{
		Manifest: bundle.Manifest{ID: "0123456789abcdef", Scale: catalog.Scale5, Ranking: cfg, Embedder: id},
		Movies:   rows, Vectors: vecs, Table: table, Stats: stats, Histories: &bundle.Histories{},
	}
}

// A version is a movie from a change on; without an id it was removed.
type version struct {
	since int64
	movie catalog.Movie
}

// A world is a store, and a server that lays on its changes when it is told to.
type world struct {
	t        *testing.T
	bundle   *bundle.Bundle
	changes  []catalog.Change
	versions map[catalog.MovieID][]version
	hidden   []catalog.MovieID

	state *overlay.State
	seq   int64
}

var films = []catalog.Movie{film("a", "aaab"), film("b", "abbb"), film("c", "ccab"), film("y", "yyyz"), film("z", "zzzy")}

func newWorld(t *testing.T) *world {
	w := &world{t: t, bundle: made(t, films...), versions: map[catalog.MovieID][]version{}}
	for _, m := range films {
		w.versions[m.ID] = []version{{0, m}}
	}
	w.restart()
	return w
}

// must ends the test after an error.
func (w *world) must(s *overlay.State, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	w.state = s
}

// restart begins with the bundle anew.
func (w *world) restart() {
	w.must(w.bundle.State())
	w.seq = 0
}

func (w *world) ChangesSince(_ context.Context, seq int64, limit int) ([]catalog.Change, error) {
	var out []catalog.Change
	for _, c := range w.changes {
		if c.Seq > seq && len(out) < limit {
			out = append(out, c)
		}
	}
	return out, nil
}

func (w *world) MovieAt(_ context.Context, id catalog.MovieID, seq int64) (catalog.Movie, error) {
	for _, v := range slices.Backward(w.versions[id]) {
		if v.since <= seq && v.movie.ID != "" {
			return v.movie, nil
		} else if v.since <= seq {
			break
		}
	}
	return catalog.Movie{}, fmt.Errorf("movie %q: %w", id, catalog.ErrNotFound)
}

var began = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func (w *world) now() time.Time { return began.Add(time.Duration(len(w.changes)) * time.Second) }

// tell adds a change to the log.
func (w *world) tell(kind catalog.ChangeKind, subject catalog.MovieID) int64 {
	seq := int64(len(w.changes) + 1)
	w.changes = append(w.changes, catalog.Change{Seq: seq, At: w.now(), Kind: kind, Subject: string(subject)})
	return seq
}

func (w *world) put(m catalog.Movie) {
	w.versions[m.ID] = append(w.versions[m.ID], version{w.tell(catalog.ChangeMovie, m.ID), m})
}

func (w *world) remove(id catalog.MovieID) {
	w.versions[id] = append(w.versions[id], version{since: w.tell(catalog.ChangeMovie, id)})
}

// hide hides exactly ids, in the store and, as that waits for nothing, on the server.
func (w *world) hide(ids ...catalog.MovieID) {
	w.t.Helper()
	for _, id := range w.hidden {
		w.tell(catalog.ChangeUnhide, id)
	}
	for _, id := range ids {
		w.tell(catalog.ChangeHide, id)
	}
	w.hidden = ids
	w.must(w.state.Hide(ids))
}

// lay lets the server lay on a movie as it is now, or take it off.
func (w *world) lay(ids ...catalog.MovieID) {
	w.t.Helper()
	for _, id := range ids {
		m, err := w.MovieAt(w.t.Context(), id, int64(len(w.changes)))
		if err != nil {
			w.must(w.state.Without(w.t.Context(), []catalog.MovieID{id}))
			continue
		}
		v, err := embed(w.t.Context(), []string{embedder.Document(m)})
		if err != nil {
			w.t.Fatal(err)
		}
		w.must(w.state.With(w.t.Context(), []overlay.Added{{Movie: m, Vector: v}}))
	}
}

// serve lists movies for somebody who watched some.
func (w *world) serve(watched ...catalog.MovieID) (catalog.Exposure, trace.Input) {
	return w.serveAs(trace.Input{N: 10}, watched...)
}

// serveAs lists movies as asked tells.
func (w *world) serveAs(asked trace.Input, watched ...catalog.MovieID) (catalog.Exposure, trace.Input) {
	snap := w.state.Snapshot
	in := asked
	in.Now, in.Kernel, in.Rows, in.Fingerprint = w.now(), vec.Path(), snap.Movies.Len(), w.state.Fingerprint()
	for _, id := range watched {
		if row, known := snap.Movies.Row(id); known {
			in.Watched = append(in.Watched, rank.Watched{Row: row, Preference: 50})
			in.Seen = append(in.Seen, model.Seen{Movie: row, Rated: true, Rating: 5})
		}
	}
	e := catalog.Exposure{Bundle: w.bundle.Manifest.ID, Sequence: w.seq, At: w.now().Add(time.Millisecond)}
	list := snap.Recommend(rank.Request{
		Taste: in.Taste(), N: in.N, Now: in.Now, Arm: in.Arm, Knobs: in.Knobs, Seed: in.Seed, Opinions: in.Opinions, Shown: in.Shown,
	})
	for _, item := range list.Items {
		e.Movies = append(e.Movies, catalog.Exposed{Movie: snap.Movies.IDs[item.Row]})
		in.Scores = append(in.Scores, item.Score)
	}
	return e, in
}

// replay makes a list anew, from what was packed.
func (w *world) replay(e catalog.Exposure, in trace.Input) error {
	w.t.Helper()
	in, err := trace.Unpack(in.Pack())
	if err != nil {
		w.t.Fatal(err)
	}
	restore, err := trace.Use(in.Kernel)
	if err != nil {
		return err
	}
	defer restore()
	s, err := trace.StateAt(w.t.Context(), w.bundle, w, e, in, embed)
	if err != nil {
		return err
	}
	list, err := trace.Replay(s, in, "")
	if err != nil {
		return err
	}
	return trace.Same(s, list, e, in)
}

// again checks that what is served now is made anew.
func (w *world) again(what string, watched ...catalog.MovieID) {
	w.t.Helper()
	e, in := w.serve(watched...)
	if err := w.replay(e, in); err != nil {
		w.t.Errorf("%s: %v", what, err)
	}
}

// lost checks that what is served now is known not to be what the log tells.
func (w *world) lost(what string, watched ...catalog.MovieID) {
	w.t.Helper()
	e, in := w.serve(watched...)
	if err := w.replay(e, in); !errors.Is(err, trace.ErrLost) {
		w.t.Errorf("%s: %v, want that it is lost", what, err)
	}
}

// A movie that came after the bundle and left keeps its row on the servers that had it,
// and has none on those that began later.
func TestMoviesThatCameAndLeft(t *testing.T) {
	w := newWorld(t)
	w.again("nothing changed", "a")
	w.put(film("k", "kkkk"))
	w.lay("k")
	w.seq = 1
	w.again("k came", "k", "a")
	w.remove("k")
	w.lay("k")
	w.seq = 2
	w.again("k left", "a")
	w.put(film("n", "zzzy"))
	w.put(film("o", "aaay"))
	w.lay("n", "o")
	w.seq = 4
	w.again("n and o came behind it", "n", "a", "o")
	w.put(film("b", "zabc"))
	w.put(film("n", "nnnn"))
	w.remove("c")
	w.lay("b", "n", "c")
	w.seq = 7
	w.again("edits, and one of the bundle left", "n", "b", "a")
	e, in := w.serve("n")
	w.restart()
	w.lay("n", "o", "b", "c")
	w.seq = 7
	w.again("a server that began later", "o", "n")
	if err := w.replay(e, in); err != nil {
		t.Errorf("of the one before: %v", err)
	}
	w.put(film("k", "kkkz"))
	w.lay("k")
	w.seq = 8
	w.lost("k came back behind n, where on another server it stands before it", "o", "n")
}

// All that a list depends on is in its input: knobs of an experiment, what was drawn,
// opinions, and what was shown before.
func TestReplayOfKnobs(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.bundle = made(t, append(slices.Clone(films), many(i)...)...)
		w.restart()
		k := rank.DefaultKnobs()
		k.Diversity, k.Popularity, k.Rotate = 0.4, -0.2, 0.1
		if i%2 == 0 {
			k.Explore = 0.5
		}
		asked := trace.Input{
			N: 4, Seed: uint64(i), Knobs: &k, Arm: rank.ArmFeatures,
			Opinions: rank.Opinions{Disliked: []uint32{1}, Dismissed: []uint32{2}, Liked: []uint32{3}},
			Shown:    []rank.Shown{{Row: 4, Times: 3}, {Row: 5, Times: 9}},
		}
		e, in := w.serveAs(asked, "a")
		if err := w.replay(e, in); err != nil {
			t.Errorf("seed %d: %v", i, err)
		}
	}
	k := rank.DefaultKnobs()
	k.Explore = 0.5
	e, in := w.serveAs(trace.Input{N: 4, Seed: 7, Knobs: &k}, "a")
	other := 0
	for seed := range uint64(20) {
		in.Seed = seed
		if w.replay(e, in) != nil {
			other++
		}
	}
	if other == 0 {
		t.Error("20 other seeds draw the same list: nothing is drawn")
	}
	in.Opinions.Disliked = []uint32{1 << 30}
	if err := w.replay(e, in); !errors.Is(err, trace.ErrLost) {
		t.Errorf("an opinion of a movie that is not there: %v, want lost", err)
	}
}

// many returns movies behind those of films.
func many(n int) []catalog.Movie {
	var out []catalog.Movie
	for i := range 12 + n {
		out = append(out, film(fmt.Sprintf("z%02d", i), strings.Repeat(string(rune('a'+i%7)), 1+i%5)))
	}
	return out
}

// What editors say holds before movies that wait.
func TestHiddenWhileMoviesWait(t *testing.T) {
	w := newWorld(t)
	w.put(film("q", "zzzy")) // cannot be embedded
	w.hide("z")
	w.again("hidden while q waits", "y")
	w.hide("z", "b")
	e, in := w.serve("y", "a")
	w.hide()
	w.again("shown again while q waits", "y")
	if err := w.replay(e, in); err != nil {
		t.Errorf("the list before: %v", err)
	}
	w.put(film("r", "aaac"))
	w.lay("r")
	w.lost("r is laid on while q waits", "r", "a")
	w.remove("c")
	w.lay("c")
	w.lost("c left while q waits", "a")
	w.restart()
	w.must(w.state.Hide([]catalog.MovieID{"a"}))
	w.lost("hidden, and no change tells of it")
	w.restart()
	w.seq = int64(len(w.changes))
	w.lost("q and r were left out", "a")
}

// Right after a swap what editors say now is laid over a bundle of before.
func TestHiddenAfterASwap(t *testing.T) {
	w := newWorld(t)
	w.hide("z")
	w.put(film("n", "zzzy"))
	w.hide("z", "a")
	w.restart()
	w.must(w.state.Hide(w.hidden))
	w.again("just after a swap", "b")
}

// Whatever an input says, a replay gives an error and no panic.
func TestReplayOfForeignRows(t *testing.T) {
	w := newWorld(t)
	w.put(film("n", "zzzy"))
	w.lay("n")
	w.seq = 1
	e, in := w.serve("n", "a")
	e.Sequence = 0
	in.Rows, in.Fingerprint = 0, 0 // as version 1 had it
	if err := w.replay(e, in); !errors.Is(err, trace.ErrLost) {
		t.Errorf("a row behind the last: %v, want lost", err)
	}
	for row := range uint32(9) {
		in.Watched, in.Seen = []rank.Watched{{Row: row, Preference: 50}}, []model.Seen{{Movie: 1 << 31}}
		if err := w.replay(e, in); !errors.Is(err, trace.ErrLost) {
			t.Errorf("row %d: %v, want lost", row, err)
		}
	}
}

// Bundle and changes are laid on with the kernels of the server, and the program has its
// own afterwards.
func TestReplayUsesTheKernels(t *testing.T) {
	best := vec.Path()
	for _, path := range vec.Paths() {
		restore, err := trace.Use(path)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		for i := range 12 {
			id := fmt.Sprintf("w%02d", i)
			w.put(film(id, fmt.Sprintf("the quick %c brown fox %s", 'a'+i, strings.Repeat("x", i))))
			w.lay(catalog.MovieID(id))
		}
		w.seq = 12
		e, in := w.serve("w00", "w01", "a")
		restore()
		if err := w.replay(e, in); err != nil {
			t.Errorf("made by %s, anew by %s: %v", path, best, err)
		}
		if vec.Path() != best {
			t.Fatalf("kernels are %s, want %s as before", vec.Path(), best)
		}
		in.Kernel = "abacus"
		if err := w.replay(e, in); !errors.Is(err, trace.ErrLost) || vec.Path() != best {
			t.Errorf("kernels that nobody has: %v, now %s", err, vec.Path())
		}
	}
}

// A log of which age took some changes, and not others, does not pass for a whole one.
func TestPrunedLog(t *testing.T) {
	s, err := sqlstore.Open(t.Context(), t.TempDir()+"/marquee.db", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	old := time.Now().AddDate(0, -2, 0)
	for _, c := range []catalog.Change{
		{Kind: catalog.ChangeBundle, Subject: "b0", At: old},
		{Kind: catalog.ChangeExperiment, Subject: "x", At: old}, // the last of its subject, which stays for ever
		{Kind: catalog.ChangeHide, Subject: "m1", At: old},
		{Kind: catalog.ChangeHide, Subject: "m2", At: old},
		{Kind: catalog.ChangeHide, Subject: "m3", At: time.Now()},
	} {
		if _, err := s.PutChange(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := trace.Changes(t.Context(), s, 0, 5); err != nil || len(all) != 5 {
		t.Fatalf("before: %d changes, %v", len(all), err)
	}
	_, err = s.Prune(t.Context(), catalog.Retention{Changes: catalog.Limit{Age: 30 * 24 * time.Hour}}, time.Now(), 100, func(catalog.Removal) {})
	if err != nil {
		t.Fatal(err)
	}
	for after := range int64(4) {
		if all, err := trace.Changes(t.Context(), s, after, 5); !errors.Is(err, trace.ErrLost) {
			t.Errorf("after %d: %d changes, %v; want that some are lost", after, len(all), err)
		}
	}
	if all, err := trace.Changes(t.Context(), s, 4, 5); err != nil || len(all) != 1 {
		t.Errorf("after the last that was removed: %d changes, %v", len(all), err)
	}
}
