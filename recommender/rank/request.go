package rank

import (
	"time"

	"marquee/catalog"
	"marquee/indexer"
)

// MaxList is the most movies of a list that answers a contract call.
const MaxList = 20

// MaxCount is the most movies of any list.
const MaxCount = 500

// A Request asks for a list for one person.
type Request struct {
	Taste Taste
	N     int       // movies wanted, 1 to MaxCount
	Now   time.Time // for what is released
	Adult bool      // adult movies may be shown: see [Snapshot.AdultAllowed]

	User catalog.User // what is known of the person, for models
	Arm  string       // how to make the list: see [Arms]; "" or an unknown name is the default

	// Near are the neighbours of Taste.Watched[i], or of the one movie asked about, as
	// an index elsewhere has them: rows of the snapshot, best first. The table has those
	// that are nil or missing.
	Near [][]indexer.Hit

	Rules

	Knobs    *Knobs   // nil: those of the snapshot's configuration
	Opinions Opinions // what the person said of movies
	Shown    []Shown  // what they were shown of late, for [Knobs.Rotate]
	Seed     uint64   // of what is drawn, for [Knobs.Explore]: the same seed draws the same

	mask *mask // what may be listed, while the request is answered: see [Snapshot.admit]
}

// Rules say which movies may be listed, beside those that always hold: none watched,
// hidden, unreleased, or for adults only where they must not be shown. The zero value
// says nothing more.
type Rules struct {
	Genres    []string // any of these, compared without case
	NotGenres []string // none of these
	FromYear  int      // of release, inclusive; 0: any. A movie without a year passes neither bound
	ToYear    int
	Languages []string // any of these, ISO 639-1
	Only      []uint32 // rows: none but these; nil: any
	Exclude   []uint32 // rows: none of these
	Boosts    []Boost
}

// A Boost multiplies the scores of some movies.
type Boost struct {
	Factor float32 // 0.1 to 10
	Row    uint32  // the movie, if Genre is empty
	Genre  string  // all of this genre, compared without case
}

// Opinions are what a person said of movies, by row. A movie stands in one of them.
type Opinions struct {
	Liked     []uint32
	Disliked  []uint32
	Dismissed []uint32
}

// A Shown is a movie that a person was shown, and did not watch since.
type Shown struct {
	Row   uint32
	Times uint8 // how often; 255 and more are 255
}
