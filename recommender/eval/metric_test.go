package eval_test

import (
	"math"
	"testing"

	"marquee/recommender/eval"
	"pgregory.net/rapid"
)

var metrics = map[string]func(list, truth []uint32, k int) float64{
	"hit rate": eval.HitRate, "ndcg": eval.NDCG, "recall": eval.Recall,
	"precision": eval.Precision, "map": eval.AveragePrecision, "mrr": eval.ReciprocalRank,
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 || math.IsNaN(a) && math.IsNaN(b) }

// Worked by hand: hits at ranks 2 and 4 of a list of 5, three wanted. The
// discounts of ranks 1 to 4 are 1, 0.630930, 0.5 and 0.430677.
func TestMetricsWorkedByHand(t *testing.T) {
	list, truth := []uint32{9, 1, 8, 2, 7}, []uint32{1, 2, 3}
	for _, c := range []struct {
		metric string
		k      int
		want   float64
	}{
		{"hit rate", 1, 0}, {"hit rate", 2, 1}, {"hit rate", 5, 1},
		{"recall", 1, 0}, {"recall", 2, 1. / 3}, {"recall", 4, 2. / 3}, {"recall", 20, 2. / 3},
		{"precision", 2, 0.5}, {"precision", 5, 0.4}, {"precision", 20, 0.1},
		{"mrr", 1, 0}, {"mrr", 5, 0.5},
		{"map", 2, 0.25}, {"map", 5, (0.5 + 0.5) / 3}, {"map", 1, 0},
		{"ndcg", 1, 0},
		{"ndcg", 2, 0.6309297535714575 / 1.6309297535714575},
		{"ndcg", 5, (0.6309297535714575 + 0.43067655807339306) / 2.1309297535714578},
	} {
		if got := metrics[c.metric](list, truth, c.k); !near(got, c.want) {
			t.Errorf("%s@%d is %v, want %v", c.metric, c.k, got, c.want)
		}
	}
}

func TestEmptyTruthIsNaN(t *testing.T) {
	for name, of := range metrics {
		if got := of([]uint32{1, 2}, nil, 2); !math.IsNaN(got) {
			t.Errorf("%s of an empty truth is %v, want NaN", name, got)
		}
		if got := of(nil, []uint32{1}, 2); got != 0 {
			t.Errorf("%s of an empty list is %v, want 0", name, got)
		}
	}
}

func TestMetricProperties(t *testing.T) {
	rows := rapid.SliceOfN(rapid.Uint32Range(0, 30), 0, 25)
	rapid.Check(t, func(t *rapid.T) {
		list, k := rows.Draw(t, "list"), rapid.IntRange(1, 25).Draw(t, "k")
		truth := rapid.SliceOfNDistinct(rapid.Uint32Range(0, 30), 1, 25, rapid.ID).Draw(t, "truth")
		for name, of := range metrics {
			x := of(list, truth, k)
			if !(x >= 0 && x <= 1) {
				t.Fatalf("%s is %v, want 0 to 1", name, x)
			}
			if hit := eval.HitRate(list, truth, k) == 1; hit != (x > 0) {
				t.Fatalf("%s is %v while hit is %v", name, x, hit)
			}
			if doubled := of(list, append(truth, truth...), k); doubled != x {
				t.Fatalf("%s is %v, and %v when the truth is said twice", name, x, doubled)
			}
			if name == "ndcg" || name == "map" || name == "hit rate" || name == "mrr" {
				if perfect := of(truth, truth, k); !near(perfect, 1) {
					t.Fatalf("%s of a perfect list is %v, want 1", name, perfect)
				}
			}
		}
		if r := eval.Recall(truth, truth, len(truth)); r != 1 {
			t.Fatalf("recall of a perfect list is %v, want 1", r)
		}
		if p := eval.Precision(truth, truth, len(truth)); p != 1 {
			t.Fatalf("precision of a perfect list is %v, want 1", p)
		}
	})
}

func TestCoverageAndGini(t *testing.T) {
	for _, c := range []struct {
		shown          []int
		size           int
		coverage, gini float64
	}{
		{[]int{3, 3, 3, 3}, 4, 1, 0},
		{[]int{0, 0, 0, 8}, 4, 0.25, 0.75},
		{[]int{0, 0, 0, 8}, 8, 0.125, 0.75},
		{[]int{1, 3, 0, 2}, 4, 0.75, (-3*0 + -1*1 + 1*2 + 3*3) / (4 * 6.)},
		{[]int{0, 0}, 2, 0, math.NaN()},
		{nil, 0, math.NaN(), math.NaN()},
	} {
		if got := eval.Coverage(c.shown, c.size); !near(got, c.coverage) {
			t.Errorf("coverage of %v in %d is %v, want %v", c.shown, c.size, got, c.coverage)
		}
		if got := eval.Gini(c.shown); !near(got, c.gini) {
			t.Errorf("gini of %v is %v, want %v", c.shown, got, c.gini)
		}
	}
}
