package rating_test

import (
	"math"
	"math/rand/v2"

	"marquee/recommender/model"
	"marquee/recommender/model/rating"
)

// machine is a factorisation machine (Rendle, "Factorization Machines", 2010) of
// the movie, the person and the movie's facts, fitted by AdaGrad: every pair of
// them interacts through factors. Its penalties and passes are those with the
// least RMSE of a few tried on an inner split.
func machine(t fataler, content, factors, passes int, light, heavy, rate float64) predictor {
	return func(train *model.Data, test []held) []float64 {
		learn, ask, width, err := rating.Facts(train, content)
		if err != nil {
			t.Fatal(err)
		}
		f := newMachine(len(train.Movies), len(train.Users), width, factors)
		var rows []held
		for i := range train.Users {
			for _, s := range train.Of(i) {
				rows = append(rows, held{i, s})
			}
		}
		rng := rand.New(rand.NewPCG(7, 0))
		for range passes {
			rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			for _, h := range rows {
				movie := int(h.seen.Movie)
				f.step(movie, h.person, light, heavy, rate, learn[movie*width:(movie+1)*width], float64(h.seen.Rating))
			}
		}
		out := make([]float64, len(test))
		for i, h := range test {
			movie := int(h.seen.Movie)
			out[i] = min(max(f.predict(movie, h.person, ask[movie*width:(movie+1)*width]), train.Scale.Min), train.Scale.Max)
		}
		return out
	}
}

// A factors machine has a weight and factors for each movie, person and fact.
type factorMachine struct {
	movies, people, width, k int
	values, squares          []float64 // [entries x (1+k)]; squares are AdaGrad's
	sum                      []float64 // [k]
}

func newMachine(movies, people, width, k int) *factorMachine {
	n := (movies + people + width) * (1 + k)
	f := &factorMachine{movies: movies, people: people, width: width, k: k, values: make([]float64, n), squares: make([]float64, n), sum: make([]float64, k)}
	rng := rand.New(rand.NewPCG(8, 0))
	for i := range f.values {
		f.squares[i] = 1
		if i%(1+k) > 0 {
			f.values[i] = 0.02 * rng.NormFloat64()
		}
	}
	return f
}

// each calls do with each entry that is not 0.
func (f *factorMachine) each(movie, person int, facts []float32, do func(entry []float64, at int, x float64)) {
	step := 1 + f.k
	one := func(i int, x float64) { do(f.values[i*step:(i+1)*step], i*step, x) }
	one(movie, 1)
	one(f.movies+person, 1)
	for j, x := range facts {
		if x != 0 {
			one(f.movies+f.people+j, float64(x))
		}
	}
}

func (f *factorMachine) predict(movie, person int, facts []float32) float64 {
	clear(f.sum)
	out, squares := 0.0, 0.0
	f.each(movie, person, facts, func(e []float64, _ int, x float64) {
		out += e[0] * x
		for k, v := range e[1:] {
			f.sum[k] += v * x
			squares += v * x * v * x
		}
	})
	for _, s := range f.sum {
		out += s * s / 2
	}
	return out - squares/2
}

func (f *factorMachine) step(movie, person int, light, heavy, rate float64, facts []float32, value float64) {
	rest := value - f.predict(movie, person, facts)
	f.each(movie, person, facts, func(e []float64, at int, x float64) {
		penalty := light
		if at < (f.movies+f.people)*(1+f.k) {
			penalty = heavy
		}
		for k := range e {
			g := -rest * x
			if k > 0 {
				g *= f.sum[k-1] - e[k]*x
			}
			g += penalty * e[k]
			f.squares[at+k] += g * g
			e[k] -= rate * g / math.Sqrt(f.squares[at+k])
		}
	})
}
