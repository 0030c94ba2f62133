package rating_test

import (
	"slices"

	"marquee/recommender/model"
	"marquee/recommender/model/rating"
)

// trees are boosted regression trees on histograms (Friedman, "Greedy Function
// Approximation", 2001), of eight leaves each: the rival of the ridge regression
// of movies' ratings on their facts, with the same facts, weights and shrinkage.
type trees struct {
	width  int
	cuts   [][]float32 // of each column, ascending
	bins   []uint8     // [rows x width]
	weight []float64
	rest   []float64
}

const (
	numTrees  = 150
	depth     = 3
	learning  = 0.05
	treeRidge = 10.0
	minLeaf   = 20.0 // weight
	maxBins   = 32
)

// boosted predicts with trees on facts, of content axes of the vectors too. On
// start, if it is not nil, the trees learn what start leaves.
func boosted(t fataler, content int, weight float64, start func(train *model.Data) func(movie uint32) float64) predictor {
	return func(train *model.Data, test []held) []float64 {
		learn, ask, width, err := rating.Facts(train, content)
		if err != nil {
			t.Fatal(err)
		}
		counts, sums := movieTotals(train)
		before := func(uint32) float64 { return mean(sums) / mean(counts) }
		if start != nil {
			before = start(train)
		}
		b := &trees{width: width, bins: make([]uint8, len(learn)), weight: make([]float64, len(counts)), rest: make([]float64, len(counts))}
		for i, n := range counts {
			if n > 0 {
				b.weight[i], b.rest[i] = n*weight/(n+weight), sums[i]/n-before(uint32(i))
			}
		}
		b.cut(learn)
		asked := make([]uint8, len(ask))
		b.bin(asked, ask)
		out := make([]float64, len(counts))
		for i := range out {
			out[i] = before(uint32(i))
		}
		rows := make([]int, len(counts))
		for i := range rows {
			rows[i] = i
		}
		for range numTrees {
			b.grow(rows, asked, rows, out, depth)
		}
		return shrunkTo(train, test, func(movie uint32) float64 { return out[movie] }, weight)
	}
}

type fataler interface{ Fatal(args ...any) }

// cut finds the quantiles of each column.
func (b *trees) cut(rows []float32) {
	for j := range b.width {
		var values []float32
		for i, w := range b.weight {
			if w > 0 {
				values = append(values, rows[i*b.width+j])
			}
		}
		slices.Sort(values)
		var cuts []float32
		for k := 1; k < maxBins; k++ {
			cuts = append(cuts, values[len(values)*k/maxBins])
		}
		b.cuts = append(b.cuts, slices.Compact(cuts))
	}
	b.bin(b.bins, rows)
}

func (b *trees) bin(dst []uint8, rows []float32) {
	for i, v := range rows {
		at, _ := slices.BinarySearch(b.cuts[i%b.width], v)
		dst[i] = uint8(at)
	}
}

// grow splits the rows that the tree learns from, and those of asked with them,
// and adds the leaves' values to out.
func (b *trees) grow(rows []int, asked []uint8, askedRows []int, out []float64, depth int) {
	column, cut := -1, 0
	if depth > 0 {
		column, cut = b.best(rows)
	}
	if column < 0 {
		sum, weight := 0.0, treeRidge
		for _, i := range rows {
			sum, weight = sum+b.weight[i]*b.rest[i], weight+b.weight[i]
		}
		for _, i := range rows {
			b.rest[i] -= learning * sum / weight
		}
		for _, i := range askedRows {
			out[i] += learning * sum / weight
		}
		return
	}
	low, high := part(rows, b.bins, b.width, column, cut)
	askedLow, askedHigh := part(askedRows, asked, b.width, column, cut)
	b.grow(low, asked, askedLow, out, depth-1)
	b.grow(high, asked, askedHigh, out, depth-1)
}

func part(rows []int, bins []uint8, width, column, cut int) (low, high []int) {
	for _, i := range rows {
		if int(bins[i*width+column]) <= cut {
			low = append(low, i)
		} else {
			high = append(high, i)
		}
	}
	return low, high
}

// best returns the column and the last bin of its lower side that leave the least
// squares, or -1.
func (b *trees) best(rows []int) (column, cut int) {
	sums, weights := make([]float64, b.width*maxBins), make([]float64, b.width*maxBins)
	total, all := 0.0, 0.0
	for _, i := range rows {
		w := b.weight[i]
		if w == 0 {
			continue
		}
		total, all = total+w*b.rest[i], all+w
		for j, bin := range b.bins[i*b.width : (i+1)*b.width] {
			sums[j*maxBins+int(bin)] += w * b.rest[i]
			weights[j*maxBins+int(bin)] += w
		}
	}
	column = -1
	most := total*total/(all+treeRidge) + 1e-9
	for j := range b.width {
		sum, weight := 0.0, 0.0
		for k := range maxBins - 1 {
			sum, weight = sum+sums[j*maxBins+k], weight+weights[j*maxBins+k]
			if weight < minLeaf || all-weight < minLeaf {
				continue
			}
			if gain := sum*sum/(weight+treeRidge) + (total-sum)*(total-sum)/(all-weight+treeRidge); gain > most {
				column, cut, most = j, k, gain
			}
		}
	}
	return column, cut
}
