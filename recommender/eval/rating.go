package eval

import (
	"context"
	"fmt"
	"math"

	"marquee/catalog"
)

// RMSE returns the root of the mean squared difference of two lists of ratings
// of the same length, NaN of none. It is smallest for who predicts means.
func RMSE(predicted, given []float32) float64 {
	squares, _ := ratingErrors(predicted, given)
	return math.Sqrt(squares / float64(len(given)))
}

// MAE returns the mean absolute difference of two lists of ratings of the same
// length, NaN of none. It is smallest for who predicts medians.
func MAE(predicted, given []float32) float64 {
	_, sum := ratingErrors(predicted, given)
	return sum / float64(len(given))
}

func ratingErrors(predicted, given []float32) (squares, sum float64) {
	for i, x := range given {
		d := float64(predicted[i]) - float64(x)
		squares += d * d
		sum += math.Abs(d)
	}
	return squares, sum
}

// ratingSheet is over the people with a rated movie in their truth; their
// columns are the sum of squared errors, of absolute ones, and the ratings. So
// every rating counts alike, and people are drawn whole.
func (r *run) ratingSheet() *sheet {
	return newSheet(len(r.people), r.rates, 3, []figure{
		{name: "rmse", over: 0, by: 2, root: true, less: true},
		{name: "mae", over: 1, by: 2, less: true},
	}, func(place int) bool { return rated(r.split.Truth[r.people[place]]) > 0 })
}

// rate judges what one model predicts for one person.
func (r *run) rate(ctx context.Context, model, place int) error {
	row := r.ratings.row[place]
	if row < 0 {
		return nil
	}
	m, u := r.models[model], r.split.Train.Users[r.people[place]]
	var movies []uint32
	var given []float32
	for _, s := range r.split.Truth[r.people[place]] {
		if s.Rated {
			movies, given = append(movies, s.Movie), append(given, s.Rating)
		}
	}
	predicted := make([]float32, len(movies))
	if err := m.Rate(ctx, u.User, u.Seen, movies, predicted); err != nil {
		return fmt.Errorf("ratings of model %q for user %q: %w", m.Name, u.User, err)
	}
	out := r.ratings.at(row, model)
	out[0], out[1] = ratingErrors(predicted, given)
	out[2] = float64(len(given))
	if math.IsNaN(out[0]) || math.IsInf(out[0], 0) {
		return fmt.Errorf("ratings of model %q for user %q are %v, want finite numbers: %w", m.Name, u.User, predicted, catalog.ErrInvalid)
	}
	return nil
}
