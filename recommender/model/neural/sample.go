package neural

import (
	"math"
	"math/rand/v2"

	"marquee/recommender/model"
)

// A cell is a movie with what it counts.
type cell struct {
	movie  uint32
	weight float32
}

// A sample is one person at one step: what the network is shown, and what it is
// to find. What is shown is of length one, what is to find adds up to one.
type sample struct {
	shown, hidden []cell
	watched       []uint32 // the movies of both, newest first: none competes with what is to be found
	weight        float32  // of the person in the loss; 0 if there is nothing to find
}

// A sampler draws samples from histories.
type sampler struct {
	d          *model.Data
	c          Config
	propensity []float32 // [movies] what a movie to be found counts; nil for 1
}

// sample draws a person's sample of an epoch. It depends on the two alone, so
// that any goroutine may draw any sample.
//
// Ahead, the person is asked as of any earlier time: what came later is left out,
// the newest of what is left are to be found from those before. Otherwise
// movies are hidden anywhere, as in the paper.
func (s *sampler) sample(epoch, person int, into *sample) {
	seen := s.d.Of(person)
	rng := rand.New(rand.NewPCG(s.c.Seed^sampleStream, uint64(epoch)<<40|uint64(person)))
	into.shown, into.hidden, into.watched = into.shown[:0], into.hidden[:0], into.watched[:0]
	for _, e := range seen {
		into.watched = append(into.watched, e.Movie)
	}
	newest := 0 // how many of the newest are hidden; 0 hides at random
	if rng.Float64() < s.c.Ahead {
		seen = seen[int(rng.Float64()*float64(len(seen))):]
		newest = 1 + int(rng.Float64()*s.c.Dropout*float64(len(seen)))
	}
	for i, e := range seen {
		hide := i < newest
		if newest == 0 {
			hide = rng.Float64() < s.c.Dropout
		}
		p := e.Preference(s.d.Scale)
		if hide {
			into.hidden = append(into.hidden, cell{e.Movie, s.target(e.Movie, p)})
		} else {
			into.shown = append(into.shown, cell{e.Movie, inputWeight(s.c.InputRating, s.c.Recency, p, len(into.shown))})
		}
	}
	normalize(into.shown)
	into.weight = 0
	if share(into.hidden) {
		into.weight = float32(math.Pow(float64(len(into.hidden)), s.c.PersonPower))
	}
}

// target is what a movie counts that is to be found and was liked p, 1 to 5.
func (s *sampler) target(movie uint32, p float64) float32 {
	t := 1 + float32(s.c.TargetRating*(p-3)/2)
	if s.propensity != nil {
		t *= s.propensity[movie]
	}
	return t
}

// share scales weights to the sum one; it returns false if they have none.
func share(cells []cell) bool {
	var sum float64
	for _, c := range cells {
		sum += float64(c.weight)
	}
	if sum == 0 {
		return false
	}
	for i := range cells {
		cells[i].weight = float32(float64(cells[i].weight) / sum)
	}
	return true
}

// inputWeight is what a movie of a history counts that was liked p, 1 to 5, and
// stands at place.
func inputWeight(rating, recency, p float64, place int) float32 {
	return float32(like(rating, p) * fade(recency, place))
}

// like returns what a movie of preference p counts.
func like(rating, p float64) float64 { return 1 + rating*(p-3)/2 }

// fade returns what is left of that at a place of a history.
func fade(recency float64, place int) float64 {
	if recency > 0 {
		return math.Pow(float64(1+place), -recency)
	}
	return 1
}

// normalize scales weights to length one; all zeros stay.
func normalize(cells []cell) {
	var square float64
	for _, c := range cells {
		square += float64(c.weight) * float64(c.weight)
	}
	if square == 0 {
		return
	}
	scale := float32(1 / math.Sqrt(square))
	for i := range cells {
		cells[i].weight *= scale
	}
}
