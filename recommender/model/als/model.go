package als

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// ErrCold reports a history of which the model knows no movie.
var ErrCold = errors.New("no movie of the history is known")

// What a model knows of a movie.
const (
	unknown   = iota // nothing: it has no score
	watched          // its factors were learned
	predicted        // its factors were predicted from its vector
)

// A Model holds the movies' factors, and what folding a history in needs. Nothing
// writes to it once it is made.
type Model struct {
	c       Config
	rating  catalog.Scale // of ratings
	items   []float32     // [Len x Dims], zeros where nothing is known
	source  []byte        // [Len]: unknown, watched or predicted
	missing []uint32      // rows of which nothing is known
	gram    []float32     // [Dims x Dims], of the movies that were watched, times Unobserved
	weights []float32     // [movies trained on], of observations; nil for 1
	trained int           // movies trained on
	scale   float64       // of every lambda
	cold    *coldMap      // nil without vectors

	first   *Model // what this was extended from at first; nil if it was not
	turned  func() *turned
	scratch sync.Pool // of *folder
	asks    sync.Pool // of *asked
}

// Kind returns how models of this kind are trained and read.
func Kind() model.Kind {
	return model.NewKind("als", "factors of watched movies (implicit ALS), the history folded in at request time", DefaultConfig(), []model.Param{
		{Name: "dims", Low: 16, High: 192, Log: true, Integer: true},
		{Name: "sweeps", Low: 4, High: 24, Integer: true},
		{Name: "unobserved_weight", Low: 0.05, High: 8, Log: true},
		{Name: "regularization", Low: 0.001, High: 0.1, Log: true},
		{Name: "nu", Low: 0, High: 1.2},
		{Name: "alpha", Low: 0.1, High: 10, Log: true},
		{Name: "debias", Low: 0, High: 1},
	}, func(ctx context.Context, d *model.Data, c Config, progress model.Progress) (model.Model, error) {
		return Train(ctx, d, c, progress)
	}, func(stored []byte, base *model.Base) (model.Model, error) { return Read(stored, base) })
}

// Train learns the factors of d's movies. It takes some ten operations a factor,
// movie of a history and step of CG; progress is told of sweeps.
func Train(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, catalog.ErrInvalid)
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	t, err := TrainMatrix(ctx, FromData(d, c), c, func(sweep int, _ *Trainer) error {
		progress("sweeps", sweep, c.Sweeps)
		return nil
	})
	if err != nil {
		return nil, err
	}
	watchers := d.Watchers()
	m := &Model{
		c: c, rating: d.Scale, items: t.Items, source: make([]byte, len(d.Movies)),
		weights: c.debias(watchers), trained: len(d.Movies), scale: t.scale,
	}
	for row, n := range watchers {
		if n > 0 {
			m.source[row] = watched
		}
	}
	if m.gram, err = gram(ctx, t.Items, c.Dims, float32(c.Unobserved)); err != nil {
		return nil, err
	}
	if d.Vectors != nil && c.ColdScale > 0 {
		if m.cold, err = learnCold(ctx, d, t.Items, c.Dims, watchers); err != nil {
			return nil, err
		}
	}
	m.predict(0, d.Vectors)
	return m.ready(), nil
}

// ready lists what is missing.
func (m *Model) ready() *Model {
	m.lazily()
	for row, s := range m.source {
		if s == unknown {
			m.missing = append(m.missing, uint32(row))
		}
	}
	return m
}

// predict gives the movies from row on that nobody watched factors from their
// vectors, where they have one.
func (m *Model) predict(row int, vectors []float32) {
	if m.cold == nil {
		return
	}
	for ; len(vectors) > 0; row, vectors = row+1, vectors[m.cold.from:] {
		v := vectors[:m.cold.from]
		if m.source[row] == unknown && slices.ContainsFunc(v, func(x float32) bool { return x != 0 }) {
			m.cold.predict(m.items[row*m.c.Dims:(row+1)*m.c.Dims], v, float32(m.c.ColdScale))
			m.source[row] = predicted
		}
	}
}

// Len returns the number of movies.
func (m *Model) Len() int { return len(m.source) }

// A folder is the scratch of one request.
type folder struct {
	cols   []uint32
	values []float32
	user   []float32
	solver *blockSolver
}

func (m *Model) folder() *folder {
	if f, ok := m.scratch.Get().(*folder); ok {
		return f
	}
	return &folder{user: make([]float32, m.c.Dims), solver: newBlockSolver(m.c.Dims, m.c.Dims, m.c.floor())}
}

// FoldIn returns the factors, [Dims], that best explain seen with the movies'
// factors held fixed. For movies that were watched in training it is exactly what
// a person with that history would be solved to. A movie whose factors are
// predicted counts where it was watched, but not as one of the unobserved: it was
// not there when people were solved. It takes O(len(seen)*Dims² + Dims³); BenchmarkFoldIn has the time. If the model
// knows none of seen, the error is ErrCold.
func (m *Model) FoldIn(seen []model.Seen) ([]float32, error) {
	f := m.folder()
	defer m.scratch.Put(f)
	if !m.foldIn(f, seen) {
		return nil, ErrCold
	}
	return slices.Clone(f.user), nil
}

// foldIn leaves the factors in f.user, and reports whether anything is known.
func (m *Model) foldIn(f *folder, seen []model.Seen) bool {
	if !m.observe(f, seen) {
		return false
	}
	clear(f.user)
	lambda := m.c.lambda(m.scale, int64(len(f.cols)), m.trained)
	f.solver.solve(f.user, m.gram, m.items, f.cols, f.values, lambda)
	return true
}

// observe lists the known movies of a history with their confidences, and reports
// whether there are any.
func (m *Model) observe(f *folder, seen []model.Seen) bool {
	f.cols, f.values = f.cols[:0], f.values[:0]
	for _, s := range seen {
		if int(s.Movie) >= len(m.source) || m.source[s.Movie] == unknown {
			continue
		}
		c := m.c.confidence(s, m.rating)
		if m.weights != nil && int(s.Movie) < len(m.weights) {
			c *= m.weights[s.Movie]
		}
		f.cols, f.values = append(f.cols, s.Movie), append(f.values, c)
	}
	return len(f.cols) > 0
}

// Score folds the history in and multiplies: see [model.Model]. It takes what
// FoldIn takes and Len*Dims multiplications.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	f := m.folder()
	defer m.scratch.Put(f)
	if !m.foldIn(f, q.Seen) {
		return model.None
	}
	vec.DotRows(scores, f.user, m.items)
	for _, row := range m.missing {
		scores[row] = float32(math.NaN())
	}
	return model.Personal
}

// Extend returns a model with movies behind its own, their factors predicted from
// their vectors; of a movie without one, and of all if the model was trained
// without vectors, it knows nothing. It copies the factors.
func (m *Model) Extend(rows []float32, dims int) (model.Model, error) {
	if dims < 1 || len(rows)%dims != 0 || (m.cold != nil && dims != m.cold.from) {
		return nil, fmt.Errorf("als: %d values as vectors of %d, trained with vectors of %d: %w", len(rows), dims, m.vectorDims(), catalog.ErrInvalid)
	}
	n := len(rows) / dims
	x := &Model{
		c: m.c, rating: m.rating, gram: m.gram, weights: m.weights, trained: m.trained, scale: m.scale, cold: m.cold,
		items:  slices.Concat(m.items, make([]float32, n*m.c.Dims)),
		source: slices.Concat(m.source, make([]byte, n)),
	}
	x.predict(m.Len(), rows)
	x.ready()
	x.first = cmp.Or(m.first, m) // not m, which would stay in memory until x is asked
	x.turned = sync.OnceValue(func() *turned { return x.first.extended(x) })
	return x, nil
}

func (m *Model) vectorDims() int {
	if m.cold == nil {
		return 0
	}
	return m.cold.from
}
