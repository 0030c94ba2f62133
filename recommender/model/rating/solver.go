package rating

import (
	"math"

	"marquee/embedder/vec"
)

// A solver finds ridge regressions of a few hundred columns. It is scratch for
// one goroutine.
type solver struct {
	width  int
	rows   []float32 // [n x width], what the caller filled in
	target []float32 // [n], likewise
	gram   []float32
	system []float64
	right  []float64
}

func newSolver(width int) *solver {
	return &solver{width: width}
}

// reset forgets the rows.
func (s *solver) reset() { s.rows, s.target = s.rows[:0], s.target[:0] }

// add appends a row that counts weight times, with the mean of its targets.
func (s *solver) add(row []float32, target, weight float32) {
	at := len(s.rows)
	s.rows = append(s.rows, row...)
	if weight != 1 {
		root := float32(math.Sqrt(float64(weight)))
		for i := range row {
			s.rows[at+i] *= root
		}
		target *= root
	}
	s.target = append(s.target, target)
}

// solve writes to weights, [width], those w with the least sum of
// (target-row·w)^2 plus penalty*|w|^2. It takes O(n*m*m + m^3), where n and m are
// the larger and the smaller of the number of rows and their width.
func (s *solver) solve(weights []float32, penalty float64) {
	clear(weights)
	n := len(s.target)
	if n == 0 {
		return
	}
	if n < s.width {
		s.solveDual(weights, penalty)
		return
	}
	s.size(s.width)
	vec.AddGram(s.gram, s.rows, s.width)
	for i := range s.width {
		for j := range i + 1 {
			s.system[i*s.width+j] = float64(s.gram[i*s.width+j])
		}
		s.system[i*s.width+i] += penalty
	}
	for i, t := range s.target {
		for j, x := range s.rows[i*s.width : (i+1)*s.width] {
			s.right[j] += float64(t) * float64(x)
		}
	}
	cholesky(s.system, s.right)
	for j, x := range s.right {
		weights[j] = float32(x)
	}
}

// solveDual solves for one number a row: the weights are the sum of the rows, each
// times its number.
func (s *solver) solveDual(weights []float32, penalty float64) {
	n := len(s.target)
	s.size(n)
	for i := range n {
		row := s.rows[i*s.width : (i+1)*s.width]
		vec.DotRows(s.gram[:i+1], row, s.rows[:(i+1)*s.width])
		for j, x := range s.gram[:i+1] {
			s.system[i*n+j] = float64(x)
		}
		s.system[i*n+i] += penalty
		s.right[i] = float64(s.target[i])
	}
	cholesky(s.system, s.right)
	for i, x := range s.right {
		vec.Axpy(float32(x), s.rows[i*s.width:(i+1)*s.width], weights)
	}
}

// size makes gram, system and right fit n unknowns, with zeros in gram and right.
func (s *solver) size(n int) {
	if cap(s.system) < n*n {
		s.gram, s.system = make([]float32, n*n), make([]float64, n*n)
	}
	if cap(s.right) < n {
		s.right = make([]float64, n)
	}
	s.gram, s.system, s.right = s.gram[:n*n], s.system[:n*n], s.right[:n]
	clear(s.gram)
	clear(s.right)
}

// cholesky puts the solution of a*x = b in b. a, [len(b) x len(b)], is positive
// definite, as a penalty makes it; its lower triangle is read and overwritten. A
// pivot that rounding took to 0 or below leaves its unknown at 0.
func cholesky(a, b []float64) {
	factor(a, len(b))
	substitute(a, b)
}

// factor replaces the lower triangle of a, [n x n], by its Cholesky factor.
func factor(a []float64, n int) {
	for i := range n {
		row := a[i*n : i*n+i+1]
		for j := range row {
			other := a[j*n : j*n+j+1]
			sum := row[j]
			for k, x := range row[:j] {
				sum -= x * other[k]
			}
			switch {
			case j < i && other[j] > 0:
				row[j] = sum / other[j]
			case j < i:
				row[j] = 0
			default:
				row[j] = math.Sqrt(max(0, sum))
			}
		}
	}
}

// substitute solves with the factor that factor left in a.
func substitute(a, b []float64) {
	n := len(b)
	for i := range n {
		for k := range i {
			b[i] -= a[i*n+k] * b[k]
		}
		b[i] = divide(b[i], a[i*n+i])
	}
	for i := n - 1; i >= 0; i-- {
		b[i] = divide(b[i], a[i*n+i])
		for k := range i {
			b[k] -= a[i*n+k] * b[i]
		}
	}
}

func divide(x, y float64) float64 {
	if y > 0 {
		return x / y
	}
	return 0
}
