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
// KiB and the powers of two from 4 KiB to 1 MiB. Later it is looked up by each
// of them, the longest first (at most some 70 lookups). So
//
//   - a renamed, copied or rotated file is not read twice;
//   - a file that has grown is read on from where it was left;
//   - a file edited in the beginning that names it is a new one and read
//     anew, which changes only what the edit did, since rows have natural keys;
//   - a file shorter than what was read of one with its beginning is another
//     one: it is named by all that it holds, and read.
//
// A file edited further on, without getting shorter than what was read of it,
// is not noticed: event files are appended to, not edited.
//
// The last line is read whether or not it has an end; what is appended to it
// afterwards is passed over by the next run. A gzipped file is an
// error that wraps [catalog.ErrInvalid].
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
	if err != nil && !errors.Is(err, io.EOF) {
		return b, fmt.Errorf("%s: %w", s.path, err)
	}
	if err == nil {
		b.Move = s.opening.take()
	}
	return b, err
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
func (s *File) goTo(offset int64) error {
	rest := io.NewSectionReader(s.file, offset, s.size-offset)
	s.lines = newLines(rest, offset)
	within, err := withinLine(s.file, offset)
	if err != nil || !within {
		return err
	}
	if err := s.lines.skipLine(); err != nil && !errors.Is(err, io.EOF) { // the next batch still begins at offset
		return fmt.Errorf("read %s at %d: %w", s.path, offset, err)
	}
	return nil
}

// withinLine reports whether no line of r begins at offset. A line that had no
// end when it was read counted then; its rest is no line of its own.
func withinLine(r io.ReaderAt, offset int64) (bool, error) {
	if offset == 0 {
		return false, nil
	}
	var before [1]byte
	if _, err := r.ReadAt(before[:], offset-1); err != nil {
		return false, fmt.Errorf("read at %d: %w", offset-1, err)
	}
	return before[0] != '\n', nil
}
