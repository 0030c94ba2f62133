package analysis

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"marquee/catalog/stats"
	"marquee/recommender/eval"
)

// An Offline estimates how many movies of a list people would have watched within the
// window, had another policy made the lists, from lists of one arm that were explored.
//
// Every movie of a list weighs the probability that the policy lists it by the one with
// which it was listed (inverse propensity scoring: Horvitz and Thompson, 1952). IPS is
// without bias if every movie that the policy lists had a chance, and if whether a movie
// is watched does not depend on what else is listed. SNIPS divides by what the weights
// come to instead of what they should (Swaminathan and Joachims, "The self-normalized
// estimator for counterfactual learning", NeurIPS 2015): a little bias, less variance. DR
// adds to a model of rewards what the weights say of its errors (Dudík, Langford and Li,
// "Doubly robust policy evaluation and learning", ICML 2011); the model that judges a
// person is of other people.
type Offline struct {
	Policy string `json:"policy"`
	Arm    string `json:"arm"`
	Lists  int64  `json:"lists"`

	Shown eval.Estimate `json:"shown"` // what was watched of the lists as they were
	IPS   eval.Estimate `json:"ips"`
	SNIPS eval.Estimate `json:"snips"`
	DR    eval.Estimate `json:"dr"`

	Explored  float64       `json:"explored"`  // share of the movies of lists whose propensity is above 0 and below 1
	Weighted  int64         `json:"weighted"`  // movies of lists with a weight above 0
	Effective float64       `json:"effective"` // as how many of one weight those count
	MaxWeight float64       `json:"max_weight"`
	Covered   eval.Estimate `json:"covered"` // what the weights come to, by what they should: 1 if nothing is amiss
	Warnings  []string      `json:"warnings"`
}

// Bounds of off-policy estimates.
const (
	folds     = 5    // of people, for the model of rewards
	maxStrata = 2000 // people are drawn by as many groups at most
	figures   = 5    // of an estimate
)

// A rewards is a mean for each cell, of people of each fold.
type rewards struct{ sum, n [folds][MaxCells]float64 }

// add counts a movie of a cell for a person of a fold.
func (r *rewards) add(fold, cell int, reward float64) {
	r.sum[fold][cell] += reward
	r.n[fold][cell]++
}

// mean returns the mean of a cell over people who are not of the fold.
func (r *rewards) mean(cell, fold int) float64 {
	var sum, n float64
	for f := range folds {
		if f != fold {
			sum, n = sum+r.sum[f][cell], n+r.n[f][cell]
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// A stratum has the sums of some people.
type stratum struct{ lists, wanted, shown, ips, weight, dr float64 }

func (s *stratum) add(t stratum) {
	s.lists, s.wanted, s.shown = s.lists+t.lists, s.wanted+t.wanted, s.shown+t.shown
	s.ips, s.weight, s.dr = s.ips+t.ips, s.weight+t.weight, s.dr+t.dr
}

// An offline is one estimate in the making.
type offline struct {
	Offline
	rewards *rewards
	strata  []stratum

	movies, drawn, lost int64
	squares             float64 // of weights
}

// offPolicy estimates every policy from the lists of every arm.
func (s *study) offPolicy(ctx context.Context) ([]Offline, error) {
	var out []Offline
	for _, p := range s.opts.Policies {
		found, err := s.estimatePolicy(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", p.Name(), err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// estimatePolicy reads the lists twice: for the model of rewards, and to judge.
func (s *study) estimatePolicy(ctx context.Context, p Policy) ([]Offline, error) {
	arms := make([]*offline, len(s.groups))
	for g, name := range s.groups {
		arms[g] = &offline{Offline: Offline{Policy: p.Name(), Arm: name}, rewards: &rewards{}, strata: make([]stratum, min(maxStrata, len(s.people)))}
	}
	var fault error
	each := func(do func(*offline, *outcome, *Target)) error {
		var t Target
		err := s.walk(ctx, s.from, func(o *outcome) {
			t = Target{Shown: t.Shown[:0], Cell: t.Cell[:0], Wanted: t.Wanted[:0]}
			p.Target(o.Exposure, &t)
			if err := t.check(len(o.movies)); err != nil && fault == nil {
				fault = fmt.Errorf("request %s: %w", o.RequestID, err)
			}
			if fault == nil {
				do(arms[o.person.group], o, &t)
			}
		})
		if err == nil {
			err = fault
		}
		return err
	}
	if err := each((*offline).learn); err != nil {
		return nil, err
	}
	if err := each((*offline).judge); err != nil {
		return nil, err
	}
	var out []Offline
	for _, a := range arms {
		out = append(out, a.result(s.opts.Draws, s.opts.Seed))
	}
	return out, nil
}

// check returns an error unless t is of a list of n movies.
func (t *Target) check(n int) error {
	if len(t.Shown) != n || len(t.Cell) != n {
		return fmt.Errorf("the policy tells of %d movies in %d cells, want %d", len(t.Shown), len(t.Cell), n)
	}
	for i, c := range t.Cell {
		if c < 0 || c >= MaxCells || !(t.Shown[i] >= 0 && t.Shown[i] <= 1) {
			return fmt.Errorf("movie %d has cell %d and probability %v, want 0 to %d and 0 to 1", i, c, t.Shown[i], MaxCells-1)
		}
	}
	for _, w := range t.Wanted {
		if w.Cell < 0 || w.Cell >= MaxCells || !(w.Movies >= 0) {
			return fmt.Errorf("the policy wants %v movies of cell %d, want 0 or more of 0 to %d", w.Movies, w.Cell, MaxCells-1)
		}
	}
	return nil
}

// fold returns which part of the people someone belongs to.
func fold(o *outcome) int { return int(stats.Hash(string(o.User)+"\x00fold") % folds) }

// drawnWith reports whether a movie of this propensity was drawn: that of 0 is unknown.
func drawnWith(propensity float32) bool { return propensity > 0 && propensity < 1 }

func reward(o *outcome, i int) float64 {
	if o.watched[i] {
		return 1
	}
	return 0
}

func (a *offline) learn(o *outcome, t *Target) {
	f := fold(o)
	for i, c := range t.Cell {
		if t.Shown[i] > 0 {
			a.rewards.add(f, c, reward(o, i))
		}
	}
}

func (a *offline) judge(o *outcome, t *Target) {
	f := fold(o)
	one := stratum{lists: 1}
	for _, w := range t.Wanted {
		one.wanted += w.Movies
		one.dr += w.Movies * a.rewards.mean(w.Cell, f)
	}
	for i, m := range o.Movies {
		r := reward(o, i)
		one.shown += r
		a.movies++
		if drawnWith(m.Propensity) {
			a.drawn++
		}
		if t.Shown[i] == 0 {
			continue
		}
		if !(m.Propensity > 0) {
			a.lost++
			continue
		}
		w := t.Shown[i] / float64(m.Propensity)
		one.weight += w
		one.ips += w * r
		one.dr += w * (r - a.rewards.mean(t.Cell[i], f))
		a.Weighted++
		a.squares += w * w
		a.MaxWeight = max(a.MaxWeight, w)
	}
	a.Lists++
	a.strata[o.place%len(a.strata)].add(one)
}

// result returns the estimates with intervals by a bootstrap over people.
func (a *offline) result(draws int, seed uint64) Offline {
	var whole stratum
	var used []stratum
	for _, s := range a.strata {
		if s.lists > 0 {
			used = append(used, s)
			whole.add(s)
		}
	}
	out := a.Offline
	if out.Lists > 0 {
		out.Explored = float64(a.drawn) / float64(max(1, a.movies))
		out.Effective = whole.weight * whole.weight / max(a.squares, 1e-300)
	}
	values := [figures]func(stratum) float64{
		func(s stratum) float64 { return s.shown / s.lists },
		func(s stratum) float64 { return s.ips / s.lists },
		func(s stratum) float64 { return s.wanted / s.lists * s.ips / s.weight },
		func(s stratum) float64 { return s.dr / s.lists },
		func(s stratum) float64 { return s.weight / s.wanted },
	}
	estimates := [figures]*eval.Estimate{&out.Shown, &out.IPS, &out.SNIPS, &out.DR, &out.Covered}
	for i, value := range values {
		*estimates[i] = eval.Estimate{Value: value(whole), Low: nan, High: nan}
	}
	if len(used) >= MinPeople {
		drawn := resample(used, values, draws, seed)
		for i := range values {
			if known(estimates[i].Value) {
				estimates[i].Low, estimates[i].High = ends(drawn[i])
			}
		}
	}
	out.Warnings = a.warnings(out, len(used))
	return out
}

// resample draws strata again, with replacement.
func resample(strata []stratum, values [figures]func(stratum) float64, draws int, seed uint64) (out [figures][]float64) {
	rng := rand.New(rand.NewPCG(seed, 17))
	for range draws {
		var sum stratum
		for range strata {
			sum.add(strata[rng.IntN(len(strata))])
		}
		for i, value := range values {
			if v := value(sum); known(v) {
				out[i] = append(out[i], v)
			}
		}
	}
	return out
}

// warnings says what makes estimates doubtful.
func (a *offline) warnings(o Offline, people int) []string {
	warnings := []string{}
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	switch {
	case o.Lists == 0:
		warn("no list whose window is over")
		return warnings
	case a.drawn == 0:
		warn("nothing was drawn in these lists: what another policy earns cannot be told from them; let a share of places explore")
	}
	if people < MinPeople {
		warn("%d people, want %d for an interval", people, MinPeople)
	}
	if a.lost > 0 {
		warn("%d movies were listed with no propensity and are left out", a.lost)
	}
	if o.Weighted > 0 && o.Effective < 0.1*float64(o.Weighted) {
		warn("weights are extreme: %d movies count as %.0f, the largest weight is %.1f", o.Weighted, o.Effective, o.MaxWeight)
	}
	// Twice the interval to either side: not by chance.
	if c := o.Covered; c.Interval() && math.Abs(c.Value-1) > max(0.01, c.High-c.Low) || o.Weighted == 0 {
		warn("the weights come to %.1f%% of what they should: the policy lists movies that these lists never could, or propensities and sources do not tell how they were drawn", 100*c.Value)
	}
	return warnings
}
