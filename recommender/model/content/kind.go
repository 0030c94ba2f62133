package content

import (
	"context"
	"encoding/json"
	"fmt"

	"marquee/recommender/model"
)

// Kind returns the kind "content". It needs the vectors of the base and, by table,
// its neighbour table; without them Train returns an error that wraps
// [model.ErrData].
func Kind() model.Kind {
	defaults, err := json.Marshal(DefaultConfig())
	if err != nil {
		panic(fmt.Sprintf("content: defaults: %v", err)) // a fault of the program
	}
	return model.Kind{
		Name: "content", Help: "movies with texts like those you watched", Defaults: defaults,
		Space: []model.Param{
			{Name: "preference", Low: 0, High: 4},
			{Name: "recency", Low: 2, High: 200, Log: true},
			{Name: "sharpness", Low: 1, High: 10},
			{Name: "history", Low: 10, High: 500, Log: true, Integer: true},
		},
		Train: func(_ context.Context, d *model.Data, base *model.Base, _ []model.Example, settings json.RawMessage, _ model.Progress) (model.Model, error) {
			c, err := model.Settings(DefaultConfig(), settings)
			if err != nil {
				return nil, fmt.Errorf("content: %w", err)
			}
			if err := d.Check(); err != nil {
				return nil, fmt.Errorf("content: %w", err)
			}
			if !d.Ordered() {
				c.Recency = 0 // there is no newest movie
			}
			m, err := New(c, base)
			if err != nil {
				return nil, fmt.Errorf("content: %w", err)
			}
			return m, nil
		},
		Read: func(stored []byte, base *model.Base) (model.Model, error) { return Read(stored, base) },
	}
}
