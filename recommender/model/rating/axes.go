package rating

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// axes are the main axes of the movies' vectors.
type axes struct {
	dims   int
	count  int
	center []float32 // [dims]
	rows   []float32 // [count x dims], scaled so that a movie has length 1 on average
}

var errAxes = errors.New("the main axes of the vectors were not found; build the vectors anew")

// findAxes returns at most want main axes of vectors, [n x dims], without those
// of all zeros, of whose movies no text is known.
func findAxes(vectors []float32, dims, want int) (*axes, error) {
	a := &axes{dims: dims, center: make([]float32, dims)}
	var known []float32
	sum := make([]float64, dims)
	for at := 0; dims > 0 && at < len(vectors); at += dims {
		v := vectors[at : at+dims]
		if zero(v) {
			continue
		}
		known = append(known, v...)
		for j, x := range v {
			sum[j] += float64(x)
		}
	}
	if len(known) == 0 || want == 0 {
		return a, nil
	}
	n := len(known) / dims
	for j := range sum {
		a.center[j] = float32(sum[j] / float64(n))
	}
	for at := 0; at < len(known); at += dims {
		vec.Axpy(-1, a.center, known[at:at+dims])
	}
	return a, a.find(known, n, min(want, dims, n))
}

// find fills rows with the eigenvectors of the covariance of centred, [n x dims],
// that have the largest values.
func (a *axes) find(centred []float32, n, want int) error {
	gram := make([]float32, a.dims*a.dims)
	vec.AddGram(gram, centred, a.dims)
	sym := mat.NewSymDense(a.dims, nil)
	for i := range a.dims {
		for j := i; j < a.dims; j++ {
			sym.SetSym(i, j, float64(gram[i*a.dims+j])/float64(n))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(sym, true) {
		return errAxes
	}
	values := eigen.Values(nil) // ascending
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	total := 0.0
	for k := range want {
		v := values[a.dims-1-k]
		if v < 1e-6*values[a.dims-1] || v <= 0 {
			break // the vectors span fewer dimensions
		}
		total += v
		a.count++
	}
	for k := range a.count {
		for j := range a.dims {
			a.rows = append(a.rows, float32(vectors.At(j, a.dims-1-k)/math.Sqrt(total)))
		}
	}
	return nil
}

// place writes to dst, [count], where the vector v lies on the axes. A vector of
// all zeros lies in the middle.
func (a *axes) place(dst, v []float32) {
	clear(dst)
	if a.count == 0 || zero(v) {
		return
	}
	for k := range dst {
		row := a.rows[k*a.dims : (k+1)*a.dims]
		dst[k] = vec.Dot(row, v) - vec.Dot(row, a.center)
	}
}

// placeAll returns the places of all movies, [movies x count].
func (a *axes) placeAll(d *model.Data) []float32 {
	out := make([]float32, len(d.Movies)*a.count)
	for i := 0; a.count > 0 && i < len(d.Movies); i++ {
		a.place(out[i*a.count:(i+1)*a.count], d.Vector(uint32(i)))
	}
	return out
}

func zero(v []float32) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}
