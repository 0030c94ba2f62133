package stats

import "math"

// nan is what stands for a statistic that cannot be computed.
var nan = math.NaN()

// finite reports whether v is a number.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
