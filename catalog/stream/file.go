package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"marquee/catalog"
)

// A File is a [Source] that reads one regular file to its end. Offsets are
// bytes of the file.
type File struct {
	path      string
	file      *os.File
	size      int64 // when it was opened; what is written later waits for the next run
	partition string
	opening   opening
	cfg       Config
	rows      *Rows
	lines     *lines
}

// OpenFile opens the file at path, to be read from the offset that held has for
// it. If it has none, or with cfg.From.Replay, reading begins where cfg.From says,
// and the first batch carries a [catalog.Move] from the one to the other: at an
// offset in bytes, or at the next line if it falls within one; at the first line
// whose time is at or after a time; or a span before the time of the last line.
// (For times, lines are taken to be in order by whole second, and those that
// cannot be read to have none.) If nothing is left to read there, nothing moves.
//
// The caller closes the file. now is the time at which lines are refused.
//
// The file's name in held is the hash of its beginning: of the longest that
// fits when the file is first seen among the ends of the lines in the first 4
// KiB and the powers of two from 4 KiB to 1 MiB; or, while it has no whole line,
// among the powers of two below. Later it is looked up by each of them, the longest
// first: some 180 names at most, in one question to [ManyOffsets]. With the
// offset, the sink keeps the digest of the 4 KiB before it, which must be what the
// file has there. So
//
//   - a renamed, copied or rotated file is not read twice;
//   - a file that has grown is read on from where it was left;
//   - a file edited in the beginning that names it, or within 4 KiB of where it was
//     left, is a new one and read anew, which changes only what the edit did, since
//     rows have natural keys;
//   - a file that is not the one its beginning names, or is shorter than what was
//     read of that, is another one: it is named by a longer beginning, or has a
//     number after its name (from ~2 to ~8; by all that it holds, if there are more
//     of these), and is read.
//
// What remains: a file edited elsewhere is not noticed, as event files are appended
// to, not edited. Two files that are the same byte by byte as far as one was read
// are one, and the other is read on from there. One that is named by all that it
// holds is read anew when it has grown; and offsets of a sink that tells no tails,
// or stored before tails were, are taken for those of the file if that is as long.
//
// The last line is read whether or not it has an end, and counts. If the next run
// finds that it went on, it is read again from its beginning in the first batch,
// as [catalog.Batch.Mended]: what it says goes in, its beginning leaves
// quarantine, and it is not counted again, so that any number of runs over a file
// that is being written gives the facts and the number of lines of one run over
// all of it. What cannot be taken back is a row that its beginning was by itself
// and the whole is not: a rating of 1 that became a 10, which is refused on a scale
// up to 5. (On a scale that has both, the higher of two ratings of one time wins.)
//
// A gzipped file is an error that wraps [catalog.ErrInvalid].
func OpenFile(ctx context.Context, path string, held Offsets, cfg Config, now func() time.Time) (*File, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	f, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	s := &File{path: path, file: f, cfg: cfg, rows: NewRows(cfg, now)}
	if err := s.start(ctx, held); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// gzipMagic is how a gzipped file begins; no line of the stream does.
var gzipMagic = [2]byte{0x1f, 0x8b}

// openRegular opens the regular file at path. Anything else, and a gzipped file,
// is an error that wraps [catalog.ErrInvalid].
func openRegular(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path) // first: to open a named pipe would wait for its writer
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is no regular file, want one; pipe others to standard input: %w", path, catalog.ErrInvalid)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err != nil { // of the file that was opened
		f.Close()
		return nil, nil, err
	}
	var magic [2]byte
	if n, _ := f.ReadAt(magic[:], 0); n == len(magic) && magic == gzipMagic {
		f.Close()
		return nil, nil, fmt.Errorf("%s is gzipped; unpack it first, for example: zcat %s | marquee ingest --source -: %w", path, path, catalog.ErrInvalid)
	}
	return f, info, nil
}

func (s *File) start(ctx context.Context, held Offsets) error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	s.size = info.Size()
	partition, offset, err := identify(ctx, s.file, s.size, held)
	if err != nil {
		return err
	}
	s.partition = partition
	s.opening, err = newOpening(offset, s.cfg.From.Replay, func() (int64, error) {
		return begin(s.file, s.size, s.cfg.From, s.cfg.Location)
	})
	if err != nil {
		return err
	}
	return s.goTo(s.opening.at)
}

// Partition returns the name under which the file's offset is kept.
func (s *File) Partition() string { return s.partition }

// Progress returns how many of the file's bytes were handed over.
func (s *File) Progress() (read, size int64) { return s.lines.offset, s.size }

// Close closes the file.
func (s *File) Close() error { return s.file.Close() }

// Fetch implements [Source].
func (s *File) Fetch(ctx context.Context) (catalog.Batch, error) {
	b, err := fill(ctx, s.lines, s.rows, s.partition, s.cfg.BatchLines)
	switch {
	case errors.Is(err, io.EOF) && s.opening.alone():
		b = catalog.Batch{Partition: s.partition, From: s.lines.from, To: s.lines.from}
	case errors.Is(err, io.EOF):
		return b, err
	case err != nil:
		return b, fmt.Errorf("%s: %w", s.path, err)
	}
	b.Move = s.opening.take()
	if b.Tail, err = tailOf(s.file, b.To); err != nil {
		return catalog.Batch{}, fmt.Errorf("%s: %w", s.path, err)
	}
	return b, nil
}

// Seek implements [Source]. A replay whose first batch was refused, because
// another reader moved the offset in between, begins again instead.
func (s *File) Seek(_ context.Context, partition string, offset int64) error {
	if partition != s.partition {
		return fmt.Errorf("%s is partition %s, not %s: %w", s.path, s.partition, partition, catalog.ErrInvalid)
	}
	if offset < 0 || offset > s.size {
		return fmt.Errorf("offset %d of %s, want 0 to %d: %w", offset, s.path, s.size, catalog.ErrInvalid)
	}
	return s.goTo(s.opening.turn(offset))
}

// goTo makes the next batch begin at offset.
func (s *File) goTo(offset int64) (err error) {
	s.lines = newLines(io.NewSectionReader(s.file, offset, s.size-offset), offset)
	s.lines.half, s.lines.within, err = halfBefore(s.file, offset)
	return err
}
