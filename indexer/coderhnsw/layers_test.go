package coderhnsw

import (
	"testing"

	"marquee/indexer"
	"marquee/indexer/indexertest"
)

// A search begins at a random node of the top layer, so there is one: also after
// rows held out went in behind it.
func TestTopLayerHasOneNode(t *testing.T) {
	const dims = 8
	for _, n := range []int{1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 250, 300, 1100} {
		for seed := range uint64(3) {
			vecs := indexertest.Clustered(seed, n, dims)
			cfg := Config{M: 6, EfSearch: 8, Fetch: 20, Seed: seed}
			x, _, err := Build(t.Context(), vecs, dims, cfg, indexer.DefaultCalibration(), nil)
			if err != nil {
				t.Fatal(err)
			}
			layers, err := export(x.graph)
			if err != nil {
				t.Fatal(err)
			}
			if top := layers[len(layers)-1]; len(top) != 1 || len(layers[0]) != n {
				t.Errorf("%d rows, seed %d: %d nodes on the top layer, %d on the lowest, want 1 and %d", n, seed, len(top), len(layers[0]), n)
			}
		}
	}
}
