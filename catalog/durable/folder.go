package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// MkdirTemp makes a folder in dir, named as [os.MkdirTemp] does, that others may
// read: a server need not run as the user that builds.
func MkdirTemp(dir, pattern string) (string, error) {
	name, err := os.MkdirTemp(dir, pattern)
	if err != nil {
		return "", err
	}
	return name, os.Chmod(name, 0o755)
}

// SyncDir makes durable which names stand in a folder. It is called after the
// files in it were synced, and again on the parent after a rename.
func SyncDir(name string) error {
	d, err := os.Open(filepath.Clean(name))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// A File is one that is being written.
type File interface {
	io.WriteCloser
	Sync() error
}

// WriteAll writes data to a new file, syncs and closes it, whatever fails.
func WriteAll(f File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
