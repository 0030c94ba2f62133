package rating_test

import (
	"context"
	"math"
	"os"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/rating"
)

func quiet(string, int, int) {}

// trained returns a predictor that trains with c.
func trained(ctx context.Context, t fataler, c rating.Config) predictor {
	return func(train *model.Data, test []held) []float64 {
		m, err := rating.Train(ctx, train, c, quiet)
		if err != nil {
			t.Fatal(err)
		}
		return ask(m, train, test)
	}
}

func with(change func(c *rating.Config)) rating.Config {
	c := rating.DefaultConfig()
	change(&c)
	return c
}

// without returns a predictor that does not see some facts of movies or people.
func without(p predictor, movie func(m *catalog.Movie), person func(u *catalog.User)) predictor {
	return func(train *model.Data, test []held) []float64 {
		d := *train
		d.Movies, d.Users = append([]catalog.Movie(nil), d.Movies...), append([]catalog.User(nil), d.Users...)
		for i := range d.Movies {
			movie(&d.Movies[i])
		}
		for i := range d.Users {
			person(&d.Users[i])
		}
		return p(&d, test)
	}
}

func sameMovie(*catalog.Movie) {}
func samePerson(*catalog.User) {}

// A contender is a predictor in a table.
type contender struct {
	name string
	p    predictor
}

// A standing is what a contender reached on some splits.
type standing struct {
	rmse, mae float64
	over      []paired // how far its squared errors lie below those of each of the first contenders
}

// compare lets all predict the same splits, and logs a table.
func compare(t *testing.T, d *model.Data, seeds uint64, firsts int, all []contender) []standing {
	out := make([]standing, len(all))
	for k := range out {
		out[k].over = make([]paired, firsts)
	}
	for seed := range seeds {
		train, test := split(d, seed)
		var errors [][]float64
		for k, c := range all {
			got := c.p(train, test)
			errors = append(errors, squares(test, got))
			out[k].rmse += rmse(test, got) / float64(seeds)
			out[k].mae += mae(test, got) / float64(seeds)
			for f := range min(firsts, k) {
				out[k].over[f].add(len(d.Users), test, errors[f], errors[k])
			}
		}
	}
	for k, s := range out {
		line := ""
		for f := range min(firsts, k) {
			value, low, high := s.over[f].interval()
			line += " | " + all[f].name + sprint(value, low, high)
		}
		t.Logf("%-28s RMSE %.4f MAE %.4f%s", all[k].name, s.rmse, s.mae, line)
	}
	return out
}

// TestStream beats shrunk biases, and those shrunk towards the mean of movies, on
// the real ratings. It leaves out the vectors, which add nothing there and take
// seconds.
func TestStream(t *testing.T) {
	got := compare(t, course(t, false), 5, 2, []contender{
		{"biases", shrunkBiases}, {"centred", centredBiases}, {"rating, without vectors", trained(t.Context(), t, rating.DefaultConfig())},
	})
	for f, name := range []string{"shrunk biases", "biases shrunk towards the mean of movies"} {
		if _, low, _ := got[2].over[f].interval(); low <= 0 {
			t.Errorf("squared error below that of %s by %.4f or less, want more than 0", name, low)
		}
	}
	if got[2].rmse > 0.6615 { // 0.6603 when this was written
		t.Errorf("RMSE %.4f, want 0.6615 or less", got[2].rmse)
	}
}

// TestMovieLens beats shrunk biases where people rated many movies each.
func TestMovieLens(t *testing.T) {
	d := modeltest.MovieLens(t)
	got := compare(t, d, 1, 1, []contender{{"biases", shrunkBiases}, {"rating, without vectors", trained(t.Context(), t, rating.DefaultConfig())}})
	if _, low, _ := got[1].over[0].interval(); low <= 0.05 { // 0.09 when this was written
		t.Errorf("squared error below that of shrunk biases by %.4f or less, want more than 0.05", low)
	}
}

// tables skips tests that print the tables of deploy/docs/results/rating.md.
func tables(t *testing.T) {
	if os.Getenv("TABLES") == "" {
		t.Skip("prints tables when TABLES is set; takes minutes")
	}
}

func TestTableStream(t *testing.T) {
	tables(t)
	c := rating.DefaultConfig()
	ours := trained(t.Context(), t, c)
	ridge := func(train *model.Data) func(movie uint32) float64 {
		m, err := rating.Train(t.Context(), train, with(func(c *rating.Config) { c.Movie = 1e6 }), quiet)
		if err != nil {
			t.Fatal(err)
		}
		return func(movie uint32) float64 {
			var out [1]float32
			m.Predict(model.Query{}, []uint32{movie}, out[:])
			return float64(out[0])
		}
	}
	d := course(t, true)
	t.Logf("RMSE of who knew each movie's true mean, and nothing of people: %.3f", noise(d))
	compare(t, d, 5, 3, []contender{
		{"biases", shrunkBiases}, {"centred", centredBiases}, {"rating", ours}, {"constant", constant},
		{"trees", boosted(t, 0, c.Movie, nil)},
		{"trees with vectors", boosted(t, 16, c.Movie, nil)},
		{"trees on what ridge leaves", boosted(t, 0, c.Movie, ridge)},
		{"machine, 4 factors", machine(t, 16, 4, 5, 0.0005, 0.1, 0.05)},
		{"machine, no factors", machine(t, 16, 0, 15, 0.0005, 0.1, 0.05)},
		{"facts alone", trained(t.Context(), t, with(func(c *rating.Config) { c.Movie = 1e6 }))},
		{"without votes", without(ours, func(m *catalog.Movie) { m.VoteAverage, m.VoteCount, m.Popularity = 0, 0, 0 }, samePerson)},
		{"without year", without(ours, func(m *catalog.Movie) { m.Year = 0 }, samePerson)},
		{"without genres", without(ours, func(m *catalog.Movie) { m.Genres = nil }, samePerson)},
		{"without runtime, language", without(ours, func(m *catalog.Movie) { m.RuntimeMinutes, m.Language = 0, "" }, samePerson)},
		{"without vectors", trained(t.Context(), t, with(func(c *rating.Config) { c.Content = 0 }))},
		{"without people's facts", without(ours, sameMovie, func(u *catalog.User) { u.Age, u.Gender, u.Occupation = 0, "", "" })},
		{"without any facts", without(trained(t.Context(), t, with(func(c *rating.Config) { c.Content = 0 })), func(m *catalog.Movie) { *m = catalog.Movie{ID: m.ID} }, samePerson)},
	})
}

// TestTableLog is for rows that no setting was chosen with.
func TestTableLog(t *testing.T) {
	tables(t)
	d := courseLog(t, true)
	t.Logf("%d ratings of %d people; RMSE of who knew each movie's true mean: %.3f", len(d.Seen), len(d.Users), noise(d))
	compare(t, d, 5, 3, []contender{
		{"biases", shrunkBiases}, {"centred", centredBiases}, {"rating", trained(t.Context(), t, rating.DefaultConfig())},
		{"trees", boosted(t, 0, rating.DefaultConfig().Movie, nil)},
		{"without any facts", without(trained(t.Context(), t, with(func(c *rating.Config) { c.Content = 0 })), func(m *catalog.Movie) { *m = catalog.Movie{ID: m.ID} }, samePerson)},
	})
}

func TestTableMovieLens(t *testing.T) {
	tables(t)
	d := modeltest.MovieLens(t)
	d.Vectors, d.Dims = vectorsOf(t, d.Movies)
	fit := func(change func(c *rating.Config)) predictor { return trained(t.Context(), t, with(change)) }
	compare(t, d, 5, 1, []contender{
		{"biases", shrunkBiases}, {"centred", centredBiases},
		{"rating", fit(func(*rating.Config) {})},
		{"128 axes", fit(func(c *rating.Config) { c.Content = 128 })},
		{"without vectors", fit(func(c *rating.Config) { c.Content = 0 })},
		{"without taste of vectors", fit(func(c *rating.Config) { c.ContentTaste = 0 })},
		{"without taste of genres", fit(func(c *rating.Config) { c.GenreTaste = 0 })},
		{"without taste of facts", fit(func(c *rating.Config) { c.FactTaste = 0 })},
		{"without any taste", fit(func(c *rating.Config) { c.ContentTaste, c.GenreTaste, c.FactTaste = 0, 0, 0 })},
	})
}

// noise returns the standard deviation of ratings within a movie. That of movies
// with one rating is taken from those with two.
func noise(d *model.Data) float64 {
	counts, sums := movieTotals(d)
	squares := make([]float64, len(counts))
	for _, s := range d.Seen {
		rest := float64(s.Rating) - sums[s.Movie]/counts[s.Movie]
		squares[s.Movie] += rest * rest
	}
	var square, free, rows [4]float64
	for i, n := range counts {
		class := 0 // one or two ratings
		for _, from := range []float64{3, 6, 51} {
			if n >= from {
				class++
			}
		}
		square[class], free[class], rows[class] = square[class]+squares[i], free[class]+max(0, n-1), rows[class]+n
	}
	sum := 0.0
	for class := range rows {
		sum += rows[class] * square[class] / max(1, free[class])
	}
	return math.Sqrt(sum / float64(len(d.Seen)))
}

// sprint writes a difference with its interval.
func sprint(value, low, high float64) string {
	return " " + f4(value) + " (" + f4(low) + " to " + f4(high) + ")"
}
