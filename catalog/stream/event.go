package stream

import "time"

// A Kind is one of the four kinds of lines.
type Kind uint8

// The kinds. The zero Kind is that of no event.
const (
	Watch          Kind = iota + 1 // one minute of a movie was watched
	Rate                           // a movie was rated
	Recommendation                 // the site asked a recommender for a list
	CreateAccount                  // a person signed up (edition 2026)
)

// String returns the kind's name in summaries.
func (k Kind) String() string {
	switch k {
	case Watch:
		return "watch"
	case Rate:
		return "rate"
	case Recommendation:
		return "recommendation"
	case CreateAccount:
		return "create_account"
	}
	return "none"
}

// An Event is one line, read. Its byte slices are parts of that line: they are
// valid as long as the line is, and must be copied to be kept.
type Event struct {
	Kind Kind
	At   time.Time // in the grammar's Location
	User []byte    // a decimal number

	Movie  []byte  // of Watch and Rate
	Minute int     // of Watch, from 0
	Rating float64 // of Rate, not yet held against a scale

	Host   []byte        // of Recommendation: who was asked
	Status int           // of Recommendation: 200, another HTTP status, or 0 for no valid answer
	Result []byte        // of Recommendation: the list, or the text of an error, commas included
	Took   time.Duration // of Recommendation, in whole milliseconds
}
