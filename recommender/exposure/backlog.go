package exposure

import (
	"context"
	"errors"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/catalog/durable"
)

// A backlog is what a line has on the disk, and how it gets there and back.
type backlog struct {
	line  *line
	spill *spill
	raw   []byte // of the segment that is being read: what is left of it
	seg   sealed
	held  []catalog.Exposure // read, and not written yet
	tail  []byte             // what follows held
}

// openBacklog takes over the spill of a line.
func openBacklog(l *line) (*backlog, error) {
	s, err := openSpill(spillDir(l.cfg.SpillDir, l.writer.Name), l.cfg.SpillBytes, l.cfg.Pause)
	if err != nil {
		return nil, err
	}
	if n := s.size(); n > 0 {
		l.log.Info("served lists of before are on the disk and will be written", "folder", s.dir, "bytes", n)
	}
	return &backlog{line: l, spill: s}, nil
}

// awaitBacklog takes over the spill of a line whose first attempt ended with err, when
// another process ends or the folder can be used; nil if ctx ends before.
func awaitBacklog(ctx context.Context, l *line, err error) *backlog {
	why := "check the folder"
	if errors.Is(err, durable.ErrLocked) {
		why = "another process uses the folder; it is taken over once that ends"
	}
	l.log.Warn("served lists cannot be put on the disk: "+why, "folder", l.cfg.SpillDir, "error", err)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(l.cfg.Pause):
		}
		if b, err := openBacklog(l); err == nil {
			return b
		}
	}
}

// keep puts lists on the disk, behind what is there. What does not go is lost.
func (b *backlog) keep(lists []catalog.Exposure) {
	n, err := b.spill.add(lists)
	b.kept(lists, n, err)
}

// keepAt puts a batch on the disk that is older than what is there under a later id.
func (b *backlog) keepAt(id int64, lists []catalog.Exposure) {
	n, err := b.spill.addAt(id, lists)
	b.kept(lists, n, err)
}

func (b *backlog) kept(lists []catalog.Exposure, n int, err error) {
	b.line.spilled.Add(int64(n))
	b.line.lost.add(b.line.log, len(lists)-n, "the writer is away, and they cannot be put on the disk", err)
}

// replay writes the next batch of what is on the disk. It returns whether that went.
func (b *backlog) replay(ctx context.Context) bool {
	l := b.line
	if told := l.cfg.Told; told != nil && !told() {
		return false
	}
	if len(b.held) == 0 && !b.read() {
		return false
	}
	if gone := l.cfg.Gone; gone != nil { // by now: they may have waited for long
		b.held = slices.DeleteFunc(b.held, func(e catalog.Exposure) bool { return gone(e.User) })
	}
	if len(b.held) > 0 {
		left := b.put(ctx, b.held)
		if l.away.Store(len(left) > 0); len(left) > 0 {
			b.held = left
			return false
		}
	}
	b.held, b.raw = b.held[:0], b.tail
	if len(b.raw) > 0 {
		return true
	}
	b.raw, b.tail = nil, nil
	if err := b.spill.remove(b.seg); err != nil {
		l.log.Warn("a segment of served lists was written, but cannot be removed; after a restart it is written again", "error", err)
	}
	return true
}

// put writes lists, and returns those that cannot be written now, which are the last. Of
// lists that can never be kept together, those are lost that cannot be kept alone.
func (b *backlog) put(ctx context.Context, lists []catalog.Exposure) (left []catalog.Exposure) {
	l := b.line
	err := l.once(ctx, lists)
	switch {
	case err == nil:
		l.kept.Add(int64(len(lists)))
		return nil
	case !errors.Is(err, catalog.ErrInvalid):
		return lists
	case len(lists) == 1:
		l.lost.add(l.log, 1, "they can never be kept", err)
		return nil
	}
	half := len(lists) / 2
	if left = b.put(ctx, lists[:half]); len(left) > 0 {
		return lists[half-len(left):]
	}
	return b.put(ctx, lists[half:])
}

// read fills held from the oldest segment. It returns false if there is nothing to read,
// or it cannot be read now.
func (b *backlog) read() bool {
	if len(b.raw) == 0 {
		seg, raw, ok, err := b.spill.oldest()
		if !ok || err != nil {
			if err != nil {
				b.line.log.Warn("served lists on the disk cannot be read; trying again", "error", err)
			}
			return false
		}
		b.seg, b.raw = seg, raw
	}
	b.tail = b.raw
	for len(b.tail) > 0 && len(b.held) < b.line.cfg.Batch {
		body, rest, err := bodyOf(b.tail)
		if err != nil {
			b.torn(err)
			return true
		}
		b.tail = rest
		e, err := decodeList(body)
		if err != nil {
			b.torn(err)
			continue
		}
		b.held = append(b.held, e)
	}
	return true
}

// torn notes a place that cannot be read. Where a record ends is not known then, so the
// rest of the segment goes, unless a whole record is no list.
func (b *backlog) torn(err error) {
	if errors.Is(err, errTorn) {
		b.tail = nil
	}
	b.line.torn.Add(1)
	b.line.log.Warn("served lists on the disk were damaged or cut off; what can be read is written", "segment", b.seg.id, "error", err)
}
