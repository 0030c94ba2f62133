package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
)

type ingestCmd struct {
	Source    string `help:"Where events come from: file:PATH, or - for standard input." required:"" placeholder:"SOURCE"`
	Once      bool   `help:"End at the end of the source, which is all there is to do today."`
	BatchRows int    `help:"Lines in one transaction." default:"5000" placeholder:"N"`
	Edition   string `help:"Edition of the stream, which sets the rating scale of a new store: 2025 (1 to 5) or 2026 (1 to 10)." enum:",2025,2026" default:"" placeholder:"YEAR"`
	Timezone  string `help:"Zone of the stream's clock, such as America/New_York." default:"UTC" placeholder:"ZONE"`
}

// Help is shown below the flags.
func (ingestCmd) Help() string {
	return `Examples:
  marquee ingest --source file:movielog.log
  marquee ingest --source - < old.log.gz

A line that cannot be read goes to quarantine with its reason; the rest go in. The
same file read twice, under any name, changes nothing: the store keeps how far it
was read under the hash of its content. A pipe is named by its first batch, which is
therefore stored when --batch-rows lines have come, or the end.`
}

// Run reads the source to its end.
func (c *ingestCmd) Run(ctx context.Context, e *env) error {
	if c.BatchRows < 1 || c.BatchRows > 1_000_000 {
		return usage("--batch-rows is %d, want 1 to 1000000", c.BatchRows)
	}
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return usage("--timezone: %v", err)
	}
	store, err := e.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := setEdition(ctx, store, c.Edition); err != nil {
		return err
	}
	cfg := stream.DefaultConfig()
	cfg.BatchLines, cfg.Location = c.BatchRows, zone
	if cfg.Scale, err = store.Scale(ctx); err != nil {
		return err
	}
	bar := e.progress()
	defer bar.end()
	src, show, err := c.open(ctx, store, cfg, bar)
	if err != nil {
		return err
	}
	if f, ok := src.(io.Closer); ok {
		defer f.Close()
	}
	run := stream.DefaultRunConfig()
	run.Applied = func(_ catalog.Batch, _ catalog.Applied, total stream.Summary) { show(total) }
	sum, err := stream.Run(ctx, src, store, run)
	bar.end()
	if err != nil {
		return err
	}
	if err := e.printSummary(sum); err != nil {
		return err
	}
	if sum.Lines > 0 && sum.Kept.Total() == 0 {
		return fmt.Errorf("all %d lines were refused; is it the event stream?", sum.Lines)
	}
	return nil
}

// gunzip reads what comes through a pipe, unpacked if it is gzipped. It looks at
// the first bytes when they are asked for, not before.
type gunzip struct {
	from  *bufio.Reader
	plain io.Reader
}

// Read implements [io.Reader].
func (g *gunzip) Read(p []byte) (int, error) {
	if g.plain == nil {
		g.plain = g.from
		if head, _ := g.from.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
			unpacked, err := gzip.NewReader(g.from)
			if err != nil {
				return 0, err
			}
			g.plain = unpacked
		}
	}
	return g.plain.Read(p)
}

// scaled is a store whose rating scale can be set.
type scaled interface {
	SetScale(ctx context.Context, scale catalog.Scale) error
}

func setEdition(ctx context.Context, store scaled, edition string) error {
	if edition == "" {
		return nil
	}
	scale, err := scaleOf(edition)
	if err != nil {
		return err
	}
	return store.SetScale(ctx, scale)
}

func (c *ingestCmd) open(ctx context.Context, held stream.Offsets, cfg stream.Config, bar *progress) (stream.Source, func(stream.Summary), error) {
	if c.Source == "-" {
		src, err := stream.NewPipe(&gunzip{from: bufio.NewReader(os.Stdin)}, cfg, time.Now)
		return src, func(s stream.Summary) { bar.show("ingest", int(s.Lines), 0) }, err
	}
	path, ok := strings.CutPrefix(c.Source, "file:")
	if !ok {
		return nil, nil, usage("--source is %q, want file:PATH or -", c.Source)
	}
	src, err := stream.OpenFile(ctx, path, held, cfg, time.Now)
	if err != nil {
		return nil, nil, err
	}
	return src, func(stream.Summary) {
		read, size := src.Progress()
		bar.bytes("ingest", read, size)
	}, nil
}

func (e *env) printSummary(s stream.Summary) error {
	return e.print(s, func(w io.Writer) {
		fmt.Fprintf(w, "%d lines: %d kept, %d refused\n", s.Lines, s.Kept.Total(), s.RefusedTotal())
		rows := [][]string{
			{"  watch", fmt.Sprint(s.Kept.Watch)},
			{"  rate", fmt.Sprint(s.Kept.Rate)},
			{"  recommendation", fmt.Sprint(s.Kept.Recommendation)},
			{"  create_account", fmt.Sprint(s.Kept.CreateAccount)},
		}
		for _, reason := range slices.Sorted(maps.Keys(s.Refused)) {
			rows = append(rows, []string{"  refused: " + string(reason), fmt.Sprint(s.Refused[reason])})
		}
		columns(w, rows...)
	})
}
