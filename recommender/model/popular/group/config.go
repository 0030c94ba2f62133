package group

import (
	"errors"
	"fmt"
)

// Config says how people are counted. Its names are those of settings, so that
// the Config of a model can embed it.
type Config struct {
	// HalfLife is the number of days after which a watch has lost half its weight,
	// counted back from the newest of the data; 0 means never.
	HalfLife float64 `json:"half_life"`
	// Liking is the exponent of a preference: a watch of p of 5 counts (p/5)^liking.
	// 0 counts all watches alike.
	Liking float64 `json:"liking"`
	// Lean is how many people's watches a group starts from, of what the next larger
	// one expects.
	Lean float64 `json:"lean"`
	// RatingPrior is how many ratings, at what the next larger group expects, a
	// movie's mean starts from.
	RatingPrior float64 `json:"rating_prior"`
	GroupPeople int     `json:"group_people"` // least people of a group that is kept
	CellPeople  int     `json:"cell_people"`  // least of them, or of everyone, who watched or rated a movie for that to be kept
}

// DefaultConfig returns the settings that the model popular explains.
func DefaultConfig() Config {
	return Config{HalfLife: 0, Liking: 1, Lean: 50, RatingPrior: 5, GroupPeople: 20, CellPeople: 5}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	within := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) {
			errs = append(errs, fmt.Errorf("%s is %v, want %g to %g", name, v, low, high))
		}
	}
	within("half_life", c.HalfLife, 0, 1e6)
	within("liking", c.Liking, 0, 10)
	within("lean", c.Lean, 0, 1e6)
	within("rating_prior", c.RatingPrior, 0, 1e6)
	within("group_people", float64(c.GroupPeople), 2, 1e9)
	within("cell_people", float64(c.CellPeople), 2, 1e9)
	return errors.Join(errs...)
}
