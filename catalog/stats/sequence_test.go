package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog/stats"
)

func TestFit(t *testing.T) {
	// R: chisq.test(c(5100, 4900), p = c(.5, .5)): X-squared = 4, df = 1, p-value = 0.0455.
	got := stats.Fit([]float64{5100, 4900}, []float64{1, 1})
	if math.Abs(got.Statistic-4) > 1e-9 || got.DF != 1 || math.Abs(got.P-0.04550026) > 1e-7 || math.Abs(got.V-0.02) > 1e-9 {
		t.Errorf("Fit = %+v, want 4 of 1 degree, p 0.0455, w 0.02", got)
	}
	// The expected counts are 30, 60, 90: 100/30 + 100/60 + 0/90 = 5.
	got = stats.Fit([]float64{40, 50, 90}, []float64{0.5, 1, 1.5})
	if math.Abs(got.Statistic-5) > 1e-9 || got.DF != 2 {
		t.Errorf("Fit = %+v, want 5 of 2 degrees", got)
	}
	for name, c := range map[string][2][]float64{
		"nobody": {{0, 0}, {1, 1}}, "too few": {{5, 4}, {1, 1}}, "lengths": {{50, 40}, {1}}, "one": {{50}, {1}},
	} {
		if got := stats.Fit(c[0], c[1]); !math.IsNaN(got.P) {
			t.Errorf("%s: p is %v, want NaN", name, got.P)
		}
	}
}

func TestRatioOfOnesIsTheMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(-100, 100), 2, 50).Draw(t, "xs")
		var r stats.Ratio
		var sum, squares float64
		for _, x := range xs {
			r.Add(x, 1)
			sum += x
		}
		n := float64(len(xs))
		for _, x := range xs {
			squares += (x - sum/n) * (x - sum/n)
		}
		if math.Abs(r.Value()-sum/n) > 1e-9 {
			t.Fatalf("value is %v, want the mean %v", r.Value(), sum/n)
		}
		if want := squares / (n - 1) / n; math.Abs(r.Variance()-want) > 1e-6*(1+want) {
			t.Fatalf("variance is %v, want %v", r.Variance(), want)
		}
	})
	var none stats.Ratio
	if !math.IsNaN(none.Value()) || !math.IsNaN(none.Variance()) {
		t.Errorf("a ratio of nothing is %v ± %v, want NaN", none.Value(), none.Variance())
	}
}

// The interval of a ratio by people holds the truth where that of lists taken for
// independent does not: people differ, and some have many lists.
func TestRatioKnowsThatListsOfOnePersonAreAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const runs, people = 600, 300
	byPeople, byLists := 0, 0
	for range runs {
		var r stats.Ratio
		lists, accepted := 0.0, 0.0
		for range people {
			n := float64(1 + rng.IntN(20))
			y := binomial(rng, int(n), taste(rng))
			r.Add(y, n)
			lists, accepted = lists+n, accepted+y
		}
		const truth = 0.2
		if math.Abs(r.Value()-truth) < stats.NormalMargin(r.Variance(), 0.95) {
			byPeople++
		}
		if low, high := stats.ShareInterval(accepted, lists, 0.95); low < truth && truth < high {
			byLists++
		}
	}
	if share := float64(byPeople) / runs; share < 0.92 || share > 0.975 {
		t.Errorf("intervals by people hold the truth in %.3f of runs, want 0.95", share)
	}
	if share := float64(byLists) / runs; share > 0.85 {
		t.Errorf("intervals by lists hold the truth in %.3f of runs; the test shows nothing", share)
	}
}

func TestDetectableEffectIsFoundWithThatPower(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const variance, runs = 0.04, 20_000
	effect := stats.DetectableEffect(variance, 0.05, 0.8)
	found := 0
	for range runs {
		if stats.NormalP(effect+rng.NormFloat64()*math.Sqrt(variance), variance) < 0.05 {
			found++
		}
	}
	if power := float64(found) / runs; math.Abs(power-0.8) > 0.015 {
		t.Errorf("an effect of %.3f is found in %.3f of runs, want 0.8", effect, power)
	}
}

// An interval leaves out 0 exactly where the p-value is below alpha.
func TestSequenceIntervalAndPAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stats.SequenceAt(rapid.Float64Range(0.001, 0.5).Draw(t, "alpha"), math.Exp(rapid.Float64Range(-9, 9).Draw(t, "planned")))
		variance := math.Exp(rapid.Float64Range(-9, 9).Draw(t, "variance"))
		estimate := rapid.Float64Range(-20, 20).Draw(t, "estimate") * math.Sqrt(variance)
		p, margin := s.P(estimate, variance), s.Margin(variance)
		if math.Abs(math.Abs(estimate)-margin) < 1e-9*margin {
			return
		}
		if (p < s.Alpha) != (math.Abs(estimate) > margin) {
			t.Fatalf("p is %v at alpha %v, estimate %v ± %v", p, s.Alpha, estimate, margin)
		}
		if margin <= stats.NormalMargin(variance, 1-s.Alpha) {
			t.Fatalf("margin %v is not above that of one look", margin)
		}
	})
	for _, v := range []float64{0, -1, math.NaN()} {
		if s := stats.SequenceAt(0.05, 1); !math.IsNaN(s.Margin(v)) || !math.IsNaN(s.P(1, v)) {
			t.Errorf("variance %v: margin %v, p %v, want NaN", v, s.Margin(v), s.P(1, v))
		}
	}
}

func TestSequenceIsNarrowestWhereItWasPlanned(t *testing.T) {
	planned := stats.SequenceAt(0.05, 4)
	for _, f := range []float64{0.5, 0.9, 1.1, 2} {
		other := planned
		other.Spread *= f
		if other.Margin(4) <= planned.Margin(4) {
			t.Errorf("spread %v: margin %v, want more than %v", other.Spread, other.Margin(4), planned.Margin(4))
		}
	}
}

// taste is how probable it is that one person accepts a list: 0.2 on average, and very
// different between people.
func taste(rng *rand.Rand) float64 {
	if rng.IntN(4) == 0 {
		return 0.65
	}
	return 0.05
}

func binomial(rng *rand.Rand, n int, p float64) float64 {
	y := 0.0
	for range n {
		if rng.Float64() < p {
			y++
		}
	}
	return y
}

// A trial is an experiment of 30 days with a look each day. People join, come again with
// probability 0.3 a day, and differ in taste; effect is added to everyone's taste in the
// second arm.
type trial struct {
	joins  int // a day and arm
	effect float64
}

// run reports whether a sequence, and whether an ordinary test at each look, ever found a
// difference.
func (w trial) run(rng *rand.Rand) (sequence, peeking bool) {
	const days, least = 30, 50
	type person struct {
		arm            int
		taste          float64
		lists, accepts float64
	}
	people := make([]person, 0, 2*w.joins*days)
	var s stats.Sequence
	for range days {
		before := len(people)
		for arm := range 2 {
			for range w.joins {
				people = append(people, person{arm: arm, taste: taste(rng) + float64(arm)*w.effect})
			}
		}
		var arms [2]stats.Ratio
		for i := range people {
			p := &people[i]
			if i >= before || rng.Float64() < 0.3 {
				p.lists++
				if rng.Float64() < p.taste {
					p.accepts++
				}
			}
			arms[p.arm].Add(p.accepts, p.lists)
		}
		if arms[0].N() < least {
			continue
		}
		effect, variance := arms[1].Value()-arms[0].Value(), arms[0].Variance()+arms[1].Variance()
		if s.Spread == 0 {
			s = stats.SequenceAt(0.05, (arms[0].Unit()+arms[1].Unit())/1000)
		}
		sequence = sequence || math.Abs(effect) > s.Margin(variance)
		peeking = peeking || stats.NormalP(effect, variance) < 0.05
	}
	return sequence, peeking
}

// Looking daily, a sequence is wrong at most once in twenty experiments without an effect,
// and an ordinary test is several times as often.
func TestSequenceMayBeLookedAtDaily(t *testing.T) {
	runs := 10_000
	if testing.Short() {
		runs = 1000
	}
	rng := rand.New(rand.NewPCG(5, 6))
	sequences, peeks := 0, 0
	for range runs {
		s, p := trial{joins: 10}.run(rng)
		if s {
			sequences++
		}
		if p {
			peeks++
		}
	}
	sequence, peeking := float64(sequences)/float64(runs), float64(peeks)/float64(runs)
	t.Logf("%d A/A experiments of 30 daily looks: the sequence alarms in %.4f, a test at each look in %.4f", runs, sequence, peeking)
	if sequence > 0.05 {
		t.Errorf("the sequence alarms in %.4f of A/A experiments, want at most 0.05", sequence)
	}
	if peeking < 0.15 {
		t.Errorf("a test at each look alarms in %.4f; the simulation shows nothing", peeking)
	}
}

func TestSequenceFindsAnEffect(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const runs = 150
	found := 0
	for range runs {
		if s, _ := (trial{joins: 10, effect: 0.12}).run(rng); s {
			found++
		}
	}
	t.Logf("acceptance 0.20 to 0.32, 300 people an arm: found in %d of %d", found, runs)
	if found < runs*8/10 {
		t.Errorf("the effect is found in %d of %d experiments, want most", found, runs)
	}
}
