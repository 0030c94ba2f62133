package exposure

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"marquee/catalog"
	"marquee/catalog/durable"
)

// errNoRoom reports that a spill may not grow.
var errNoRoom = errors.New("the spill is full")

// A spill keeps lists on the disk in the order in which they came, while their writer is
// away: in segments, files that are appended to and then only read, which are removed
// once all of their lists are written. Segments that another process left are read
// first. It may be used by one goroutine that appends and one that reads.
type spill struct {
	dir      string
	most     int64                // bytes of all segments
	segment  int64                // bytes after which the next one is begun
	pause    time.Duration        // after the disk failed
	stopped  atomic.Pointer[stop] // nil while lists go in
	mu       sync.Mutex
	open     *os.File // the newest, that is appended to; nil if there is none
	openSize int64
	openID   int64
	sealed   []sealed // ascending by id
	next     int64    // id of the next segment
	bytes    int64    // of all segments
	unlock   func()
}

// A stop is why lists do not go into a spill, and until when: the zero time is until a
// segment is removed.
type stop struct {
	err   error
	until time.Time
}

// A sealed segment is not written to any more.
type sealed struct {
	id   int64
	size int64
}

const segmentEnd = ".lists"

// openSpill takes over the spill in a folder, which it makes if need be. A folder that
// another process uses is an error that wraps [durable.ErrLocked]. After the disk failed
// it is left alone for a pause.
func openSpill(dir string, most int64, pause time.Duration) (*spill, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	unlock, err := durable.TryLock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	s := &spill{dir: dir, most: most, segment: min(8<<20, max(64<<10, most/16)), pause: pause, next: 1, unlock: unlock}
	if err := s.scan(); err != nil {
		unlock()
		return nil, err
	}
	return s, nil
}

// scan finds the segments that are there.
func (s *spill) scan() error {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		var id int64
		if _, err := fmt.Sscanf(f.Name(), "%016d"+segmentEnd, &id); err != nil || s.name(id) != filepath.Join(s.dir, f.Name()) {
			continue
		}
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		s.sealed = append(s.sealed, sealed{id, info.Size()})
		s.bytes += info.Size()
		s.next = max(s.next, id+1)
	}
	slices.SortFunc(s.sealed, func(a, b sealed) int { return int(a.id - b.id) })
	return nil
}

func (s *spill) name(id int64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%016d%s", id, segmentEnd))
}

// close seals what is open and lets another process take over.
func (s *spill) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.seal()
	s.unlock()
	return err
}

// reserve returns the id of a segment before all that are begun later.
func (s *spill) reserve() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return s.next - 1
}

// empty reports whether there is nothing to read.
func (s *spill) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sealed) == 0 && s.open == nil
}

// size returns the bytes of all segments.
func (s *spill) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// takes reports whether lists may be appended, as far as is known.
func (s *spill) takes() bool {
	st := s.stopped.Load()
	return st == nil || !st.until.IsZero() && !time.Now().Before(st.until)
}

// fault returns why lists do not go in; nil if they do.
func (s *spill) fault() error {
	if st := s.stopped.Load(); st != nil {
		return st.err
	}
	return nil
}

// note keeps in mind how an attempt to put lists in ended. Without a segment that could
// be removed only time can help.
func (s *spill) note(err error) {
	switch {
	case err == nil:
		s.stopped.Store(nil)
	case errors.Is(err, errNoRoom) && s.bytes > 0:
		s.stopped.Store(&stop{err: err})
	default:
		s.stopped.Store(&stop{err, time.Now().Add(s.pause)})
	}
}

// add appends lists and makes them durable. It returns how many are kept: all, or, beside
// an error, those for which there was room.
func (s *spill) add(lists []catalog.Exposure) (kept int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.note(err) }()
	for kept < len(lists) {
		n, err := s.addSome(lists[kept:])
		kept += n
		if err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// addSome appends as many lists as go into the segment.
func (s *spill) addSome(lists []catalog.Exposure) (n int, err error) {
	if s.open == nil {
		if err := s.begin(); err != nil {
			return 0, err
		}
	}
	raw, n, err := encode(lists, s.most-s.bytes, s.segment-s.openSize)
	if len(raw) > 0 {
		if err := s.write(raw); err != nil {
			return 0, err
		}
	}
	if err == nil && s.openSize >= s.segment || err != nil && s.openSize == 0 {
		err = errors.Join(err, s.seal())
	}
	return n, err
}

// encode returns lists as records, and how many of them: until one more than want bytes
// is full, or the next would not go into room, which is errNoRoom. Lists too long for any
// store are passed over.
func encode(lists []catalog.Exposure, room, want int64) (raw []byte, n int, err error) {
	for _, e := range lists {
		before := len(raw)
		more, err := appendRecord(raw, e)
		if err == nil && int64(len(more)) > room {
			return raw[:before], n, errNoRoom
		}
		raw, n = more, n+1
		if int64(len(raw)) >= want {
			break
		}
	}
	return raw, n, nil
}

func (s *spill) begin() error {
	f, err := os.OpenFile(s.name(s.next), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	s.open, s.openSize, s.openID = f, 0, s.next
	s.next++
	return durable.SyncDir(s.dir)
}

// write appends records. What was written of them in vain is cut off again; if even that
// fails, the record that is torn ends its segment.
func (s *spill) write(raw []byte) error {
	_, err := s.open.Write(raw)
	if err == nil {
		err = s.open.Sync()
	}
	if err != nil {
		return errors.Join(err, s.open.Truncate(s.openSize), s.seal())
	}
	s.openSize += int64(len(raw))
	s.bytes += int64(len(raw))
	return nil
}

// seal ends the open segment; an empty one goes.
func (s *spill) seal() error {
	if s.open == nil {
		return nil
	}
	err := s.open.Close()
	if s.openSize == 0 {
		err = errors.Join(err, os.Remove(s.name(s.openID)))
	} else {
		s.sealed = append(s.sealed, sealed{s.openID, s.openSize})
		slices.SortFunc(s.sealed, func(a, b sealed) int { return int(a.id - b.id) })
	}
	s.open, s.openSize = nil, 0
	return err
}

// addAt makes a segment of its own, whose id was reserved, of lists that are older than
// what was appended since. It returns how many are kept.
func (s *spill) addAt(id int64, lists []catalog.Exposure) (kept int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.note(err) }()
	raw, kept, err := encode(lists, s.most-s.bytes, s.most)
	if len(raw) == 0 {
		return kept, err
	}
	f, failed := os.OpenFile(s.name(id), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if failed != nil {
		return 0, failed
	}
	if failed := durable.WriteAll(f, raw); failed != nil {
		return 0, errors.Join(failed, os.Remove(s.name(id)))
	}
	s.bytes += int64(len(raw))
	s.sealed = append(s.sealed, sealed{id, int64(len(raw))})
	slices.SortFunc(s.sealed, func(a, b sealed) int { return int(a.id - b.id) })
	return kept, errors.Join(err, durable.SyncDir(s.dir))
}

// oldest returns the oldest segment whole, sealing it if it is being appended to; ok is
// false if there is none.
func (s *spill) oldest() (seg sealed, raw []byte, ok bool, err error) {
	s.mu.Lock()
	if len(s.sealed) == 0 {
		err = s.seal()
	}
	if len(s.sealed) > 0 {
		seg, ok = s.sealed[0], true
	}
	s.mu.Unlock()
	if !ok || err != nil {
		return seg, nil, ok, err
	}
	raw, err = os.ReadFile(s.name(seg.id))
	if errors.Is(err, fs.ErrNotExist) { // somebody has removed it by hand
		err = nil
	}
	return seg, raw, true, err
}

// remove removes the segment that oldest returned.
func (s *spill) remove(seg sealed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealed = slices.DeleteFunc(s.sealed, func(x sealed) bool { return x.id == seg.id })
	s.bytes -= seg.size
	s.stopped.Store(nil)
	if err := os.Remove(s.name(seg.id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// spillDir returns the folder of one writer.
func spillDir(dir, writer string) string {
	return filepath.Join(dir, strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, writer))
}
