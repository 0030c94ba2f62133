package catalog

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// MaxIDBytes is the longest movie or user id, in bytes of UTF-8.
const MaxIDBytes = 200

// ErrInvalid reports input that can never be accepted as it is. Errors that
// wrap it say what was wrong and what was wanted.
var ErrInvalid = errors.New("invalid")

// ErrNotFound reports an id that nothing is known about.
var ErrNotFound = errors.New("not found")

// A MovieID names a movie. It is opaque: MovieLens uses "1", the stream
// "heat+1995", another site a UUID.
type MovieID string

// A UserID names a person. It is opaque.
type UserID string

// ParseMovieID returns s as a movie id. A legal id has 1 to [MaxIDBytes] bytes
// of valid UTF-8 without comma, slash, blank or control character: ids are
// joined by commas in an answer and stand in the path of a URL. Any other s is
// an error that wraps [ErrInvalid].
func ParseMovieID(s string) (MovieID, error) {
	if err := checkID("movie", s); err != nil {
		return "", err
	}
	return MovieID(s), nil
}

// ParseUserID returns s as a user id, under the rules of [ParseMovieID].
func ParseUserID(s string) (UserID, error) {
	if err := checkID("user", s); err != nil {
		return "", err
	}
	return UserID(s), nil
}

func checkID(kind, s string) error {
	if s == "" {
		return fmt.Errorf("%s id is empty, want 1 to %d bytes: %w", kind, MaxIDBytes, ErrInvalid)
	}
	if len(s) > MaxIDBytes {
		return fmt.Errorf("%s id %.20q... has %d bytes, want at most %d: %w", kind, s, len(s), MaxIDBytes, ErrInvalid)
	}
	if plainID(s) {
		return nil
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s id %q is not valid UTF-8: %w", kind, s, ErrInvalid)
	}
	for _, r := range s {
		if r == ',' || r == '/' || unicode.IsSpace(r) || unicode.IsControl(r) {
			return fmt.Errorf("%s id %q holds %q; commas, slashes, blanks and control characters are not allowed: %w", kind, s, r, ErrInvalid)
		}
	}
	return nil
}

// plainID reports whether s is of ASCII that every id may hold, as nearly all are.
func plainID(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == ',' || c == '/' {
			return false
		}
	}
	return true
}
