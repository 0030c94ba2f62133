package rating

import (
	"context"
	"errors"
	"fmt"

	"marquee/recommender/model"
)

// Config says how to train. Start from [DefaultConfig]: a zero field means zero.
type Config struct {
	Content      int     `json:"content"`       // axes that vectors are compressed to, 0 to 256; 0 leaves vectors out
	Sweeps       int     `json:"sweeps"`        // times that each part is fitted against the others, 1 to 100
	Ridge        float64 `json:"ridge"`         // penalty on the weights of facts, in ratings; above 0
	Movie        float64 `json:"movie"`         // ratings that weigh as much as a movie's facts; above 0
	Person       float64 `json:"person"`        // ratings that weigh as much as a person's groups; above 0
	GenreTaste   float64 `json:"genre_taste"`   // variance of a person's weight of a genre, that of the noise being 1; 0 or more
	ContentTaste float64 `json:"content_taste"` // the same of an axis of the vectors, which have length 1 on average
	FactTaste    float64 `json:"fact_taste"`    // the same of a fact, whose variance is 1
	Group        float64 `json:"group"`         // variance of a group's weights, that of a person's being 1; 0 leaves groups out
}

// DefaultConfig returns the settings with the least RMSE on inner splits; where
// the real stream and ml-latest-small wanted different ones, what cost both least
// (deploy/docs/results/rating.md).
func DefaultConfig() Config {
	return Config{
		Content: 64, Sweeps: 4, Ridge: 300, Movie: 10, Person: 5,
		GenreTaste: 0.03, ContentTaste: 0.15, FactTaste: 0.02, Group: 0.1,
	}
}

// maxContent is the most axes that a [Config] may ask for: the work for a person
// grows with their cube.
const maxContent = 256

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	integer := func(name string, v, low, high int) {
		if v < low || v > high {
			errs = append(errs, fmt.Errorf("%s is %d, want %d to %d", name, v, low, high))
		}
	}
	number := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) { // this form also catches NaN
			errs = append(errs, fmt.Errorf("%s is %v, want %v to %v", name, v, low, high))
		}
	}
	integer("content", c.Content, 0, maxContent)
	integer("sweeps", c.Sweeps, 1, 100)
	number("ridge", c.Ridge, 0.01, 1e6)
	number("movie", c.Movie, 0.01, 1e6)
	number("person", c.Person, 0.01, 1e6)
	number("genre_taste", c.GenreTaste, 0, 100)
	number("content_taste", c.ContentTaste, 0, 100)
	number("fact_taste", c.FactTaste, 0, 100)
	number("group", c.Group, 0, 100)
	return errors.Join(errs...)
}

// Kind returns the kind "rating".
func Kind() model.Kind {
	return model.NewKind("rating", "predicts ratings from facts of movies and people, for data with few ratings each", DefaultConfig(), []model.Param{
		{Name: "content", Low: 8, High: 128, Log: true, Integer: true},
		{Name: "ridge", Low: 3, High: 1000, Log: true},
		{Name: "movie", Low: 1, High: 50, Log: true},
		{Name: "person", Low: 1, High: 50, Log: true},
		{Name: "genre_taste", Low: 0.003, High: 0.3, Log: true},
		{Name: "content_taste", Low: 0.03, High: 3, Log: true},
		{Name: "fact_taste", Low: 0.003, High: 0.3, Log: true},
		{Name: "group", Low: 0.01, High: 1, Log: true},
	}, func(ctx context.Context, d *model.Data, c Config, progress model.Progress) (model.Model, error) {
		m, err := Train(ctx, d, c, progress)
		if err != nil {
			return nil, err
		}
		return m, nil
	}, func(stored []byte, base *model.Base) (model.Model, error) {
		m, err := Read(stored, base)
		if err != nil {
			return nil, err
		}
		return m, nil
	})
}
