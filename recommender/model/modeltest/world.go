// Package modeltest has the kit that every model passes, and a seeded world to
// try models on.
package modeltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/recommender/model"
)

// Dims is the length of a World's vectors.
const Dims = 16

// World returns data of people with tastes: every movie is of one of eight
// circles, every person likes two of them, watches mostly those, popular movies
// more than others, and rates what is liked higher. Vectors of one circle lie
// near each other. The last tenth of the movies was watched by nobody.
func World(seed uint64, people, movies int) *model.Data {
	const circles = 8
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &model.Data{Scale: catalog.Scale5, Dims: Dims, Starts: []int64{0}}
	centre := make([]float64, circles*Dims)
	for i := range centre {
		centre[i] = rng.NormFloat64()
	}
	for m := range movies {
		c := m % circles
		v := make([]float32, Dims)
		norm := 0.0
		for j := range v {
			x := centre[c*Dims+j] + 0.5*rng.NormFloat64()
			v[j], norm = float32(x), norm+x*x
		}
		for j := range v {
			v[j] /= float32(math.Sqrt(norm))
		}
		w.Vectors = append(w.Vectors, v...)
		w.Movies = append(w.Movies, catalog.Movie{
			ID: catalog.MovieID(fmt.Sprintf("m%05d", m)), Title: fmt.Sprint("Movie ", m), Year: 1950 + rng.IntN(70),
			Genres: []string{fmt.Sprint("circle ", c)}, VoteAverage: 5 + 4*rng.Float64(), VoteCount: 1 + rng.IntN(5000),
		})
	}
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for u := range people {
		likes := [2]int{rng.IntN(circles), rng.IntN(circles)}
		w.Users = append(w.Users, catalog.User{
			ID: catalog.UserID(fmt.Sprintf("u%05d", u)), Age: 10 + 8*likes[0], Gender: []string{"F", "M"}[likes[0]%2], Occupation: fmt.Sprint("trade ", likes[1]),
		})
		from := len(w.Seen)
		for range 8 + rng.IntN(25) {
			c := likes[rng.IntN(2)]
			if rng.IntN(5) == 0 {
				c = rng.IntN(circles)
			}
			watched := movies * 9 / 10 / circles
			m := uint32(int(float64(watched)*math.Pow(rng.Float64(), 2))*circles + c)
			if int(m) >= movies || slices.ContainsFunc(w.Seen[from:], func(s model.Seen) bool { return s.Movie == m }) {
				continue
			}
			s := model.Seen{Movie: m, At: start.Add(time.Duration(rng.IntN(1e6)) * time.Minute).UnixMicro(), Days: 1, Shared: true}
			liked := c == likes[0] || c == likes[1]
			s.Share = float32(0.1 + 0.4*rng.Float64())
			if liked {
				s.Share += 0.5
			}
			if s.Rated = rng.IntN(10) < 6; s.Rated {
				s.Rating = float32(1 + rng.IntN(3))
				if liked {
					s.Rating += 2
				}
			}
			w.Seen = append(w.Seen, s)
		}
		slices.SortFunc(w.Seen[from:], func(a, b model.Seen) int {
			if a.At != b.At {
				return sign(b.At - a.At)
			}
			return sign(int64(a.Movie) - int64(b.Movie))
		})
		w.Starts = append(w.Starts, int64(len(w.Seen)))
	}
	return w
}

func sign(x int64) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}
