package remote_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"marquee/embedder/remote"
)

func TestUnusableAnswers(t *testing.T) {
	type rows = []map[string]any
	for name, c := range map[string]struct {
		spoil func(rows) rows
		says  string
	}{
		"too few":        {func(r rows) rows { return r[1:] }, "1 vectors for 2 texts"},
		"too many":       {func(r rows) rows { return append(r, r[0]) }, "3 vectors for 2 texts"},
		"none":           {func(rows) rows { return nil }, "0 vectors for 2 texts"},
		"index twice":    {func(r rows) rows { r[1]["index"] = 0; return r }, "index 0 of vector 1"},
		"index too high": {func(r rows) rows { r[1]["index"] = 2; return r }, "index 2 of vector 1"},
		"index negative": {func(r rows) rows { r[0]["index"] = -1; return r }, "index -1 of vector 0"},
		"wrong length":   {func(r rows) rows { r[1]["embedding"] = []float32{1, 2, 3}; return r }, "vector 1 has 3 values, want 4"},
		"empty vector":   {func(r rows) rows { r[0]["embedding"] = []float32{}; return r }, "vector 0 has 0 values, want 4"},
		"no vector":      {func(r rows) rows { delete(r[0], "embedding"); return r }, "vector 0 has 0 values, want 4"},
		"null vector":    {func(r rows) rows { r[0]["embedding"] = nil; return r }, `embedding is "null"`},
		"NaN as null":    {func(r rows) rows { r[0]["embedding"] = []any{1, nil, 3, 4}; return r }, `value 1 of an embedding is "null"`},
		"text as value":  {func(r rows) rows { r[0]["embedding"] = []any{1, "2", 3, 4}; return r }, "value 1 of an embedding"},
		"nested":         {func(r rows) rows { r[0]["embedding"] = []any{[]int{1, 2}, 3}; return r }, "value 0 of an embedding"},
		"too great":      {func(r rows) rows { r[0]["embedding"] = []float64{1e300, 0, 0, 0}; return r }, "value 0 of an embedding"},
		"base64":         {func(r rows) rows { r[0]["embedding"] = "AACAPw=="; return r }, "want a list of numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.spoil = c.spoil
			_, err := embed(s.client(t, nil), "a", "b")
			checkError(t, err, remote.ErrAnswer, `model "test-model" at http`, c.says)
			if n := len(s.questions()); n != 1 {
				t.Errorf("asked %d times, want once: it would not help", n)
			}
		})
	}
}

func TestUnusableBodies(t *testing.T) {
	for name, c := range map[string]struct{ body, says string }{
		"page":      {"<html>" + key + strings.Repeat("welcome", 100), "<html>[hidden]welcome"},
		"cut":       {`{"data":[{"index":0,"embedding":[1,2`, "unexpected end of JSON"},
		"nothing":   {"", "unexpected end of JSON"},
		"null":      {"null", "0 vectors for 1 texts"},
		"list":      {"[1,2]", "cannot unmarshal"},
		"huge":      {`{"data":[` + strings.Repeat(" ", 5000) + `]}`, "more than 2000 bytes"},
		"key later": {strings.Repeat("x", 183) + key, "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.before = func(_ int, w http.ResponseWriter, _ question) bool { _, _ = io.WriteString(w, c.body); return true }
			_, err := embed(s.client(t, func(c *remote.Config) { c.MaxBodyBytes = 2000 }), "a")
			checkError(t, err, remote.ErrAnswer, c.says)
		})
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"data":[{"index":0,"embedding":[1,2,3,4]}]}`)
	f.Add(`{"data":[{"embedding":[1e-45,-0,3.5,4]}]}`)
	f.Add(`{"data":[{"index":0,"embedding":[null,NaN]}]}`)
	s := newServer(f)
	var body string
	s.before = func(_ int, w http.ResponseWriter, _ question) bool { _, _ = io.WriteString(w, body); return true }
	c := s.client(f, nil)
	f.Fuzz(func(t *testing.T, text string) {
		body = text
		got, err := embed(c, "a")
		if err != nil {
			if !errors.Is(err, remote.ErrAnswer) {
				t.Fatalf("error is %v, want one that wraps ErrAnswer", err)
			}
			return
		}
		sum := 0.0
		for _, x := range got {
			sum += float64(x) * float64(x)
		}
		if sum != 0 && !(sum > 0.999 && sum < 1.001) {
			t.Fatalf("vector %v has length %v squared, want 0 or 1", got, sum)
		}
	})
}
