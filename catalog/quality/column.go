package quality

import (
	"math"
	"time"

	"marquee/catalog/stats"
)

const (
	topCapacity = 1000 // texts kept of a column (stats.Top)
	topShown    = 20   // of them in a result
	maxBins     = 30   // of a histogram
)

// A columnProfile sums up one column in bounded memory.
type columnProfile struct {
	column
	rows, missing int64
	distinct      stats.Distinct
	numbers       *stats.Numbers
	top           *stats.Top
	first, last   int64 // microseconds
}

func newColumnProfile(c column, seed uint64) *columnProfile {
	p := &columnProfile{column: c, first: math.MaxInt64, last: math.MinInt64}
	switch c.kind {
	case KindNumber, KindText, KindList:
		p.numbers = stats.NewNumbers(seed)
	}
	switch c.kind {
	case KindCategory, KindFlag, KindList, KindID:
		if !c.personal {
			p.top = stats.NewTop(topCapacity)
		}
	}
	return p
}

// see takes one row into account.
func (p *columnProfile) see(c *cell, weight int64) {
	p.rows++
	if !c.has {
		p.missing++
		return
	}
	switch p.kind {
	case KindNumber:
		p.numbers.Add(c.number)
	case KindTime:
		at := int64(c.number)
		p.first, p.last = min(p.first, at), max(p.last, at)
	case KindText:
		p.distinct.Add(c.text)
		p.numbers.Add(float64(len(c.text)))
	case KindList:
		p.numbers.Add(float64(len(c.list)))
		for _, item := range c.list {
			p.distinct.Add(item)
			p.top.AddN(item, weight)
		}
	default:
		p.distinct.Add(c.text)
		if p.top != nil {
			p.top.AddN(c.text, weight)
		}
	}
}

// result returns the profile.
func (p *columnProfile) result() Column {
	out := Column{Name: p.name, Kind: p.kind, Unit: p.unit, Missing: p.missing, MissingShare: share(p.missing, p.rows)}
	out.Distinct, out.DistinctExact = p.distinct.Count()
	if p.kind == KindNumber {
		out.Distinct, out.DistinctExact = p.numbers.Distinct()
	}
	if p.numbers != nil && p.numbers.N() > 0 {
		out.Numbers = numberStats(p.numbers)
	}
	if p.top != nil && !(p.kind == KindID && p.allOnce()) {
		out.Top, out.TopError = p.top.Values(topShown), p.top.Error()
	}
	if p.kind == KindTime && p.first <= p.last {
		first, last := time.UnixMicro(p.first).UTC(), time.UnixMicro(p.last).UTC()
		out.First, out.Last = &first, &last
	}
	return out
}

// allOnce reports whether no value stands out: a list of the most frequent ones
// would be a list of any.
func (p *columnProfile) allOnce() bool {
	most := p.top.Values(1)
	return len(most) == 0 || most[0].Count+p.top.Error() <= 1 || p.top.Error() >= most[0].Count
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func numberStats(n *stats.Numbers) *NumberStats {
	s := n.Sample()
	out := &NumberStats{N: n.N(), Min: n.Min(), Max: n.Max(), Mean: n.Mean(), RankError: n.RankError()}
	if sd := n.StdDev(); !math.IsNaN(sd) {
		out.StdDev = sd
	}
	out.Quantiles = Quantiles{
		P01: s.Quantile(0.01), P05: s.Quantile(0.05), P25: s.Quantile(0.25), P50: s.Quantile(0.50),
		P75: s.Quantile(0.75), P95: s.Quantile(0.95), P99: s.Quantile(0.99),
	}
	out.Histogram = histogram(s, float64(n.N()))
	return out
}

// histogram puts a sample that stands for n numbers into bins of one width, which
// is 1, 2 or 5 times a power of ten, or the distance of the values if they are few
// and evenly spaced: every rating has a bin of its own then, around it. The last
// bins reach to the greatest number however far out it lies, unless that would
// leave less than a tenth of the bins to 99% of the numbers: then the first or the
// last bin is wider and holds all the rest.
func histogram(s stats.Sample, n float64) []Bin {
	low, high := s.Values[0], s.Values[len(s.Values)-1]
	if step, even := evenStep(s.Values); even {
		return fill(s, n, low-step/2, step, int(math.Round((high-low)/step))+1)
	}
	from, to := low, high
	if q := s.Quantile(0.995); high-low > 10*(q-s.Quantile(0.005)) && q > s.Quantile(0.005) {
		from, to = s.Quantile(0.005), q
	}
	width := roundUp((to - from) / maxBins * 1.0001)
	first := math.Floor(from/width) * width
	bins := fill(s, n, first, width, int(math.Floor((to-first)/width))+1)
	if last := &bins[len(bins)-1]; last.To <= high {
		last.To = math.Nextafter(high, math.Inf(1))
	}
	bins[0].From = min(bins[0].From, low)
	return bins
}

// fill counts the sample in bins of one width; what lies outside goes to the
// first or the last.
func fill(s stats.Sample, n, from, width float64, bins int) []Bin {
	out := make([]Bin, max(1, bins))
	for i := range out {
		out[i].From, out[i].To = from+float64(i)*width, from+float64(i+1)*width
	}
	scale := n / s.N()
	for i, v := range s.Values {
		bin := min(len(out)-1, max(0, int(math.Floor((v-from)/width))))
		out[bin].Count += s.Weights[i] * scale
	}
	for i := range out {
		out[i].Count = math.Round(out[i].Count)
	}
	return out
}

// evenStep returns the distance of the values if there are at most maxBins of that
// distance from the first to the last.
func evenStep(values []float64) (step float64, even bool) {
	step = math.Inf(1)
	for i := 1; i < len(values); i++ {
		if gap := values[i] - values[i-1]; gap > 0 {
			step = min(step, gap)
		}
	}
	low, high := values[0], values[len(values)-1]
	if low == high {
		return 1, true
	}
	if (high-low)/step >= maxBins {
		return 0, false
	}
	for _, v := range values {
		if n := (v - low) / step; math.Abs(n-math.Round(n)) > 1e-6 {
			return 0, false
		}
	}
	return step, true
}

// roundUp returns the least of 1, 2, 5 times a power of ten that is not below v.
func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= v {
			return f * power
		}
	}
	return 10 * power
}
