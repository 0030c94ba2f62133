package minilm

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"
)

// A golden is one text with what other engines make of it; see testdata/golden.py.
type golden struct {
	Name   string  `json:"name"`
	Text   string  `json:"text"`
	IDs    []int32 `json:"ids"`
	Vector []byte  `json:"vector"`
}

func (g golden) floats() []float32 {
	v := make([]float32, len(g.Vector)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(g.Vector[4*i:]))
	}
	return v
}

// unzip returns a scanner over the lines of a file in testdata.
func unzip(t *testing.T, name string) *bufio.Scanner {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	lines, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<20)
	return scanner
}

func goldens(t *testing.T) []golden {
	t.Helper()
	var all []golden
	lines := unzip(t, "golden.jsonl.gz")
	for lines.Scan() {
		var g golden
		if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	if err := lines.Err(); err != nil || len(all) < 50 {
		t.Fatalf("read %d goldens, error %v, want at least 50", len(all), err)
	}
	return all
}

// openModel opens the real model, whose folder MARQUEE_MODEL names.
func openModel(t testing.TB) *Model {
	t.Helper()
	dir := os.Getenv("MARQUEE_MODEL")
	if dir == "" {
		t.Skip(`MARQUEE_MODEL is not set to a folder with the model; "make model" gets one`)
	}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
