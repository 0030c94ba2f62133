package als

import (
	"context"

	"marquee/embedder/vec"
)

// gramBlocks is how many partial sums a Gram matrix has at most. Their number and
// bounds depend on the number of rows alone, so that the sum has the same bits on
// any number of processors.
const gramBlocks = 32

// gram returns the products of the columns of rows, [n x dims], times weight.
func gram(ctx context.Context, rows []float32, dims int, weight float32) ([]float32, error) {
	n := len(rows) / dims
	blocks := max(1, min(gramBlocks, n/1024))
	sums := make([]float32, blocks*dims*dims)
	err := parallel(ctx, blocks, func() func(i int) {
		return func(i int) {
			low, high := n*i/blocks, n*(i+1)/blocks
			vec.AddGram(sums[i*dims*dims:(i+1)*dims*dims], rows[low*dims:high*dims], dims)
		}
	})
	g := sums[: dims*dims : dims*dims]
	for i := 1; i < blocks; i++ {
		vec.Axpy(1, sums[i*dims*dims:(i+1)*dims*dims], g)
	}
	for i := range g {
		g[i] *= weight
	}
	return g, err
}
