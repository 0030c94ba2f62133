package analysis

import (
	"math"
	"slices"

	"marquee/catalog/stats"
	"marquee/recommender/eval"
)

var nan = math.NaN()

// estimate returns a value with the interval of its variance.
func estimate(value, variance float64) eval.Estimate {
	e := eval.Estimate{Value: value, Low: nan, High: nan}
	if known(value) && variance > 0 {
		margin := stats.NormalMargin(variance, 1-Alpha)
		e.Low, e.High = value-margin, value+margin
	}
	return e
}

// figure returns a ratio with its interval, which is none with fewer than [MinPeople].
func figure(r *stats.Ratio) eval.Estimate {
	if r.N() < MinPeople {
		return estimate(r.Value(), nan)
	}
	return estimate(r.Value(), r.Variance())
}

// A path follows one estimate from look to look.
type path struct {
	planned float64
	s       stats.Sequence
	least   float64 // p-value so far
	looks   []Look
}

func newPath(planned int) *path { return &path{planned: float64(planned), least: nan} }

// see adds a look: an estimate from people, its variance, and that of one person's part of
// it. The spread of the sequence is settled at the first look that has an interval, by
// how much people vary and how many were planned for; so it does not depend on what came
// later, nor on when one looks.
func (p *path) see(l look, people int, value, variance, unit float64) {
	if !known(value) || !(variance > 0) {
		return
	}
	if p.s.Spread == 0 {
		p.s = stats.SequenceAt(Alpha, unit/p.planned)
		p.least = 1
	}
	p.least = min(p.least, p.s.P(value, variance))
	margin := p.s.Margin(variance)
	p.looks = append(p.looks, Look{
		At: l.at, People: people, Estimate: estimate(value, variance),
		Sequence: eval.Estimate{Value: value, Low: value - margin, High: value + margin}, Always: Real(p.least),
	})
}

// difference holds one arm against the control in a metric of people.
func (s *study) difference(m int, arm int) Difference {
	p := newPath(s.opts.Planned)
	for _, l := range s.looks {
		a, b := l.ratios[m][0], l.ratios[m][arm]
		if a.N() >= MinPeople && b.N() >= MinPeople {
			p.see(l, a.N()+b.N(), b.Value()-a.Value(), a.Variance()+b.Variance(), a.Unit()+b.Unit())
		}
	}
	last := s.looks[len(s.looks)-1]
	control, treated := last.ratios[m][0], last.ratios[m][arm]
	d := newDifference(s.groups[arm], metrics[m].Name, treated.Value()-control.Value())
	d.Lift = Real(d.Estimate.Value / control.Value())
	d.Looks, d.Always = p.looks, Real(p.least)
	if control.N() < MinPeople || treated.N() < MinPeople {
		return d
	}
	variance := control.Variance() + treated.Variance()
	d.Estimate = estimate(d.Estimate.Value, variance)
	d.P = Real(stats.NormalP(d.Estimate.Value, variance))
	if variance > 0 {
		d.Detectable = Real(stats.DetectableEffect(variance, Alpha, Power))
	}
	if n := len(p.looks); n > 0 && p.looks[n-1].At.Equal(last.at) {
		d.Sequence = p.looks[n-1].Sequence
	}
	d.Adjusted = s.adjust(metrics[m], arm)
	return d
}

// newDifference returns one of which nothing but the value is known.
func newDifference(arm, metric string, value float64) Difference {
	none := eval.Estimate{Value: value, Low: nan, High: nan}
	unknown := Real(nan)
	return Difference{
		Arm: arm, Metric: metric, Estimate: none, Sequence: none,
		Lift: unknown, P: unknown, PHolm: unknown, Always: unknown, AlwaysHolm: unknown, Detectable: unknown,
	}
}

// correct fills in what the p-values are worth, given how many there are, and the
// verdicts.
func correct(all []Difference) {
	var p, always []float64
	for _, d := range all {
		p, always = append(p, float64(d.P)), append(always, float64(d.Always))
	}
	p, always = stats.Holm(p), stats.Holm(always)
	for i := range all {
		d := &all[i]
		d.PHolm, d.AlwaysHolm = Real(p[i]), Real(always[i])
		d.Verdict = d.verdict()
	}
}

// decisive returns the look that has the least p-value of looks, of which there are some.
func decisive(looks []Look) Look {
	least := looks[len(looks)-1].Always
	return looks[slices.IndexFunc(looks, func(l Look) bool { return l.Always == least })]
}

// turned reports whether a value lies on another side of none than the look that decides.
func turned(looks []Look, value float64) bool {
	was := decisive(looks).Estimate.Value
	return !(was > 0 && value > 0 || was < 0 && value < 0)
}

// verdict says on which side of none the effect is, if it is decided: on that of the look
// with the least p-value. One that has turned since is not. A difference of all lists
// together has no sequence, and no verdict.
func (d *Difference) verdict() Verdict {
	switch {
	case !d.Always.Known():
		return Unmarked
	case !(d.AlwaysHolm < Alpha) || turned(d.Looks, d.Estimate.Value):
		return Undecided
	case (d.Estimate.Value > 0) == metricOf(d.Metric).Higher:
		return Better
	}
	return Worse
}
