package overlay_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const dims = 26

// letters returns a vector that says how often each letter stands in text.
func letters(text string) []float32 {
	row := make([]float32, dims)
	for _, c := range strings.ToLower(text) {
		if c >= 'a' && c <= 'z' {
			row[c-'a']++
		}
	}
	sum := 0.0
	for _, v := range row {
		sum += float64(v * v)
	}
	for j := range row {
		if sum > 0 {
			row[j] /= float32(math.Sqrt(sum))
		}
	}
	return row
}

// A built is what a build makes.
type built struct {
	snap  *rank.Snapshot
	vecs  []float32
	index indexer.Index
}

// build makes one of movies, ascending by id, and of what people watched.
func build(t testing.TB, movies []catalog.Movie, seen []catalog.UserSeen, neighbours int) *built {
	t.Helper()
	b := &built{}
	for _, m := range movies {
		b.vecs = append(b.vecs, letters(embedder.Document(m))...)
	}
	b.fill(t, movies, seen, dims, neighbours)
	return b
}

// fill makes the snapshot of b.vecs.
func (b *built) fill(t testing.TB, movies []catalog.Movie, seen []catalog.UserSeen, dims, neighbours int) {
	t.Helper()
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	table, err := indexer.Neighbours(t.Context(), b.vecs, dims, neighbours, nil)
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
	if b.snap, err = rank.NewSnapshot(rows, table, stats, catalog.Scale5, cfg); err != nil {
		t.Fatal(err)
	}
}

// with gives b models, the first of which is the default.
func (b *built) with(t testing.TB, models ...model.Named) *built {
	t.Helper()
	snap, err := b.snap.WithArms(rank.Arms{Models: models, Default: models[0].Name})
	if err != nil {
		t.Fatal(err)
	}
	b.snap = snap
	return b
}

// state returns b without a change.
func (b *built) state(t testing.TB) *overlay.State {
	t.Helper()
	s, err := overlay.New(b.snap, b.vecs, len(b.vecs)/b.snap.Movies.Len(), b.index)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// film returns a movie whose text is word.
func film(id, word string) catalog.Movie {
	return catalog.Movie{ID: catalog.MovieID(id), Title: word}
}

// added embeds movies.
func added(movies ...catalog.Movie) []overlay.Added {
	out := make([]overlay.Added, len(movies))
	for i, m := range movies {
		out[i] = overlay.Added{Movie: m, Vector: letters(embedder.Document(m))}
	}
	return out
}

// must returns what a change made.
func must(t testing.TB) func(*overlay.State, error) *overlay.State {
	return func(s *overlay.State, err error) *overlay.State {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// words returns n movies with random letters for titles; a few have none.
func words(r *rand.Rand, prefix string, n int) []catalog.Movie {
	movies := make([]catalog.Movie, n)
	for i := range movies {
		m := catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("%s%03d", prefix, i)), Year: 1990 + r.IntN(20), Adult: r.IntN(8) == 0}
		if r.IntN(10) > 0 {
			word := make([]byte, 1+r.IntN(12))
			for j := range word {
				word[j] = 'a' + byte(r.IntN(26))
			}
			m.Title = string(word)
		}
		movies[i] = m
	}
	return movies
}
