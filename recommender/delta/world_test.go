package delta_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/rank"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const dims = 26

// letters embeds a text by how often each letter stands in it. It can be taken
// away, and refuses texts with a word it cannot bear.
type letters struct {
	mu     sync.Mutex
	down   error
	refuse string
	asked  int
	opened int
	closed int
	hang   bool
	slow   time.Duration // for each call
	id     embedder.ID
}

var space = embedder.ID{Model: "letters", Revision: "1", Dims: dims, Precision: "f32"}

func (l *letters) ID() embedder.ID { return l.id }

func (l *letters) Close() error {
	l.closed++
	return nil
}

func (l *letters) set(down error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

func (l *letters) Embed(ctx context.Context, texts []string, dst []float32) error {
	if l.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	time.Sleep(l.slow)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked += len(texts)
	if l.down != nil {
		return l.down
	}
	clear(dst)
	for i, t := range texts {
		if l.refuse != "" && strings.Contains(t, l.refuse) {
			return errors.New("text is too much")
		}
		row := dst[dims*i : dims*(i+1)]
		sum := 0.0
		for _, c := range strings.ToLower(t) {
			if c >= 'a' && c <= 'z' {
				row[c-'a']++
			}
		}
		for _, v := range row {
			sum += float64(v * v)
		}
		for j := range row {
			if sum > 0 {
				row[j] /= float32(math.Sqrt(sum))
			}
		}
	}
	return nil
}

// open opens l.
func (l *letters) open(context.Context, *bundle.Bundle) (embedder.Embedder, error) {
	l.opened++
	return l, nil
}

// build makes a bundle of movies, ascending by id, and of what people watched.
func build(t testing.TB, movies []catalog.Movie, seen []catalog.UserSeen, neighbours int) *bundle.Bundle {
	t.Helper()
	texts := make([]string, len(movies))
	for i, m := range movies {
		texts[i] = embedder.Document(m)
	}
	vecs := make([]float32, len(movies)*dims)
	if err := (&letters{}).Embed(t.Context(), texts, vecs); err != nil {
		t.Fatal(err)
	}
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	table, err := indexer.Neighbours(t.Context(), vecs, dims, neighbours, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rank.DefaultConfig()
	stats, err := rank.NewStats(movies, rows, func(yield func(catalog.UserSeen, error) bool) {
		for _, s := range seen {
			if !yield(s, nil) {
				return
			}
		}
	}, catalog.Scale5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &bundle.Histories{}
	h.Add("u", rank.Taste{Watched: []rank.Watched{{Row: 0, Preference: 50}}})
	return &bundle.Bundle{
		Manifest: bundle.Manifest{ID: "0123456789abcdef", Scale: catalog.Scale5, Ranking: cfg, Embedder: space},
		Movies:   rows, Vectors: vecs, Table: table, Stats: stats, Histories: h,
	}
}

// film returns a movie whose text is word.
func film(id, word string) catalog.Movie {
	return catalog.Movie{ID: catalog.MovieID(id), Title: word}
}

// A store is one in memory that can be taken away.
type store struct {
	mu        sync.Mutex
	movies    map[catalog.MovieID]catalog.Movie
	changes   []catalog.Change
	last      int64
	forgotten catalog.Tombstones
	hidden    map[catalog.MovieID]bool
	said      map[[2]catalog.MovieID]catalog.Correction
	down      error
	reads     int
}

func newStore() *store {
	return &store{movies: map[catalog.MovieID]catalog.Movie{}, hidden: map[catalog.MovieID]bool{}, said: map[[2]catalog.MovieID]catalog.Correction{}}
}

func (s *store) change(kind catalog.ChangeKind, subject string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	seq := s.last
	s.changes = append(s.changes, catalog.Change{Seq: seq, At: time.Now(), Kind: kind, Subject: subject})
	return seq
}

// put stores movies, each with a change.
func (s *store) put(movies ...catalog.Movie) (last int64) {
	for _, m := range movies {
		s.mu.Lock()
		s.movies[m.ID] = m
		s.mu.Unlock()
		last = s.change(catalog.ChangeMovie, string(m.ID))
	}
	return last
}

// remove removes movies, each with a change.
func (s *store) remove(ids ...catalog.MovieID) (last int64) {
	for _, id := range ids {
		s.mu.Lock()
		delete(s.movies, id)
		s.mu.Unlock()
		last = s.change(catalog.ChangeMovie, string(id))
	}
	return last
}

// hide hides a movie, or shows it again.
func (s *store) hide(id catalog.MovieID, hidden bool) int64 {
	s.mu.Lock()
	kind := catalog.ChangeUnhide
	delete(s.hidden, id)
	if hidden {
		kind, s.hidden[id] = catalog.ChangeHide, true
	}
	s.mu.Unlock()
	return s.change(kind, string(id))
}

// correct pins or blocks, or with no kind takes that back.
func (s *store) correct(movie, other catalog.MovieID, kind catalog.CorrectionKind) int64 {
	s.mu.Lock()
	pair := [2]catalog.MovieID{movie, other}
	if s.said[pair] = (catalog.Correction{Movie: movie, Other: other, Kind: kind}); kind == "" {
		delete(s.said, pair)
	}
	s.mu.Unlock()
	return s.change(catalog.ChangeCorrect, string(movie))
}

func (s *store) Hidden(context.Context) ([]catalog.Hidden, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []catalog.Hidden
	for _, id := range slices.Sorted(maps.Keys(s.hidden)) {
		all = append(all, catalog.Hidden{Movie: id})
	}
	return all, s.down
}

func (s *store) Corrections(context.Context, catalog.MovieID) ([]catalog.Correction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.said)), s.down
}

func (s *store) forget(u catalog.UserID) int64 {
	s.mu.Lock()
	s.forgotten.Salt = []byte("salt")
	hashes := map[catalog.PersonHash]struct{}{s.forgotten.Hash(u): {}}
	for h := range s.forgotten.Hashes {
		hashes[h] = struct{}{}
	}
	s.forgotten.Hashes = hashes
	s.mu.Unlock()
	return s.change(catalog.ChangeForget, "hash")
}

func (s *store) set(down error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *store) ChangesSince(_ context.Context, seq int64, limit int) ([]catalog.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.down != nil {
		return nil, s.down
	}
	var out []catalog.Change
	for _, c := range s.changes {
		if c.Seq > seq && len(out) < limit {
			out = append(out, c)
		}
	}
	return out, nil
}

func (s *store) LastChange(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.down
}

func (s *store) Movie(_ context.Context, id catalog.MovieID) (catalog.Movie, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return catalog.Movie{}, s.down
	}
	m, ok := s.movies[id]
	if !ok {
		return m, fmt.Errorf("movie %q: %w", id, catalog.ErrNotFound)
	}
	return m, nil
}

func (s *store) Movies(context.Context) iter.Seq2[catalog.Movie, error] {
	return func(yield func(catalog.Movie, error) bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, id := range slices.Sorted(maps.Keys(s.movies)) {
			if !yield(s.movies[id], s.down) {
				return
			}
		}
	}
}

// prune removes the changes below seq.
func (s *store) prune(seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = slices.DeleteFunc(s.changes, func(c catalog.Change) bool { return c.Seq < seq })
}

func (s *store) Tombstones(context.Context) (catalog.Tombstones, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forgotten, s.down
}

// A journal is a log that can be read while it is written.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

// count returns how many lines hold text.
func (j *journal) count(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.buf.String(), text)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }
