package rating_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/rating"
)

func TestKit(t *testing.T) {
	modeltest.Test(t, modeltest.Case{Kind: rating.Kind(), Settings: []byte(`{"sweeps":3}`), Ratings: true, Least: 0.05, Near: 0.002})
}

func train(t testing.TB, d *model.Data, c rating.Config) *rating.Model {
	t.Helper()
	m, err := rating.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func predict(m *rating.Model, q model.Query, movie uint32) float64 {
	var out [1]float32
	m.Predict(q, []uint32{movie}, out[:])
	return float64(out[0])
}

// dataOf returns data of movies with nothing but ids, rated by one person each.
func dataOf(movies int, ratings [][2]float64) *model.Data {
	d := &model.Data{Scale: catalog.Scale10, Starts: []int64{0}}
	for i := range movies {
		d.Movies = append(d.Movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%04d", i))})
	}
	for i, r := range ratings {
		d.Users = append(d.Users, catalog.User{ID: catalog.UserID(fmt.Sprintf("u%06d", i))})
		d.Seen = append(d.Seen, model.Seen{Movie: uint32(r[0]), Rating: float32(r[1]), Rated: true})
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

// TestMovieEffect works one case by hand. With nothing else to go by, the two
// movies of 1 and 4 ratings have the weights 1*2/(1+2) and 4*2/(4+2) in their
// mean, (2/3*9+4/3*3)/2 = 5, and their own means 9 and 3 move it by a third and
// by two thirds of the difference.
func TestMovieEffect(t *testing.T) {
	d := dataOf(3, [][2]float64{{0, 9}, {1, 2}, {1, 4}, {1, 2}, {1, 4}})
	c := with(func(c *rating.Config) { c.Movie, c.Ridge, c.Person, c.FactTaste, c.Sweeps = 2, 1e6, 1e6, 0, 1 })
	m := train(t, d, c)
	for movie, want := range []float64{5 + 4./3, 5 - 4./3} {
		if got := predict(m, model.Query{}, uint32(movie)); math.Abs(got-want) > 1e-3 {
			t.Errorf("movie %d: %.4f, want %.4f", movie, got, want)
		}
	}
	scores := make([]float32, 3)
	if basis := m.Score(model.Query{}, scores); basis != model.Everyone || scores[2] == scores[2] {
		t.Errorf("basis %d and score %v of a movie of which nothing is known, want %d and NaN", basis, scores[2], model.Everyone)
	}
	if got := predict(m, model.Query{}, 2); math.Abs(got-4.2) > 1e-6 {
		t.Errorf("prediction %v, want the mean of all ratings, 4.2", got)
	}
}

// votedWorld has movies whose ratings follow an outside database's votes, one or
// two each, and as many that nobody rated.
func votedWorld() *model.Data {
	rng := rand.New(rand.NewPCG(3, 0))
	var rows [][2]float64
	votes := make([]float64, 1000)
	for i := range votes {
		votes[i] = 4 + 4*rng.Float64()
		for range 1 + rng.IntN(2) {
			if i < 500 {
				rows = append(rows, [2]float64{float64(i), min(10, max(1, math.Round(votes[i]+rng.NormFloat64())))})
			}
		}
	}
	d := dataOf(1000, rows)
	for i := range d.Movies {
		d.Movies[i].VoteAverage, d.Movies[i].VoteCount = votes[i], 500
	}
	return d
}

// TestColdMovies predicts movies that nobody rated from their facts.
func TestColdMovies(t *testing.T) {
	d := votedWorld()
	m := train(t, d, rating.DefaultConfig())
	sum, plain := 0.0, 0.0
	for movie := 500; movie < 1000; movie++ {
		e := predict(m, model.Query{}, uint32(movie)) - d.Movies[movie].VoteAverage
		sum, plain = sum+e*e/500, plain+(d.Movies[movie].VoteAverage-6)*(d.Movies[movie].VoteAverage-6)/500
	}
	if sum > plain/10 {
		t.Errorf("mean squared error %.3f, want a tenth of the %.3f of a constant", sum, plain)
	}
}

// TestCountOfWatchersDoesNotLeak: in a world where the count of watchers says
// nothing, a movie with one rating has one watcher, the one who rated it. A
// regression that learned with that count would see movies without any nowhere.
func TestCountOfWatchersDoesNotLeak(t *testing.T) {
	d := votedWorld()
	learn, ask, width, err := rating.Facts(d, 0)
	if err != nil {
		t.Fatal(err)
	}
	counts := d.Watchers()
	for i, n := range counts {
		for k, other := range counts {
			same := learn[i*width+rating.Watchers] == ask[k*width+rating.Watchers]
			if want := max(n, 1)-1 == other; same != want {
				t.Fatalf("movies of %d and %d watchers: learned as the other is asked is %v, want %v", n, other, same, want)
			}
		}
	}
}

// TestGroups: in a world where taste follows age, gender and trade, new people
// are predicted better when these are known.
func TestGroups(t *testing.T) {
	d := modeltest.World(4, 800, 240)
	half := *d
	half.Users, half.Starts = d.Users[:400], d.Starts[:401]
	half.Seen = d.Seen[:d.Starts[400]]
	m := train(t, &half, rating.DefaultConfig())
	var nobody, group []float64
	for i := 400; i < 800; i++ {
		for _, s := range d.Of(i) {
			if !s.Rated {
				continue
			}
			square := func(q model.Query) float64 { e := predict(m, q, s.Movie) - float64(s.Rating); return e * e }
			nobody = append(nobody, square(model.Query{}))
			group = append(group, square(model.Query{User: d.Users[i]}))
		}
	}
	if a, b := mean(nobody), mean(group); b > 0.85*a {
		t.Errorf("mean squared error %.3f of anyone, %.3f with traits; want clearly less", a, b)
	}
}

// TestHistory: even people like even movies, odd people odd ones; a genre tells
// which are which. What a new person rated tells of the rest.
func TestHistory(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	d := dataOf(80, nil)
	for i := range d.Movies {
		d.Movies[i].Genres = []string{[]string{"even", "odd"}[i%2]}
	}
	rate := func(person int) (seen []model.Seen) {
		for _, i := range rng.Perm(80)[:20] {
			s := model.Seen{Movie: uint32(i), Rated: true, Rating: float32(4 + rng.IntN(2))}
			if i%2 == person%2 {
				s.Rating += 3
			}
			seen = append(seen, s)
		}
		return seen
	}
	for i := range 200 {
		d.Users = append(d.Users, catalog.User{ID: catalog.UserID(fmt.Sprintf("u%06d", i))})
		d.Seen = append(d.Seen, rate(i)...)
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	m := train(t, d, with(func(c *rating.Config) { c.GenreTaste = 1 })) // far more than people differ in real data
	var before, after []float64
	for i := range 100 {
		seen := rate(i)
		for _, s := range seen[:10] {
			square := func(q model.Query) float64 { e := predict(m, q, s.Movie) - float64(s.Rating); return e * e }
			before, after = append(before, square(model.Query{})), append(after, square(model.Query{Seen: seen[10:]}))
		}
	}
	if a, b := mean(before), mean(after); b > 0.5*a {
		t.Errorf("mean squared error %.3f of anyone, %.3f with a history; want clearly less", a, b)
	}
}

func TestBasis(t *testing.T) {
	d := modeltest.World(5, 200, 100)
	m := train(t, d, rating.DefaultConfig())
	scores := make([]float32, m.Len())
	known := catalog.User{Gender: "F"}
	rated, watched := model.Seen{Movie: 3, Rated: true, Rating: 2}, model.Seen{Movie: 3, Days: 1}
	for _, c := range []struct {
		name string
		q    model.Query
		want model.Basis
	}{
		{"nothing known", model.Query{}, model.Everyone},
		{"a gender", model.Query{User: known}, model.Group},
		{"a gender that was not there", model.Query{User: catalog.User{Gender: "X"}}, model.Everyone},
		{"a watch without a rating", model.Query{Seen: []model.Seen{watched}}, model.Everyone},
		{"the same and a gender", model.Query{User: known, Seen: []model.Seen{watched}}, model.Group},
		{"a rating", model.Query{Seen: []model.Seen{rated}}, model.Personal},
		{"a rating of a movie past the end", model.Query{Seen: []model.Seen{{Movie: 1 << 30, Rated: true, Rating: 2}}}, model.Everyone},
	} {
		if got := m.Score(c.q, scores); got != c.want {
			t.Errorf("%s: basis %d, want %d", c.name, got, c.want)
		}
	}
}

// TestOneRatingMovesALittle: a person's rating moves what is predicted for movies
// like it more than for others, and by less than the whole difference.
func TestOneRatingMovesALittle(t *testing.T) {
	d := modeltest.World(6, 400, 160)
	m := train(t, d, rating.DefaultConfig())
	low := model.Query{Seen: []model.Seen{{Movie: 0, Rated: true, Rating: 1}}}
	moved := func(movie uint32) float64 { return predict(m, model.Query{}, movie) - predict(m, low, movie) }
	same, other := moved(8), moved(4) // circles are by row, modulo eight
	if whole := predict(m, model.Query{}, 0) - 1; !(same > other && other > 0 && same < whole) {
		t.Errorf("moved by %.3f in the circle and %.3f outside, want more inside, both above 0 and below %.3f", same, other, whole)
	}
}

// TestNewMovie: a new movie stands where one with its vector does, not where
// one of another circle does.
func TestNewMovie(t *testing.T) {
	d := modeltest.World(7, 400, 160)
	m := train(t, d, rating.DefaultConfig())
	x, err := m.Extend(append(append([]float32{}, d.Vector(0)...), append(append([]float32{}, d.Vector(4)...), make([]float32, d.Dims)...)...), d.Dims)
	if err != nil {
		t.Fatal(err)
	}
	q := model.Query{}
	for i := range 5 {
		q.Seen = append(q.Seen, model.Seen{Movie: uint32(8 * i), Rated: true, Rating: 5}, model.Seen{Movie: uint32(8*i + 4), Rated: true, Rating: 1})
	}
	scores := make([]float32, x.Len())
	x.Score(q, scores)
	if !(scores[160] > scores[161]+0.2) {
		t.Errorf("scores %.2f in the liked circle and %.2f in the other, want more", scores[160], scores[161])
	}
	if scores[162] == scores[162] {
		t.Errorf("score %v without a vector, want NaN", scores[162])
	}
	if _, err := m.Extend(make([]float32, 7), 7); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("vectors of other dims: %v, want an error", err)
	}
}

// TestSolve compares both ways to solve with gonum's.
func TestSolve(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 0))
	const width, penalty = 7, 0.5
	for _, n := range []int{1, 3, 6, 7, 8, 40} {
		rows, target := mat.NewDense(n, width, nil), mat.NewVecDense(n, nil)
		flat, right := make([]float32, 0, n*width), make([]float32, 0, n)
		for i := range n {
			for j := range width {
				flat = append(flat, float32(rng.NormFloat64()))
				rows.Set(i, j, float64(flat[len(flat)-1]))
			}
			right = append(right, float32(rng.NormFloat64()))
			target.SetVec(i, float64(right[i]))
		}
		var system mat.Dense
		system.Mul(rows.T(), rows)
		for j := range width {
			system.Set(j, j, system.At(j, j)+penalty)
		}
		var b, want mat.VecDense
		b.MulVec(rows.T(), target)
		if err := want.SolveVec(&system, &b); err != nil {
			t.Fatal(err)
		}
		for j, got := range rating.Solve(flat, right, width, penalty) {
			if math.Abs(float64(got)-want.AtVec(j)) > 1e-4 {
				t.Errorf("%d rows, weight %d: %v, want %v", n, j, got, want.AtVec(j))
			}
		}
	}
}

func TestValidate(t *testing.T) {
	if err := rating.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	bad := rating.Config{Content: -1, Ridge: math.NaN(), Group: math.Inf(1)}
	err := bad.Validate()
	for _, name := range []string{"content", "sweeps", "ridge", "movie", "person", "group"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not tell of %s", err, name)
		}
	}
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := rating.Train(ctx, modeltest.World(1, 300, 100), rating.DefaultConfig(), func(string, int, int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
