package group

import (
	"math/bits"

	"marquee/catalog"
	"marquee/recommender/model"
)

// An index finds where the score of a row stands, for 64 rows a word.
type index []word

// A word has a bit for each of 64 rows that are there, and the place of the first of them.
type word struct {
	bits  uint64
	first uint32
}

// newIndex returns the index of rows, whose places follow one another from first.
func newIndex(rows []uint32, movies int, first uint32) index {
	x := make(index, (movies+63)/64)
	for _, row := range rows {
		x[row/64].bits |= 1 << (row % 64)
	}
	for i := range x {
		x[i].first = first
		first += uint32(bits.OnesCount64(x[i].bits))
	}
	return x
}

// find returns the place of row, and or if it is not there. Which of the two cannot be
// foreseen, so nothing branches on it.
func (x index) find(row, or uint32) uint32 {
	w, bit := x[row/64], uint64(1)<<(row%64)
	at := w.first + uint32(bits.OnesCount64(w.bits&(bit-1)))
	if w.bits&bit == 0 {
		at = or
	}
	return at
}

// arrange makes what follows from the groups: one column of all scores, where those of
// each group stand in it, and what they amount to. It takes time proportional to the
// cells.
func (s *Stats) arrange() *Stats {
	moments := model.Moments{N: float64(len(s.scores))}
	for _, v := range s.scores {
		moments.Sum += float64(v)
		moments.Squares += float64(v) * float64(v)
	}
	s.everyone = Asked{stats: s, moments: moments}
	all := len(s.scores)
	for _, c := range s.groups {
		all += len(c.rows)
	}
	s.column = append(make([]float32, 0, all), s.scores...)
	for _, k := range s.keys { // larger ones first
		c := s.groups[k]
		c.first = uint32(len(s.column))
		c.index = newIndex(c.rows, s.Len(), c.first)
		c.asked = s.asked(k.larger())
		for i, row := range c.rows {
			old, v := float64(c.asked.score(row)), float64(c.scores[i])
			c.asked.moments.Sum += v - old
			c.asked.moments.Squares += v*v - old*old
		}
		c.asked.groups[c.asked.n] = c.index
		c.asked.n++
		s.column = append(s.column, c.scores...)
		c.scores = s.column[len(s.column)-len(c.scores):]
	}
	s.scores = s.column[:len(s.scores):len(s.scores)]
	return s
}

// An Asked says what those like one person watch, movie by movie.
type Asked struct {
	stats   *Stats
	groups  [3]index // largest first
	n       int
	moments model.Moments
}

// Ask returns what those like u watch, on the basis that [Stats.Score] has.
func (s *Stats) Ask(u catalog.User) (Asked, model.Basis) {
	a := s.asked(keyOf(u))
	if a.n > 0 {
		return a, model.Group
	}
	return a, model.Everyone
}

// asked returns what the smallest group says that is kept and that someone of k is in.
func (s *Stats) asked(k key) Asked {
	for ; k != (key{}); k = k.larger() {
		if c, kept := s.groups[k]; kept {
			return c.asked
		}
	}
	return s.everyone
}

func (a *Asked) score(row uint32) float32 {
	at := row
	for _, x := range a.groups[:a.n] {
		at = x.find(row, at)
	}
	return a.stats.column[at]
}

// block is how many rows are looked up at once: what is read for them lies anywhere, and
// nothing of it waits for another.
const block = 64

// ScoreRows writes to scores, [len(rows)], what [Stats.Score] writes for these rows.
func (a *Asked) ScoreRows(rows []uint32, scores []float32) {
	var places [block]uint32
	column := a.stats.column
	for from := 0; from < len(rows); from += block {
		rows := rows[from:min(from+block, len(rows))]
		scores, at := scores[from:][:len(rows)], places[:len(rows)]
		copy(at, rows)
		for _, x := range a.groups[:a.n] {
			for i, row := range rows {
				at[i] = x.find(row, at[i])
			}
		}
		for i, place := range at {
			scores[i] = column[place]
		}
	}
}

// Moments returns those of all scores.
func (a *Asked) Moments() model.Moments { return a.moments }
