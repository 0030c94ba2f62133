package stream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"marquee/catalog"
)

// lines cuts a stream of bytes into lines and knows where each one stands.
type lines struct {
	in     *bufio.Reader
	from   int64 // where the next batch begins
	offset int64 // of the next unread byte
	within bool  // the next byte is not the first of its line
	half   half  // of that line
}

// readBytes is the size of one read. It must hold a line of MaxLineBytes.
const readBytes = 256 << 10

func newLines(r io.Reader, offset int64) *lines {
	return &lines{in: bufio.NewReaderSize(r, readBytes), from: offset, offset: offset}
}

// next returns the next line without its end (\n or \r\n), valid until the
// following call, and the offset at which it stands. The last line needs no
// end. Of a line that does not fit, only the first readBytes are returned,
// which is still more than MaxLineBytes. At the end the error is io.EOF.
func (l *lines) next() (line []byte, at int64, err error) {
	line, at, err = l.nextRaw()
	return trimEnd(line), at, err
}

// nextRaw is next, with the line's end.
func (l *lines) nextRaw() (line []byte, at int64, err error) {
	at = l.offset
	line, err = l.in.ReadSlice('\n')
	l.offset += int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		err = l.skipLine()
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	if err != nil {
		return nil, at, err
	}
	return line, at, nil
}

// skipLine reads up to the next line's beginning.
func (l *lines) skipLine() error {
	for {
		part, err := l.in.ReadSlice('\n')
		l.offset += int64(len(part))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// skip passes over n bytes, or fewer if the input ends before.
func (l *lines) skip(n int64) error {
	done, err := io.CopyN(io.Discard, l.in, n)
	l.offset += done
	l.from = l.offset
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func trimEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// fill reads up to n lines into a batch of partition, and the rest of the line
// before them if that was applied without it. The error is io.EOF when there is
// nothing of either.
func fill(ctx context.Context, l *lines, rows *Rows, partition string, n int) (catalog.Batch, error) {
	if err := ctx.Err(); err != nil {
		return catalog.Batch{}, err
	}
	b := catalog.Batch{Partition: partition, From: l.from}
	if err := l.mend(&b, rows); err != nil {
		return catalog.Batch{}, err
	}
	for i := range n {
		line, at, err := l.next()
		if errors.Is(err, io.EOF) && (i > 0 || b.Mended != nil) {
			break
		}
		if err != nil {
			return catalog.Batch{}, err
		}
		rows.Add(&b, line, at)
	}
	b.To, l.from = l.offset, l.offset
	return b, nil
}
