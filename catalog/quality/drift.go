package quality

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/floats"

	"marquee/catalog/stats"
)

// A Verdict says how far a feature has moved between two windows.
type Verdict string

// The verdicts. A feature has moved if chance is no explanation (the p-value of
// its test, corrected for the number of features, is below [DriftAlpha]) and it
// has moved far enough to matter (an effect size is above its threshold, and a PSI
// also above what chance makes of windows of this size).
const (
	DriftNone     Verdict = "none"
	DriftModerate Verdict = "moderate"
	DriftLarge    Verdict = "large"
	DriftTooFew   Verdict = "too_few"      // fewer than MinSample effective observations in a window
	DriftNot      Verdict = "not_compared" // it means nothing for these windows
)

// compared reports whether there was a comparison.
func (v Verdict) compared() bool { return v != DriftTooFew && v != DriftNot }

const (
	// DriftAlpha is the probability, at most, that any feature at all is found to
	// have moved while none has, if people are independent of each other.
	DriftAlpha = 0.01
	// MinSample is how many effective observations a window needs: with fewer a distance of
	// stats.DistanceLarge is within what chance makes.
	MinSample = 100
	// driftBins is into how many bins a number is put for the PSI, by quantiles of
	// the reference.
	driftBins = 10
	// driftWords is how many words of a category a window keeps.
	driftWords = 1000
	// psiRounds is how often the bootstrap draws for an interval of the PSI.
	psiRounds = 200
)

// A Drift compares two windows of events.
type Drift struct {
	Reference  *Window    `json:"reference,omitempty"` // none without events
	Current    *Window    `json:"current,omitempty"`
	Basis      string     `json:"basis"` // how the windows were chosen: "given", "weeks", "halves" or "none"
	Features   []Feature  `json:"features"`
	Alpha      float64    `json:"alpha"`
	MinSample  int        `json:"min_sample"`
	Thresholds Thresholds `json:"thresholds"`
}

// Thresholds are the effect sizes from which on a feature has moved.
type Thresholds struct {
	PSIModerate      float64 `json:"psi_moderate"`
	PSILarge         float64 `json:"psi_large"`
	DistanceModerate float64 `json:"ks_distance_moderate"`
	DistanceLarge    float64 `json:"ks_distance_large"`
	CramersModerate  float64 `json:"cramers_v_moderate"`
	CramersLarge     float64 `json:"cramers_v_large"`
}

// A Feature is what came of the comparison of one feature. Figures that cannot be
// computed are left out.
type Feature struct {
	Name       string   `json:"name"`
	Kind       Kind     `json:"kind"` // number or category
	Unit       string   `json:"unit,omitempty"`
	About      string   `json:"about"`
	Reference  int64    `json:"reference_n"` // observations
	Current    int64    `json:"current_n"`
	ReferenceN float64  `json:"reference_effective_n"` // stats.EffectiveN, by people: what tests and intervals count with
	CurrentN   float64  `json:"current_effective_n"`
	Sampled    bool     `json:"sampled,omitempty"` // figures are of a sample of stats.ReservoirSize
	Verdict    Verdict  `json:"verdict"`
	Why        string   `json:"why"`
	P          *float64 `json:"p,omitempty"`
	PCorrected *float64 `json:"p_corrected,omitempty"` // by Holm

	PSI       *float64 `json:"psi,omitempty"`
	PSILow    *float64 `json:"psi_low,omitempty"` // 95% interval
	PSIHigh   *float64 `json:"psi_high,omitempty"`
	PSIChance *float64 `json:"psi_chance,omitempty"` // what two windows of one distribution stay below with probability 1-DriftAlpha

	Distance       *float64 `json:"ks_distance,omitempty"` // of numbers
	DistanceLow    *float64 `json:"ks_distance_low,omitempty"`
	DistanceHigh   *float64 `json:"ks_distance_high,omitempty"`
	MeanReference  *float64 `json:"mean_reference,omitempty"`
	MeanCurrent    *float64 `json:"mean_current,omitempty"`
	MeanDifference *float64 `json:"mean_difference,omitempty"` // standardised
	CliffsDelta    *float64 `json:"cliffs_delta,omitempty"`
	Wasserstein    *float64 `json:"wasserstein,omitempty"` // standardised

	ChiSquare *float64 `json:"chi_square,omitempty"` // of categories, on counts scaled to the effective observations
	DF        int      `json:"df,omitempty"`
	Pooled    int      `json:"pooled,omitempty"` // rare words put together
	CramersV  *float64 `json:"cramers_v,omitempty"`

	Cells []DriftCell `json:"cells,omitempty"` // bins of a number, words of a category

	reference, current stats.Sample // of numbers, for the chart
}

// A DriftCell is one bin or word, and how often it was seen in either window.
type DriftCell struct {
	Label     string  `json:"label"`
	Reference float64 `json:"reference"`
	Current   float64 `json:"current"`
}

// thresholds returns those in force.
func thresholds() Thresholds {
	return Thresholds{
		stats.PSIModerate, stats.PSILarge, stats.DistanceModerate, stats.DistanceLarge, stats.CramersModerate, stats.CramersLarge,
	}
}

// week is the length of a window if none is given.
const week = 7 * 24 * time.Hour

// windows returns what is compared: what was given, or the week before the newest
// event and the week before that, or the halves of a shorter span.
func windows(span *Window, reference, current *Window) (ref, cur *Window, basis string) {
	switch {
	case reference != nil && current != nil:
		return reference, current, "given"
	case span == nil || span.Length() < 2*time.Second:
		return nil, nil, "none"
	case span.Length() >= 2*week:
		middle := span.To.Add(-week)
		return &Window{middle.Add(-week), middle}, &Window{middle, span.To}, "weeks"
	}
	middle := span.From.Add((span.Length() / 2).Truncate(time.Second))
	return &Window{span.From, middle}, &Window{middle, span.To}, "halves"
}

// compare compares the features and judges all of them together.
func compare(a, b *windowProfile, seed uint64, day bool) []Feature {
	var out []Feature
	for i, f := range features {
		r := Feature{Name: f.name, Kind: f.kind, Unit: f.unit, About: f.about, Reference: a.total(i), Current: b.total(i)}
		r.ReferenceN, r.CurrentN = a.people[i].N(), b.people[i].N()
		switch {
		case f.name == featureHour && !day:
			r.Verdict, r.Why = DriftNot, "a window is shorter than a day"
		case r.ReferenceN < MinSample || r.CurrentN < MinSample:
			r.Verdict = DriftTooFew
			r.Why = fmt.Sprintf("%.0f and %.0f effective observations, want %d in each window", r.ReferenceN, r.CurrentN, MinSample)
		case f.kind == KindNumber:
			r.numbers(a.numbers[i], b.numbers[i], seed+uint64(i))
		default:
			r.words(a.words[i], b.words[i], seed+uint64(i))
		}
		out = append(out, r)
	}
	p := make([]float64, len(out))
	for i, f := range out {
		p[i] = math.NaN()
		if f.P != nil {
			p[i] = *f.P
		}
	}
	for i, corrected := range stats.Holm(p) {
		out[i].PCorrected = maybe(corrected)
		out[i].judge()
	}
	return out
}

// maybe returns v, or nil for what could not be computed.
func maybe(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// numbers compares two samples.
func (f *Feature) numbers(a, b *stats.Numbers, seed uint64) {
	f.Sampled = !a.Exact() || !b.Exact()
	x, y := a.Sample(), b.Sample()
	f.reference, f.current = x, y
	edges := stats.Edges(x, driftBins)
	f.shares(stats.Fill(x, edges), stats.Fill(y, edges), seed)
	for i := range f.Cells {
		f.Cells[i].Label = binLabel(edges, i)
	}
	// A sample that stands for a long stream has no more to say than its size.
	n, m := min(f.ReferenceN, x.N()), min(f.CurrentN, y.N())
	d, _ := stats.KolmogorovSmirnov(x, y)
	f.Distance, f.P = maybe(d), maybe(stats.KolmogorovP(d, n, m))
	low, high := stats.DistanceInterval(d, n, m, 0.95)
	f.DistanceLow, f.DistanceHigh = maybe(low), maybe(high)
	f.MeanReference, f.MeanCurrent = maybe(a.Mean()), maybe(b.Mean())
	f.MeanDifference = maybe(stats.MeanDifference(x, y))
	f.CliffsDelta, f.Wasserstein = maybe(stats.CliffsDelta(x, y)), maybe(stats.Wasserstein(x, y))
}

// words compares two sets of words.
func (f *Feature) words(a, b *stats.Top, seed uint64) {
	labels, x, y := align(a, b)
	f.shares(x, y, seed)
	for i := range f.Cells {
		f.Cells[i].Label = labels[i]
	}
	f.CramersV = maybe(stats.CramersV(x, y))
	test := stats.Homogeneity(scaled(x, f.ReferenceN), scaled(y, f.CurrentN))
	f.ChiSquare, f.P = maybe(test.Statistic), maybe(test.P)
	f.DF, f.Pooled = test.DF, test.Pooled
}

// shares computes the PSI over cells.
func (f *Feature) shares(x, y []float64, seed uint64) {
	for i := range x {
		f.Cells = append(f.Cells, DriftCell{Reference: x[i], Current: y[i]})
	}
	n, m := min(f.ReferenceN, floats.Sum(x)), min(f.CurrentN, floats.Sum(y))
	f.PSI = maybe(stats.PSI(x, y))
	f.PSIChance = maybe(stats.PSICritical(n, m, stats.UsedBins(x, y), DriftAlpha))
	low, high := stats.CountInterval(scaled(x, n), scaled(y, m), stats.PSI, 0.95, psiRounds, seed)
	f.PSILow, f.PSIHigh = maybe(low), maybe(high)
}

// scaled returns counts in the same proportions that add up to n: what a
// chi-square test may be made with if observations come in groups (Rao and Scott,
// "The analysis of categorical data from complex sample surveys", JASA 76, 1981,
// their correction of the first order).
func scaled(counts []float64, n float64) []float64 {
	out := slices.Clone(counts)
	floats.Scale(n/floats.Sum(counts), out)
	return out
}

// judge settles the verdict.
func (f *Feature) judge() {
	if f.Verdict != "" {
		return
	}
	if f.PCorrected == nil {
		f.Verdict, f.Why = DriftNot, "no test could be made"
		return
	}
	effect, name, size := DriftNone, "", 0.0
	raise := func(what string, value *float64, moderate, large float64) {
		v := value
		if v == nil || *v < moderate {
			return
		}
		level := DriftModerate
		if *v >= large {
			level = DriftLarge
		}
		if effect == DriftNone || level == DriftLarge && effect == DriftModerate {
			effect, name, size = level, what, *v
		}
	}
	if f.PSI != nil && f.PSIChance != nil && *f.PSI > *f.PSIChance {
		raise("PSI", f.PSI, stats.PSIModerate, stats.PSILarge)
	}
	raise("KS distance", f.Distance, stats.DistanceModerate, stats.DistanceLarge)
	raise("Cramér's V", f.CramersV, stats.CramersModerate, stats.CramersLarge)
	p := *f.PCorrected
	switch {
	case effect == DriftNone:
		f.Verdict, f.Why = DriftNone, fmt.Sprintf("no effect size reaches its threshold (corrected p %.2g)", p)
	case p >= DriftAlpha:
		f.Verdict, f.Why = DriftNone, fmt.Sprintf("%s is %.3g, but chance may explain it: corrected p %.2g, want below %v", name, size, p, DriftAlpha)
	default:
		f.Verdict, f.Why = effect, fmt.Sprintf("%s is %.3g, corrected p %.2g", name, size, p)
	}
}
