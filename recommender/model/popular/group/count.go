package group

import (
	"context"
	"fmt"
	"math"
	"slices"

	"marquee/recommender/model"
)

// New counts d. It takes time proportional to seven times its rows, and to groups
// times movies. An error is ctx's own.
func New(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Stats, error) {
	if len(d.Seen) == 0 {
		return nil, fmt.Errorf("count people: %w", model.ErrData)
	}
	n := newCounter(d, c)
	everyone := make([]int, len(d.Users))
	for i := range everyone {
		everyone[i] = i
	}
	n.count(everyone)
	s := &Stats{scale: d.Scale, groups: make(map[key]*cells)}
	root := n.root(s)
	members := membership(d, c)
	for k := range members {
		s.keys = append(s.keys, k)
	}
	slices.SortFunc(s.keys, compareKeys)
	expected := map[key]expectation{{}: root}
	for i, k := range s.keys {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n.count(members[k])
		from := k.larger()
		for from != (key{}) && members[from] == nil {
			from = from.larger() // too few people
		}
		e, own := n.group(expected[from])
		s.groups[k] = own
		if k.occupation == "" {
			expected[k] = e // no group leans on one with an occupation
		}
		progress("count groups", i+1, len(s.keys))
	}
	return s.arrange(), nil
}

// membership returns the people of each group that is kept, ascending.
func membership(d *model.Data, c Config) map[key][]int {
	members := make(map[key][]int)
	for i, u := range d.Users {
		if d.Starts[i] == d.Starts[i+1] {
			continue
		}
		for _, k := range keyOf(u).all() {
			members[k] = append(members[k], i)
		}
	}
	for k, m := range members {
		if len(m) < c.GroupPeople {
			delete(members, k)
		}
	}
	return members
}

// An expectation is what people of a group are thought to do, by movie: those that
// lean on it start there.
type expectation struct {
	shares []float64 // of the group's watches
	means  []float64 // of ratings
}

// A counter counts the watches of some people.
type counter struct {
	d      *model.Data
	c      Config
	newest int64
	start  float64 // decayed watches that a group starts from
	total  float64 // decayed watches of everyone

	watches []float64 // movie -> decayed
	people  []int32
	sums    []float64 // of ratings
	ratings []float64
	all     float64 // decayed watches
}

func newCounter(d *model.Data, c Config) *counter {
	movies := len(d.Movies)
	n := &counter{
		d: d, c: c, newest: math.MinInt64,
		watches: make([]float64, movies), people: make([]int32, movies), sums: make([]float64, movies), ratings: make([]float64, movies),
	}
	for _, s := range d.Seen {
		n.newest = max(n.newest, s.At)
	}
	return n
}

// weight returns what a watch counts, above 0 but for the very oldest.
func (n *counter) weight(s model.Seen) float64 {
	w := 1.0
	if n.c.HalfLife > 0 {
		days := float64(n.newest-s.At) / (24 * 3600 * 1e6)
		w = math.Exp2(-days / n.c.HalfLife)
	}
	if n.c.Liking > 0 {
		w *= math.Pow(s.Preference(n.d.Scale)/5, n.c.Liking)
	}
	return w
}

func (n *counter) count(people []int) {
	clear(n.watches)
	clear(n.people)
	clear(n.sums)
	clear(n.ratings)
	n.all = 0
	for _, i := range people {
		for _, s := range n.d.Of(i) {
			w := n.weight(s)
			n.watches[s.Movie] += w
			n.people[s.Movie]++
			n.all += w
			if s.Rated {
				n.sums[s.Movie] += float64(s.Rating)
				n.ratings[s.Movie]++
			}
		}
	}
}

// root fills in what is said of everyone, who were counted. Of a movie that too few
// watched or rated for it to be told, it says how many watched it, as if these were
// watches like any other, and gives it the mean of all that too few rated, or nobody.
func (n *counter) root(s *Stats) expectation {
	movies := len(n.watches)
	n.total = n.all
	n.start = n.c.Lean * n.all / float64(len(n.d.Users))
	sum, count, people := 0.0, 0.0, 0.0
	for i := range movies {
		sum += n.sums[i]
		count += n.ratings[i]
		people += float64(n.people[i])
	}
	mean := n.d.Scale.From5(3)
	if count > 0 {
		mean = sum / count
	}
	s.mean = float32(mean)
	few := n.few(mean)
	e := expectation{make([]float64, movies), make([]float64, movies)}
	s.scores, s.means = make([]float32, movies), make([]float32, movies)
	for i := range movies {
		e.shares[i] = n.watches[i] / n.all
		if int(n.people[i]) < n.c.CellPeople {
			e.shares[i] = float64(n.people[i]) / people
		}
		e.means[i] = few
		if int(n.ratings[i]) >= n.c.CellPeople {
			e.means[i] = lean(n.sums[i], n.ratings[i], mean, n.c.RatingPrior)
		}
		s.scores[i], s.means[i] = score(e.shares[i], n.total), float32(e.means[i])
	}
	return e
}

// few returns the mean rating of the movies that too few people rated for each to be
// told, all together: such movies are rated lower than others, by 0.3 stars on
// ml-latest-small. Where too few people rated any of them, it is mean, that of all.
func (n *counter) few(mean float64) float64 {
	sum, count, people := 0.0, 0.0, 0
	for i := range n.d.Users {
		before := count
		for _, s := range n.d.Of(i) {
			if s.Rated && int(n.ratings[s.Movie]) < n.c.CellPeople {
				sum += float64(s.Rating)
				count++
			}
		}
		if count > before {
			people++
		}
	}
	if people < n.c.CellPeople {
		return mean
	}
	return lean(sum, count, mean, n.c.RatingPrior)
}

// lean returns the mean of count values that starts from prior values at expected.
func lean(sum, count, expected, prior float64) float64 {
	if count+prior == 0 {
		return expected
	}
	return (sum + prior*expected) / (count + prior)
}

// group returns what the people who were counted are thought to do, and where that
// differs from what larger, the next larger group, is thought to do.
//
// Of a movie that fewer of them watched than may be told, the larger group's
// share stands for the count, though never more than could be hidden so.
func (n *counter) group(larger expectation) (expectation, *cells) {
	e := expectation{slices.Clone(larger.shares), slices.Clone(larger.means)}
	c := &cells{}
	for i, expected := range larger.shares {
		watches := n.watches[i]
		if told := int(n.people[i]) >= n.c.CellPeople; !told {
			watches = expected * n.all
			if most := float64(n.c.CellPeople - 1); watches > most {
				watches = most
			} else {
				continue
			}
		} else if int(n.ratings[i]) >= n.c.CellPeople {
			e.means[i] = lean(n.sums[i], n.ratings[i], larger.means[i], n.c.RatingPrior)
		}
		if n.all+n.start > 0 {
			e.shares[i] = (watches + n.start*expected) / (n.all + n.start)
		}
		c.rows = append(c.rows, uint32(i))
		c.scores = append(c.scores, score(e.shares[i], n.total))
		c.means = append(c.means, float32(e.means[i]))
	}
	return e, c
}
