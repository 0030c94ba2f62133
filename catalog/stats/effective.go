package stats

// An EffectiveN counts observations that come in groups, as the events of one
// person do. Its zero value is ready.
type EffectiveN struct{ sum, squares float64 }

// Add adds a group of n observations.
func (e *EffectiveN) Add(n int) {
	e.sum += float64(n)
	e.squares += float64(n) * float64(n)
}

// N returns as how many independent observations they count if those of one group
// are all alike: the square of the sum of the sizes by the sum of their squares
// (Kish, "Survey sampling", Wiley 1965). Groups of one size count as one each; the
// observations of a group that is much larger than the others hardly count at all.
// Groups that are not alike within are worth more, so a test with it is
// conservative. It is 0 without observations.
func (e *EffectiveN) N() float64 {
	if e.squares == 0 {
		return 0
	}
	return e.sum * e.sum / e.squares
}
