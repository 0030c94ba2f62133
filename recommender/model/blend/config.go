package blend

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"marquee/recommender/model"
)

// Config says what to blend. Start from [DefaultConfig].
type Config struct {
	Parts   string  `json:"parts"`   // names of models, separated by commas
	Weights string  `json:"weights"` // one for each part, separated by commas; "" learns them
	Tail    float64 `json:"tail"`    // with weights that are given: what a movie gains for being little watched, 0 to 10

	// What follows is of weights that are learned.
	L2         float64 `json:"l2"`         // penalty on squared weights, a pair
	People     int     `json:"people"`     // at most so many, drawn by Seed
	Least      int     `json:"least"`      // movies held out, over all people, that it takes at least
	Candidates int     `json:"candidates"` // the best of each part from which pairs are taken
	Negatives  int     `json:"negatives"`  // pairs for each movie that was watched
	Bags       int     `json:"bags"`       // halves of the people from which weights are learned; their mean is taken
	Cutoff     int     `json:"cutoff"`     // k of the NDCG that is searched for
	Cover      float64 `json:"cover"`      // lists are to cover so many times as much of the catalog as those of CoverAs; 0 does not look
	CoverAs    string  `json:"cover_as"`   // a part; if it is not among the parts, nothing is asked of coverage
	Seed       uint64  `json:"seed"`
}

// DefaultConfig returns what the blends of deploy/docs/results/models.md were
// made with. Parts must be set. Lists cover a tenth more than those of ALS, which
// cover most among the models that learn from what people did: on the inner split
// of ml-latest-small that costs no NDCG. Weights learned there
// with four bags did best one split further out, where nothing had been learned:
// NDCG@20 0.2189, with eight 0.2191, and 0.2135 with everybody at once. Least is a
// hundred for each of ten weights: with 280 movies held out of 200 people in the
// invented world of tests/e2e, a blend listed what people like less than popular
// movies.
func DefaultConfig() Config {
	return Config{L2: 1e-4, People: 2000, Least: 1000, Candidates: 100, Negatives: 20, Bags: 4, Cutoff: 20, Cover: 1.1, CoverAs: "als", Seed: 1}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	parts := c.parts()
	for i, p := range parts {
		if p == "" {
			bad("part %d has no name; name models, separated by commas", i+1)
		} else if slices.Index(parts, p) != i {
			bad("part %q is named twice", p)
		}
	}
	if len(parts) > maxParts {
		bad("%d parts, want at most %d", len(parts), maxParts)
	}
	if c.Weights != "" {
		if _, err := c.weights(); err != nil {
			errs = append(errs, err)
		}
	}
	between := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) {
			bad("%s is %v, want %g to %g", name, v, low, high)
		}
	}
	between("l2", c.L2, 0, 1e6)
	between("people", float64(c.People), 1, 1e6)
	between("least", float64(c.Least), 1, 1e9)
	between("candidates", float64(c.Candidates), 1, 10_000)
	between("negatives", float64(c.Negatives), 1, 1000)
	between("tail", c.Tail, 0, maxTail)
	between("cover", c.Cover, 0, 100)
	between("bags", float64(c.Bags), 1, 100)
	between("cutoff", float64(c.Cutoff), 1, 1000)
	return errors.Join(errs...)
}

// maxParts is what the bits of a movie's sources have room for, beside what brought it.
const maxParts = 27

func (c Config) parts() []string {
	names := strings.Split(c.Parts, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// weights returns the given ones, which add up to 1.
func (c Config) weights() ([]float64, error) {
	texts := strings.Split(c.Weights, ",")
	if len(texts) != len(c.parts()) {
		return nil, fmt.Errorf("%d weights for %d parts, want one for each", len(texts), len(c.parts()))
	}
	out := make([]float64, len(texts))
	sum := 0.0
	for i, t := range texts {
		w, err := strconv.ParseFloat(strings.TrimSpace(t), 64)
		if err != nil || !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("weight %q, want a number of 0 or more", t)
		}
		out[i] = w
		sum += w
	}
	if !(sum > 0) {
		return nil, fmt.Errorf("weights %q are all 0, want one above 0", c.Weights)
	}
	for i := range out {
		out[i] /= sum
	}
	return out, nil
}

// space is what tuning may change.
func space() []model.Param {
	return []model.Param{
		{Name: "l2", Low: 1e-6, High: 1e-1, Log: true},
		{Name: "candidates", Low: 20, High: 400, Log: true, Integer: true},
		{Name: "negatives", Low: 5, High: 100, Log: true, Integer: true},
	}
}
