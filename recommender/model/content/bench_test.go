package content_test

import (
	"math/rand/v2"
	"testing"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/model/content"
)

func BenchmarkScore(b *testing.B) {
	const movies, dims = 27_000, 384
	rng := rand.New(rand.NewPCG(1, 1))
	base := &model.Base{Scale: catalog.Scale5, Movies: movies, Dims: dims, Vectors: make([]float32, movies*dims)}
	for i := range base.Vectors {
		base.Vectors[i] = rng.Float32() - 0.4
	}
	for i := range movies {
		vec.Normalize(base.Vectors[i*dims : (i+1)*dims])
	}
	table, err := indexer.Neighbours(b.Context(), base.Vectors, dims, 100, func(int, int) {})
	if err != nil {
		b.Fatal(err)
	}
	base.Table = table
	var q model.Query
	for i := range uint32(50) {
		q.Seen = append(q.Seen, model.Seen{Movie: i * 500, Rated: true, Rating: 4})
	}
	for _, how := range []string{content.Table, content.Profile} {
		c := content.DefaultConfig()
		c.How = how
		m := made(b, c, base)
		scores := make([]float32, m.Len())
		b.Run("how="+how+"/movies=27000/dims=384/watched=50", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Score(q, scores)
			}
		})
	}
}
