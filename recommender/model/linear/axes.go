package linear

import (
	"gonum.org/v1/gonum/mat"

	"marquee/embedder/vec"
)

// mostTurned bounds the dims for which axes are found: at 256 it takes some 50 ms.
const mostTurned = 256

// Axes returns the eigenvectors of a symmetric matrix, [dims x dims], one a row, that of
// the largest eigenvalue first, and those values; nil if there are none to be found, or
// more than 256 dims.
func Axes(matrix []float32, dims int) (axes, values []float32) {
	if dims > mostTurned {
		return nil, nil
	}
	sym := mat.NewSymDense(dims, nil)
	for i := range dims {
		for j := i; j < dims; j++ {
			sym.SetSym(i, j, float64(matrix[i*dims+j]))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(sym, true) {
		return nil, nil
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	axes, values = make([]float32, dims*dims), make([]float32, dims)
	for j, v := range eigen.Values(nil) { // ascending
		at := dims - 1 - j
		values[at] = float32(max(0, v))
		for i := range dims {
			axes[at*dims+i] = float32(vectors.At(i, j))
		}
	}
	return axes, values
}

// turn returns s of rows along axes. values are the diagonal that is then left of the
// spread; nil if the axes are not its own. Without axes it is s.
func (s *Statistics) turn(axes, values []float32) *Statistics {
	if axes == nil {
		return s
	}
	d := len(s.mean)
	x := *s
	x.mean, x.cross = make([]float32, d), make([]float32, d)
	vec.DotRows(x.mean, s.mean, axes)
	vec.DotRows(x.cross, s.cross, axes)
	if values != nil {
		x.spread, x.diagonal = nil, values
		return &x
	}
	half := make([]float32, d*d)
	vec.MulPanels(half, d, s.spread, d, vec.PackPanels(axes, d, d), nil, d, d, d)
	x.spread = make([]float32, d*d)
	vec.MulPanels(x.spread, d, axes, d, vec.PackPanels(transposed(half, d), d, d), nil, d, d, d)
	return &x
}

func transposed(a []float32, d int) []float32 {
	out := make([]float32, d*d)
	for i := range d {
		for j := range d {
			out[j*d+i] = a[i*d+j]
		}
	}
	return out
}
