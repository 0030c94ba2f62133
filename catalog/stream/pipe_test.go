package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// slow returns a Pipe, and what is written into it. A
// write returns when all of it was read ahead.
func slow(t *testing.T, batch int) (*stream.Pipe, func(text string)) {
	t.Helper()
	r, w := io.Pipe()
	cfg := stream.DefaultConfig()
	cfg.BatchLines = batch
	p, err := stream.NewPipe(r, cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, func(text string) {
		if _, err := io.WriteString(w, text); err != nil {
			t.Error(err)
		}
	}
}

func fetch(t *testing.T, p *stream.Pipe, wait time.Duration) (catalog.Batch, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	return p.Fetch(ctx)
}

// A batch that is not full is handed over a second after its first line, with
// whole lines only.
func TestPipeHandsOverPartBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, send := slow(t, 4)
		go send(text(0, 4) + line(4) + "\n" + line(5)[:9])
		if b, err := fetch(t, p, time.Minute); err != nil || len(b.Minutes) != 4 {
			t.Fatalf("first batch has %d lines, %v; want 4", len(b.Minutes), err)
		}
		begin := time.Now()
		b, err := fetch(t, p, time.Minute)
		if err != nil || len(b.Minutes) != 1 || b.To != int64(len(text(0, 5))) {
			t.Fatalf("got %+v, %v; want the one whole line", b, err)
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("waited %v, want 1s", took)
		}
		begin = time.Now()
		go func() {
			time.Sleep(30 * time.Second)
			send(line(5)[9:] + "\n")
			for i := range 3 { // a trickle does not put the batch off
				time.Sleep(600 * time.Millisecond)
				send(line(6+i) + "\n")
			}
		}()
		b, err = fetch(t, p, time.Minute)
		if err != nil || len(b.Minutes) != 2 || b.Minutes[0].Minute != 5 || b.From != int64(len(text(0, 5))) {
			t.Errorf("got %+v, %v; want minutes 5 and 6", b, err)
		}
		if took := time.Since(begin); took != 31*time.Second {
			t.Errorf("handed over after %v, want 31s", took)
		}
		time.Sleep(time.Minute) // the last lines are sent
	})
}

// Fetch ends with its context, and the next one goes on where it was: no line
// is lost, and the name does not depend on when lines came.
func TestPipeContextEndsFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, send := slow(t, 2)
		begin := time.Now()
		if _, err := fetch(t, p, 5*time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("nothing came: %v, want DeadlineExceeded", err)
		}
		go send(text(0, 1))
		if _, err := fetch(t, p, 5*time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("half of the first batch came: %v, want DeadlineExceeded", err)
		}
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("took %v, want 10s", took)
		}
		go send(text(1, 2))
		b, err := fetch(t, p, 5*time.Second)
		if err != nil || len(b.Minutes) != 2 || b.From != 0 || b.To != int64(len(text(0, 2))) {
			t.Fatalf("got %+v, %v; want both lines", b, err)
		}
		fast, err := pipe(t, text(0, 2), 2).Fetch(t.Context())
		if err != nil || fast.Partition != b.Partition {
			t.Errorf("the slow pipe is %s, the fast one %s, %v", b.Partition, fast.Partition, err)
		}
	})
}

// A context that ends in the middle of a line longer than the read-ahead breaks
// the pipe, rather than lose the line's beginning unseen.
func TestPipeContextEndsWithinLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, send := slow(t, 2)
		go send(strings.Repeat("x", 300<<10))
		for range 2 {
			if b, err := fetch(t, p, time.Second); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %+v, %v; want DeadlineExceeded", b, err)
			}
		}
		go send("x\n" + text(0, 1))
		synctest.Wait()
		if b, err := fetch(t, p, time.Minute); err == nil {
			t.Errorf("got %+v from a broken pipe, want an error", b)
		}
	})
}

// However lines come, are cut into batches and come again: each is stored once.
func TestPipeExactlyOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		total := rapid.IntRange(1, 60).Draw(rt, "lines")
		content := text(0, total)
		dst := newSink()
		synctest.Test(t, func(t *testing.T) {
			cfg := stream.DefaultConfig()
			cfg.BatchLines = rapid.IntRange(1, 20).Draw(rt, "batch")
			for run := range 3 {
				r, w := io.Pipe()
				p, err := stream.NewPipe(r, cfg, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				sizes := rapid.SliceOfN(rapid.IntRange(1, 900), 5, 5).Draw(rt, "bytes")
				pauses := rapid.SliceOfN(rapid.IntRange(0, 1500), 7, 7).Draw(rt, "pauses")
				go func() {
					rest := content
					for i := 0; rest != ""; i++ {
						n := min(len(rest), sizes[i%5])
						if _, err := io.WriteString(w, rest[:n]); err != nil {
							return
						}
						rest = rest[n:]
						time.Sleep(time.Duration(pauses[i%7]) * time.Millisecond)
					}
					w.Close()
				}()
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rapid.IntRange(1, 20_000).Draw(rt, "life"))*time.Millisecond)
				if run == 2 {
					ctx = t.Context()
				}
				if _, err = stream.Run(ctx, p, dst, stream.RunConfig{}); err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
				cancel()
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Minute) // the writer ends
			}
		})
		if got := dst.minutes(); fmt.Sprint(got) != fmt.Sprint(upTo(total)) || len(dst.held) != 1 {
			rt.Fatalf("stored %v in %d partitions, want each of %d once", got, len(dst.held), total)
		}
	})
}

func upTo(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// Close ends a read that waits, where that can be, and nothing goes on after it.
func TestPipeClose(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for name, in := range map[string]io.Reader{"waiting": r, "full": io.NopCloser(strings.NewReader(text(0, 90_000))), "at its end": strings.NewReader("")} {
		p, err := stream.NewPipe(in, stream.DefaultConfig(), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := p.Fetch(ctx); name == "waiting" && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want DeadlineExceeded", name, err)
		}
		cancel()
		for range 2 {
			if err := p.Close(); err != nil {
				t.Errorf("%s: close: %v", name, err)
			}
		}
		if _, err := p.Fetch(t.Context()); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: after Close: %v, want ErrClosed", name, err)
		}
	}
}

func TestConfigBatchWait(t *testing.T) {
	cfg := stream.DefaultConfig()
	cfg.BatchWait = 0
	if err := cfg.Validate(); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "batch wait") {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}
