package outside

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"marquee/catalog"
)

// Longest lines, in bytes. A row has two ids of at most 200 bytes and two
// numbers; a line of lists has up to eval.MaxList ids.
const (
	maxRowBytes  = 4 << 10
	maxListBytes = 4 << 20
)

// eachLine calls f with every line that is not blank, without its end. It holds
// one line at a time, at most most bytes; a longer one is an error.
func eachLine(ctx context.Context, name string, most int, f func(number int, line string) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := text(file, most)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", name, err, catalog.ErrInvalid)
	}
	for number := 1; ; number++ {
		if number%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("%s:%d: the line is longer than %d bytes; is this the right file? want one row a line: %w", name, number, most, catalog.ErrInvalid)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s:%d: %w: %w", name, number, err, catalog.ErrInvalid)
		}
		last := err != nil
		if s := strings.TrimRight(string(line), "\r\n"); strings.TrimSpace(s) != "" {
			if err := f(number, s); err != nil {
				return fmt.Errorf("%s:%d: %w", name, number, err)
			}
		}
		if last {
			return nil
		}
	}
}

// text returns the text of file, unpacked if it is compressed, without the mark
// that some editors put at the front of UTF-8.
func text(file io.Reader, most int) (*bufio.Reader, error) {
	packed := bufio.NewReader(file)
	plain := io.Reader(packed)
	if head, _ := packed.Peek(2); string(head) == "\x1f\x8b" {
		unpacked, err := gzip.NewReader(packed)
		if err != nil {
			return nil, err
		}
		plain = unpacked
	}
	r := bufio.NewReaderSize(plain, most)
	if head, _ := r.Peek(3); string(head) == "\xef\xbb\xbf" {
		_, _ = r.Discard(3)
	}
	return r, nil
}
