package indexer

import (
	"context"
	"errors"
	"fmt"
)

// ErrRecall reports an index that finds too few of the true neighbours to be
// published.
var ErrRecall = errors.New("recall below the floor")

// edgeSlack is how far below the last true neighbour a score may lie and still
// count as found: equal rows, and sums in another order, are no misses.
const edgeSlack = 1e-6

// Recall returns the share, 0 to 1, of the k true nearest rows of each query that
// ix finds. queries is [n x ix.Dims()], row-major; exact, an index of the same
// rows, says what is true. A row that scores no worse than the last true one
// stands for any other. Queries without neighbours count neither way; when there
// are none but such, nothing was missed and the recall is 1, so keep the number
// of queries beside it ([Measured]).
func Recall(ctx context.Context, ix, exact Index, queries []float32, k int) (float64, error) {
	if ix.Len() != exact.Len() || ix.Dims() != exact.Dims() {
		return 0, fmt.Errorf("recall of an index of %d x %d by one of %d x %d: %w",
			ix.Len(), ix.Dims(), exact.Len(), exact.Dims(), ErrDims)
	}
	dims := ix.Dims()
	if dims < 1 || len(queries)%dims != 0 {
		return 0, fmt.Errorf("%d values are no whole number of queries of %d: %w", len(queries), dims, ErrDims)
	}
	found, wanted := 0, 0
	for i := 0; i < len(queries); i += dims {
		q := queries[i : i+dims]
		truth, err := exact.Search(ctx, q, k, nil)
		if err != nil {
			return 0, fmt.Errorf("exact search of query %d: %w", i/dims, err)
		}
		hits, err := ix.Search(ctx, q, k, nil)
		if err != nil {
			return 0, fmt.Errorf("search of query %d: %w", i/dims, err)
		}
		found += Found(hits, truth)
		wanted += len(truth)
	}
	if wanted == 0 {
		return 1, nil
	}
	return float64(found) / float64(wanted), nil
}

// Found returns how many of the true neighbours are among hits; both are best
// first and score the same query. A hit that scores no worse than the last of
// truth stands for any other.
func Found(hits, truth []Hit) int {
	if len(truth) == 0 {
		return 0
	}
	edge := truth[len(truth)-1].Score - edgeSlack
	n := 0
	for _, h := range hits[:min(len(hits), len(truth))] {
		if h.Score >= edge {
			n++
		}
	}
	return n
}

// Measured is what an index reached when it was built. It belongs in the
// manifest of the build.
type Measured struct {
	Backend        string  `json:"backend"`         // "hnsw", "coderhnsw"
	K              int     `json:"k"`               // neighbours asked for
	Movies         float64 `json:"movies"`          // recall on movies that were not in the index, 0 to 1
	MovieQueries   int     `json:"movie_queries"`   // how many; 0: nothing to ask, Movies is 1
	Profiles       float64 `json:"profiles"`        // recall on profile vectors, 0 to 1
	ProfileQueries int     `json:"profile_queries"` // how many; 0: nothing to ask, Profiles is 1
	Floor          float64 `json:"floor"`           // what the calibration aimed at
	Effort         int     `json:"effort"`          // rows a search keeps in hand (ef, or the over-fetch): the least tried that reached Floor
}

// CheckFloor returns nil when m reached floor on movies and on profiles, else an
// error that wraps [ErrRecall] and says what to do. A recall that is not a number
// is below every floor.
func CheckFloor(m Measured, floor float64) error {
	if m.Movies >= floor && m.Profiles >= floor {
		return nil
	}
	return fmt.Errorf("index %s finds %.4f of the %d nearest of %d movies held out and %.4f of %d profiles, "+
		"floor %v, at effort %d; build with more links or another index (flat is exact): %w",
		m.Backend, m.Movies, m.K, m.MovieQueries, m.Profiles, m.ProfileQueries, floor, m.Effort, ErrRecall)
}
