package rating_test

import (
	"math"

	"marquee/recommender/model"
)

// Rivals of the model, for the tables of deploy/docs/results/rating.md.

// shrinkages are what is tried for a bias, in ratings.
var shrinkages = []float64{1, 2, 3, 5, 8, 12, 20, 40}

// shrunkBiases is the rival that the model must beat: the mean of all ratings,
// and biases of movies and people shrunk towards 0, with the shrinkages that are
// best on an inner split.
func shrunkBiases(train *model.Data, test []held) []float64 {
	return bestBiases(train, test, false)
}

// centredBiases is a stronger one: movies are shrunk towards the mean of movies,
// which is not that of ratings where the popular ones are good.
func centredBiases(train *model.Data, test []held) []float64 {
	return bestBiases(train, test, true)
}

func bestBiases(train *model.Data, test []held, centred bool) []float64 {
	inner, check := split(train, 99)
	least := func(try func(v float64) []float64) (best float64) {
		e := math.Inf(1)
		for _, v := range shrinkages {
			if got := rmse(check, try(v)); got < e {
				best, e = v, got
			}
		}
		return best
	}
	of := least(func(v float64) []float64 { return biases(inner, check, v, 5, centred) })
	by := least(func(v float64) []float64 { return biases(inner, check, of, v, centred) })
	return biases(train, test, of, by, centred)
}

// biases fits the biases of movies and people in turn.
func biases(train *model.Data, test []held, movie, person float64, centred bool) []float64 {
	mean := 0.0
	for _, s := range train.Seen {
		mean += float64(s.Rating) / float64(len(train.Seen))
	}
	movies, people := make([]float64, len(train.Movies)), make([]float64, len(train.Users))
	for range 8 {
		sums, counts := make([]float64, len(movies)), make([]float64, len(movies))
		for i := range train.Users {
			for _, s := range train.Of(i) {
				sums[s.Movie] += float64(s.Rating) - people[i]
				counts[s.Movie]++
			}
		}
		if centred {
			top, weight := 0.0, 0.0
			for i, n := range counts {
				if n > 0 {
					w := n / (n + movie)
					top, weight = top+w*sums[i]/n, weight+w
				}
			}
			mean = top / weight
		}
		for i, n := range counts {
			movies[i] = (sums[i] - n*mean) / (n + movie)
		}
		for i := range people {
			sum, n := 0.0, 0.0
			for _, s := range train.Of(i) {
				sum, n = sum+float64(s.Rating)-mean-movies[s.Movie], n+1
			}
			people[i] = sum / (n + person)
		}
	}
	out := make([]float64, len(test))
	for i, h := range test {
		out[i] = min(max(mean+movies[h.seen.Movie]+people[h.person], train.Scale.Min), train.Scale.Max)
	}
	return out
}

// constant predicts the mean of all ratings.
func constant(train *model.Data, test []held) []float64 {
	sum := 0.0
	for _, s := range train.Seen {
		sum += float64(s.Rating)
	}
	out := make([]float64, len(test))
	for i := range out {
		out[i] = sum / float64(len(train.Seen))
	}
	return out
}

// movieTotals returns how many rated each movie and the sum of their ratings.
func movieTotals(train *model.Data) (counts, sums []float64) {
	counts, sums = make([]float64, len(train.Movies)), make([]float64, len(train.Movies))
	for _, s := range train.Seen {
		counts[s.Movie]++
		sums[s.Movie] += float64(s.Rating)
	}
	return counts, sums
}

// shrunkTo predicts for each movie what a regression says, moved towards the mean
// of its ratings.
func shrunkTo(train *model.Data, test []held, regression func(movie uint32) float64, weight float64) []float64 {
	counts, sums := movieTotals(train)
	out := make([]float64, len(test))
	for i, h := range test {
		from := regression(h.seen.Movie)
		out[i] = min(max(from+(sums[h.seen.Movie]-counts[h.seen.Movie]*from)/(counts[h.seen.Movie]+weight), train.Scale.Min), train.Scale.Max)
	}
	return out
}
