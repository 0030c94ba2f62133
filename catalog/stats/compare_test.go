package stats_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	"marquee/catalog/stats"
)

// near fails unless got is want but for rounding; NaN is near NaN.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func repeat(counts map[float64]int) stats.Sample {
	var values []float64
	for v, n := range counts {
		for range n {
			values = append(values, v)
		}
	}
	return stats.NewSample(values...)
}

var (
	empty    = stats.NewSample()
	constant = stats.NewSample(3, 3, 3)
	ratingsA = repeat(map[float64]int{3: 20, 4: 50, 5: 30})
	ratingsB = repeat(map[float64]int{1: 5, 3: 10, 4: 40, 5: 65})
	normal   = stats.NewSample(0.61, 0.29, 0.06, 0.59, -1.73, -0.74, 0.51, -0.56, 0.39, 1.64, 0.05, -0.06, 0.64, -0.82, 0.37, 1.77, 1.09, -1.28, 2.36, 1.31, 1.05, -0.32, -0.40, 1.06, -2.47)
	shifted  = stats.NewSample(1.2, 0.9, 2.1, 1.5, 0.3, 0.8, 1.9, 2.4, -0.1, 1.1, 0.7, 1.3)
)

// The expected values are those of scipy 1.17: ks_2samp for the distance,
// kstwobign.sf(d sqrt(nm/(n+m))) for the probability.
func TestKolmogorovSmirnovAsScipy(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b stats.Sample
		d, p float64
	}{
		{"normal", normal, shifted, 0.5533333333333333, 0.013955268047223073},
		{"ties", ratingsA, ratingsB, 0.24166666666666667, 0.003420170259548271},
		{"itself", normal, normal, 0, 1},
		{"constant", constant, constant, 0, 1},
		{"apart", constant, stats.NewSample(4, 4), 1, 0.18130044993812283},
		{"empty", empty, normal, math.NaN(), math.NaN()},
	} {
		d, p := stats.KolmogorovSmirnov(c.a, c.b)
		near(t, c.name+": distance", d, c.d)
		near(t, c.name+": p", p, c.p)
	}
	for x, want := range map[float64]float64{ // kstwobign.sf(x)
		0.3: 0.9999906941986655, 0.5: 0.9639452436648751, 0.9: 0.3927307079406543, 1: 0.26999967167735456,
		1.2: 0.11224966667072497, 1.5: 0.022217962616525127, 2: 0.0006709252557796953,
	} {
		n := 1e6 // two samples of 2n observations, of which the share x/sqrt(n) has moved
		moved := x / math.Sqrt(n)
		a := stats.Sample{Values: []float64{0}, Weights: []float64{2 * n}}
		b := stats.Sample{Values: []float64{0, 1}, Weights: []float64{2 * n * (1 - moved), 2 * n * moved}}
		_, p := stats.KolmogorovSmirnov(a, b)
		if math.Abs(p-want) > 1e-9 {
			t.Errorf("tail beyond %v is %v, want %v", x, p, want)
		}
	}
}

// The distance is the one that the definition gives, over all values of both.
func TestKolmogorovSmirnovByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 8), func(i int) float64 { return float64(i) }), 1, 40)
		a, b := stats.NewSample(draw.Draw(t, "a")...), stats.NewSample(draw.Draw(t, "b")...)
		want := 0.0
		for _, v := range append(slices.Clone(a.Values), b.Values...) {
			want = max(want, math.Abs(a.Below(v)-b.Below(v)))
		}
		d, p := stats.KolmogorovSmirnov(a, b)
		if math.Abs(d-want) > 1e-12 || !(p >= 0 && p <= 1) {
			t.Fatalf("distance %v, want %v; p %v", d, want, p)
		}
		if back, _ := stats.KolmogorovSmirnov(b, a); math.Abs(back-d) > 1e-12 {
			t.Fatalf("distance %v one way, %v the other", d, back)
		}
		if low, high := stats.DistanceInterval(d, a.N(), b.N(), 0.95); !(low <= d && d <= high && low >= 0 && high <= 1) {
			t.Fatalf("interval %v to %v about %v", low, high, d)
		}
	})
}

// The expected values are those of scipy's chi2_contingency without correction.
func TestHomogeneityAsScipy(t *testing.T) {
	got := stats.Homogeneity([]float64{762, 327, 468}, []float64{484, 239, 477})
	near(t, "statistic", got.Statistic, 30.070149095754672)
	near(t, "p", got.P, 2.9535891832117595e-07)
	near(t, "V", got.V, 0.10443580235646777)
	if got.DF != 2 || got.Pooled != 0 {
		t.Errorf("%+v, want 2 degrees of freedom and nothing pooled", got)
	}
}

func TestHomogeneityOfOddCounts(t *testing.T) {
	for _, c := range []struct {
		name   string
		a, b   []float64
		df     int
		pooled int
		p, v   float64
	}{
		{"empty", nil, nil, 0, 0, math.NaN(), math.NaN()},
		{"one side empty", []float64{3}, []float64{0}, 0, 0, math.NaN(), math.NaN()},
		{"lengths differ", []float64{3}, []float64{1, 2}, 0, 0, math.NaN(), math.NaN()},
		{"constant", []float64{30}, []float64{40}, 0, 0, 1, 0},
		{"empty cells", []float64{30, 0, 30}, []float64{40, 0, 40}, 1, 0, 1, 0},
		{"rare cells", []float64{50, 50, 3, 4, 5}, []float64{50, 50, 5, 4, 3}, 2, 3, 1, 0},
		{"rare cells, still too few", []float64{50, 60, 1, 1}, []float64{50, 60, 1, 1}, 1, 3, 1, 0},
		{"all rare", []float64{1, 1}, []float64{1, 1}, 0, 2, 1, 0},
		{"apart", []float64{50, 0}, []float64{0, 50}, 1, 0, 1.5239706048320995e-23, 1},
	} {
		got := stats.Homogeneity(c.a, c.b)
		near(t, c.name+": p", got.P, c.p)
		near(t, c.name+": V", got.V, c.v)
		if got.DF != c.df || got.Pooled != c.pooled {
			t.Errorf("%s: %+v, want %d degrees of freedom, %d pooled", c.name, got, c.df, c.pooled)
		}
	}
}

func TestEffectSizes(t *testing.T) {
	for _, c := range []struct {
		name        string
		a, b        stats.Sample
		delta, d, w float64 // as 2U/nm-1, Cohen's d and wasserstein_distance by scipy
	}{
		{"ratings", ratingsA, ratingsB, 0.2375, 0.2761259475326164, 0.47335876719877074},
		{"itself", ratingsA, ratingsA, 0, 0, 0},
		{"constant", constant, constant, 0, 0, 0},
		{"two constants", constant, stats.NewSample(4, 4), 1, math.NaN(), math.NaN()},
		{"empty", empty, ratingsA, math.NaN(), math.NaN(), math.NaN()},
	} {
		near(t, c.name+": Cliff's delta", stats.CliffsDelta(c.a, c.b), c.delta)
		near(t, c.name+": mean difference", stats.MeanDifference(c.a, c.b), c.d)
		near(t, c.name+": Wasserstein", stats.Wasserstein(c.a, c.b), c.w)
	}
}

// Turning the samples about turns the sign of what has one.
func TestEffectSizesAreAntisymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 9), func(i int) float64 { return float64(i) }), 2, 30)
		x, y := draw.Draw(t, "a"), draw.Draw(t, "b")
		a, b := stats.NewSample(x...), stats.NewSample(y...)
		var more int
		for _, v := range x {
			for _, w := range y {
				switch {
				case w > v:
					more++
				case w < v:
					more--
				}
			}
		}
		want := float64(more) / float64(len(x)*len(y))
		if got := stats.CliffsDelta(a, b); math.Abs(got-want) > 1e-12 || math.Abs(got+stats.CliffsDelta(b, a)) > 1e-12 {
			t.Fatalf("delta %v, want %v; the other way %v", got, want, stats.CliffsDelta(b, a))
		}
		if d, back := stats.MeanDifference(a, b), stats.MeanDifference(b, a); !math.IsNaN(d) && math.Abs(d+back) > 1e-9 {
			t.Fatalf("mean difference %v, the other way %v", d, back)
		}
		w := stats.Wasserstein(a, b)
		move := stat.WassersteinDistance(a.Values, b.Values, slices.Clone(a.Weights), slices.Clone(b.Weights))
		_, va := stat.MeanVariance(x, nil)
		_, vb := stat.MeanVariance(y, nil)
		sd := math.Sqrt((float64(len(x)-1)*va + float64(len(y)-1)*vb) / float64(len(x)+len(y)-2))
		if !math.IsNaN(w) && math.Abs(w*sd-move) > 1e-9 {
			t.Fatalf("moved by %v, gonum has %v", w*sd, move)
		}
		if w < math.Abs(stats.MeanDifference(a, b))-1e-9 {
			t.Fatalf("moved by %v, less than the means by %v", w, stats.MeanDifference(a, b))
		}
	})
}

func TestPSI(t *testing.T) {
	near(t, "worked by hand", stats.PSI([]float64{20, 50, 30}, []float64{10, 40, 70}), 0.3479464023269379)
	near(t, "empty bins on both sides", stats.PSI([]float64{20, 0, 50, 30}, []float64{10, 0, 40, 70}), 0.3479464023269379)
	near(t, "no reference", stats.PSI([]float64{0, 0}, []float64{1, 2}), math.NaN())
	near(t, "lengths differ", stats.PSI([]float64{1}, []float64{1, 2}), math.NaN())
	near(t, "chance", stats.PSICritical(1000, 500, 10, 0.05), 0.050756932813861344)
	near(t, "chance in one bin", stats.PSICritical(1000, 500, 1, 0.05), 0)
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 50), func(i int) float64 { return float64(i) }), 6, 6)
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		a[0]++
		b[0]++
		got := stats.PSI(a, b)
		if !(got >= 0) || math.IsInf(got, 0) || math.Abs(got-stats.PSI(b, a)) > 1e-9 || stats.PSI(a, a) != 0 {
			t.Fatalf("index %v, the other way %v, of itself %v", got, stats.PSI(b, a), stats.PSI(a, a))
		}
	})
}

func TestEdges(t *testing.T) {
	below := func(v float64) float64 { return math.Nextafter(v, math.Inf(-1)) }
	for _, c := range []struct {
		name string
		s    stats.Sample
		bins int
		want []float64
	}{
		{"empty", empty, 10, nil},
		{"constant", constant, 10, []float64{below(3), 3}},
		{"few values", ratingsA, 10, []float64{below(3), 3, 4, 5}},
		{"quartiles", stats.NewSample(1, 2, 3, 4, 5, 6, 7, 8), 4, []float64{2, 4, 6}},
		{"mostly one value", stats.NewSample(0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6), 4, []float64{below(0), 0, 3}},
	} {
		if got := stats.Edges(c.s, c.bins); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := stats.Fill(stats.NewSample(-1, 2, 2.5, 9), []float64{2, 4, 6}); !slices.Equal(got, []float64{2, 1, 0, 1}) {
		t.Errorf("filled %v", got)
	}
	if got := stats.Fill(stats.NewSample(2, 4), stats.Edges(constant, 10)); !slices.Equal(got, []float64{1, 0, 1}) {
		t.Errorf("what a constant never was fills %v, want the bins beside it", got)
	}
}

// Between samples of one distribution PSI stays below what PSICritical says as
// often as it says, the p-values are uniform enough, and the intervals hold the
// truth. A real shift is found every time.
func TestTestsKeepTheirLevel(t *testing.T) {
	const rounds, n = 400, 500
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(shift float64) stats.Sample {
		values := make([]float64, n)
		for i := range values {
			values[i] = rng.NormFloat64() + shift
		}
		return stats.NewSample(values...)
	}
	var byKS, byChi, byPSI, missed, held int
	for range rounds {
		a, b, c := draw(0), draw(0), draw(0.5)
		edges := stats.Edges(a, 10)
		// Edges are drawn from the reference itself, so it fills them too evenly; a third sample would not.
		x, y := stats.Fill(draw(0), edges), stats.Fill(b, edges)
		if _, p := stats.KolmogorovSmirnov(a, b); p < 0.05 {
			byKS++
		}
		if stats.Homogeneity(x, y).P < 0.05 {
			byChi++
		}
		if stats.PSI(x, y) > stats.PSICritical(n, n, 10, 0.05) {
			byPSI++
		}
		d, p := stats.KolmogorovSmirnov(a, c)
		if p > 0.01 || d < stats.DistanceModerate || stats.PSI(stats.Fill(a, edges), stats.Fill(c, edges)) < stats.PSIModerate {
			missed++
		}
		const truth = 0.1974126513658474 // the distance of two normals half a deviation apart: 2 Phi(1/4) - 1
		if low, high := stats.DistanceInterval(d, n, n, 0.95); low <= truth && truth <= high {
			held++
		}
	}
	for name, flagged := range map[string]int{"Kolmogorov-Smirnov": byKS, "chi-square": byChi, "PSI": byPSI} {
		if flagged > rounds*8/100 || flagged == 0 {
			t.Errorf("%s flags %d of %d pairs of one distribution, want about 5%%", name, flagged, rounds)
		}
	}
	if missed > rounds/20 {
		t.Errorf("%d of %d shifts missed", missed, rounds)
	}
	if held < rounds*95/100 {
		t.Errorf("the interval of the distance holds the truth %d times of %d", held, rounds)
	}
}

func TestIntervals(t *testing.T) {
	for _, c := range []struct{ count, n, low, high float64 }{ // proportion_ci(method="wilson") of scipy
		{3, 100, 0.010254524024038925, 0.08451936429052762},
		{0, 50, 0, 0.07134759913335872},
		{1, 0, math.NaN(), math.NaN()},
		{5, 4, math.NaN(), math.NaN()},
	} {
		low, high := stats.ShareInterval(c.count, c.n, 0.95)
		near(t, "low", low, c.low)
		near(t, "high", high, c.high)
	}
	a, b := []float64{200, 500, 300}, []float64{100, 400, 700}
	low, high := stats.CountInterval(a, b, stats.PSI, 0.95, 500, 1)
	if here := stats.PSI(a, b); !(low < here && here < high && high-low < here) {
		t.Errorf("%v lies between %v and %v", here, low, high)
	}
	if l, h := stats.CountInterval(a, b, stats.PSI, 0.95, 500, 1); l != low || h != high {
		t.Error("the same seed gave another interval")
	}
	if low, high := stats.CountInterval(nil, b, stats.PSI, 0.95, 10, 1); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("interval of nothing: %v to %v", low, high)
	}
}

func TestEffectiveN(t *testing.T) {
	for _, c := range []struct {
		groups []int
		want   float64
	}{{nil, 0}, {[]int{0, 0}, 0}, {[]int{1, 1, 1}, 3}, {[]int{5, 5, 5, 5}, 4}, {[]int{1000, 1, 1}, 1.004001991996016}, {[]int{3, 1}, 1.6}} {
		var e stats.EffectiveN
		for _, n := range c.groups {
			e.Add(n)
		}
		if got := e.N(); math.Abs(got-c.want) > 1e-8 {
			t.Errorf("groups of %v count as %v, want %v", c.groups, got, c.want)
		}
	}
	_, p := stats.KolmogorovSmirnov(normal, shifted)
	d, _ := stats.KolmogorovSmirnov(normal, shifted)
	near(t, "p of all", stats.KolmogorovP(d, 25, 12), p)
	if q := stats.KolmogorovP(d, 5, 5); !(q > p) {
		t.Errorf("p of fewer is %v, of all %v", q, p)
	}
	near(t, "p of none", stats.KolmogorovP(d, 0, 5), math.NaN())
}

func TestHolm(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct{ in, want []float64 }{
		{nil, []float64{}},
		{[]float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}}, // p.adjust(..., "holm") of R
		{[]float64{nan, 0.02, nan}, []float64{nan, 0.02, nan}},
		{[]float64{0.9, 0.8}, []float64{1, 1}},
	} {
		got := stats.Holm(c.in)
		if len(got) != len(c.want) {
			t.Fatalf("%v", got)
		}
		for i := range got {
			near(t, "corrected p", got[i], c.want[i])
		}
	}
}
