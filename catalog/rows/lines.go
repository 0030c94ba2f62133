package rows

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxBytes is the longest row, in bytes. A plot of 1 MB must pass (it is cut
// later), even with every letter escaped as six bytes of JSON.
const MaxBytes = 16 << 20

// ErrRow reports one row that cannot be read; the rows after it can.
var ErrRow = errors.New("row cannot be read")

// Lines reads lines. Make one with [NewLines].
type Lines struct {
	r      *bufio.Reader
	max    int
	long   []byte // a line that did not fit the buffer of r
	number int
}

// NewLines returns the lines of r, each of at most max bytes.
func NewLines(r io.Reader, max int) *Lines {
	return &Lines{r: bufio.NewReaderSize(r, 64<<10), max: max}
}

// Next returns the next line without its end ("\n" or "\r\n"); it is valid
// until the next call. After the last line the error is [io.EOF]. A line that
// is too long is passed over and reported by an error that wraps [ErrRow];
// every other error is the reader's and final.
func (l *Lines) Next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	l.number++
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.readLong(line)
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) > l.max {
		return nil, tooLong(l.max)
	}
	return line, nil
}

// readLong gathers a line that begins with head and is longer than the buffer.
// Beyond the limit it keeps nothing, so that memory stays bounded.
func (l *Lines) readLong(head []byte) ([]byte, error) {
	if cap(l.long) > 1<<20 {
		l.long = nil // one long line must not hold its memory for the rest of the file
	}
	l.long = append(l.long[:0], head...)
	for {
		more, err := l.r.ReadSlice('\n')
		if len(l.long) <= l.max+2 { // room for the line's end
			l.long = append(l.long, more...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}

// Number returns the number of the line that Next returned last, from 1.
func (l *Lines) Number() int { return l.number }

func tooLong(max int) error {
	return fmt.Errorf("longer than %d bytes: %w", max, ErrRow)
}

// Rest returns the rest of the text after the last line that Next returned.
func (l *Lines) Rest() io.Reader { return l.r }
