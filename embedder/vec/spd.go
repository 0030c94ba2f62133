package vec

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrNotPositive reports a matrix that is not positive definite, or so nearly
// not that float32 cannot tell.
var ErrNotPositive = errors.New("matrix is not positive definite")

// spdBlock is the number of pivots of one step of [InvertSPD]. The matrix is read
// and written once a step, and a step's pivots are eliminated by one goroutine
// while the others wait. The optimum is flat: from 128 to 512 no difference showed
// at n = 6,000.
const spdBlock = 256

// spdLeast is the least pivot, as a share of the diagonal value it began as: four
// units in the last place of float32. A pivot below it is all rounding.
const spdLeast = 4.0 / (1 << 23)

// InvertSPD replaces a, [n x n] row-major, by its inverse. a is symmetric and
// positive definite; only its lower triangle is read, and both are written. The
// result is symmetric to the bit, and the same for any number of workers.
//
// If a is not positive definite the error wraps [ErrNotPositive]; if ctx ends, it
// is that of ctx. Either leaves rubbish in a. progress is told of each step.
//
// It takes n^3 floating-point operations, beside a it holds 3 KB for each row,
// and unlike the kernels it allocates and starts goroutines, which end before it
// returns. BenchmarkInvertSPD has the time.
//
// The method is the elimination of Gauss and Jordan without a search for pivots,
// on the lower triangle and in place, as in Bauer and Reinsch, "Inversion of
// Positive Definite Matrices by the Gauss-Jordan Method" (1971), by blocks:
// with the pivots' block D and its columns C, D becomes -1/D, C becomes C/D, and
// the rest loses C/D*C', which [MulPanels] does in float32. Blocks of pivots are
// inverted in float64. Its pivots are the squares of Cholesky's, so it fails
// where Cholesky's method does; the passes of that one over a triangular factor
// would cost as many operations and more code.
func InvertSPD(ctx context.Context, a []float32, n, workers int, progress func(done, total int)) error {
	if n < 0 || workers < 1 || len(a) != n*n {
		panic(fmt.Sprintf("vec: InvertSPD of %d values as %d x %d with %d workers, want %d and at least one", len(a), n, n, workers, n*n))
	}
	width := min(n, spdBlock)
	s := &spd{
		a: a, n: n, workers: workers, path: current(),
		columns: make([]float32, n*width), quotients: make([]float32, n*width),
		panels: make([]float32, (n+PanelWidth-1)/PanelWidth*PanelWidth*width),
		pivots: make([]float64, width*width), least: make([]float64, n),
	}
	for i := range s.least {
		s.least[i] = spdLeast * float64(a[i*n+i])
	}
	steps := (n + spdBlock - 1) / spdBlock
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		from := step * spdBlock
		if err := s.eliminate(from, min(n, from+spdBlock)); err != nil {
			return err
		}
		progress(step+1, steps)
	}
	s.mirror()
	return nil
}

// An spd is an inversion under way. Of a, the lower triangle holds the state.
type spd struct {
	a         []float32
	n         int
	workers   int
	path      path
	columns   []float32 // [n x width] of a at the pivots' columns, zeros at their own rows
	quotients []float32 // [n x width] minus columns/D
	panels    []float32 // columns, packed
	pivots    []float64 // [width x width] D, then -1/D
	least     []float64 // [n] what each pivot must exceed
}

// spdRows is the number of rows that one goroutine takes at a time.
const spdRows = blockM

// eliminate does the step of the pivots from to to.
func (s *spd) eliminate(from, to int) error {
	width := to - from
	if err := s.invertPivots(from, width); err != nil {
		return err
	}
	inverse := make([]float32, width*width)
	for i, v := range s.pivots[:width*width] {
		inverse[i] = float32(v)
	}
	packed := PackPanels(inverse, width, width)
	tasks := (s.n + spdRows - 1) / spdRows
	share(s.workers, tasks, func(t int) {
		first, last := t*spdRows, min(s.n, (t+1)*spdRows)
		s.gather(first, last, from, to)
		b := block{m: last - first, k: width, n: width, lda: width, ldc: width, stride: width * PanelWidth, first: true}
		b.c, b.a, b.panels = s.quotients[first*width:], s.columns[first*width:], packed
		b.mul(s.path)
	})
	share(s.workers, (s.n+PanelWidth-1)/PanelWidth, func(t int) { s.pack(t, width) })
	share(s.workers, tasks, func(t int) {
		first, last := (tasks-1-t)*spdRows, min(s.n, (tasks-t)*spdRows) // the longest rows first
		b := block{m: last - first, k: width, n: last, lda: width, ldc: s.n, stride: width * PanelWidth}
		b.c, b.a, b.panels = s.a[first*s.n:], s.quotients[first*width:], s.panels
		b.mul(s.path)
	})
	share(s.workers, tasks, func(t int) { s.scatter(t*spdRows, min(s.n, (t+1)*spdRows), from, to) })
	for i := range width {
		copy(s.a[(from+i)*s.n+from:], inverse[i*width:i*width+i+1])
	}
	return nil
}

// invertPivots leaves -1/D in pivots, by the same elimination with one pivot a
// step, in float64.
func (s *spd) invertPivots(from, width int) error {
	d := s.pivots[:width*width]
	for i := range width {
		for j, v := range s.a[(from+i)*s.n+from:][:i+1] {
			d[i*width+j], d[j*width+i] = float64(v), float64(v)
		}
	}
	column := make([]float64, width)
	for p := range width {
		pivot := d[p*width+p]
		if !(pivot > s.least[from+p]) {
			return fmt.Errorf("pivot %d of %d is %v, want more than %v: %w", from+p, s.n, pivot, s.least[from+p], ErrNotPositive)
		}
		copy(column, d[p*width:])
		column[p] = 0
		for i := range width {
			row, q := d[i*width:(i+1)*width], column[i]/pivot
			for j, v := range column {
				row[j] -= q * v
			}
			row[p] = q
		}
		for j, v := range column {
			d[p*width+j] = v / pivot
		}
		d[p*width+p] = -1 / pivot
	}
	return nil
}

// gather copies rows first to last of the pivots' columns, which for rows above
// the pivots stand as columns of the pivots' rows.
func (s *spd) gather(first, last, from, to int) {
	width := to - from
	for i := first; i < last; i++ {
		row := s.columns[i*width : (i+1)*width]
		switch {
		case i >= to:
			copy(row, s.a[i*s.n+from:])
		case i >= from:
			clear(row)
		default:
			for j := range row {
				row[j] = s.a[(from+j)*s.n+i]
			}
		}
	}
}

// pack does for rows 32*t to 32*t+32 of columns what [PackPanels] does.
func (s *spd) pack(t, width int) {
	panel := s.panels[t*width*PanelWidth:][:width*PanelWidth]
	rows := min(PanelWidth, s.n-t*PanelWidth)
	for j := range rows {
		for p, v := range s.columns[(t*PanelWidth+j)*width:][:width] {
			panel[p*PanelWidth+j] = v
		}
	}
	for j := rows; j < PanelWidth; j++ {
		for p := range width {
			panel[p*PanelWidth+j] = 0
		}
	}
}

// scatter puts rows first to last of columns/D where gather took the columns.
func (s *spd) scatter(first, last, from, to int) {
	width := to - from
	for i := first; i < last; i++ {
		row := s.quotients[i*width : (i+1)*width]
		switch {
		case i >= to:
			for j, v := range row {
				s.a[i*s.n+from+j] = -v
			}
		case i < from:
			for j, v := range row {
				s.a[(from+j)*s.n+i] = -v
			}
		}
	}
}

// mirror negates the lower triangle, which holds minus the inverse, and copies it
// to the upper one, tile by tile, so that columns are read from cache.
func (s *spd) mirror() {
	const tile = 64
	tiles := (s.n + tile - 1) / tile
	share(s.workers, tiles, func(t int) {
		for u := range t + 1 {
			for i := t * tile; i < min(s.n, (t+1)*tile); i++ {
				for j := u * tile; j < min((u+1)*tile, i+1); j++ {
					v := -s.a[i*s.n+j]
					s.a[i*s.n+j], s.a[j*s.n+i] = v, v
				}
			}
		}
	})
}

// share runs task for 0 to tasks-1 on as many goroutines as workers. Tasks do not
// depend on one another, so that it does not matter who takes which.
func share(workers, tasks int, task func(t int)) {
	workers = min(workers, tasks)
	if workers <= 1 {
		for t := range tasks {
			task(t)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for t := next.Add(1) - 1; t < int64(tasks); t = next.Add(1) - 1 {
				task(int(t))
			}
		})
	}
	wg.Wait()
}
