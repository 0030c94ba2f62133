package itemknn

import (
	"context"

	"marquee/recommender/model"
)

// Kind returns the kind "itemknn".
func Kind() model.Kind {
	return model.NewKind("itemknn", "movies that the same people watched as yours", DefaultConfig(), []model.Param{
		{Name: "neighbors", Low: 20, High: 1000, Log: true, Integer: true},
		{Name: "shrink", Low: 0, High: 50},
		{Name: "asymmetry", Low: 0, High: 1},
		{Name: "activity", Low: 0, High: 1},
		{Name: "liking", Low: 0, High: 4},
		{Name: "preference", Low: 0, High: 4},
		{Name: "sharpness", Low: 0.5, High: 4},
		{Name: "recency", Low: 1, High: 200, Log: true},
		{Name: "k", Low: 10, High: 200, Log: true, Integer: true},
	}, func(ctx context.Context, d *model.Data, c Config, progress model.Progress) (model.Model, error) {
		return Train(ctx, d, c, progress)
	}, func(stored []byte, base *model.Base) (model.Model, error) { return Read(stored, base) })
}
