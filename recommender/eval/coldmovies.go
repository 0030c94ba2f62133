package eval

import (
	"fmt"

	"marquee/catalog"
)

// ColdMovies holds out movies whole, as if they were new: of a random share of
// the movies with watchers or more, rounded down but at least one, everything
// goes to the truth, and they alone compete for the lists. So it judges what a
// model makes of a movie that nobody has watched yet. Which movies are drawn
// depends on the seed and their ids. The share must lie between 0 and 1, both
// excluded, and watchers must be 1 or more; two movies or more must have so many.
// Else the error wraps [catalog.ErrInvalid] or [ErrSplit].
//
// Its Inner holds out the same share of the movies that are left.
func ColdMovies(d *Data, share float64, watchers int, seed uint64) (*Split, error) {
	if !(share > 0 && share < 1) || watchers < 1 {
		return nil, fmt.Errorf("share to hold out is %v of movies with %d watchers, want more than 0 and less than 1, of 1 or more: %w", share, watchers, catalog.ErrInvalid)
	}
	s := coldMovies(d, share, watchers, seed)
	if len(s.shared()) == 0 {
		return nil, fmt.Errorf("fewer than two movies have %d watchers, so none is held out; ask for fewer watchers or read more events: %w", watchers, ErrSplit)
	}
	return s, nil
}

func coldMovies(d *Data, share float64, watchers int, seed uint64) *Split {
	var all []ballot
	for row, n := range d.Watchers() {
		if n >= watchers {
			all = append(all, ballot{lot: lot(seed, "", string(d.Movies[row])), placed: row})
		}
	}
	cold := make([]bool, len(d.Movies))
	for _, b := range firstOf(all, heldOut(len(all), share)) {
		cold[b.placed] = true
	}
	s := cut(d, func(u UserHistory, held []bool) {
		for i, x := range u.Seen {
			held[i] = cold[x.Movie]
		}
	})
	candidates := []uint32{}
	for row, held := range cold {
		if held {
			candidates = append(candidates, uint32(row))
		}
	}
	s.Candidates = make([][]uint32, len(s.Truth))
	for i := range s.Candidates {
		s.Candidates[i] = candidates
	}
	s.Protocol = fmt.Sprintf("%d movies held out whole (%.4g%% of those with %s or more), seed %d", len(candidates), 100*share, plural(watchers, "watcher"), seed)
	s.Warnings = append(s.Warnings, fmt.Sprintf("only the %s that nobody had watched compete: not to be compared with other protocols", plural(len(candidates), "movie")))
	s.again = func(d *Data) *Split { return coldMovies(d, share, watchers, seed) }
	return s
}

// shared returns the candidates of the first person.
func (s *Split) shared() []uint32 {
	if len(s.Candidates) == 0 {
		return nil
	}
	return s.Candidates[0]
}
