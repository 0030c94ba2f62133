package history

import (
	"hash/maphash"
	"slices"
	"time"
	"unique"

	"marquee/catalog"
)

// Showed notes that movies were shown to u. Of each person the Config.Shown movies that
// were shown last are remembered, each until it is watched, until it was not shown for
// Config.ShownDays, or until the person falls out of the cache. Nothing is read from the
// store, so what was shown before the start of the process, or by another, does not
// count. It does nothing unless Config.Shown is above 0. BenchmarkShowed has the time; a
// movie takes 24 bytes.
func (c *Cache) Showed(u catalog.UserID, movies []catalog.MovieID, at time.Time) {
	if c.cfg.Shown < 1 || len(movies) == 0 {
		return
	}
	s := c.of(u)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[u]; e != nil {
		e.Shown = c.showAgain(e.Shown, movies, int32(at.Unix()/(24*60*60)))
	}
}

// showAgain returns movies that are shown on a day, and behind them what was shown before.
// It makes a new list, since others may be reading the one before.
func (c *Cache) showAgain(before []catalog.Shown, movies []catalog.MovieID, day int32) []catalog.Shown {
	movies = movies[:min(len(movies), c.cfg.Shown)]
	out := make([]catalog.Shown, 0, min(c.cfg.Shown, len(movies)+len(before)))
	var places places
	for i, old := range before {
		places.add(old.Movie, i)
	}
	var again [maxShown]bool
	for _, m := range movies {
		now := catalog.Shown{Movie: m, Times: 1, Day: day}
		if i := places.of(before, m); i >= 0 {
			again[i] = true
			now.Movie, now.Times = before[i].Movie, before[i].Times+min(1, 255-before[i].Times)
		} else { // a copy: the caller's id may be a piece of something large
			now.Movie = catalog.MovieID(unique.Make(string(m)).Value())
		}
		out = append(out, now)
	}
	for i, old := range before {
		if len(out) == c.cfg.Shown {
			break
		}
		if !again[i] && int(day-old.Day) <= c.cfg.ShownDays {
			out = append(out, old)
		}
	}
	return out
}

// places finds movies in a list of at most maxShown by a hash: place plus 1, from the slot
// of the hash on. It takes no allocation.
type places [256]uint8

var placesSeed = maphash.MakeSeed()

func (p *places) add(m catalog.MovieID, place int) {
	slot := uint8(maphash.String(placesSeed, string(m)))
	for p[slot] != 0 {
		slot++ // wraps
	}
	p[slot] = uint8(place + 1)
}

// of returns the place of m in the list, or -1.
func (p *places) of(in []catalog.Shown, m catalog.MovieID) int {
	for slot := uint8(maphash.String(placesSeed, string(m))); p[slot] != 0; slot++ {
		if i := int(p[slot]) - 1; in[i].Movie == m {
			return i
		}
	}
	return -1
}

// unseen returns shown without the movies of a history.
func unseen(shown []catalog.Shown, seen []catalog.Seen) []catalog.Shown {
	if len(shown) == 0 {
		return nil
	}
	left := make(map[catalog.MovieID]bool, len(shown))
	for _, s := range shown {
		left[s.Movie] = true
	}
	for _, s := range seen {
		delete(left, s.Movie)
	}
	return slices.DeleteFunc(slices.Clone(shown), func(s catalog.Shown) bool { return !left[s.Movie] })
}
