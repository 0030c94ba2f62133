package rating_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"marquee/recommender/model"
)

// A held is a rating that a model did not see.
type held struct {
	person int
	seen   model.Seen
}

// split holds out one rating in five, whoever gave it. People and movies keep
// their rows; of whom all was held out the history is empty.
func split(d *model.Data, seed uint64) (train *model.Data, test []held) {
	n := len(d.Seen)
	out := make([]bool, n)
	for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(n)[:n/5] {
		out[i] = true
	}
	train = &model.Data{Scale: d.Scale, Movies: d.Movies, Vectors: d.Vectors, Dims: d.Dims, Users: d.Users, Starts: []int64{0}}
	for i := range d.Users {
		for k := d.Starts[i]; k < d.Starts[i+1]; k++ {
			if out[k] {
				test = append(test, held{i, d.Seen[k]})
			} else {
				train.Seen = append(train.Seen, d.Seen[k])
			}
		}
		train.Starts = append(train.Starts, int64(len(train.Seen)))
	}
	return train, test
}

// predictor predicts the ratings that were held out.
type predictor func(train *model.Data, test []held) []float64

// ask asks p one person after the other.
func ask(p model.Predictor, train *model.Data, test []held) []float64 {
	out := make([]float64, 0, len(test))
	for at := 0; at < len(test); {
		end := at
		var movies []uint32
		for ; end < len(test) && test[end].person == test[at].person; end++ {
			movies = append(movies, test[end].seen.Movie)
		}
		i := test[at].person
		ratings := make([]float32, len(movies))
		p.Predict(model.Query{User: train.Users[i], Seen: train.Of(i)}, movies, ratings)
		for _, r := range ratings {
			out = append(out, float64(r))
		}
		at = end
	}
	return out
}

// squares returns the squared errors of predictions.
func squares(test []held, predicted []float64) []float64 {
	out := make([]float64, len(test))
	for i, h := range test {
		e := predicted[i] - float64(h.seen.Rating)
		out[i] = e * e
	}
	return out
}

func rmse(test []held, predicted []float64) float64 {
	return math.Sqrt(mean(squares(test, predicted)))
}

func mae(test []held, predicted []float64) float64 {
	sum := 0.0
	for i, h := range test {
		sum += math.Abs(predicted[i] - float64(h.seen.Rating))
	}
	return sum / float64(len(test))
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// A paired adds up, for each person, by how much one squared error is above
// another; a person who is held out in several splits counts as one.
type paired struct{ sums, counts []float64 }

func (p *paired) add(people int, test []held, worse, better []float64) {
	if p.sums == nil {
		p.sums, p.counts = make([]float64, people), make([]float64, people)
	}
	for i, h := range test {
		p.sums[h.person] += worse[i] - better[i]
		p.counts[h.person]++
	}
}

// interval returns the mean difference and its 95% bootstrap interval over the
// people who were held out.
func (p *paired) interval() (value, low, high float64) {
	var people []int
	sum, n := 0.0, 0.0
	for i, c := range p.counts {
		if c > 0 {
			people = append(people, i)
			sum, n = sum+p.sums[i], n+c
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	draws := make([]float64, 1000)
	for k := range draws {
		sum, n := 0.0, 0.0
		for range people {
			i := people[rng.IntN(len(people))]
			sum, n = sum+p.sums[i], n+p.counts[i]
		}
		draws[k] = sum / n
	}
	slices.Sort(draws)
	return sum / n, draws[25], draws[974]
}

func f4(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }
