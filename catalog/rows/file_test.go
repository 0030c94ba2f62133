package rows_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/catalog/rows"
)

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zip(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpen(t *testing.T) {
	for name, content := range map[string][]byte{
		"plain":               []byte("Amélie\n"),
		"gzip":                zip(t, "Amélie\n"),
		"byte order mark":     []byte("\ufeffAmélie\n"),
		"both":                zip(t, "\ufeffAmélie\n"),
		"UTF-16 little first": []byte("\xff\xfeA\x00m\x00\xe9\x00l\x00i\x00e\x00\n\x00"),
		"UTF-16 big first":    []byte("\xfe\xff\x00A\x00m\x00\xe9\x00l\x00i\x00e\x00\n"),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := rows.Open(write(t, content))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got, err := io.ReadAll(f)
			if err != nil || string(got) != "Amélie\n" {
				t.Errorf("got %q, %v, want Amélie", got, err)
			}
			if f.Done() != int64(len(content)) {
				t.Errorf("done is %d, want %d bytes", f.Done(), len(content))
			}
		})
	}
}

// A file whose lines end in CR alone has lines all the same; one with LF in it
// keeps its CRs.
func TestOpenLoneCR(t *testing.T) {
	wide := strings.Repeat("x", 64<<10-1)
	for name, c := range map[string]struct{ content, want string }{
		"old Mac":               {"a,b\r\rc,d\r", "a,b\n\nc,d\n"},
		"old Mac, beyond 64 KB": {"a\r" + wide + "\rb\r", "a\n" + wide + "\nb\n"},
		"CRLF":                  {"a\r\nb\r\n", "a\r\nb\r\n"},
		"CR in a line":          {"a\rb\nc\n", "a\rb\nc\n"},
		"CRLF across 64 KB":     {wide + "\r\nb\r\n", wide + "\r\nb\r\n"},
		"no line end":           {"a", "a"},
		"nothing":               {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for packed, content := range map[string][]byte{"plain": []byte(c.content), "gzip": zip(t, c.content)} {
				f, err := rows.Open(write(t, content))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if got, err := io.ReadAll(f); err != nil || string(got) != c.want {
					t.Errorf("%s: got %.40q, %v, want %.40q", packed, got, err, c.want)
				}
			}
		})
	}
}

func TestOpenFaults(t *testing.T) {
	if _, err := rows.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v, want ErrNotExist", err)
	}
	if _, err := rows.Open(t.TempDir()); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("folder: %v, want ErrInvalid", err)
	}
	if _, err := rows.Open(write(t, []byte{0x1f, 0x8b, 7})); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("broken gzip header: %v, want ErrInvalid", err)
	}
	whole := zip(t, strings.Repeat("plot\n", 1000))
	f, err := rows.Open(write(t, whole[:len(whole)-9]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.ReadAll(f); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "file") {
		t.Errorf("gzip cut short: %v, want ErrUnexpectedEOF and the file's name", err)
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		in, want string
		mended   bool
	}{
		{"Amélie", "Amélie", false},
		{"Am\xe9lie", "Amélie", true},                    // Latin-1
		{"\x93Am\xe9lie\x94", "“Amélie”", true},          // Windows-1252
		{"Amélie \xff Léon", "Amélie \uFFFD Léon", true}, // UTF-8 with a bad byte
	} {
		if got, mended := rows.Text(c.in); got != c.want || mended != c.mended {
			t.Errorf("Text(%q) = %q, %v, want %q, %v", c.in, got, mended, c.want, c.mended)
		}
	}
}
