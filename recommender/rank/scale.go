package rank

import (
	"math"

	"marquee/recommender/model"
)

// A scale puts the scores of a model for one person on the common scale: how many
// deviations they lie above the mean over all movies, and of that the inverse hyperbolic
// sine. It hangs on the person and not on what may be listed, so that a movie has one
// score on every page and under every rule.
type scale struct {
	centre, perUnit float64
	common          bool // they are on it already
}

// scaleOf returns the one for scores of which any may not be finite: those, what was
// watched, and what came after the build do not count. So a list does not hang on what
// came and left again, and [model.Asked.Moments] says the same.
func (s *Snapshot) scaleOf(a *served, scores []float32, watched []Watched) scale {
	if a.scaled {
		return scale{common: true}
	}
	var m model.Moments
	add := func(score float32, weight float64) {
		if score-score == 0 {
			x := float64(score)
			m.N += weight
			m.Sum += weight * x
			m.Squares += weight * x * x
		}
	}
	scores = scores[:len(scores)-len(s.Movies.later)]
	for _, score := range scores {
		add(score, 1)
	}
	for _, w := range watched {
		if int(w.Row) < len(scores) {
			add(scores[w.Row], -1)
		}
	}
	return scaleBy(m)
}

// scaleBy returns the one of scores with these moments.
func scaleBy(m model.Moments) scale {
	if m.N < 1 {
		return scale{}
	}
	mean := m.Sum / m.N
	deviation := math.Sqrt(max(0, m.Squares/m.N-mean*mean))
	if !(deviation > 1e-9*math.Abs(mean)) {
		return scale{centre: mean} // all alike
	}
	return scale{centre: mean, perUnit: 1 / deviation}
}

// unit returns a score between 0 and 1, larger for larger ones.
func (c scale) unit(score float32) float32 {
	if c.common {
		return unit(float64(score))
	}
	return unit(math.Asinh((float64(score) - c.centre) * c.perUnit))
}

// middle is what a movie scores on the common scale that is to have a score of 0.5 in a
// list: the best twenty lie around it, some 4 deviations above the mean.
const middle = 2

// unit maps the common scale onto 0 to 1, where knobs are at home: the mean movie gets
// 0.12, one of 4 deviations above it 0.5, one of 10 deviations 0.73.
func unit(x float64) float32 {
	return float32(1 / (1 + math.Exp(middle-x)))
}
