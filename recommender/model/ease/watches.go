package ease

import (
	"cmp"
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/recommender/model"
)

// watches is X by person and by movie. Movies are counted from 0 among those
// that take part.
type watches struct {
	rows    []uint32  // movie -> row of the catalog, ascending
	count   []float64 // movie -> people who watched it
	starts  []int     // [people+1]: of person u the entries starts[u] to starts[u+1]
	movies  []uint16  // ascending within a person
	values  []float32 // of X; nil where all are 1
	columns []int     // [movies+1]: of movie i the entries columns[i] to columns[i+1]
	people  []uint32  // ascending within a movie
}

// newWatches takes the most watched movies of d, ties by row.
func newWatches(d *model.Data, c Config) *watches {
	index, w := choose(d, c.Movies)
	w.starts = []int{0}
	for u := range d.Users {
		from := len(w.movies)
		for _, s := range d.Of(u) {
			if i := index[s.Movie]; i >= 0 {
				w.movies = append(w.movies, uint16(i))
			}
		}
		slices.Sort(w.movies[from:])
		w.starts = append(w.starts, len(w.movies))
		if c.Preference == 0 {
			continue
		}
		w.values = append(w.values, make([]float32, len(w.movies)-from)...)
		for _, s := range d.Of(u) {
			if i := index[s.Movie]; i >= 0 {
				at, _ := slices.BinarySearch(w.movies[from:], uint16(i))
				w.values[from+at] = value(s, d.Scale, c.Preference)
			}
		}
	}
	w.transpose()
	return w
}

// choose returns where each row of d stands among the movies that take part, or
// -1.
func choose(d *model.Data, most int) (index []int32, w *watches) {
	watchers := d.Watchers()
	w = &watches{}
	for row, n := range watchers {
		if n > 0 {
			w.rows = append(w.rows, uint32(row))
		}
	}
	if len(w.rows) > most {
		slices.SortFunc(w.rows, func(a, b uint32) int { return cmp.Or(cmp.Compare(watchers[b], watchers[a]), cmp.Compare(a, b)) })
		w.rows = w.rows[:most]
		slices.Sort(w.rows)
	}
	for _, row := range w.rows {
		w.count = append(w.count, float64(watchers[row]))
	}
	return indexOf(w.rows, len(d.Movies)), w
}

func indexOf(rows []uint32, movies int) []int32 {
	index := slices.Repeat([]int32{-1}, movies)
	for i, row := range rows {
		index[row] = int32(i)
	}
	return index
}

// value is the entry of X of one watched movie.
func value(s model.Seen, scale catalog.Scale, preference float64) float32 {
	if preference == 0 {
		return 1
	}
	return float32(1 + preference*(s.Preference(scale)-3)/2)
}

// transpose makes columns and people of starts and movies.
func (w *watches) transpose() {
	w.columns = make([]int, len(w.rows)+1)
	for _, i := range w.movies {
		w.columns[i+1]++
	}
	for i := range w.rows {
		w.columns[i+1] += w.columns[i]
	}
	w.people = make([]uint32, len(w.movies))
	next := slices.Clone(w.columns)
	for u := range len(w.starts) - 1 {
		for _, i := range w.movies[w.starts[u]:w.starts[u+1]] {
			w.people[next[i]] = uint32(u)
			next[i]++
		}
	}
}

// of returns what person u watched, and the values, nil if all are 1.
func (w *watches) of(u int) (movies []uint16, values []float32) {
	from, to := w.starts[u], w.starts[u+1]
	if w.values == nil {
		return w.movies[from:to], nil
	}
	return w.movies[from:to], w.values[from:to]
}

// gram returns the lower triangle of X'X, [n x n], whose other values mean
// nothing. Each row is summed in float64, person by person, whichever goroutine
// does it; counts are exact up to 2^24.
func (w *watches) gram(ctx context.Context, progress func(done, total int)) ([]float32, error) {
	n := len(w.rows)
	g := make([]float32, n*n)
	err := shareRows(ctx, n, progress, func() func(i int) {
		sums := make([]float64, n)
		return func(i int) {
			clear(sums[:i+1])
			for _, u := range w.people[w.columns[i]:w.columns[i+1]] {
				w.addPerson(sums, int(u), uint16(i))
			}
			for j, v := range sums[:i+1] {
				g[i*n+j] = float32(v)
			}
		}
	})
	return g, err
}

// addPerson adds to sums the products of movie i with those up to i that u
// watched.
func (w *watches) addPerson(sums []float64, u int, i uint16) {
	movies, values := w.of(u)
	if values == nil {
		for _, j := range movies {
			if j > i {
				return
			}
			sums[j]++
		}
		return
	}
	at, _ := slices.BinarySearch(movies, i)
	v := float64(values[at])
	for k, j := range movies[:at+1] {
		sums[j] += v * float64(values[k])
	}
}

// mulGram writes to y the product of X'X with x.
func (w *watches) mulGram(y, x []float64) {
	clear(y)
	for u := range len(w.starts) - 1 {
		movies, values := w.of(u)
		sum := 0.0
		for k, i := range movies {
			if values == nil {
				sum += x[i]
			} else {
				sum += x[i] * float64(values[k])
			}
		}
		for k, i := range movies {
			if values == nil {
				y[i] += sum
			} else {
				y[i] += sum * float64(values[k])
			}
		}
	}
}

// rowBlock is the number of rows that a goroutine takes at a time.
const rowBlock = 32

// shareRows runs a func of worker for the rows 0 to n-1; worker is called once a
// goroutine. Blocks are of one width, and rows do not depend on one another.
func shareRows(ctx context.Context, n int, progress func(done, total int), worker func() func(row int)) error {
	group, ctx := errgroup.WithContext(ctx)
	blocks := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			row := worker()
			for from := range blocks {
				for i := from; i < min(n, from+rowBlock); i++ {
					row(i)
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(blocks)
		for from := 0; from < n; from += rowBlock {
			select {
			case blocks <- from:
				progress(from, n)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		progress(n, n)
		return nil
	})
	return group.Wait()
}
