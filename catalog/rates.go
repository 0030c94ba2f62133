package catalog

import "time"

// A ListHour says how many people got lists that a bundle made within one hour. Whoever
// came back in another hour counts there again.
type ListHour struct {
	Hour   time.Time `json:"hour"` // when it began, UTC
	Bundle string    `json:"bundle"`
	People int       `json:"people"` // each once
	Lists  int       `json:"lists"`
}

// A MovieHour says how many of those people had a movie in a list.
type MovieHour struct {
	Hour   time.Time `json:"hour"` // when it began, UTC
	Bundle string    `json:"bundle"`
	Movie  MovieID   `json:"movie"`
	People int       `json:"people"` // each once
	Of     int       `json:"of"`     // people who got any list of the bundle in that hour
}

// Share returns the share of the hour's people who had the movie in a list; 0 if nobody
// got a list.
func (m MovieHour) Share() float64 {
	if m.Of == 0 {
		return 0
	}
	return float64(m.People) / float64(m.Of)
}
