package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

// A pipe is unpacked if it is gzipped, and passed on as it is otherwise.
func TestGunzip(t *testing.T) {
	const text = "2022-11-14T12:23,5,GET /data/m/heat+1995/0.mpg\n"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{"plain": text, "gzipped": packed.String(), "empty": "", "one byte": "x"} {
		want := in
		if name == "gzipped" {
			want = text
		}
		got, err := io.ReadAll(&gunzip{from: bufio.NewReader(strings.NewReader(in))})
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	if _, err := io.ReadAll(&gunzip{from: bufio.NewReader(strings.NewReader("\x1f\x8brubbish"))}); err == nil {
		t.Error("rubbish behind a gzip mark gave no error")
	}
}
