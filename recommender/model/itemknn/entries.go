package itemknn

import (
	"math"

	"marquee/recommender/model"
	"marquee/recommender/model/itemknn/alike"
)

// entries returns what each person says of movies, people by movies, in the terms
// of the similarity: how much it was liked, the rating, or what biases leave of it.
func entries(d *model.Data, c Config) *alike.Sparse {
	s := &alike.Sparse{Starts: make([]int64, 1, len(d.Starts))}
	for i := range d.Users {
		seen := d.Of(i)
		if c.History > 0 {
			seen = seen[:min(len(seen), c.History)]
		}
		say := math.Pow(float64(max(1, len(seen))), -c.Activity/2) // of each movie of a pair
		for _, x := range seen {
			switch {
			case c.Similarity == alike.Cosine:
				s.Values = append(s.Values, float32(say*math.Pow(x.Preference(d.Scale)/5, c.Liking)))
			case x.Rated:
				s.Values = append(s.Values, x.Rating)
			default:
				continue
			}
			s.Cols = append(s.Cols, x.Movie)
		}
		s.Starts = append(s.Starts, int64(len(s.Cols)))
	}
	if c.Similarity == alike.Baseline {
		unbias(s, len(d.Movies))
	}
	return s
}

// unbias leaves of ratings what neither person nor movie explains alone.
func unbias(s *alike.Sparse, movies int) {
	b := alike.Fit(s, movies)
	for i := range s.Len() {
		cols, values := s.Row(i)
		person := b.Person(cols, values)
		for j, c := range cols {
			values[j] -= float32(b.Mean + person + float64(b.Movie[c]))
		}
	}
}
