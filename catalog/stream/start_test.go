package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// epoch is when the lines of at happen.
var epoch = time.Date(2026, 2, 14, 10, 0, 0, 0, time.UTC)

// at returns a watch of minute n, some thousandths of seconds after epoch.
func at(millis, n int) string {
	return fmt.Sprintf("%s,%d,GET /data/m/m+1931/%d.mpg\n", epoch.Add(time.Duration(millis)*time.Millisecond).Format("2006-01-02T15:04:05.000"), n%7, n)
}

// read returns the minutes that a reading of path from a place stores.
func read(t testing.TB, path string, dst *sink, from stream.From) ([]int, error) {
	t.Helper()
	cfg := stream.DefaultConfig()
	cfg.From, cfg.BatchLines = from, 1000
	before := len(dst.minutes())
	src, err := stream.OpenFile(t.Context(), path, dst, cfg, time.Now)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	if _, err := stream.Run(t.Context(), src, dst, stream.RunConfig{}); err != nil {
		return nil, err
	}
	return dst.minutes()[before:], nil
}

func TestFileFrom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	lines := []string{at(0, 0), "noise\n", at(1500, 1), at(1200, 2), at(2000, 3), "2026-02-14T1x:00\n", at(9000, 4), "noise at the end\n"}
	write(t, path, strings.Join(lines, ""))
	size := int64(len(strings.Join(lines, "")))
	end := func(n int) int64 { return int64(len(strings.Join(lines[:n], ""))) }
	for name, c := range map[string]struct {
		from stream.From
		want string
	}{
		"earliest":                   {stream.From{}, "[0 1 2 3 4]"},
		"latest":                     {stream.From{Place: stream.Latest}, "[]"},
		"offset 0":                   {stream.From{Place: stream.AtOffset}, "[0 1 2 3 4]"},
		"offset 1, within a line":    {stream.From{Place: stream.AtOffset, Offset: 1}, "[1 2 3 4]"},
		"offset of a line":           {stream.From{Place: stream.AtOffset, Offset: end(3)}, "[2 3 4]"},
		"offset within it":           {stream.From{Place: stream.AtOffset, Offset: end(3) + 1}, "[3 4]"},
		"offset before its end":      {stream.From{Place: stream.AtOffset, Offset: end(3) - 1}, "[2 3 4]"},
		"offset of the end":          {stream.From{Place: stream.AtOffset, Offset: size}, "[]"},
		"a time before all":          {stream.From{Place: stream.AtTime, At: epoch.Add(-time.Hour)}, "[0 1 2 3 4]"},
		"a time of a line":           {stream.From{Place: stream.AtTime, At: epoch.Add(2 * time.Second)}, "[3 4]"},
		"a time between":             {stream.From{Place: stream.AtTime, At: epoch.Add(3 * time.Second)}, "[4]"},
		"a fraction out of order":    {stream.From{Place: stream.AtTime, At: epoch.Add(1300 * time.Millisecond)}, "[1 2 3 4]"},
		"a time after all":           {stream.From{Place: stream.AtTime, At: epoch.Add(time.Hour)}, "[]"},
		"the last moment":            {stream.From{Place: stream.Last, Span: 1}, "[4]"},
		"the last seven seconds":     {stream.From{Place: stream.Last, Span: 7 * time.Second}, "[3 4]"},
		"the last hour":              {stream.From{Place: stream.Last, Span: time.Hour}, "[0 1 2 3 4]"},
		"the earliest, once again":   {stream.From{Replay: true}, "[0 1 2 3 4]"},
		"a replay of the last 7s":    {stream.From{Place: stream.Last, Span: 7 * time.Second, Replay: true}, "[3 4]"},
		"a replay of the very end":   {stream.From{Place: stream.Latest, Replay: true}, "[]"},
		"a replay from where it was": {stream.From{Place: stream.AtOffset, Offset: end(5), Replay: true}, "[4]"},
	} {
		t.Run(name, func(t *testing.T) {
			dst := newSink()
			got, err := read(t, path, dst, c.from)
			if err != nil || fmt.Sprint(got) != c.want {
				t.Fatalf("got %v, %v; want %s", got, err, c.want)
			}
			if len(dst.batches) == 0 {
				return
			}
			if b := dst.batches[0]; (b.Move != nil) != (b.From > 0) || b.Move != nil && b.Move.Held != 0 {
				t.Errorf("first batch from %d carries %+v", b.From, b.Move)
			}
			// The sink holds the end now: only a replay begins before it.
			again, err := read(t, path, dst, c.from)
			want := "[]"
			if c.from.Replay {
				want = c.want
			}
			if err != nil || fmt.Sprint(again) != want {
				t.Errorf("once more: got %v, %v; want %s", again, err, want)
			}
			if last := dst.batches[len(dst.batches)-1]; c.from.Replay && (last.Move == nil || last.Move.Held != size) {
				t.Errorf("the replay carries %+v, want what was held, %d", last.Move, size)
			}
		})
	}
}

func TestFileFromFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, text(0, 3))
	for _, from := range []stream.From{
		{Place: stream.AtOffset, Offset: 10_000},
		{Place: stream.AtOffset, Offset: -1},
		{Place: stream.Last},
		{Place: 77},
	} {
		if _, err := read(t, path, newSink(), from); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%+v: got %v, want ErrInvalid", from, err)
		}
	}
	cfg := stream.DefaultConfig()
	cfg.From = stream.From{Place: stream.Latest}
	if _, err := stream.NewPipe(strings.NewReader(""), cfg, time.Now); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("a pipe from the latest: got %v, want ErrInvalid", err)
	}
	noise := filepath.Join(t.TempDir(), "noise")
	write(t, noise, strings.Repeat("noise\n", 100_000))
	dst := newSink()
	if _, err := read(t, noise, dst, stream.From{Place: stream.Last, Span: time.Hour}); err != nil || len(dst.batches) != 100 {
		t.Errorf("no line with a time: %v, %d batches; want all of it", err, len(dst.batches))
	}
}

// first returns where the reading of path from a place begins, -1 if nothing is to
// be read.
func first(t testing.TB, path string, from stream.From) int64 {
	cfg := stream.DefaultConfig()
	cfg.From, cfg.BatchLines = from, 1
	src, err := stream.OpenFile(context.Background(), path, newSink(), cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	b, err := src.Fetch(context.Background())
	if errors.Is(err, io.EOF) || err == nil && b.From == b.To { // at most the start, for the sink to know
		return -1
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.From
}

// In files of some MB, with noise, long lines and digits that went astray, halving
// finds what reading line by line does, however many lines a second has.
func TestFileFromTimeInLargeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 2))
		content, millis, place := day(rng, []int{2, 4000}[seed%2])
		write(t, path, content)
		for i := range 20 {
			want := rng.IntN(millis[len(millis)-1]+3000) - 1000
			if i%2 == 0 {
				want -= want % 1000
			}
			n := 0
			for n < len(millis) && millis[n] < want {
				n++
			}
			if got := first(t, path, stream.From{Place: stream.AtTime, At: epoch.Add(time.Duration(want) * time.Millisecond)}); got != place[n] {
				t.Fatalf("file %d from %d ms: begins at %d, want %d", seed, want, got, place[n])
			}
		}
	}
}

// day returns 20,000 lines with the times and places of those that are in order; a
// new second comes once in so many lines. The place after the last is -1.
func day(rng *rand.Rand, rare int) (content string, millis []int, place []int64) {
	var b strings.Builder
	second := 0
	for i := range 20_000 {
		if rng.IntN(rare) == 0 {
			second++
		}
		switch n := rng.IntN(1000); {
		case n == 0:
			b.WriteString(strings.Repeat("x", rng.IntN(100_000)) + "\n")
		case n == 1:
			b.WriteString("2026-02-14T10:00:0x,1,GET /create_account\n")
		case i%3 == 0:
			b.WriteString("2019-02-14T10:00:01,1,GET /create_account\n") // astray
		}
		millis, place = append(millis, 1000*second+rng.IntN(1000)), append(place, int64(b.Len()))
		b.WriteString(at(millis[i], i%9000))
	}
	return b.String(), millis, append(place, -1)
}

// Another reader moves the offset while a replay begins: it begins all the
// same. Any other reading goes on where the other reader is.
func TestFileFromRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, text(0, 10))
	for _, replay := range []bool{true, false} {
		dst := newSink()
		if replay {
			if _, err := read(t, path, dst, stream.From{}); err != nil {
				t.Fatal(err)
			}
		}
		cfg := stream.DefaultConfig()
		cfg.From = stream.From{Place: stream.AtOffset, Offset: int64(len(text(0, 2))), Replay: replay}
		src, err := stream.OpenFile(t.Context(), path, dst, cfg, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		dst.held[src.Partition()] = int64(len(text(0, 5)))
		sum, err := stream.Run(t.Context(), src, dst, stream.RunConfig{})
		want := int64(5)
		if replay {
			want = 8
		}
		if err != nil || sum.Lines != want {
			t.Errorf("replay %v: %d lines, %v; want %d", replay, sum.Lines, err, want)
		}
		if _, err := src.Fetch(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %v, want EOF", err)
		}
	}
}

// A move is in the first batch only, and a replay in several batches goes on
// from batch to batch.
func TestFileReplayInBatches(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, text(0, 5000))
	dst := newSink()
	for run := range 2 {
		got, err := read(t, path, dst, stream.From{Replay: run == 1})
		if err != nil || len(got) != 5000 {
			t.Fatalf("run %d: %d lines, %v; want 5000", run, len(got), err)
		}
	}
	for i, b := range dst.batches {
		if (b.Move != nil) != (i == 5) {
			t.Errorf("batch %d of 10 carries %+v, want a move in number 5 only", i, b.Move)
		}
	}
}

// A start in the middle is the sink's from the first moment: what is written while
// nobody reads is read by the next run, though the first had no line to store.
func TestStartIsKeptWithoutALine(t *testing.T) {
	cfg := stream.DefaultConfig()
	cfg.From = stream.From{Place: stream.Latest}
	for name, first := range map[string]func(t *testing.T, path string, dst *sink){
		"once": func(t *testing.T, path string, dst *sink) {
			src, err := stream.OpenFile(t.Context(), path, dst, cfg, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			if sum, err := stream.Run(t.Context(), src, dst, stream.RunConfig{}); err != nil || sum.Lines != 0 {
				t.Fatalf("%+v, %v", sum, err)
			}
		},
		"followed": func(t *testing.T, path string, dst *sink) {
			src, err := stream.Follow(t.Context(), path, dst, cfg, stream.DefaultFollowConfig(), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			b, err := src.Fetch(ctx)
			if err != nil || b.From != b.To || b.Move == nil {
				t.Fatalf("%+v, %v; want the start alone", b, err)
			}
			if _, err := dst.Append(ctx, b); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			write(t, path, text(0, 200))
			dst := newSink()
			first(t, path, dst)
			write(t, path, text(0, 300))
			if sum := ingest(t, path, dst); sum.Lines != 100 {
				t.Errorf("%d lines after a restart, want the 100 that were written meanwhile", sum.Lines)
			}
			checkMinutes(t, dst, [2]int{200, 300})
		})
	}
}
