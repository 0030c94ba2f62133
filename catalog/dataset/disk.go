package dataset

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"marquee/catalog/flock"
)

// A disk is the part of the file system through which a shelf changes, so that a
// test can let any one step fail.
type disk interface {
	MkdirTemp(dir, pattern string) (string, error)
	Create(name string) (file, error)
	SyncDir(name string) error
	Rename(from, to string) error
	RemoveAll(name string) error
	// Lock waits until no other process holds the lock file. It ends with the
	// process that holds it, whichever way that ends.
	Lock(ctx context.Context, name string) (unlock func(), err error)
}

// A file is one that is being written.
type file interface {
	io.WriteCloser
	Sync() error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) RemoveAll(name string) error  { return os.RemoveAll(name) }

// MkdirTemp makes a folder that others may read: what builds need not run as the
// user that ingests.
func (osDisk) MkdirTemp(dir, pattern string) (string, error) {
	name, err := os.MkdirTemp(dir, pattern)
	if err != nil {
		return "", err
	}
	return name, os.Chmod(name, 0o755)
}

func (osDisk) Create(name string) (file, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

func (osDisk) SyncDir(name string) error {
	d, err := os.Open(filepath.Clean(name))
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

func (osDisk) Lock(ctx context.Context, name string) (func(), error) { return flock.Lock(ctx, name) }

// writeFile writes a whole small file and syncs it.
func writeFile(d disk, name string, data []byte) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
