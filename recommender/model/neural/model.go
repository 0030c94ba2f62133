package neural

import (
	"math"
	"slices"
	"sync"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// A Model scores movies by a network. Nothing writes to it after Train or Read,
// so any number of goroutines may ask it.
type Model struct {
	w       *weights
	later   *weights // of movies that came after training, behind the others; nil: none
	guess   guess
	scale   catalog.Scale
	rating  float64   // Config.InputRating
	recency float64   // Config.Recency
	known   []bool    // movies whose weights were learned or guessed
	shift   []float32 // [movies] the bias; NaN for a movie that is not known
	pool    *sync.Pool
	asks    *sync.Pool // of *asked
	fades   []float64  // of the first places of a history: see fade

	first  *Model // what this was extended from at first; nil if it was not
	tables func() tables
}

// A scratch is what one request needs.
type scratch struct {
	shown []cell
	h     []float32
}

// ready computes what is not stored.
func (m *Model) ready() {
	m.shift = make([]float32, 0, len(m.known))
	m.shift = append(m.shift, m.w.bias...)
	if m.later != nil {
		m.shift = append(m.shift, m.later.bias...)
	}
	for i, known := range m.known {
		if !known {
			m.shift[i] = float32(math.NaN())
		}
	}
	m.fades = make([]float64, fadesKept)
	for place := range m.fades {
		m.fades[place] = fade(m.recency, place)
	}
	width := m.w.width
	m.pool = &sync.Pool{New: func() any { return &scratch{h: make([]float32, width)} }}
	m.asks = &sync.Pool{}
	m.lazily()
}

// all returns the weights of all movies, and which of them mean something.
func (m *Model) all() (*weights, []bool) {
	if m.later == nil {
		return m.w, m.known
	}
	return &weights{
		width: m.w.width, hidden: m.w.hidden,
		in: slices.Concat(m.w.in, m.later.in), out: slices.Concat(m.w.out, m.later.out), bias: slices.Concat(m.w.bias, m.later.bias),
	}, m.known
}

// Len returns the number of movies.
func (m *Model) Len() int { return len(m.known) }

// Score is [model.Model]'s: the scores are logarithms of how likely a movie is
// the next, but for a constant. BenchmarkScore has the time.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	s := m.pool.Get().(*scratch)
	defer m.pool.Put(s)
	if !m.show(q, s) {
		return model.None
	}
	n := len(m.w.bias)
	vec.DotRows(scores[:n], s.h, m.w.out)
	if m.later != nil {
		vec.DotRows(scores[n:], s.h, m.later.out)
	}
	vec.Axpy(1, m.shift, scores)
	return model.Personal
}

// show writes the hidden layer of a history to s.h. It returns false if no movie
// of the history is known.
func (m *Model) show(q model.Query, s *scratch) bool {
	s.shown = s.shown[:0]
	for _, e := range q.Seen {
		if int(e.Movie) < len(m.known) && m.known[e.Movie] {
			s.shown = append(s.shown, cell{e.Movie, m.inputWeight(e.Preference(m.scale), len(s.shown))})
		}
	}
	if len(s.shown) == 0 {
		return false
	}
	normalize(s.shown)
	copy(s.h, m.w.hidden)
	n := uint32(len(m.w.bias))
	for _, c := range s.shown {
		row := m.w.in
		if c.movie >= n {
			row, c.movie = m.later.in, c.movie-n
		}
		at := int(c.movie) * m.w.width
		vec.Axpy(c.weight, row[at:at+m.w.width], s.h)
	}
	squash(s.h)
	return true
}

// fadesKept is how many places have their fade in a table: a power takes 40 ns.
const fadesKept = 512

// inputWeight is [inputWeight] with the settings of m.
func (m *Model) inputWeight(p float64, place int) float32 {
	if place < len(m.fades) {
		return float32(like(m.rating, p) * m.fades[place])
	}
	return inputWeight(m.rating, m.recency, p, place)
}
