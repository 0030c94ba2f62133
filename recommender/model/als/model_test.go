package als_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/als"
	"marquee/recommender/model/modeltest"
)

func containsWord(text, word string) bool {
	return strings.Contains(text, word+" is") || strings.Contains(text, word+",")
}

func TestKit(t *testing.T) {
	for name, settings := range map[string]string{
		"cg":       `{"dims":16,"sweeps":6}`,
		"block":    `{"dims":16,"sweeps":6,"solver":"block","block":5}`,
		"plain":    `{"dims":8,"sweeps":6,"objective":"plain","unobserved_weight":1,"nu":0,"normalize":false,"regularization":0.1,"alpha":1,"preference":1}`,
		"debiased": `{"dims":16,"sweeps":6,"debias":0.5}`,
	} {
		t.Run(name, func(t *testing.T) {
			modeltest.Test(t, modeltest.Case{Kind: als.Kind(), Settings: json.RawMessage(settings), Least: 0.14, Near: 0.002})
		})
	}
}

func quiet(string, int, int) {}

func mustModel(t testing.TB, d *model.Data, c als.Config) *als.Model {
	t.Helper()
	m, err := als.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func small() als.Config {
	c := als.DefaultConfig()
	c.Dims, c.Sweeps = 16, 6
	return c
}

// Folding in a history gives the factors that a sweep would solve a person of
// that history to.
func TestFoldInIsTheSolution(t *testing.T) {
	d := modeltest.World(1, 100, 80)
	for name, c := range objectives() {
		c.Base, c.Sweeps, c.Solver, c.Block, c.ColdScale, c.Debias = 1, 4, als.Block, c.Dims, 0, 0.3
		m := mustModel(t, d, c)
		tr := mustTrain(t, als.FromData(d, c), c)
		items := slices.Clone(tr.Items)
		if err := tr.Sweep(t.Context()); err != nil { // solves people for the movies as they were
			t.Fatal(err)
		}
		if slices.Equal(items, tr.Items) {
			t.Fatal("a sweep changed nothing")
		}
		for i := range d.Users {
			got, err := m.FoldIn(d.Of(i))
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range tr.Users[i*c.Dims : (i+1)*c.Dims] {
				if math.Abs(float64(got[k]-v)) > 1e-3*(1+math.Abs(float64(v))) {
					t.Fatalf("%s, person %d: factor %d is %v, by a sweep %v", name, i, k, got[k], v)
				}
			}
		}
	}
}

func TestColdHistory(t *testing.T) {
	d := modeltest.World(1, 100, 80)
	d.Vectors, d.Dims = nil, 0
	m := mustModel(t, d, small())
	scores := make([]float32, m.Len())
	for name, seen := range map[string][]model.Seen{"empty": nil, "unwatched": {{Movie: 79, Days: 1}}, "past the end": {{Movie: 1 << 30, Days: 1}}} {
		if _, err := m.FoldIn(seen); !errors.Is(err, als.ErrCold) {
			t.Errorf("%s: %v, want ErrCold", name, err)
		}
		if basis := m.Score(model.Query{Seen: seen}, scores); basis != model.None {
			t.Errorf("%s: basis %d, want None", name, basis)
		}
	}
	m.Score(model.Query{Seen: d.Of(0)}, scores)
	for row, n := range d.Watchers() {
		if nan := scores[row] != scores[row]; nan != (n == 0) {
			t.Errorf("movie %d of %d watchers, without vectors, scores %v", row, n, scores[row])
		}
	}
}

// Unwatched movies of a liked circle score above those of other circles, and so do
// movies that come later.
func TestUnwatchedMoviesTakePart(t *testing.T) {
	d := modeltest.World(1, 300, 200) // the last 20 movies were watched by nobody; a movie's circle is its row by 8
	m := mustModel(t, d, small())
	later, err := m.Extend(slices.Clone(d.Vectors[180*d.Dims:]), d.Dims)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, later.Len())
	better, pairs := 0, 0
	for i := range d.Users {
		var likes [8]int
		for _, s := range d.Of(i) {
			likes[s.Movie%8]++
		}
		most, least := slices.Index(likes[:], slices.Max(likes[:])), slices.Index(likes[:], slices.Min(likes[:]))
		later.Score(model.Query{Seen: d.Of(i)}, scores)
		for row := 180; row < 200; row++ {
			if scores[row] != scores[row+20] {
				t.Fatalf("movie %d scores %v, the same vector later %v", row, scores[row], scores[row+20])
			}
			for other := 180; other < 200; other++ {
				if row%8 == most && other%8 == least {
					pairs++
					if scores[row] > scores[other] {
						better++
					}
				}
			}
		}
	}
	if share := float64(better) / float64(pairs); share < 0.9 {
		t.Errorf("of %d pairs of a liked and another unwatched movie, %.2f are in order, want 0.9", pairs, share)
	}
}

func TestExtendRefusesOtherVectors(t *testing.T) {
	m := mustModel(t, modeltest.World(1, 100, 80), small())
	for _, dims := range []int{0, 3, modeltest.Dims + 1} {
		if _, err := m.Extend(make([]float32, modeltest.Dims), dims); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("vectors of %d: %v, want invalid", dims, err)
		}
	}
}

// Confidence by hand: 1 + 2*(0.5 + 0.25*4 + 3*0.8 + 0.1*log2(4)) = 9.2.
func TestConfidence(t *testing.T) {
	d := modeltest.World(1, 2, 40)
	d.Seen, d.Starts = []model.Seen{
		{Movie: 3, Rated: true, Rating: 4, Shared: true, Share: 0.8, Days: 4},
		{Movie: 4, Days: 1},
	}, []int64{0, 1, 2}
	c := als.DefaultConfig()
	c.Base, c.Alpha, c.Watched, c.Preference, c.Rating, c.Share, c.Days = 1, 2, 0.5, 0.25, 0, 3, 0.1
	m := als.FromData(d, c)
	if got := m.Values; math.Abs(float64(got[0])-9.2) > 1e-5 || math.Abs(float64(got[1])-3.5) > 1e-5 {
		t.Errorf("confidences %v, want 9.2 and 3.5", got)
	}
	if got := als.FromData(d, als.Implicit(4, 1)).Values; got[0] != 4 {
		t.Errorf("confidence of a rating of 4 as implicit takes it is %v", got[0])
	}
}

// Two movies of 9 and 1 watchers: at 1 the rare one weighs 9 times the other, at a
// limit of 2 the mean popularity of 5 bounds it to 2, and the other's 5/9 stays.
func TestDebias(t *testing.T) {
	d := modeltest.World(1, 9, 40)
	d.Seen, d.Starts = nil, []int64{0}
	for i := range 9 {
		d.Seen = append(d.Seen, model.Seen{Movie: 0, Days: 1})
		if i == 0 {
			d.Seen = append(d.Seen, model.Seen{Movie: 1, Days: 1})
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	c := als.DefaultConfig()
	c.Base, c.Alpha, c.Debias = 1, 0, 1
	for limit, ratio := range map[float64]float64{100: 9, 2: 2 / (5.0 / 9)} {
		c.DebiasLimit = limit
		v := als.FromData(d, c).Values
		sum := 0.0
		for _, x := range v {
			sum += float64(x)
		}
		if got := float64(v[1] / v[0]); math.Abs(got-ratio) > 1e-5 || math.Abs(sum-10) > 1e-5 {
			t.Errorf("limit %v: ratio %v and sum %v, want %v and 10", limit, got, sum, ratio)
		}
	}
}

// What is no number in one row of a history spoils nothing: the movie counts as
// watched and no more.
func TestNaNCountsAsNone(t *testing.T) {
	d := modeltest.World(1, 100, 80)
	c := small()
	c.Watched, c.Rating, c.Share = 1, 0.5, 0.5
	m := mustModel(t, d, c)
	no := float32(math.NaN())
	want, got := make([]float32, m.Len()), make([]float32, m.Len())
	m.Score(model.Query{Seen: []model.Seen{{Movie: 3, Days: 1}, {Movie: 11, Days: 1}}}, want)
	m.Score(model.Query{Seen: []model.Seen{{Movie: 3, Rated: true, Rating: no, Days: 1}, {Movie: 11, Shared: true, Share: no, Days: 1}}}, got)
	for row := range want {
		if got[row] != want[row] {
			t.Fatalf("movie %d scores %v with a rating and a share that are NaN, %v without", row, got[row], want[row])
		}
	}
}

func TestReadRefusesOtherVectors(t *testing.T) {
	d := modeltest.World(1, 100, 80)
	var stored bytes.Buffer
	if _, err := mustModel(t, d, small()).WriteTo(&stored); err != nil {
		t.Fatal(err)
	}
	for dims, want := range map[int]error{d.Dims: nil, d.Dims + 1: column.ErrBroken, 0: column.ErrBroken} {
		base := &model.Base{Scale: d.Scale, Movies: len(d.Movies), Vectors: make([]float32, dims*len(d.Movies)), Dims: dims}
		if _, err := als.Read(stored.Bytes(), base); !errors.Is(err, want) {
			t.Errorf("trained with vectors of %d, read beside vectors of %d: %v, want %v", d.Dims, dims, err, want)
		}
	}
}

func TestFoldInCountsANewWatch(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	m := mustModel(t, d, small())
	before, after := make([]float32, m.Len()), make([]float32, m.Len())
	seen := []model.Seen{{Movie: 16, Days: 1}}
	m.Score(model.Query{Seen: seen}, before)
	m.Score(model.Query{Seen: append(seen, model.Seen{Movie: 1, Days: 1})}, after)
	if after[9] <= before[9] {
		t.Errorf("movie 9 scores %v when movie 1 of its circle was watched, %v before", after[9], before[9])
	}
}

func benchModel(b *testing.B, dims int) (*als.Model, model.Query) {
	const people, movies = 400, 27000
	rng := rand.New(rand.NewPCG(1, 1))
	d := &model.Data{Scale: catalog.Scale5, Movies: make([]catalog.Movie, movies), Starts: []int64{0}}
	for range people {
		d.Users = append(d.Users, catalog.User{})
		for _, row := range rng.Perm(movies)[:100] {
			d.Seen = append(d.Seen, model.Seen{Movie: uint32(row), Days: 1})
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	c := als.DefaultConfig()
	c.Dims, c.Sweeps = dims, 1
	return mustModel(b, d, c), model.Query{Seen: d.Of(0)[:50]}
}

// BenchmarkScore: 50 watched of 27,000 movies.
func BenchmarkScore(b *testing.B) {
	m, q := benchModel(b, 64)
	scores := make([]float32, m.Len())
	b.ReportAllocs()
	for b.Loop() {
		m.Score(q, scores)
	}
}

// BenchmarkFoldIn: 50 watched, 64 factors.
func BenchmarkFoldIn(b *testing.B) {
	m, q := benchModel(b, 64)
	for b.Loop() {
		if _, err := m.FoldIn(q.Seen); err != nil {
			b.Fatal(err)
		}
	}
}
