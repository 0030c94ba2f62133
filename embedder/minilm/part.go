package minilm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A Progress is told, now and then and from the calling goroutine, how many of a
// file's bytes are there. A nil one is not called.
type Progress func(f File, done int64)

func (p Progress) tell(f File, done int64) {
	if p != nil {
		p(f, done)
	}
}

// part is where a file grows before it is whole, beside its final place.
func (f File) part(dir string) string { return filepath.Join(dir, f.Name+".part") }

// present reports whether dir holds f already. A file that cannot be read is
// about to be replaced, so its error says no more than no.
func (f File) present(ctx context.Context, dir string) bool {
	return f.load(dir, func(r io.Reader) error {
		_, err := io.Copy(io.Discard, within{ctx, r})
		return err
	}) == nil
}

// keep copies f from src to dir by way of the part. Unless src gives exactly
// the pinned content, it leaves nothing behind.
func (f File) keep(ctx context.Context, dir string, src io.Reader, progress Progress) error {
	file, err := os.Create(f.part(dir))
	if err != nil {
		return err
	}
	told := &teller{f: f, progress: progress}
	err = f.pass(within{ctx, src}, func(r io.Reader) error {
		_, err := io.Copy(io.MultiWriter(file, told), r)
		return err
	})
	if err = errors.Join(ctx.Err(), err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(f.part(dir)))
	}
	return os.Rename(f.part(dir), filepath.Join(dir, f.Name))
}

// settle moves a part that is whole to its final place, or removes it when it is
// not the pinned file.
func (f File) settle(dir string) error {
	file, err := os.OpenFile(f.part(dir), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.pass(file, func(r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
	if errors.Is(err, ErrCorrupt) {
		return errors.Join(err, file.Close(), os.Remove(f.part(dir)))
	}
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(f.part(dir), filepath.Join(dir, f.Name))
}

// makeDir makes the model's folder.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("folder of the model: %w", err)
	}
	return nil
}

// A teller counts what is written to it and tells of it.
type teller struct {
	f        File
	done     int64
	progress Progress
}

func (t *teller) Write(p []byte) (int, error) {
	t.done += int64(len(p))
	t.progress.tell(t.f, t.done)
	return len(p), nil
}
