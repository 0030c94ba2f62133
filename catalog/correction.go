package catalog

import "time"

// A CorrectionKind says how an editor corrects the neighbours of a movie.
type CorrectionKind string

// The kinds of corrections.
const (
	Pin   CorrectionKind = "pin"   // Other stands first among the neighbours of Movie
	Block CorrectionKind = "block" // Other never stands among the neighbours of Movie
)

// A Correction is an editor's word on the neighbours of a movie. It holds in one
// direction. There is at most one of a pair; the last one counts.
type Correction struct {
	Movie MovieID        `json:"movie"`
	Other MovieID        `json:"other"`
	Kind  CorrectionKind `json:"kind"`
	At    time.Time      `json:"at"`
	Note  string         `json:"note,omitempty"`
}

// A Hidden is a movie that is not to be listed.
type Hidden struct {
	Movie MovieID   `json:"movie"`
	At    time.Time `json:"at"`
	Note  string    `json:"note,omitempty"` // why
}
