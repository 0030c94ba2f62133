package analysis

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"marquee/recommender/eval"
)

// A Duel is what people chose of lists to which two arms contributed: who watched more of
// what the second arm contributed prefers it (Radlinski, Kurup and Joachims, "How does
// clickthrough data reflect retrieval quality?", CIKM 2008). Every person counts once,
// however much they watch.
type Duel struct {
	Arms       [2]string     `json:"arms"`
	Credit     [2]int64      `json:"credit"` // movies watched, by the arm that contributed them
	Prefer     [2]int        `json:"prefer"` // people, by the arm of which they watched more
	Even       int           `json:"even"`   // people who watched as much of both
	Preference eval.Estimate `json:"preference"`
	P          Real          `json:"p"` // of the sign test, for one look whose time was set beforehand
	Sequence   eval.Estimate `json:"sequence"`
	Always     Real          `json:"p_always"`
	Verdict    Verdict       `json:"verdict"` // of the second arm
	Looks      []Look        `json:"looks,omitempty"`
}

// duel gives credit for what was watched of a list that two arms made, for each movie to
// the arm whose it was in the first such list.
func (s *study) duel(o *outcome) {
	if s.exp.Mode != "interleave" || !o.hasWatch {
		return
	}
	for i, watched := range o.watched {
		if !watched || slices.Contains(o.person.chosen, o.movies[i]) {
			continue
		}
		o.person.chosen = append(o.person.chosen, o.movies[i])
		if team := s.team(o.Movies[i].Source); team >= 0 {
			o.person.credit[team]++
		}
	}
}

// team returns which arm contributed a movie: sources end in "@" and its name. It is -1 of
// a movie that neither did.
func (s *study) team(source string) int {
	for part := range strings.SplitSeq(source, "+") {
		if at := strings.LastIndexByte(part, '@'); at >= 0 {
			for i, a := range s.exp.Arms {
				if a.Name == part[at+1:] {
					return i
				}
			}
		}
	}
	return -1
}

// duelling sums up who is preferred.
func (s *study) duelling() *Duel {
	d := &Duel{
		Arms:       [2]string{s.exp.Arms[0].Name, s.exp.Arms[1].Name},
		Preference: eval.Estimate{Value: nan, Low: nan, High: nan}, Sequence: eval.Estimate{Value: nan, Low: nan, High: nan},
		P: Real(nan), Always: Real(nan), Verdict: Undecided,
	}
	for i := range s.people {
		c := s.people[i].credit
		d.Credit[0], d.Credit[1] = d.Credit[0]+int64(c[0]), d.Credit[1]+int64(c[1])
		switch {
		case c[1] > c[0]:
			d.Prefer[1]++
		case c[0] > c[1]:
			d.Prefer[0]++
		case c[0] > 0:
			d.Even++
		}
	}
	people := d.Prefer[0] + d.Prefer[1] + d.Even
	if people == 0 {
		return d
	}
	d.Preference.Value = float64(d.Prefer[1]-d.Prefer[0]) / float64(people)
	d.P = Real(signTest(d.Prefer[0], d.Prefer[1]))
	if people < MinPeople {
		return d
	}
	d.Preference.Low, d.Preference.High = d.interval(s.opts.Draws, s.opts.Seed)
	p := newPath(s.opts.Planned)
	for _, l := range s.looks {
		if l.duels.N() >= MinPeople {
			p.see(l, l.duels.N(), l.duels.Value(), l.duels.Variance(), l.duels.Unit())
		}
	}
	d.Looks, d.Always = p.looks, Real(p.least)
	if n := len(p.looks); n > 0 {
		d.Sequence = p.looks[n-1].Sequence
	}
	switch {
	case !(d.Always < Alpha) || turned(d.Looks, d.Preference.Value):
	case d.Preference.Value > 0:
		d.Verdict = Better
	case d.Preference.Value < 0:
		d.Verdict = Worse
	}
	return d
}

// interval draws people again, with replacement.
func (d *Duel) interval(draws int, seed uint64) (low, high float64) {
	src := rand.NewPCG(seed, 13)
	n := float64(d.Prefer[0] + d.Prefer[1] + d.Even)
	drawn := make([]float64, draws)
	for i := range drawn {
		won := distuv.Binomial{N: n, P: float64(d.Prefer[1]) / n, Src: src}.Rand()
		rest, lost := n-won, 0.0
		if left := n - float64(d.Prefer[1]); rest > 0 && left > 0 && d.Prefer[0] > 0 {
			lost = rest
			if p := float64(d.Prefer[0]) / left; p < 1 {
				lost = distuv.Binomial{N: rest, P: p, Src: src}.Rand()
			}
		}
		drawn[i] = (won - lost) / n
	}
	return ends(drawn)
}

// ends returns the quantiles of draws between which [Alpha] of them do not lie.
func ends(draws []float64) (low, high float64) {
	slices.Sort(draws)
	return stat.Quantile(Alpha/2, stat.LinInterp, draws, nil), stat.Quantile(1-Alpha/2, stat.LinInterp, draws, nil)
}

// signTest returns the probability that of a+b fair coins one side shows at least as
// often as the more frequent one did here. It is 1 without coins.
func signTest(a, b int) float64 {
	n := a + b
	if n == 0 {
		return 1
	}
	tail := distuv.Binomial{N: float64(n), P: 0.5}.CDF(float64(min(a, b)))
	return math.Min(1, 2*tail)
}
