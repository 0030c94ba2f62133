package recommender

import (
	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/rank"
)

// An Answer is a list with where it came from.
type Answer struct {
	List    rank.List
	Live    *Live
	Request rank.Request // that the list answers
	Taste   rank.Taste   // what the list was made from
	Stale   bool         // the store was away: the history may lack the newest watches

	// Experiment has the experiments that the list takes part in: see
	// [experiment.Assignment].
	Experiment string
	// Unknown are the ids of the call that name no movie of the catalog, in its order.
	Unknown []catalog.MovieID
	// UnknownGenres and UnknownLanguages are those of the call that no movie has, each once.
	UnknownGenres, UnknownLanguages []string

	Stages Stages

	// Neighbours says who told what is near to what was watched, [FromTable] or
	// [FromIndex]; empty if the index is not elsewhere or was not needed. Near is what it
	// told: see [rank.Request].
	Neighbours string
	Near       [][]indexer.Hit

	// Sequence is the number of the last change that the list takes into
	// account: with the bundle, it says what the list was made from.
	Sequence int64

	seen     []catalog.Seen    // that Taste was made from, newest first; nil if a bundle had it
	rows     []uint32          // of seen: see [rank.Snapshot.RowsOf]
	said     []catalog.Opinion // likewise
	opinions rank.Opinions
	unwanted []uint32 // of opinions.Disliked, those of wishes
}

// from begins an answer of live.
func from(live *Live) Answer { return Answer{Live: live, Sequence: live.Sequence} }

// Reasons returns, for each item of a, the at most n watched movies that brought it,
// the one with the most say first.
func (a Answer) Reasons(n int) [][]rank.Reason {
	return a.Live.Snapshot.ReasonsNear(a.List.Items, a.Taste, a.Near, n)
}
