package ease_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/ease"
	"marquee/recommender/model/modeltest"
)

func TestContract(t *testing.T) {
	for name, settings := range map[string]string{
		"thin":      `{"lambda":20,"keep":40}`,
		"all":       `{"lambda":20,"keep":0,"preference":0,"debias":0}`,
		"not every": `{"lambda":20,"keep":0,"movies":100,"lambda_power":0.3}`,
	} {
		t.Run(name, func(t *testing.T) {
			modeltest.Test(t, modeltest.Case{Kind: ease.Kind(), Settings: json.RawMessage(settings), Least: 0.2})
		})
	}
}

func quiet(string, int, int) {}

func train(t testing.TB, d *model.Data, c ease.Config) *ease.Model {
	t.Helper()
	m, err := ease.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// paper is the model of the paper: all weights, nothing beside it.
func paper(movies int, lambda float64) ease.Config {
	return ease.Config{Movies: movies, Lambda: lambda}
}

// row returns the weights from one movie: the scores of a history of it alone.
func row(m *ease.Model, s model.Seen) []float32 {
	scores := make([]float32, m.Len())
	m.Score(model.Query{Seen: []model.Seen{s}}, scores)
	return scores
}

// byHand is four people and three movies, the last of which nobody watched.
func byHand() *model.Data {
	d := &model.Data{Scale: catalog.Scale5, Starts: []int64{0}}
	for i := range 3 {
		d.Movies = append(d.Movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprint(i))})
	}
	for i, seen := range [][]uint32{{0, 1}, {0}, {1}, {0, 1}} {
		d.Users = append(d.Users, catalog.User{ID: catalog.UserID(fmt.Sprint(i))})
		for _, m := range seen {
			d.Seen = append(d.Seen, model.Seen{Movie: m, Rated: true, Rating: 3})
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

// G is [[3+1, 2], [2, 3+1]], so P is [[4, -2], [-2, 4]]/12 and B is 1/2.
func TestByHand(t *testing.T) {
	m := train(t, byHand(), paper(10, 1))
	for movie, want := range [][]float32{{0, 0.5}, {0.5, 0}} {
		got := row(m, model.Seen{Movie: uint32(movie)})
		if math.Abs(float64(got[0]-want[0])) > 1e-6 || math.Abs(float64(got[1]-want[1])) > 1e-6 {
			t.Errorf("weights from movie %d are %v, want %v", movie, got[:2], want)
		}
		if got[2] == got[2] {
			t.Errorf("a movie that nobody watched scores %v, want NaN", got[2])
		}
	}
	scores := make([]float32, 3)
	if b := m.Score(model.Query{Seen: []model.Seen{{Movie: 2}, {Movie: 77}}}, scores); b != model.None {
		t.Errorf("basis %v of a history of which nothing is known, want None", b)
	}
	both := []model.Seen{{Movie: 2}, {Movie: 1}, {Movie: 0}}
	if b := m.Score(model.Query{Seen: both}, scores); b != model.Personal || math.Abs(float64(scores[0]-0.5)) > 1e-6 {
		t.Errorf("basis %v, score %v; want Personal and the sum of rows, 0.5", b, scores[0])
	}
}

// closedForm returns B of the movies that take part, in float64, and their rows.
func closedForm(t testing.TB, d *model.Data, c ease.Config) (*mat.Dense, []uint32) {
	t.Helper()
	watchers := d.Watchers()
	var rows []uint32
	for r, n := range watchers {
		if n > 0 {
			rows = append(rows, uint32(r))
		}
	}
	slices.SortStableFunc(rows, func(a, b uint32) int { return cmp.Compare(watchers[b], watchers[a]) })
	rows = rows[:min(len(rows), c.Movies)]
	index := make(map[uint32]int)
	mean := 0.0
	for i, r := range rows {
		index[r], mean = i, mean+float64(watchers[r])/float64(len(rows))
	}
	n := len(rows)
	g := mat.NewSymDense(n, nil)
	for u := range d.Users {
		for _, a := range d.Of(u) {
			for _, b := range d.Of(u) {
				i, known := index[a.Movie]
				j, also := index[b.Movie]
				if known && also && i <= j {
					x := (1 + c.Preference*(a.Preference(d.Scale)-3)/2) * (1 + c.Preference*(b.Preference(d.Scale)-3)/2)
					g.SetSym(i, j, g.At(i, j)+x)
				}
			}
		}
	}
	for i, r := range rows {
		g.SetSym(i, i, g.At(i, i)+c.Lambda*math.Pow(float64(watchers[r])/mean, c.LambdaPower))
	}
	var chol mat.Cholesky
	if !chol.Factorize(g) {
		t.Fatal("not positive definite")
	}
	var p mat.SymDense
	if err := chol.InverseTo(&p); err != nil {
		t.Log(err) // ill conditioned is what is looked for
	}
	b := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			if i != j {
				b.Set(i, j, -p.At(i, j)/p.At(j, j)*math.Pow(float64(watchers[rows[j]]), -c.Debias))
			}
		}
	}
	return b, rows
}

// offBy returns the most that a weight of m differs from b, and checks that no
// other movie has a score.
func offBy(t testing.TB, m *ease.Model, b *mat.Dense, rows []uint32) float64 {
	t.Helper()
	worst := 0.0
	for i, from := range rows {
		got := row(m, model.Seen{Movie: from}) // unrated: preference 3, an x of 1
		scored := 0
		for _, v := range got {
			if v == v {
				scored++
			}
		}
		if scored != len(rows) {
			t.Fatalf("%d movies have scores, want %d", scored, len(rows))
		}
		for j, into := range rows {
			if d := math.Abs(float64(got[into]) - b.At(i, j)); !(d <= worst) {
				worst = d
			}
		}
	}
	return worst
}

// crowd is many people who all watch the few popular movies: a Gram matrix with
// one huge eigenvalue, where float32 has the least digits left.
func crowd(people, movies int) *model.Data {
	r := rand.New(rand.NewPCG(5, 5))
	d := &model.Data{Scale: catalog.Scale5, Starts: []int64{0}, Users: make([]catalog.User, people), Movies: make([]catalog.Movie, movies)}
	for range people {
		for m := range movies {
			if r.Float64() < 0.9/(1+float64(m)/8) {
				d.Seen = append(d.Seen, model.Seen{Movie: uint32(m), Rated: true, Rating: float32(1 + r.IntN(5))})
			}
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

func TestClosedForm(t *testing.T) {
	for name, c := range map[string]ease.Config{
		"paper":         paper(1000, 50),
		"every setting": {Movies: 140, Lambda: 5, LambdaPower: -0.4, Preference: 0.7, Debias: 0.2},
		"small lambda":  paper(1000, 0.1),
	} {
		for of, d := range map[string]*model.Data{"world": modeltest.World(3, 400, 300), "crowd": crowd(10000, 150)} {
			b, rows := closedForm(t, d, c)
			if off := offBy(t, train(t, d, c), b, rows); !(off <= ease.Tolerance) {
				t.Errorf("%s of %s: a weight is off by %.2g, want %v", name, of, off, ease.Tolerance)
			}
		}
	}
}

func TestClosedFormReal(t *testing.T) {
	d := modeltest.MovieLens(t)
	for _, c := range []ease.Config{paper(600, 200), {Movies: 600, Lambda: 10, Preference: 0.5}} {
		b, rows := closedForm(t, d, c)
		off := offBy(t, train(t, d, c), b, rows)
		t.Logf("%d movies, lambda %v: off by %.2g", len(rows), c.Lambda, off)
		if !(off <= ease.Tolerance) {
			t.Errorf("a weight is off by %.2g, want %v", off, ease.Tolerance)
		}
	}
}

// With all but a few weights kept, scores are nearly those of all; the more are
// kept, the nearer; and what is not kept leaves its mean.
func TestKeep(t *testing.T) {
	d := modeltest.World(4, 400, 200)
	all := train(t, d, paper(1000, 20))
	off := func(keep int) float64 {
		c := paper(1000, 20)
		c.Keep = keep
		thin := train(t, d, c)
		x, y := make([]float32, all.Len()), make([]float32, all.Len())
		sum := 0.0
		for i := range d.Users {
			all.Score(model.Query{Seen: d.Of(i)}, x)
			thin.Score(model.Query{Seen: d.Of(i)}, y)
			for j := range x {
				if x[j] == x[j] {
					sum += math.Abs(float64(x[j]-y[j])) / float64(len(x)*len(d.Users))
				}
			}
		}
		return sum
	}
	few, some, most := off(5), off(40), off(110)
	t.Logf("mean difference of scores with 5, 40, 110 of 180: %.3g, %.3g, %.3g", few, some, most)
	if !(most < some && some < few) || most > 0.015 {
		t.Errorf("scores differ by %v, %v, %v with 5, 40, 110 of 180 weights; want less and less, to below 0.015", few, some, most)
	}
}

// What is kept costs 6 bytes a weight beside the matrix, and nothing where that
// would be more than the matrix is.
func TestMemory(t *testing.T) {
	d := crowd(600, 700)
	c := paper(1000, 20)
	allocated := func(keep int) int {
		c.Keep = keep
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		train(t, d, c)
		runtime.ReadMemStats(&after)
		return int(after.TotalAlloc - before.TotalAlloc)
	}
	n := len(d.Movies)
	all := allocated(0)
	for keep, most := range map[int]int{30: 6 * n * 31, n / 2: 6 * n * (n/2 + 1), n - 20: 0} {
		if got := allocated(keep) - all; got > most+256<<10 {
			t.Errorf("%d of %d weights kept: %d kB more than for all, want at most %d", keep, n, got>>10, most>>10)
		}
	}
}

// A history of every movie, weighted by its watchers, scores the same whatever is
// kept: the mean stands for the rest.
func TestKeepMean(t *testing.T) {
	d := modeltest.World(4, 400, 200)
	c := paper(1000, 20)
	all := train(t, d, c)
	c.Keep = 7
	thin := train(t, d, c)
	for row, n := range weighted(all, d) {
		if got := weighted(thin, d)[row]; math.Abs(got-n) > 1e-3*(1+math.Abs(n)) {
			t.Fatalf("movie %d scores %v with 7 weights, %v with all", row, got, n)
		}
	}
}

func weighted(m *ease.Model, d *model.Data) map[int]float64 {
	sums := make(map[int]float64)
	for from, n := range d.Watchers() {
		if n == 0 {
			continue
		}
		for into, v := range row(m, model.Seen{Movie: uint32(from)}) {
			if v == v {
				sums[into] += float64(n) * float64(v)
			}
		}
	}
	return sums
}

// The most watched take part, and ties go to the lower row.
func TestMovies(t *testing.T) {
	d := crowd(50, 20)
	b, rows := closedForm(t, d, paper(7, 1))
	if off := offBy(t, train(t, d, paper(7, 1)), b, rows); !(off <= 1e-5) {
		t.Errorf("off by %v from the closed form of the 7 most watched", off)
	}
}

// What was liked must count more, and a watch without a rating in between.
func TestPreference(t *testing.T) {
	for _, keep := range []int{0, 7} {
		c := paper(1000, 20)
		c.Preference, c.Keep = 0.8, keep
		m := train(t, modeltest.World(4, 400, 200), c)
		x := row(m, model.Seen{Movie: 3})[10]
		for rating, want := range map[float32]float32{1: 0.2, 3: 1, 5: 1.8} {
			if got := row(m, model.Seen{Movie: 3, Rated: true, Rating: rating})[10] / x; math.Abs(float64(got-want)) > 1e-4 {
				t.Errorf("keep %d: a rating of %v counts %v, want %v", keep, rating, got, want)
			}
		}
	}
}

// A ridge too small for float32 is an error that says so, never a model that is
// not the closed form.
func TestLambdaTooSmall(t *testing.T) {
	d := crowd(3000, 40)
	for i, s := range d.Seen { // movie 1 becomes the twin of movie 0
		if s.Movie == 1 {
			d.Seen[i].Movie = 40
		}
	}
	d.Movies = make([]catalog.Movie, 42)
	twins := &model.Data{Scale: d.Scale, Users: d.Users, Movies: d.Movies, Starts: []int64{0}}
	for i := range d.Users {
		twins.Seen = append(twins.Seen, d.Of(i)...)
		if slices.ContainsFunc(d.Of(i), func(s model.Seen) bool { return s.Movie == 0 }) {
			twins.Seen = append(twins.Seen, model.Seen{Movie: 1, Rated: true, Rating: 3})
		}
		twins.Starts = append(twins.Starts, int64(len(twins.Seen)))
	}
	for _, lambda := range []float64{1e-6, 1e-4, 1e-3, 1e-2, 0.1} {
		m, err := ease.Train(t.Context(), twins, paper(50, lambda), quiet)
		if err != nil {
			if !errors.Is(err, catalog.ErrInvalid) {
				t.Errorf("lambda %v: error %v, want invalid", lambda, err)
			}
			continue
		}
		if lambda == 1e-6 {
			t.Errorf("lambda %v gives a model", lambda)
		}
		b, rows := closedForm(t, twins, paper(50, lambda))
		if off := offBy(t, m, b, rows); !(off <= ease.Tolerance) {
			t.Errorf("lambda %v: off by %.2g, and no error", lambda, off)
		}
	}
}

// A few people with long histories: with next to no ridge float32 still inverts,
// but what it gives is not the closed form, which must not pass for it.
func TestFarFromClosedForm(t *testing.T) {
	d := crowd(150, 600)
	if _, err := ease.Train(t.Context(), d, paper(1000, 0.01), quiet); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "off by") {
		t.Errorf("lambda 0.01: error %v, want one that says how far off weights are", err)
	}
	c := paper(1000, 0.3)
	b, rows := closedForm(t, d, c)
	if off := offBy(t, train(t, d, c), b, rows); !(off <= ease.Tolerance) {
		t.Errorf("lambda 0.3: off by %.2g, want %v", off, ease.Tolerance)
	}
}

func TestReadRefuses(t *testing.T) {
	const n = 3
	good := []any{[]float64{0}, []uint32{0, 4, 5}, []uint32{0, 1, 2, 2}, []uint16{1, 2}, []float32{1, 2}, []float32{0, 0, 0}}
	base := &model.Base{Scale: catalog.Scale5, Movies: 6}
	if _, err := ease.Read(encode(good), base); err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	for name, bad := range map[string][]any{
		"preference":       {[]float64{2}, good[1], good[2], good[3], good[4], good[5]},
		"no preference":    {[]float64{}, good[1], good[2], good[3], good[4], good[5]},
		"row beyond":       {good[0], []uint32{0, 4, 6}, good[2], good[3], good[4], good[5]},
		"rows descend":     {good[0], []uint32{0, 5, 4}, good[2], good[3], good[4], good[5]},
		"start beyond":     {good[0], good[1], []uint32{0, 1, 2, 3}, good[3], good[4], good[5]},
		"starts descend":   {good[0], good[1], []uint32{0, 2, 1, 2}, good[3], good[4], good[5]},
		"starts later":     {good[0], good[1], []uint32{1, 1, 2, 2}, good[3], good[4], good[5]},
		"column beyond":    {good[0], good[1], good[2], []uint16{1, n}, good[4], good[5]},
		"columns short":    {good[0], good[1], good[2], []uint16{1}, good[4], good[5]},
		"NaN weight":       {good[0], good[1], good[2], good[3], []float32{1, nan}, good[5]},
		"huge weight":      {good[0], good[1], good[2], good[3], []float32{1, -3e38}, good[5]},
		"huge rest":        {good[0], good[1], good[2], good[3], good[4], []float32{0, 3e38, 0}},
		"NaN rest":         {good[0], good[1], good[2], good[3], good[4], []float32{0, nan, 0}},
		"rest short":       {good[0], good[1], good[2], good[3], good[4], []float32{0}},
		"all, short":       {good[0], good[1], []uint32{}, []uint16{}, []float32{1, 2}, []float32{}},
		"all, with a rest": {good[0], good[1], []uint32{}, []uint16{}, make([]float32, 9), good[5]},
	} {
		if _, err := ease.Read(encode(bad), base); !errors.Is(err, column.ErrBroken) {
			t.Errorf("%s: error %v, want ErrBroken", name, err)
		}
	}
}

func encode(columns []any) []byte {
	var e column.Encoder
	for _, c := range columns {
		switch c := c.(type) {
		case []float64:
			e.Float64s(c)
		case []uint32:
			e.Uint32s(c)
		case []uint16:
			e.Uint16s(c)
		case []float32:
			e.Float32s(c)
		}
	}
	return e.Data
}

func TestTrainEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ease.Train(ctx, modeltest.World(1, 300, 200), ease.DefaultConfig(), quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestValidate(t *testing.T) {
	nan := math.NaN()
	err := ease.Config{Movies: 1, Lambda: nan, LambdaPower: 2, Preference: -1, Debias: nan, Keep: -1}.Validate()
	for _, name := range []string{"movies", "lambda is", "lambda_power", "preference", "debias", "keep"} {
		if err == nil || !bytes.Contains([]byte(err.Error()), []byte(name)) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}

// The quality by default on the newest fifth of the real data; the most popular
// movies reach 0.10.
func TestQuality(t *testing.T) {
	older, held := modeltest.MovieLens(t).Split(0.2)
	c := ease.DefaultConfig()
	c.Movies = 1500 // nearly as good, and tried in a moment
	m := train(t, older, c)
	if got := modeltest.MeanNDCG(m, older, held, 20); !(got >= 0.14) {
		t.Errorf("NDCG@20 %.4f, want 0.14 or more", got)
	} else {
		t.Logf("NDCG@20 %.4f", got)
	}
}

// Where weights are thinned and there are more than the scores of chosen movies are made
// of, lists stay much the same.
func TestAskOfMany(t *testing.T) {
	d := modeltest.World(4, 400, 900)
	older, held := d.Split(0.2)
	c := ease.DefaultConfig()
	c.Lambda, c.Keep = 20, 500
	m := train(t, older, c)
	all, chosen := modeltest.MeanNDCG(m, older, held, 10), modeltest.MeanNDCG(modeltest.Asking(m), older, held, 10)
	if !(chosen > 0.9*all) {
		t.Errorf("NDCG@10 %.3f when movies are chosen, %.3f of all scores", chosen, all)
	}
	scores, asked := make([]float32, m.Len()), make([]float32, m.Len())
	q := model.Query{Seen: older.Of(0)}
	m.Score(q, scores)
	modeltest.Asking(m).Score(q, asked)
	off := 0
	for i, s := range scores {
		if s == s && math.Abs(float64(s-asked[i])) > 1e-5 {
			off++
		}
	}
	if off == 0 {
		t.Error("every score is that of all weights, want some left out")
	}
}
