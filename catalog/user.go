package catalog

import (
	"encoding/json"
	"fmt"
)

// A User is what is known about one person; most people are known by their
// watches alone. Zero fields are unknown.
type User struct {
	ID         UserID `json:"id"`
	Age        int    `json:"age,omitempty"`    // years
	Gender     string `json:"gender,omitempty"` // as the catalog API says it
	Occupation string `json:"occupation,omitempty"`

	// Extra keeps the other fields of the source by their names there, such as
	// the texts in which people say what they like.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

// AdultAge is the age, in years, from which a person may be shown adult movies.
const AdultAge = 18

// Minor reports whether u is known to be under [AdultAge].
func (u User) Minor() bool { return u.Age > 0 && u.Age < AdultAge }

// Normalize makes u fit to be stored, like [Movie.Normalize].
func (u *User) Normalize() (notes []string, err error) {
	if _, err := ParseUserID(string(u.ID)); err != nil {
		return nil, err
	}
	if u.Age < 0 || u.Age > 150 {
		notes = append(notes, fmt.Sprintf("age is %d, want 0 to 150; dropped", u.Age))
		u.Age = 0
	}
	u.Gender = CutText(CleanText(u.Gender), MaxIDBytes)
	u.Occupation = CutText(CleanText(u.Occupation), MaxIDBytes)
	return notes, nil
}
