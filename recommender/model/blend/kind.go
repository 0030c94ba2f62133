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
		Ready: func(settings json.RawMessage, examples []model.Example) error {
			c, err := model.Settings(defaults, settings)
			if err != nil {
				return fmt.Errorf("%s: %w", Name, err)
			}
			return c.ready(examples)
		},
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
// fewer of them than c.Least the error wraps [model.ErrData].
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
		return of(names, weights, c.Tail, parts, base)
	}
	people := draw(examples, c)
	if err := c.ready(people); err != nil {
		return nil, err
	}
	f, err := gather(ctx, parts, people, rarity(base.Histories, parts[0].Len()), c, progress)
	if err != nil {
		return nil, err
	}
	x, err := f.learn(ctx, c)
	if err != nil {
		return nil, err
	}
	return of(names, x.weights, x.tail, parts, base)
}

// of is [New] with the scale of base.
func of(names []string, weights []float64, tail float64, parts []model.Model, base *model.Base) (*Model, error) {
	m, err := New(names, weights, tail, parts, base.Histories)
	if err == nil {
		m.scale = base.Scale
	}
	return m, err
}

// ready returns an error that wraps [model.ErrData] if weights cannot be learned from
// examples.
func (c Config) ready(examples []model.Example) error {
	people, truth := 0, 0
	for _, x := range examples {
		if len(x.Truth) > 0 {
			people++
			truth += len(x.Truth)
		}
	}
	if people < leastPeople || truth < c.Least {
		return fmt.Errorf("%d movies of %d people can be held out, want %d of %d or more to learn weights from; read more events, name single models, or give the weights: %w",
			truth, people, c.Least, leastPeople, model.ErrData)
	}
	return nil
}

// leastPeople is how many people weights are learned from at least.
const leastPeople = 20
