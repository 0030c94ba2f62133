package minilm

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"marquee/embedder/vec"
)

// A want is a tensor that the encoder needs, and what becomes of it.
type want struct {
	shape []int
	kept  bool                   // take may keep its values; others are overwritten
	take  func(values []float32) // called once
}

// A loader reads weights.
type loader struct {
	w       *weights
	wants   map[string]want
	types   []float32 // embedding of token type 0
	scratch []float32
}

// readWeights reads the encoder of shape s from a safetensors file of size
// bytes, front to back and to its end, with one tensor in memory besides what
// is kept. It skips tensors that it does not need (the int64 position_ids, the
// pooler).
func readWeights(r io.Reader, size int64, s shape) (*weights, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	tensors, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	l := &loader{w: &weights{shape: s}, wants: make(map[string]want)}
	l.list()
	if err := l.fits(tensors); err != nil {
		return nil, err
	}
	buf := make([]byte, 1<<18)
	for _, t := range tensors {
		if err := l.read(r, t, buf); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.name, err)
		}
	}
	for i := range l.w.positions {
		l.w.positions[i] += l.types[i%s.hidden]
	}
	return l.w, nil
}

// fits checks, before anything large is read, that every tensor wanted is there
// in the right form.
func (l *loader) fits(tensors []tensor) error {
	missing := len(l.wants)
	for _, t := range tensors {
		w, ok := l.wants[t.name]
		if !ok {
			continue
		}
		if t.dtype != "F32" || !slices.Equal(t.shape, w.shape) {
			return fmt.Errorf("tensor %q is %s%v, want F32%v", t.name, t.dtype, t.shape, w.shape)
		}
		missing--
	}
	if missing > 0 {
		return fmt.Errorf("%d of %d tensors of the encoder are missing", missing, len(l.wants))
	}
	return nil
}

func (l *loader) read(r io.Reader, t tensor, buf []byte) error {
	w, ok := l.wants[t.name]
	if !ok {
		_, err := io.CopyN(io.Discard, r, t.end-t.begin)
		return err
	}
	n := int(t.end-t.begin) / 4
	var values []float32
	if w.kept {
		values = make([]float32, n)
	} else {
		l.scratch = slices.Grow(l.scratch[:0], n)
		values = l.scratch[:n]
	}
	if err := readFloats(r, values, buf); err != nil {
		return err
	}
	w.take(values)
	return nil
}

// list fills wants with every tensor of the encoder, by the names that BERT's
// reference implementation gives them.
func (l *loader) list() {
	w := l.w
	h := w.hidden
	l.wants["embeddings.word_embeddings.weight"] = want{[]int{w.vocab, h}, true, func(v []float32) { w.words = v }}
	// A text alone has only token type 0, and only the first positions.
	l.wants["embeddings.token_type_embeddings.weight"] = want{[]int{2, h}, true, func(v []float32) { l.types = v[:h] }}
	l.wants["embeddings.position_embeddings.weight"] = want{[]int{w.shape.positions, h}, false,
		func(v []float32) { w.positions = slices.Clone(v[:w.tokens*h]) }}
	l.norm("embeddings.LayerNorm", &w.norm, h)
	w.blocks = make([]block, w.layers)
	for i := range w.blocks {
		b, name := &w.blocks[i], "encoder.layer."+strconv.Itoa(i)
		l.attend(name+".attention.self", &b.attend, h)
		l.linear(name+".attention.output.dense", &b.merge, h, h)
		l.norm(name+".attention.output.LayerNorm", &b.attendNorm, h)
		l.linear(name+".intermediate.dense", &b.widen, h, w.inner)
		l.linear(name+".output.dense", &b.narrow, w.inner, h)
		l.norm(name+".output.LayerNorm", &b.innerNorm, h)
	}
}

func (l *loader) vector(name string, n int, dst *[]float32) {
	l.wants[name] = want{[]int{n}, true, func(v []float32) { *dst = v }}
}

func (l *loader) norm(name string, n *layerNorm, width int) {
	l.vector(name+".weight", width, &n.gain)
	l.vector(name+".bias", width, &n.shift)
}

func (l *loader) linear(name string, to *linear, in, out int) {
	to.in, to.out = in, out
	l.vector(name+".bias", out, &to.bias)
	l.wants[name+".weight"] = want{[]int{out, in}, false, func(v []float32) { to.panels = vec.PackPanels(v, in, out) }}
}

// attend joins queries, keys and values to one layer, which whole panels allow:
// hidden is a multiple of their width. The queries' weights take in attention's
// division by sqrt(headDims).
func (l *loader) attend(name string, to *linear, hidden int) {
	to.in, to.out = hidden, 3*hidden
	to.panels = make([]float32, 3*hidden*hidden)
	to.bias = make([]float32, 3*hidden)
	for i, part := range []string{"query", "key", "value"} {
		factor := float32(1)
		if part == "query" {
			factor = float32(1 / math.Sqrt(headDims))
		}
		l.wants[name+"."+part+".weight"] = want{[]int{hidden, hidden}, false, func(v []float32) {
			scale(v, factor)
			copy(to.panels[i*hidden*hidden:], vec.PackPanels(v, hidden, hidden))
		}}
		l.wants[name+"."+part+".bias"] = want{[]int{hidden}, false, func(v []float32) {
			scale(v, factor)
			copy(to.bias[i*hidden:], v)
		}}
	}
}

func scale(v []float32, factor float32) {
	for i := range v {
		v[i] *= factor
	}
}
