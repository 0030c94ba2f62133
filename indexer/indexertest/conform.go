package indexertest

import (
	"testing"

	"marquee/indexer"
)

// Build makes an index of vecs, [n x dims], rows of unit length or of zeros; it
// calls t.Fatal on failure.
type Build func(t *testing.T, vecs []float32, dims int) indexer.Index

// A Check is one demand of the contract of [indexer.Index].
type Check struct {
	Name string
	// Run returns what an index made by build does wrong, or nil. Of the rows
	// that a search should find, a share of minRecall must be found.
	Run func(t *testing.T, build Build, minRecall float64) error
}

// Checks returns every demand, in a fixed order.
func Checks() []Check {
	return []Check{
		{"shape", checkShape},
		{"order", checkOrder},
		{"scores", checkScores},
		{"ties by row", checkTies},
		{"duplicates", checkDuplicates},
		{"past the end", checkPastEnd},
		{"keep", checkKeep},
		{"keep refuses the nearest", checkKeepFar},
		{"cancelled context", checkCancelled},
		{"bad queries", checkBadQueries},
		{"zero rows", checkZeroRows},
		{"zero query", checkZeroQuery},
		{"few rows", checkFewRows},
		{"answers are the caller's", checkOwned},
		{"concurrent searches", checkConcurrent},
		{"recall on movies", checkRecallMovies},
		{"recall on profiles", checkRecallProfiles},
	}
}

// TestIndex runs every check on indexes made by build, and those of [TestChanges] if
// they are an [indexer.Changer]. minRecall, 0 to 1, is the share of the true
// neighbours that must be found; an exact index passes 1 and must then break ties
// across the end of a list by row, too. It takes a second or two for an index that
// builds 2,000 rows of 32 dims in 0.2 s.
func TestIndex(t *testing.T, build Build, minRecall float64) {
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Run(t, build, minRecall); err != nil {
				t.Error(err)
			}
		})
	}
	if _, takes := build(t, small().vecs, smallDims).(indexer.Changer); takes {
		t.Run("changes", func(t *testing.T) { TestChanges(t, build, minRecall) })
	}
}
