package rows

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"marquee/catalog"
)

// A File is a text file being read. It is gunzipped if its content, not its
// name, says gzip; a byte order mark is taken off, and UTF-16 with a mark
// becomes UTF-8; line ends that are CR alone, as old Macs wrote them, become
// LF. One goroutine may use it at a time.
type File struct {
	path string
	disk *os.File
	raw  *counter
	text io.Reader
}

// Open opens the file at path. A missing file is an error that wraps
// [os.ErrNotExist]; a folder or a broken gzip header is one that wraps
// [catalog.ErrInvalid].
func Open(path string) (*File, error) {
	disk, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := disk.Stat(); err == nil && info.IsDir() {
		disk.Close()
		return nil, fmt.Errorf("%s is a folder, want a file: %w", path, catalog.ErrInvalid)
	}
	raw := &counter{r: disk}
	text, err := decode(raw)
	if err != nil {
		disk.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &File{path: path, disk: disk, raw: raw, text: text}, nil
}

// decode returns the text of r without gzip and byte order mark.
func decode(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 256<<10)
	text := io.Reader(buffered)
	if magic, _ := buffered.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("begins like gzip: %w: %w", err, catalog.ErrInvalid)
		}
		text = unzipped
	}
	return newLineEnds(transform.NewReader(text, unicode.BOMOverride(transform.Nop))), nil
}

// Read reads decoded text. Its errors name the file.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.text.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s: %w", f.path, err)
	}
	return n, err
}

// Done returns how many bytes of the file on disk were read so far, which may
// run ahead of the rows by a buffer.
func (f *File) Done() int64 { return f.raw.n }

// Close closes the file.
func (f *File) Close() error { return f.disk.Close() }

// A counter counts the bytes read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
