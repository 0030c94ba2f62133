package rank

import (
	"math"
	"slices"

	"marquee/catalog"
	"marquee/recommender/model"
)

// A Watched is a movie of a history, by its row.
type Watched struct {
	Row        uint32
	Preference uint8 // 10 times [model.Preference], 10 to 50
}

// A Taste is a history as a snapshot sees it, newest first.
type Taste struct {
	Watched []Watched    // of movies that the bundle knows
	Seen    []model.Seen // the same, with all that models may ask
	Unknown int          // watched movies that it does not know, or that left the catalog

	// Anchors stand for a taste that is known otherwise, such as by what a person wrote of
	// it: they speak as if they had been watched and liked, by [AnchorPreference], and may be
	// listed all the same. None of them is among Watched. Seen holds them too, behind what
	// was watched.
	Anchors []uint32
}

// AnchorPreference is how much an anchor was liked, in tenths.
const AnchorPreference = 40

// Resolve returns seen, newest first, by the rows of m. A movie that left the catalog
// says nothing of a taste, as after the next build.
func (m *Movies) Resolve(seen []catalog.Seen, scale catalog.Scale) Taste {
	t := Taste{Watched: make([]Watched, 0, len(seen)), Seen: make([]model.Seen, 0, len(seen))}
	for _, s := range seen {
		row, ok := m.Row(s.Movie)
		if !ok || m.IsGone(row) {
			t.Unknown++
			continue
		}
		packed := model.Pack(s, row)
		t.Watched = append(t.Watched, Watched{Row: row, Preference: model.PackPreference(packed.Preference(scale))})
		t.Seen = append(t.Seen, packed)
	}
	return t
}

// Present returns t without the movies that left the catalog since it was made.
func (m *Movies) Present(t Taste) Taste {
	if !slices.ContainsFunc(t.Watched, func(w Watched) bool { return m.IsGone(w.Row) }) {
		return t
	}
	there := Taste{Unknown: t.Unknown}
	for _, w := range t.Watched {
		if m.IsGone(w.Row) {
			there.Unknown++
		} else {
			there.Watched = append(there.Watched, w)
		}
	}
	for _, s := range t.Seen {
		if !m.IsGone(s.Movie) {
			there.Seen = append(there.Seen, s)
		}
	}
	return there
}

// say returns the weight of each watched movie, by its preference and its place
// counted from the newest.
type say struct {
	byPreference [51]float32
	decay        float64 // of each place
}

func newSay(c Config) say {
	var s say
	for i := range s.byPreference {
		s.byPreference[i] = float32(math.Pow(float64(i)/50, c.Preference))
	}
	s.decay = 1
	if c.Recency > 0 {
		s.decay = math.Exp2(-1 / c.Recency)
	}
	return s
}
