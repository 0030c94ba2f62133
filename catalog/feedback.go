package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A FeedbackKind says what a person did about a movie that was shown to them.
type FeedbackKind string

// The kinds of feedback.
const (
	FeedbackClick   FeedbackKind = "click"   // looked at it
	FeedbackWatch   FeedbackKind = "watch"   // began to watch it
	FeedbackLike    FeedbackKind = "like"    // said that they like it
	FeedbackDislike FeedbackKind = "dislike" // said that they do not
	FeedbackDismiss FeedbackKind = "dismiss" // does not want to see it in lists
)

// FeedbackKinds are all kinds.
var FeedbackKinds = []FeedbackKind{FeedbackClick, FeedbackWatch, FeedbackLike, FeedbackDislike, FeedbackDismiss}

// Opinion reports whether k says what a person thinks of a movie: a like, a dislike or a
// dismissal.
func (k FeedbackKind) Opinion() bool { return opinionRank[k] > 0 }

// opinionRank orders opinions of one time: the stricter one holds.
var opinionRank = map[FeedbackKind]int{FeedbackLike: 1, FeedbackDislike: 2, FeedbackDismiss: 3}

// A Feedback is what one person did about one movie of one list. There is at most one of
// a person, request, movie and kind: of several clicks, and of several watches, the first
// is kept, of several opinions the last.
type Feedback struct {
	RequestID string       `json:"request_id"` // of the list; empty if it is about no list
	User      UserID       `json:"user"`
	Movie     MovieID      `json:"movie"`
	Kind      FeedbackKind `json:"kind"`
	At        time.Time    `json:"at"`
}

// An Opinion is the newest of a person's likes, dislikes and dismissals of one movie.
type Opinion struct {
	Movie MovieID      `json:"movie"`
	Kind  FeedbackKind `json:"kind"`
	At    time.Time    `json:"at"`
}

// MaxRequestIDBytes is the longest [Feedback.RequestID].
const MaxRequestIDBytes = 200

// Validate returns an error that wraps [ErrInvalid] unless f can be kept. The movie need
// not be known, nor the request.
func (f Feedback) Validate() error {
	if _, err := ParseUserID(string(f.User)); err != nil {
		return err
	}
	if _, err := ParseMovieID(string(f.Movie)); err != nil {
		return err
	}
	if !slices.Contains(FeedbackKinds, f.Kind) {
		return fmt.Errorf("kind of feedback is %.50q, want one of %q: %w", f.Kind, FeedbackKinds, ErrInvalid)
	}
	if len(f.RequestID) > MaxRequestIDBytes || !utf8.ValidString(f.RequestID) || strings.Contains(f.RequestID, "\x00") {
		return fmt.Errorf("request id is %.50q of %d bytes, want at most %d bytes of UTF-8 without NUL: %w", f.RequestID, len(f.RequestID), MaxRequestIDBytes, ErrInvalid)
	}
	if f.At.IsZero() {
		return fmt.Errorf("feedback has no time, want when it was given: %w", ErrInvalid)
	}
	return nil
}

// After reports whether o replaces p as a person's opinion of one movie: the later one
// wins, and of two at one time the stricter, so that the order of arrival never matters.
func (o Opinion) After(p Opinion) bool {
	if !o.At.Equal(p.At) {
		return o.At.After(p.At)
	}
	return opinionRank[o.Kind] > opinionRank[p.Kind]
}

// MaxPreferenceBytes is the longest text of [Preferences].
const MaxPreferenceBytes = 4 << 10

// Preferences are what a person says of their taste in their own words, as at sign-up.
type Preferences struct {
	User     UserID    `json:"user"`
	Liked    string    `json:"liked,omitempty"`
	Disliked string    `json:"disliked,omitempty"`
	At       time.Time `json:"at"`
}

// Empty reports whether p says nothing.
func (p Preferences) Empty() bool { return p.Liked == "" && p.Disliked == "" }

// Validate returns an error that wraps [ErrInvalid] unless p can be kept.
func (p Preferences) Validate() error {
	if _, err := ParseUserID(string(p.User)); err != nil {
		return err
	}
	for _, t := range []struct{ name, text string }{{"liked", p.Liked}, {"disliked", p.Disliked}} {
		if len(t.text) > MaxPreferenceBytes {
			return fmt.Errorf("%s has %d bytes, want at most %d: %w", t.name, len(t.text), MaxPreferenceBytes, ErrInvalid)
		}
		if !utf8.ValidString(t.text) || strings.Contains(t.text, "\x00") {
			return fmt.Errorf("%s is no UTF-8 without NUL: %w", t.name, ErrInvalid)
		}
	}
	return nil
}
