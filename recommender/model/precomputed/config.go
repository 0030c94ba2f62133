package precomputed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"marquee/recommender/model"
)

// Config says whose lists are served. Start from DefaultConfig.
type Config struct {
	Lists string `json:"lists"` // name of the model that the lists were made with
}

// DefaultConfig returns the lists of the model that takes the longest to train
// and gains the most from being asked beforehand.
func DefaultConfig() Config { return Config{Lists: "neural"} }

const mostNameBytes = 200

// Validate reports every fault in one error.
func (c Config) Validate() error {
	switch {
	case c.Lists == "":
		return errors.New("lists is empty, want the name of a model")
	case len(c.Lists) > mostNameBytes || !utf8.ValidString(c.Lists):
		return fmt.Errorf("lists is %.40q, want a name of at most %d bytes of UTF-8", c.Lists, mostNameBytes)
	}
	return nil
}

// Kind returns the kind "precomputed".
func Kind() model.Kind {
	defaults, err := json.Marshal(DefaultConfig())
	if err != nil {
		panic(fmt.Sprintf("precomputed: defaults: %v", err)) // a fault of the program
	}
	return model.Kind{
		Name: "precomputed", Help: "lists made beforehand for each person with another model", Defaults: defaults, Read: Read,
		Train: func(_ context.Context, d *model.Data, base *model.Base, _ []model.Example, settings json.RawMessage, _ model.Progress) (model.Model, error) {
			c, err := model.Settings(DefaultConfig(), settings)
			if err != nil {
				return nil, fmt.Errorf("precomputed: %w", err)
			}
			if err := d.Check(); err != nil {
				return nil, fmt.Errorf("precomputed: %w", err)
			}
			return New(c, base), nil
		},
	}
}
