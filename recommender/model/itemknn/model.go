package itemknn

import (
	"context"
	"math"
	"sync"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/board"
	"marquee/recommender/model/itemknn/alike"
)

// A Model holds the nearest movies of every movie, 8 bytes each.
type Model struct {
	c      Config
	scale  catalog.Scale
	known  []bool    // [movies]: somebody watched it
	means  []float32 // [movies], of ratings; the mean of all where nobody rated it
	mean   float32   // of all ratings, else the middle of the scale
	starts []int64   // [movies+1]; of movie i the neighbours starts[i] to starts[i+1]
	rows   []uint32  // nearest first
	likes  []float32 // how alike, above 0

	says    [51]float32  // of a watched movie, by ten times its preference
	sharp   []float32    // likes to the power of sharpness
	watched int          // how many are known
	blanks  board.Blanks // those that are not
	scratch sync.Pool    // of *scratch
	asks    sync.Pool    // of *asked
}

// Train compares the movies of d. It takes time proportional to the sum of the
// squares of the lengths of histories; see [Config.History].
func Train(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, error) {
	if c.Similarity != alike.Cosine {
		if err := d.CheckRatings(); err != nil {
			return nil, err
		}
	}
	if !d.Ordered() {
		c.Recency = 0 // there is no newest movie
	}
	lists, err := newComparison(d, c).all(ctx, progress)
	if err != nil {
		return nil, err
	}
	m := &Model{c: c, scale: d.Scale, known: make([]bool, len(d.Movies)), starts: make([]int64, 1, len(d.Movies)+1)}
	total := 0
	for _, list := range lists {
		total += len(list)
	}
	m.rows, m.likes = make([]uint32, 0, total), make([]float32, 0, total)
	for _, list := range lists {
		for _, n := range list {
			m.rows, m.likes = append(m.rows, n.Row), append(m.likes, n.Score)
		}
		m.starts = append(m.starts, int64(len(m.rows)))
	}
	m.average(d)
	m.prepare()
	return m, nil
}

// average fills in the means of ratings.
func (m *Model) average(d *model.Data) {
	sums, counts := make([]float64, len(d.Movies)), make([]float64, len(d.Movies))
	sum, count := 0.0, 0.0
	for _, s := range d.Seen {
		m.known[s.Movie] = true
		if s.Rated {
			sums[s.Movie] += float64(s.Rating)
			counts[s.Movie]++
			sum += float64(s.Rating)
			count++
		}
	}
	m.mean = float32(d.Scale.From5(3))
	if count > 0 {
		m.mean = float32(sum / count)
	}
	m.means = make([]float32, len(d.Movies))
	for i := range m.means {
		m.means[i] = m.mean
		if counts[i] > 0 {
			m.means[i] = float32(sums[i] / counts[i])
		}
	}
}

// prepare makes what follows from what is stored.
func (m *Model) prepare() {
	for i := range m.says {
		m.says[i] = float32(math.Pow(float64(i)/50, m.c.Preference))
	}
	m.sharp = m.likes
	if m.c.Sharpness != 1 {
		m.sharp = make([]float32, len(m.likes))
		for i, s := range m.likes {
			m.sharp[i] = float32(math.Pow(float64(s), m.c.Sharpness))
		}
	}
	m.watched = 0
	for _, known := range m.known {
		if known {
			m.watched++
		}
	}
	m.blanks = board.NewBlanks(m.Len(), func(row int) bool { return !m.known[row] })
	m.asks.New = func() any { return &asked{model: m, board: board.New[uint32](m.Len())} }
	m.scratch.New = func() any { return &scratch{deviations: make([]float32, m.Len()), rated: make([]bool, m.Len())} }
}

// Len returns the number of movies.
func (m *Model) Len() int { return len(m.known) }

// Neighbors returns the nearest movies of a row, nearest first, and how alike they
// are. Neither is to be changed.
func (m *Model) Neighbors(row uint32) ([]uint32, []float32) {
	from, to := m.starts[row], m.starts[row+1]
	return m.rows[from:to:to], m.likes[from:to:to]
}

// faint is the weight below which the rest of a history is left out: beside the
// first movie's of 1 it cannot count, and products with what is far below it are
// denormal, which processors take long for.
const faint = 1e-9

// Score writes the sum of how alike each movie is to those of the history, each
// weighed by preference and recency, counted from the newest that has neighbours. A
// movie near none of them gets 0. It takes time proportional to the movies and to
// the neighbours of the history, as far back as it counts.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	for i, known := range m.known {
		scores[i] = 0
		if !known {
			scores[i] = float32(math.NaN())
		}
	}
	return m.each(q, func(from, to int64, say float32) {
		likes := m.sharp[from:to]
		for i, row := range m.rows[from:to] {
			scores[row] += say * likes[i]
		}
	})
}

// each calls f for the movies of a history, as far back as it counts, with where their
// neighbours stand and what they say. The basis is None if there are no neighbours.
func (m *Model) each(q model.Query, f func(from, to int64, say float32)) model.Basis {
	fade, weight := 1.0, 1.0
	if m.c.Recency > 0 {
		fade = math.Exp2(-1 / m.c.Recency)
	}
	basis := model.None
	for _, s := range q.Seen {
		if int(s.Movie) >= m.Len() {
			continue // came after the training
		}
		from, to := m.starts[s.Movie], m.starts[s.Movie+1]
		f(from, to, float32(weight)*m.says[model.PackPreference(s.Preference(m.scale))])
		if from < to {
			basis = model.Personal
		}
		if basis == model.None {
			continue
		}
		if weight *= fade; weight < faint {
			break
		}
	}
	return basis
}
