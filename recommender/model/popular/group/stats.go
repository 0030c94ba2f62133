package group

import (
	"math"

	"marquee/catalog"
	"marquee/recommender/model"
)

// Stats are the counts of everyone and of groups. Nothing writes to them once
// they are made.
type Stats struct {
	scale  catalog.Scale
	scores []float32 // [movies], of everyone: the logarithm of 1 plus the decayed watches; 0 if nobody watched it
	means  []float32 // [movies], of everyone, within the scale
	mean   float32   // of all ratings, else the middle of the scale
	groups map[key]*cells
	keys   []key // of groups, larger ones first

	column   []float32 // scores, and behind them those of each group
	everyone Asked
}

// cells are what a group has otherwise than the next larger one.
type cells struct {
	rows   []uint32 // ascending
	scores []float32
	means  []float32

	index index
	first uint32 // place of scores[0] in the column
	asked Asked  // what is said to those of the group
}

// Len returns the number of movies.
func (s *Stats) Len() int { return len(s.scores) }

// Groups returns how many groups are kept.
func (s *Stats) Groups() int { return len(s.keys) }

// chain returns the groups that are kept and that someone of k is in, largest first, at
// most three.
func (s *Stats) chain(k key, dst *[3]*cells) []*cells {
	n := len(dst)
	for ; k != (key{}); k = k.larger() {
		if c, kept := s.groups[k]; kept {
			n--
			dst[n] = c
		}
	}
	return dst[n:]
}

// Score writes to scores, [Len], how much those like u watch each movie, and
// says whether they are a group or everyone. A movie that nobody watched gets 0,
// and so stands last. Scores of all groups are on one scale: the logarithm of 1
// plus the watches there would be if everyone were as the group.
func (s *Stats) Score(u catalog.User, scores []float32) model.Basis {
	copy(scores, s.scores)
	var buf [3]*cells
	basis := model.Everyone
	for _, c := range s.chain(keyOf(u), &buf) {
		basis = model.Group
		for i, row := range c.rows {
			scores[row] = c.scores[i]
		}
	}
	return basis
}

// Predict writes to ratings, [len(movies)], the mean that those like u give each
// movie, and the mean of all ratings for a row that is not in s.
func (s *Stats) Predict(u catalog.User, movies []uint32, ratings []float32) {
	var buf [3]*cells
	chain := s.chain(keyOf(u), &buf)
	for i, movie := range movies {
		ratings[i] = s.expect(chain, movie)
	}
}

// nowhere is no place of a column.
const nowhere = math.MaxUint32

func (s *Stats) expect(chain []*cells, movie uint32) float32 {
	if int(movie) >= s.Len() {
		return s.mean
	}
	for i := len(chain) - 1; i >= 0; i-- {
		c := chain[i]
		if at := c.index.find(movie, nowhere); at != nowhere {
			return c.means[at-c.first]
		}
	}
	return s.means[movie]
}

// score returns the score of a share of watches.
func score(share, watches float64) float32 { return float32(math.Log1p(share * watches)) }
