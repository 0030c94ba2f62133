package rates

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// minWindows is the fewest windows with traffic that say what is usual.
const minWindows = 3

// unlikely is how many deviations a count must be away before its tail is computed: within
// them no p-value is as low as any Release.
const unlikely = 2

// leastP is the lowest p-value that is told: tails below it are lost to rounding.
const leastP = 1e-16

func chiSquareQuantile(p, freedom float64) float64 { return distuv.ChiSquared{K: freedom}.Quantile(p) }

// A score is what one look says of one movie.
type score struct {
	row    int
	now    float64 // people of the last window
	usual  float64 // expected by the windows before
	p      float64 // of so many or more if rose, so few or less if not
	phi    float64 // dispersion of a window's count
	rose   bool
	before float64 // share of people in the windows before
}

// A look is one comparison of all movies at one hour.
type look struct {
	table   *Table
	cfg     Config
	end     int       // hour since the first of the table
	window  []int8    // by slot; -1 for none
	people  []float64 // by window
	used    []int     // windows before that had traffic
	total   float64   // people of those
	from    int       // first slot of any window
	sums    []float64 // [movies x (1+Windows)]
	spread  spread
	watched int // movies that were recommended at all in the windows
}

// newLook counts the windows before the hour end. It returns nil if too few of them had
// traffic, or the last one had none.
func newLook(t *Table, cfg Config, end int) *look {
	l := &look{table: t, cfg: cfg, end: end, window: make([]int8, len(t.slots)), people: make([]float64, 1+cfg.Windows)}
	l.from = len(t.slots)
	for i, s := range t.slots {
		l.window[i] = -1
		if age := end - 1 - s.hour; age >= 0 && age < cfg.Hours() {
			l.window[i] = int8(age / day)
			l.people[age/day] += s.people
			l.from = min(l.from, i)
		}
	}
	for w := 1; w < len(l.people); w++ {
		if l.people[w] > 0 {
			l.used = append(l.used, w)
			l.total += l.people[w]
		}
	}
	if len(l.used) < minWindows || l.people[0] == 0 {
		return nil
	}
	l.count()
	l.measure()
	return l
}

// count fills sums.
func (l *look) count() {
	k := len(l.people)
	l.sums = make([]float64, k*len(l.table.cells))
	for row, cells := range l.table.cells {
		sums := l.sums[row*k : row*k+k]
		begin := sort.Search(len(cells), func(i int) bool { return int(cells[i].slot) >= l.from })
		for _, c := range cells[begin:] {
			if w := l.window[c.slot]; w >= 0 {
				sums[w] += float64(c.people)
			}
		}
	}
}

// of returns the windows of a movie and its share before. Half a person more is expected
// than was seen, so that what was never recommended is possible.
func (l *look) of(row int) (sums []float64, share float64, any bool) {
	k := len(l.people)
	sums = l.sums[row*k : row*k+k]
	before := 0.0
	for _, w := range l.used {
		before += sums[w]
	}
	return sums, (before + 0.5) / l.total, before+sums[0] > 0
}

// s2 returns Pearson's chi-square of the windows before over its degrees of freedom.
func (l *look) s2(sums []float64, share float64) float64 {
	x2 := 0.0
	for _, w := range l.used {
		usual := share * l.people[w]
		x2 += (sums[w] - usual) * (sums[w] - usual) / usual
	}
	return x2 / float64(len(l.used)-1)
}

// measure estimates how counts vary.
func (l *look) measure() {
	movies := make([]sized, 0, len(l.table.cells))
	for row := range l.table.cells {
		sums, share, any := l.of(row)
		if !any {
			continue
		}
		l.watched++
		if mean := share * l.total / float64(len(l.used)); mean >= 1 {
			movies = append(movies, sized{mean, l.s2(sums, share)})
		}
	}
	l.spread = newSpread(movies, float64(len(l.used)-1))
}

// bound returns the p-value at which an alarm is raised: so many looks a day at so many
// movies reach it as often as false alarms are allowed, whether or not the looks depend on
// each other.
func (l *look) bound() float64 {
	return min(l.cfg.Release, l.cfg.FalseAlarms/float64(day*max(1, l.watched)))
}

// score returns what the look says of a movie. The variance is that of a new count
// about a mean that was estimated.
func (l *look) score(row int) score {
	sums, share, _ := l.of(row)
	s := score{row: row, now: sums[0], usual: share * l.people[0], before: share, p: 1}
	var freedom float64
	s.phi, freedom = l.spread.dispersion(share*l.total/float64(len(l.used)), l.s2(sums, share))
	predictive := s.phi * (1 + l.people[0]/l.total)
	s.rose = s.now > s.usual
	if math.Abs(s.now-s.usual) < unlikely*math.Sqrt(predictive*s.usual) {
		return s
	}
	if s.rose {
		s.p = widened(atLeast(s.now, s.usual, predictive), freedom)
	} else {
		s.p = widened(atMostOf(s.now, s.usual, predictive), freedom)
	}
	s.p = max(s.p, leastP)
	return s
}

// scores returns the movies whose p-value is at most p, the least first.
func (l *look) scores(p float64) []score {
	var out []score
	for row := range l.table.cells {
		if _, _, any := l.of(row); !any {
			continue
		}
		if s := l.score(row); s.p <= p {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b score) int {
		switch {
		case a.p < b.p:
			return -1
		case a.p > b.p:
			return 1
		}
		return 0
	})
	return out
}
