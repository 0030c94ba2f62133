package ease

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// What a weight takes where all are kept, and where some are.
const (
	weightBytes = 4
	keptBytes   = 6
)

// allWeights makes p, the inverse, into all weights, in place.
func allWeights(p, boost []float32) []float32 {
	n := len(boost)
	factors := make([]float32, n)
	for j, b := range boost {
		factors[j] = -b / p[j*n+j]
	}
	for i := range n {
		row := p[i*n : (i+1)*n]
		for j, f := range factors {
			row[j] *= f
		}
		row[i] = 0
	}
	return p
}

// A thinner keeps of each column of the weights those that matter most to scores:
// the largest by magnitude times the root of the watchers of the movie that they
// come from. The others are replaced by their mean, weighted by watchers, for
// together they shift the scores of those who watched much. On the inner split
// of ml-latest-small, NDCG@20 with 500 of 4,000 is 0.1583; 0.1558 by magnitude
// alone without the mean; 0.1605 with all.
type thinner struct {
	p, boost []float32
	count    []float64 // watchers
	root     []float32 // of count
	keep     int
}

// dropped stands in the inverse where a weight is not kept.
var dropped = float32(math.NaN())

// thin keeps the weights that matter most into each movie: of column j of the
// weights, which is row j of the inverse, for that is symmetric. The weights take
// the place of the inverse, which nobody needs again, until they are told by the
// movie that they come from.
func (m *Model) thin(ctx context.Context, t thinner, progress func(done, total int)) error {
	n := len(t.boost)
	for _, c := range t.count {
		t.root = append(t.root, float32(math.Sqrt(c)))
	}
	m.rest = make([]float32, n)
	err := shareRows(ctx, n, progress, func() func(j int) {
		buffer := make([]entry, 0, 2*t.keep)
		return func(j int) { m.rest[j] = t.column(buffer, j) }
	})
	if err != nil {
		return err
	}
	m.gather(t.p)
	return ctx.Err()
}

// gather takes the weights that were not dropped from p, by the movie that they
// are into, and puts them by the movie that they come from.
func (m *Model) gather(p []float32) {
	n := len(m.rest)
	m.starts = make([]uint32, n+1)
	for j := range n {
		for i, v := range p[j*n : (j+1)*n] {
			if v == v {
				m.starts[i+1]++
			}
		}
	}
	for i := range n {
		m.starts[i+1] += m.starts[i]
	}
	m.columns, m.weights = make([]uint16, m.starts[n]), make([]float32, m.starts[n])
	next := slices.Clone(m.starts)
	for j := range n {
		for i, v := range p[j*n : (j+1)*n] {
			if v == v {
				m.columns[next[i]], m.weights[next[i]] = uint16(j), v
				next[i]++
			}
		}
	}
}

// An entry is one weight of a column, and how much it matters.
type entry struct {
	movie        uint16
	weight, size float32
}

// column writes over row j of the inverse the weights into movie j that are kept,
// each less the mean of the others, and returns that mean. The movie's weight from
// itself counts as kept: it is zero.
func (t thinner) column(buffer []entry, j int) (rest float32) {
	n := len(t.boost)
	row := t.p[j*n : (j+1)*n]
	kept := append(t.largest(buffer, row, j), entry{movie: uint16(j)})
	sum, people := 0.0, 0.0
	for i, v := range row {
		if i != j {
			sum, people = sum+t.count[i]*float64(v), people+t.count[i]
		}
	}
	for _, e := range kept[:len(kept)-1] {
		sum, people = sum-t.count[e.movie]*float64(e.weight), people-t.count[e.movie]
	}
	factor := -t.boost[j] / row[j]
	rest = float32(sum/people) * factor
	for i := range row {
		row[i] = dropped
	}
	for _, e := range kept {
		row[e.movie] = e.weight*factor - rest
	}
	return rest
}

// largest returns the keep values of row that matter most, without row[j], in
// buffer, whose capacity is 2*keep; ties by place.
func (t thinner) largest(buffer []entry, row []float32, j int) []entry {
	buffer = buffer[:0]
	floor := float32(-1)
	for i, v := range row {
		size := float32(math.Abs(float64(v * t.root[i])))
		if i == j || size <= floor {
			continue
		}
		buffer = append(buffer, entry{uint16(i), v, size})
		if len(buffer) == 2*t.keep {
			buffer = cut(buffer, t.keep)
			floor = buffer[t.keep-1].size
		}
	}
	return cut(buffer, t.keep)
}

func cut(entries []entry, keep int) []entry {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.movie, b.movie))
	})
	return entries[:min(keep, len(entries))]
}
