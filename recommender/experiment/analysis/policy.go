package analysis

import (
	"fmt"
	"strings"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// A Policy is a way to make lists that is judged by lists which another made and explored
// (see [Offline]).
type Policy interface {
	// Name is what it is called.
	Name() string
	// Target fills in t, which comes empty, what the policy would have done for the
	// request of a list. It must not look at what became of the list.
	Target(e catalog.Exposure, t *Target)
}

// MaxCells is how many cells a policy may tell apart.
const MaxCells = 4096

// A Target is what a policy would have done for one request.
//
// The model of rewards is a mean for each cell, into which the policy puts movies as it
// likes: by place in the list, by tier. Doubly robust estimates need that a movie's cell
// does not depend on what was drawn, and that all the policy would list is in Wanted.
type Target struct {
	Shown  []float64 // by movie of the list: the probability that the policy lists it
	Cell   []int     // by movie of the list: 0 to MaxCells-1
	Wanted []Wanted  // what the policy lists
}

// Wanted are movies that a policy lists, whichever they are.
type Wanted struct {
	Cell   int
	Movies float64 // expected number
}

// Greedy is the policy without exploration: the movies that were listed because they were
// drawn are not, and those that had to make room for them are. It rests on sources: what
// was drawn from below the end of the list has the source "explore", and nothing else
// does. Which movies had to make room is not known from a list, so its cells are those of
// the tier, which they share.
type Greedy struct{}

// explore is the source of movies that would not be listed had they not been drawn.
const explore = "explore"

// tiers are the cells of Greedy; those that are none of them share the last.
var tiers = []string{string(rank.TierPersonal), string(rank.TierGroup), string(rank.TierPopular)}

// Name returns "greedy".
func (Greedy) Name() string { return "greedy" }

// Target implements [Policy].
func (Greedy) Target(e catalog.Exposure, t *Target) {
	cell := len(tiers)
	for i, name := range tiers {
		if e.Tier == name {
			cell = i
		}
	}
	for _, m := range e.Movies {
		listed := 1.0
		if drawn(m.Source) {
			listed = 0
		}
		t.Shown, t.Cell = append(t.Shown, listed), append(t.Cell, cell)
	}
	t.Wanted = append(t.Wanted, Wanted{cell, float64(len(e.Movies))})
}

// drawn reports whether sources, joined by "+" and each with its team behind an "@", name
// exploration.
func drawn(sources string) bool {
	for s := range strings.SplitSeq(sources, "+") {
		if name, _, _ := strings.Cut(s, "@"); name == explore {
			return true
		}
	}
	return false
}

// PolicyOf returns the policy of a name; one that there is not is an error that wraps
// [catalog.ErrInvalid].
func PolicyOf(name string) (Policy, error) {
	if name == (Greedy{}).Name() {
		return Greedy{}, nil
	}
	return nil, fmt.Errorf("policy %q, want greedy: %w", name, catalog.ErrInvalid)
}
