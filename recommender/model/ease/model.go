package ease

import (
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/column"
	"marquee/recommender/model"
)

// A Model holds the weights from movie to movie. Nothing writes to it once it is
// made.
type Model struct {
	scale      catalog.Scale
	preference float64
	rows       []uint32  // movies that take part -> row of the catalog, ascending
	index      []int32   // row of the catalog -> movie, or -1
	starts     []uint32  // [movies+1] of movie i the weights starts[i] to starts[i+1]; nil if all are kept
	columns    []uint16  // the movie that each weight is into, ascending from start to start
	weights    []float32 // [movies x movies] if all are kept, else each less rest
	rest       []float32 // [movies] the weight into each movie from those not kept; nil if all are kept
	scratch    sync.Pool // of *[]float32, [movies]

	outline func() *outline // where some weights are kept
	asks    sync.Pool       // of *asked
}

// ready makes what is made when a model is first asked.
func (m *Model) ready() *Model {
	m.outline = sync.OnceValue(m.outlined)
	return m
}

// Len returns the number of movies of the catalog.
func (m *Model) Len() int { return len(m.index) }

// Score implements [model.Model]: it adds up the weights from what was watched.
// Its basis is Personal if any of that takes part, else None. It takes a pass
// over the catalog and one over the weights of the movies watched.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	sums, _ := m.scratch.Get().(*[]float32)
	if sums == nil {
		s := make([]float32, len(m.rows))
		sums = &s
	}
	defer m.scratch.Put(sums)
	clear(*sums)
	basis, watched := model.None, float32(0)
	for _, s := range q.Seen {
		if int(s.Movie) >= len(m.index) || m.index[s.Movie] < 0 {
			continue
		}
		x := value(s, m.scale, m.preference)
		m.add(*sums, int(m.index[s.Movie]), x)
		watched += x
		basis = model.Personal
	}
	nan := float32(math.NaN())
	for row := range scores {
		scores[row] = nan
	}
	if basis == model.None {
		return basis
	}
	if m.rest != nil {
		vec.Axpy(watched, m.rest, *sums)
	}
	for i, row := range m.rows {
		scores[row] = (*sums)[i]
	}
	return basis
}

// add adds x times the weights from movie i.
func (m *Model) add(sums []float32, i int, x float32) {
	if m.starts == nil {
		vec.Axpy(x, m.weights[i*len(m.rows):(i+1)*len(m.rows)], sums)
		return
	}
	from, to := m.starts[i], m.starts[i+1]
	weights := m.weights[from:to]
	for k, j := range m.columns[from:to] {
		sums[j] += x * weights[k]
	}
}

// WriteTo writes the weights, 6 bytes for each that is kept, or 4 if all are.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	var e column.Encoder
	e.Float64s([]float64{m.preference})
	e.Uint32s(m.rows)
	e.Uint32s(m.starts)
	e.Uint16s(m.columns)
	e.Float32s(m.weights)
	e.Float32s(m.rest)
	n, err := w.Write(e.Data)
	return int64(n), err
}

// Read returns the model that WriteTo wrote. The error of anything else wraps
// [column.ErrBroken].
func Read(stored []byte, base *model.Base) (*Model, error) {
	d := column.NewDecoder(stored)
	settings := d.Float64s()
	m := &Model{scale: base.Scale, rows: d.Uint32s(), starts: d.Uint32s(), columns: d.Uint16s(), weights: d.Float32s(), rest: d.Float32s()}
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("ease: %w", err)
	}
	if len(settings) != 1 || !(settings[0] >= 0 && settings[0] <= 1) {
		return nil, fmt.Errorf("ease: settings %v: %w", settings, column.ErrBroken)
	}
	m.preference = settings[0]
	if err := m.validate(base.Movies); err != nil {
		return nil, fmt.Errorf("ease: %w: %w", err, column.ErrBroken)
	}
	m.index = indexOf(m.rows, base.Movies)
	return m.ready(), nil
}

// validate checks what Score relies on.
func (m *Model) validate(movies int) error {
	n := len(m.rows)
	if n > mostMovies {
		return fmt.Errorf("%d movies take part, want at most %d", n, mostMovies)
	}
	for i, row := range m.rows {
		if int64(row) >= int64(movies) || i > 0 && row <= m.rows[i-1] {
			return fmt.Errorf("movie %d is row %d, want them ascending below %d", i, row, movies)
		}
	}
	for _, weights := range [][]float32{m.weights, m.rest} {
		if i := slices.IndexFunc(weights, beyond); i >= 0 {
			return fmt.Errorf("a weight is %v, want %g to %g", weights[i], -mostWeight, mostWeight)
		}
	}
	if len(m.starts) == 0 {
		if len(m.columns) != 0 || len(m.rest) != 0 || len(m.weights) != n*n {
			return fmt.Errorf("%d weights and %d columns for %d movies, want %d and none", len(m.weights), len(m.columns), n, n*n)
		}
		m.starts, m.rest = nil, nil
		return nil
	}
	if len(m.starts) != n+1 || m.starts[0] != 0 || !slices.IsSorted(m.starts) || int(m.starts[n]) != len(m.weights) || len(m.columns) != len(m.weights) || len(m.rest) != n {
		return fmt.Errorf("%d starts, %d columns and %d weights for %d movies do not fit", len(m.starts), len(m.columns), len(m.weights), n)
	}
	if i := slices.IndexFunc(m.columns, func(j uint16) bool { return int(j) >= n }); i >= 0 {
		return fmt.Errorf("weight %d is into movie %d of %d", i, m.columns[i], n)
	}
	return nil
}

// mostWeight is far above any weight, and no sum of a history of such is infinite.
const mostWeight = 1e9

func beyond(v float32) bool { return !(v >= -mostWeight && v <= mostWeight) }
