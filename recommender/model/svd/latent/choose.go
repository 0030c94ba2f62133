package latent

import (
	"context"
	"math"
	"math/rand/v2"

	"marquee/recommender/model"
)

// The penalties that choose tries, each twice the one before, and what is taken
// where there are too few ratings to choose by: the middle.
const (
	firstPenalty = 2.5
	lastPenalty  = 160.0
	plainPenalty = 20.0
	mostAsked    = 2000 // people by whom a penalty is judged
	heldOutOneOf = 10   // ratings
	chooseStream = 5    // of random numbers; the training's is trainStream
)

// choose returns the FoldReg that predicts best what a training like c did not
// see: one rating of ten is held out, and the penalty is doubled until the error
// grows. How far a penalty must go depends on how far the training went: with
// reg 0.02 and few epochs, where stopping early is what keeps the factors small,
// on ml-latest-small 40 and more; with reg 0.1 and many epochs 5.
func choose(ctx context.Context, d *model.Data, c Config, progress model.Progress) (float64, error) {
	inner, held := withhold(d, c.Seed)
	if !enoughLeft(inner) {
		return plainPenalty, nil
	}
	c.FoldReg = plainPenalty
	m, _, err := learn(ctx, inner, c, func(_ string, done, total int) { progress("epochs to choose a penalty", done, total) })
	if err != nil {
		return 0, err
	}
	best, least := plainPenalty, math.Inf(1)
	for penalty := firstPenalty; penalty <= lastPenalty; penalty *= 2 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		m.foldReg = penalty
		squares, n := m.misses(inner, held)
		if n == 0 || squares >= least {
			break
		}
		best, least = penalty, squares
	}
	return best, nil
}

// withhold returns d without one rating of ten, and those ratings by person.
func withhold(d *model.Data, seed uint64) (*model.Data, [][]model.Seen) {
	rng := rand.New(rand.NewPCG(seed, chooseStream))
	inner := &model.Data{Scale: d.Scale, Movies: d.Movies, Users: d.Users, Starts: []int64{0}}
	held := make([][]model.Seen, len(d.Users))
	for i := range d.Users {
		for _, s := range d.Of(i) {
			if s.Rated && rng.IntN(heldOutOneOf) == 0 {
				held[i] = append(held[i], s)
			} else {
				inner.Seen = append(inner.Seen, s)
			}
		}
		inner.Starts = append(inner.Starts, int64(len(inner.Seen)))
	}
	return inner, held
}

func enoughLeft(d *model.Data) bool { return d.CheckRatings() == nil }

// misses returns the sum of squared errors of the ratings held out, and their
// number, for at most mostAsked people, spread over all.
func (m *Model) misses(d *model.Data, held [][]model.Seen) (squares float64, n int) {
	for i := 0; i < len(held); i += 1 + len(held)/mostAsked {
		movies, ratings := make([]uint32, len(held[i])), make([]float32, len(held[i]))
		for j, s := range held[i] {
			movies[j] = s.Movie
		}
		if len(movies) == 0 || len(d.Of(i)) == 0 {
			continue // the penalty says nothing of them
		}
		m.Predict(model.Query{Seen: d.Of(i)}, movies, ratings)
		for j, s := range held[i] {
			e := float64(ratings[j] - s.Rating)
			squares += e * e
			n++
		}
	}
	return squares, n
}
