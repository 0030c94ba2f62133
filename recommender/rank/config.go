package rank

import (
	"errors"
	"fmt"
)

// Config says how lists are made. Start from [DefaultConfig]: a zero field
// means zero.
type Config struct {
	Similarity float64 `json:"similarity"` // weight of nearness to what was watched
	Quality    float64 `json:"quality"`    // weight of the Bayesian mean rating
	Popularity float64 `json:"popularity"` // weight of time-decayed popularity

	// Preference is the exponent that sharpens a rating's say: a movie rated r
	// of 5 speaks with (r/5)^Preference. 0 makes all alike.
	Preference float64 `json:"preference"`
	// Recency is the number of movies after which a watched movie's say has
	// halved, counted back from the newest; 0 lets all speak alike.
	Recency float64 `json:"recency"`
	// Sharpness is the exponent of a similarity, 1 to 4: above 1 a few close
	// neighbours outweigh many distant ones.
	Sharpness int `json:"sharpness"`
	// History is how many of the newest watched movies bring candidates.
	History int `json:"history"`
	// PopularCandidates is how many of the most popular movies stand beside
	// the neighbours.
	PopularCandidates int `json:"popular_candidates"`

	RatingPrior        float64 `json:"rating_prior"`         // ratings at the mean that a movie starts with
	PopularityHalfLife float64 `json:"popularity_half_life"` // days; 0 means that a watch never fades

	// AdultForUnknown shows adult movies to people whose age is not known.
	// Minors never see them.
	AdultForUnknown bool `json:"adult_for_unknown"`

	Knobs Knobs `json:"knobs,omitzero"` // of requests that bring none; bundles before format 4 have them all off
}

// DefaultConfig returns what "marquee eval sweep" found best, on inner splits of
// training parts, among settings in which no feature outweighs similarity.
// Heavier popularity wins 8 to 15% of NDCG@20 on past behaviour, with half as many
// movies shown and little of a person's taste left in the list;
// deploy/docs/results/ranking-defaults.md has the table.
func DefaultConfig() Config {
	return Config{
		Similarity:         1,
		Quality:            1,
		Popularity:         1,
		Preference:         2,
		Recency:            20,
		Sharpness:          4,
		History:            100,
		PopularCandidates:  300,
		RatingPrior:        10,
		PopularityHalfLife: 0,
		Knobs:              DefaultKnobs(),
	}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	atLeast := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) {
			errs = append(errs, fmt.Errorf("%s is %v, want %g to %g", name, v, low, high))
		}
	}
	atLeast("weight of similarity", c.Similarity, 0, 1e6)
	atLeast("weight of quality", c.Quality, 0, 1e6)
	atLeast("weight of popularity", c.Popularity, 0, 1e6)
	atLeast("preference", c.Preference, 0, 10)
	atLeast("recency", c.Recency, 0, 1e6)
	atLeast("sharpness", float64(c.Sharpness), 1, 4)
	atLeast("history", float64(c.History), 1, 10_000)
	atLeast("popular candidates", float64(c.PopularCandidates), 0, 1e6)
	atLeast("rating prior", c.RatingPrior, 0, 1e6)
	atLeast("half-life of popularity", c.PopularityHalfLife, 0, 1e6)
	if err := c.Knobs.Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.Similarity+c.Quality+c.Popularity <= 0 {
		errs = append(errs, errors.New("weights of similarity, quality and popularity are all 0, want one above 0"))
	}
	return errors.Join(errs...)
}
