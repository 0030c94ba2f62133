package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Export writes the bundle id as a tar stream: the manifest, then its files by name, without
// times or owners, so that the same bundle is the same stream. Each file is checked while
// it is written. After an error what was written is no archive.
func (s *Shelf) Export(ctx context.Context, id string, w io.Writer) error {
	m, err := s.Manifest(id)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	text, err := readLimited(filepath.Join(s.Dir(id), fileManifest), manifestLimit)
	if err != nil {
		return fmt.Errorf("export %s: %w", id, err)
	}
	out := tar.NewWriter(w)
	if err := exportFile(ctx, out, File{Name: fileManifest, Bytes: int64(len(text)), SHA256: sumOf(text)}, bytes.NewReader(text)); err != nil {
		return fmt.Errorf("export %s: %w", id, err)
	}
	files := slices.SortedFunc(slices.Values(m.Files), func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range files {
		if err := s.exportFrom(ctx, out, id, f); err != nil {
			return fmt.Errorf("export %s: %w", id, err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("export %s: %w", id, err)
	}
	return nil
}

func (s *Shelf) exportFrom(ctx context.Context, out *tar.Writer, id string, f File) error {
	r, err := s.Open(id, f)
	if err != nil {
		return err
	}
	defer r.Close()
	return exportFile(ctx, out, f, r)
}

// Open opens a file of a bundle for reading. Its size is that of f; what it
// holds is not checked. What does not fit is an error that wraps [ErrBroken].
func (s *Shelf) Open(id string, f File) (*os.File, error) {
	if _, err := statPlain(s.Dir(id), f); err != nil {
		return nil, err
	}
	r, err := os.Open(filepath.Join(s.Dir(id), f.Name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", f.Name, err, ErrBroken)
	}
	return r, nil
}

func exportFile(ctx context.Context, out *tar.Writer, f File, r io.Reader) error {
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Size: f.Bytes, Mode: 0o644, ModTime: time.Unix(0, 0)}); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	if err := f.copy(ctx, out, r); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	return nil
}

// Import takes in the bundle that [Shelf.Export] wrote, compressed by gzip or not, and
// returns its manifest. It trusts nothing: the manifest comes first, then only plain files that it names, each
// once, of the size and SHA-256 that it says, all together of bounded size. What does not fit is an
// error that wraps [ErrBroken], and the shelf stays as it is. A bundle that stands there whole is left as it
// is; r is read and checked all the same.
func (s *Shelf) Import(ctx context.Context, r io.Reader) (Manifest, error) {
	plain, err := unzipped(ending{ctx, r})
	if err != nil {
		return Manifest{}, fmt.Errorf("import: %w", err)
	}
	in := tar.NewReader(plain)
	m, err := importManifest(in)
	if err != nil {
		return Manifest{}, fmt.Errorf("import: %w", err)
	}
	if m, err = s.importFiles(ctx, in, m, plain); err != nil {
		return Manifest{}, fmt.Errorf("import: %w", err)
	}
	return m, nil
}

// unzipped returns what r holds after gzip, if that was used.
func unzipped(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	magic, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	z, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, torn(err)
	}
	return z, nil
}

func importManifest(in *tar.Reader) (Manifest, error) {
	h, err := in.Next()
	if errors.Is(err, io.EOF) {
		return Manifest{}, fmt.Errorf("there is no bundle in it: %w", ErrBroken)
	}
	if err != nil {
		return Manifest{}, torn(err)
	}
	if h.Typeflag != tar.TypeReg || h.Name != fileManifest || h.Size > manifestLimit {
		return Manifest{}, fmt.Errorf("it begins with %.40q of %d bytes, want %s, a file of at most %d: %w", h.Name, h.Size, fileManifest, manifestLimit, ErrBroken)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return Manifest{}, torn(err)
	}
	return ParseManifest(text)
}

// importFiles takes in the files of m. Behind them all should end soon.
func (s *Shelf) importFiles(ctx context.Context, in *tar.Reader, m Manifest, all io.Reader) (Manifest, error) {
	draft, err := s.Receive(ctx, m)
	if err != nil {
		return Manifest{}, err
	}
	defer draft.Close()
	draft.Abandon() // the next call begins at the first byte anyway
	put := draft.Put
	if draft.standing { // the one on the shelf may have other files: people may have been forgotten there
		put = func(ctx context.Context, f File, r io.Reader) error { return f.copy(ctx, io.Discard, r) }
	}
	seen := make(map[string]bool)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Manifest{}, torn(err)
		}
		i := slices.IndexFunc(m.Files, func(f File) bool { return f.Name == h.Name && f.Bytes == h.Size })
		if i < 0 || h.Typeflag != tar.TypeReg || seen[h.Name] {
			return Manifest{}, fmt.Errorf("%.40q of %d bytes is not a file of the manifest, or there twice: %w", h.Name, h.Size, ErrBroken)
		}
		seen[h.Name] = true
		if err := put(ctx, m.Files[i], in); err != nil {
			return Manifest{}, fmt.Errorf("%s: %w", h.Name, torn(err))
		}
	}
	if len(seen) < len(m.Files) {
		return Manifest{}, fmt.Errorf("it holds %d files of the %d that its manifest names: %w", len(seen), len(m.Files), ErrBroken)
	}
	if err := drain(all); err != nil {
		return Manifest{}, err
	}
	return draft.Commit()
}

// archiveEnd bounds what may stand behind the last file: blocks of zeros, and the check
// sum of gzip, which is only compared at the end.
const archiveEnd = 1 << 20

func drain(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, archiveEnd+1))
	if err != nil {
		return torn(err)
	}
	if n > archiveEnd {
		return fmt.Errorf("more than %d bytes behind its files: %w", archiveEnd, ErrBroken)
	}
	return nil
}

// torn says of an error of tar or gzip that the archive is broken. Others are what
// they are.
func torn(err error) error {
	var flaw flate.CorruptInputError
	if errors.As(err, &flaw) || errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return fmt.Errorf("the archive is cut short or no archive: %w: %w", err, ErrBroken)
	}
	return err
}
