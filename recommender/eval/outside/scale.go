package outside

import (
	"fmt"
	"math"

	"marquee/catalog"
)

// scales are those that published data sets use, in the order in which they are
// tried.
var scales = []struct{ min, max float64 }{{1, 5}, {0.5, 5}, {0, 5}, {1, 10}, {0, 10}, {-10, 10}, {1, 100}, {0, 100}}

// steps between ratings, coarsest first.
var steps = []float64{1, 0.5, 0.25, 0.1, 0.05, 0.01}

// A tally is what the ratings of all files say of their scale.
type tally struct {
	rated       int
	first       float64
	differ      bool
	low, high   float64
	outside     [8]int    // by scale: ratings off it
	offender    [8]string // by scale: the first of them, as "file:line"
	offending   [8]float64
	fits        [6]bool // by step: all ratings so far are a multiple
	initialised bool
}

func (t *tally) add(v float64, file string, line int) {
	if !t.initialised {
		t.first, t.low, t.high, t.initialised = v, v, v, true
		for i := range t.fits {
			t.fits[i] = true
		}
	}
	t.rated++
	t.differ = t.differ || v != t.first
	t.low, t.high = min(t.low, v), max(t.high, v)
	for i, s := range scales {
		if v < s.min || v > s.max {
			if t.outside[i]++; t.outside[i] == 1 {
				t.offender[i], t.offending[i] = fmt.Sprintf("%s:%d", file, line), v
			}
		}
	}
	for i, step := range steps {
		if n := v / step; t.fits[i] && math.Abs(n-math.Round(n)) > 1e-6 {
			t.fits[i] = false
		}
	}
}

// scale returns the smallest known scale that holds every rating, or that of
// the ratings themselves. A few ratings far off a smaller scale that holds all
// others are taken for faults: an error names the first.
func (t *tally) scale() (catalog.Scale, error) {
	low, high := t.low, t.high
	for i, s := range scales {
		if t.stray(i) {
			return catalog.Scale{}, fmt.Errorf("%s: rating %v, while %d of %d ratings are from %v to %v; mend the row, or give the scale: %w",
				t.offender[i], t.offending[i], t.rated-t.outside[i], t.rated, s.min, s.max, catalog.ErrInvalid)
		}
		if t.outside[i] == 0 {
			low, high = s.min, s.max
			break
		}
	}
	for i, step := range steps {
		s := catalog.Scale{Min: low, Max: high, Step: step}
		if t.fits[i] && s.Validate() == nil {
			return s, nil
		}
	}
	return catalog.Scale{Min: low, Max: high, Step: (high - low) / 1000}, nil
}

// stray reports whether the ratings off a scale are too few to be meant: one in
// a thousand, or a single one that is off by more than the width of the scale.
func (t *tally) stray(i int) bool {
	n, s := t.outside[i], scales[i]
	if n == 0 {
		return false
	}
	off := max(s.min-t.offending[i], t.offending[i]-s.max)
	return t.rated >= 1000 && n*1000 <= t.rated || n == 1 && t.rated >= 3 && off > s.max-s.min
}
