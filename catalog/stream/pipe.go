package stream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"marquee/catalog"
)

// A Pipe is a [Source] that reads lines which can be read only once, such as
// standard input, to their end. Offsets are bytes from its beginning.
//
// Its partition is named by the hash of its first Config.BatchLines lines, or of
// all lines if there are fewer, so that the same lines piped in twice are stored
// once, however fast they came, while lines that differ in these never pass for
// them. It goes forward only, which is all that a sink asks for: what it holds
// of this partition ends after that batch.
//
// So the first batch waits until it is full or the pipe ends. Each one after it
// is handed over when it is full, or when Config.BatchWait has passed since its
// first line and no more is there.
type Pipe struct {
	cfg       Config
	rows      *Rows
	partition string // "" before the first batch
	lines     *lines
	feed      *feed
	closed    bool
	broken    error // what ended the pipe within a line

	part  catalog.Batch // being filled; kept when a context ends Fetch
	count int           // of its lines
	due   time.Time     // when it is handed over though not full
	sum   hash.Hash     // of the first batch
}

// NewPipe returns a Pipe of the lines in r, which from the first Fetch on are
// read ahead in a goroutine, by about 1.5 MB at most. now is the time at which
// lines are refused. cfg.From is the zero From: a pipe has no other start. The
// caller closes the Pipe.
func NewPipe(r io.Reader, cfg Config, now func() time.Time) (*Pipe, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.From != (From{}) {
		return nil, fmt.Errorf("piped lines begin where the pipe does, want no other start and no replay: %w", catalog.ErrInvalid)
	}
	f := newFeed(r)
	return &Pipe{cfg: cfg, rows: NewRows(cfg, now), lines: newLines(f, 0), feed: f}, nil
}

// Fetch implements [Source]. If ctx ends first, the lines that were read are
// not lost: the next Fetch goes on with them. A program that ends instead has
// not acknowledged them, and the same lines piped in again replay them.
func (p *Pipe) Fetch(ctx context.Context) (catalog.Batch, error) {
	if err := p.ready(ctx); err != nil {
		return catalog.Batch{}, err
	}
	if p.count == 0 {
		p.begin()
	}
	for p.count < p.cfg.BatchLines {
		err := p.add()
		if errors.Is(err, errLate) || errors.Is(err, io.EOF) && p.count > 0 {
			break
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				err = fmt.Errorf("piped lines: %w", err)
			}
			return catalog.Batch{}, err
		}
	}
	return p.finish(), nil
}

// ready returns why p cannot be read.
func (p *Pipe) ready(ctx context.Context) error {
	switch {
	case p.closed:
		return fmt.Errorf("piped lines: %w", os.ErrClosed)
	case p.broken != nil:
		return fmt.Errorf("piped lines: %w", p.broken)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	p.feed.during(ctx)
	return nil
}

// begin makes an empty batch.
func (p *Pipe) begin() {
	p.part = catalog.Batch{Partition: p.partition, From: p.lines.from}
	p.due = time.Time{}
	if p.partition == "" {
		p.sum = sha256.New()
		p.rows.sum = p.sum
	}
}

// errLate reports that a batch has waited long enough for more lines.
var errLate = errors.New("no more lines for now")

// add reads one line into the batch.
func (p *Pipe) add() error {
	if p.lines.in.Buffered() == 0 {
		ready, err := p.feed.wait(p.due)
		if err != nil {
			return err
		}
		if !ready {
			return errLate
		}
	}
	line, at, err := p.lines.next()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			p.broken = err
		}
		return err
	}
	p.rows.Add(&p.part, line, at)
	if p.count++; p.count == 1 && p.partition != "" {
		p.due = time.Now().Add(p.cfg.BatchWait)
	}
	return nil
}

// finish hands over the batch, and names it and p if it is the first.
func (p *Pipe) finish() catalog.Batch {
	b := p.part
	b.To, p.lines.from = p.lines.offset, p.lines.offset
	p.part, p.count = catalog.Batch{}, 0
	if p.partition == "" {
		p.rows.sum = nil
		p.partition = "pipe:sha256:" + hex.EncodeToString(p.sum.Sum(nil))
		b.Partition = p.partition
		for i := range b.Refused {
			b.Refused[i].Source = p.partition
		}
	}
	return b
}

// Seek implements [Source].
func (p *Pipe) Seek(ctx context.Context, partition string, offset int64) error {
	if partition != p.partition || p.partition == "" {
		return fmt.Errorf("piped lines are partition %q, not %q: %w", p.partition, partition, catalog.ErrInvalid)
	}
	if offset < p.lines.offset {
		return fmt.Errorf("piped lines were read to byte %d and cannot be read again from %d: %w", p.lines.offset, offset, catalog.ErrInvalid)
	}
	if err := p.ready(ctx); err != nil {
		return err
	}
	p.part, p.count = catalog.Batch{}, 0
	if err := p.lines.skip(offset - p.lines.offset); err != nil {
		return fmt.Errorf("piped lines, skip to byte %d: %w", offset, err)
	}
	return nil
}

// Close ends the reading ahead. A reader that can be closed is, and Close waits
// until nothing is read any more. Any other, such as an [os.Stdin] that waits
// for a terminal or a pipe, cannot be interrupted: a read of it that waits ends
// with the input or the program. A second call does nothing.
func (p *Pipe) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	if err := p.feed.close(); err != nil {
		return fmt.Errorf("piped lines: close: %w", err)
	}
	return nil
}
