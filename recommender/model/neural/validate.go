package neural

import (
	"context"
	"math"
	"slices"

	"marquee/recommender/model"
)

const (
	validShare   = 0.2  // of each person's movies, the newest, are what validation asks for
	validPlaces  = 20   // of a list that count
	validPeople  = 2000 // at most, evenly among all: an epoch's validation stays short beside it
	validMargin  = 1e-4 // a gain below it is none
	judgingBlock = 8    // people a task takes
)

// bestEpochs returns after how many epochs the network does best on the newest
// movies of people, or on any of them if it is not asked about times ahead,
// trained without them.
func bestEpochs(ctx context.Context, d *model.Data, c Config, progress model.Progress) (int, error) {
	older, held := d.Split(validShare)
	if c.Ahead == 0 {
		older, held = d.SplitRandom(validShare, c.Seed)
	}
	t := newTrainer(older, c)
	best, at := math.Inf(-1), 1
	for e := 1; e <= c.Epochs && e-at <= c.Patience; e++ {
		if err := t.epoch(ctx); err != nil {
			return 0, err
		}
		if got := judge(t.model(), older, held); got > best+validMargin {
			best, at = got, e
		}
		progress("validate", e, c.Epochs)
	}
	return at, nil
}

// judge returns the mean NDCG@20 over the people of d, whose later movies are held.
func judge(m *Model, d *model.Data, held [][]model.Seen) float64 {
	people := judged(held)
	got := make([]float64, len(people))
	spread(blocks(len(people), judgingBlock), func(b int) {
		scores := make([]float32, m.Len())
		for i := b * judgingBlock; i < min(len(people), (b+1)*judgingBlock); i++ {
			got[i] = ndcg(m, d.Of(people[i]), held[people[i]], scores)
		}
	})
	var sum float64
	for _, g := range got {
		sum += g
	}
	return sum / float64(max(1, len(got)))
}

func judged(held [][]model.Seen) []int {
	var people []int
	for i := range held {
		if len(held[i]) > 0 {
			people = append(people, i)
		}
	}
	n := len(people)
	if n <= validPeople {
		return people
	}
	for i := range validPeople {
		people[i] = people[i*n/validPeople]
	}
	return people[:validPeople]
}

// ndcg is one person's. A movie's place is the number of movies that score more,
// so that no list need be sorted.
func ndcg(m *Model, seen, held []model.Seen, scores []float32) float64 {
	if m.Score(model.Query{Seen: seen}, scores) == model.None {
		return 0
	}
	for _, s := range seen {
		scores[s.Movie] = float32(math.NaN())
	}
	truth := make([]float32, 0, len(held))
	for _, s := range held {
		if v := scores[s.Movie]; v == v {
			truth = append(truth, v)
		}
	}
	slices.Sort(truth)
	slices.Reverse(truth)
	truth = truth[:min(len(truth), validPlaces)]
	above := make([]int, len(truth))
	for _, v := range scores {
		for i := len(truth) - 1; i >= 0 && v > truth[i]; i-- {
			above[i]++
		}
	}
	gain, ideal := 0.0, 0.0
	for _, place := range above {
		if place < validPlaces {
			gain += 1 / math.Log2(float64(place+2))
		}
	}
	for place := range min(len(held), validPlaces) {
		ideal += 1 / math.Log2(float64(place+2))
	}
	return gain / ideal
}
