package rating

import (
	"math"

	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// A design is the regression of movies' ratings on their facts. Its rows are
// standardised over the movies that were rated.
type design struct {
	width  int
	learn  []float32 // [movies x width], with the count of watchers less one
	ask    []float32 // the same with the whole count
	fresh  []float32 // [width]: a movie of which only the vector is known, without its vector
	factor []float64 // of the normal equations, after prepare
	weight []float64 // [movies]
}

// newDesign encodes all movies. content, [movies x axes], are their places.
func newDesign(d *model.Data, r *ratings, e *encoder, content []float32, axes int) *design {
	width := numFacts + len(e.genres) + axes + 1
	x := &design{width: width, learn: make([]float32, len(d.Movies)*width), ask: make([]float32, len(d.Movies)*width), fresh: make([]float32, width)}
	row := make([]float64, width)
	fill := func(dst []float32, i int, seen float64) {
		e.encode(row[:numFacts], &d.Movies[i], seen)
		e.encodeGenres(row[numFacts:numFacts+len(e.genres)], &d.Movies[i])
		for k := range axes {
			row[numFacts+len(e.genres)+k] = float64(content[i*axes+k]) * placeScale(axes)
		}
		row[width-1] = 1
		for j, v := range row {
			dst[i*width+j] = float32(v)
		}
	}
	for i := range d.Movies {
		fill(x.learn, i, max(0, r.others[i]-1))
		fill(x.ask, i, r.others[i])
	}
	x.standardise(r, width-1-axes)
	return x
}

// lightScale is the standard deviation of the columns of genres and places, of
// which there are many: each is penalised ten times as much as one of the other
// facts. On the real stream 0.1 and 0.3 had the least RMSE of 0, 0.1, 0.3 and 1.
const lightScale = 0.3

// placeScale makes the places on the axes as long as so many light columns.
func placeScale(axes int) float64 { return lightScale * math.Sqrt(float64(axes)) }

// standardise gives each of the first columns mean 0 and variance 1, or that of a
// light one, over the rated movies of learn; behind them are the places, which have their scale, and the
// constant. A column that is the same everywhere becomes 0.
func (x *design) standardise(r *ratings, columns int) {
	for j := range columns {
		var m moments
		for i, n := range r.counts {
			if n > 0 {
				m.add(float64(x.learn[i*x.width+j]), 1)
			}
		}
		mean, scale := m.mean(), m.scale()
		if j >= numFacts {
			scale *= lightScale
		}
		for i := range r.counts {
			for _, t := range [][]float32{x.learn, x.ask} {
				t[i*x.width+j] = float32((float64(t[i*x.width+j]) - mean) * scale)
			}
		}
		switch j {
		case watchers, watchers2, anyWatcher, votesSeen, knownSeen: // 0 where nobody watched
			x.fresh[j] = float32(-mean * scale)
		}
	}
	x.fresh[x.width-1] = 1
}

// prepare weighs the movies and factors the normal equations. A movie's mean of n
// ratings varies around its facts by 1/movie + 1/n, the noise of a rating being 1.
func (x *design) prepare(r *ratings, movie, ridge float64) {
	s := newSolver(x.width)
	x.weight = make([]float64, len(r.counts))
	for i, n := range r.counts {
		if n > 0 {
			x.weight[i] = n * movie / (n + movie)
			s.add(x.learn[i*x.width:(i+1)*x.width], 0, float32(x.weight[i]))
		}
	}
	s.size(x.width)
	vec.AddGram(s.gram, s.rows, x.width)
	x.factor = s.system
	for i, v := range s.gram {
		x.factor[i] = float64(v)
	}
	for j := range x.width - 1 {
		x.factor[j*x.width+j] += ridge
	}
	factor(x.factor, x.width)
}

// fit returns the weights of the facts, [width], that explain the means of the
// movies, [movies], best.
func (x *design) fit(means []float64) []float32 {
	right := make([]float64, x.width)
	for i, w := range x.weight {
		if w == 0 {
			continue
		}
		for j, v := range x.learn[i*x.width : (i+1)*x.width] {
			right[j] += w * means[i] * float64(v)
		}
	}
	substitute(x.factor, right)
	out := make([]float32, x.width)
	for j, v := range right {
		out[j] = float32(v)
	}
	return out
}

// moments add up weighted numbers.
type moments struct{ n, sum, squares float64 }

func (m *moments) add(v, weight float64) {
	m.n, m.sum, m.squares = m.n+weight, m.sum+weight*v, m.squares+weight*v*v
}

func (m *moments) mean() float64 { return m.sum / max(m.n, 1e-9) }

// scale returns one over the standard deviation, or 0 if there is none.
func (m *moments) scale() float64 {
	mean := m.mean()
	v := m.squares/max(m.n, 1e-9) - mean*mean
	if v < 1e-9*(1+mean*mean) {
		return 0
	}
	return 1 / math.Sqrt(v)
}
