package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// ErrAnswer reports an answer that is not what was asked for. Asking again would
// not help.
var ErrAnswer = errors.New("unusable answer of the embeddings server")

// An answer is the body of a good response.
type answer struct {
	Data []struct {
		Index     *int    `json:"index"`
		Embedding numbers `json:"embedding"`
	} `json:"data"`
}

// numbers are the values of a vector. A null among them, which is how JSON
// writes NaN, is an error; encoding/json alone would read it as 0.
type numbers []float32

// UnmarshalJSON reads a list of numbers.
func (n *numbers) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '[' {
		return fmt.Errorf("embedding is %.40q, want a list of numbers", text)
	}
	if text = bytes.TrimSpace(text[1 : len(text)-1]); len(text) == 0 {
		*n = numbers{}
		return nil
	}
	out := make(numbers, 0, 1+bytes.Count(text, []byte{','}))
	for item := range bytes.SplitSeq(text, []byte{','}) {
		item = bytes.TrimSpace(item)
		x, err := strconv.ParseFloat(string(item), 32)
		if err != nil {
			return fmt.Errorf("value %d of an embedding is %.40q, want a finite number", len(out), item)
		}
		out = append(out, float32(x))
	}
	*n = out
	return nil
}

// vectors returns the vectors of body in the order of the texts that were
// asked for. All have dims values; with dims 0, as many as the first. Errors show excerpt.
func vectors(body []byte, texts, dims int, excerpt string) ([][]float32, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("%w: %w, in %q", ErrAnswer, err, excerpt)
	}
	if len(a.Data) != texts {
		return nil, fmt.Errorf("%w: %d vectors for %d texts, in %q", ErrAnswer, len(a.Data), texts, excerpt)
	}
	out := make([][]float32, texts)
	for place, item := range a.Data {
		at := place
		if item.Index != nil { // some servers leave it out, and keep the order
			at = *item.Index
		}
		if at < 0 || at >= texts || out[at] != nil {
			return nil, fmt.Errorf("%w: index %d of vector %d is out of range or there twice, want each of 0 to %d once", ErrAnswer, at, place, texts-1)
		}
		if dims == 0 {
			dims = len(item.Embedding)
		}
		if n := len(item.Embedding); n != dims || n < 1 || n > maxDims {
			return nil, fmt.Errorf("%w: vector %d has %d values, want %d", ErrAnswer, at, n, dims)
		}
		out[at] = item.Embedding
	}
	return out, nil
}
