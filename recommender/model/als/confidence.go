package als

import (
	"math"

	"marquee/catalog"
	"marquee/recommender/model"
)

// confidence is what one movie of a history counts: see Config. As in
// [model.Preference], a rating off the scale counts as its nearest end, and a
// rating or share that is NaN as none.
func (c Config) confidence(s model.Seen, scale catalog.Scale) float32 {
	r := c.Watched + c.Preference*s.Preference(scale)
	if rating := float64(s.Rating); s.Rated && !math.IsNaN(rating) {
		r += c.Rating * min(scale.Max, max(scale.Min, rating))
	}
	if s.Shared && s.Share == s.Share {
		r += c.Share * min(1, max(0, float64(s.Share)))
	}
	if s.Days > 1 {
		r += c.Days * math.Log2(float64(s.Days))
	}
	return float32(max(0, c.Base+c.Alpha*r)) // a scale may have ratings below 0
}

// FromData returns the matrix of confidences of d, people by movies.
func FromData(d *model.Data, c Config) *Matrix {
	m := &Matrix{Columns: len(d.Movies), Starts: d.Starts, Cols: make([]uint32, len(d.Seen)), Values: make([]float32, len(d.Seen))}
	weights := c.debias(d.Watchers())
	for i, s := range d.Seen {
		m.Cols[i], m.Values[i] = s.Movie, c.confidence(s, d.Scale)
		if weights != nil {
			m.Values[i] *= weights[s.Movie]
		}
	}
	return m
}

// debias returns the weight of each movie's observations, or nil for 1: its
// watchers to the power of -Debias, within DebiasLimit of the mean movie that is
// watched, and scaled so that the mean over all observations is 1. That is inverse
// propensity scoring with propensities estimated from popularity (Saito et al.,
// "Unbiased Recommender Learning from Missing-Not-At-Random Implicit Feedback",
// 2020), bounded since rare movies would else outweigh all others by chance.
func (c Config) debias(watchers []uint32) []float32 {
	if c.Debias == 0 {
		return nil
	}
	watched, total := 0.0, 0.0
	for _, n := range watchers {
		if n > 0 {
			watched++
			total += float64(n)
		}
	}
	weights := make([]float64, len(watchers))
	sum := 0.0
	for i, n := range watchers {
		w := math.Pow(max(1, float64(n))*watched/total, -c.Debias)
		weights[i] = min(max(w, 1/c.DebiasLimit), c.DebiasLimit)
		sum += weights[i] * float64(n)
	}
	out := make([]float32, len(weights))
	for i, w := range weights {
		out[i] = float32(w * total / sum)
	}
	return out
}
