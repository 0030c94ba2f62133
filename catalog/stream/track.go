package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// headBytes is how much of a followed file's beginning is held against what it
// was, to notice that it was truncated and written anew. A line of the stream
// begins with its time, so that much differs.
const headBytes = 256

// A track is one file that a [Tail] follows, open for as long as it is: the
// file may be renamed or deleted meanwhile.
type track struct {
	path string // where it was found
	file *os.File
	info os.FileInfo // as which it was found

	start  int64 // where reading begins if the sink has nothing of it
	replay bool  // or though it has

	partition string  // "" until the track is named
	opening   opening // of the partition
	looked    int64   // size at which the sink was asked last, in vain
	scanned   bool    // rotated files were looked for when it had something in it
	first     time.Time
	quiet     time.Time // since when there was nothing new; zero while there is
	ended     bool      // its last line was handed over, and nothing follows
	cut       bool      // it was truncated: what is in it now is another file's

	head    []byte // how it begins, at most headBytes
	from    int64  // where the next batch begins
	offset  int64  // of the first byte of rest
	buf     []byte // nil while there is nothing to hold
	rest    []byte // of buf: read, not yet handed out
	passing bool   // rest continues a line that was refused as too long
	half    half   // of the line that rest continues, if it was handed over
}

// newTrack opens the regular file at path, and notes how it begins.
func newTrack(path string) (*track, error) {
	file, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	k := &track{path: path, file: file, info: info}
	if err := k.recognise(0); err != nil {
		file.Close()
		return nil, err
	}
	return k, nil
}

// seek makes the next line the first one at offset; or the one that offset is
// within, if it turns out to be another one than its beginning was taken for.
func (k *track) seek(offset int64) error {
	k.from, k.offset, k.buf, k.rest, k.ended = offset, offset, nil, nil, false
	h, within, err := halfBefore(k.file, offset)
	if errors.Is(err, io.EOF) {
		k.cut = true
		return nil
	}
	k.half, k.passing = h, within && h.text == nil
	return err
}

// next returns the next whole line, valid until the following call, and where it
// stands; ok is false when there is none for now. Of a line that is longer than
// MaxLineBytes, what has come of it is returned at once, and its rest is passed
// over. A line that stands before k.from was handed over without its end, and is
// to be mended.
func (k *track) next() (line []byte, at int64, ok bool, err error) {
	for {
		if i := bytes.IndexByte(k.rest, '\n'); i >= 0 {
			line, at = k.take(i + 1)
			if k.passing {
				k.passing = false
				continue
			}
			if line, at, ok = k.complete(line, at); ok {
				return line, at, true, nil
			}
			continue
		}
		if k.passing {
			k.take(len(k.rest))
		}
		if len(k.half.text)+len(k.rest) > maxHalf {
			k.passing = true
			line, at = k.take(len(k.rest))
			line, at, ok = k.complete(line, at)
			return line, at, ok, nil
		}
		if more, err := k.more(); err != nil || !more {
			return nil, 0, false, err
		}
	}
}

// complete returns the line of which part was read, without its end. It reports
// false if it is what its beginning was taken for.
func (k *track) complete(part []byte, at int64) ([]byte, int64, bool) {
	h := k.half
	k.half = half{}
	if h.text == nil {
		return trimEnd(part), at, true
	}
	line, more := h.whole(part)
	return line, h.at, more
}

// last returns the line at the end of the file that has no end.
func (k *track) last() (line []byte, at int64, ok bool) {
	if len(k.rest) == 0 || k.passing {
		return nil, 0, false
	}
	line, at = k.take(len(k.rest))
	return k.complete(line, at)
}

func (k *track) take(n int) (part []byte, at int64) {
	part, at = k.rest[:n], k.offset
	k.rest = k.rest[n:]
	k.offset += int64(n)
	return part, at
}

// more reads on. It reports false at the end of what there is, and if the file
// was truncated.
func (k *track) more() (bool, error) {
	if k.cut {
		return false, nil
	}
	if k.buf == nil {
		k.buf = make([]byte, readBytes)
	}
	n := copy(k.buf, k.rest)
	k.rest = k.buf[:n]
	end := k.offset + int64(n)
	got, err := k.file.ReadAt(k.buf[n:], end)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("%s: read at %d: %w", k.path, end, err)
	}
	if err := k.recognise(end); err != nil || k.cut { // after reading: what was read is of the same file then
		return false, err
	}
	k.rest = k.buf[:n+got]
	if len(k.rest) == 0 {
		k.buf = nil
	}
	return got > 0, nil
}

// recognise notices whether the file was truncated: it is shorter than end, or
// begins otherwise than it did.
func (k *track) recognise(end int64) error {
	info, err := k.file.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", k.path, err)
	}
	var buf [headBytes]byte
	n, err := k.file.ReadAt(buf[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: read its beginning: %w", k.path, err)
	}
	head := buf[:n]
	if info.Size() < end || !bytes.HasPrefix(head, k.head) {
		k.cut = true
		return nil
	}
	if len(head) > len(k.head) {
		k.head = bytes.Clone(head)
	}
	return nil
}

// tail returns the digest of what stands before the next line; nil if the file
// was truncated since that was read.
func (k *track) tail() []byte {
	tail, err := tailOf(k.file, k.offset)
	if err != nil || k.recognise(k.offset) != nil || k.cut {
		return nil
	}
	return tail
}

// unread returns how many bytes were not handed over.
func (k *track) unread() int64 {
	info, err := k.file.Stat()
	if err != nil || k.cut {
		return 0
	}
	return max(0, info.Size()-k.from)
}
