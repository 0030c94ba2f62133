package content_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/model/content"
)

// However movies come, all at once or in parts, scores are the same to the bit. Vectors
// are few, so that many are as near as each other.
func TestExtendInParts(t *testing.T) {
	for _, how := range []string{content.Table, content.Profile} {
		t.Run(how, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				const dims = 3
				var vecs []float32
				n := rapid.IntRange(1, 20).Draw(r, "movies")
				late := rapid.IntRange(1, 12).Draw(r, "late")
				for range n + late {
					v := rapid.SliceOfN(rapid.IntRange(-1, 4), dims, dims).Draw(r, "vector")
					norm := math.Sqrt(float64(v[0]*v[0] + v[1]*v[1] + v[2]*v[2]))
					for _, x := range v {
						vecs = append(vecs, float32(float64(x)/max(norm, 1)))
					}
				}
				table, err := indexer.Neighbours(t.Context(), vecs[:n*dims], dims, rapid.IntRange(1, 4).Draw(r, "k"), nil)
				if err != nil {
					r.Fatal(err)
				}
				c := content.DefaultConfig()
				c.How = how
				m, err := content.New(c, &model.Base{Scale: catalog.Scale5, Movies: n, Vectors: vecs[:n*dims], Dims: dims, Table: table})
				if err != nil {
					r.Fatal(err)
				}
				once, err := m.Extend(vecs[n*dims:], dims)
				if err != nil {
					r.Fatal(err)
				}
				var parts model.Model = m
				var before [][]float32
				var on []model.Model
				for at := n; at < n+late; {
					to := at + rapid.IntRange(1, n+late-at).Draw(r, "batch")
					on, before = append(on, parts), append(before, scoresOf(parts, 0))
					if parts, err = model.Extend(parts, vecs[at*dims:to*dims], dims); err != nil {
						r.Fatal(err)
					}
					at = to
				}
				for row := range uint32(n + late) {
					for i, v := range scoresOf(once, row) {
						if w := scoresOf(parts, row)[i]; math.Float32bits(v) != math.Float32bits(w) {
							r.Fatalf("to who watched %d, movie %d scores %v at once and %v in parts", row, i, v, w)
						}
					}
				}
				for j, x := range on { // whatever came later, a model stays as it was
					for i, v := range scoresOf(x, 0) {
						if math.Float32bits(v) != math.Float32bits(before[j][i]) {
							r.Fatalf("model %d has changed", j)
						}
					}
				}
			})
		})
	}
}

func scoresOf(m model.Model, row uint32) []float32 {
	out := make([]float32, m.Len())
	m.Score(model.Query{Seen: []model.Seen{{Movie: row, Rated: true, Rating: 5}}}, out)
	return out
}
