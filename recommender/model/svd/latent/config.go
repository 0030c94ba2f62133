package latent

import (
	"errors"
	"fmt"

	"marquee/recommender/model"
)

// A Config says how to train. Start from the defaults of svd or svdpp: a zero
// field means zero. Rate and Reg hold for every number that is learned, as lr_all
// and reg_all do in scikit-surprise. They are for scales about as wide as five
// stars; ratings on another scale are divided by a power of two to get there.
type Config struct {
	Factors  int     `json:"factors"` // per movie and person, 1 to 1024
	Epochs   int     `json:"epochs"`  // passes over the ratings, 1 to 1000
	Rate     float64 `json:"rate"`    // length of a step down the gradient, over 0 to 0.1
	Reg      float64 `json:"reg"`     // L2 penalty of each rating, 0 to 1
	InitMean float64 `json:"init_mean"`
	InitStd  float64 `json:"init_std"` // of the factors before training, 0 to 1
	Biased   bool    `json:"biased"`   // learn the mean of all and the biases of people and movies
	Shuffle  bool    `json:"shuffle"`  // take people, and the ratings of each, in another order in every epoch

	// L2 penalties of the factors and of the bias of a person who is folded in,
	// once for the whole history and beside Reg for each rating, 1e-3 to 1e4. With
	// FoldReg 0 the training chooses one, in a second training on nine ratings of
	// ten.
	FoldReg     float64 `json:"fold_reg"`
	FoldBiasReg float64 `json:"fold_bias_reg"`

	Seed uint64 `json:"seed"` // same seed and data, same bits

	// Implicit adds the factors of the movies that a person rated or watched to
	// their own: SVD++.
	Implicit bool `json:"-"`
}

// Penalties of a fold. Above 0, so that one rating never leaves the factors open.
const (
	leastPenalty = 1e-3
	mostPenalty  = 1e4
)

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	whole := func(name string, v, low, high int) {
		if v < low || v > high {
			errs = append(errs, fmt.Errorf("%s is %d, want %d to %d", name, v, low, high))
		}
	}
	within := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) { // this form also catches NaN
			errs = append(errs, fmt.Errorf("%s is %v, want %v to %v", name, v, low, high))
		}
	}
	whole("factors", c.Factors, 1, 1024)
	whole("epochs", c.Epochs, 1, 1000)
	within("rate", c.Rate, 1e-6, 0.1)
	within("reg", c.Reg, 0, 1)
	within("init_mean", c.InitMean, -1, 1)
	within("init_std", c.InitStd, 0, 1)
	if c.FoldReg != 0 {
		within("fold_reg", c.FoldReg, leastPenalty, mostPenalty)
	}
	within("fold_bias_reg", c.FoldBiasReg, leastPenalty, mostPenalty)
	return errors.Join(errs...)
}

// Space returns what is worth tuning, on both sides of the defaults.
func Space() []model.Param {
	return []model.Param{
		{Name: "factors", Low: 10, High: 200, Log: true, Integer: true},
		{Name: "epochs", Low: 10, High: 120, Log: true, Integer: true},
		{Name: "rate", Low: 0.002, High: 0.03, Log: true},
		{Name: "reg", Low: 0.02, High: 0.3, Log: true},
		{Name: "fold_bias_reg", Low: 0.5, High: 50, Log: true},
	}
}
