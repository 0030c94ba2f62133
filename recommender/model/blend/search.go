package blend

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
)

// A search looks for the point of the highest NDCG whose coverage reaches floor.
type search struct {
	fit    *fit
	cutoff int
	floor  float64
}

// A judgement is how good a point is.
type judgement struct {
	ndcg     float64 // mean over people
	coverage float64 // share of the movies that are in some list
}

// worth is what climbing raises: NDCG, less what the lists fall short of the coverage
// they are to have. A tenth too little costs a tenth of the NDCG, which is more
// than a tenth of coverage ever gained, so that no point below the floor wins for
// long.
func (s *search) worth(x point) float64 {
	j := s.judge(x)
	if s.floor > 0 && j.coverage < s.floor {
		j.ndcg *= j.coverage / s.floor
	}
	return j.ndcg
}

// The steps of a climb: factors of a weight, and what is added to the tail.
var (
	factors = []float64{0.5, 0.8, 1.25, 2}
	tails   = []float64{-0.3, -0.1, -tailStep, tailStep, 0.1, 0.3, 1}
)

// maxRounds bounds a climb; some five rounds do.
const maxRounds = 20

// climb changes one weight at a time while that raises the worth.
func (s *search) climb(ctx context.Context, best point) (point, error) {
	worth := s.worth(best)
	try := func(x point) {
		if w := s.worth(x); w > worth+1e-6 {
			best, worth = x, w
		}
	}
	for range maxRounds {
		before := worth
		for j := range best.weights {
			for _, factor := range factors {
				if err := ctx.Err(); err != nil {
					return best, err
				}
				w := slices.Clone(best.weights)
				if w[j] *= factor; best.weights[j] == 0 {
					w[j] = 0.05 * (factor + 0.2)
				}
				try(point{unit(w), best.tail})
			}
		}
		for _, step := range tails {
			try(point{best.weights, min(maxTail, max(0, best.tail+step))})
		}
		if worth < before+1e-4 {
			break
		}
	}
	return best, nil
}

// lift raises the tail of x until its lists cover what they are to cover: the mean of
// points that do may fall a little short. It gives up after twenty steps.
func (s *search) lift(x point) point {
	for y, i := x, 0; i < 20; i++ {
		if s.floor == 0 || s.judge(y).coverage >= s.floor {
			return y
		}
		y.tail = min(maxTail, y.tail+tailStep)
	}
	return x
}

// free is how much worth a part must add to be asked: each one costs every request.
const free = 0.0005

// prune takes parts away, the one of the least weight first, that add next to
// nothing.
func (s *search) prune(x point) point {
	worth := s.worth(x)
	order := make([]int, len(x.weights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x.weights[a], x.weights[b]) })
	for _, i := range order[:len(order)-1] {
		w := slices.Clone(x.weights)
		w[i] = 0
		if y := (point{unit(w), x.tail}); s.worth(y) > worth-free {
			x, worth = y, max(worth, s.worth(y))
		}
	}
	return x
}

// judge makes everybody's list under x. The sum is taken in one order, so that the
// number of processors changes nothing.
func (s *search) judge(x point) judgement {
	people := s.fit.people
	ndcg := make([]float64, len(people))
	workers := runtime.GOMAXPROCS(0)
	listed := make([][]bool, workers)
	var wg sync.WaitGroup
	for w := range workers {
		listed[w] = make([]bool, s.fit.movies)
		wg.Go(func() {
			top := make([]place, 0, s.cutoff)
			for i := len(people) * w / workers; i < len(people)*(w+1)/workers; i++ {
				top = s.list(&people[i], x, top)
				ndcg[i] = people[i].ndcg(top, s.cutoff)
				for _, p := range top {
					listed[w][people[i].rows[p.at]] = true
				}
			}
		})
	}
	wg.Wait()
	var j judgement
	for _, v := range ndcg {
		j.ndcg += v / float64(len(ndcg))
	}
	for row := range s.fit.movies {
		if slices.ContainsFunc(listed, func(l []bool) bool { return l[row] }) {
			j.coverage += 1 / float64(s.fit.movies)
		}
	}
	return j
}

// A place is a candidate with its score.
type place struct {
	score float64
	at    int
}

// list returns the best candidates of p, best first, in the memory of top.
func (s *search) list(p *person, x point, top []place) []place {
	top = top[:0]
	parts := s.fit.parts
	for at := range p.wanted {
		c := place{mean(p.features[at*parts:(at+1)*parts], x.weights) + x.tail*float64(p.rare[at]), at}
		top = keep(top, c, s.cutoff)
	}
	return top
}

// ndcg is the NDCG@k of a list.
func (p *person) ndcg(top []place, k int) float64 {
	got, ideal := 0.0, 0.0
	for i, c := range top {
		if p.wanted[c.at] {
			got += 1 / math.Log2(float64(i+2))
		}
	}
	for i := range min(k, p.truth) {
		ideal += 1 / math.Log2(float64(i+2))
	}
	return got / ideal
}

// mean is the score of a [Model] without the tail.
func mean(features []float32, w []float64) float64 {
	sum, have := 0.0, 0.0
	for i, v := range features {
		if v == v {
			sum += w[i] * float64(v)
			have += w[i]
		}
	}
	if have == 0 {
		return math.Inf(-1)
	}
	return sum / have
}
