package stream

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"marquee/catalog"
)

// tailBytes is how much before an offset is held against what it was: the last
// line, and more.
const tailBytes = 4 << 10

// tailOf returns the digest of what stands before offset in r, at most tailBytes.
// An error of a file that ends before offset wraps [io.EOF].
func tailOf(r io.ReaderAt, offset int64) ([]byte, error) {
	buf := make([]byte, min(offset, tailBytes))
	if n, err := r.ReadAt(buf, offset-int64(len(buf))); n < len(buf) {
		return nil, fmt.Errorf("read at %d: %w", offset-int64(len(buf)), err)
	}
	sum := sha256.Sum256(buf)
	return sum[:], nil
}

// fits reports whether r, of which size bytes are there, may be the file of
// which h is held: it is as long, and the same stands before the offset. Of what
// is held without a tail, the length decides.
func fits(r io.ReaderAt, size int64, h catalog.Held) (bool, error) {
	if h.Offset > size || h.Tail == nil {
		return h.Offset <= size, nil
	}
	tail, err := tailOf(r, h.Offset)
	if errors.Is(err, io.EOF) { // it was cut since
		return false, nil
	}
	return bytes.Equal(tail, h.Tail), err
}
