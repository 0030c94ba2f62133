package analysis

// MeanReward returns what the model of rewards has for a cell of so many movies that were
// watched, and then so many that were not.
func MeanReward(watched, not int) float64 {
	var r rewards
	for i := range watched + not {
		yes := 0.0
		if i < watched {
			yes = 1
		}
		r.add(0, 0, yes)
	}
	return r.mean(0, 1)
}
