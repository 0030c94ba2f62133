package ledger

import (
	"time"
)

// A Kind says what a [Line] means.
type Kind string

// The kinds of lines. The names of all but Noise are those of intake outcomes.
const (
	Watch          Kind = "watch"
	Rate           Kind = "rate"
	Recommendation Kind = "recommendation"
	Account        Kind = "create_account"
	Noise          Kind = "noise"
)

// A Line is one line of the stream and what it means.
type Line struct {
	Text   string // without a line end
	Kind   Kind
	User   string // of Noise: none
	Movie  string // of Watch and Rate
	At     time.Time
	Minute int     // of Watch
	Rating float64 // of Rate
	Reason string  // of Noise: why it must be refused
}

// Outcome returns the intake outcome under which the line must be counted.
func (l Line) Outcome() string {
	if l.Kind == Noise {
		return "refused:" + l.Reason
	}
	return string(l.Kind)
}

// Texts returns the lines as a file holds them: each with its end.
func Texts(lines []Line) []byte {
	var out []byte
	for _, l := range lines {
		out = append(out, l.Text...)
		out = append(out, '\n')
	}
	return out
}
