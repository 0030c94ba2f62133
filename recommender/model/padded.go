package model

import (
	"math"
	"slices"
)

// Ask implements [Asker], of a model that is none too: that one is asked for all
// scores, of which the chosen are read.
func (p *padded) Ask(q Query) (Asked, Basis) {
	a, ok := p.asks.Get().(*paddedAsked)
	if !ok {
		a = &paddedAsked{padded: p}
	}
	var basis Basis
	a.asked, basis = p.asker().Ask(a.known(q))
	if a.asked == nil {
		p.asks.Put(a)
		return nil, basis
	}
	return a, basis
}

func (p *padded) asker() Asker {
	if a, ok := p.model.(Asker); ok {
		return a
	}
	return dense{p.model}
}

// A paddedAsked is what a padded model was asked.
type paddedAsked struct {
	*padded
	asked Asked
	seen  []Seen
	rows  []uint32
}

// known returns q without the movies that the model does not know.
func (a *paddedAsked) known(q Query) Query {
	n := a.model.Len()
	if !slices.ContainsFunc(q.Seen, func(s Seen) bool { return int(s.Movie) >= n }) {
		return q
	}
	a.seen = a.seen[:0]
	for _, s := range q.Seen {
		if int(s.Movie) < n {
			a.seen = append(a.seen, s)
		}
	}
	q.Seen = a.seen
	return q
}

// ScoreRows implements [Asked]: later movies are asked as movie 0, and get NaN.
func (a *paddedAsked) ScoreRows(rows []uint32, scores []float32) {
	n := uint32(a.model.Len())
	if n == 0 || !slices.ContainsFunc(rows, func(row uint32) bool { return row >= n }) {
		a.asked.ScoreRows(rows, scores)
		return
	}
	a.rows = append(a.rows[:0], rows...)
	for i, row := range rows {
		if row >= n {
			a.rows[i] = 0
		}
	}
	a.asked.ScoreRows(a.rows, scores)
	for i, row := range rows {
		if row >= n {
			scores[i] = float32(math.NaN())
		}
	}
}

// Moments implements [Asked].
func (a *paddedAsked) Moments() Moments { return a.asked.Moments() }

// Close implements [Asked].
func (a *paddedAsked) Close() {
	a.asked.Close()
	a.asked = nil
	a.asks.Put(a)
}

// A dense asks a model that is no [Asker] for all its scores.
type dense struct{ Model }

func (d dense) Ask(q Query) (Asked, Basis) {
	a := &denseAsked{scores: make([]float32, d.Len())}
	basis := d.Score(q, a.scores)
	if basis == None {
		return nil, None
	}
	return a, basis
}

type denseAsked struct{ scores []float32 }

func (a *denseAsked) ScoreRows(rows []uint32, scores []float32) {
	for i, row := range rows {
		scores[i] = a.scores[row]
	}
}

func (a *denseAsked) Moments() Moments {
	var m Moments
	for _, s := range a.scores {
		if v := float64(s); s == s {
			m.N, m.Sum, m.Squares = m.N+1, m.Sum+v, m.Squares+v*v
		}
	}
	return m
}

func (a *denseAsked) Close() {}
