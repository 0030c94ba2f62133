package catalog

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Watch is all that one person watched of one movie: minutes of one user and
// movie fold into one Watch, in any order, and folding a minute twice changes
// nothing.
type Watch struct {
	User    UserID    `json:"user"`
	Movie   MovieID   `json:"movie"`
	First   time.Time `json:"first"`   // of the first minute seen
	Last    time.Time `json:"last"`    // of the last minute seen
	Minute  int       `json:"minute"`  // the furthest minute, from 0
	Days    int       `json:"days"`    // distinct days on which a minute was watched
	Runtime int       `json:"runtime"` // of the movie, minutes; 0 if unknown
}

// Share returns the share of the movie that was watched, 0 to 1, and whether
// the runtime it needs is known.
func (w Watch) Share() (share float64, ok bool) {
	if w.Runtime <= 0 {
		return 0, false
	}
	return min(1, float64(w.Minute+1)/float64(w.Runtime)), true
}

// A Rating is one person's latest opinion of one movie.
type Rating struct {
	User  UserID    `json:"user"`
	Movie MovieID   `json:"movie"`
	Value float64   `json:"value"` // on the store's [Scale]
	At    time.Time `json:"at"`
}

// After reports whether r replaces q as the latest rating of one user and
// movie: the later one wins, and of two at one time the higher value, so that
// the order of arrival never matters.
func (r Rating) After(q Rating) bool {
	if !r.At.Equal(q.At) {
		return r.At.After(q.At)
	}
	return r.Value > q.Value
}

// A Seen is one movie of a person's history: a watch, a rating, or both.
type Seen struct {
	Movie  MovieID   `json:"movie"`
	At     time.Time `json:"at"`               // of the last watch or the rating, whichever is later
	Rating float64   `json:"rating,omitempty"` // on the store's [Scale]
	Rated  bool      `json:"rated,omitempty"`
	Share  float64   `json:"share,omitempty"` // watched, 0 to 1
	Shared bool      `json:"shared,omitempty"`
	Days   int       `json:"days,omitempty"` // distinct days of watching; 0 if only rated
}

// A Scale is the range of ratings that a store holds.
type Scale struct {
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Step float64 `json:"step"` // between neighbouring ratings
}

// The scales of the data sets and editions that Marquee knows.
var (
	ScaleMovieLens = Scale{Min: 0.5, Max: 5, Step: 0.5}
	Scale5         = Scale{Min: 1, Max: 5, Step: 1}  // edition 2025
	Scale10        = Scale{Min: 1, Max: 10, Step: 1} // edition 2026
)

// maxSteps is the most steps a scale may have: a scale of 100 points by tenths.
const maxSteps = 1000

// Validate returns an error that wraps [ErrInvalid] unless Max lies a whole
// number of steps, 1 to 1,000, from Min; a part of 1e-6 of a step is rounding.
func (s Scale) Validate() error {
	if !(s.Min < s.Max) || !(s.Step > 0) || !(s.Step <= s.Max-s.Min) || math.IsInf(s.Max-s.Min, 0) {
		return fmt.Errorf("rating scale %v to %v by %v, want min < max and 0 < step <= max-min: %w", s.Min, s.Max, s.Step, ErrInvalid)
	}
	if n := (s.Max - s.Min) / s.Step; n > maxSteps+1e-6 || math.Abs(n-math.Round(n)) > 1e-6 {
		return fmt.Errorf("rating scale %v to %v by %v has %.6g steps, want a whole number of them, at most %d: %w", s.Min, s.Max, s.Step, n, maxSteps, ErrInvalid)
	}
	return nil
}

// Check returns an error that wraps [ErrInvalid] unless v lies on the scale.
func (s Scale) Check(v float64) error {
	if !(v >= s.Min && v <= s.Max) {
		return fmt.Errorf("rating is %v, want %v to %v: %w", v, s.Min, s.Max, ErrInvalid)
	}
	if n := (v - s.Min) / s.Step; math.Abs(n-math.Round(n)) > 1e-6 {
		return fmt.Errorf("rating is %v, want a step of %v from %v to %v: %w", v, s.Step, s.Min, s.Max, ErrInvalid)
	}
	return nil
}

// Unit returns v as a share of the scale, 0 at Min and 1 at Max.
func (s Scale) Unit(v float64) float64 {
	return min(1, max(0, (v-s.Min)/(s.Max-s.Min)))
}

// Of5 returns v on the scale 1 to 5, on which preferences are weighed.
func (s Scale) Of5(v float64) float64 { return 1 + 4*s.Unit(v) }

// From5 is the inverse of [Scale.Of5]. What it returns may lie between two steps.
func (s Scale) From5(v float64) float64 {
	return s.Min + min(1, max(0, (v-1)/4))*(s.Max-s.Min)
}

// String returns the scale as "1..5/1".
func (s Scale) String() string { return fmt.Sprintf("%g..%g/%g", s.Min, s.Max, s.Step) }

// ParseScale reads what [Scale.String] writes: "0.5..5/0.5".
func ParseScale(text string) (Scale, error) {
	low, rest, dots := strings.Cut(text, "..")
	high, step, slash := strings.Cut(rest, "/")
	var s Scale
	ok := dots && slash
	for _, part := range []struct {
		text string
		dst  *float64
	}{{low, &s.Min}, {high, &s.Max}, {step, &s.Step}} {
		v, err := strconv.ParseFloat(part.text, 64)
		*part.dst = v
		ok = ok && err == nil
	}
	if !ok {
		return Scale{}, fmt.Errorf("rating scale %q, want min..max/step such as 0.5..5/0.5: %w", text, ErrInvalid)
	}
	return s, s.Validate()
}

// A UserSeen is one row of all histories together.
type UserSeen struct {
	User UserID
	Seen
}
