package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
)

// Sizes of what is read to find where to begin.
const (
	nearStart  = 256 << 10 // narrower than this, lines are read one after the other
	backWindow = 256 << 10 // read at once from the end
	jury       = 3         // lines whose median time a part of a file is taken to be of
)

// A seeker finds where in a file the reading begins. It allocates its buffers
// once; one goroutine may use it.
type seeker struct {
	r       io.ReaderAt
	size    int64
	grammar Grammar
	buf     []byte
}

// begin returns where in the size bytes of r the reading begins that from asks
// for, always at the beginning of a line or at size. A time costs some 20 reads of
// 256 KiB however large the file is, by halves.
func begin(r io.ReaderAt, size int64, from From, loc *time.Location) (int64, error) {
	s := &seeker{r: r, size: size, grammar: Grammar{Location: loc}}
	switch from.Place {
	case Earliest:
		return 0, nil
	case Latest:
		return size, nil
	case AtOffset:
		return s.lineAfter(from.Offset)
	case AtTime:
		return s.atTime(from.At)
	case Last:
		at, found, err := s.lastTime()
		if err != nil || !found {
			return 0, err
		}
		return s.atTime(at.Add(-from.Span))
	}
	return 0, from.validate()
}

// lineAfter returns offset if a line begins there, or where the next one does.
func (s *seeker) lineAfter(offset int64) (int64, error) {
	if offset > s.size {
		return 0, fmt.Errorf("start is offset %d of %d bytes, want at most the size: %w", offset, s.size, catalog.ErrInvalid)
	}
	if offset == 0 {
		return 0, nil
	}
	for at := offset - 1; at < s.size; at += int64(len(s.buf)) { // one back: is it the end of a line?
		if err := s.read(at, 64<<10); err != nil {
			return 0, err
		}
		if i := bytes.IndexByte(s.buf, '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
	}
	return s.size, nil
}

// read fills buf with n bytes from at, or with what there is.
func (s *seeker) read(at int64, n int) error {
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	s.buf = s.buf[:min(int64(n), s.size-at)]
	if _, err := s.r.ReadAt(s.buf, at); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read at %d: %w", at, err)
	}
	return nil
}

// atTime returns where the first line stands whose time is at or after at, or
// size if there is none. Lines are in order by whole second; lines that cannot
// be read have no time and stand where they stand.
func (s *seeker) atTime(at time.Time) (int64, error) {
	low, high := int64(0), s.size // a line begins at low, and none before it is wanted
	for high-low > nearStart {
		middle, err := s.lineAfter(low + (high-low)/2)
		if err != nil {
			return 0, err
		}
		second, found, err := s.secondAt(min(middle, high), high)
		if err != nil {
			return 0, err
		}
		if found && second < at.Unix() {
			low = middle
		} else {
			high = low + (high-low)/2
		}
	}
	return s.scan(low, at)
}

// secondAt returns the median time of the first few readable lines of the file
// from offset to end, in seconds: one digit that went astray does not count.
func (s *seeker) secondAt(offset, end int64) (second int64, found bool, err error) {
	seconds := make([]int64, 0, jury)
	l := newLines(io.NewSectionReader(s.r, offset, end-offset), offset)
	for len(seconds) < jury {
		line, _, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, false, fmt.Errorf("read at %d: %w", l.offset, err)
		}
		var e Event
		if s.grammar.Parse(line, &e) == Accepted {
			seconds = append(seconds, e.At.Unix())
		}
	}
	if len(seconds) == 0 {
		return 0, false, nil
	}
	return median(seconds), true, nil
}

// median returns the middle one of 1 to 3 numbers, of two the lower.
func median(n []int64) int64 {
	switch len(n) {
	case 1:
		return n[0]
	case 2:
		return min(n[0], n[1])
	}
	return max(min(n[0], n[1]), min(max(n[0], n[1]), n[2]))
}

// scan returns where the first line from offset on stands whose time is at or
// after at.
func (s *seeker) scan(offset int64, at time.Time) (int64, error) {
	l := newLines(io.NewSectionReader(s.r, offset, s.size-offset), offset)
	for {
		line, place, err := l.next()
		if errors.Is(err, io.EOF) {
			return s.size, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read at %d: %w", l.offset, err)
		}
		var e Event
		if s.grammar.Parse(line, &e) == Accepted && !e.At.Before(at) {
			return place, nil
		}
	}
}

// lastTime returns the time of the last line that can be read.
func (s *seeker) lastTime() (at time.Time, found bool, err error) {
	for end := s.size; end > 0 && !found; {
		from := max(0, end-backWindow)
		start, err := s.lineAfter(from)
		if err != nil {
			return time.Time{}, false, err
		}
		l := newLines(io.NewSectionReader(s.r, start, s.size-start), start)
		for l.offset < end {
			line, _, err := l.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return time.Time{}, false, fmt.Errorf("read at %d: %w", l.offset, err)
			}
			var e Event
			if s.grammar.Parse(line, &e) == Accepted {
				at, found = e.At, true
			}
		}
		end = from
	}
	return at, found, nil
}

// wholeLines returns where the last line of the size bytes of r ends that has an
// end: what comes after it is being written.
func wholeLines(r io.ReaderAt, size int64) (int64, error) {
	s := &seeker{r: r, size: size}
	for end := size; end > 0; {
		from := max(0, end-backWindow)
		if err := s.read(from, int(end-from)); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(s.buf, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}
