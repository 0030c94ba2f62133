package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog/stats"
)

func TestNumbersAreThoseOfTheStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Map(rapid.IntRange(-50, 50), func(i int) float64 { return float64(i) / 4 }), 2, 300).Draw(t, "values")
		s := stats.NewNumbers(1)
		sum := 0.0
		for _, v := range values {
			s.Add(v)
			sum += v
		}
		sorted := slices.Sorted(slices.Values(values))
		mean := sum / float64(len(values))
		var square float64
		for _, v := range values {
			square += (v - mean) * (v - mean)
		}
		distinct, exact := s.Distinct()
		if s.N() != int64(len(values)) || s.Min() != sorted[0] || s.Max() != sorted[len(sorted)-1] || !exact || int(distinct) != len(slices.Compact(slices.Clone(sorted))) {
			t.Fatalf("n %d, %v to %v, %d distinct", s.N(), s.Min(), s.Max(), distinct)
		}
		if math.Abs(s.Mean()-mean) > 1e-9 || math.Abs(s.StdDev()-math.Sqrt(square/float64(len(values)-1))) > 1e-9 {
			t.Fatalf("mean %v, deviation %v", s.Mean(), s.StdDev())
		}
		got := s.Sample()
		if got.N() != float64(len(values)) || got.Quantile(0.5) != sorted[(len(sorted)-1)/2] || got.Quantile(0) != sorted[0] || got.Quantile(1) != sorted[len(sorted)-1] {
			t.Fatalf("median %v of %v", got.Quantile(0.5), sorted)
		}
	})
}

func TestNumbersOfNothing(t *testing.T) {
	s := stats.NewNumbers(1)
	s.Add(math.NaN())
	s.Add(math.Inf(1))
	if s.N() != 0 || s.Odd() != 2 || !math.IsNaN(s.Mean()) || !math.IsNaN(s.Min()) || !math.IsNaN(s.StdDev()) || !math.IsNaN(s.Sample().Quantile(0.5)) || !math.IsNaN(s.Sample().Mean()) {
		t.Errorf("%d numbers, %d odd, mean %v", s.N(), s.Odd(), s.Mean())
	}
	s.Add(7)
	if s.Mean() != 7 || !math.IsNaN(s.StdDev()) {
		t.Errorf("of one number: mean %v, deviation %v", s.Mean(), s.StdDev())
	}
}

// A long stream of distinct numbers is held as a sample whose quantiles lie as
// near as RankError says.
func TestNumbersOfALongStream(t *testing.T) {
	const n = 300_000
	s, again := stats.NewNumbers(7), stats.NewNumbers(7)
	for i := range n {
		v := float64(i * 7919 % n) // every number below n once
		s.Add(v)
		again.Add(v)
	}
	if s.Exact() || s.RankError() < 0.005 || s.RankError() > 0.01 {
		t.Errorf("exact %v, rank error %v", s.Exact(), s.RankError())
	}
	sample := s.Sample()
	for _, p := range []float64{0.01, 0.25, 0.5, 0.75, 0.99} {
		if got := sample.Quantile(p) / n; math.Abs(got-p) > s.RankError() {
			t.Errorf("quantile %v lies at rank %v, want within %v", p, got, s.RankError())
		}
	}
	if n, exact := s.Distinct(); exact || math.Abs(float64(n)-300_000) > 3*stats.DistinctError*300_000 {
		t.Errorf("%d distinct (exact %v), want about 300000", n, exact)
	}
	if !slices.Equal(sample.Values, again.Sample().Values) {
		t.Error("the same stream and seed gave another sample")
	}
}

// Every value of the stream has the same chance to be in the sample.
func TestReservoirIsUniform(t *testing.T) {
	const n, size, rounds = 50, 10, 4000
	hits := make([]float64, n)
	even := make([]float64, n)
	for seed := range uint64(rounds) {
		r := stats.NewReservoir(size, seed)
		for v := range n {
			r.Add(float64(v))
		}
		if got := r.Values(); len(got) != size || len(slices.Compact(got)) != size {
			t.Fatalf("sample %v, want %d different values", got, size)
		}
		for _, v := range r.Values() {
			hits[int(v)]++
		}
	}
	for i := range even {
		even[i] = rounds * size / n * 1000 // as good as known
		hits[i]++
	}
	if got := stats.Homogeneity(even, hits); got.P < 0.001 {
		t.Errorf("hits %v, p %v", hits, got.P)
	}
}

func TestDistinct(t *testing.T) {
	for _, n := range []int{0, 1, 1000, stats.MaxExactDistinct, stats.MaxExactDistinct + 1, 400_000, 1_000_000} {
		var d stats.Distinct
		for i := range n {
			d.Add(fmt.Sprintf("user%d", i))
		}
		for i := range min(n, 1000) {
			d.Add(fmt.Sprintf("user%d", i))
		}
		got, exact := d.Count()
		if exact != (n <= stats.MaxExactDistinct) || exact && got != int64(n) {
			t.Errorf("%d values counted as %d, exact %v", n, got, exact)
		}
		if math.Abs(float64(got)-float64(n)) > 3*stats.DistinctError*float64(n) {
			t.Errorf("%d values counted as %d, more than three standard errors off", n, got)
		}
	}
}

// Whatever comes in, a count is too low by at most Error, which is at most the
// length of the stream divided by the capacity.
func TestTopKeepsItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const capacity = 4
		stream := rapid.SliceOfN(rapid.IntRange(0, 30), 1, 400).Draw(t, "stream")
		top := stats.NewTop(capacity)
		truth := map[string]int64{}
		for _, v := range stream {
			text := fmt.Sprint(min(v, 30-v))
			truth[text]++
			top.Add(text)
		}
		if top.Total() != int64(len(stream)) || top.Len() >= 2*capacity || top.Error() > int64(len(stream)/capacity) {
			t.Fatalf("%d kept, error %d of %d", top.Len(), top.Error(), top.Total())
		}
		kept := map[string]int64{}
		for _, c := range top.Values(0) {
			kept[c.Value] = c.Count
		}
		for text, n := range truth {
			if kept[text] > n || kept[text] < n-top.Error() {
				t.Fatalf("%q counted %d, want %d or at most %d less", text, kept[text], n, top.Error())
			}
		}
	})
}

func TestTopOrder(t *testing.T) {
	top := stats.NewTop(10)
	for _, s := range []string{"b", "a", "c", "a", "b", "d"} {
		top.Add(s)
	}
	top.AddN("e", 5)
	top.AddN("f", 0)
	if got := top.Values(3); !slices.Equal(got, []stats.Count{{"e", 5}, {"a", 2}, {"b", 2}}) {
		t.Errorf("top %v", got)
	}
	long := stats.NewTop(10)
	long.Add(string(make([]byte, 1000)))
	if got := long.Values(1); len(got[0].Value) != stats.MaxTopText {
		t.Errorf("a text of %d bytes is kept", len(got[0].Value))
	}
}

func BenchmarkNumbers(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{"minutes": func() float64 { return float64(rng.IntN(200)) }, "reals": rng.Float64} {
		b.Run("values="+name, func(b *testing.B) {
			s := stats.NewNumbers(1)
			for b.Loop() {
				s.Add(draw())
			}
		})
	}
}
