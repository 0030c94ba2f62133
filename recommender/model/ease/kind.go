package ease

import (
	"context"

	"marquee/recommender/model"
)

// Kind returns the kind "ease".
func Kind() model.Kind {
	return model.NewKind("ease", "EASE: weights from movie to movie in closed form; strong on catalogs of up to some 10,000 watched movies",
		DefaultConfig(),
		[]model.Param{
			{Name: "lambda", Low: 10, High: 10000, Log: true},
			{Name: "lambda_power", Low: -0.5, High: 0.5},
			{Name: "preference", Low: 0, High: 1},
			{Name: "debias", Low: 0, High: 0.3},
		},
		func(ctx context.Context, d *model.Data, c Config, progress model.Progress) (model.Model, error) {
			return Train(ctx, d, c, progress)
		},
		func(stored []byte, base *model.Base) (model.Model, error) { return Read(stored, base) })
}
