package neural

import (
	"math"

	"marquee/embedder/vec"
)

// A group is one sort of weight; a gradient is told for a row of a group.
type group uint8

const (
	groupIn     group = iota // a row for each movie
	groupHidden              // one row
	groupOut                 // a row for each movie
	groupBias                // a value for each movie
	groups
)

// A step computes the loss of a batch and its gradient. Its buffers are used
// again by the next batch.
//
// Every number is summed by one goroutine in an order that the batch alone
// fixes: forward by person, backward by movie.
type step struct {
	w       *weights
	samples []sample
	columns *columns

	h, dh    []float32 // [people x width] the hidden layer, and the loss's gradient there
	logits   []float32 // [people x columns]; after the softmax, the gradient there
	own      [][]cell  // by person: the gradient at the movies to find
	loss     []float64 // by person
	packed   []float32 // out rows of the columns, for scores
	turned   []float32 // the same turned, for dh
	gathered []float32 // [columns x width]
	biases   []float32 // [columns]
	people   []float32 // h turned and packed
	down     []float32 // [columns x width], the gradient of their out rows
	downBias []float32 // [columns]
	shown    byMovie
	found    byMovie
}

const (
	personBlock = 16  // people a task takes: their scores stay in the second cache
	columnBlock = 128 // columns a task takes
	movieBlock  = 256 // movies whose weights a task updates
)

// run returns the loss of the batch, the mean over its people, and calls apply
// with every row's gradient, from several goroutines, each row once.
func (s *step) run(apply func(g group, row int, gradient []float32)) float64 {
	s.reserve()
	s.pack()
	n := len(s.samples)
	spread(blocks(n, personBlock), func(i int) { s.forward(i*personBlock, min(n, (i+1)*personBlock)) })
	s.backward(apply)
	var sum float64
	for _, l := range s.loss {
		sum += l
	}
	return sum / float64(n)
}

func (s *step) reserve() {
	n, width, cols := len(s.samples), s.w.width, len(s.columns.movies)
	s.h, s.dh = room(s.h, n*width), room(s.dh, n*width)
	s.logits = room(s.logits, n*cols)
	s.gathered, s.biases = room(s.gathered, cols*width), room(s.biases, cols)
	s.packed = room(s.packed, blocks(cols, vec.PanelWidth)*width*vec.PanelWidth)
	s.turned = room(s.turned, blocks(width, vec.PanelWidth)*cols*vec.PanelWidth)
	s.people = room(s.people, blocks(width, vec.PanelWidth)*n*vec.PanelWidth)
	s.down, s.downBias = room(s.down, cols*width), room(s.downBias, cols)
	s.own, s.loss = room(s.own, n), room(s.loss, n)
}

// room returns x with n values, of any content.
func room[T any](x []T, n int) []T {
	if cap(x) < n {
		return append(x[:cap(x)], make([]T, n-cap(x))...)
	}
	return x[:n]
}

// pack lays the out rows of the columns out for both products.
func (s *step) pack() {
	width, cols := s.w.width, s.columns.movies
	spread(blocks(len(cols), columnBlock), func(i int) {
		from, to := i*columnBlock, min(len(cols), (i+1)*columnBlock)
		for c := from; c < to; c++ {
			copy(s.gathered[c*width:], s.w.outRow(cols[c]))
			s.biases[c] = s.w.bias[cols[c]]
			if s.columns.adjust != nil {
				s.biases[c] += s.columns.adjust[c]
			}
		}
		copy(s.packed[from*width:], vec.PackPanels(s.gathered[from*width:to*width], width, to-from))
	})
	turn(s.turned, s.gathered, len(cols), width)
}

// turn packs the transpose of x, [k x n] row-major, as [vec.PackPanels] would.
func turn(panels, x []float32, k, n int) {
	spread(blocks(n, vec.PanelWidth), func(j int) {
		panel := panels[j*k*vec.PanelWidth:]
		from, to := j*vec.PanelWidth, min(n, (j+1)*vec.PanelWidth)
		for p := range k {
			row := panel[p*vec.PanelWidth : (p+1)*vec.PanelWidth]
			clear(row[copy(row, x[p*n+from:p*n+to]):])
		}
	})
}

// forward scores people from to to, and goes back to their hidden layer.
func (s *step) forward(from, to int) {
	width, cols := s.w.width, len(s.columns.movies)
	for i := from; i < to; i++ {
		s.w.encode(s.samples[i].shown, s.h[i*width:(i+1)*width])
	}
	vec.MulPanels(s.logits[from*cols:to*cols], cols, s.h[from*width:to*width], width, s.packed, s.biases, to-from, width, cols)
	for i := from; i < to; i++ {
		s.softmax(i, s.logits[i*cols:(i+1)*cols])
	}
	vec.MulPanels(s.dh[from*width:to*width], width, s.logits[from*cols:to*cols], cols, s.turned, nil, to-from, cols, width)
	for i := from; i < to; i++ {
		h, dh := s.h[i*width:(i+1)*width], s.dh[i*width:(i+1)*width]
		for _, c := range s.own[i] {
			vec.Axpy(c.weight, s.w.outRow(c.movie), dh)
		}
		for j, v := range h {
			dh[j] *= 1 - v*v
		}
	}
}

// encode writes to h the hidden layer of what a person is shown.
func (w *weights) encode(shown []cell, h []float32) {
	copy(h, w.hidden)
	for _, c := range shown {
		vec.Axpy(c.weight, w.inRow(c.movie), h)
	}
	squash(h)
}

// squash replaces values by their hyperbolic tangent.
func squash(h []float32) {
	for j, v := range h {
		h[j] = float32(math.Tanh(float64(v)))
	}
}

// excluded is a score that nothing adds to: its exponent is 0 beside any other.
const excluded = -1e30

// softmax turns the scores of person i into the gradient of the loss
//
//	weight * (log of the sum of exp(score) over what competes
//	          - sum of target*score over what is to be found)
//
// What competes is the columns without what the person watched, and what is to
// be found.
func (s *step) softmax(i int, scores []float32) {
	p := &s.samples[i]
	s.own[i], s.loss[i] = s.own[i][:0], 0
	if p.weight == 0 {
		clear(scores)
		return
	}
	for _, m := range p.watched {
		if c := s.columns.place[m]; c >= 0 {
			scores[c] = excluded
		}
	}
	h := s.h[i*s.w.width : (i+1)*s.w.width]
	most, target := float32(excluded), 0.0
	for _, c := range p.hidden {
		score := vec.Dot(h, s.w.outRow(c.movie)) + s.w.bias[c.movie]
		s.own[i] = append(s.own[i], cell{c.movie, score})
		most = max(most, score)
		target += float64(c.weight) * float64(score)
	}
	for _, v := range scores {
		most = max(most, v)
	}
	// ExpSum takes the greatest of its values as 1: with most among them, both
	// sums have one scale.
	var sum float64
	if len(scores) > 0 {
		sum = s.exponents(scores, most)
	}
	for k := range s.own[i] {
		e := math.Exp(float64(s.own[i][k].weight - most))
		s.own[i][k].weight = float32(e)
		sum += e
	}
	s.loss[i] = float64(p.weight) * (float64(most) + math.Log(sum) - target)
	scale := p.weight / float32(len(s.samples))
	vscale := float32(float64(scale) / sum)
	for c, v := range scores {
		// Below it, products would be denormal, which some processors take a
		// hundred times as long for.
		if v *= vscale; v < 1e-30 {
			v = 0
		}
		scores[c] = v
	}
	for k, c := range p.hidden {
		s.own[i][k].weight = vscale*s.own[i][k].weight - scale*c.weight
	}
}

// exponents replaces scores by exp(score-most) and returns their sum.
func (s *step) exponents(scores []float32, most float32) float64 {
	greatest := float32(excluded)
	for _, v := range scores {
		greatest = max(greatest, v)
	}
	sum := vec.ExpSum(scores)
	scale := float32(math.Exp(float64(greatest - most)))
	if greatest == excluded {
		scale = 0
	}
	if scale != 1 {
		for c := range scores {
			scores[c] *= scale
		}
	}
	return float64(sum) * float64(scale)
}

// backward sums the gradient of every row and tells it.
func (s *step) backward(apply func(g group, row int, gradient []float32)) {
	n, width, cols := len(s.samples), s.w.width, len(s.columns.movies)
	turn(s.people, s.h, n, width)
	spread(blocks(cols, columnBlock), func(i int) { s.downColumns(i*columnBlock, min(cols, (i+1)*columnBlock)) })
	movies := len(s.w.bias)
	s.shown.fill(movies, n, func(i int) []cell { return s.samples[i].shown })
	s.found.fill(movies, n, func(i int) []cell { return s.own[i] })
	spread(blocks(movies, movieBlock), func(i int) {
		gradient, one := make([]float32, width), make([]float32, 1)
		for m := i * movieBlock; m < min(movies, (i+1)*movieBlock); m++ {
			s.movie(m, gradient, one, apply)
		}
	})
	gradient := make([]float32, width)
	for i := range n {
		vec.Axpy(1, s.dh[i*width:(i+1)*width], gradient)
	}
	apply(groupHidden, 0, gradient)
}

// downColumns computes the gradient of the out rows and biases of columns.
func (s *step) downColumns(from, to int) {
	n, width, cols := len(s.samples), s.w.width, len(s.columns.movies)
	turned := make([]float32, (to-from)*n)
	for i := range n {
		for c, v := range s.logits[i*cols+from : i*cols+to] {
			turned[c*n+i] = v
		}
	}
	vec.MulPanels(s.down[from*width:to*width], width, turned, n, s.people, nil, to-from, n, width)
	for c := range to - from {
		var sum float32
		for _, v := range turned[c*n : (c+1)*n] {
			sum += v
		}
		s.downBias[from+c] = sum
	}
}

// movie tells the gradients of one movie, if it has any.
func (s *step) movie(m int, gradient, one []float32, apply func(g group, row int, gradient []float32)) {
	width := s.w.width
	if people, weights := s.shown.of(m); len(people) > 0 {
		clear(gradient)
		for k, i := range people {
			vec.Axpy(weights[k], s.dh[int(i)*width:(int(i)+1)*width], gradient)
		}
		apply(groupIn, m, gradient)
	}
	people, weights := s.found.of(m)
	c := s.columns.place[m]
	if c < 0 && len(people) == 0 {
		return
	}
	clear(gradient)
	one[0] = 0
	if c >= 0 {
		copy(gradient, s.down[int(c)*width:(int(c)+1)*width])
		one[0] = s.downBias[c]
	}
	for k, i := range people {
		vec.Axpy(weights[k], s.h[int(i)*width:(int(i)+1)*width], gradient)
		one[0] += weights[k]
	}
	apply(groupOut, m, gradient)
	apply(groupBias, m, one)
}
