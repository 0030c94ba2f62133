package minilm

import "marquee/embedder/vec"

// An encoder runs the weights on batches of texts. Texts lie one after another,
// without padding, so that no work goes into blanks. It holds the batch's
// states: one goroutine at a time. For the pinned shape and batchTokens it has
// some 5 MB.
type encoder struct {
	*weights
	states []float32 // [rows x hidden]
	mixed  []float32 // [rows x 3*hidden], queries, keys, values; later [rows x hidden]
	joined []float32 // [rows x hidden], results of the heads side by side
	wide   []float32 // [rows x inner]
	focus  focus
}

// newEncoder makes an encoder for batches of at most rows tokens.
func newEncoder(w *weights, rows int) *encoder {
	return &encoder{
		weights: w,
		states:  make([]float32, rows*w.hidden),
		mixed:   make([]float32, rows*3*w.hidden),
		joined:  make([]float32, rows*w.hidden),
		wide:    make([]float32, rows*w.inner),
		focus:   newFocus(w.tokens),
	}
}

// encode writes the vector of each text, given as token ids, to its row of dst,
// [hidden] each: the mean of the last states of all its tokens, scaled to unit
// length. A row depends on its own text alone, to the bit.
func (e *encoder) encode(dst [][]float32, texts [][]int32) {
	rows := 0
	for _, ids := range texts {
		e.embed(e.states[rows*e.hidden:], ids)
		rows += len(ids)
	}
	for i := range e.blocks {
		e.block(&e.blocks[i], rows, texts)
	}
	rows = 0
	for i, ids := range texts {
		e.pool(dst[i], e.states[rows*e.hidden:(rows+len(ids))*e.hidden])
		rows += len(ids)
	}
}

// embed writes the first states of a text.
func (e *encoder) embed(states []float32, ids []int32) {
	for i, id := range ids {
		copy(states[i*e.hidden:], e.words[int(id)*e.hidden:][:e.hidden])
	}
	n := len(ids) * e.hidden
	e.norm.add(states[:n], e.positions[:n])
}

// block runs one layer on the first rows states.
func (e *encoder) block(b *block, rows int, texts [][]int32) {
	states := e.states[:rows*e.hidden]
	b.attend.apply(e.mixed, states, rows)
	first := 0
	for _, ids := range texts {
		e.focus.attend(e.joined, e.mixed, first, len(ids), e.heads)
		first += len(ids)
	}
	sum := e.mixed[:len(states)]
	b.merge.apply(sum, e.joined, rows)
	b.attendNorm.add(states, sum)
	wide := e.wide[:rows*e.inner]
	b.widen.apply(wide, states, rows)
	vec.GELU(wide)
	b.narrow.apply(sum, wide, rows)
	b.innerNorm.add(states, sum)
}

// pool writes the mean of states to dst, scaled to unit length. The length hides
// the division of a mean.
func (e *encoder) pool(dst, states []float32) {
	clear(dst)
	for ; len(states) > 0; states = states[e.hidden:] {
		vec.Axpy(1, states[:e.hidden], dst)
	}
	vec.Normalize(dst)
}
