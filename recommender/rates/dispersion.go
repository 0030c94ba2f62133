package rates

import (
	"cmp"
	"math"
	"slices"
)

const (
	classMovies = 30  // of a size class at least
	classFactor = 1.5 // from its smallest movie to its largest at least
	pooledMean  = 20  // a window: where the chi-square of counts is nearly that of normal numbers
	topPart     = 100 // one movie of so many of a class is no more than the next: it may have jumped
)

// A sized movie is one whose windows tell of dispersion.
type sized struct {
	mean float64 // a window
	s2   float64 // of its windows: Pearson's chi-square over its degrees of freedom
}

// A spread says how much more than Poisson counts of movies vary: by size, and by how much
// movies of one size differ.
type spread struct {
	at, excess []float64 // log mean of the size classes, ascending, and log(dispersion-1)
	own        float64   // degrees of freedom of a movie's own estimate
	prior      float64   // degrees of freedom that the size is worth; infinite where movies of one size vary alike
	odd        float64   // a movie's own estimate over that of its size above which it stands alone
}

// minExcess keeps the logarithm of dispersion-1 finite.
const minExcess = 1e-3

// newSpread estimates it from movies, whose order it changes, with that many degrees of
// freedom each. A class is the movies next in size, thirty and a factor 1.5 in size at
// least; between the middles of two classes it goes along a line in logarithms. The prior
// comes of the variance of own estimates over that of their class, as in Smyth's
// moderated variances (2004); it is infinite unless the variance is larger than that of chance by more than
// two standard errors. A movie beyond the 99.9% of chance stands alone (Phipson et al. 2016).
func newSpread(movies []sized, freedom float64) spread {
	s := spread{own: freedom, prior: math.Inf(1), odd: chiSquareQuantile(0.999, freedom) / freedom}
	slices.SortFunc(movies, func(a, b sized) int { return cmp.Compare(a.mean, b.mean) })
	for begin := 0; begin < len(movies); {
		end := begin + classMovies
		for end < len(movies) && movies[end].mean < classFactor*movies[begin].mean {
			end++
		}
		if len(movies)-end < classMovies { // what is left is no class
			end = len(movies)
		}
		s.addClass(movies[begin:end])
		begin = end
	}
	s.setPrior(movies)
	return s
}

func (s *spread) addClass(class []sized) {
	values, log := make([]float64, len(class)), 0.0
	for i, m := range class {
		values[i] = m.s2
		log += math.Log(m.mean)
	}
	slices.Sort(values)
	most, sum := values[len(values)-1-len(values)/topPart], 0.0
	for _, v := range values {
		sum += min(v, most)
	}
	n := float64(len(class))
	s.at, s.excess = append(s.at, log/n), append(s.excess, math.Log(max(minExcess, sum/n-1)))
}

// of returns the dispersion of movies of a size. Beyond the middle of the last class it goes
// on as between the last two, growing at most with the mean, as a rate that varies makes it.
func (s *spread) of(mean float64) float64 {
	n := len(s.at)
	if n == 0 {
		return 1
	}
	x := math.Log(mean)
	i, _ := slices.BinarySearch(s.at, x)
	switch {
	case i == 0:
		return 1 + math.Exp(s.excess[0])
	case i == n && n == 1:
		return 1 + math.Exp(s.excess[0]+x-s.at[0])
	}
	i = min(i, n-1)
	slope := (s.excess[i] - s.excess[i-1]) / (s.at[i] - s.at[i-1])
	if x > s.at[i] {
		return 1 + math.Exp(s.excess[i]+min(1, max(0, slope))*(x-s.at[i]))
	}
	return 1 + math.Exp(s.excess[i-1]+slope*(x-s.at[i-1]))
}

// setPrior estimates how alike movies of one size are.
func (s *spread) setPrior(movies []sized) {
	const most = 6 // a ratio above it says of jumps, not of dispersion
	var n, sum, squares float64
	for _, m := range movies {
		if m.mean >= pooledMean {
			f := min(most, m.s2/s.of(m.mean))
			n, sum, squares = n+1, sum+f, squares+f*f
		}
	}
	if n < 2*classMovies {
		s.prior = s.own // little is known: as much as the movie itself says
		return
	}
	chance := 2 / s.own // variance of a chi-square over its degrees of freedom
	mean := sum / n
	variance := squares/n/(mean*mean) - 1
	err := chance * math.Sqrt((2+12/s.own)/n) // a chi-square has an excess kurtosis of 12 over its degrees
	if beyond := variance - chance; beyond > 2*err {
		s.prior = max(2, 2/beyond)
	}
}

// dispersion returns that of a movie, and the degrees of freedom of the estimate.
func (s *spread) dispersion(mean, s2 float64) (phi, freedom float64) {
	pooled := s.of(mean)
	switch {
	case s2 > s.odd*pooled:
		return s2, s.own
	case math.IsInf(s.prior, 1):
		return pooled, s.prior
	}
	freedom = s.prior + s.own
	return max(1, (s.prior*pooled+s.own*s2)/freedom), freedom
}
