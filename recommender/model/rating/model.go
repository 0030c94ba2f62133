package rating

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// A Model holds the movies' parts of a rating, their rows of taste, and the
// weights of the groups. Nothing writes to it once it is made.
type Model struct {
	scale    catalog.Scale
	mean     float32 // of all ratings
	width    int     // of a row of taste
	item     []float32
	tastes   []float32 // [len(item) x width]
	groups   [numTraits]trait
	newcomer newcomer
	asks     sync.Pool // of *ask
	chosen   sync.Pool // of *asked

	first  *Model // what this was extended from at first; nil if it was not
	tables func() *tables
}

// A newcomer says what stands for a movie that came after the training, of which
// only the vector is known.
type newcomer struct {
	axes    *axes
	content int       // first column of the axes in a row of taste
	axis    float32   // scale of those columns
	item    float32   // its part of the rating in the middle of the axes: nobody watched it, other facts as usual
	slope   []float32 // [axes]: what its place adds to that; of places that are not standardised
	taste   []float32 // [width]: its row of taste without vector and quality
	quality int       // column of quality
	mean    float32   // of the quality
	spread  float32   // scale of that column
}

// An ask is scratch for one request.
type ask struct {
	solver  *solver
	weights []float32
	groups  []float32
}

// ready makes what follows from the rest, of a model that was not extended.
func (m *Model) ready() *Model {
	m.tables = sync.OnceValue(m.pack)
	return m
}

// Len returns the number of movies.
func (m *Model) Len() int { return len(m.item) }

// Score writes to scores the rating that q would give each movie, not cut to the
// scale, so that the best do not tie. It is Personal if q rated a movie that the
// model knows, of the Group if q's age, gender or occupation is one of the
// training, else of Everyone. A movie that nobody watched and of which nothing is
// known has NaN.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	a := m.ask()
	defer m.asks.Put(a)
	basis := m.know(q, a)
	if basis == model.Everyone {
		copy(scores, m.item)
		return basis
	}
	vec.DotRows(scores, a.weights, m.tastes)
	for i, v := range m.item {
		scores[i] += v
	}
	return basis
}

// Predict writes to ratings what q would give each of movies, within the scale. A
// movie of which nothing is known gets the mean of all ratings with what is known
// of q.
func (m *Model) Predict(q model.Query, movies []uint32, ratings []float32) {
	a := m.ask()
	defer m.asks.Put(a)
	m.know(q, a)
	for i, movie := range movies {
		v := m.mean
		if int(movie) < len(m.item) {
			if item := m.item[movie]; item == item {
				v = item
			}
			v += vec.Dot(a.weights, m.row(movie))
		}
		ratings[i] = min(max(v, float32(m.scale.Min)), float32(m.scale.Max))
	}
}

func (m *Model) row(movie uint32) []float32 {
	return m.tastes[int(movie)*m.width : (int(movie)+1)*m.width]
}

func (m *Model) ask() *ask {
	if a, ok := m.asks.Get().(*ask); ok {
		return a
	}
	return &ask{solver: newSolver(m.width), weights: make([]float32, m.width), groups: make([]float32, m.width)}
}

// know makes a.weights q's: those of the groups, and on top of them those that
// explain best what the groups leave of q's ratings.
func (m *Model) know(q model.Query, a *ask) model.Basis {
	basis := m.join(q.User, a.groups)
	a.solver.reset()
	for _, s := range q.Seen {
		if above, rated := m.above(s); rated {
			row := m.row(s.Movie)
			a.solver.add(row, above-vec.Dot(a.groups, row), 1)
		}
	}
	a.solver.solve(a.weights, 1)
	if len(a.solver.target) > 0 {
		basis = model.Personal
	}
	vec.Axpy(1, a.groups, a.weights)
	return basis
}

// join makes weights the sum of those of the groups that u is in.
func (m *Model) join(u catalog.User, weights []float32) model.Basis {
	return join(u, &m.groups, weights)
}

// join is [Model.join] with other weights of the groups.
func join(u catalog.User, groups *[numTraits]trait, weights []float32) model.Basis {
	basis := model.Everyone
	clear(weights)
	for k, name := range traits(u) {
		if group := groups[k].of(name); group >= 0 {
			vec.Axpy(1, groups[k].weights[group*len(weights):][:len(weights)], weights)
			basis = model.Group
		}
	}
	return basis
}

// above returns how far s was rated above the movie's part of a rating, if it was rated
// and the model knows the movie.
func (m *Model) above(s model.Seen) (by float32, rated bool) {
	if !s.Rated || int(s.Movie) >= len(m.item) {
		return 0, false
	}
	item := m.item[s.Movie]
	value := min(max(s.Rating, float32(m.scale.Min)), float32(m.scale.Max))
	return value - item, item == item && s.Rating == s.Rating
}

// Extend returns a model of more movies, with len(rows)/dims behind the others.
// Of those only the vectors are known: they stand where the facts' regression
// puts their place on the axes, as movies that nobody watched yet and whose other
// facts are as usual.
func (m *Model) Extend(rows []float32, dims int) (model.Model, error) {
	n := &m.newcomer
	if dims < 1 || len(rows)%dims != 0 || n.axes.count > 0 && dims != n.axes.dims {
		return nil, fmt.Errorf("%d values as vectors of %d dims, want %d dims; build the vectors with one embedder: %w", len(rows), dims, n.axes.dims, catalog.ErrInvalid)
	}
	x := &Model{scale: m.scale, mean: m.mean, width: m.width, groups: m.groups, newcomer: m.newcomer, item: slices.Clone(m.item), tastes: slices.Clone(m.tastes)}
	place := make([]float32, n.axes.count)
	for at := 0; at < len(rows); at += dims {
		v := rows[at : at+dims]
		n.axes.place(place, v)
		item := n.item + vec.Dot(n.slope, place)
		row := slices.Clone(n.taste)
		row[n.quality] = (item - n.mean) * n.spread
		vec.Axpy(n.axis, place, row[n.content:])
		if zero(v) {
			item = float32(math.NaN())
			clear(row[1:])
		}
		x.item, x.tastes = append(x.item, item), append(x.tastes, row...)
	}
	x.first = cmp.Or(m.first, m) // not m, which would stay in memory until x is asked
	x.tables = sync.OnceValue(func() *tables { return x.first.extended(x) })
	return x, nil
}
