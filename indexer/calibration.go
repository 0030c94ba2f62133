package indexer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// A Calibration says how an approximate index is measured while it is built, and
// what it must reach. Start from [DefaultCalibration]: a zero field means zero.
type Calibration struct {
	HeldOut  int       // movies measured before they are inserted; of few rows at most one in ten
	K        int       // neighbours asked for, 1 or more
	Floor    float64   // recall to reach on movies and on profiles, 0 to 1
	Profiles []float32 // profile vectors, [n x dims]; see Profiles and Walks
	Seed     uint64    // chooses the movies held out
}

// DefaultCalibration holds 400 movies out, which gives recall at 20 to about
// 0.003, and aims at the floor of indexer/hnsw; it has no profiles.
func DefaultCalibration() Calibration {
	return Calibration{HeldOut: 400, K: 20, Floor: 0.98, Seed: 1}
}

// Validate reports every fault in one error, given the length of a vector.
func (c Calibration) Validate(dims int) error {
	var errs []error
	if c.HeldOut < 0 {
		errs = append(errs, fmt.Errorf("movies held out: %d, want 0 or more", c.HeldOut))
	}
	if c.K < 1 {
		errs = append(errs, fmt.Errorf("measured at k=%d, want 1 or more: %w", c.K, ErrCount))
	}
	if !(c.Floor >= 0 && c.Floor <= 1) {
		errs = append(errs, fmt.Errorf("recall floor %v, want 0 to 1", c.Floor))
	}
	if dims > 0 && len(c.Profiles)%dims != 0 {
		errs = append(errs, fmt.Errorf("%d values are no whole number of profiles of %d: %w", len(c.Profiles), dims, ErrDims))
	}
	for i, v := range c.Profiles {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			errs = append(errs, fmt.Errorf("profile value %d is %v: %w", i, v, ErrVector))
			break
		}
	}
	return errors.Join(errs...)
}

// A Trial is an approximate index under calibration. Its functions are called
// from several goroutines at once.
type Trial struct {
	Backend string
	Dims    int   // length of a vector
	Efforts []int // settings to try, ascending, at least one

	// Exact returns the true k nearest rows, Search those that the index finds
	// with an effort.
	Exact  func(ctx context.Context, q []float32, k int) ([]Hit, error)
	Search func(ctx context.Context, q []float32, k, effort int) ([]Hit, error)
}

// Measure asks trial for the neighbours of movies, vectors that are not in the
// index, and of c.Profiles, and returns what it found with the least effort at
// which both reach c.Floor, or else with the greatest. Queries without true
// neighbours are left out. It uses all processors and returns early with ctx's
// error.
func (c Calibration) Measure(ctx context.Context, trial Trial, movies [][]float32) (Measured, error) {
	m := Measured{Backend: trial.Backend, K: c.K, Floor: c.Floor}
	asked, err := trial.questions(ctx, movies, c.K)
	if err != nil {
		return m, err
	}
	profiles, err := trial.questions(ctx, slices.Collect(slices.Chunk(c.Profiles, trial.Dims)), c.K)
	if err != nil {
		return m, err
	}
	m.MovieQueries, m.ProfileQueries = len(asked), len(profiles)
	for _, m.Effort = range trial.Efforts {
		if m.Movies, err = trial.recall(ctx, asked, c.K, m.Effort); err != nil {
			return m, err
		}
		if m.Profiles, err = trial.recall(ctx, profiles, c.K, m.Effort); err != nil {
			return m, err
		}
		if m.Movies >= c.Floor && m.Profiles >= c.Floor {
			break
		}
	}
	return m, nil
}

// A question is a query with its true neighbours, at least one.
type question struct {
	q     []float32
	truth []Hit
}

func (t Trial) questions(ctx context.Context, queries [][]float32, k int) ([]question, error) {
	asked := make([]question, len(queries))
	err := parallel(ctx, len(queries), func(ctx context.Context, i int) (err error) {
		asked[i].q = queries[i]
		asked[i].truth, err = t.Exact(ctx, queries[i], k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("true neighbours: %w", err)
	}
	return slices.DeleteFunc(asked, func(q question) bool { return len(q.truth) == 0 }), nil
}

// recall returns the share of the true neighbours that searches find, or 1
// without questions.
func (t Trial) recall(ctx context.Context, asked []question, k, effort int) (float64, error) {
	found := make([]int, len(asked))
	err := parallel(ctx, len(asked), func(ctx context.Context, i int) error {
		hits, err := t.Search(ctx, asked[i].q, k, effort)
		found[i] = Found(hits, asked[i].truth)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("recall of %s at effort %d: %w", t.Backend, effort, err)
	}
	total, wanted := 0, 0
	for i, q := range asked {
		total += found[i]
		wanted += len(q.truth)
	}
	if wanted == 0 {
		return 1, nil
	}
	return float64(total) / float64(wanted), nil
}

// parallel calls do for every i below n on all processors and returns the first
// error, or ctx's.
func parallel(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := 0; i < n && inner.Err() == nil; i++ {
		group.Go(func() error { return do(inner, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}
