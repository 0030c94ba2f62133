package dataset

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"marquee/catalog/durable"
)

const (
	// batchRows is how many rows go to the columns at a time.
	batchRows = 1024
	// groupRows is how many rows a row group has, all of which are in memory:
	// some 10 MiB of histories, and at worst, with ids of 200 bytes, 200 MiB.
	groupRows = 256 * batchRows
	// wideGroupRows is the same for movies and people, whose texts are longer.
	wideGroupRows = 16 * batchRows
	// tellRows is how many rows go by between two calls of a Progress.
	tellRows = 64 * batchRows
)

// groupOf returns how many rows a row group of a table has.
func groupOf(table string) int {
	if table == tableMovies || table == tableUsers {
		return wideGroupRows
	}
	return groupRows
}

// writeTable writes the rows of in to a file of folder dir, and adds them to t.
// watch is called for each row.
func writeTable[V, R any](ctx context.Context, d disk, dir string, k *kind[V, R], t *tally[V], in iter.Seq2[V, error], watch func(*V), progress Progress) (Table, error) {
	out, err := newOutput(d, filepath.Join(dir, k.name+".parquet"))
	if err != nil {
		return Table{}, fmt.Errorf("write %s: %w", k.name, err)
	}
	c := newColumns(k, t, out, watch, progress)
	for v, err := range in {
		if err == nil {
			err = c.add(ctx, v)
		}
		if err != nil {
			out.abandon()
			return Table{}, fmt.Errorf("write %s: %w", k.name, err)
		}
	}
	if err := c.close(); err != nil {
		out.abandon()
		return Table{}, fmt.Errorf("write %s: %w", k.name, err)
	}
	if err := out.close(); err != nil {
		return Table{}, fmt.Errorf("write %s: %w", k.name, err)
	}
	progress.tell(k.name, t.rows)
	table := t.table(k.name)
	table.File, table.Bytes, table.SHA256 = k.name+".parquet", out.bytes, hex.EncodeToString(out.hash.Sum(nil))
	return table, nil
}

// columns gathers rows into batches and batches into row groups.
type columns[V, R any] struct {
	kind     *kind[V, R]
	tally    *tally[V]
	watch    func(*V)
	progress Progress
	writer   *parquet.GenericWriter[R]
	held     []V // of the batch: packed points into them
	packed   []R
	inGroup  int
}

func newColumns[V, R any](k *kind[V, R], t *tally[V], out io.Writer, watch func(*V), progress Progress) *columns[V, R] {
	return &columns[V, R]{
		kind: k, tally: t, watch: watch, progress: progress,
		writer: parquet.NewGenericWriter[R](out, parquet.Compression(&parquet.Zstd)),
		held:   make([]V, 0, batchRows),
		packed: make([]R, 0, batchRows),
	}
}

func (c *columns[V, R]) add(ctx context.Context, v V) error {
	c.held = append(c.held, v)
	p := &c.held[len(c.held)-1]
	extra, err := c.kind.check(p)
	if err == nil {
		err = addChecked(c.kind, c.tally, p, extra)
	}
	if err != nil {
		return err
	}
	c.watch(p)
	c.packed = append(c.packed, c.kind.pack(p, extra))
	if len(c.packed) < batchRows {
		return nil
	}
	if c.tally.rows%tellRows == 0 {
		c.progress.tell(c.kind.name, c.tally.rows)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.flush()
}

func (c *columns[V, R]) flush() error {
	if _, err := c.writer.Write(c.packed); err != nil {
		return err
	}
	c.inGroup += len(c.packed)
	clear(c.packed)
	clear(c.held)
	c.packed, c.held = c.packed[:0], c.held[:0]
	if c.inGroup < groupOf(c.kind.name) {
		return nil
	}
	c.inGroup = 0
	return c.writer.Flush()
}

func (c *columns[V, R]) close() error {
	if err := c.flush(); err != nil {
		return err
	}
	return c.writer.Close()
}

// An output is a file that is being written, with its size and its digest.
type output struct {
	file  durable.File
	buf   *bufio.Writer
	hash  hash.Hash
	bytes int64
}

// outputBytes is the buffer before a file.
const outputBytes = 256 << 10

func newOutput(d disk, name string) (*output, error) {
	f, err := d.Create(name)
	if err != nil {
		return nil, err
	}
	return &output{file: f, buf: bufio.NewWriterSize(f, outputBytes), hash: sha256.New()}, nil
}

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	n, err := o.buf.Write(p)
	o.hash.Write(p[:n])
	o.bytes += int64(n)
	return n, err
}

// close makes the file durable.
func (o *output) close() error {
	err := o.buf.Flush()
	if err == nil {
		err = o.file.Sync()
	}
	return errors.Join(err, o.file.Close())
}

// abandon closes a file that will be removed.
func (o *output) abandon() { _ = o.file.Close() }
