package minilm

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// smallShape is that of the encoder that tests make up: every part there, none
// as wide as the next.
func smallShape() shape {
	return shape{vocab: len(smallVocabulary()), positions: 80, tokens: 70, hidden: 64, layers: 2, heads: 2, inner: 96}
}

// smallVocabulary spells any lower-case ASCII text, and knows some pieces more.
func smallVocabulary() []string {
	tokens := []string{padToken, unkToken, clsToken, sepToken, maskToken, "film", "##s", "play", "##ing", "##ed", "un", "##play", "amelie", "電", "影", "—"}
	for r := '!'; r <= '~'; r++ {
		if r < 'A' || r > 'Z' {
			tokens = append(tokens, string(r))
		}
	}
	for r := 'a'; r <= 'z'; r++ {
		if r != 's' {
			tokens = append(tokens, tailMark+string(r))
		}
	}
	return tokens
}

func mustVocabulary(t testing.TB, tokens ...string) *vocabulary {
	t.Helper()
	v, err := parseVocabulary([]byte(strings.Join(tokens, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A dict holds tensors by name.
type dict map[string]array

type array struct {
	shape  []int
	values []float32
}

// smallTensors returns random tensors of an encoder of shape s. Gains lie about
// 1, so that an ignored one shows.
func smallTensors(s shape) dict {
	rng := rand.New(rand.NewPCG(7, 7))
	d := dict{}
	add := func(name string, spread, middle float64, shape ...int) {
		n, _ := values(shape)
		a := array{shape, make([]float32, n)}
		for i := range a.values {
			a.values[i] = float32(middle + spread*rng.NormFloat64())
		}
		d[name] = a
	}
	linear := func(name string, out, in int) {
		add(name+".weight", 1.5/math.Sqrt(float64(in)), 0, out, in)
		add(name+".bias", 0.3, 0, out)
	}
	norm := func(name string) {
		add(name+".weight", 0.2, 1, s.hidden)
		add(name+".bias", 0.2, 0, s.hidden)
	}
	// Small embeddings, so that a larger epsilon shows.
	add("embeddings.word_embeddings.weight", 0.02, 0, s.vocab, s.hidden)
	add("embeddings.position_embeddings.weight", 0.01, 0, s.positions, s.hidden)
	add("embeddings.token_type_embeddings.weight", 0.01, 0, 2, s.hidden)
	norm("embeddings.LayerNorm")
	for i := range s.layers {
		name := "encoder.layer." + strconv.Itoa(i)
		for _, part := range []string{"query", "key", "value"} {
			linear(name+".attention.self."+part, s.hidden, s.hidden)
		}
		linear(name+".attention.output.dense", s.hidden, s.hidden)
		norm(name + ".attention.output.LayerNorm")
		linear(name+".intermediate.dense", s.inner, s.hidden)
		linear(name+".output.dense", s.hidden, s.inner)
		norm(name + ".output.LayerNorm")
	}
	linear("pooler.dense", s.hidden, s.hidden) // not needed, to be skipped
	return d
}

// safetensors writes d as a file, after an int64 tensor that is to be skipped.
// Tensors lie in the order of order, or by name if that is nil.
func safetensors(t testing.TB, d dict, order []string) []byte {
	t.Helper()
	if order == nil {
		for name := range d {
			order = append(order, name)
		}
		slices.Sort(order)
	}
	header := map[string]any{
		"__metadata__":            map[string]string{"format": "pt"},
		"embeddings.position_ids": map[string]any{"dtype": "I64", "shape": []int{1, 3}, "data_offsets": []int{0, 24}},
	}
	data := make([]byte, 24)
	for _, name := range order {
		begin := len(data)
		for _, v := range d[name].values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		header[name] = map[string]any{"dtype": "F32", "shape": d[name].shape, "data_offsets": []int{begin, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(file, text...), data...)
}

// smallModel makes a model of random weights.
func smallModel(t testing.TB) (*Model, dict) {
	t.Helper()
	s := smallShape()
	d := smallTensors(s)
	file := safetensors(t, d, nil)
	w, err := readWeights(bytes.NewReader(file), int64(len(file)), s)
	if err != nil {
		t.Fatal(err)
	}
	m := &Model{vocab: mustVocabulary(t, smallVocabulary()...), weights: w}
	if err := m.check(); err != nil {
		t.Fatal(err)
	}
	return m, d
}
