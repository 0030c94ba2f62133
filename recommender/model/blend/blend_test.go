package blend_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/blend"
	"marquee/recommender/model/modeltest"
)

// A part scores by a func and knows the movies below known.
type part struct {
	base  *model.Base
	known int
	score func(b *model.Base, q model.Query, row int) float64
}

func (p part) Len() int { return p.base.Movies }

func (p part) Score(q model.Query, scores []float32) model.Basis {
	if len(q.Seen) == 0 {
		return model.None
	}
	for row := range scores {
		scores[row] = float32(p.score(p.base, q, row))
		if row >= p.known {
			scores[row] = float32(math.NaN())
		}
	}
	return model.Personal
}

func (part) WriteTo(io.Writer) (int64, error) { return 0, nil }

func (p part) Extend(rows []float32, dims int) (model.Model, error) {
	b := *p.base
	b.Vectors, b.Movies = slices.Concat(b.Vectors, rows), b.Movies+len(rows)/dims
	if p.known == p.base.Movies {
		p.known = b.Movies
	}
	p.base = &b
	return p, nil
}

func taste(b *model.Base, q model.Query, row int) float64 {
	sum := 0.0
	for _, s := range q.Seen {
		if int(s.Movie) < b.Movies {
			sum += float64(vec.Dot(b.Vectors[row*b.Dims:(row+1)*b.Dims], b.Vectors[int(s.Movie)*b.Dims:int(s.Movie+1)*b.Dims]))
		}
	}
	return sum
}

func count(b *model.Base, _ model.Query, row int) float64 {
	n := 0.0
	for _, r := range b.Histories.Rows {
		if int(r) == row {
			n++
		}
	}
	return n
}

func noise(_ *model.Base, q model.Query, row int) float64 {
	return rand.New(rand.NewPCG(uint64(row), uint64(len(q.Seen)))).Float64() * 1e6 // a scale that must not matter
}

// withParts returns base with three models: taste, count and noise.
func withParts(base *model.Base, known int) *model.Base {
	b := *base
	counts := make([]float64, b.Movies)
	for row := range counts {
		counts[row] = count(base, model.Query{}, row)
	}
	b.Models = []model.Named{
		{Name: "taste", Model: part{base, base.Movies, taste}},
		{Name: "count", Model: part{base, known, func(_ *model.Base, _ model.Query, row int) float64 {
			if row >= len(counts) {
				return 0
			}
			return counts[row]
		}}},
		{Name: "noise", Model: part{base, base.Movies, noise}},
	}
	return &b
}

// kind is [blend.Kind] over the three parts, whatever base it is given.
func kind() model.Kind {
	k := blend.Kind()
	train, read := k.Train, k.Read
	k.Train = func(ctx context.Context, d *model.Data, base *model.Base, x []model.Example, s json.RawMessage, p model.Progress) (model.Model, error) {
		if err := d.Check(); err != nil {
			return nil, err
		}
		return train(ctx, d, withParts(base, base.Movies), x, s, p)
	}
	k.Read = func(stored []byte, base *model.Base) (model.Model, error) {
		return read(stored, withParts(base, base.Movies))
	}
	return k
}

func TestKit(t *testing.T) {
	k := kind()
	k.Space = nil // needs examples
	modeltest.Test(t, modeltest.Case{Kind: k, Settings: json.RawMessage(`{"parts":"taste, count","weights":"2,1","tail":0.05}`), Least: 0.12})
}

func quiet(string, int, int) {}

// learned learns weights on a world and returns the blend over parts that know all
// of it but the held-out part.
func learned(t *testing.T, settings string) (m *blend.Model, base *model.Base, older *model.Data, held [][]model.Seen) {
	t.Helper()
	d := modeltest.World(1, 300, 200)
	older, held = d.Split(0.2)
	var examples []model.Example
	for i := range d.Users {
		examples = append(examples, model.Example{Query: model.Query{User: d.Users[i], Seen: older.Of(i)}, Truth: held[i]})
	}
	base = withParts(modeltest.BaseOf(t, older), len(d.Movies))
	got, err := blend.Kind().Train(t.Context(), older, base, examples, json.RawMessage(`{"least":1,`+settings[1:]), quiet)
	if err != nil {
		t.Fatal(err)
	}
	return got.(*blend.Model), base, older, held
}

// What says nothing gets next to no weight, and the blend is better than each part.
func TestLearnsWeights(t *testing.T) {
	m, base, older, held := learned(t, `{"parts":"taste,count,noise","cover":0}`)
	w := m.Weights()
	if w[2] > 0.05 || w[0] < 0.1 || w[1] < 0.1 {
		t.Errorf("weights of taste, count and noise are %v, want the last near 0 and the others not", w)
	}
	whole := modeltest.MeanNDCG(m, older, held, 20)
	for _, p := range base.Models {
		if alone := modeltest.MeanNDCG(p.Model, older, held, 20); whole < alone {
			t.Errorf("NDCG of the blend is %.4f, of %s alone %.4f", whole, p.Name, alone)
		}
	}
}

// A blend that is to cover more of the catalog does.
func TestCoverage(t *testing.T) {
	narrow, base, older, _ := learned(t, `{"parts":"taste,count","cover":0}`)
	wide, _, _, _ := learned(t, `{"parts":"taste,count","cover":0.85,"cover_as":"taste","cutoff":5}`)
	floor := covered(base.Models[0].Model, older, 5) * 8 / 10
	if got := covered(wide, older, 5); got < floor {
		t.Errorf("%d movies are listed, want %d", got, floor)
	}
	if got := covered(narrow, older, 5); got >= floor {
		t.Errorf("%d movies are listed without being asked to: the test shows nothing", got)
	}
	parts := []model.Model{base.Models[0].Model, base.Models[1].Model}
	last := 0
	for _, tail := range []float64{0, 0.1, 0.2} {
		m, err := blend.New([]string{"taste", "count"}, []float64{1, 1}, tail, parts, base.Histories)
		if err != nil {
			t.Fatal(err)
		}
		got := covered(m, older, 5)
		if got <= last {
			t.Errorf("%d movies are listed with a tail of %v, %d with less", got, tail, last)
		}
		last = got
	}
}

// Coverage is given up where it would cost what the best part alone has: the long
// tail of noise covers everything and finds nothing.
func TestNeverWorseThanItsBestPart(t *testing.T) {
	for _, settings := range []string{
		`{"parts":"count,noise","cover":1.1,"cover_as":"noise"}`,
		`{"parts":"taste,noise","cover":3,"cover_as":"noise"}`,
		`{"parts":"taste,count,noise","cover_as":"noise"}`,
	} {
		m, base, older, held := learned(t, settings)
		whole := modeltest.MeanNDCG(m, older, held, 20)
		for _, name := range []string{"taste", "count"} {
			if !strings.Contains(settings, name) {
				continue
			}
			if alone := modeltest.MeanNDCG(base.Model(name), older, held, 20); whole < 0.99*alone {
				t.Errorf("%s: NDCG of the blend is %.4f, of %s alone %.4f; weights %v", settings, whole, name, alone, m.Weights())
			}
		}
	}
}

// Weights are learned from a bounded number of pairs, and learning ends with its
// context.
func TestLearningEndsWithItsContext(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	older, held := d.Split(0.2)
	var examples []model.Example
	for i := range d.Users {
		examples = append(examples, model.Example{Query: model.Query{Seen: older.Of(i)}, Truth: held[i]})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	base := withParts(modeltest.BaseOf(t, older), len(d.Movies))
	if _, err := blend.Kind().Train(ctx, older, base, examples, json.RawMessage(`{"parts":"taste,count","least":1}`), quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}

// Stored weights that no blend has are refused.
func TestReadRefusesWeights(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	base := withParts(modeltest.BaseOf(t, d), 200)
	for name, c := range map[string]struct {
		weights, tail []float32
	}{
		"huge": {[]float32{3e38, 3e38}, []float32{0}}, "none": {[]float32{0, 0}, []float32{0}}, "one": {[]float32{1}, []float32{0}},
		"negative": {[]float32{2, -1}, []float32{0}}, "no tail": {[]float32{0.5, 0.5}, nil}, "tail": {[]float32{0.5, 0.5}, []float32{-1}},
	} {
		var e column.Encoder
		column.EncodeStrings(&e, []string{"taste", "count"})
		e.Float32s(c.weights)
		e.Float32s(c.tail)
		if _, err := blend.Kind().Read(e.Data, base); !errors.Is(err, column.ErrBroken) {
			t.Errorf("%s: %v, want broken", name, err)
		}
	}
}

// covered counts the movies that stand in somebody's best k.
func covered(m model.Model, d *model.Data, k int) int {
	listed := map[int]bool{}
	scores := make([]float32, m.Len())
	for i := range d.Users {
		m.Score(model.Query{User: d.Users[i], Seen: d.Of(i)}, scores)
		for _, s := range d.Of(i) {
			scores[s.Movie] = float32(math.Inf(-1))
		}
		for range k {
			best := 0
			for row := range scores {
				if scores[row] > scores[best] {
					best = row
				}
			}
			listed[best] = true
			scores[best] = float32(math.Inf(-1))
		}
	}
	return len(listed)
}

func TestSameWeightsAtAnyProcessors(t *testing.T) {
	var want []float32
	for _, procs := range []int{1, 2, 5} {
		old := runtime.GOMAXPROCS(procs)
		m, _, _, _ := learned(t, `{"parts":"taste,count,noise","cover_as":"taste"}`)
		runtime.GOMAXPROCS(old)
		if want == nil {
			want = m.Weights()
		} else if !slices.Equal(want, m.Weights()) {
			t.Errorf("GOMAXPROCS %d: weights %v, want %v", procs, m.Weights(), want)
		}
	}
}

// What the parts contributed adds up to the score, and a movie that a part does not
// know is scored by the others.
func TestExplain(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	base := withParts(modeltest.BaseOf(t, d), 150)
	m, err := blend.New([]string{"taste", "count"}, []float64{1, 3}, 0.1, []model.Model{base.Models[0].Model, base.Models[1].Model}, base.Histories)
	if err != nil {
		t.Fatal(err)
	}
	n := m.Len()
	scores, parts := make([]float32, n), make([]float32, 3*n)
	if got := m.Parts(); !slices.Equal(got, []string{"taste", "count", blend.Tail}) {
		t.Fatalf("parts %v", got)
	}
	m.Explain(model.Query{Seen: d.Of(0)}, scores, parts)
	for row := range n {
		sum := parts[row] + parts[n+row] + parts[2*n+row]
		if d := sum - scores[row]; math.Abs(float64(d)) > 1e-5 || scores[row] != scores[row] {
			t.Fatalf("movie %d scores %v, its parts %v", row, scores[row], sum)
		}
		if row >= 150 && parts[n+row] != 0 {
			t.Errorf("movie %d gets %v from a part that does not know it", row, parts[n+row])
		}
	}
	if got := m.Score(model.Query{}, scores); got != model.None {
		t.Errorf("basis %v of a person of whom no part can say anything", got)
	}
}

// Scores of a part may be on any scale, and a person's may all be alike.
func TestNormalize(t *testing.T) {
	a, b := []float32{1, 2, 3, 4, 1000}, []float32{10, 20, 30, 40, 10_000}
	for _, x := range [][]float32{a, b} {
		if !blend.Normalize(x, len(x), []model.Seen{{Movie: 4}}) {
			t.Fatal("not normal")
		}
	}
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-4 {
			t.Errorf("%v and %v, want the same", a, b)
		}
	}
	if want := math.Asinh(-3 / math.Sqrt(5)); math.Abs(float64(a[0])-want) > 3e-4 {
		t.Errorf("least is %v, want %v", a[0], want)
	}
	for _, alike := range [][]float32{{3, 3, 3}, {float32(math.NaN()), 1}, {}} {
		if blend.Normalize(alike, len(alike), nil) {
			t.Errorf("%v is normal", alike)
		}
	}
}

func TestRefuses(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	base := withParts(modeltest.BaseOf(t, d), 200)
	for settings, want := range map[string]error{
		`{"parts":"taste,gone","weights":"1,1"}`:   catalog.ErrInvalid,
		`{"parts":"taste,count"}`:                  model.ErrData,
		`{"parts":"taste,taste","weights":"1,1"}`:  catalog.ErrInvalid,
		`{"parts":"taste,count","weights":"1"}`:    catalog.ErrInvalid,
		`{"parts":"taste,count","weights":"0,0"}`:  catalog.ErrInvalid,
		`{"parts":"taste,count","weights":"1,-1"}`: catalog.ErrInvalid,
		`{"parts":""}`: catalog.ErrInvalid,
	} {
		if _, err := blend.Kind().Train(t.Context(), d, base, nil, json.RawMessage(settings), quiet); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", settings, err, want)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	const movies = 27_000
	base := &model.Base{Movies: movies}
	names, weights := []string{}, []float64{}
	var parts []model.Model
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 7 {
		scores := make([]float32, movies)
		for j := range scores {
			scores[j] = float32(rng.ExpFloat64())
		}
		names, weights = append(names, fmt.Sprint("p", i)), append(weights, 1)
		parts = append(parts, fixed(scores))
	}
	m, err := blend.New(names, weights, 0.1, parts, base.Histories)
	if err != nil {
		b.Fatal(err)
	}
	scores := make([]float32, movies)
	for b.Loop() {
		m.Score(model.Query{}, scores)
	}
}

// fixed scores are the same for everybody.
type fixed []float32

func (f fixed) Len() int { return len(f) }
func (f fixed) Score(_ model.Query, scores []float32) model.Basis {
	copy(scores, f)
	return model.Everyone
}
func (fixed) WriteTo(io.Writer) (int64, error) { return 0, nil }
