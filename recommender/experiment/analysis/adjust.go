package analysis

import (
	"marquee/catalog/stats"
	"marquee/recommender/eval"
)

// An Adjusted is a difference less what the same metric of the time before explains.
type Adjusted struct {
	Estimate  eval.Estimate `json:"estimate"`
	P         Real          `json:"p"`
	Theta     float64       `json:"theta"`     // of the metric before
	Reduction float64       `json:"reduction"` // of the variance, as a share; below 0 if it grew by chance
	People    int           `json:"people"`    // of whom there is anything from before
}

// A moment sums up the parts y of people in a figure and those x in the same figure
// before.
type moment struct {
	n, y, x, yy, xy, xx float64
}

func (m *moment) add(y, x float64) {
	m.n++
	m.y, m.x, m.yy, m.xy, m.xx = m.y+y, m.x+x, m.yy+y*y, m.xy+x*y, m.xx+x*x
}

// within returns sums of squares and products about the means.
func (m *moment) within() (yy, xy, xx float64) {
	return m.yy - m.y*m.y/m.n, m.xy - m.x*m.y/m.n, m.xx - m.x*m.x/m.n
}

// adjust holds an arm against the control as CUPED does. People are told apart by their
// part in the ratio of the time before, linearised about that of everybody: somebody of
// whom nothing is known has none, 0. The covariate is from before the assignment, so
// whatever it is, it takes nothing from the effect: what was watched before counts with
// no rating that was given since, nor a share of what was watched on. Theta is of both
// arms together. It returns nil if nothing is known from before.
func (s *study) adjust(m Metric, arm int) *Adjusted {
	var before, during [2]stats.Ratio
	var all stats.Ratio
	covered := 0
	s.each(m, arm, func(side int, y, x, y0, x0 float64, seen bool) {
		during[side].Add(y, x)
		before[side].Add(y0, x0)
		all.Add(y0, x0)
		if seen {
			covered++
		}
	})
	if covered == 0 || !known(all.Value()) {
		return nil
	}
	base, mean := all.Value(), s.meanX(m, arm)
	var sides [2]moment
	s.each(m, arm, func(side int, y, x, y0, x0 float64, _ bool) {
		sides[side].add((y-during[side].Value()*x)/mean[side], (y0-base*x0)/mean[2])
	})
	yy0, xy0, xx0 := sides[0].within()
	yy1, xy1, xx1 := sides[1].within()
	if !(xx0+xx1 > 0) {
		return nil
	}
	theta := (xy0 + xy1) / (xx0 + xx1)
	variance := func(m moment, yy, xy, xx float64) float64 {
		return max(0, yy-2*theta*xy+theta*theta*xx) / (m.n - 1) / m.n
	}
	adjusted := variance(sides[0], yy0, xy0, xx0) + variance(sides[1], yy1, xy1, xx1)
	plain := during[0].Variance() + during[1].Variance()
	effect := during[1].Value() - during[0].Value() - theta*(sides[1].x/sides[1].n-sides[0].x/sides[0].n)
	if !known(effect) || !(adjusted > 0) || !(plain > 0) {
		return nil
	}
	return &Adjusted{
		Estimate: estimate(effect, adjusted), P: Real(stats.NormalP(effect, adjusted)),
		Theta: theta, Reduction: 1 - adjusted/plain, People: covered,
	}
}

// each calls with every person of the control, side 0, and of an arm, side 1: their sums
// of a metric during and before the experiment, and whether there are any from before.
func (s *study) each(m Metric, arm int, do func(side int, y, x, y0, x0 float64, seen bool)) {
	for i := range s.people {
		p := &s.people[i]
		if p.during.lists == 0 || p.group != 0 && p.group != arm {
			continue
		}
		side := 0
		if p.group == arm {
			side = 1
		}
		y, x := m.of(&p.during)
		y0, x0 := m.of(&p.before)
		do(side, y, x, y0, x0, p.before != tally{weeks: p.before.weeks})
	}
}

// meanX returns the mean denominator of both sides, and of both together before.
func (s *study) meanX(m Metric, arm int) (mean [3]float64) {
	var n [2]float64
	s.each(m, arm, func(side int, _, x, _, x0 float64, _ bool) {
		n[side]++
		mean[side] += x
		mean[2] += x0
	})
	return [3]float64{mean[0] / n[0], mean[1] / n[1], mean[2] / (n[0] + n[1])}
}
