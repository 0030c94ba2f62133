package blend

import (
	"context"
	"encoding/json"
	"fmt"

	"marquee/catalog"
	"marquee/recommender/model"
)

// Name is that of the kind.
const Name = "blend"

// Kind returns the kind of blends.
func Kind() model.Kind {
	defaults := DefaultConfig()
	text, err := json.Marshal(defaults)
	if err != nil {
		panic(fmt.Sprintf("blend: defaults: %v", err)) // a fault of the program
	}
	return model.Kind{
		Name: Name, Help: "a weighted mean of other models, with weights that are given or learned", Defaults: text, Space: space(), Read: Read,
		Parts: func(settings json.RawMessage) ([]string, bool, error) {
			c, err := model.Settings(defaults, settings)
			if err != nil {
				return nil, false, fmt.Errorf("%s: %w", Name, err)
			}
			return c.parts(), c.Weights == "", nil
		},
		Train: func(ctx context.Context, d *model.Data, base *model.Base, examples []model.Example, settings json.RawMessage, progress model.Progress) (model.Model, error) {
			c, err := model.Settings(defaults, settings)
			if err == nil {
				err = d.Check()
			}
			var m *Model
			if err == nil {
				m, err = Train(ctx, base, examples, c, progress)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", Name, err)
			}
			return m, nil
		},
	}
}

// Train returns the blend of models of base that c names. If its weights are to be
// learned, examples must be people whose truth none of those models has seen; with
// fewer than [LeastPeople] of them the error wraps [model.ErrData].
func Train(ctx context.Context, base *model.Base, examples []model.Example, c Config, progress model.Progress) (*Model, error) {
	names := c.parts()
	parts, err := partsOf(names, base)
	if err != nil {
		return nil, err
	}
	if c.Weights != "" {
		weights, err := c.weights()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, catalog.ErrInvalid)
		}
		return New(names, weights, c.Tail, parts, base.Histories)
	}
	people := draw(examples, c)
	if len(people) < LeastPeople {
		return nil, fmt.Errorf("%d people with movies held out, want %d or more to learn weights from; read more events, or give the weights: %w", len(people), LeastPeople, model.ErrData)
	}
	f, err := gather(ctx, parts, people, rarity(base.Histories, parts[0].Len()), c, progress)
	if err != nil {
		return nil, err
	}
	x, err := f.learn(ctx, c)
	if err != nil {
		return nil, err
	}
	return New(names, x.weights, x.tail, parts, base.Histories)
}

// LeastPeople is how many people weights are learned from at least.
const LeastPeople = 20
