package minilm

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// errFormat reports a file that is no well-formed safetensors file.
var errFormat = errors.New("not a well-formed safetensors file")

const (
	maxHeaderBytes = 1 << 20 // the pinned file's header has 11,408 bytes, 105 tensors
	maxTensors     = 4096
	maxRank        = 8
)

// A tensor is one entry of a safetensors header: where its values lie in the
// data that follows the header, and in what form.
type tensor struct {
	name       string
	dtype      string // "F32", "I64"
	shape      []int  // outermost first; empty for a scalar
	begin, end int64  // byte offsets in the data
}

// readHeader reads the header of a safetensors file of size bytes from r, which
// stands at its start, and leaves r at the first byte of the data. The tensors
// come in the order of their data, which they cover without gap or overlap.
// Format: 8 bytes of little-endian header length, the header in JSON, the data.
func readHeader(r io.Reader, size int64) ([]tensor, error) {
	var length [8]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, fmt.Errorf("%w: header length: %w", errFormat, err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n < 2 || n > maxHeaderBytes || int64(n) > size-8 {
		return nil, fmt.Errorf("%w: header of %d bytes in a file of %d, want 2 to %d", errFormat, n, size, maxHeaderBytes)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, fmt.Errorf("%w: header: %w", errFormat, err)
	}
	return parseHeader(header, size-8-int64(n))
}

// parseHeader reads a safetensors header whose data has dataBytes bytes.
func parseHeader(header []byte, dataBytes int64) ([]tensor, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, fmt.Errorf("%w: %w", errFormat, err)
	}
	delete(entries, "__metadata__")
	if len(entries) > maxTensors {
		return nil, fmt.Errorf("%w: %d tensors, want at most %d", errFormat, len(entries), maxTensors)
	}
	tensors := make([]tensor, 0, len(entries))
	for name, raw := range entries {
		t, err := parseTensor(name, raw)
		if err != nil {
			return nil, err
		}
		tensors = append(tensors, t)
	}
	// Names break the ties of empty tensors, so that the order is one.
	slices.SortFunc(tensors, func(a, b tensor) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	at := int64(0)
	for _, t := range tensors {
		if t.begin != at {
			return nil, fmt.Errorf("%w: tensor %q begins at %d, want %d (no gap, no overlap)", errFormat, t.name, t.begin, at)
		}
		at = t.end
	}
	if at != dataBytes {
		return nil, fmt.Errorf("%w: tensors end at %d, the data has %d bytes", errFormat, at, dataBytes)
	}
	return tensors, nil
}

func parseTensor(name string, raw json.RawMessage) (tensor, error) {
	var entry struct {
		Dtype   string  `json:"dtype"`
		Shape   []int   `json:"shape"`
		Offsets []int64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(raw, &entry); err != nil {
		return tensor{}, fmt.Errorf("%w: tensor %q: %w", errFormat, name, err)
	}
	if len(entry.Offsets) != 2 || entry.Offsets[0] < 0 || entry.Offsets[1] < entry.Offsets[0] {
		return tensor{}, fmt.Errorf("%w: tensor %q has data_offsets %v, want begin and end", errFormat, name, entry.Offsets)
	}
	t := tensor{name: name, dtype: entry.Dtype, shape: entry.Shape, begin: entry.Offsets[0], end: entry.Offsets[1]}
	n, ok := values(t.shape)
	if !ok {
		return tensor{}, fmt.Errorf("%w: tensor %q has shape %v", errFormat, name, t.shape)
	}
	if w := width(t.dtype); w > 0 && t.end-t.begin != n*w {
		return tensor{}, fmt.Errorf("%w: tensor %q of %s%v has %d bytes, want %d", errFormat, name, t.dtype, t.shape, t.end-t.begin, n*w)
	}
	return t, nil
}

// values returns how many values a tensor of the shape has; ok is false when a
// length is negative, the rank is above maxRank, or the bytes overflow.
func values(shape []int) (n int64, ok bool) {
	if len(shape) > maxRank {
		return 0, false
	}
	n = 1
	for _, d := range shape {
		if d < 0 || (d > 0 && n > math.MaxInt64/16/int64(d)) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

// width returns the bytes of one value of a dtype, or 0 when it is none that
// this package needs to know.
func width(dtype string) int64 {
	switch dtype {
	case "F32", "I32", "U32":
		return 4
	case "F64", "I64", "U64":
		return 8
	case "F16", "BF16", "I16", "U16":
		return 2
	case "I8", "U8", "BOOL":
		return 1
	}
	return 0
}

// readFloats fills dst with little-endian float32 values from r, through buf,
// whose length is a multiple of 4.
func readFloats(r io.Reader, dst []float32, buf []byte) error {
	for len(dst) > 0 {
		b := buf[:min(len(buf), 4*len(dst))]
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		for i := range len(b) / 4 {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		dst = dst[len(b)/4:]
	}
	return nil
}
