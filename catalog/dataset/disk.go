package dataset

import (
	"context"
	"os"

	"marquee/catalog/durable"
)

// A disk is the part of the file system through which a shelf changes, so that a
// test can let any one step fail.
type disk interface {
	MkdirTemp(dir, pattern string) (string, error)
	Create(name string) (durable.File, error)
	SyncDir(name string) error
	Rename(from, to string) error
	RemoveAll(name string) error
	// Lock waits until no other process holds the lock file. It ends with the
	// process that holds it, whichever way that ends.
	Lock(ctx context.Context, name string) (unlock func(), err error)
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) RemoveAll(name string) error  { return os.RemoveAll(name) }

func (osDisk) SyncDir(name string) error { return durable.SyncDir(name) }

func (osDisk) MkdirTemp(dir, pattern string) (string, error) { return durable.MkdirTemp(dir, pattern) }

func (osDisk) Create(name string) (durable.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

func (osDisk) Lock(ctx context.Context, name string) (func(), error) { return durable.Lock(ctx, name) }

// writeFile writes a whole small file and syncs it.
func writeFile(d disk, name string, data []byte) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	return durable.WriteAll(f, data)
}
