package rank

import (
	"marquee/catalog"
)

// A Prior is what is known of the quality of a movie that nobody has rated. The
// zero Prior knows nothing.
type Prior struct {
	Mean    float64 `json:"mean"`    // of all ratings of a build, 0 to 1; 0.5 without any
	Outside float64 `json:"outside"` // mean vote of an outside database, 0 to 1, over the movies it has votes for; 0 without any
}

// newPrior returns the prior of a catalog and its ratings.
func newPrior(movies []catalog.Movie, acts []activity) Prior {
	p := Prior{Mean: 0.5}
	own, owns := int64(0), 0.0
	for _, a := range acts {
		own += a.sum
		owns += a.ratings
	}
	if owns > 0 {
		p.Mean = float64(own) / fixed / owns
	}
	votes := 0.0
	for _, m := range movies {
		if m.VoteCount > 0 {
			p.Outside += m.VoteAverage / 10
			votes++
		}
	}
	if votes > 0 {
		p.Outside /= votes
	}
	return p
}

// voteTrust is how many outside votes count as much as the mean does.
const voteTrust = 50

// of returns the quality that m starts with, 0 to 1: the mean, moved towards what
// an outside database says of it. A vote of n people counts with
// n/(n+voteTrust).
func (p Prior) of(m catalog.Movie) float64 {
	q := p.Mean
	if n := float64(m.VoteCount); n > 0 && p.Outside > 0 {
		q += (m.VoteAverage/10 - p.Outside) * n / (n + voteTrust)
	}
	return min(1, max(0, q))
}
