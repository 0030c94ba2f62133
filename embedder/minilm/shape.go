package minilm

import "fmt"

// A shape says how large each part of a BERT encoder is.
type shape struct {
	vocab     int // rows of the word embeddings
	positions int // rows of the position embeddings in the file
	tokens    int // longest text, the two specials included; at most positions
	hidden    int // width of a token's state, heads * headDims
	layers    int
	heads     int
	inner     int // width of the feed-forward part
}

// headDims is the width of one attention head: a panel of the matrix product.
const headDims = 32

// epsilon is added to the variance by every layer normalisation of the model
// (its config.json); BERT's usual 1e-5 shifts the vectors.
const epsilon = 1e-12

// pinnedShape is that of all-MiniLM-L6-v2. The model was trained with texts of
// 128 tokens, and its authors cut at 256.
func pinnedShape() shape {
	return shape{vocab: 30522, positions: 512, tokens: 256, hidden: 384, layers: 6, heads: 12, inner: 1536}
}

func (s shape) check() error {
	if s.vocab < 5 || s.tokens < 2 || s.positions < s.tokens || s.layers < 1 || s.inner < 1 || s.heads < 1 || s.hidden != s.heads*headDims {
		return fmt.Errorf("encoder of shape %+v, want heads of %d dimensions and at least 2 tokens", s, headDims)
	}
	return nil
}
