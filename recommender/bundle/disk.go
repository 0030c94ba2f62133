package bundle

import (
	"io"
	"os"

	"marquee/catalog/durable"
)

// A disk is the part of the file system through which a bundle is written, so
// that a test can let any one step fail.
type disk interface {
	MkdirTemp(dir, pattern string) (string, error)
	WriteFile(name string, data []byte) error // and sync it
	SyncDir(name string) error
	Rename(from, to string) error
	RemoveAll(name string) error
	Link(from, to string) error               // another name for a file
	Create(name string) (durable.File, error) // to be written bit by bit, and synced by whoever does
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) RemoveAll(name string) error  { return os.RemoveAll(name) }
func (osDisk) Link(from, to string) error   { return os.Link(from, to) }

func (osDisk) SyncDir(name string) error { return durable.SyncDir(name) }

func (osDisk) MkdirTemp(dir, pattern string) (string, error) { return durable.MkdirTemp(dir, pattern) }

func (osDisk) Create(name string) (durable.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
}

func (osDisk) WriteFile(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	return durable.WriteAll(f, data)
}

// readLimited reads a whole file of at most limit bytes.
func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
