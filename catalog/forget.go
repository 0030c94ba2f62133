package catalog

import (
	"crypto/hmac"
	"crypto/sha256"
)

// A PersonHash is the keyed hash of a user id: HMAC-SHA-256 under the store's
// own salt. It is all that is kept of a person who was forgotten.
type PersonHash [32]byte

// Tombstones are the people who were forgotten. The zero Tombstones holds
// nobody. It is not written to after it was made.
type Tombstones struct {
	Salt   []byte
	Hashes map[PersonHash]struct{}
}

// Hash returns the hash of u under the salt of t.
func (t Tombstones) Hash(u UserID) PersonHash {
	mac := hmac.New(sha256.New, t.Salt)
	mac.Write([]byte(u)) // a hash has no errors
	var h PersonHash
	mac.Sum(h[:0])
	return h
}

// Has reports whether u was forgotten. It costs about a microsecond, nothing
// while nobody was.
func (t Tombstones) Has(u UserID) bool {
	if len(t.Hashes) == 0 {
		return false
	}
	_, forgotten := t.Hashes[t.Hash(u)]
	return forgotten
}

// A Removal counts what was removed of a person, or by age and size.
type Removal struct {
	Seen       int64 `json:"seen"` // pairs of a person and a movie
	Users      int64 `json:"users"`
	Accounts   int64 `json:"accounts"`
	Quarantine int64 `json:"quarantine"`
	Exposures  int64 `json:"exposures"`
	Changes    int64 `json:"changes"`
	Versions   int64 `json:"versions"` // earlier facts of movies, which go with the changes that ended them
	Intake     int64 `json:"intake"`
	Offsets    int64 `json:"offsets"` // of posts only: files and topics are remembered for ever
	UnknownIDs int64 `json:"unknown_ids"`

	Feedback    int64 `json:"feedback"`
	Opinions    int64 `json:"opinions"` // pairs of a person and a movie
	Preferences int64 `json:"preferences"`
	Overrides   int64 `json:"overrides"` // of experiments, that named the person
	Rates       int64 `json:"rates"`     // counts of served lists by hour, and by hour and movie
}

// Total returns how many rows went.
func (r Removal) Total() int64 {
	return r.Seen + r.Users + r.Accounts + r.Quarantine + r.Exposures + r.Changes + r.Versions + r.Intake + r.Offsets + r.UnknownIDs +
		r.Feedback + r.Opinions + r.Preferences + r.Overrides + r.Rates
}
