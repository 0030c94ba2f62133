package latent

import (
	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// People is what a training learned of the people it saw, row by row of
// [model.Data.Users]. It is for comparisons with other programs: a [Model] folds
// people in instead, and no bundle holds this.
type People struct {
	model   *Model
	bias    []float64
	factors []float32 // [people x factors], the implicit part included
}

// Predict writes to ratings, [len(movies)], what the trained factors of person
// give for each of movies, within the scale: what scikit-surprise predicts.
func (p *People) Predict(person int, movies []uint32, ratings []float32) {
	for i, movie := range movies {
		ratings[i] = p.predict(person, movie)
	}
}

func (p *People) predict(person int, movie uint32) float32 {
	m := p.model
	if m.known[movie] {
		x := p.factors[person*m.width:][:m.width]
		return m.rating(m.start + float64(m.bias[movie]) + p.bias[person] + float64(vec.Dot(x, m.row(movie))))
	}
	if !m.biased {
		return m.rating(m.mean)
	}
	return m.rating(m.start + p.bias[person])
}

// finish returns what was learned.
func (t *trainer) finish() (*Model, *People, error) {
	m := &Model{
		width: t.c.Factors, scale: t.d.Scale, unit: t.unit, mean: t.mean, start: t.start, biased: t.c.Biased,
		reg: t.c.Reg, foldReg: t.c.FoldReg, foldBiasReg: t.c.FoldBiasReg, known: t.rated, seen: t.seen, average: make([]float32, t.c.Factors),
	}
	t.average(m)
	if t.c.Implicit {
		m.implicit = t.implicit.plain(t.seen)
	}
	for i := range t.d.Users {
		own := t.people.factors[i*t.c.Factors:][:t.c.Factors]
		if !t.people.rated[i] {
			clear(own)
		}
		if t.c.Implicit {
			t.addImplicit(own, t.d.Of(i))
		}
	}
	m.bias = make([]float32, len(t.bias))
	for i, b := range t.bias {
		m.bias[i] = float32(b)
	}
	m.factors = t.movies.plain(t.rated)
	if err := m.arrange(); err != nil {
		return nil, nil, err
	}
	return m, &People{model: m, bias: t.people.bias, factors: t.people.factors}, nil
}

// average writes the mean of the people who rated to m.
func (t *trainer) average(m *Model) {
	sums, n := make([]float64, t.c.Factors), 0.0
	for i, rated := range t.people.rated {
		if !rated {
			continue
		}
		n++
		m.averageBias += t.people.bias[i]
		for j, v := range t.people.factors[i*t.c.Factors:][:t.c.Factors] {
			sums[j] += float64(v)
		}
	}
	m.averageBias /= n
	for j, sum := range sums {
		m.average[j] = float32(sum / n)
	}
}

var _ model.Predictor = (*Model)(nil)
