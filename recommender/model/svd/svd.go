package svd

import (
	"context"

	"marquee/recommender/model"
	"marquee/recommender/model/svd/latent"
)

// A Config says how to train; see [latent.Config].
type Config = latent.Config

// A Model holds what was learned of movies; see [latent.Model].
type Model = latent.Model

// People is what was learned of the people of the training; see [latent.People].
type People = latent.People

// DefaultConfig returns the settings that won on ml-latest-small: 80/20 by
// ratings, and of the 80 again 80/20, RMSE by fold-in on the latter. In a sweep
// over factors 20 to 200, rate 0.005 and 0.01, reg 0.02 to 0.15 and epochs 20 to
// 100 they reach 0.8585. Surprise's own defaults (100 factors, 20 epochs at 0.005,
// reg 0.02) reach 0.873 there; 50 factors 0.860, 200 factors 0.860 for twice the
// time; 40 epochs 0.860, 100 the same 0.858 as 60. The fold's penalty is chosen in
// training (it is flat from 2 to 8). The bias's was
// chosen for people held out whole: with one rating known, RMSE on their others is
// 0.961 at a penalty of 1, 0.926 at 3 and 0.922 at 6, and 0.925 with nothing
// known; with many ratings it makes no difference.
func DefaultConfig() Config {
	return Config{Factors: 100, Epochs: 60, Rate: 0.01, Reg: 0.1, InitStd: 0.1, Biased: true, Shuffle: true, FoldBiasReg: 5, Seed: 1}
}

// Kind is the kind of this package.
func Kind() model.Kind {
	return model.NewKind("svd", "predicts ratings by biased matrix factorisation; needs ratings", DefaultConfig(), latent.Space(),
		func(ctx context.Context, d *model.Data, c Config, progress model.Progress) (model.Model, error) {
			return Train(ctx, d, c, progress)
		},
		func(stored []byte, base *model.Base) (model.Model, error) { return Read(stored, base) })
}

// Train learns from the rated rows of d. It takes O(epochs * ratings * factors), in
// one goroutine: a second for ml-latest-small at the default settings, as
// the log of "marquee eval run" has it.
func Train(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, error) {
	m, _, err := TrainPeople(ctx, d, c, progress)
	return m, err
}

// TrainPeople is Train, and returns besides what was learned of the people of d,
// for comparisons with programs that keep it.
func TrainPeople(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, *People, error) {
	c.Implicit = false
	return latent.Train(ctx, d, c, progress)
}

// Read makes the model of what [Model.WriteTo] wrote.
func Read(stored []byte, base *model.Base) (*Model, error) { return latent.Read(stored, base, false) }
