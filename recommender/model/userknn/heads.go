package userknn

import (
	"math"

	"marquee/embedder/vec"
	"marquee/recommender/model/itemknn/alike"
)

// heads are the people whom each movie meets where chosen movies are scored, 8 bytes each.
// A share is what the person adds to the cosine with a history of the movie alone, so
// that a sum of shares is all that is to be known of a person: one word of [vec.MeetAt].
type heads struct {
	starts []uint32 // [movies+1]
	places []uint32
	shares []float32
}

// packs reports whether a word holds what the movies compared bring.
func (m *Model) packs() bool {
	return m.c.Similarity == alike.Cosine && m.c.AskHistory > 0 && m.c.AskHistory <= vec.MostMeetings
}

// head makes the heads.
func (m *Model) head() *heads {
	p := m.people
	h := &heads{starts: make([]uint32, 1, len(p.starts))}
	for row := range uint32(m.Len()) {
		places, preferences := p.watchers(row, m.c.AskPeople)
		for i, place := range places {
			share := p.like[preferences[i]] / p.length[place]
			if !(share > 0 && share <= math.MaxFloat32) {
				share = 0 // a history of length 0
			}
			h.places, h.shares = append(h.places, place), append(h.shares, min(1, share))
		}
		h.starts = append(h.starts, uint32(len(h.places)))
	}
	return h
}

// factors returns by how much a cosine over so many movies in common counts.
func (m *Model) factors() (out [vec.MostMeetings + 1]float32) {
	for n := 1; n < len(out); n++ {
		out[n] = float32(float64(n) / (float64(n) + m.c.Shrink))
	}
	return out
}

// A crowd is the working memory of a comparison with the heads: 4 bytes a person.
type crowd struct {
	heads   *heads
	factors [vec.MostMeetings + 1]float32
	words   []vec.Word // by place; zeros between requests
	met     []uint32   // places
	similar []float32  // of who was met
	masks   []uint64   // a bit for each of them
	lists   [vec.MostMeetings]span
	says    [vec.MostMeetings]float32
}

func newCrowd(m *Model) *crowd {
	return &crowd{heads: m.heads(), factors: m.factors(), words: make([]vec.Word, len(m.people.spans))}
}

// meet leaves in met who watched any of the movies, and in similar how alike each is, and
// returns the most. All lists are under way before the first is read.
func (c *crowd) meet(movies []movie, like *[256]float32, fade float32) (most float32) {
	h := c.heads
	square, weight, room := 0.0, float32(1), 0
	for i, a := range movies {
		x := weight * like[a.preference]
		square += float64(x) * float64(x)
		weight *= fade
		c.says[i], c.lists[i] = x, span{h.starts[a.row], h.starts[a.row+1]}
	}
	lists := c.lists[:len(movies)]
	for _, at := range lists {
		vec.Fetch(h.places[at.from:at.to])
		vec.Fetch(h.shares[at.from:at.to])
		room += int(at.to - at.from)
	}
	if room = vec.MeetRoom(room); cap(c.met) < room {
		c.met = make([]uint32, room)
	}
	c.met = c.met[:room]
	unit, n := float32(0), 0
	if square > 0 {
		unit = float32(1 / math.Sqrt(square))
	}
	for i, at := range lists {
		n += vec.MeetAt(c.words, h.places[at.from:at.to], h.shares[at.from:at.to], c.met[n:], c.says[i]*unit)
	}
	c.met = c.met[:n]
	if cap(c.similar) < n {
		c.similar = make([]float32, n, room)
	}
	c.similar = c.similar[:n]
	return vec.TakeAt(c.words, c.met, c.similar, &c.factors)
}
