package neural

import "math"

// Rates of Adam's two moments, as its paper has them.
const (
	beta1 = 0.9
	beta2 = 0.999
	tiny  = 1e-8
)

// adam keeps the moments of one group of weights. A row that a step does not
// touch keeps its moments ("lazy" Adam), so that a step costs what it touches.
type adam struct {
	first, second []float32
}

func newAdam(n int) *adam { return &adam{first: make([]float32, n), second: make([]float32, n)} }

// A pace is what all rows of one step share.
type pace struct {
	rate   float32 // the learning rate with both corrections of the moments' start
	keep   float32 // 1 less the decay of a step
	second float32 // tiny, corrected likewise
}

// paceAt returns the pace of step t, from 1 on, and the same without decay.
func paceAt(c Config, t int) (full, free pace) {
	fix1, fix2 := 1-math.Pow(beta1, float64(t)), math.Sqrt(1-math.Pow(beta2, float64(t)))
	full = pace{rate: float32(c.LearningRate * fix2 / fix1), keep: float32(1 - c.LearningRate*c.Decay), second: float32(tiny * fix2)}
	free = full
	free.keep = 1
	return full, free
}

// update moves the weights w, which begin at place at of the group, against
// their gradient.
func (a *adam) update(p pace, at int, w, gradient []float32) {
	first, second := a.first[at:at+len(w)], a.second[at:at+len(w)]
	gradient = gradient[:len(w)]
	for i, g := range gradient {
		f := beta1*first[i] + (1-beta1)*g
		s := beta2*second[i] + (1-beta2)*g*g
		first[i], second[i] = f, s
		w[i] = p.keep*w[i] - p.rate*f/(float32(math.Sqrt(float64(s)))+p.second)
	}
}
