package eval

import "math"

// A measure is a metric that is a mean over people: a func of where the hits
// stand in the list, the length of the truth (1 or more), and k.
type measure struct {
	name string
	of   func(hits []bool, truth, k int) float64
}

// measures are those of every report.
var measures = []measure{
	{"hit_rate", hitRate},
	{"ndcg", ndcg},
	{"recall", recall},
	{"precision", precision},
	{"map", averagePrecision},
	{"mrr", reciprocalRank},
}

// HitRate returns 1 if one of the first k of list is in truth, else 0; NaN if
// truth is empty. A row that list repeats counts once, here and in all metrics.
func HitRate(list, truth []uint32, k int) float64 { return judge(hitRate, list, truth, k) }

// NDCG returns the normalised discounted cumulative gain with gains of 1 and a
// discount of 1/log2(rank+1) (Järvelin and Kekäläinen, "Cumulated gain-based
// evaluation of IR techniques", 2002). The ideal has min(k, len(truth)) hits,
// so a perfect list scores 1 however short the truth. NaN if truth is empty.
func NDCG(list, truth []uint32, k int) float64 { return judge(ndcg, list, truth, k) }

// Recall returns the share of truth found among the first k of list; NaN if
// truth is empty. With more than k movies of truth it cannot reach 1.
func Recall(list, truth []uint32, k int) float64 { return judge(recall, list, truth, k) }

// Precision returns the share of k that is both in list and in truth; NaN if
// truth is empty. A list shorter than k pays for what it lacks.
func Precision(list, truth []uint32, k int) float64 { return judge(precision, list, truth, k) }

// AveragePrecision returns the mean, over the min(k, len(truth)) movies that
// could be found, of the precision at the rank where each was found and 0 for
// those that were not; NaN if truth is empty. Its mean over people is MAP.
func AveragePrecision(list, truth []uint32, k int) float64 {
	return judge(averagePrecision, list, truth, k)
}

// ReciprocalRank returns 1 over the rank of the first hit among the first k, 0
// if there is none, NaN if truth is empty. Its mean over people is MRR.
func ReciprocalRank(list, truth []uint32, k int) float64 {
	return judge(reciprocalRank, list, truth, k)
}

func judge(of func([]bool, int, int) float64, list, truth []uint32, k int) float64 {
	want := make(map[uint32]bool, len(truth))
	for _, row := range truth {
		want[row] = true
	}
	if len(want) == 0 || k < 1 {
		return math.NaN()
	}
	n := len(want)
	hits := make([]bool, len(list))
	for i, row := range list {
		if want[row] {
			hits[i] = true
			delete(want, row)
		}
	}
	return of(hits, n, k)
}

func hitRate(hits []bool, _, k int) float64 {
	for _, hit := range first(hits, k) {
		if hit {
			return 1
		}
	}
	return 0
}

func ndcg(hits []bool, truth, k int) float64 {
	var got, ideal float64
	for i, hit := range first(hits, k) {
		if hit {
			got += discount(i)
		}
	}
	for i := range min(k, truth) {
		ideal += discount(i)
	}
	return got / ideal
}

// discount is the weight of place i, from 0.
func discount(i int) float64 { return 1 / math.Log2(float64(i+2)) }

func recall(hits []bool, truth, k int) float64 { return float64(count(hits, k)) / float64(truth) }

func precision(hits []bool, _, k int) float64 { return float64(count(hits, k)) / float64(k) }

func averagePrecision(hits []bool, truth, k int) float64 {
	var sum float64
	found := 0
	for i, hit := range first(hits, k) {
		if hit {
			found++
			sum += float64(found) / float64(i+1)
		}
	}
	return sum / float64(min(k, truth))
}

func reciprocalRank(hits []bool, _, k int) float64 {
	for i, hit := range first(hits, k) {
		if hit {
			return 1 / float64(i+1)
		}
	}
	return 0
}

func count(hits []bool, k int) int {
	n := 0
	for _, hit := range first(hits, k) {
		if hit {
			n++
		}
	}
	return n
}

func first(hits []bool, k int) []bool { return hits[:min(k, len(hits))] }
