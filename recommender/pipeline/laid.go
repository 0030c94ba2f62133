package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/overlay"
)

// A laying is a bundle with changes laid over it in memory.
type laying struct {
	before, after *overlay.State
	rows          []uint32 // of movies whose vector is another, ascending
	around        []uint32 // rows that were or are nearest to those, and to movies that left
}

// lay lays movies that came and that left over b.
func (r Reindex) lay(ctx context.Context, b *bundle.Bundle, added []overlay.Added, removed []catalog.MovieID) (*laying, error) {
	before, err := b.State()
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", b.Manifest.ID, err)
	}
	after, err := before.With(ctx, added)
	if err == nil {
		after, err = after.Without(ctx, removed)
	}
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", b.Manifest.ID, err)
	}
	l := &laying{before: before, after: after}
	for _, a := range added {
		row, _ := after.Snapshot.Movies.Row(a.Movie.ID)
		if int(row) >= before.Snapshot.Movies.Len() || !slices.Equal(before.Vector(row), after.Vector(row)) {
			l.rows = append(l.rows, row)
		}
	}
	slices.Sort(l.rows)
	for _, id := range removed {
		if row, known := before.Snapshot.Movies.Row(id); known {
			l.near(before, row)
		}
	}
	for _, row := range l.rows {
		l.near(before, row)
		l.near(after, row)
	}
	return l, nil
}

// near adds the neighbours of a row in s to those around.
func (l *laying) near(s *overlay.State, row uint32) {
	for _, n := range s.Neighbours(row) {
		l.around = append(l.around, n.Row)
	}
}

// What is asked of an index after a patch: movies that came later, with those around them,
// and with others drawn by lot. So many there are in all that one miss of one movie is
// not below a floor.
const (
	askLater  = 100
	askAround = 150
	askAll    = 200
)

// measure returns what the index finds for the movies that came later, those around them
// and others; nil if nothing can be lost. The true neighbours are those of the
// neighbour table, which is exact. An index elsewhere that cannot be reached, or no longer
// has the vectors, leaves it unmeasured: nil; log is told why.
func (l *laying) measure(ctx context.Context, m bundle.Manifest, log *slog.Logger) (*indexer.Measured, error) {
	built := m.Index.Measured
	if len(l.rows)+len(l.around) == 0 && m.Later != nil {
		return m.Later.Measured, nil
	}
	if l.after.Index == nil || len(l.rows)+len(l.around) == 0 || built.K < 1 || built.MovieQueries+built.ProfileQueries == 0 {
		return nil, nil
	}
	index := indexer.Patiently(l.after.Index)
	queries := l.queries(m.Seed)
	found, wanted := make([]int, len(queries)), make([]int, len(queries))
	g, limited := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, row := range queries {
		g.Go(func() error {
			truth := l.after.Neighbours(row)
			truth = truth[:min(len(truth), built.K)]
			if len(truth) == 0 {
				return nil
			}
			hits, err := index.Search(limited, l.after.Vector(row), len(truth), func(r uint32) bool { return r != row })
			found[i], wanted[i] = indexer.Found(hits, truth), len(truth)
			return err
		})
	}
	switch err := g.Wait(); {
	case err != nil && ctx.Err() == nil && outOfReach(err):
		log.Warn("what the index finds with what came later was not measured", "index", built.Backend, "error", err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	out := &indexer.Measured{Backend: built.Backend, K: built.K, Movies: 1, Profiles: 1, Floor: built.Floor, Effort: built.Effort}
	total, all := 0, 0
	for i := range queries {
		if wanted[i] > 0 {
			out.MovieQueries++
		}
		total, all = total+found[i], all+wanted[i]
	}
	if all > 0 {
		out.Movies = float64(total) / float64(all)
	}
	return out, nil
}

// outOfReach reports an error of an index elsewhere that says nothing about what it finds.
func outOfReach(err error) bool {
	return errors.Is(err, catalog.ErrUnavailable) || errors.Is(err, catalog.ErrNotFound) || errors.Is(err, context.DeadlineExceeded)
}

// queries returns the rows whose neighbours are asked for.
func (l *laying) queries(seed uint64) []uint32 {
	rng := rand.New(rand.NewPCG(seed, 0x6c61746572))
	var out []uint32
	taken := make(map[uint32]bool)
	take := func(rows []uint32, most int) {
		for _, i := range rng.Perm(len(rows)) {
			if len(out) >= most {
				return
			}
			if row := rows[i]; !taken[row] {
				taken[row] = true
				out = append(out, row)
			}
		}
	}
	take(l.rows, askLater)
	take(l.around, askAround)
	others := make([]uint32, l.after.Snapshot.Movies.Len())
	for row := range others {
		others[row] = uint32(row)
	}
	take(others, askAll)
	return out
}
