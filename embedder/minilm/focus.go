package minilm

import "marquee/embedder/vec"

// A focus computes the attention of one text and one head at a time. It holds
// what lies between: keys and values in panels, and how each token weighs each.
type focus struct {
	keys    []float32 // [ceil(tokens/32)][headDims][32]
	values  []float32 // [tokens][32], one panel
	weights []float32 // [tokens x tokens]
	sums    []float32 // [tokens], of the rows of weights
}

func newFocus(tokens int) focus {
	panels := (tokens + vec.PanelWidth - 1) / vec.PanelWidth
	return focus{
		keys:    make([]float32, panels*headDims*vec.PanelWidth),
		values:  make([]float32, tokens*vec.PanelWidth),
		weights: make([]float32, tokens*tokens),
		sums:    make([]float32, tokens),
	}
}

// attend writes softmax(Q*K')*V of every head for the text whose n tokens begin
// at row first (Vaswani et al. 2017, section 3.2). mixed is [rows x 3*hidden],
// queries, keys and values side by side, dst [rows x hidden].
func (f *focus) attend(dst, mixed []float32, first, n, heads int) {
	hidden := heads * headDims
	mixed, dst = mixed[first*3*hidden:], dst[first*hidden:]
	for h := range heads {
		at := h * headDims
		f.pack(mixed[hidden+at:], mixed[2*hidden+at:], 3*hidden, n)
		vec.MulPanels(f.weights, n, mixed[at:], 3*hidden, f.keys, nil, n, headDims, n)
		f.soften(n)
		out := dst[at:]
		vec.MulPanels(out, hidden, f.weights, n, f.values, nil, n, n, headDims)
		for i, sum := range f.sums[:n] { // softmax's division, on few values
			scale(out[i*hidden:][:headDims], 1/sum)
		}
	}
}

// soften turns n rows of products into weights, and keeps their sums.
func (f *focus) soften(n int) {
	for i := range n {
		f.sums[i] = vec.ExpSum(f.weights[i*n : i*n+n])
	}
}

// pack puts n keys and n values, rows step apart, into panels. Columns past n
// keep what they hold: no result comes from them.
func (f *focus) pack(keys, values []float32, step, n int) {
	for i := range n {
		panel := f.keys[i/vec.PanelWidth*headDims*vec.PanelWidth+i%vec.PanelWidth:]
		for d, v := range keys[i*step:][:headDims] {
			panel[d*vec.PanelWidth] = v
		}
		copy(f.values[i*vec.PanelWidth:][:headDims], values[i*step:])
	}
}
