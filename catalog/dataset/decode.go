package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"marquee/catalog"
)

// openTable opens the file of t and checks its size and digest, so that what is
// decoded afterwards is what was written. The caller closes it.
func openTable(ctx context.Context, dir string, t Table) (*os.File, error) {
	f, err := os.Open(filepath.Join(dir, t.File))
	if errors.Is(err, os.ErrNotExist) {
		kind := ErrBroken
		if _, there := os.Stat(dir); errors.Is(there, os.ErrNotExist) {
			kind = catalog.ErrNotFound // deleted meanwhile
		}
		err = fmt.Errorf("%w: %w", err, kind)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.File, err)
	}
	if err := checkFile(ctx, f, t); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", t.File, err)
	}
	return f, nil
}

func checkFile(ctx context.Context, f *os.File, t Table) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != t.Bytes {
		return fmt.Errorf("%d bytes, want a plain file of %d: %w", info.Size(), t.Bytes, ErrBroken)
	}
	h := sha256.New()
	if _, err := io.Copy(h, inContext{ctx, f}); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != t.SHA256 {
		return fmt.Errorf("sha256 is %s, want %s: %w", got, t.SHA256, ErrBroken)
	}
	return nil
}

// inContext reads until its context ends.
type inContext struct {
	ctx context.Context
	io.Reader
}

func (r inContext) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// readTable yields the rows of t from file, which openTable has checked. Any
// number may run on one file at once. A file without the rows that it should
// have ends in an error.
func readTable[V, R any](ctx context.Context, k *kind[V, R], t Table, file io.ReaderAt) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		var zero V
		fail := func(err error) { yield(zero, fmt.Errorf("read %s: %w", k.name, err)) }
		in, err := k.open(file, t)
		if err != nil {
			fail(err)
			return
		}
		defer in.Close()
		batch := make([]R, max(1, min(batchRows, t.Rows)))
		rows := int64(0)
		for {
			if err := ctx.Err(); err != nil {
				fail(err)
				return
			}
			n, err := in.next(batch)
			for i := range batch[:n] {
				v, err := k.unpack(&batch[i])
				if err != nil {
					fail(err)
					return
				}
				if !yield(v, nil) {
					return
				}
			}
			rows += int64(n)
			if errors.Is(err, io.EOF) && rows == t.Rows {
				return
			}
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("%d rows, want %d: %w", rows, t.Rows, ErrBroken)
			}
			if err != nil {
				fail(err)
				return
			}
		}
	}
}

// A rowReader reads the rows of one file in order.
type rowReader[R any] interface {
	// next fills batch from its start and returns how many rows it has, or an
	// error, at the end io.EOF.
	next(batch []R) (int, error)
	Close() error
}

// A columnReader leaves it to the library to put rows together.
type columnReader[R any] struct{ *parquet.GenericReader[R] }

func openColumns[R any](file io.ReaderAt, t Table) (_ rowReader[R], err error) {
	defer recovered(&err)
	f, err := parquet.OpenFile(file, t.Bytes, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, broken(err)
	}
	return columnReader[R]{parquet.NewGenericReader[R](f)}, nil
}

// next implements [rowReader].
func (r columnReader[R]) next(batch []R) (n int, err error) {
	defer recovered(&err)
	clear(batch) // else the library would reuse what rows before point to
	n, err = r.Read(batch)
	switch {
	case n > 0 && (err == nil || errors.Is(err, io.EOF)):
		return n, nil
	case errors.Is(err, io.EOF):
		return 0, io.EOF
	case err == nil:
		err = io.ErrNoProgress
	}
	return 0, broken(err)
}

// broken wraps ErrBroken around what is wrong with a file, but not with a disk.
func broken(err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		return err
	}
	return fmt.Errorf("%w: %w", err, ErrBroken)
}

// recovered turns a panic of the library, which it has for files that are not
// what they seem, into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the Parquet library says %v: %w", p, ErrBroken)
	}
}
