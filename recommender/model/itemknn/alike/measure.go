package alike

import (
	"fmt"
	"math"
)

// A Measure says how alike two rows of numbers are.
type Measure string

// The measures.
const (
	Cosine   Measure = "cosine"   // over all entries of either
	Common   Measure = "common"   // cosine over the entries of both
	Pearson  Measure = "pearson"  // correlation over the entries of both
	Baseline Measure = "baseline" // cosine, over the entries of both, of what [Biases] leave of them
)

// Validate returns an error for a name that is no measure.
func (m Measure) Validate() error {
	switch m {
	case Cosine, Common, Pearson, Baseline:
		return nil
	}
	return fmt.Errorf("similarity is %q, want %s, %s, %s or %s", string(m), Cosine, Common, Pearson, Baseline)
}

// A Pair sums up the entries that two rows have in common. The zero Pair is of
// two that have none.
type Pair struct{ N, X, Y, XY, XX, YY float64 }

// Add takes in one common entry, x of the one row and y of the other.
func (p *Pair) Add(x, y float64) {
	p.N++
	p.X += x
	p.Y += y
	p.XY += x * y
	p.XX += x * x
	p.YY += y * y
}

// Alike returns how alike two rows are by m, -1 to 1, shrunk by N/(N+shrink); for
// [Baseline], as its authors have it, by (N-1)/(N-1+shrink). It is 0 where the
// measure is not defined. m is not [Cosine], for which see [Shrunk].
func (p *Pair) Alike(m Measure, shrink float64) float64 {
	top, square, n := p.XY, p.XX*p.YY, p.N
	switch m {
	case Pearson:
		top = p.N*p.XY - p.X*p.Y
		square = (p.N*p.XX - p.X*p.X) * (p.N*p.YY - p.Y*p.Y)
	case Baseline:
		n--
	}
	if !(square > 0) {
		return 0
	}
	return Shrunk(top/math.Sqrt(square), n, shrink)
}

// Shrunk returns alike, measured over n common entries, times n/(n+shrink).
func Shrunk(alike, n, shrink float64) float64 {
	if n <= 0 {
		return 0
	}
	return alike * (n / (n + shrink))
}
