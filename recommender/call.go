package recommender

import (
	"hash/fnv"
	"time"

	"marquee/catalog"
)

// A Call asks for a list. The zero value asks for nothing in particular.
type Call struct {
	User      catalog.UserID
	Person    *Person // what is known of User, from [Service.Recall] or [Service.Read]; nil: it is read. The answer holds until [Person.Reset]
	RequestID string  // decides what is drawn: the same request gets the same list
	N         int     // movies wanted, 1 to rank.MaxCount
	Arm       string  // the arm of the bundle, whatever experiments say; "" lets them decide

	Genres    []string // any of these
	NotGenres []string // none of these
	FromYear  int      // of release, inclusive; 0: any
	ToYear    int
	Languages []string
	Only      []catalog.MovieID // rank these; nil: any
	Exclude   []catalog.MovieID
	Boosts    []Boost

	// Skip are the hashes, by [HashID], of movies that earlier pages held.
	Skip []uint64
}

// A Boost multiplies the score of one movie, or of those of a genre.
type Boost struct {
	Factor float32 // 0.1 to 10
	Movie  catalog.MovieID
	Genre  string // if Movie is empty
}

// Free reports whether c asks for nothing but a user's list, which is what the plain
// contract call does.
func (c Call) Free() bool {
	return c.Genres == nil && c.NotGenres == nil && c.FromYear == 0 && c.ToYear == 0 && c.Languages == nil && c.Only == nil &&
		c.Exclude == nil && c.Boosts == nil && c.Skip == nil && c.Arm == ""
}

// HashID returns what stands for a movie in [Call.Skip]: 40 bits of FNV-1a.
func HashID(id catalog.MovieID) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id)) // never fails
	return h.Sum64() & (1<<40 - 1)
}

// Stages says how long the parts of an answer took.
type Stages struct {
	History time.Duration // to know what the person watched
	Rank    time.Duration // to make the list
}
