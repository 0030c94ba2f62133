package userknn

import (
	"math"
	"slices"

	"marquee/recommender/model"
	"marquee/recommender/model/itemknn/alike"
)

// A scratch is the working memory of one request: 12 bytes a person, 52 for the
// measures over common movies. All of it but asked is zeros between requests.
type scratch struct {
	*Model
	asked   []movie
	dots    []dot        // for cosine
	pairs   []alike.Pair // for the others
	touched []uint32     // places that are not zero
	alike   []float32    // place -> similarity, while ratings are predicted
	best    alike.Nearest

	history, met int // newest movies compared and people met by each; 0 for all

	rows  []uint32  // of asked, for bias
	rated []float32 // likewise
}

// A movie is one of the history that asks.
type movie struct {
	row        uint32
	preference uint8 // in tenths
}

type dot struct {
	sum    float32
	common uint32
}

func newScratch(m *Model) *scratch {
	w := &scratch{Model: m, alike: make([]float32, len(m.people.spans)), history: m.c.History, met: m.c.People}
	if m.c.Similarity == alike.Cosine {
		w.dots = make([]dot, len(w.alike))
	} else {
		w.pairs = make([]alike.Pair, len(w.alike))
	}
	return w
}

// ask takes in the movies of q that the model knows.
func (w *scratch) ask(q model.Query) {
	w.asked = w.asked[:0]
	for _, s := range q.Seen {
		if int(s.Movie) < w.Len() {
			w.asked = append(w.asked, movie{s.Movie, model.PackPreference(s.Preference(w.scale))})
		}
	}
}

// compared returns the movies that are compared.
func (w *scratch) compared() []movie {
	if n := w.history; n > 0 && n < len(w.asked) {
		return w.asked[:n]
	}
	return w.asked
}

// nearest returns the K people most alike, by place, until the next call.
func (w *scratch) nearest() []alike.Near {
	w.best.Start(w.c.K)
	w.meet(func(place uint32, similarity float32) { w.best.Offer(place, similarity) })
	return w.best.Best()
}

// meet compares the history with those of the people who watched its movies, and
// calls found for each who is alike by more than 0.
func (w *scratch) meet(found func(place uint32, similarity float32)) {
	if w.c.Similarity == alike.Cosine {
		w.meetDots(found)
	} else {
		w.meetPairs(found)
	}
	w.touched = w.touched[:0]
}

func (w *scratch) meetDots(found func(place uint32, similarity float32)) {
	own := w.addDots()
	shrink := float32(w.c.Shrink)
	for _, place := range w.touched {
		d := w.dots[place]
		w.dots[place] = dot{}
		n := float32(d.common)
		if s := d.sum / (own * w.people.length[place]) * (n / (n + shrink)); s > 0 {
			found(place, s)
		}
	}
}

// addDots adds up the products of the history with those of the people who watched its
// movies, and returns its length. Whether a person was met before cannot be foreseen, so
// nothing branches on it.
func (w *scratch) addDots() (own float32) {
	p := w.people
	square, weight := 0.0, float32(1)
	for _, a := range w.compared() {
		x := weight * p.like[a.preference]
		square += float64(x) * float64(x)
		weight *= w.fade
		places, preferences := p.watchers(a.row, w.met)
		preferences = preferences[:len(places)]
		at := len(w.touched)
		touched := slices.Grow(w.touched, len(places))[:at+len(places)]
		for i, place := range places {
			d := &w.dots[place]
			touched[at] = place
			at += int((d.common - 1) >> 31) // 1 for nothing in common
			d.sum += x * p.like[preferences[i]]
			d.common++
		}
		w.touched = touched[:at]
	}
	return float32(math.Sqrt(square))
}

func (w *scratch) meetPairs(found func(place uint32, similarity float32)) {
	own := w.bias()
	for _, a := range w.compared() {
		level := w.level(a.row)
		x := float64(w.people.value[a.preference]) - level - own
		places, preferences := w.people.watchers(a.row, w.met)
		for i, place := range places {
			if w.pairs[place].N == 0 {
				w.touched = append(w.touched, place)
			}
			y := float64(w.people.value[preferences[i]]) - level
			if w.people.bias != nil {
				y -= float64(w.people.bias[place])
			}
			w.pairs[place].Add(x, y)
		}
	}
	for _, place := range w.touched {
		pair := w.pairs[place]
		w.pairs[place] = alike.Pair{}
		if s := float32(pair.Alike(w.c.Similarity, w.c.Shrink)); s > 0 {
			found(place, s)
		}
	}
}

// level returns what the measure takes off the ratings of a movie.
func (w *scratch) level(row uint32) float64 {
	if w.c.Similarity != alike.Baseline {
		return 0
	}
	return w.biases.Mean + float64(w.biases.Movie[row])
}

// bias returns what the measure takes off the ratings of the history that asks.
func (w *scratch) bias() float64 {
	if w.c.Similarity != alike.Baseline {
		return 0
	}
	w.rows, w.rated = w.rows[:0], w.rated[:0]
	for _, a := range w.asked {
		w.rows, w.rated = append(w.rows, a.row), append(w.rated, w.people.value[a.preference])
	}
	return w.biases.Person(w.rows, w.rated)
}
