package stream_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// sink is a store in memory that keeps the contract of Append.
type sink struct {
	mu      sync.Mutex
	held    map[string]int64
	tails   map[string][]byte // beside held
	batches []catalog.Batch
	fail    func(b catalog.Batch) error // before anything is stored
	lose    func(b catalog.Batch) error // after it was stored: the answer is lost
	done    catalog.Applied             // what else to answer
	lookup  func() error                // fails Offset
}

func newSink() *sink { return &sink{held: map[string]int64{}, tails: map[string][]byte{}} }

// change changes what s does while it is in use.
func (s *sink) change(how func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how()
}

func (s *sink) Offset(_ context.Context, partition string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lookup != nil {
		if err := s.lookup(); err != nil {
			return 0, err
		}
	}
	return s.held[partition], nil
}

func (s *sink) Offsets(ctx context.Context, partitions []string) (map[string]catalog.Held, error) {
	held := map[string]catalog.Held{}
	for _, name := range partitions {
		offset, err := s.Offset(ctx, name)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		if offset > 0 {
			held[name] = catalog.Held{Offset: offset, Tail: s.tails[name]}
		}
		s.mu.Unlock()
	}
	return held, nil
}

func (s *sink) Append(_ context.Context, b catalog.Batch) (catalog.Applied, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(b); err != nil {
			return catalog.Applied{}, err
		}
	}
	want := b.From
	if b.Move != nil {
		want = b.Move.Held
	}
	if held := s.held[b.Partition]; want != held {
		return catalog.Applied{Held: held}, fmt.Errorf("%w: from %d, held %d", catalog.ErrOffset, want, held)
	}
	s.held[b.Partition], s.tails[b.Partition] = b.To, b.Tail
	s.batches = append(s.batches, b)
	if s.lose != nil {
		if err := s.lose(b); err != nil {
			return catalog.Applied{}, err
		}
	}
	done := s.done
	done.Held = b.To
	return done, nil
}

// minutes returns the minutes of movie m+1931 that were stored, in order.
func (s *sink) minutes() (out []int) {
	for _, b := range s.batches {
		for _, m := range b.Minutes {
			out = append(out, m.Minute)
		}
	}
	return out
}

func line(minute int) string {
	return fmt.Sprintf("2022-11-14T12:23:12,%d,GET /data/m/m+1931/%d.mpg", minute%7, minute)
}

func text(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString(line(i) + "\n")
	}
	return b.String()
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func checkMinutes(t *testing.T, dst *sink, want ...[2]int) {
	t.Helper()
	var all []int
	for _, r := range want {
		for i := r[0]; i < r[1]; i++ {
			all = append(all, i)
		}
	}
	if got := fmt.Sprint(dst.minutes()); got != fmt.Sprint(all) {
		t.Errorf("stored minutes are %s,\nwant %v", got, all)
	}
}

func TestFileCountsEveryLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, strings.Join([]string{
		line(1), line(2),
		"2026-02-14T10:30:03,7,GET /rate/m+1931=5",
		"2026-02-14T10:30:03,7,GET /rate/m+1931=6",
		"2026-02-14T10:30:03,7,GET /rate/m+1931=0",
		"2026-02-14T10:30:03,7,GET /rate/m+1931=2.5",
		"2026-02-14T10:30:03,7,GET /create_account",
		"2026-02-14T10:30:03,7,recommendation request h, status 0, result: a, b, 1 ms",
		"",
		strings.Repeat("x", stream.MaxLineBytes+1),
		strings.Repeat("y", 5*stream.MaxLineBytes),
		line(3) + "\r",
		line(4), // no end
	}, "\n"))
	dst := newSink()
	sum := ingest(t, path, dst)
	got, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"lines":13,"kept":{"watch":4,"rate":1,"recommendation":1,"create_account":1},"refused":{"empty":1,"line_too_long":2,"rating_off_scale":3}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if again := ingest(t, path, dst); again.Lines != 0 || len(dst.batches) != 1 {
		t.Errorf("second run read %d lines, want 0", again.Lines)
	}
	for _, r := range dst.batches[0].Refused {
		if len(r.Line) > stream.MaxKeptBytes || r.Source != dst.batches[0].Partition || r.At.IsZero() {
			t.Errorf("refused line of %d bytes at %d from %s", len(r.Line), r.Offset, r.Source)
		}
	}
	if r := dst.batches[0].Refused[0]; string(r.Line) != "2026-02-14T10:30:03,7,GET /rate/m+1931=6" || r.Offset != int64(len(text(1, 3))+41) {
		t.Errorf("first refused is %q at %d", r.Line, r.Offset)
	}
}

func TestFileGrowsAndMoves(t *testing.T) {
	for _, sizes := range [][]int{{1, 2, 3}, {3, 200, 201}, {60, 61, 100, 5000}, {1000, 30000}} {
		dst := newSink()
		path := filepath.Join(t.TempDir(), "log")
		done := 0
		for i, n := range sizes {
			write(t, path, text(0, min(n, 9999)))
			if sum := ingest(t, path, dst); int(sum.Lines) != min(n, 9999)-done {
				t.Errorf("%v: run %d read %d lines, want %d", sizes, i, sum.Lines, n-done)
			}
			done = min(n, 9999)
			moved := path + ".1"
			if err := os.Rename(path, moved); err != nil {
				t.Fatal(err)
			}
			path = moved
		}
		checkMinutes(t, dst, [2]int{0, done})
		if len(dst.held) != 1 {
			t.Errorf("%v: known as %d partitions, want 1", sizes, len(dst.held))
		}
	}
}

func TestFileEditedOrCutIsReadAnew(t *testing.T) {
	dst := newSink()
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, text(0, 4))
	ingest(t, path, dst)
	write(t, path, text(0, 3)+text(9, 10)) // its last line was corrected
	ingest(t, path, dst)
	checkMinutes(t, dst, [2]int{0, 4}, [2]int{0, 3}, [2]int{9, 10})

	dst = newSink()
	write(t, path, text(0, 2000))
	ingest(t, path, dst)
	write(t, path, text(0, 1999)[:70<<10]+"\n"+text(3, 4)) // the beginning that names it, but shorter
	if sum := ingest(t, path, dst); sum.Lines < 700 {
		t.Errorf("a shorter file with a known beginning: %d lines read, want all", sum.Lines)
	}
	if sum := ingest(t, path, dst); sum.Lines != 0 {
		t.Errorf("the same again: %d lines read, want 0", sum.Lines)
	}
}

func TestFileEditedFarInIsReadAnew(t *testing.T) {
	dst := newSink()
	path := filepath.Join(t.TempDir(), "log")
	all := text(0, 600)
	write(t, path, all)
	ingest(t, path, dst)
	write(t, path, strings.Replace(all, "/200.mpg", "/201.mpg", 1)) // at some 10 KiB of 33
	if sum := ingest(t, path, dst); sum.Lines != 600 {
		t.Errorf("read %d lines, want all 600", sum.Lines)
	}
}

func TestFileGoesOnAfterUnfinishedLine(t *testing.T) {
	dst := newSink()
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, text(0, 2)+line(2))
	ingest(t, path, dst)
	write(t, path, text(0, 3))
	if sum := ingest(t, path, dst); sum.Lines != 0 {
		t.Errorf("the end of a counted line gave %+v", sum)
	}
	write(t, path, text(0, 5))
	ingest(t, path, dst)
	checkMinutes(t, dst, [2]int{0, 5})
	write(t, path, text(0, 5)+"\n"+text(5, 6))
	if sum := ingest(t, path, dst); sum.Refused[stream.Empty] != 1 || sum.Lines != 2 {
		t.Errorf("an empty line where the last run ended gave %+v", sum)
	}
}

func TestFileRefusesWhatIsNone(t *testing.T) {
	if _, err := stream.OpenFile(t.Context(), t.TempDir(), newSink(), stream.DefaultConfig(), time.Now); err == nil {
		t.Error("a folder was opened")
	}
	if _, err := stream.OpenFile(t.Context(), "no such file", newSink(), stream.DefaultConfig(), time.Now); err == nil {
		t.Error("no file was opened")
	}
	if _, err := stream.OpenFile(t.Context(), os.DevNull, newSink(), stream.Config{}, time.Now); err == nil {
		t.Error("the zero Config was accepted")
	}
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, "")
	if sum := ingest(t, empty, newSink()); sum.Lines != 0 {
		t.Errorf("an empty file has %d lines", sum.Lines)
	}
}

// A gzipped log is refused before a line of it gets anywhere.
func TestFileGzipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "movielog.gz")
	var content bytes.Buffer
	z := gzip.NewWriter(&content)
	if _, err := z.Write([]byte(text(0, 100))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, content.String())
	src, err := stream.OpenFile(t.Context(), path, newSink(), stream.DefaultConfig(), time.Now)
	if err == nil {
		src.Close()
	}
	if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "zcat "+path+" | marquee ingest --source -") {
		t.Errorf("got %v, want ErrInvalid that says how to unpack it", err)
	}
}

// Whatever the lines, batch size, growth and crashes between batches: every
// line is stored once, in order.
func TestFileExactlyOnce(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		total := rapid.IntRange(1, 300).Draw(rt, "lines")
		path := filepath.Join(dir, "log")
		cfg := stream.DefaultConfig()
		cfg.BatchLines = rapid.IntRange(1, 50).Draw(rt, "batch")
		dst := newSink()
		crash := fmt.Errorf("crash")
		for size := 0; size < total; {
			size = min(total, size+rapid.IntRange(1, 150).Draw(rt, "grow"))
			write(t, path, text(0, size))
			left := rapid.IntRange(0, 3).Draw(rt, "batches before the crash")
			dst.fail = func(catalog.Batch) error {
				if left--; left < 0 {
					return crash
				}
				return nil
			}
			for range 2 { // crashes, then runs through
				src, err := stream.OpenFile(context.Background(), path, dst, cfg, time.Now)
				if err != nil {
					rt.Fatal(err)
				}
				_, err = stream.Run(context.Background(), src, dst, stream.RunConfig{})
				src.Close()
				if err != nil && dst.fail == nil {
					rt.Fatal(err)
				}
				dst.fail = nil
			}
		}
		got := dst.minutes()
		if len(got) != total {
			rt.Fatalf("%d lines stored, want %d", len(got), total)
		}
		for i, m := range got {
			if m != i {
				rt.Fatalf("line %d is minute %d", i, m)
			}
		}
	})
}
