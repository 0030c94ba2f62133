package minilm

import "marquee/embedder/vec"

// A linear is a layer y = W*x + b, its weights in the order of [vec.MulPanels].
type linear struct {
	in, out int
	panels  []float32 // [ceil(out/32)][in][32]
	bias    []float32 // [out]
}

// apply writes the layer's outputs for rows of src, [rows x in], to dst,
// [rows x out].
func (l *linear) apply(dst, src []float32, rows int) {
	vec.MulPanels(dst, l.out, src, l.in, l.panels, l.bias, rows, l.in, l.out)
}

// A layerNorm is the gain and shift of a layer normalisation, each [hidden].
type layerNorm struct{ gain, shift []float32 }

// add replaces each row of x by the normalised sum of it and y's row.
func (n *layerNorm) add(x, y []float32) {
	for w := len(n.gain); len(x) > 0; x, y = x[w:], y[w:] {
		vec.AddLayerNorm(x[:w], y[:w], n.gain, n.shift, epsilon)
	}
}

// A block is one layer of the encoder.
type block struct {
	attend     linear // hidden -> queries, keys, values side by side; queries divided by sqrt(headDims)
	merge      linear // hidden -> hidden, of all heads' results
	attendNorm layerNorm
	widen      linear // hidden -> inner
	narrow     linear // inner -> hidden
	innerNorm  layerNorm
}

// weights are all parameters of an encoder. Nothing writes to them once they
// are read.
type weights struct {
	shape
	words     []float32 // [vocab x hidden]
	positions []float32 // [tokens x hidden], with the embedding of token type 0 added
	norm      layerNorm
	blocks    []block
}
