package rank

import (
	"math"

	"marquee/catalog"
)

// Preference returns what one watched movie says of a person's taste, 1 to 5: the
// rating where there is one, else what the share watched tells (under a fifth 1,
// under a half 3, under seven tenths 4, else 5), else the middle, 3.
func Preference(s catalog.Seen, scale catalog.Scale) float64 {
	switch {
	case s.Rated:
		return scale.Of5(s.Rating)
	case !s.Shared:
		return 3
	case s.Share < 0.2:
		return 1
	case s.Share < 0.5:
		return 3
	case s.Share < 0.7:
		return 4
	}
	return 5
}

// A Watched is a movie of a history, by its row.
type Watched struct {
	Row        uint32
	Preference uint8 // 10 times Preference, 10 to 50
}

// A Taste is a history as a snapshot sees it, newest first.
type Taste struct {
	Watched []Watched // of movies that the bundle knows
	Unknown int       // watched movies that it does not know
}

// Resolve returns seen, newest first, by the rows of m.
func (m *Movies) Resolve(seen []catalog.Seen, scale catalog.Scale) Taste {
	t := Taste{Watched: make([]Watched, 0, len(seen))}
	for _, s := range seen {
		row, ok := m.Row(s.Movie)
		if !ok {
			t.Unknown++
			continue
		}
		t.Watched = append(t.Watched, Watched{Row: row, Preference: PackPreference(Preference(s, scale))})
	}
	return t
}

// PackPreference returns p, 1 to 5, in tenths.
func PackPreference(p float64) uint8 { return uint8(math.Round(10 * min(5, max(1, p)))) }

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
