// Package experiment compares ways to make lists while people use them: it assigns
// people to the arms of experiments, and judges from what was served and watched since.
package experiment

import (
	"time"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// An Assigner says how lists for a person are made at a time. Any number of goroutines
// may ask it; it must not wait.
type Assigner interface {
	Assign(u catalog.UserID, at time.Time) Assignment
}

// A Variant is one way to make lists, as an arm of an experiment has it. It never
// changes.
type Variant interface {
	// Name is "experiment:arm".
	Name() string
	// Model is the arm of the bundle that makes the lists; "": what others get.
	Model() string
	// Knobs returns base with the settings that differ. The caller must not change it.
	Knobs(base *rank.Knobs) *rank.Knobs
}

// An Assignment says how lists for one person are made now. The zero value says
// nothing: no experiment is about them.
type Assignment struct {
	// Label has the names of the variants of all experiments that the person takes part
	// in, ascending, joined by commas, as exposures keep it.
	Label string

	Served     []Variant  // what holds for the list; a later one wins
	Shadows    []Variant  // what is computed beside it and compared
	Interleave [2]Variant // two that contribute in turn; nil for none
}
