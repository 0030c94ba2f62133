package report

import "math"

// An Interval is a figure with what it might as well have been. Ends of NaN mean
// that there is none; a value of NaN that there is nothing to show.
type Interval struct {
	Value, Low, High float64
}

func (i Interval) known() bool { return !math.IsNaN(i.Value) && !math.IsInf(i.Value, 0) }

// bounded reports whether i has ends.
func (i Interval) bounded() bool {
	return i.known() && !math.IsNaN(i.Low) && !math.IsNaN(i.High) && !math.IsInf(i.Low, 0) && !math.IsInf(i.High, 0)
}

// ends returns what i reaches from and to, which is its value if it has no ends.
func (i Interval) ends() (low, high float64) {
	if i.bounded() {
		return min(i.Low, i.Value), max(i.High, i.Value)
	}
	return i.Value, i.Value
}

// text writes i with format: "0.12 [0.10, 0.14]".
func (i Interval) text(format func(float64) string) string {
	switch {
	case !i.known():
		return "–"
	case !i.bounded():
		return format(i.Value)
	}
	return format(i.Value) + " [" + format(i.Low) + ", " + format(i.High) + "]"
}
