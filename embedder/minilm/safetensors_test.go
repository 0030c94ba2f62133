package minilm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestHeader(t *testing.T) {
	const header = `{"b":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},"__metadata__":{"format":"pt"},` +
		`"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"e":{"dtype":"F32","shape":[0,7],"data_offsets":[8,8]}}   `
	got, err := parseHeader([]byte(header), 32)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{a I64 [] 0 8} {e F32 [0 7] 8 8} {b F32 [2 3] 8 32}]`
	if fmt.Sprint(got) != want {
		t.Errorf("header is %v, want %v", got, want)
	}
}

func TestHeaderRefuses(t *testing.T) {
	one := func(entry string) string { return `{"a":` + entry + `}` }
	for name, c := range map[string]struct {
		header string
		bytes  int64
	}{
		"no JSON":          {"{", 0},
		"a list":           {"[]", 0},
		"entry a number":   {one(`3`), 0},
		"no offsets":       {one(`{"dtype":"F32","shape":[1]}`), 4},
		"one offset":       {one(`{"dtype":"F32","shape":[1],"data_offsets":[0]}`), 4},
		"three offsets":    {one(`{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}`), 4},
		"backwards":        {one(`{"dtype":"F32","shape":[1],"data_offsets":[4,0]}`), 4},
		"negative":         {one(`{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}`), 4},
		"negative length":  {one(`{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}`), 4},
		"fraction":         {one(`{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}`), 4},
		"huge shape":       {one(`{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}`), 0},
		"rank":             {one(`{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}`), 4},
		"too few bytes":    {one(`{"dtype":"F32","shape":[2],"data_offsets":[0,4]}`), 4},
		"gap at the start": {one(`{"dtype":"F32","shape":[1],"data_offsets":[4,8]}`), 8},
		"data left":        {one(`{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`), 8},
		"past the data":    {one(`{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`), 4},
		"overlap":          {`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6},
		"nothing but data": {`{}`, 4},
	} {
		if _, err := parseHeader([]byte(c.header), c.bytes); !errors.Is(err, errFormat) {
			t.Errorf("%s: error is %v, want one that wraps errFormat", name, err)
		}
	}
}

// A header's length is checked before that much is allocated or read.
func TestHeaderLength(t *testing.T) {
	for name, file := range map[string][]byte{
		"empty":         {},
		"short":         {1, 2, 3},
		"zero":          make([]byte, 64),
		"past the file": append(binary.LittleEndian.AppendUint64(nil, 100), make([]byte, 50)...),
		"huge":          append(binary.LittleEndian.AppendUint64(nil, 1<<63), make([]byte, 50)...),
		"negative":      append(binary.LittleEndian.AppendUint64(nil, 1<<64-1), make([]byte, 50)...),
	} {
		if _, err := readHeader(bytes.NewReader(file), int64(len(file))); !errors.Is(err, errFormat) {
			t.Errorf("%s: error is %v, want one that wraps errFormat", name, err)
		}
	}
	huge := append(binary.LittleEndian.AppendUint64(nil, 2<<20), bytes.Repeat([]byte{' '}, 3<<20)...)
	if _, err := readHeader(bytes.NewReader(huge), int64(len(huge))); !errors.Is(err, errFormat) {
		t.Errorf("header of 2 MB: error is %v, want one that wraps errFormat", err)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`), int64(8))
	f.Add([]byte(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"X","shape":[9],"data_offsets":[4,5]}}`), int64(5))
	f.Add([]byte(`{"__metadata__":{}}`), int64(0))
	f.Fuzz(func(t *testing.T, header []byte, size int64) {
		tensors, err := parseHeader(header, size)
		if err != nil {
			if !errors.Is(err, errFormat) {
				t.Fatalf("error %v does not wrap errFormat", err)
			}
			return
		}
		at := int64(0)
		for _, e := range tensors {
			n, ok := values(e.shape)
			if !ok || e.begin != at || e.end < e.begin || e.dtype == "F32" && e.end-e.begin != 4*n {
				t.Fatalf("tensor %+v, want it to begin at %d and to have the bytes of its shape", e, at)
			}
			at = e.end
		}
		if at != size {
			t.Fatalf("tensors end at %d, the data at %d", at, size)
		}
	})
}

// Weights read the same from tensors in any order.
func TestWeightsInAnyOrder(t *testing.T) {
	s := smallShape()
	d := smallTensors(s)
	var want string
	for _, backwards := range []bool{false, true} {
		var order []string
		for name := range d {
			order = append(order, name)
		}
		slices.Sort(order)
		if backwards {
			slices.Reverse(order)
		}
		file := safetensors(t, d, order)
		w, err := readWeights(bytes.NewReader(file), int64(len(file)), s)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(*w)
		if want == "" {
			want = got
		} else if got != want {
			t.Error("weights differ with the order of their tensors")
		}
	}
}

func TestWeightsRefuse(t *testing.T) {
	s := smallShape()
	for _, c := range []struct {
		name   string
		change func(d dict)
		want   string
	}{
		{"missing", func(d dict) { delete(d, "encoder.layer.1.output.dense.bias") }, "1 of 37 tensors"},
		{"wrong shape", func(d dict) { d["embeddings.LayerNorm.bias"] = array{[]int{1, 64}, make([]float32, 64)} }, "[1 64], want F32[64]"},
		{"too few words", func(d dict) {
			d["embeddings.word_embeddings.weight"] = array{[]int{5, 64}, make([]float32, 5*64)}
		}, "word_embeddings"},
		{"too few positions", func(d dict) {
			d["embeddings.position_embeddings.weight"] = array{[]int{5, 64}, make([]float32, 5*64)}
		}, "position_embeddings"},
	} {
		d := smallTensors(s)
		c.change(d)
		file := safetensors(t, d, nil)
		if _, err := readWeights(bytes.NewReader(file), int64(len(file)), s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q in it", c.name, err, c.want)
		}
	}
	file := safetensors(t, smallTensors(s), nil)
	other := bytes.Replace(file, []byte(`"F32"`), []byte(`"I32"`), 1)
	if _, err := readWeights(bytes.NewReader(other), int64(len(file)), s); err == nil || !strings.Contains(err.Error(), "want F32") {
		t.Errorf("int32 tensor: error is %v", err)
	}
	for _, n := range []int{0, 7, 100, len(file) / 2, len(file) - 1} {
		if _, err := readWeights(bytes.NewReader(file[:n]), int64(len(file)), s); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Errorf("file cut at %d: error is %v, want an end of file", n, err)
		}
	}
	wrong := s
	wrong.hidden = 65
	if _, err := readWeights(bytes.NewReader(file), int64(len(file)), wrong); err == nil {
		t.Error("a width that is no multiple of a head's is taken")
	}
}
