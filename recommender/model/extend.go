package model

import (
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"marquee/catalog"
)

// Extend returns m with len(rows)/dims movies behind its own, whose vectors rows
// holds. Movies of m keep their scores. A model that is no [Extender] knows nothing
// of the new ones: they score NaN, and what was watched of them is not told to it;
// if it predicts ratings, so does the result.
func Extend(m Model, rows []float32, dims int) (Model, error) {
	if dims < 1 || len(rows)%dims != 0 {
		return nil, fmt.Errorf("%d values are no rows of %d: %w", len(rows), dims, catalog.ErrInvalid)
	}
	if x, ok := m.(Extender); ok {
		return x.Extend(rows, dims)
	}
	return pad(m, m.Len()+len(rows)/dims), nil
}

// pad returns m as a model of so many rows.
func pad(m Model, rows int) Model {
	if x, ok := m.(Predictor); ok {
		return &paddedPredictor{padded{model: m, rows: rows}, x}
	}
	return &padded{model: m, rows: rows}
}

// A padded model has movies behind its own of which it knows nothing.
type padded struct {
	model Model
	rows  int
	asks  sync.Pool // of *paddedAsked
}

func (p *padded) Len() int { return p.rows }

func (p *padded) Score(q Query, scores []float32) Basis {
	n := p.model.Len()
	for i := n; i < len(scores); i++ {
		scores[i] = float32(math.NaN())
	}
	return p.model.Score(p.known(q), scores[:n])
}

// known returns q without the movies that the model does not know.
func (p *padded) known(q Query) Query {
	later := func(s Seen) bool { return int(s.Movie) >= p.model.Len() }
	if slices.ContainsFunc(q.Seen, later) {
		q.Seen = slices.DeleteFunc(slices.Clone(q.Seen), later)
	}
	return q
}

func (p *padded) Extend(rows []float32, dims int) (Model, error) {
	if dims < 1 || len(rows)%dims != 0 {
		return nil, fmt.Errorf("%d values are no rows of %d: %w", len(rows), dims, catalog.ErrInvalid)
	}
	return pad(p.model, p.rows+len(rows)/dims), nil
}

func (p *padded) WriteTo(w io.Writer) (int64, error) { return p.model.WriteTo(w) }

// A paddedPredictor predicts for a movie that it does not know what q would give
// on the whole: the mean of its predictions for movies that it knows.
type paddedPredictor struct {
	padded
	predictor Predictor
}

// asked is how many movies that mean is of at most, spread evenly over the rows:
// it bounds what a prediction costs, and off the mean of all by a sixteenth of
// their deviation is near enough for a movie of which nothing is known.
const asked = 256

func (p *paddedPredictor) Predict(q Query, movies []uint32, ratings []float32) {
	q = p.known(q)
	n := p.model.Len()
	own := slices.DeleteFunc(slices.Clone(movies), func(m uint32) bool { return int(m) >= n })
	predicted := make([]float32, len(own))
	p.predictor.Predict(q, own, predicted)
	usual := float32(0)
	if len(own) < len(movies) {
		usual = p.usual(q)
	}
	for i, m := range movies {
		if int(m) >= n {
			ratings[i] = usual
			continue
		}
		ratings[i], predicted = predicted[0], predicted[1:]
	}
}

func (p *paddedPredictor) usual(q Query) float32 {
	n := p.model.Len()
	rows := make([]uint32, min(n, asked))
	for i := range rows {
		rows[i] = uint32(i * n / len(rows))
	}
	ratings := make([]float32, len(rows))
	p.predictor.Predict(q, rows, ratings)
	sum := 0.0
	for _, r := range ratings {
		sum += float64(r)
	}
	return float32(sum / float64(len(ratings)))
}
