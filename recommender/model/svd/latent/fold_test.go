package latent_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/svd/latent"
)

// A file is a stored model, by hand.
type file struct {
	width                               int
	unbiased                            bool
	mean, reg, fold, foldBias, averageB float64
	average                             []float32
	known                               []bool
	bias, factors                       []float32
	seen                                []bool
	implicit                            []float32
}

func (f file) encode() []byte {
	var e column.Encoder
	e.Uint32s([]uint32{uint32(f.width)})
	e.Bools([]bool{!f.unbiased, f.implicit != nil})
	e.Float64s([]float64{f.mean, f.reg, f.fold, f.foldBias, f.averageB})
	e.Float32s(f.average)
	e.Bools(f.known)
	e.Float32s(f.bias)
	e.Float32s(f.factors)
	e.Bools(f.seen)
	e.Float32s(f.implicit)
	return e.Data
}

func (f file) read(t *testing.T) *latent.Model {
	t.Helper()
	m, err := latent.Read(f.encode(), &model.Base{Scale: catalog.Scale5, Movies: len(f.known)}, f.implicit != nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// small has one factor and three movies, the last of which nobody rated.
func small() file {
	return file{
		width: 1, mean: 3, fold: 1, foldBias: 1, average: []float32{0}, known: []bool{true, true, false},
		bias: []float32{0.5, -0.5, 0}, factors: []float32{1, 2, 0}, seen: []bool{true, true, true},
	}
}

func rated(movie uint32, rating float32) model.Seen {
	return model.Seen{Movie: movie, Rating: rating, Rated: true}
}

func TestFoldByHand(t *testing.T) {
	nan := float32(math.NaN())
	average := small()
	average.averageB, average.average = 0.25, []float32{0.5}
	perRating := small()
	perRating.reg = 1
	unbiased := small()
	unbiased.unbiased, unbiased.bias, unbiased.average = true, []float32{0, 0, 0}, []float32{1}
	plus := small()
	plus.implicit = []float32{0.5, 1, 0.25}
	for name, c := range map[string]struct {
		file  file
		seen  []model.Seen
		want  []float32
		basis model.Basis
	}{
		"nobody":           {small(), nil, []float32{3.5, 2.5, nan}, model.Everyone},
		"a watch":          {small(), []model.Seen{{Movie: 0, Days: 1}}, []float32{3.5, 2.5, nan}, model.Everyone},
		"an unknown movie": {small(), []model.Seen{rated(2, 5), rated(9, 5)}, []float32{3.5, 2.5, nan}, model.Everyone},
		"off the scale":    {small(), []model.Seen{rated(0, nan), rated(1, 99)}, []float32{3.5, 2.5, nan}, model.Everyone},
		// least (1 - b - p)^2 + b^2 + p^2: b = p = 1/3
		"one rating": {small(), []model.Seen{rated(0, 4.5)}, []float32{3.5 + 2./3, 3.5, nan}, model.Personal},
		// least (1 - b - p)^2 + b^2 + 2p^2: b = 2/5, p = 1/5
		"reg for each": {perRating, []model.Seen{rated(0, 4.5)}, []float32{4.1, 3.3, nan}, model.Personal},
		// the average person gives 3 + .25 + .5 + .5 and 3 + .25 - .5 + 1
		"average": {average, nil, []float32{4.25, 3.75, nan}, model.Everyone},
		// least (.25 - b - p)^2 + b^2 + p^2 around them: b = p = 1/12
		"beside average": {average, []model.Seen{rated(0, 4.5)}, []float32{4.25 + 1./6, 4, nan}, model.Personal},
		// least (4 - 1 - p)^2 + p^2 without biases: p = 1.5
		"unbiased": {unbiased, []model.Seen{rated(0, 4)}, []float32{2.5, 5, nan}, model.Personal},
		// the implicit part is .5, then (.5 + 1)/sqrt 2
		"svd++, a watch":     {plus, []model.Seen{{Movie: 0, Days: 1}}, []float32{4, 3.5, nan}, model.Personal},
		"svd++, two watches": {plus, []model.Seen{{Movie: 0}, {Movie: 1}, {Movie: 7}}, []float32{3.5 + 1.0606602, 2.5 + 2.1213203, nan}, model.Personal},
		// least (.5 - b - p)^2 + b^2 + p^2 beside it: b = p = 1/6
		"svd++, one rating": {plus, []model.Seen{rated(0, 4.5)}, []float32{4 + 1./3, 4, nan}, model.Personal},
	} {
		m := c.file.read(t)
		got := make([]float32, 3)
		basis := m.Score(model.Query{Seen: c.seen}, got)
		if basis != c.basis {
			t.Errorf("%s: basis %d, want %d", name, basis, c.basis)
		}
		for i, want := range c.want {
			if !(math.Abs(float64(got[i]-want)) < 1e-5 || want != want && got[i] != got[i]) {
				t.Errorf("%s: scores %v, want %v", name, got, c.want)
				break
			}
		}
	}
}

// What Predict gives is Score within the scale; a movie that nobody rated gets
// the person's mean.
func TestPredict(t *testing.T) {
	f := small()
	f.factors = []float32{1, 9, 0}
	m := f.read(t)
	q := model.Query{Seen: []model.Seen{rated(0, 4.5)}} // b = p = 1/3
	ratings := make([]float32, 4)
	m.Predict(q, []uint32{0, 1, 2, 77}, ratings)
	for i, want := range []float64{3.5 + 2./3, 5, 3 + 1./3, 3 + 1./3} {
		if math.Abs(float64(ratings[i])-want) > 1e-5 {
			t.Errorf("ratings %v, want number %d to be %v", ratings, i, want)
		}
	}
	f.unbiased = true
	f.read(t).Predict(q, []uint32{2}, ratings)
	if ratings[0] != 3 {
		t.Errorf("unbiased, nobody rated it: %v, want the mean of all", ratings[0])
	}
}

// The conjugate gradient ends at the least squares that a factorisation gives,
// for one rating as for many, and for the smallest penalty.
func TestFoldIsLeastSquares(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const movies, width = 400, 16
	f := file{width: width, mean: 3, reg: 0.1, foldBias: 3, averageB: 0.1}
	for range movies {
		f.known, f.seen, f.bias = append(f.known, true), append(f.seen, true), append(f.bias, float32(0.3*rng.NormFloat64()))
	}
	for range movies * width {
		f.factors = append(f.factors, float32(0.3*rng.NormFloat64()))
	}
	for range width {
		f.average = append(f.average, float32(0.1*rng.NormFloat64()))
	}
	for _, n := range []int{1, 2, 15, 60, 350} {
		for _, f.fold = range []float64{1e-3, 1, 20} {
			var seen []model.Seen
			for _, i := range rng.Perm(movies)[:n] {
				seen = append(seen, rated(uint32(i), float32(1+rng.IntN(5))))
			}
			got := make([]float32, movies)
			f.read(t).Score(model.Query{Seen: seen}, got)
			for i, want := range f.dense(t, seen) {
				if math.Abs(float64(got[i])-want) > 2e-4 {
					t.Fatalf("%d ratings, penalty %v: movie %d scores %v, want %v", n, f.fold, i, got[i], want)
				}
			}
		}
	}
}

// dense scores with gonum.
func (f file) dense(t *testing.T, seen []model.Seen) []float64 {
	t.Helper()
	n := f.width + 1
	a, b := mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	row := func(movie int) *mat.VecDense {
		v := mat.NewVecDense(n, nil)
		for j, x := range f.factors[movie*f.width:][:f.width] {
			v.SetVec(j, float64(x))
		}
		v.SetVec(f.width, 1)
		return v
	}
	start := mat.NewVecDense(n, nil)
	for j, x := range f.average {
		start.SetVec(j, float64(x))
		a.Set(j, j, f.fold+f.reg*float64(len(seen)))
	}
	start.SetVec(f.width, f.averageB)
	a.Set(f.width, f.width, f.foldBias)
	for _, s := range seen {
		v := row(int(s.Movie))
		a.RankOne(a, 1, v, v)
		b.AddScaledVec(b, float64(s.Rating)-f.mean-float64(f.bias[s.Movie])-mat.Dot(v, start), v)
	}
	var x mat.VecDense
	if err := x.SolveVec(a, b); err != nil {
		t.Fatal(err)
	}
	x.AddVec(&x, start)
	var out []float64
	for i := range f.known {
		out = append(out, f.mean+float64(f.bias[i])+mat.Dot(row(i), &x))
	}
	return out
}

// Whatever the number of people, what is stored is of movies.
func TestStoresNobody(t *testing.T) {
	var sizes []int
	for _, people := range []int{40, 160} {
		m, _, err := latent.Train(t.Context(), modeltest.World(5, people, 50), config(), quiet)
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if _, err := m.WriteTo(&buf); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, buf.Len())
	}
	if sizes[0] != sizes[1] {
		t.Errorf("%d bytes for 40 people, %d for 160", sizes[0], sizes[1])
	}
}

// With numbers as large as Read takes, a fold still comes nearer to what was rated,
// and every score is finite.
func TestLargestNumbers(t *testing.T) {
	const width, movies = 64, 3000
	rng := rand.New(rand.NewPCG(1, 1))
	large := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = latent.MostFactor * float32(2*rng.IntN(2)-1)
		}
		return out
	}
	var seen []model.Seen
	yes := make([]bool, movies)
	for i := range yes {
		yes[i] = true
		seen = append(seen, rated(uint32(i), float32(1+i%5)))
	}
	for _, penalty := range []float64{1e-3, 1e4} {
		f := file{
			width: width, mean: 3, fold: penalty, foldBias: penalty, averageB: latent.MostFactor, average: large(width), known: yes,
			bias: large(movies), factors: large(movies * width), seen: yes,
		}
		nobody := f.scores(t, nil)
		for _, n := range []int{1, 50, movies} {
			got := f.scores(t, seen[:n])
			if before, after := missed(nobody, seen[:n]), missed(got, seen[:n]); !(after < before) {
				t.Errorf("penalty %v, %d rated: misses %.3g, %.3g without the ratings", penalty, n, after, before)
			}
		}
		f.implicit = large(movies * width)
		f.scores(t, seen)
	}
}

// scores returns those of m for a history, which must be finite.
func (f file) scores(t *testing.T, seen []model.Seen) []float32 {
	t.Helper()
	scores := make([]float32, len(f.known))
	f.read(t).Score(model.Query{Seen: seen}, scores)
	for i, s := range scores {
		if math.IsNaN(float64(s)) || math.IsInf(float64(s), 0) {
			t.Fatalf("%d rated: movie %d scores %v", len(seen), i, s)
		}
	}
	return scores
}

// missed is the sum of squares by which scores miss what was rated.
func missed(scores []float32, seen []model.Seen) (squares float64) {
	for _, s := range seen {
		e := float64(scores[s.Movie] - s.Rating)
		squares += e * e
	}
	return squares
}

func TestReadRefuses(t *testing.T) {
	base := &model.Base{Scale: catalog.Scale5, Movies: 3}
	for name, spoil := range map[string]func(f *file){
		"no factors":       func(f *file) { f.width, f.average, f.factors = 0, nil, nil },
		"NaN":              func(f *file) { f.factors[1] = float32(math.NaN()) },
		"huge factor":      func(f *file) { f.factors[1] = 2 * latent.MostFactor },
		"infinite bias":    func(f *file) { f.bias[0] = float32(math.Inf(1)) },
		"NaN mean":         func(f *file) { f.mean = math.NaN() },
		"no penalty":       func(f *file) { f.fold = 0 },
		"negative penalty": func(f *file) { f.reg = -1 },
		"another catalog":  func(f *file) { f.known = f.known[:2] },
		"few factors":      func(f *file) { f.factors = f.factors[:2] },
		"svd++":            func(f *file) { f.implicit = []float32{1, 1, 1} },
	} {
		f := small()
		spoil(&f)
		if _, err := latent.Read(f.encode(), base, false); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	f := small()
	f.implicit = []float32{1}
	if _, err := latent.Read(f.encode(), base, true); err == nil {
		t.Error("few implicit factors: no error")
	}
}

func BenchmarkScore(b *testing.B) {
	const movies, width = 27000, 100
	d := &model.Data{Scale: catalog.Scale5, Movies: make([]catalog.Movie, movies), Starts: []int64{0}}
	rng := rand.New(rand.NewPCG(1, 1))
	for u := range 600 {
		d.Users = append(d.Users, catalog.User{ID: catalog.UserID(rune('a' + u))})
		for i := range 50 {
			d.Seen = append(d.Seen, rated(uint32((u*45+i)%movies), float32(1+rng.IntN(5))))
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	for _, implicit := range []bool{false, true} {
		c := config()
		c.Factors, c.Implicit, c.Epochs = width, implicit, 20
		m, _, err := latent.Train(b.Context(), d, c, quiet)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(map[bool]string{false: "svd", true: "svd++"}[implicit], func(b *testing.B) {
			b.ReportAllocs()
			scores := make([]float32, movies)
			for i := 0; b.Loop(); i++ {
				m.Score(model.Query{Seen: d.Of(i % 600)}, scores)
			}
		})
	}
}
