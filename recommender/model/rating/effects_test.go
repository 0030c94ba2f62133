package rating_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/rating"
)

// TestHistoryAsPredicted: ratings that are just what was predicted for someone of
// these traits change nothing.
func TestHistoryAsPredicted(t *testing.T) {
	d := modeltest.World(8, 400, 240)
	m := train(t, d, rating.DefaultConfig())
	of := model.Query{User: d.Users[3]}
	with := of
	for movie := range uint32(20) {
		with.Seen = append(with.Seen, model.Seen{Movie: movie, Rated: true, Rating: float32(predict(m, of, movie))})
	}
	for movie := range uint32(240) {
		if a, b := predict(m, of, movie), predict(m, with, movie); math.Abs(a-b) > 1e-4 {
			t.Fatalf("movie %d: %.4f, with a history as predicted %.4f", movie, a, b)
		}
	}
}

// TestGenerousPeople: movies are as good as one another; the even ones were rated
// by generous people, eight times in ten. Whether people are known by their other
// ratings or by their gender, the movies' parts must not keep the difference.
func TestGenerousPeople(t *testing.T) {
	for name, each := range map[string]int{"many ratings each": 20, "one rating each": 1} {
		rng := rand.New(rand.NewPCG(11, 0))
		d := dataOf(40, nil)
		for i := range 4000 / each {
			generous := i % 2
			seen := map[uint32]bool{}
			for len(seen) < each {
				movie := uint32(2 * rng.IntN(20))
				if even := rng.IntN(10) < 8 == (generous == 1); !even {
					movie++
				}
				if seen[movie] {
					continue
				}
				seen[movie] = true
				d.Seen = append(d.Seen, model.Seen{Movie: movie, Rated: true, Rating: float32(3 + rng.IntN(3) + 4*generous)})
			}
			u := catalog.User{ID: catalog.UserID(fmt.Sprintf("u%06d", i))}
			if each == 1 {
				u.Gender = []string{"F", "M"}[generous]
			}
			d.Users, d.Starts = append(d.Users, u), append(d.Starts, int64(len(d.Seen)))
		}
		m := train(t, d, with(func(c *rating.Config) { c.Sweeps, c.FactTaste = 10, 0 }))
		even, odd := 0.0, 0.0
		for movie := uint32(0); movie < 40; movie += 2 {
			even, odd = even+predict(m, model.Query{}, movie)/20, odd+predict(m, model.Query{}, movie+1)/20
		}
		if even-odd > 0.8 { // 2.4 by the means of their ratings
			t.Errorf("%s: even movies %.2f, odd ones %.2f, want them near each other", name, even, odd)
		}
	}
}

// TestNewMovieByItsPlace: where good movies lie on one side, a new one there is
// predicted to be better for anyone.
func TestNewMovieByItsPlace(t *testing.T) {
	d := votedWorld()
	d.Dims = 2
	for i := range d.Movies {
		angle := (d.Movies[i].VoteAverage - 6) / 4 * math.Pi / 2
		d.Vectors = append(d.Vectors, float32(math.Cos(angle)), float32(math.Sin(angle)))
		d.Movies[i].VoteAverage, d.Movies[i].VoteCount = 0, 0
	}
	m := train(t, d, rating.DefaultConfig())
	x, err := m.Extend([]float32{0.8, 0.6, 0.8, -0.6}, 2)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, x.Len())
	x.Score(model.Query{}, scores)
	if good, bad := scores[1000], scores[1001]; !(good > bad+0.4) { // votes of 7.6 and 4.4; a movie known by its vector alone is shrunk far
		t.Errorf("scores %.2f and %.2f, want the first clearly higher", good, bad)
	}
}

// TestWithinTheScale: someone who gives everything the highest rating is
// predicted no more than that, though scores go beyond.
func TestWithinTheScale(t *testing.T) {
	m := train(t, votedWorld(), rating.DefaultConfig())
	var q model.Query
	for movie := range uint32(200) {
		q.Seen = append(q.Seen, model.Seen{Movie: movie, Rated: true, Rating: 10})
	}
	scores, most := make([]float32, m.Len()), float32(0)
	m.Score(q, scores)
	for movie, s := range scores {
		most = max(most, s)
		if got := predict(m, q, uint32(movie)); got > 10 {
			t.Fatalf("movie %d: %v, want 10 or less", movie, got)
		}
	}
	if most <= 10 {
		t.Errorf("the highest score is %v, want one beyond the scale, or this test shows nothing", most)
	}
}
