package itemknn

import (
	"errors"
	"fmt"

	"marquee/recommender/model/itemknn/alike"
)

// Config says how movies are compared and how lists and ratings come of it. Start
// from [DefaultConfig]: a zero field means zero.
type Config struct {
	Similarity alike.Measure `json:"similarity"` // cosine, common, pearson or baseline
	Neighbors  int           `json:"neighbors"`  // kept of each movie
	Shrink     float64       `json:"shrink"`     // a similarity over n people counts n/(n+shrink)
	Least      int           `json:"least"`      // people in common, below which movies are no neighbours
	History    int           `json:"history"`    // newest movies of a person that are compared; 0 for all

	// Asymmetry shares the length of two movies between them, for cosine only:
	// c/(|i|^a |j|^(1-a)), where i brings the neighbour j. 0.5 is the cosine; above
	// it, popular neighbours win (Aiolli, "Efficient top-n recommendation", 2013).
	Asymmetry float64 `json:"asymmetry"`
	// Activity is the exponent by which people with long histories say less of
	// each pair, for cosine only: 1/n^activity.
	Activity float64 `json:"activity"`
	// Liking is the exponent of a preference where movies are compared, for cosine
	// only: p of 5 counts (p/5)^liking.
	Liking float64 `json:"liking"`

	Preference float64 `json:"preference"` // exponent of a preference in a history that asks, likewise
	Recency    float64 `json:"recency"`    // movies of a history after which the say of one has halved; 0 lets all speak alike
	Sharpness  float64 `json:"sharpness"`  // exponent of a similarity in a score
	K          int     `json:"k"`          // nearest watched movies that a predicted rating rests on

	// AskFloor leaves out of the scores of chosen movies, see [model.Asker], each neighbour
	// that adds less than this share of the most that one adds; 0 leaves out none.
	AskFloor float64 `json:"ask_floor"`
}

// DefaultConfig returns what suits lists: the best of a random search and then of
// one setting at a time, by NDCG@20 on the newest fifth of the training part of
// ml-latest-small (0.170; the popular movies have 0.098). What was lost there by
// moving one:
//
//	recency 0: -0.03, 10: -0.008, 2: -0.002	asymmetry 0.3: -0.007
//	shrink 0: -0.033, 20: -0.01           	preference 0: -0.005
//	history 0: -0.007                     	liking 0: -0.002
//	neighbors 200: -0.003, 500: +0.002    	activity 0 or 0.5: 0
//
// Neighbours beyond 300 are not worth their 8 bytes a movie each. A short
// half-life of recency is the largest gain of all, since people watch what goes
// with what they watched last; where lists should stand on the whole of a history,
// as for random held out movies, raise it.
//
// With an ask_floor of 0, 0.03, 0.05, 0.1 and 0.15 the same split gives 0.1689, 0.1687,
// 0.1693, 0.1682 and 0.1661, from 19,800, 4,750, 3,750, 2,400 and 1,600 neighbours a
// history (100 movies on average).
func DefaultConfig() Config {
	return Config{
		Similarity: alike.Cosine, Neighbors: 300, Shrink: 3, Least: 1, History: 300,
		Asymmetry: 0.45, Activity: 0.25, Liking: 0.5, Preference: 1, Recency: 5, Sharpness: 1, K: 40, AskFloor: 0.05,
	}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	errs := []error{c.Similarity.Validate()}
	within := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) {
			errs = append(errs, fmt.Errorf("%s is %v, want %g to %g", name, v, low, high))
		}
	}
	within("neighbors", float64(c.Neighbors), 1, 1e6)
	within("shrink", c.Shrink, 0, 1e6)
	within("least", float64(c.Least), 1, 1e6)
	within("history", float64(c.History), 0, 1e6)
	within("asymmetry", c.Asymmetry, 0, 1)
	within("activity", c.Activity, 0, 2)
	within("liking", c.Liking, 0, 10)
	within("preference", c.Preference, 0, 10)
	within("recency", c.Recency, 0, 1e6)
	within("ask_floor", c.AskFloor, 0, 1)
	within("sharpness", c.Sharpness, 0.1, 10)
	within("k", float64(c.K), 1, 1e6)
	return errors.Join(errs...)
}
