package main

import (
	"context"
	"encoding/json"
	"fmt"

	"marquee/recommender/model"
	"marquee/recommender/model/itemknn"
	"marquee/recommender/model/svd"
	"marquee/recommender/model/svdpp"
	"marquee/recommender/model/userknn"
)

// A predict writes the ratings of one person, by row, for movies.
type predict func(person int, movies []uint32, ratings []float32)

// A trainer trains one kind. trained predicts as the peer does, from what was
// learned of the people of the training; served from their histories.
type trainer func(ctx context.Context, d *model.Data, settings json.RawMessage) (trained, served predict, err error)

// kinds is the table of what can be judged. A kind that keeps no people is made
// with plain.
var kinds = map[string]trainer{
	"svd":   factors(svd.DefaultConfig(), svd.TrainPeople),
	"svdpp": factors(svdpp.DefaultConfig(), svdpp.TrainPeople),

	"userknn": plain(userknn.Kind()),
	"itemknn": plain(itemknn.Kind()),
}

func quiet(string, int, int) {}

func factors(defaults svd.Config, train func(context.Context, *model.Data, svd.Config, model.Progress) (*svd.Model, *svd.People, error)) trainer {
	return func(ctx context.Context, d *model.Data, settings json.RawMessage) (trained, served predict, err error) {
		c, err := model.Settings(defaults, settings)
		if err != nil {
			return nil, nil, err
		}
		m, people, err := train(ctx, d, c, quiet)
		if err != nil {
			return nil, nil, err
		}
		return people.Predict, byHistory(m, d), nil
	}
}

// plain is for kinds that predict from histories alone.
func plain(k model.Kind) trainer {
	return func(ctx context.Context, d *model.Data, settings json.RawMessage) (trained, served predict, err error) {
		base := &model.Base{Scale: d.Scale, Movies: len(d.Movies), Histories: d.Histories()}
		m, err := k.Train(ctx, d, base, nil, settings, quiet)
		if err != nil {
			return nil, nil, err
		}
		p, ok := m.(model.Predictor)
		if !ok {
			return nil, nil, fmt.Errorf("%s predicts no ratings", k.Name)
		}
		return byHistory(p, d), byHistory(p, d), nil
	}
}

func byHistory(m model.Predictor, d *model.Data) predict {
	return func(person int, movies []uint32, ratings []float32) {
		m.Predict(model.Query{User: d.Users[person], Seen: d.Of(person)}, movies, ratings)
	}
}
