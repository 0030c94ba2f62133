package userknn

import (
	"context"

	"marquee/recommender/model"
)

// Kind returns the kind "userknn".
func Kind() model.Kind {
	return model.NewKind("userknn", "what people with a history like yours watched", DefaultConfig(), []model.Param{
		{Name: "k", Low: 10, High: 500, Log: true, Integer: true},
		{Name: "shrink", Low: 0, High: 100},
		{Name: "liking_alike", Low: 0, High: 4},
		{Name: "preference", Low: 0, High: 4},
		{Name: "sharpness", Low: 0.5, High: 4},
		{Name: "recency", Low: 2, High: 200, Log: true},
		{Name: "history", Low: 10, High: 1000, Log: true, Integer: true},
		{Name: "people", Low: 500, High: 20_000, Log: true, Integer: true},
	}, func(ctx context.Context, d *model.Data, c Config, progress model.Progress) (model.Model, error) {
		return Train(ctx, d, c, progress)
	}, func(stored []byte, base *model.Base) (model.Model, error) { return Read(stored, base) })
}
