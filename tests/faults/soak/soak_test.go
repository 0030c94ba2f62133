package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"marquee/catalog/stream"
)

// A short soak passes; the long one is run by hand and by make.
func TestSoak(t *testing.T) {
	var out, said bytes.Buffer
	if status := run(t.Context(), []string{"--lines", "100000"}, &out, &said); status != 0 {
		t.Fatalf("status %d: %s%s", status, out.String(), said.String())
	}
	if n := strings.Count(out.String(), "heap"); n < 3 { // one a batch, at most
		t.Errorf("%d reports, want some:\n%s", n, out.String())
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"--lines", "5"}, {"--lines", "many"}, {"--lines", "100000", "--every", "90000"}} {
		if status := run(t.Context(), args, io.Discard, io.Discard); status != 2 {
			t.Errorf("%v: status %d, want 2", args, status)
		}
	}
}

// What grows is told.
func TestVerdict(t *testing.T) {
	base := reading{heap: 50 << 20, goroutines: 10, files: 20}
	for _, c := range []struct {
		name string
		then reading
		ok   bool
	}{
		{"the same", base, true},
		{"within bounds", reading{heap: 70 << 20, goroutines: 15, files: 25}, true},
		{"heap", reading{heap: 72 << 20, goroutines: 10, files: 20}, false},
		{"goroutines", reading{heap: 50 << 20, goroutines: 16, files: 20}, false},
		{"files", reading{heap: 50 << 20, goroutines: 10, files: 26}, false},
	} {
		g := gauge{first: base, latest: c.then, reports: 2}
		if err := g.verdict(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// The lines are of the stream's grammar but for some noise, and most of them
// repeat a person and a movie.
func TestWorld(t *testing.T) {
	const lines = 200_000
	text, err := io.ReadAll(newWorld(3, lines))
	if err != nil {
		t.Fatal(err)
	}
	refused, repeats, watches := 0, 0, 0
	seen := make(map[string]bool)
	rows := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	for _, line := range rows {
		var e stream.Event
		if stream.ParseLine(line, &e) != stream.Accepted {
			refused++
			continue
		}
		if e.Kind == stream.Watch {
			watches++
			key := string(e.User) + " " + string(e.Movie)
			if seen[key] {
				repeats++
			}
			seen[key] = true
		}
	}
	if len(rows) != lines || refused < lines/2000 || refused > lines/500 {
		t.Errorf("%d lines, %d refused, want %d and about one of 900", len(rows), refused, lines)
	}
	if share := float64(repeats) / float64(watches); share < 0.7 {
		t.Errorf("%.2f of the watches repeat, want most", share)
	}
}
