package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// Load reads the bundle id and checks every file against the manifest. What does
// not fit is an error that wraps [ErrBroken] and names the file.
func (s *Shelf) Load(ctx context.Context, id string, open Opener) (*Bundle, error) {
	m, err := s.Manifest(id)
	if err != nil {
		return nil, err
	}
	data := make([][]byte, len(m.Files))
	g, ctx := errgroup.WithContext(ctx)
	for i, f := range m.Files {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			data[i], err = readChecked(s.Dir(id), f)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("bundle %s: %w", id, err)
	}
	files := make(map[string][]byte, len(m.Files))
	for i, f := range m.Files {
		files[f.Name] = data[i]
	}
	b, err := decode(m, files, open)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", id, err)
	}
	return b, nil
}

// Verify checks every file of id against the manifest.
func (s *Shelf) Verify(id string) error {
	m, err := s.Manifest(id)
	if err != nil {
		return err
	}
	return s.verifyFiles(m)
}

func (s *Shelf) verifyFiles(m Manifest) error {
	for _, f := range m.Files {
		if err := verifyFile(s.Dir(m.ID), f); err != nil {
			return err
		}
	}
	return nil
}

// readChecked returns the content of f, which is read whole before it is hashed.
func readChecked(dir string, f File) ([]byte, error) {
	info, err := statPlain(dir, f)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, info.Name()))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", f.Name, err, ErrBroken)
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != f.SHA256 {
		return nil, fmt.Errorf("%s: sha256 is %s, want %s: %w", f.Name, got, f.SHA256, ErrBroken)
	}
	return data, nil
}

func verifyFile(dir string, f File) error {
	if _, err := statPlain(dir, f); err != nil {
		return err
	}
	file, err := os.Open(filepath.Join(dir, f.Name))
	if err != nil {
		return fmt.Errorf("%s: %w: %w", f.Name, err, ErrBroken)
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return fmt.Errorf("%s: %w: %w", f.Name, err, ErrBroken)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("%s: sha256 is %s, want %s: %w", f.Name, got, f.SHA256, ErrBroken)
	}
	return nil
}

// statPlain checks that f names a plain file of its size within dir.
func statPlain(dir string, f File) (os.FileInfo, error) {
	if f.Name != filepath.Base(f.Name) {
		return nil, fmt.Errorf("file name %q, want a plain name: %w", f.Name, ErrBroken)
	}
	info, err := os.Lstat(filepath.Join(dir, f.Name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", f.Name, err, ErrBroken)
	}
	if !info.Mode().IsRegular() || info.Size() != f.Bytes {
		return nil, fmt.Errorf("%s: %d bytes, want a plain file of %d: %w", f.Name, info.Size(), f.Bytes, ErrBroken)
	}
	return info, nil
}
