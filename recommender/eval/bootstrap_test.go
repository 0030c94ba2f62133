package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"marquee/recommender/eval"
)

// In 95 of 100 worlds the interval should hold the true mean. With 300 worlds
// of 80 people the share found has a standard deviation of 1.3 points; the
// percentile interval is known to fall a little short on skewed values.
func TestIntervalsHoldTheTrueMean(t *testing.T) {
	for name, world := range map[string]struct {
		mean float64
		draw func(r *rand.Rand) float64
	}{
		"hits":   {0.3, func(r *rand.Rand) float64 { return math.Floor(r.Float64() + 0.3) }},
		"skewed": {1. / 3, func(r *rand.Rand) float64 { x := r.Float64(); return x * x }},
	} {
		held, low, high := 0, 0, 0
		const worlds = 300
		for w := range uint64(worlds) {
			r := rand.New(rand.NewPCG(w, 9))
			xs := make([]float64, 80)
			for i := range xs {
				xs[i] = world.draw(r)
			}
			a, b := eval.Interval(xs, 400, w)
			switch {
			case world.mean < a:
				high++
			case world.mean > b:
				low++
			default:
				held++
			}
		}
		if share := float64(held) / worlds; share < 0.90 || share > 0.985 {
			t.Errorf("%s: %.3f of intervals hold the mean, want about 0.95 (%d above it, %d below)", name, share, high, low)
		}
	}
}

func TestIntervalWorkedByHand(t *testing.T) {
	if low, high := eval.Interval([]float64{0.25, 0.25, 0.25}, 100, 1); low != 0.25 || high != 0.25 {
		t.Errorf("interval of equal values is %v to %v, want 0.25 twice", low, high)
	}
	for _, xs := range [][]float64{nil, {1}} {
		if low, high := eval.Interval(xs, 100, 1); !math.IsNaN(low) || !math.IsNaN(high) {
			t.Errorf("interval of %v is %v to %v, want NaN", xs, low, high)
		}
	}
	// The mean of two of {0, 1} is 0, 1/2 or 1 with chances 1/4, 1/2, 1/4, so
	// both ends at 95% are the extremes.
	if low, high := eval.Interval([]float64{0, 1}, 1000, 1); low != 0 || high != 1 {
		t.Errorf("interval of 0 and 1 is %v to %v, want 0 to 1", low, high)
	}
}

// Four times the people, half the width.
func TestIntervalNarrowsWithPeople(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	xs := make([]float64, 1600)
	for i := range xs {
		xs[i] = r.Float64()
	}
	a, b := eval.Interval(xs[:400], 1000, 1)
	c, d := eval.Interval(xs, 1000, 1)
	if ratio := (b - a) / (d - c); ratio < 1.7 || ratio > 2.3 {
		t.Errorf("the interval of 400 is %.2f times as wide as that of 1600, want about 2", ratio)
	}
	want := 2 * 1.96 / math.Sqrt(12*1600)
	if got := d - c; math.Abs(got/want-1) > 0.15 {
		t.Errorf("width is %v, want about %v as the normal distribution has it", got, want)
	}
}

func TestRunIntervalIsTheBootstrapOfItsUsers(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(11, 60, 60), 60), 0.2)
	cfg := config()
	r := mustRun(t, s, cfg, eval.Popularity(s.Train))
	var xs []float64
	for i, u := range s.Train.Users {
		if len(s.Truth[i]) > 0 {
			list, err := eval.Popularity(s.Train).List(t.Context(), u.User, u.Seen, 20)
			if err != nil {
				t.Fatal(err)
			}
			xs = append(xs, eval.NDCG(list, rowsOf(s.Truth[i]), 20))
		}
	}
	low, high := eval.Interval(xs, cfg.Resamples, cfg.Seed)
	got, _ := r.Metric("popularity", "ndcg@20")
	if !near(got.Low, low) || !near(got.High, high) {
		t.Errorf("interval is %v to %v, want %v to %v", got.Low, got.High, low, high)
	}
}
