package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"marquee/catalog"
)

// batchRows is how many rows go to the store in one call. 1,000 rows a
// transaction write some 57,000 rows a second on SQLite; more gains little.
const batchRows = 1000

// batchBytes ends a batch of large rows earlier.
const batchBytes = 8 << 20

// ErrRow reports a row that a strict import could not take.
var ErrRow = fmt.Errorf("row refused: %w", catalog.ErrInvalid)

// Import reads the file at path into store. The file is read twice (the first
// pass finds rows of one id, of which the last counts, and for watches the
// digest of the file), so a pipe is first copied to a temporary file. Memory is
// bounded by the longest rows and, for movies and people, by the ids.
//
// A row that cannot be taken is in the report with its line and the reason.
// The error is for what stops the import: options or a header that are wrong
// (it wraps [catalog.ErrInvalid]), a file that cannot be read, a store that
// fails, ctx ended. What the report counts by then has gone in.
func Import(ctx context.Context, store Store, path string, opts Options) (catalog.Report, error) {
	if err := opts.Validate(); err != nil {
		return catalog.Report{}, err
	}
	regular, remove, err := spool(path)
	if err != nil {
		return catalog.Report{}, err
	}
	defer remove()
	info, err := os.Stat(regular)
	if err != nil {
		return catalog.Report{}, err
	}
	im := &importer{ctx: ctx, store: store, opts: opts, name: path, path: regular, total: info.Size()}
	switch opts.kind() {
	case Movies:
		err = im.movies()
	case Users:
		err = im.users()
	case Ratings:
		err = im.ratings()
	default:
		err = im.watches()
	}
	return im.report, err
}

// spool returns the path of a regular file with the content of path: path
// itself, or a temporary copy if it is a pipe.
func spool(path string) (regular string, remove func(), err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", nil, err
	}
	if info.Mode().IsRegular() || info.IsDir() { // a folder gets its error where it is opened
		return path, func() {}, nil
	}
	in, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer in.Close()
	out, err := os.CreateTemp("", "marquee-import-*")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.Remove(out.Name()) }
	_, err = io.Copy(out, in)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("copy %s to a temporary file: %w", path, err)
	}
	return out.Name(), remove, nil
}

// An importer is one import on its way.
type importer struct {
	ctx    context.Context
	store  Store
	opts   Options
	name   string // of the file as the user gave it
	path   string // of the file to read
	total  int64  // bytes on disk
	report catalog.Report
}

// each calls take with every readable record of the file, and flush at the end
// and after every batch. Unreadable rows are refused.
func (im *importer) each(take func(rec *record, line int) error, flush func() error) error {
	r, err := open(im.ctx, im.path, im.opts)
	if err != nil {
		return err
	}
	defer r.close()
	held, size := 0, 0 // rows and bytes read when the batch began
	for {
		rec, line, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !rowFault(err) {
			return stop(im.named(err), flush)
		}
		if err == nil {
			err = take(rec, line)
		}
		switch {
		case err == nil:
		case rowFault(err):
			im.report.Refuse(im.name, line, err.Error())
			if im.opts.Strict {
				return errors.Join(fmt.Errorf("%s:%d: %w: %w; what stands before it went in", im.name, line, ErrRow, err), flush())
			}
		default:
			return err
		}
		if r.count-held >= batchRows || r.bytes-size >= batchBytes {
			held, size = r.count, r.bytes
			if err := flush(); err != nil {
				return err
			}
			im.progress(r.file.Done())
		}
	}
	if err := flush(); err != nil {
		return err
	}
	im.progress(im.total)
	return nil
}

// stop flushes what was read before err ended the reading, and returns err.
func stop(err error, flush func() error) error {
	if flushErr := flush(); flushErr != nil {
		return fmt.Errorf("%w; and then: %w", err, flushErr)
	}
	return err
}

// named returns a fault of the whole file with the file's name.
func (im *importer) named(err error) error {
	if fault, whole := errors.AsType[fileFault](err); whole {
		return fmt.Errorf("%s: %w", im.name, fault)
	}
	return err
}

func (im *importer) progress(done int64) {
	if im.opts.Progress != nil {
		im.opts.Progress(min(done, im.total), im.total)
	}
}

// mend reports the notes of a row that was taken.
func (im *importer) mend(line int, notes []string) {
	if len(notes) > 0 {
		im.report.Mend(im.name, line, strings.Join(notes, "; "))
	}
}

// last returns the line of the last record of each key, for keys that come more
// than once. key says which movie or person a record is about.
func (im *importer) last(key func(rec *record) string) (map[string]int, error) {
	r, err := open(im.ctx, im.path, im.opts)
	if err != nil {
		return nil, err
	}
	defer r.close()
	seen := make(map[string]struct{})
	last := make(map[string]int)
	for {
		rec, line, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return last, nil
		case err != nil && rowFault(err):
			continue
		case err != nil:
			return last, nil // the second pass comes to it too, and tells
		}
		k := key(rec)
		if _, again := seen[k]; again {
			last[k] = line
		}
		seen[k] = struct{}{}
		if len(seen) > maxKeys {
			return nil, fmt.Errorf("%s has more than %d ids, want it in several files: %w", im.name, maxKeys, catalog.ErrInvalid)
		}
	}
}

// maxKeys bounds the ids of one file: 20 million take some 2 GB.
const maxKeys = 20_000_000

// superseded reports whether a later row is about the same key, and says so in
// the report.
func (im *importer) superseded(last map[string]int, what, key string, line int) bool {
	final := last[key]
	if final <= line {
		return false
	}
	im.report.Mend(im.name, line, fmt.Sprintf("%s %q comes again on line %d, which counts", what, key, final))
	return true
}
