package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// exported returns the archive of a bundle.
func exported(t testing.TB, s *Shelf, id string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(t.Context(), id, &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(data)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestExportImport(t *testing.T) {
	from, ids := shelved(t, 1)
	text := exported(t, from, ids[0])
	if again := exported(t, from, ids[0]); !bytes.Equal(again, text) {
		t.Error("two exports of a bundle differ")
	}
	want, err := from.Load(t.Context(), ids[0], open)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{text, zipped(t, text)} {
		to := shelf(t)
		m, err := to.Import(t.Context(), iotest.HalfReader(bytes.NewReader(data)))
		if err != nil || !reflect.DeepEqual(m, want.Manifest) {
			t.Fatalf("imported %+v, %v; want %+v", m, err, want.Manifest)
		}
		got, err := to.Load(t.Context(), ids[0], open)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("loaded %+v, %v; want %+v", got, err, want)
		}
		leftovers(t, to)
	}
	listed, err := listing(text)
	if err != nil || listed[0] != fileManifest || !slices.IsSorted(listed[1:]) || len(listed) != len(want.Manifest.Files)+1 {
		t.Errorf("the archive holds %v, %v; want the manifest, then the files by name", listed, err)
	}
}

// listing returns the names of an archive in their order.
func listing(archive []byte) ([]string, error) {
	var names []string
	for in := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return names, err
		}
		if h.Uid != 0 || h.Uname != "" || h.ModTime.Unix() != 0 || h.Mode != 0o644 {
			return names, fmt.Errorf("header %+v", h)
		}
		names = append(names, h.Name)
	}
}

// A bundle that is broken cannot be exported, in whichever way it is.
func TestExportOfABrokenBundle(t *testing.T) {
	s, ids := shelved(t, 1)
	path := filepath.Join(s.Dir(ids[0]), fileVectors)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := slices.Clone(good)
	bad[len(bad)-1] ^= 1
	for _, data := range [][]byte{bad, good[:len(good)-1], append(slices.Clone(good), 0)} {
		write(t, path, data)
		if err := s.Export(t.Context(), ids[0], io.Discard); !errors.Is(err, ErrBroken) {
			t.Errorf("%v, want ErrBroken", err)
		}
	}
}

// What stands on the shelf stays, and an archive mends what is broken there.
func TestImportOfWhatIsThere(t *testing.T) {
	s, ids := shelved(t, 1)
	text := exported(t, s, ids[0])
	before, err := os.Stat(s.Dir(ids[0]))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.Import(t.Context(), bytes.NewReader(text)); err != nil || m.ID != ids[0] {
		t.Errorf("import again: %s, %v", m.ID, err)
	}
	if after, err := os.Stat(s.Dir(ids[0])); err != nil || !os.SameFile(before, after) {
		t.Errorf("the folder was replaced: %v", err)
	}
	write(t, filepath.Join(s.Dir(ids[0]), fileVectors), []byte("rubbish"))
	if _, err := s.Import(t.Context(), bytes.NewReader(text)); err != nil {
		t.Error(err)
	}
	if err := s.Verify(ids[0]); err != nil {
		t.Errorf("imported over a broken one: %v", err)
	}
}

// An archive is checked whole, also if its bundle stands on the shelf already, or all its
// files can be had from others there.
func TestImportChecksWhatIsThere(t *testing.T) {
	s, ids := shelved(t, 1)
	text := exported(t, s, ids[0])
	last := len(text) - 1
	for text[last] == 0 { // behind the last file
		last--
	}
	flipped := slices.Clone(text)
	flipped[last] ^= 1
	z := zipped(t, text)
	footer := slices.Clone(z)
	footer[len(footer)-6] ^= 1
	for name, data := range map[string][]byte{
		"a byte is another":         flipped,
		"half of it":                text[:len(text)/2],
		"gzip cut short":            z[:len(z)-4],
		"another check sum of gzip": footer,
		"another of that, zipped":   zipped(t, flipped),
		"much behind it":            append(slices.Clone(text), make([]byte, archiveEnd+1)...),
	} {
		if _, err := s.Import(t.Context(), bytes.NewReader(data)); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v, want ErrBroken", name, err)
		}
		if err := s.Verify(ids[0]); err != nil {
			t.Errorf("%s: the one on the shelf: %v", name, err)
		}
		leftovers(t, s)
	}
	if _, err := s.Import(t.Context(), bytes.NewReader(append(slices.Clone(text), make([]byte, 8192)...))); err != nil {
		t.Errorf("zeros behind it, as other programs write: %v", err)
	}
}

// An entry is one of an archive that a test makes.
type entry struct {
	tar.Header
	data []byte
}

// entries returns those of an archive.
func entries(t testing.TB, archive []byte) []entry {
	t.Helper()
	var list []entry
	for in := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry{*h, data})
	}
}

func archived(t testing.TB, list []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range list {
		if e.Typeflag == tar.TypeReg {
			e.Size = int64(len(e.data))
		}
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// signed returns m as the manifest of an archive, with the ID and the sum that go with
// what it says.
func signed(t testing.TB, m Manifest) entry {
	t.Helper()
	var err error
	if m.ID, err = m.digest(); err != nil {
		t.Fatal(err)
	}
	if m.Sum, err = m.sum(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: fileManifest}, text}
}

// Whatever an archive tries, it is refused and leaves nothing behind.
func TestHostileArchives(t *testing.T) {
	from, ids := shelved(t, 1)
	good := exported(t, from, ids[0])
	manifest, err := from.Manifest(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, data string) entry {
		return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, []byte(data)}
	}
	named := func(name string, bytes int64) func([]entry) []entry { // the manifest names a file
		return func(l []entry) []entry {
			m := manifest
			m.Files = append(slices.Clone(m.Files), File{Name: name, Bytes: bytes, SHA256: sumOf([]byte("x"))})
			l[0] = signed(t, m)
			return append(l, file(name, "x"))
		}
	}
	for name, change := range map[string]func([]entry) []entry{
		"nothing":                  func([]entry) []entry { return nil },
		"no manifest":              func(l []entry) []entry { return l[1:] },
		"manifest last":            func(l []entry) []entry { return append(l[1:], l[0]) },
		"manifest alone":           func(l []entry) []entry { return l[:1] },
		"a file missing":           func(l []entry) []entry { return l[:len(l)-1] },
		"a file twice":             func(l []entry) []entry { return append(l, l[1]) },
		"manifest twice":           func(l []entry) []entry { return append(l, l[0]) },
		"a file more":              func(l []entry) []entry { return append(l, file("more.bin", "x")) },
		"a path upwards":           func(l []entry) []entry { return append(l, file("../../escaped", "x")) },
		"an absolute path":         func(l []entry) []entry { return append(l, file("/tmp/escaped", "x")) },
		"named upwards":            named("../escaped", 1),
		"named in a folder":        named("a/escaped", 1),
		"named with a backslash":   named(`..\escaped`, 1),
		"named as the manifest":    named(fileManifest, 1),
		"named as a hidden file":   named(".escaped", 1),
		"named twice":              named(fileVectors, 1),
		"named with too many":      named("huge.bin", 1<<40),
		"named with fewer than 0":  named("negative.bin", -1),
		"a byte more":              func(l []entry) []entry { l[1].data = append(l[1].data, 0); return l },
		"a byte less":              func(l []entry) []entry { l[1].data = l[1].data[1:]; return l },
		"another byte":             func(l []entry) []entry { l[1].data[0] ^= 1; return l },
		"another byte in the last": func(l []entry) []entry { l[len(l)-1].data[0] ^= 1; return l },
		"a link": func(l []entry) []entry {
			l[1] = entry{tar.Header{Typeflag: tar.TypeSymlink, Name: l[1].Name, Linkname: "/etc/passwd"}, nil}
			return l
		},
		"a hard link": func(l []entry) []entry {
			l[1] = entry{tar.Header{Typeflag: tar.TypeLink, Name: l[1].Name, Linkname: "/etc/passwd"}, nil}
			return l
		},
		"a folder": func(l []entry) []entry {
			l[1] = entry{tar.Header{Typeflag: tar.TypeDir, Name: l[1].Name}, nil}
			return l
		},
		"manifest of another": func(l []entry) []entry { m := manifest; m.Seed++; l[0] = signed(t, m); l[1].data[0] ^= 1; return l },
		"a manifest changed": func(l []entry) []entry {
			l[0].data = bytes.Replace(l[0].data, []byte(`"seed": 1`), []byte(`"seed": 2`), 1)
			return l
		},
		"a manifest too long":       func(l []entry) []entry { l[0].data = bytes.Repeat([]byte(" "), manifestLimit+1); return l },
		"a manifest that is none":   func(l []entry) []entry { l[0].data = []byte("[]"); return l },
		"a manifest that is a link": func(l []entry) []entry { l[0].Header.Typeflag, l[0].data = tar.TypeSymlink, nil; return l },
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, archived(t, change(entries(t, good))))
		})
	}
	for name, data := range map[string][]byte{
		"empty": nil, "one byte": {0x1f}, "rubbish": []byte(strings.Repeat("rubbish", 1000)), "rubbish after gzip's magic": []byte("\x1f\x8brubbish"),
		"cut short": good[:len(good)/2], "cut short within gzip": zipped(t, good)[:500],
		"gzip of gzip": zipped(t, zipped(t, good)), "gzip with a flipped bit": flipped(zipped(t, good), 700),
	} {
		t.Run(name, func(t *testing.T) { refused(t, data) })
	}
}

func flipped(data []byte, at int) []byte {
	data[at] ^= 0xff
	return data
}

// refused checks that an archive is refused as broken and leaves nothing, not even
// outside the shelf.
func refused(t *testing.T, archive []byte) {
	t.Helper()
	s := shelf(t)
	if m, err := s.Import(t.Context(), bytes.NewReader(archive)); !errors.Is(err, ErrBroken) {
		t.Errorf("imported %s, %v; want ErrBroken", m.ID, err)
	}
	for dir, want := range map[string][]string{s.dir: {lockName}, filepath.Dir(s.dir): {filepath.Base(s.dir)}} {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if !slices.Contains(want, e.Name()) {
				t.Errorf("it left %s in %s", e.Name(), dir)
			}
		}
	}
}

// An error of the reader is returned as it is, and so is the end of the context.
func TestImportCutShort(t *testing.T) {
	from, ids := shelved(t, 1)
	good := exported(t, from, ids[0])
	s := shelf(t)
	fault := errors.New("cable cut")
	if _, err := s.Import(t.Context(), io.MultiReader(bytes.NewReader(good[:len(good)/2]), iotest.ErrReader(fault))); !errors.Is(err, fault) || errors.Is(err, ErrBroken) {
		t.Errorf("%v, want the reader's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Import(ctx, bytes.NewReader(good)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want cancelled", err)
	}
	leftovers(t, s)
}

// Files that the shelf has in another bundle take no space again.
func TestReceiveSharesFiles(t *testing.T) {
	from, ids := shelved(t, 2)
	to := shelf(t)
	for _, id := range ids {
		if _, err := to.Import(t.Context(), bytes.NewReader(exported(t, from, id))); err != nil {
			t.Fatal(err)
		}
	}
	a, err := os.Stat(filepath.Join(to.Dir(ids[0]), fileVectors))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.Stat(filepath.Join(to.Dir(ids[1]), fileVectors))
	if err != nil || !os.SameFile(a, b) {
		t.Errorf("two bundles with the same vectors keep them twice (%v)", err)
	}
}

// What came in of a bundle that was not finished is used again, but for what is broken.
func TestReceiveGoesOn(t *testing.T) {
	from, ids := shelved(t, 1)
	m, err := from.Manifest(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	to := shelf(t)
	receive := func() *Incoming {
		t.Helper()
		in, err := to.Receive(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	give := func(in *Incoming, f File) error {
		t.Helper()
		r, err := from.Open(m.ID, f)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		return in.Put(t.Context(), f, r)
	}
	in := receive()
	if err := errors.Join(give(in, m.Files[0]), give(in, m.Files[1])); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Commit(); !errors.Is(err, ErrBroken) {
		t.Errorf("commit of two files: %v, want ErrBroken", err)
	}
	in.Close()
	path := filepath.Join(to.dir, incomingPrefix+m.ID, m.Files[1].Name)
	write(t, path, []byte("rubbish"))
	in = receive()
	if got := in.Missing(); !slices.Equal(got, m.Files[1:]) {
		t.Errorf("missing %v, want all but the first", got)
	}
	if err := in.Put(t.Context(), File{Name: "other.bin"}, strings.NewReader("")); !errors.Is(err, ErrBroken) {
		t.Errorf("a file that is not of the bundle: %v, want ErrBroken", err)
	}
	for _, f := range m.Files {
		if err := give(in, f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := in.Commit(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	leftovers(t, to)
	if err := to.Verify(m.ID); err != nil {
		t.Error(err)
	}
}

// What there is of one bundle goes when another comes in: at most one is kept in part.
func TestReceiveKeepsOneInPart(t *testing.T) {
	from, ids := shelved(t, 2)
	to := shelf(t)
	for _, id := range ids {
		m, err := from.Manifest(id)
		if err != nil {
			t.Fatal(err)
		}
		in, err := to.Receive(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
	}
	left, err := to.drafts(draftPattern)
	if err != nil || len(left) != 1 || left[0].Name() != incomingPrefix+ids[1] {
		t.Errorf("left %v, %v; want the last alone", left, err)
	}
}

// Rubbish is refused, never taken and never a panic.
func FuzzImport(f *testing.F) {
	from, ids := shelved(f, 1)
	good := exported(f, from, ids[0])
	f.Add(good)
	f.Add(zipped(f, good))
	f.Add(good[:600])
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &Shelf{dir: t.TempDir(), disk: unsynced{}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		m, err := s.Import(ctx, bytes.NewReader(data))
		if err == nil {
			// Any bundle may come, such as one of another version that fuzzing kept.
			if list, _ := s.List(); len(list) != 1 || list[0].ID != m.ID {
				t.Errorf("imported %s, and the shelf holds %v", m.ID, list)
			}
			err = s.Verify(m.ID)
		} else {
			list, _ := s.List()
			if len(list) > 0 {
				t.Errorf("%v, and %d bundles are there", err, len(list))
			}
			leftovers(t, s)
			err = nil
		}
		if err != nil {
			t.Error(err)
		}
	})
}
