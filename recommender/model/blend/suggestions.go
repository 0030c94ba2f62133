package blend

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"marquee/recommender/column"
	"marquee/recommender/model"
)

// Suggestions have, for each movie that somebody watched, the movies that suit who watched
// that one alone. It takes 4 bytes an entry: 7 MB for 27,000 movies of 64.
type suggestions struct {
	starts  []uint32 // [movies+1]; of movie i the entries starts[i] to starts[i+1]
	entries []uint32 // best first: the row in the upper 24 bits, what it scores in steps of 1/perUnit below
}

const (
	listed   = 64 // movies for each; see [Suggesting.Suggest] for what longer lists would find
	perUnit  = 32
	lowBits  = 8
	lowMask  = 1<<lowBits - 1
	mostRows = 1 << (32 - lowBits)
)

func pack(row uint32, score float32) uint32 {
	return row<<lowBits | uint32(min(lowMask, max(1, score*perUnit+0.5)))
}

// check returns an error that wraps [column.ErrBroken] unless t may be of so many
// movies.
func (t *suggestions) check(movies int) error {
	if len(t.starts) == 0 || len(t.starts)-1 > movies || t.starts[0] != 0 || int(t.starts[len(t.starts)-1]) != len(t.entries) || !slices.IsSorted(t.starts) {
		return fmt.Errorf("a table of suggestions for %d movies with %d entries does not fit %d movies: %w", len(t.starts)-1, len(t.entries), movies, column.ErrBroken)
	}
	for _, e := range t.entries {
		if int(e>>lowBits) >= movies || e&lowMask == 0 {
			return fmt.Errorf("suggestion %#x is no movie of %d with a score above 0: %w", e, movies, column.ErrBroken)
		}
	}
	return nil
}

// of returns the entries of a row; a movie that came later has none.
func (t *suggestions) of(row uint32) []uint32 {
	if uint64(row)+1 >= uint64(len(t.starts)) {
		return nil
	}
	return t.entries[t.starts[row]:t.starts[row+1]]
}

// Prepare implements [model.Preparer]: it returns a [Suggesting], whose table takes the
// time of as many [Model.Score] as movies were watched, on all processors. A model of
// which nobody watched anything, or of more than 16 million movies, is returned as it is.
func (m *Model) Prepare(ctx context.Context, progress model.Progress) (model.Model, error) {
	if !slices.Contains(m.watched, true) || m.trained > mostRows {
		return m, nil
	}
	t, err := m.suggestAll(ctx, progress)
	if err != nil {
		return nil, fmt.Errorf("suggestions: %w", err)
	}
	return suggesting(m, t), nil
}

// suggestAll makes the table. Each list is made by itself, so that the number of
// processors changes nothing.
func (m *Model) suggestAll(ctx context.Context, progress model.Progress) (*suggestions, error) {
	lists := make([][]uint32, m.trained)
	var next, done atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for worker := range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			scores, heap := make([]float32, m.Len()), make([]place, 0, listed)
			for {
				row := int(next.Add(1)) - 1
				if row >= m.trained {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				lists[row] = m.suggest(uint32(row), scores, heap)
				if n := int(done.Add(1)); worker == 0 {
					progress("suggestions", n, m.trained)
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	progress("suggestions", m.trained, m.trained)
	t := &suggestions{starts: make([]uint32, 1, m.trained+1)}
	for _, list := range lists {
		t.entries = append(t.entries, list...)
		t.starts = append(t.starts, uint32(len(t.entries)))
	}
	return t, nil
}

// suggest returns the list of a movie: nil of one that nobody watched.
func (m *Model) suggest(row uint32, scores []float32, heap []place) []uint32 {
	if !m.watched[row] || m.Score(model.Query{Seen: []model.Seen{{Movie: row, Share: 1, Shared: true, Days: 1}}}, scores) == model.None {
		return nil
	}
	heap = heap[:0]
	for at, v := range scores[:m.trained] {
		if v > 0 && !math.IsInf(float64(v), 1) && at != int(row) {
			heap = keep(heap, place{float64(v), at}, listed)
		}
	}
	out := make([]uint32, len(heap))
	for i, p := range heap {
		out[i] = pack(uint32(p.at), float32(p.score))
	}
	return out
}

// keep puts c into top, best first, ties by ascending row, if it is among the best n.
func keep(top []place, c place, n int) []place {
	if len(top) == n && !(c.score > top[n-1].score) {
		return top
	}
	i := len(top)
	if i < n {
		top = append(top, c)
	} else {
		i--
	}
	for ; i > 0 && c.score > top[i-1].score; i-- {
		top[i] = top[i-1]
	}
	top[i] = c
	return top
}
