package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"marquee/catalog/durable"
)

const (
	// incomingPrefix begins the names of bundles that have come in from elsewhere in part.
	incomingPrefix = draftPattern + "incoming-"
	// incomingFiles and incomingBytes bound a bundle from elsewhere, whatever its
	// manifest says.
	incomingFiles = 200
	incomingBytes = 64 << 30
)

// ParseManifest reads the manifest of a bundle from elsewhere, at most 1 MiB, and checks
// that it is whole and that its files may be written: plain names, none twice, at most 200 files of 64
// GiB together. What does not fit is an error that wraps [ErrBroken].
func ParseManifest(text []byte) (Manifest, error) {
	var m Manifest
	if len(text) > manifestLimit {
		return m, fmt.Errorf("manifest is %d bytes, want at most %d: %w", len(text), manifestLimit, ErrBroken)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w: %w", err, ErrBroken)
	}
	if !ValidID(m.ID) {
		return Manifest{}, fmt.Errorf("manifest says that the bundle is %.40q, want 16 hex digits: %w", m.ID, ErrBroken)
	}
	if err := m.check(m.ID); err != nil {
		return Manifest{}, fmt.Errorf("manifest of %s: %w", m.ID, err)
	}
	if err := m.checkFiles(); err != nil {
		return Manifest{}, fmt.Errorf("manifest of %s: %w: %w", m.ID, err, ErrBroken)
	}
	return m, nil
}

// Bytes returns the size of all files of a bundle together, those included that it
// shares with another.
func (m Manifest) Bytes() int64 {
	n := int64(0)
	for _, f := range m.Files {
		n += f.Bytes
	}
	return n
}

// HoldsPeople reports whether there is something of single persons in f: histories, or lists
// that were made for them.
func (f File) HoldsPeople() bool {
	return f.Name == fileHistories || strings.HasPrefix(f.Name, listsPrefix)
}

// checkFiles returns an error unless the files of m may be written and read.
func (m Manifest) checkFiles() error {
	if len(m.Files) > incomingFiles {
		return fmt.Errorf("%d files, want at most %d", len(m.Files), incomingFiles)
	}
	names := map[string]bool{fileManifest: true}
	left := int64(incomingBytes)
	for _, f := range m.Files {
		if !validFileName(f.Name) || names[f.Name] {
			return fmt.Errorf("file name %.40q, want a plain one of its own", f.Name)
		}
		names[f.Name] = true
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != sha256.Size || f.SHA256 != strings.ToLower(f.SHA256) {
			return fmt.Errorf("sha256 of %s is %.80q, want %d hex digits", f.Name, f.SHA256, 2*sha256.Size)
		}
		if f.Bytes < 0 || f.Bytes > left {
			return fmt.Errorf("%s has %d bytes, want 0 or more and at most %d for all files", f.Name, f.Bytes, int64(incomingBytes))
		}
		left -= f.Bytes
	}
	return nil
}

// validFileName reports whether name may be that of a bundle's file: lower-case
// letters, digits, hyphens and dots, which do not come first.
func validFileName(name string) bool {
	if name == "" || len(name) > 80 || name[0] == '.' {
		return false
	}
	for _, c := range []byte(name) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// An Incoming is a bundle that comes to the shelf from elsewhere, a file at a time.
// Until it is closed nobody else writes to the shelf. Methods but Close may be called by several
// goroutines, for different files.
type Incoming struct {
	shelf    *Shelf
	manifest Manifest
	draft    string
	unlock   func()
	standing bool // the bundle is on the shelf already, whole

	mu    sync.Mutex
	have  map[string]bool // by the name of the file
	fatal bool            // the draft is of no use to a later call
}

// Receive begins to take in the bundle of m, as [ParseManifest] returned it. What
// an earlier call that was cut short had got is used, and files that another bundle on the shelf has
// become hard links to those. The caller gives every file of [Incoming.Missing] to Put, calls
// Commit, and Close whatever happened.
func (s *Shelf) Receive(ctx context.Context, m Manifest) (*Incoming, error) {
	if err := m.checkFiles(); err != nil {
		return nil, fmt.Errorf("bundle %s: %w: %w", m.ID, err, ErrBroken)
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	in := &Incoming{shelf: s, manifest: m, unlock: unlock, have: make(map[string]bool)}
	if err := in.begin(ctx); err != nil {
		in.fatal = true
		in.Close()
		return nil, fmt.Errorf("take in bundle %s: %w", m.ID, err)
	}
	return in, nil
}

func (in *Incoming) begin(ctx context.Context) error {
	s := in.shelf
	old, whole, err := s.standing(in.manifest.ID)
	if err != nil {
		return err
	}
	if whole {
		in.manifest, in.standing = old, true
		return nil
	}
	in.draft = filepath.Join(s.dir, incomingPrefix+in.manifest.ID)
	if err := in.sweepOthers(); err != nil {
		return err
	}
	if err := in.resume(ctx); err != nil {
		return err
	}
	return in.share(ctx)
}

// sweepOthers removes what there is of other bundles that never came in whole, so
// that they do not pile up.
func (in *Incoming) sweepOthers() error {
	others, err := in.shelf.drafts(incomingPrefix)
	if err != nil {
		return err
	}
	for _, e := range others {
		name := filepath.Join(in.shelf.dir, e.Name())
		if name == in.draft {
			continue
		}
		if err := in.shelf.disk.RemoveAll(name); err != nil {
			return fmt.Errorf("remove another in part: %w", err)
		}
	}
	return nil
}

// resume makes the folder of the draft, or keeps of the one that is there the files
// that are whole.
func (in *Incoming) resume(ctx context.Context) error {
	entries, err := os.ReadDir(in.draft)
	if errors.Is(err, os.ErrNotExist) {
		return in.mkdir()
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		i := slices.IndexFunc(in.manifest.Files, func(f File) bool { return f.Name == e.Name() })
		if i >= 0 && verifyFile(in.draft, in.manifest.Files[i]) == nil {
			in.have[e.Name()] = true
			continue
		}
		if err := in.shelf.disk.RemoveAll(filepath.Join(in.draft, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (in *Incoming) mkdir() error {
	fresh, err := in.shelf.disk.MkdirTemp(in.shelf.dir, draftPattern)
	if err != nil {
		return err
	}
	if err := in.shelf.disk.Rename(fresh, in.draft); err != nil {
		_ = in.shelf.disk.RemoveAll(fresh)
		return err
	}
	return nil
}

// share links to the files of other bundles on the shelf that are wanted here. One
// that cannot be linked is missing then.
func (in *Incoming) share(ctx context.Context) error {
	list, err := in.shelf.List()
	if err != nil {
		return err
	}
	type content struct {
		sum   string
		bytes int64
	}
	held := make(map[content][]string) // in which folders, under which name
	for _, m := range list {
		for _, f := range m.Files {
			key := content{f.SHA256, f.Bytes}
			held[key] = append(held[key], filepath.Join(in.shelf.Dir(m.ID), f.Name))
		}
	}
	for _, f := range in.manifest.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, name := range held[content{f.SHA256, f.Bytes}] {
			if in.have[f.Name] || !validFileName(filepath.Base(name)) {
				continue
			}
			there := File{Name: filepath.Base(name), Bytes: f.Bytes, SHA256: f.SHA256}
			if verifyFile(filepath.Dir(name), there) != nil {
				continue
			}
			in.have[f.Name] = in.shelf.disk.Link(name, filepath.Join(in.draft, f.Name)) == nil
		}
	}
	return nil
}

// Missing returns the files that are still to come, in the order of the manifest.
func (in *Incoming) Missing() []File {
	if in.standing {
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	var missing []File
	for _, f := range in.manifest.Files {
		if !in.have[f.Name] {
			missing = append(missing, f)
		}
	}
	return missing
}

// Put writes the file f of the manifest and syncs it. r must give exactly its bytes; else the error wraps
// [ErrBroken], and the file is still missing. Of a file that is there already, r is checked
// and not written. An error of r is returned as it is.
func (in *Incoming) Put(ctx context.Context, f File, r io.Reader) error {
	if !slices.Contains(in.manifest.Files, f) {
		return fmt.Errorf("the manifest has no file %.40q as this one: %w", f.Name, ErrBroken)
	}
	in.mu.Lock()
	have := in.have[f.Name]
	in.mu.Unlock()
	if have || in.standing {
		if err := f.copy(ctx, io.Discard, r); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		return nil
	}
	name := filepath.Join(in.draft, f.Name)
	if err := in.write(ctx, name, f, r); err != nil {
		_ = in.shelf.disk.RemoveAll(name)
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	in.mu.Lock()
	in.have[f.Name] = true
	in.mu.Unlock()
	return nil
}

// write writes one file. The disk's own errors make the draft one that is not kept:
// on a full disk it would only be in the way.
func (in *Incoming) write(ctx context.Context, name string, f File, r io.Reader) error {
	file, err := in.shelf.disk.Create(name)
	if err != nil {
		return in.unfit(err)
	}
	w := &faultless{File: file}
	if err := f.copy(ctx, w, r); err != nil {
		err = errors.Join(err, file.Close())
		if w.err != nil {
			return in.unfit(err)
		}
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return in.unfit(err)
	}
	return nil
}

// unfit notes that the disk failed.
func (in *Incoming) unfit(err error) error {
	in.mu.Lock()
	in.fatal = true
	in.mu.Unlock()
	return err
}

// A faultless remembers whether a write failed, to tell it from a read that did.
type faultless struct {
	durable.File
	err error
}

func (f *faultless) Write(data []byte) (int, error) {
	n, err := f.File.Write(data)
	f.err = errors.Join(f.err, err)
	return n, err
}

// copy copies r to w and checks that it is f.
func (f File) copy(ctx context.Context, w io.Writer, r io.Reader) error {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(ending{ctx, r}, f.Bytes+1))
	if err != nil {
		return err
	}
	if n != f.Bytes {
		return fmt.Errorf("%d bytes or more, want %d: %w", n, f.Bytes, ErrBroken)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("sha256 is %s, want %s: %w", got, f.SHA256, ErrBroken)
	}
	return nil
}

// An ending reads until its context ends.
type ending struct {
	ctx context.Context
	r   io.Reader
}

func (e ending) Read(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.r.Read(p)
}

// Commit puts the bundle on the shelf and returns its manifest. If a file is missing
// the error wraps [ErrBroken].
func (in *Incoming) Commit() (Manifest, error) {
	if in.standing {
		return in.manifest, nil
	}
	if missing := in.Missing(); len(missing) > 0 {
		return Manifest{}, fmt.Errorf("bundle %s: %d of %d files are missing, %s first: %w", in.manifest.ID, len(missing), len(in.manifest.Files), missing[0].Name, ErrBroken)
	}
	if err := in.shelf.shelve(in.draft, in.manifest); err != nil {
		return Manifest{}, in.unfit(err)
	}
	in.standing = true
	return in.manifest, nil
}

// Close lets others write to the shelf again. What came in of a bundle that was not
// committed stays for a day, for the next call to go on with, unless the disk failed.
func (in *Incoming) Close() {
	if in.draft != "" && (in.fatal || in.standing) {
		_ = in.shelf.disk.RemoveAll(in.draft)
	}
	in.unlock()
}

// Abandon makes Close keep nothing.
func (in *Incoming) Abandon() {
	in.mu.Lock()
	in.fatal = true
	in.mu.Unlock()
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
