package ease

import (
	"errors"
	"fmt"
)

// mostMovies is the most movies that may take part: their matrix takes 4 GiB.
const mostMovies = 1 << 15

// Config says how to train. Start from [DefaultConfig]: a zero field means zero.
type Config struct {
	Movies      int     `json:"movies"`       // the most watched take part, ties by row; 2 to 32768. Memory 4*Movies^2 bytes
	Lambda      float64 `json:"lambda"`       // L2 penalty on weights, above 0
	LambdaPower float64 `json:"lambda_power"` // a movie's penalty grows with its watchers to this power, -1 to 1; 0 is the paper's
	Preference  float64 `json:"preference"`   // how much what was liked counts more, 0 (not at all) to 1: 1 + Preference*(preference-3)/2
	Debias      float64 `json:"debias"`       // scores are divided by watchers to this power, 0 to 1
	Keep        int     `json:"keep"`         // weights kept into each movie, those that matter most; 0, or two thirds of the movies, keeps all, in 4*Movies^2 bytes
}

// DefaultConfig returns settings chosen on an inner split of ml-latest-small
// (Data.Split of the training part, NDCG@20, with all weights of 4,000 movies
// unless said): lambda 50, 100, 200, 300 with preference 0.5 gave 0.153, 0.159,
// 0.161, 0.160; preference 0, 0.5, 0.9 gave 0.156, 0.161, 0.160; lambda_power -0.5
// and 0.5 at their best lambda 0.158 and 0.153; debias 0, 0.1, 0.2, 0.3 gave
// 0.1605, 0.1613, 0.1571, 0.1519 at a coverage@20 of 0.113, 0.132, 0.161, 0.203;
// keep 0, 1000, 500, 200, 50 gave 0.1605, 0.1597, 0.1583, 0.1560, 0.1505, and
// 1,000 over all watched movies gave 0.1601 where all weights gave 0.1609.
func DefaultConfig() Config {
	return Config{Movies: 10000, Lambda: 200, Preference: 0.5, Debias: 0.1, Keep: 1000}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Movies < 2 || c.Movies > mostMovies {
		bad("movies is %d, want 2 to %d", c.Movies, mostMovies)
	}
	if !(c.Lambda > 0 && c.Lambda <= 1e9) { // this form also catches NaN
		bad("lambda is %v, want above 0, to 1e9", c.Lambda)
	}
	if !(c.LambdaPower >= -1 && c.LambdaPower <= 1) {
		bad("lambda_power is %v, want -1 to 1", c.LambdaPower)
	}
	if !(c.Preference >= 0 && c.Preference <= 1) {
		bad("preference is %v, want 0 to 1", c.Preference)
	}
	if !(c.Debias >= 0 && c.Debias <= 1) {
		bad("debias is %v, want 0 to 1", c.Debias)
	}
	if c.Keep < 0 {
		bad("keep is %d, want 0 or more", c.Keep)
	}
	return errors.Join(errs...)
}
