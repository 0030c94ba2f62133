package rank

import (
	"slices"

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

// orGuess returns p, or what the figures of s suggest for a bundle that was built
// before priors were kept: the mean quality, without a say for outside votes.
func (p Prior) orGuess(s *Stats) Prior {
	if p != (Prior{}) {
		return p
	}
	p.Mean = 0.5
	if len(s.Quality) > 0 {
		sum := 0.0
		for _, q := range s.Quality {
			sum += float64(q)
		}
		p.Mean = sum / float64(len(s.Quality))
	}
	return p
}

// Start returns the quality, 0 to 1, of m as long as nobody has rated it.
func (s *Stats) Start(m catalog.Movie) float32 { return float32(s.Prior.orGuess(s).of(m)) }

// With returns s with the movies of rows, which were added or edited later: a new
// row has nobody who watched it and the quality it starts with. The quality of an
// edited movie that people watched stays as their ratings made it. s stays as it
// is. It copies the columns, 16 bytes a row.
func (s *Stats) With(movies []catalog.Movie, rows []uint32) *Stats {
	next := &Stats{
		Quality:    slices.Clone(s.Quality),
		Popularity: slices.Clone(s.Popularity),
		Watchers:   slices.Clone(s.Watchers),
		Prior:      s.Prior.orGuess(s),
	}
	moved := make(map[uint32]bool, len(rows))
	for i, row := range rows {
		if int(row) == len(next.Quality) {
			next.Quality = append(next.Quality, 0)
			next.Popularity = append(next.Popularity, 0)
			next.Watchers = append(next.Watchers, 0)
		}
		if next.Watchers[row] == 0 {
			next.Quality[row] = float32(next.Prior.of(movies[i]))
			moved[row] = true
		}
	}
	next.Order = next.reorder(s.Order, moved)
	return next
}

// reorder returns order with the rows of moved where they belong by now.
func (s *Stats) reorder(order []uint32, moved map[uint32]bool) []uint32 {
	sorted := make([]uint32, 0, len(moved))
	for row := range moved {
		sorted = append(sorted, row)
	}
	slices.SortFunc(sorted, s.compare)
	out := make([]uint32, 0, len(s.Quality))
	for _, row := range order {
		if moved[row] {
			continue
		}
		for len(sorted) > 0 && s.compare(sorted[0], row) < 0 {
			out = append(out, sorted[0])
			sorted = sorted[1:]
		}
		out = append(out, row)
	}
	return append(out, sorted...)
}
