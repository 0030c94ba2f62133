package eval

import "marquee/catalog"

// Facts are what is known of people and movies beside what people did. All of
// it may be left out; funcs must be safe for concurrent use.
type Facts struct {
	// User returns what is known of a person, for slices by age, gender and
	// occupation; zero fields are unknown.
	User func(catalog.UserID) catalog.User

	// Genres are those of each movie, by row, for slices by genre.
	Genres [][]string

	// Similarity says how alike two movies are, at most 1, for diversity within
	// a list: 1 if they are the same, 0 if they have nothing in common, NaN if
	// that is not known.
	Similarity func(a, b uint32) float64
}
