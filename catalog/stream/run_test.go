package stream_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
)

func pipe(t *testing.T, content string, batch int) *stream.Pipe {
	t.Helper()
	cfg := stream.DefaultConfig()
	cfg.BatchLines = batch
	p, err := stream.NewPipe(strings.NewReader(content), cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPipeTwiceIsOnce(t *testing.T) {
	dst := newSink()
	for i, want := range []int64{101, 0} {
		sum, err := stream.Run(t.Context(), pipe(t, text(0, 100)+"noise", 30), dst, stream.RunConfig{})
		if err != nil {
			t.Fatal(err)
		}
		if sum.Lines != want {
			t.Errorf("run %d: %d lines, want %d", i, sum.Lines, want)
		}
	}
	checkMinutes(t, dst, [2]int{0, 100})
	sum, err := stream.Run(t.Context(), pipe(t, text(0, 110), 30), dst, stream.RunConfig{})
	if err != nil {
		t.Fatal(err)
	}
	// The same first batch: its stored part is passed over. What was noise in
	// the middle of a line is gone, so the offset falls into another line.
	if sum.Lines < 9 || sum.Lines > 10 {
		t.Errorf("a longer pipe: %d lines, want those after the stored ones", sum.Lines)
	}
	last := dst.batches[3].Refused[0]
	if last.Source != dst.batches[3].Partition || !strings.HasPrefix(last.Source, "pipe:sha256:") {
		t.Errorf("refused line names source %q", last.Source)
	}
}

func TestPipeOfOtherLinesIsAnother(t *testing.T) {
	dst := newSink()
	for _, content := range []string{text(0, 10), text(0, 9) + text(10, 11)} {
		sum, err := stream.Run(t.Context(), pipe(t, content, 100), dst, stream.RunConfig{})
		if err != nil || sum.Lines != 10 {
			t.Errorf("got %d lines and %v, want 10", sum.Lines, err)
		}
	}
}

func TestPipeRefusedInFirstBatchNamesSource(t *testing.T) {
	dst := newSink()
	if _, err := stream.Run(t.Context(), pipe(t, "noise\n"+text(0, 1), 100), dst, stream.RunConfig{}); err != nil {
		t.Fatal(err)
	}
	if b := dst.batches[0]; b.Partition == "" || b.Refused[0].Source != b.Partition {
		t.Errorf("refused line names source %q, batch %q", b.Refused[0].Source, b.Partition)
	}
}

type source struct {
	fetch func() (catalog.Batch, error)
	seeks int
}

func (s *source) Fetch(context.Context) (catalog.Batch, error) { return s.fetch() }

func (s *source) Seek(context.Context, string, int64) error {
	s.seeks++
	return nil
}

func TestRunStops(t *testing.T) {
	broken := errors.New("disk on fire")
	ok := catalog.Batch{Partition: "p", From: 0, To: 5, Lists: 2}

	dst := newSink()
	n := 0
	sum, err := stream.Run(t.Context(), &source{fetch: func() (catalog.Batch, error) {
		if n++; n > 1 {
			return catalog.Batch{}, broken
		}
		return ok, nil
	}}, dst, stream.RunConfig{})
	if !errors.Is(err, broken) || sum.Lines != 2 {
		t.Errorf("source fails: got %v after %d lines, want %v after 2", err, sum.Lines, broken)
	}

	dst.fail = func(catalog.Batch) error { return broken }
	sum, err = stream.Run(t.Context(), &source{fetch: func() (catalog.Batch, error) { return ok, nil }}, dst, stream.RunConfig{})
	if !errors.Is(err, broken) || sum.Lines != 0 {
		t.Errorf("sink fails: got %v after %d lines, want %v after 0", err, sum.Lines, broken)
	}

	dst.fail = nil // holds 5, and the source never moves
	src := &source{fetch: func() (catalog.Batch, error) { return ok, nil }}
	if _, err = stream.Run(t.Context(), src, dst, stream.RunConfig{}); !errors.Is(err, catalog.ErrOffset) || src.seeks > 20 {
		t.Errorf("stuck source: got %v after %d seeks, want ErrOffset soon", err, src.seeks)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = stream.Run(ctx, pipe(t, text(0, 3), 1), newSink(), stream.RunConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestRunTellsProgress(t *testing.T) {
	var seen []int64
	if _, err := stream.Run(t.Context(), pipe(t, text(0, 25), 10), newSink(), stream.RunConfig{Applied: func(_ catalog.Batch, _ catalog.Applied, s stream.Summary) {
		seen = append(seen, s.Lines)
	}}); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 3 || seen[0] != 10 || seen[1] != 20 || seen[2] != 25 {
		t.Errorf("progress was %v, want 10, 20, 25", seen)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("pulled plug") }

func TestPipeReadFails(t *testing.T) {
	p, err := stream.NewPipe(io.MultiReader(strings.NewReader(text(0, 3)), brokenReader{}), stream.DefaultConfig(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "pulled plug") {
		t.Errorf("got %v, want the reader's error", err)
	}
}

func BenchmarkFetch(b *testing.B) {
	content := strings.Repeat(text(0, 9000), 10)
	b.ReportAllocs()
	var n int64
	for b.Loop() {
		p, err := stream.NewPipe(strings.NewReader(content), stream.DefaultConfig(), time.Now)
		if err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := p.Fetch(b.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			n += int64(len(batch.Minutes))
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}
