package neural

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// columns are the movies that everyone in a batch is compared on: all movies, or
// a draw of them.
type columns struct {
	movies []uint32  // ascending
	adjust []float32 // [len(movies)] added to their scores; nil adds nothing
	place  []int32   // [all movies] index in movies, or -1
}

func allColumns(movies int) *columns {
	c := &columns{movies: make([]uint32, movies), place: make([]int32, movies)}
	for m := range movies {
		c.movies[m], c.place[m] = uint32(m), int32(m)
	}
	return c
}

func noColumns(movies int) *columns {
	c := &columns{place: make([]int32, movies)}
	for m := range c.place {
		c.place[m] = -1
	}
	return c
}

// A drawer draws columns by watchers^Config.NegativePower.
type drawer struct {
	c        Config
	sums     []float64 // [movies] of the powers up to and including each
	total    float64
	possible int // movies that can be drawn
	drawn    []uint32
}

func newDrawer(watchers []uint32, c Config) *drawer {
	d := &drawer{c: c, sums: make([]float64, len(watchers)), drawn: make([]uint32, c.Negatives)}
	for m, n := range watchers {
		if n > 0 {
			d.total += math.Pow(float64(n), c.NegativePower)
			d.possible++
		}
		d.sums[m] = d.total
	}
	return d
}

// draw replaces what is in into by a draw of Config.Negatives, with replacement.
//
// With a correction of 1, a movie that was drawn k times of n, each time with
// probability q, stands for k/(n*q) movies like it, so that the sum of exp(score)
// is on average the sum over all movies that were watched (Bengio and Senécal,
// 2003). With 0 it stands for k/n of them all, as if they were drawn alike: those
// that are drawn often are pushed down more.
func (d *drawer) draw(rng *rand.Rand, into *columns) {
	for _, m := range into.movies {
		into.place[m] = -1
	}
	into.movies, into.adjust = into.movies[:0], into.adjust[:0]
	for i := range d.drawn {
		x := rng.Float64() * d.total
		d.drawn[i] = uint32(min(sort.Search(len(d.sums), func(m int) bool { return d.sums[m] > x }), len(d.sums)-1))
	}
	slices.Sort(d.drawn)
	for from := 0; from < len(d.drawn); {
		to := from + 1
		for to < len(d.drawn) && d.drawn[to] == d.drawn[from] {
			to++
		}
		into.place[d.drawn[from]] = int32(len(into.movies))
		into.movies = append(into.movies, d.drawn[from])
		into.adjust = append(into.adjust, d.adjust(d.drawn[from], to-from))
		from = to
	}
}

// adjust returns the logarithm of how many movies one stands for that was drawn
// times times.
func (d *drawer) adjust(m uint32, times int) float32 {
	power := d.sums[m]
	if m > 0 {
		power -= d.sums[m-1]
	}
	c := d.c.NegativeCorrection
	probability := c*math.Log(power/d.total) - (1-c)*math.Log(float64(d.possible))
	return float32(math.Log(float64(times)/float64(len(d.drawn))) - probability)
}
