package rating

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"marquee/catalog"
)

// The numbers that one movie's facts become, before they are standardised. Each
// is 0 where it is not known.
const (
	described  = iota // 1 if the catalog says more than a title and a year
	voted             // 1 if an outside database has votes
	votes             // their mean less that of all movies, shrunk by their number
	goodVotes         // the same where above 0, for a bend
	voters            // log of their number
	voters2           // its square
	sureVotes         // votes times voters
	fame              // log of the outside database's popularity
	minutes           // half hours of runtime beyond 100 minutes
	longer            // the same where above 0
	foreign           // 1 if the language is known and not English
	year              // score years after 1990
	since1990         // the same where above 0
	since1960         // score years after 1960 where above 0
	watchers          // log of how many people here watched it
	watchers2         // its square
	anyWatcher        // 1 if anyone did
	votesSeen         // votes times watchers
	knownSeen         // described times watchers
	numFacts
)

// voteWeight is how many votes weigh as much as the mean of all movies. 30 lies
// between what a good site asks for its charts and one; the RMSE of ratings does
// not move by 1e-4 from 10 to 100.
const voteWeight = 30

// A genre becomes a column if so many movies have it; so many genres do at most.
const (
	minGenreMovies = 20
	maxGenres      = 32
)

// An encoder turns facts into numbers.
type encoder struct {
	meanVote float64
	genres   []string // sorted
}

// newEncoder learns from movies what it needs: the mean of votes, movies with
// many weighing more, and which genres there are.
func newEncoder(movies []catalog.Movie) *encoder {
	sum, weight := 0.0, 0.0
	counts := map[string]int{}
	for _, m := range movies {
		w := float64(min(max(m.VoteCount, 0), 1000))
		sum, weight = sum+w*m.VoteAverage, weight+w
		for _, g := range m.Genres {
			counts[g]++
		}
	}
	e := &encoder{}
	if weight > 0 {
		e.meanVote = sum / weight
	}
	e.genres = slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	e.genres = slices.DeleteFunc(e.genres, func(g string) bool { return counts[g] < minGenreMovies })
	e.genres = e.genres[:min(len(e.genres), maxGenres)]
	slices.Sort(e.genres)
	return e
}

// encode writes to dst, [numFacts], the facts of a movie that seen people watched.
func (e *encoder) encode(dst []float64, m *catalog.Movie, seen float64) {
	clear(dst)
	if m.Overview != "" || len(m.Genres) > 0 || m.VoteCount > 0 || m.RuntimeMinutes > 0 {
		dst[described] = 1
	}
	if m.VoteCount > 0 {
		n := float64(m.VoteCount)
		dst[voted] = 1
		dst[votes] = (m.VoteAverage - e.meanVote) * n / (n + voteWeight)
		dst[voters] = math.Log1p(n)
	}
	dst[fame] = math.Log1p(max(0, m.Popularity))
	if m.RuntimeMinutes > 0 {
		dst[minutes] = (math.Min(float64(m.RuntimeMinutes), 240) - 100) / 30
	}
	if m.Language != "" && m.Language != "en" {
		dst[foreign] = 1
	}
	if m.Year > 0 {
		dst[year] = math.Max(float64(m.Year-1990)/20, -5)
		dst[since1960] = max(0, dst[year]+1.5)
	} else {
		dst[since1960] = 1.5 // as for 1990
	}
	dst[watchers] = math.Log1p(seen)
	dst[anyWatcher] = min(1, seen)
	dst[goodVotes], dst[longer], dst[since1990] = max(0, dst[votes]), max(0, dst[minutes]), max(0, dst[year])
	dst[voters2], dst[watchers2] = dst[voters]*dst[voters], dst[watchers]*dst[watchers]
	dst[sureVotes], dst[votesSeen], dst[knownSeen] = dst[votes]*dst[voters], dst[votes]*dst[watchers], dst[described]*dst[watchers]
}

// encodeGenres writes to dst, [len(genres)], 1 for each genre that m has.
func (e *encoder) encodeGenres(dst []float64, m *catalog.Movie) {
	clear(dst)
	for _, g := range m.Genres {
		if i, ok := slices.BinarySearch(e.genres, g); ok {
			dst[i] = 1
		}
	}
}

// known reports whether there is anything to tell m from any other movie.
func known(m *catalog.Movie, vector []float32, seen float64) bool {
	return seen > 0 || m.Year > 0 || len(m.Genres) > 0 || m.VoteCount > 0 || m.RuntimeMinutes > 0 || m.Popularity > 0 || m.Language != "" || !zero(vector)
}
