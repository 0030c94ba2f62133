package embedder

import (
	"errors"
	"fmt"
)

// ErrShape reports a destination whose length is not the number of texts times
// the dimensions of the embedder.
var ErrShape = errors.New("wrong length of the destination")

// CheckShape returns an error that wraps [ErrShape] unless dst has room for
// exactly the vectors of texts, [len(texts) x id.Dims]. Every [Embedder] calls
// it before it does anything else.
func CheckShape(id ID, texts []string, dst []float32) error {
	if want := len(texts) * id.Dims; len(dst) != want {
		return fmt.Errorf("destination for %d texts of %s has %d values, want %d: %w", len(texts), id, len(dst), want, ErrShape)
	}
	return nil
}
