package content

import (
	"errors"
	"fmt"
)

// The ways to hold movies against a history.
const (
	Table   = "table"   // the neighbours of each watched movie
	Profile = "profile" // every movie against the sum of the history
)

// Config says how movies are held against a history. Start from [DefaultConfig]: a
// zero field means zero.
type Config struct {
	How        string  `json:"how"`        // table or profile
	Preference float64 `json:"preference"` // a movie rated p of 5 speaks with (p/5)^preference
	Recency    float64 `json:"recency"`    // movies after which the say of one has halved, counted back from the newest; 0 lets all speak alike
	Sharpness  float64 `json:"sharpness"`  // exponent of a likeness, by table
	History    int     `json:"history"`    // newest movies that speak; 0 for all

	// AskFloor leaves out of the scores of chosen movies, see [model.Asker], each neighbour
	// in the table that adds less than this share of the most that one adds; 0 leaves out
	// none.
	AskFloor float64 `json:"ask_floor"`
	// AskNear is how many neighbours of each movie count there at most; 0 for all.
	AskNear int `json:"ask_near"`
}

// DefaultConfig returns what did best by NDCG@20 on the newest fifth of the
// training part of ml-latest-small, with vectors of embedder/lsa and a table of
// 100 neighbours:
//
//	sharpness at recency   10     20     40     80      0
//	                  4  0.0433 0.0461 0.0474 0.0468 0.0452
//	                  6  0.0455 0.0488 0.0500 0.0496 0.0486
//	                 10  0.0472 0.0501 0.0498 0.0500 0.0489
//
// By profile it is 0.0390 at best, at a recency of 3. Preferences by the power of 0,
// 1 or 3, and histories of 50 or all movies, lose up to 0.001.
//
// With an ask_floor of 0, 0.003, 0.01, 0.05 and 0.1 the default gives 0.0500, 0.0498,
// 0.0498, 0.0501 and 0.0493, from 5,600, 2,400, 950, 180 and 90 neighbours a history.
func DefaultConfig() Config {
	return Config{How: Table, Preference: 2, Recency: 40, Sharpness: 6, History: 100, AskFloor: 0.05, AskNear: 30}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	if c.How != Table && c.How != Profile {
		errs = append(errs, fmt.Errorf("how is %q, want %s or %s", c.How, Table, Profile))
	}
	within := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) {
			errs = append(errs, fmt.Errorf("%s is %v, want %g to %g", name, v, low, high))
		}
	}
	within("preference", c.Preference, 0, 10)
	within("recency", c.Recency, 0, 1e6)
	within("sharpness", c.Sharpness, 0.1, 10)
	within("ask_floor", c.AskFloor, 0, 1)
	within("ask_near", float64(c.AskNear), 0, 1e6)
	within("history", float64(c.History), 0, 1e6)
	return errors.Join(errs...)
}
