package stream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"marquee/catalog"
)

// A Pipe is a [Source] that reads lines which can be read only once, such as
// standard input, to their end. Offsets are bytes from its beginning.
//
// Its partition is named by the hash of its first batch of lines, so that the
// same lines piped in twice are stored once, while lines that differ in the
// first batch never pass for them. It goes forward only, which is all that a
// sink asks for: what it holds of this partition ends after that batch.
type Pipe struct {
	cfg       Config
	rows      *batcher
	partition string // "" before the first batch
	lines     *lines
}

// NewPipe returns a Pipe of the lines in r. Fetch waits for r without regard to
// its context: close r to end it. now is the time at which lines are refused.
func NewPipe(r io.Reader, cfg Config, now func() time.Time) (*Pipe, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Pipe{cfg: cfg, rows: newBatcher(cfg, now), lines: newLines(r, 0)}, nil
}

// Fetch implements [Source].
func (p *Pipe) Fetch(ctx context.Context) (catalog.Batch, error) {
	var sum hash.Hash
	if p.partition == "" {
		sum = sha256.New()
		p.rows.sum = sum
	}
	b, err := fill(ctx, p.lines, p.rows, p.partition, p.cfg.BatchLines)
	p.rows.sum = nil
	if err != nil {
		if !errors.Is(err, io.EOF) {
			err = fmt.Errorf("piped lines: %w", err)
		}
		return b, err
	}
	if sum != nil {
		p.name(&b, hex.EncodeToString(sum.Sum(nil)))
	}
	return b, nil
}

// name gives p and its first batch their partition.
func (p *Pipe) name(b *catalog.Batch, sum string) {
	p.partition = "pipe:sha256:" + sum
	b.Partition = p.partition
	for i := range b.Refused {
		b.Refused[i].Source = p.partition
	}
}

// Seek implements [Source].
func (p *Pipe) Seek(_ context.Context, partition string, offset int64) error {
	if partition != p.partition || p.partition == "" {
		return fmt.Errorf("piped lines are partition %q, not %q: %w", p.partition, partition, catalog.ErrInvalid)
	}
	if offset < p.lines.offset {
		return fmt.Errorf("piped lines were read to byte %d and cannot be read again from %d: %w", p.lines.offset, offset, catalog.ErrInvalid)
	}
	if err := p.lines.skip(offset - p.lines.offset); err != nil {
		return fmt.Errorf("piped lines, skip to byte %d: %w", offset, err)
	}
	return nil
}
