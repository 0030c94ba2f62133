package userknn

import (
	"math"
	"math/rand/v2"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/itemknn/alike"
)

// people are the histories of a bundle, by person and by movie. A person is known
// by their place in a shuffle that the seed decides.
type people struct {
	histories model.Histories
	spans     []span // place -> where the history stands

	starts      []int64  // [movies+1]: who watched movie m stands in starts[m] to starts[m+1]
	places      []uint32 // ascending within a movie
	preferences []uint8  // in tenths

	length []float32 // place -> of the history, for cosine
	mean   []float32 // place -> of the ratings
	bias   []float32 // place -> of the person, for baseline; else nil
	like   [256]float32
	value  [256]float32 // preference in tenths -> rating
}

// A span is where a list stands.
type span struct{ from, to uint32 }

func newPeople(h model.Histories, m *Model) *people {
	movies := m.Len()
	p := &people{histories: h, spans: make([]span, h.Len()), like: powers(m.c.Liking), value: values(m.scale)}
	for i, person := range rand.New(rand.NewPCG(m.c.Seed, 0x75736572)).Perm(h.Len()) {
		p.spans[i] = span{h.Starts[person], h.Starts[person+1]}
	}
	p.index(movies)
	p.length, p.mean = make([]float32, h.Len()), make([]float32, h.Len())
	if m.c.Similarity == alike.Baseline {
		p.bias = make([]float32, h.Len())
	}
	var rated []float32
	for place := range p.spans {
		rows, preferences := p.of(uint32(place))
		rated = rated[:0]
		for _, tenths := range preferences {
			rated = append(rated, p.value[tenths])
		}
		p.length[place] = float32(p.lengthOf(preferences))
		p.mean[place] = float32(average(rated))
		if p.bias != nil {
			p.bias[place] = float32(m.biases.Person(rows, rated))
		}
	}
	return p
}

// index fills in who watched each movie.
func (p *people) index(movies int) {
	h := p.histories
	p.starts = make([]int64, movies+1)
	for _, row := range h.Rows {
		p.starts[row+1]++
	}
	for i := range movies {
		p.starts[i+1] += p.starts[i]
	}
	p.places, p.preferences = make([]uint32, len(h.Rows)), make([]uint8, len(h.Rows))
	next := append([]int64(nil), p.starts[:movies]...)
	for place := range p.spans {
		rows, preferences := p.of(uint32(place))
		for i, row := range rows {
			p.places[next[row]], p.preferences[next[row]] = uint32(place), preferences[i]
			next[row]++
		}
	}
}

// of returns the history of the person at a place.
func (p *people) of(place uint32) (rows []uint32, preferences []uint8) {
	at := p.spans[place]
	return p.histories.Rows[at.from:at.to], p.histories.Preferences[at.from:at.to]
}

// watchers returns who watched a movie, at most so many if most is above 0.
func (p *people) watchers(movie uint32, most int) (places []uint32, preferences []uint8) {
	from, to := p.starts[movie], p.starts[movie+1]
	if most > 0 {
		to = min(to, from+int64(most))
	}
	return p.places[from:to], p.preferences[from:to]
}

// lengthOf returns the length of a history as a vector, for cosine.
func (p *people) lengthOf(preferences []uint8) float64 {
	sum := 0.0
	for _, tenths := range preferences {
		x := float64(p.like[tenths])
		sum += x * x
	}
	return math.Sqrt(sum)
}

// unwatched returns a column of 0, and of NaN for movies that nobody watched.
func (p *people) unwatched() []float32 {
	out := make([]float32, len(p.starts)-1)
	for i := range out {
		if p.starts[i] == p.starts[i+1] {
			out[i] = float32(math.NaN())
		}
	}
	return out
}

// ratings returns histories as ratings, people by movies.
func ratings(h model.Histories, scale catalog.Scale) *alike.Sparse {
	s := &alike.Sparse{Starts: make([]int64, h.Len()+1), Cols: h.Rows, Values: make([]float32, len(h.Rows))}
	for i := range s.Starts {
		s.Starts[i] = int64(h.Starts[i])
	}
	value := values(scale)
	for i, tenths := range h.Preferences {
		s.Values[i] = value[tenths]
	}
	return s
}

// values returns the rating of each preference in tenths. A step of most scales
// is wider than a tenth, so going to the nearest step gives the very rating that
// was packed; a finer scale keeps what it is given.
func values(scale catalog.Scale) (out [256]float32) {
	const tenth = 0.1 / 4 // of the whole scale
	for i := range out {
		v := scale.From5(float64(i) / 10)
		if scale.Step > tenth*(scale.Max-scale.Min) {
			v = scale.Min + math.Round((v-scale.Min)/scale.Step)*scale.Step
		}
		out[i] = float32(min(v, scale.Max))
	}
	return out
}

// powers returns the preferences, in tenths, as shares of 5 to a power.
func powers(exponent float64) (out [256]float32) {
	for i := range out {
		out[i] = float32(math.Pow(float64(i)/50, exponent))
	}
	return out
}

func average(values []float32) float64 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return sum / float64(max(1, len(values)))
}

// sharpen returns a similarity to a power.
func sharpen(similarity float32, exponent float64) float32 {
	switch exponent {
	case 1:
		return similarity
	case 2:
		return float32(float64(similarity) * float64(similarity))
	}
	return float32(math.Pow(float64(similarity), exponent))
}
