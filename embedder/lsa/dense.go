package lsa

import (
	"context"
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"marquee/embedder/vec"
)

// Rows are summed in float32 within a block, and the blocks in float64. There
// are at most gramBlocks of them, each of gramRows rows or more.
const (
	gramBlocks = 64
	gramRows   = 1024
)

// leastValue is the least eigenvalue that counts, as a share of the greatest:
// below it there is only the noise of float32.
const leastValue = 1e-6

var errEigen = errors.New("the eigenvalues of a symmetric matrix were not found")

// gram returns the transpose of y times y, [width x width], for y of
// [rows x width].
func gram(ctx context.Context, y []float32, width int) (*mat.SymDense, error) {
	rows := len(y) / width
	size := max(gramRows, (rows+gramBlocks-1)/gramBlocks)
	parts := make([][]float32, (rows+size-1)/size)
	err := blocks(ctx, rows, size, func() func(b, lo, hi int) {
		turned := make([]float32, width*min(size, rows))
		return func(b, lo, hi int) {
			n := hi - lo
			for i := range n {
				for j, v := range y[(lo+i)*width : (lo+i+1)*width] {
					turned[j*n+i] = v
				}
			}
			part := make([]float32, width*width)
			vec.MulPanels(part, width, turned, n, vec.PackPanels(turned, n, width), nil, width, n, width)
			parts[b] = part
		}
	})
	if err != nil {
		return nil, err
	}
	sum := mat.NewSymDense(width, nil)
	for i := range width {
		for j := i; j < width; j++ {
			total := 0.0
			for _, part := range parts {
				total += float64(part[i*width+j])
			}
			sum.SetSym(i, j, total)
		}
	}
	return sum, nil
}

// eigen returns the eigenvalues of s that are no noise, greatest first, and
// their vectors as columns of [n x len(values)].
func eigen(s *mat.SymDense) (values []float64, vectors *mat.Dense, err error) {
	var found mat.EigenSym
	if !found.Factorize(s, true) {
		return nil, nil, errEigen
	}
	ascending := found.Values(nil)
	var columns mat.Dense
	found.VectorsTo(&columns)
	n := len(ascending)
	for i := n - 1; i >= 0; i-- {
		if v := ascending[i]; v > 0 && v > leastValue*ascending[n-1] {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return nil, nil, nil
	}
	vectors = mat.NewDense(n, len(values), nil)
	for j := range values {
		for i := range n {
			vectors.Set(i, j, columns.At(i, n-1-j))
		}
	}
	return values, vectors, nil
}

// rotate returns y*m for y of [rows x width] and m of [width x columns], each
// column of m times scale of its number.
func rotate(ctx context.Context, y []float32, width int, m *mat.Dense, scale func(j int) float64) ([]float32, error) {
	_, columns := m.Dims()
	weights := make([]float32, columns*width)
	for j := range columns {
		by := scale(j)
		for i := range width {
			weights[j*width+i] = float32(m.At(i, j) * by)
		}
	}
	panels := vec.PackPanels(weights, width, columns)
	rows := len(y) / width
	out := make([]float32, rows*columns)
	err := blocks(ctx, rows, rowBlock, func() func(b, lo, hi int) {
		return func(_, lo, hi int) {
			vec.MulPanels(out[lo*columns:], columns, y[lo*width:], width, panels, nil, hi-lo, width, columns)
		}
	})
	return out, err
}

// orthonormal returns an orthonormal basis of the columns of y, [rows x width],
// as [rows x rank]; rank is at most width.
func orthonormal(ctx context.Context, y []float32, width int) (basis []float32, rank int, err error) {
	g, err := gram(ctx, y, width)
	if err != nil {
		return nil, 0, err
	}
	values, vectors, err := eigen(g)
	if err != nil || len(values) == 0 {
		return nil, 0, err
	}
	basis, err = rotate(ctx, y, width, vectors, func(j int) float64 { return 1 / math.Sqrt(values[j]) })
	return basis, len(values), err
}
