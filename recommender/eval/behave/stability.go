package behave

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// resamples of the bootstrap: what eval uses.
const resamples = 1000

// stability takes one movie out of each history and compares the lists.
func (t *tester) stability(ctx context.Context) (Result, error) {
	r := Result{Test: "stability", What: "mean Jaccard index of the lists before and after one movie is taken out of the history", Bound: t.LeastStable}
	if !t.subject.ByHistory {
		return r.skip("lists go by the person's id and not by the history they are asked with"), nil
	}
	people := t.draw(func(_ catalog.User, seen []eval.Seen) bool { return len(seen) >= t.MinHistory })
	if len(people) == 0 {
		return r.skip("nobody watched %d movies", t.MinHistory), nil
	}
	lacking, out := make([]person, len(people)), make([]uint32, len(people))
	for i, p := range people {
		at := rand.New(rand.NewPCG(t.Seed, uint64(i)+1)).IntN(len(p.seen))
		out[i] = p.seen[at].Movie
		p.seen = slices.Delete(slices.Clone(p.seen), at, at+1)
		lacking[i] = p
	}
	before, err := t.lists(ctx, people, t.N)
	if err != nil {
		return r, err
	}
	// The movie itself may be listed again; its place does not count.
	after, err := t.lists(ctx, lacking, min(t.N+1, eval.MaxList))
	if err != nil {
		return r, err
	}
	var indices []float64
	overlap := 0.0
	for i := range before {
		left := slices.DeleteFunc(slices.Clone(after[i]), func(row uint32) bool { return row == out[i] })
		left = left[:min(t.N, len(left))]
		if len(before[i])+len(left) == 0 {
			continue
		}
		j := jaccard(before[i], left)
		indices = append(indices, j)
		overlap += rankBiasedOverlap(before[i], left, 0.9)
		if j < t.LeastStable {
			t.example(&r, "%s without %s, one of %d: index %.2f", people[i].note, t.title(out[i]), len(people[i].seen), j)
		}
	}
	if len(indices) == 0 {
		return r.skip("all %d lists are empty", len(people)), nil
	}
	sum := 0.0
	for _, j := range indices {
		sum += j
	}
	n := float64(len(indices))
	r.Judged, r.Figure = len(indices), exact(sum/n)
	r.Figure.Low, r.Figure.High = eval.Interval(indices, resamples, t.Seed)
	r.Reason = fmt.Sprintf("%d histories of %d or more movies; mean rank-biased overlap %.3f", len(indices), t.MinHistory, overlap/n)
	return r.judge(), nil
}

// jaccard returns the share of the movies of either list that are in both.
func jaccard(a, b []uint32) float64 {
	both, all := 0, make(map[uint32]bool)
	for _, row := range a {
		all[row] = true
	}
	seen := make(map[uint32]bool)
	for _, row := range b {
		if all[row] && !seen[row] {
			both++
		}
		seen[row] = true
	}
	for row := range seen {
		all[row] = true
	}
	return float64(both) / float64(len(all))
}

// rankBiasedOverlap returns the overlap of two lists, extrapolated from the
// depth of the shorter: equation 23 of Webber, Moffat, Zobel. It is 1 for equal
// lists and 0 for lists with nothing in common.
func rankBiasedOverlap(a, b []uint32, p float64) float64 {
	depth := min(len(a), len(b))
	if depth == 0 {
		return 0
	}
	inA, inB := make(map[uint32]bool), make(map[uint32]bool)
	sum, both := 0.0, 0
	for d := range depth {
		inA[a[d]], inB[b[d]] = true, true
		switch {
		case a[d] == b[d]:
			both++
		default:
			if inB[a[d]] {
				both++
			}
			if inA[b[d]] {
				both++
			}
		}
		sum += float64(both) / float64(d+1) * math.Pow(p, float64(d+1))
	}
	return float64(both)/float64(depth)*math.Pow(p, float64(depth)) + (1-p)/p*sum
}
