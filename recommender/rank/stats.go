package rank

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"marquee/catalog"
)

// Stats are what all people together say of each movie.
type Stats struct {
	Quality    []float32 // row -> Bayesian mean rating, 0 to 1
	Popularity []float32 // row -> logarithm of the decayed number of watchers, 0 to 1
	Order      []uint32  // rows by falling popularity, then quality, then row
	Watchers   []uint32  // row -> people who watched it
	Prior      Prior     // what the quality of a movie that comes later starts from
}

// An activity is what Stats gathers of one movie.
type activity struct {
	ratings  float64
	sum      int64 // of ratings in units of 2^-32: integers add up alike in any order
	watchers uint32
	days     []int32 // of each watch, for the decay
}

// fixed is one in the fixed-point sums of an activity.
const fixed = 1 << 32

// NewStats counts histories. Time is counted back from the newest watch among
// them, not from the clock, so that the same rows give the same bits.
//
// Quality of a movie with n ratings of mean r is (n*r + p*m) / (n + p), where p
// is the prior of the configuration and m the mean of all ratings, moved towards
// what an outside database says of the movie where it says something.
func NewStats(movies []catalog.Movie, rows *Movies, histories iter.Seq2[catalog.UserSeen, error], scale catalog.Scale, c Config) (*Stats, error) {
	acts := make([]activity, rows.Len())
	newest := int32(math.MinInt32)
	for h, err := range histories {
		if err != nil {
			return nil, err
		}
		row, ok := rows.Row(h.Movie)
		if !ok {
			continue
		}
		a := &acts[row]
		if h.Rated {
			a.ratings++
			a.sum += int64(math.Round(scale.Unit(h.Rating) * fixed))
		}
		a.watchers++
		day := Day(h.At)
		a.days = append(a.days, day)
		newest = max(newest, day)
	}
	prior := newPrior(movies, acts)
	s := &Stats{
		Quality:    quality(movies, acts, c.RatingPrior, prior),
		Prior:      prior,
		Popularity: popularity(acts, newest, c.PopularityHalfLife),
		Watchers:   make([]uint32, len(acts)),
	}
	for i := range acts {
		s.Watchers[i] = acts[i].watchers
	}
	s.Sort()
	return s, nil
}

// Sort makes Order from the other columns. Only a reader of stored columns needs to
// call it; NewStats has.
func (s *Stats) Sort() {
	s.Order = make([]uint32, len(s.Quality))
	for i := range s.Order {
		s.Order[i] = uint32(i)
	}
	slices.SortFunc(s.Order, s.compare)
}

// compare orders rows as Order does.
func (s *Stats) compare(a, b uint32) int {
	switch {
	case s.Popularity[a] != s.Popularity[b]:
		return sign(s.Popularity[b] - s.Popularity[a])
	case s.Quality[a] != s.Quality[b]:
		return sign(s.Quality[b] - s.Quality[a])
	}
	return cmp.Compare(a, b)
}

func sign(x float32) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

// quality returns the Bayesian mean of each movie's ratings.
func quality(movies []catalog.Movie, acts []activity, weight float64, prior Prior) []float32 {
	out := make([]float32, len(acts))
	for i, a := range acts {
		m := prior.of(movies[i])
		if a.ratings+weight > 0 {
			m = (float64(a.sum)/fixed + weight*m) / (a.ratings + weight)
		}
		out[i] = float32(m)
	}
	return out
}

func popularity(acts []activity, newest int32, halfLife float64) []float32 {
	out := make([]float32, len(acts))
	top := 0.0
	for i, a := range acts {
		slices.Sort(a.days) // a sum must not depend on the order of arrival
		sum := 0.0
		for _, d := range a.days {
			if halfLife > 0 {
				sum += math.Exp2(-float64(newest-d) / halfLife)
			} else {
				sum++
			}
		}
		v := math.Log1p(sum)
		top = max(top, v)
		out[i] = float32(v)
	}
	if top > 0 {
		for i := range out {
			out[i] /= float32(top)
		}
	}
	return out
}
