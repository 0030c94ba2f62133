package catalogtest

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
)

func testVectors(t *testing.T, s Store) {
	ctx := t.Context()
	odd := []float32{
		0, float32(math.Copysign(0, -1)), 1, -1, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1)),
		math.Float32frombits(0x7fc00001), math.Float32frombits(0xffbfffff), 0.1,
	}
	var vectors []catalog.Vector
	var keys []catalog.VectorKey
	for i := range 600 {
		v := catalog.Vector{Key: sha256.Sum256([]byte(fmt.Sprint(i))), Embedder: []string{"minilm/384", "lsa's \"256\""}[i%2], Values: []float32{float32(i)}}
		vectors, keys = append(vectors, v), append(keys, v.Key)
	}
	vectors[0].Values = odd
	vectors[2].Values = make([]float32, 4096)
	must(t, s.PutVectors(ctx, vectors))
	must(t, s.PutVectors(ctx, vectors))
	must(t, s.PutVectors(ctx, nil))
	counts(t, s, catalog.Counts{Vectors: 600})
	got, err := s.Vectors(ctx, append(keys, catalog.VectorKey{1}, keys[0]))
	must(t, err)
	same(t, "found", len(got), 600)
	for _, v := range vectors {
		same(t, "bits", bits(got[v.Key]), bits(v.Values))
	}
	got, err = s.Vectors(ctx, nil)
	must(t, err)
	same(t, "no keys", len(got), 0)

	replaced := catalog.Vector{Key: keys[0], Embedder: "other", Values: []float32{7}}
	must(t, s.PutVectors(ctx, []catalog.Vector{vectors[1], {Key: keys[0], Embedder: "x", Values: odd}, replaced}))
	got, err = s.Vectors(ctx, keys[:1])
	must(t, err)
	same(t, "the last counts", got[keys[0]], replaced.Values)

	same(t, "deleted", ok[int](t)(s.DeleteVectorsExcept(ctx, []string{"minilm/384", "other"})), 300)
	same(t, "deleted again", ok[int](t)(s.DeleteVectorsExcept(ctx, []string{"minilm/384", "other"})), 0)
	counts(t, s, catalog.Counts{Vectors: 300})
	same(t, "all deleted", ok[int](t)(s.DeleteVectorsExcept(ctx, nil)), 300)

	for what, v := range map[string]catalog.Vector{
		"no embedder": {Values: odd}, "NUL": {Embedder: "\x00", Values: odd}, "no values": {Embedder: "x"},
		"long name": {Embedder: strings.Repeat("x", 10_000), Values: odd}, "long": {Embedder: "x", Values: make([]float32, 1<<17)},
	} {
		fails(t, what, s.PutVectors(ctx, []catalog.Vector{replaced, v}), catalog.ErrInvalid)
	}
	counts(t, s, catalog.Counts{})
}

func bits(values []float32) []uint32 {
	out := make([]uint32, len(values))
	for i, v := range values {
		out[i] = math.Float32bits(v)
	}
	return out
}

func testUnknownIDs(t *testing.T, s Store) {
	ctx := t.Context()
	unknown := func(kind string, ids ...string) []string {
		t.Helper()
		found, err := s.UnknownIDs(ctx, kind, ids)
		must(t, err)
		var out []string
		for _, id := range ids {
			if found[id] {
				out = append(out, id)
			}
		}
		return out
	}
	var many []string
	for i := range 600 {
		many = append(many, fmt.Sprint(i))
	}
	must(t, s.PutUnknownIDs(ctx, "movie", append(slices.Clone(many), "0")))
	must(t, s.PutUnknownIDs(ctx, "movie", many))
	must(t, s.PutUnknownIDs(ctx, "user", []string{"7", "8", "9"}))
	must(t, s.PutUnknownIDs(ctx, "user", nil))
	same(t, "movies", unknown("movie", many...), many)
	same(t, "users", unknown("user", "6", "7", "8", "9"), []string{"7", "8", "9"})
	same(t, "none asked", unknown("user"), nil)

	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "7"}}))
	ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{{ID: "8"}}))
	held(t)(s.Append(ctx, catalog.Batch{Partition: "p", To: 1, Accounts: []catalog.Account{{User: "9", At: epoch}}}))
	same(t, "a stored movie is known", unknown("movie", "6", "7", "8"), []string{"6", "8"})
	same(t, "a stored user is known, and one who signed up", unknown("user", "7", "8", "9"), []string{"7"})

	_, err := s.UnknownIDs(ctx, "film", nil)
	fails(t, "kind", err, catalog.ErrInvalid)
	fails(t, "kind", s.PutUnknownIDs(ctx, "film", nil), catalog.ErrInvalid)
	fails(t, "empty id", s.PutUnknownIDs(ctx, "movie", []string{""}), catalog.ErrInvalid)
}

// What events name and the store has no facts of is missing, until it comes or
// the catalog API says that it does not know it either.
func testMissing(t *testing.T, s Store) {
	ctx := t.Context()
	missing := func(movies []catalog.MovieID, users []catalog.UserID) {
		t.Helper()
		same(t, "movies", ok[[]catalog.MovieID](t)(s.MissingMovies(ctx)), movies)
		same(t, "users", ok[[]catalog.UserID](t)(s.MissingUsers(ctx)), users)
	}
	missing(nil, nil)
	held(t)(s.Append(ctx, catalog.Batch{Partition: "p", To: 1,
		Minutes:  []catalog.Minute{{User: "b", Movie: "y", At: epoch}, {User: "B", Movie: "Z", At: epoch}, {User: "b", Movie: "x", At: epoch}},
		Ratings:  []catalog.Rating{{User: "c", Movie: "x", Value: 3, At: epoch}},
		Accounts: []catalog.Account{{User: "d", At: epoch}, {User: "b", At: epoch}},
	}))
	missing([]catalog.MovieID{"Z", "x", "y"}, []catalog.UserID{"B", "b", "c", "d"})
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "y"}, {ID: "unseen"}}))
	ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{{ID: "c"}, {ID: "unseen"}}))
	must(t, s.PutUnknownIDs(ctx, "movie", []string{"x", "b"}))
	must(t, s.PutUnknownIDs(ctx, "user", []string{"d", "Z"}))
	missing([]catalog.MovieID{"Z"}, []catalog.UserID{"B", "b"})
}
