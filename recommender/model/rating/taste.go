package rating

import (
	"math"

	"marquee/recommender/model"
)

// A taste table is the movies as people differ about them: a column for a
// person's mean, each genre, a few facts, how good the movie is, and each axis
// of the vectors. Columns are scaled so that the prior of each weight has
// variance 1, the noise of a rating being 1.
type tastes struct {
	width   int
	rows    []float32 // [movies x width]
	fresh   []float32 // [width]: a movie of which only the vector is known, without its vector and quality
	quality int       // the column of the movie's own part of the rating
	content int       // the first column of the axes
	scale   float64   // of the quality's column
	mean    float64   // of the quality, over ratings
	spread  float64   // one over its standard deviation
	axis    float32   // scale of the axes' columns
}

// tasteFacts are the facts that have a column; how good a movie is comes behind.
var tasteFacts = [...]int{watchers, year, votes, minutes}

// newTastes encodes all movies. What is not known of one is 0, as for the mean
// of all ratings.
func newTastes(d *model.Data, r *ratings, e *encoder, content []float32, axes int, c Config) *tastes {
	t := &tastes{quality: 1 + len(e.genres) + len(tasteFacts), scale: math.Sqrt(c.FactTaste), axis: float32(math.Sqrt(c.ContentTaste))}
	t.content = t.quality + 1
	t.width = t.content + axes
	t.rows, t.fresh = make([]float32, len(d.Movies)*t.width), make([]float32, t.width)
	raw := make([]float64, numFacts)
	row := make([]float64, t.width)
	for i := range d.Movies {
		e.encode(raw, &d.Movies[i], r.others[i])
		e.encodeGenres(row[1:1+len(e.genres)], &d.Movies[i])
		for k, f := range tasteFacts {
			row[1+len(e.genres)+k] = raw[f]
		}
		dst := t.rows[i*t.width : (i+1)*t.width]
		for j, v := range row[:t.content] {
			dst[j] = float32(v)
		}
		for k := range axes {
			dst[t.content+k] = content[i*axes+k] * t.axis
		}
	}
	t.standardise(r, len(e.genres), c)
	return t
}

// standardise puts the columns before the quality on their scales.
func (t *tastes) standardise(r *ratings, genres int, c Config) {
	for j := 1; j < t.quality; j++ {
		m := t.moments(r, j)
		mean, scale := m.mean(), math.Sqrt(c.GenreTaste)
		if j > genres {
			scale = t.scale * m.scale()
		}
		for i := range r.counts {
			t.rows[i*t.width+j] = float32((float64(t.rows[i*t.width+j]) - mean) * scale)
		}
		if j == 1+genres { // watchers: a new movie has none
			t.fresh[j] = float32(-mean * scale)
		}
	}
	one := float32(1 / math.Sqrt(c.Person))
	for i := range r.counts {
		t.rows[i*t.width] = one
	}
	t.fresh[0] = one
}

func (t *tastes) moments(r *ratings, column int) moments {
	var m moments
	for i, n := range r.counts {
		if n > 0 {
			m.add(float64(t.rows[i*t.width+column]), n)
		}
	}
	return m
}

// setQuality makes the movies' parts of the rating, [movies], the column of
// quality.
func (t *tastes) setQuality(r *ratings, item []float32) {
	var m moments
	for i, n := range r.counts {
		if n > 0 {
			m.add(float64(item[i]), n)
		}
	}
	t.mean, t.spread = m.mean(), m.scale()
	for i, v := range item {
		t.rows[i*t.width+t.quality] = t.qualityOf(v)
	}
}

func (t *tastes) qualityOf(item float32) float32 {
	return float32((float64(item) - t.mean) * t.spread * t.scale)
}

func (t *tastes) row(movie uint32) []float32 {
	return t.rows[int(movie)*t.width : (int(movie)+1)*t.width]
}
