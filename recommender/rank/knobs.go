package rank

import (
	"errors"
	"fmt"
)

// Knobs are the settings of ranking that take effect at a request, so that arms of an
// experiment can differ by them. Start from [DefaultKnobs]: a zero field means zero,
// which turns a knob off.
type Knobs struct {
	// Diversity is the weight of novelty within a list, 0 to 1: a movie is placed by
	// (1-Diversity) of its score and Diversity of how far it is from what stands above it
	// (maximal marginal relevance: Carbonell and Goldstein, 1998).
	Diversity float64 `json:"diversity"`
	// PerCollection is how many movies of one collection a list holds at most; 0: any.
	PerCollection int `json:"per_collection"`

	// Popularity is added to scores for each unit of popularity, -1 to 1: below 0 lists
	// hold less of what everybody watches.
	Popularity float64 `json:"popularity"`
	// Cost is taken off scores for a license that costs as much as the dearest, 0 to 1.
	Cost float64 `json:"cost"`

	// Explore is the share of places that are drawn from further down, 0 to 0.5; each
	// item has the probability with which it came to be in the list.
	Explore float64 `json:"explore"`
	// Rotate is taken off a score for each time that the movie was shown and not watched,
	// 0 to 1.
	Rotate float64 `json:"rotate"`

	// Disliked is taken off the score of a movie that is as near as can be to one that the
	// person dislikes, 0 to 1; Dismissed the same of one they do not want to see.
	Disliked  float64 `json:"disliked"`
	Dismissed float64 `json:"dismissed"`

	// Behaviours say what watches, ratings and opinions mean: see [Snapshot.TasteOf].
	Behaviours Behaviours `json:"behaviours,omitzero"`

	// How many candidates each source brings at least, as far as it has them.
	Neighbours int `json:"neighbours"` // near to what was watched
	Suggested  int `json:"suggested"`  // by the model
	Popular    int `json:"popular"`    // what everybody, or the person's group, watches
	Fresh      int `json:"fresh"`      // movies that came last
}

// DefaultKnobs returns the knobs that a build starts with. On are those that lose no
// NDCG@20 beyond chance and gain something else, at the value that loses least or, of
// dislikes, at the largest that loses nothing. Off are those that lose at any value worth
// having (diversity, popularity), those that only people who use the service can judge
// (exploration, rotation), and that which only its owner can (cost). "marquee eval knobs"
// measures them, deploy/docs/results/knobs.md has the figures. Candidates are as few as
// lose nothing: on ml-latest-small NDCG@20 of the blend is 0.192 with these ("make eval"),
// with 150 suggested beside 30 neighbours, with 300 beside 100, and with all movies
// (differences within 0.001, p 0.5 and more), and lists cover 0.133 (0.130 since candidates'
// factors are bytes), 0.136, 0.141 and 0.148 of the catalog, those of ALS 0.090. With 100
// suggested it was 0.191, and they covered 0.131.
func DefaultKnobs() Knobs {
	return Knobs{
		PerCollection: 2, Disliked: 0.05, Dismissed: 0.025, Behaviours: DefaultBehaviours(),
		Neighbours: 20, Suggested: 120, Popular: 10, Fresh: 10,
	}
}

// Validate reports every fault in one error.
func (k Knobs) Validate() error {
	var errs []error
	within := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) {
			errs = append(errs, fmt.Errorf("%s is %v, want %g to %g", name, v, low, high))
		}
	}
	within("diversity", k.Diversity, 0, 1)
	within("movies of one collection", float64(k.PerCollection), 0, MaxCount)
	within("popularity knob", k.Popularity, -1, 1)
	within("cost knob", k.Cost, 0, 1)
	within("exploration", k.Explore, 0, 0.5)
	within("rotation", k.Rotate, 0, 1)
	within("disliked", k.Disliked, 0, 1)
	within("dismissed", k.Dismissed, 0, 1)
	within("candidates that are neighbours", float64(k.Neighbours), 0, 100_000)
	within("suggested candidates", float64(k.Suggested), 0, 100_000)
	within("popular candidates of a model's list", float64(k.Popular), 0, 100_000)
	within("fresh candidates", float64(k.Fresh), 0, 100_000)
	if err := k.Behaviours.Validate(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
