package lsa

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// decompose returns the greatest singular values of x, at most cfg.Rank of them,
// greatest first, and their right singular vectors as columns of right,
// [x.columns x len(values)]; none if x has no value. It is the randomised
// subspace iteration of Halko, Martinsson and Tropp, "Finding structure with
// randomness" (2011), algorithm 4.4, orthonormalised after each half step. It
// calls step after each sweep and at its end.
func decompose(ctx context.Context, x *sparse, cfg Config, step func()) (values []float64, right []float32, err error) {
	width := min(cfg.Rank+cfg.Oversample, x.rows, x.columns)
	if width == 0 || len(x.value) == 0 {
		return nil, nil, nil
	}
	t := x.transpose()
	q, err := gaussian(ctx, x.columns, width, cfg.Seed)
	if err != nil {
		return nil, nil, err
	}
	for range cfg.Sweeps {
		if q, width, err = sweep(ctx, x, t, q, width); err != nil || width == 0 {
			return nil, nil, err
		}
		step()
	}
	y, err := x.mul(ctx, q, width)
	if err != nil {
		return nil, nil, err
	}
	g, err := gram(ctx, y, width)
	if err != nil {
		return nil, nil, err
	}
	squares, vectors, err := eigen(g)
	if err != nil || len(squares) == 0 {
		return nil, nil, err
	}
	rank := min(cfg.Rank, len(squares))
	values = make([]float64, rank)
	for i := range values {
		values[i] = math.Sqrt(squares[i])
	}
	vectors = mat.DenseCopyOf(vectors.Slice(0, width, 0, rank))
	right, err = rotate(ctx, q, width, vectors, func(int) float64 { return 1 })
	step()
	return values, right, err
}

// sweep moves the basis q, [x.columns x width], towards the greatest right
// singular vectors of x, whose transpose is t.
func sweep(ctx context.Context, x, t *sparse, q []float32, width int) ([]float32, int, error) {
	for _, m := range []*sparse{x, t} {
		y, err := m.mul(ctx, q, width)
		if err != nil {
			return nil, 0, err
		}
		if q, width, err = orthonormal(ctx, y, width); err != nil || width == 0 {
			return nil, 0, err
		}
	}
	return q, width, nil
}

// gaussian returns [rows x columns] of normally distributed numbers, each row
// from a source of its own.
func gaussian(ctx context.Context, rows, columns int, seed uint64) ([]float32, error) {
	out := make([]float32, rows*columns)
	err := blocks(ctx, rows, rowBlock, func() func(b, lo, hi int) {
		return func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				random := rand.New(rand.NewPCG(seed, uint64(i)))
				for j := range columns {
					out[i*columns+j] = float32(random.NormFloat64())
				}
			}
		}
	})
	return out, err
}
