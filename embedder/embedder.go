package embedder

import (
	"context"
	"errors"
	"fmt"
)

// ErrSpace reports vectors of two embedders used together. Equal length is no
// proof: two models of 384 dimensions compare without complaint and mean nothing.
var ErrSpace = errors.New("different vector spaces")

// An ID names a vector space: vectors may be compared if and only if their IDs
// are equal.
type ID struct {
	Model     string `json:"model"`     // "minilm", "lsa", "remote:nomic-embed-text"
	Revision  string `json:"revision"`  // of the weights, or the digest of what was fitted
	Dims      int    `json:"dims"`      // length of a vector
	Precision string `json:"precision"` // "f32"
}

// String returns "model@revision/dims/precision".
func (id ID) String() string {
	return fmt.Sprintf("%s@%s/%d/%s", id.Model, id.Revision, id.Dims, id.Precision)
}

// CheckSpace returns an error that wraps [ErrSpace] unless a and b are equal.
func CheckSpace(a, b ID) error {
	if a != b {
		return fmt.Errorf("vectors of %s and of %s: %w", a, b, ErrSpace)
	}
	return nil
}

// An Embedder maps texts to vectors of one space. Any number of goroutines may
// use one at once.
type Embedder interface {
	// ID names the space of every vector that Embed writes.
	ID() ID

	// Embed writes the vectors of texts to dst, [len(texts) x ID().Dims],
	// row-major. A row has unit length, or is all zeros when its text says
	// nothing (empty, or no word that the model knows). The same text gives the
	// same bits, whatever stands beside it and however many processors work.
	// Embed returns early with ctx's error when ctx ends.
	Embed(ctx context.Context, texts []string, dst []float32) error
}
