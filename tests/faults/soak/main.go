// Command soak reads invented lines for a long time through the real pipeline,
// a pipe into a store, and fails if memory, goroutines or file descriptors grow.
//
//	go run ./tests/faults/soak --lines 50000000
//
// The lines are like those that were measured: some 30,000 people watch at once,
// a line for each of their minutes, 505 lines a second of the stream's clock, so
// that three of four lines repeat a person and a movie; few ratings, requests,
// accounts and noise. People and the movies that each of them watches are
// bounded, so that the store is, and what grows is a leak.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// settings are the flags.
type settings struct {
	lines int64
	every int64
	store string
	seed  uint64
}

// run is main without the process. It returns 0, or 1 if something grew or
// failed, or 2 if the flags were wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var s settings
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Int64Var(&s.lines, "lines", 50_000_000, "lines to read")
	flags.Int64Var(&s.every, "every", 0, "lines between two reports (default: a tenth of all)")
	flags.StringVar(&s.store, "store", "", "path of an SQLite file or postgres:// URL (default: a new file that is removed again)")
	flags.Uint64Var(&s.seed, "seed", 1, "of the invented lines")
	if flags.Parse(args) != nil {
		return 2
	}
	if s.every == 0 {
		s.every = s.lines / 10
	}
	if s.lines < 10_000 || s.every < 1 || s.every > s.lines/10 {
		fmt.Fprintf(stderr, "soak: --lines %d --every %d, want at least 10000 lines and ten reports\n", s.lines, s.every)
		return 2
	}
	if err := s.soak(ctx, stdout); err != nil {
		fmt.Fprintln(stderr, "soak:", err)
		return 1
	}
	return 0
}

func (s settings) soak(ctx context.Context, out io.Writer) (err error) {
	path := s.store
	if path == "" {
		folder, err := os.MkdirTemp("", "soak")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		path = filepath.Join(folder, "facts.db")
	}
	store, err := sqlstore.Open(ctx, path, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() {
		if closing := store.Close(); err == nil {
			err = closing
		}
	}()
	pipe, err := stream.NewPipe(newWorld(s.seed, s.lines), stream.DefaultConfig(), time.Now)
	if err != nil {
		return err
	}
	defer pipe.Close()
	g := &gauge{out: out, every: s.every, began: time.Now(), last: time.Now(), at: s.every}
	window := stream.NewWindow(time.Minute, time.Now)
	cfg := stream.DefaultRunConfig()
	cfg.Applied = func(b catalog.Batch, done catalog.Applied, total stream.Summary) {
		window.Observe(b, done)
		g.observe(total.Lines)
	}
	total, err := stream.Run(ctx, pipe, store, cfg)
	if err != nil {
		return err
	}
	if total.Lines != s.lines {
		return fmt.Errorf("%d lines were applied, want %d", total.Lines, s.lines)
	}
	g.report(total.Lines)
	fmt.Fprintf(out, "all: %d lines in %.0f s, %.0f lines/s; kept %+v, refused %d\n", total.Lines,
		time.Since(g.began).Seconds(), float64(total.Lines)/time.Since(g.began).Seconds(), total.Kept, total.RefusedTotal())
	return g.verdict()
}
