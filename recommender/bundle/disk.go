package bundle

import (
	"io"
	"os"
	"path/filepath"
)

// A disk is the part of the file system through which a bundle is written, so
// that a test can let any one step fail.
type disk interface {
	MkdirTemp(dir, pattern string) (string, error)
	WriteFile(name string, data []byte) error // and sync it
	SyncDir(name string) error
	Rename(from, to string) error
	RemoveAll(name string) error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) RemoveAll(name string) error  { return os.RemoveAll(name) }

// MkdirTemp makes a folder that others may read: a server need not run as the user
// that builds.
func (osDisk) MkdirTemp(dir, pattern string) (string, error) {
	name, err := os.MkdirTemp(dir, pattern)
	if err != nil {
		return "", err
	}
	return name, os.Chmod(name, 0o755)
}

func (osDisk) WriteFile(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
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

// readLimited reads a whole file of at most limit bytes.
func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
