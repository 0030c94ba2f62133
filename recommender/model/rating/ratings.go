package rating

import (
	"marquee/recommender/model"
)

// ratings are the rated rows of the data, person by person.
type ratings struct {
	starts []int64 // [people+1]
	movies []uint32
	values []float32

	counts []float64 // [movies], how many rated each
	others []float64 // [movies], how many watched or rated each
}

func ratingsOf(d *model.Data) *ratings {
	r := &ratings{starts: make([]int64, 1, len(d.Users)+1), counts: make([]float64, len(d.Movies)), others: make([]float64, len(d.Movies))}
	for i := range d.Users {
		for _, s := range d.Of(i) {
			r.others[s.Movie]++
			if s.Rated {
				r.movies = append(r.movies, s.Movie)
				r.values = append(r.values, s.Rating)
				r.counts[s.Movie]++
			}
		}
		r.starts = append(r.starts, int64(len(r.movies)))
	}
	return r
}

// people returns how many people there are, those who rated nothing included.
func (r *ratings) people() int { return len(r.starts) - 1 }

// mean returns the mean of all ratings.
func (r *ratings) mean() float64 {
	sum := 0.0
	for _, v := range r.values {
		sum += float64(v)
	}
	return sum / float64(len(r.values))
}
