package bundle_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/indexer/hnsw"
	"marquee/indexer/indexertest"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/model/als"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// The size of the world of the benchmarks: that of the largest MovieLens catalog with
// texts, in a space of common size.
const (
	manyMovies = 27_000
	manyDims   = 384
	manyNear   = 100
	manyPeople = 2_000
	watchedBy  = 100 // movies of a person
)

// large returns a bundle of that size with a graph and no models, and what models are
// trained on.
func large(b *testing.B) (*bundle.Bundle, *model.Data) {
	b.Helper()
	vecs := indexertest.Clustered(1, manyMovies, manyDims)
	data := &model.Data{Scale: catalog.Scale5, Vectors: vecs, Dims: manyDims, Starts: []int64{0}}
	for i := range manyMovies {
		data.Movies = append(data.Movies, catalog.Movie{
			ID: catalog.MovieID(fmt.Sprintf("%07d", i)), Title: fmt.Sprintf("A Movie of the Number %d", i), Year: 1950 + i%70,
			Genres: []string{"Drama", "Comedy"}[:1+i%2], Language: "en", Overview: fmt.Sprintf("This is what happens in number %d.", i),
		})
	}
	r := rand.New(rand.NewPCG(1, 1))
	histories := &bundle.Histories{Scale: catalog.Scale5}
	var seen []catalog.UserSeen
	for u := range manyPeople {
		id := catalog.UserID(fmt.Sprintf("%06d", u))
		data.Users = append(data.Users, catalog.User{ID: id})
		var taste rank.Taste
		for _, row := range r.Perm(manyMovies)[:watchedBy] {
			taste.Watched = append(taste.Watched, rank.Watched{Row: uint32(row), Preference: 50})
			data.Seen = append(data.Seen, model.Seen{Movie: uint32(row), Rated: true, Rating: 5, Days: 1})
			seen = append(seen, catalog.UserSeen{User: id, Seen: catalog.Seen{Movie: data.Movies[row].ID, Rated: true, Rating: 5}})
		}
		histories.Add(id, taste)
		data.Starts = append(data.Starts, int64(len(data.Seen)))
	}
	rows, err := rank.NewMovies(data.Movies)
	fatal(b, err)
	cfg := rank.DefaultConfig()
	stats, err := rank.NewStats(data.Movies, rows, func(yield func(catalog.UserSeen, error) bool) {
		for _, s := range seen {
			if !yield(s, nil) {
				return
			}
		}
	}, catalog.Scale5, cfg)
	fatal(b, err)
	table, err := indexer.Neighbours(b.Context(), vecs, manyDims, manyNear, nil)
	fatal(b, err)
	index, err := hnsw.New(b.Context(), vecs, manyDims, hnsw.DefaultConfig())
	fatal(b, err)
	return &bundle.Bundle{
		Manifest: bundle.Manifest{
			DataVersion: "d", Scale: catalog.Scale5, Ranking: cfg, Index: bundle.Index{Kind: "hnsw"}, Counts: bundle.Counts{Movies: manyMovies},
			Embedder: embedder.ID{Model: "test", Revision: "1", Dims: manyDims, Precision: "f32"},
		},
		Movies: rows, Vectors: vecs, Table: table, Stats: stats, Histories: histories, Index: index,
	}, data
}

func fatal(t testing.TB, err error) { // of this package
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openHNSW(_ string, vecs []float32, dims int, stored []byte) (indexer.Index, error) {
	return hnsw.Read(bytes.NewReader(stored), vecs, dims)
}

// BenchmarkLoad reads bundles of 27,000 movies: a whole one, one with a model, and one
// with a patch; and BenchmarkLoad/put writes that patch.
func BenchmarkLoad(b *testing.B) {
	whole, data := large(b)
	shelf, err := bundle.OpenShelf(filepath.Join(b.TempDir(), "bundles"))
	fatal(b, err)
	put := func(x *bundle.Bundle) string {
		m, err := shelf.Put(b.Context(), x)
		fatal(b, err)
		return m.ID
	}
	ids := map[string]string{"whole": put(whole)}
	factors := *whole
	trained, err := als.Kind().Train(b.Context(), data, whole.Base(nil), nil, json.RawMessage(`{"dims":64,"sweeps":1}`), func(string, int, int) {})
	fatal(b, err)
	factors.Models = []model.Named{{Name: "als", Model: trained}}
	factors.Manifest.Models, factors.Manifest.Arm = []bundle.Model{{Name: "als", Kind: "als"}}, "als"
	ids["als"] = put(&factors)
	later := indexertest.Clustered(2, 100, manyDims)
	for _, n := range []int{1, 100} {
		var patch bundle.Patch
		for i := range n {
			patch.Added = append(patch.Added, overlay.Added{
				Movie: catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("new%d", i)), Title: "New"}, Vector: later[i*manyDims:][:manyDims],
			})
		}
		b.Run(fmt.Sprintf("put/later=%d", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				patch.Added[0].Movie.Title = fmt.Sprintf("New %d", i) // or it stands there already
				m, err := shelf.PutPatch(b.Context(), ids["als"], patch, nil)
				fatal(b, err)
				ids[fmt.Sprintf("als+%d", n)] = m.ID
			}
		})
	}
	open := bundle.Opener{Index: openHNSW, Kinds: []model.Kind{als.Kind()}}
	load := func(b *testing.B, id string, open bundle.Opener) {
		for b.Loop() {
			_, err := shelf.Load(b.Context(), id, open)
			fatal(b, err)
		}
	}
	for _, name := range []string{"whole", "als", "als+1", "als+100"} {
		b.Run(name, func(b *testing.B) { load(b, ids[name], open) })
	}
	open.NoModels = true
	b.Run("als/no_models", func(b *testing.B) { load(b, ids["als"], open) })
}
