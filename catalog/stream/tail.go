package stream

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"marquee/catalog"
)

// A Tail is a [Source] that follows a file as tail -F does: it reads what there
// is, waits for more, and does not end. Make one with [Follow].
//
// Only whole lines are read: the last one waits for its end, unless it grows
// longer than [MaxLineBytes]. When the path names another file (rotation, a
// symbolic link that was switched, deletion and creation), what is left of the
// old one comes first, its last line even without an end once nothing has come
// for FollowConfig.Linger; if it goes on after all, it is mended as [OpenFile] says.
// When the file is truncated, it is read from its beginning again.
//
// A file is known by its beginning, as in [OpenFile], and keeps the name under
// which its reading began however it grows, whatever it is called. So a restart
// goes on where the last run stood, in rotated files too: of the files PATH.*
// beside PATH, those that were begun are read to their end, the oldest first;
// and, unless Config.From is something else than the earliest line or a time, so
// are those that rotation numbered or dated since the oldest that was begun.
// Gzipped ones are not: delay the compression by one rotation.
//
// What cannot be had: of a file that is shorter than what was read of one with its
// beginning, nothing is read until it differs or is longer; and two files that are
// the same as far as the first was read when the second was seen pass for one. A
// file that is copied and truncated loses what its writer puts in between the two;
// and its writer must append, lest it leave a hole. A file that was rotated before
// anything of it or of an older one was stored, while no Tail had it open, is taken
// for an old one that nobody asked for.
type Tail struct {
	path   string
	held   Offsets
	cfg    Config
	follow FollowConfig
	rows   *Rows

	tracks  []*track // the oldest first
	current *track   // the last of tracks, if it is at path; else nil
	scan    bool     // look for rotated files before anything else
	scans   int      // how often in vain
	lost    *track   // that was cut since
	absent  bool     // it was told that no file is at path
	closed  bool

	on     *track        // whose lines are in part
	part   catalog.Batch // being filled; kept when a context ends Fetch
	count  int           // of its lines
	bare   bool          // it has none, but a start that the sink is to know
	due    time.Time     // when it is handed over though not full
	behind atomic.Int64
}

// step reads what there is, and reports whether a batch is ready.
func (t *Tail) step(ctx context.Context) (ready bool, err error) {
	for {
		if t.scan && t.count == 0 {
			if done, err := t.catchUp(ctx); err != nil || !done {
				return false, err
			}
		}
		if err := t.read(ctx); err != nil {
			return false, err
		}
		t.measure()
		if t.count > 0 || t.bare {
			return t.bare || t.full(), nil
		}
		t.drop()
		if !t.look() {
			return false, nil
		}
	}
}

// full reports whether the batch is to be handed over now.
func (t *Tail) full() bool {
	return t.count >= t.cfg.BatchLines || t.on != t.current || t.on.cut || t.on.ended || !time.Now().Before(t.due)
}

// read adds lines to the batch: of the file whose lines are in it already, or of
// the oldest one that has any.
func (t *Tail) read(ctx context.Context) error {
	if t.count > 0 {
		return t.fill(t.on)
	}
	for _, k := range t.tracks {
		if k.ended || k.cut {
			continue
		}
		if named, err := t.name(ctx, k, false); err != nil {
			return err
		} else if named {
			if err := t.fill(k); err != nil {
				return err
			}
			if t.count == 0 && k.opening.alone() {
				t.on, t.part, t.bare = k, catalog.Batch{Partition: k.partition, From: k.from}, true
				return nil
			}
		}
		if t.count == 0 && t.lingered(k) {
			if err := t.end(ctx, k); err != nil {
				return err
			}
		}
		if t.count > 0 {
			return nil
		}
	}
	return nil
}

// fill adds the whole lines of k that are there, as far as the batch goes.
func (t *Tail) fill(k *track) error {
	for t.count < t.cfg.BatchLines {
		line, at, ok, err := k.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		t.add(k, line, at)
	}
	switch {
	case t.count > 0:
		k.quiet = time.Time{}
	case k.quiet.IsZero():
		k.quiet = time.Now()
	}
	return nil
}

// add puts one line of k into the batch.
func (t *Tail) add(k *track, line []byte, at int64) {
	if t.count == 0 {
		t.on, t.part = k, catalog.Batch{Partition: k.partition, From: k.from}
		t.due = time.Now().Add(t.cfg.BatchWait)
		if !k.first.IsZero() { // it has waited for its name as long
			t.due = k.first.Add(t.cfg.BatchWait)
			k.first = time.Time{}
		}
	}
	if at < t.part.From {
		t.rows.mend(&t.part, line, at)
	} else {
		t.rows.Add(&t.part, line, at)
	}
	t.count++
}

// finish hands over the batch.
func (t *Tail) finish() catalog.Batch {
	b, k := t.part, t.on
	b.To, b.Move, b.Tail = k.offset, k.opening.take(), k.tail()
	k.from = k.offset
	t.part, t.count, t.on, t.bare = catalog.Batch{}, 0, nil, false
	t.measure()
	return b
}

func (t *Tail) measure() {
	var n int64
	for _, k := range t.tracks {
		n += k.unread()
	}
	t.behind.Store(n)
}

// lingered reports whether nothing is to be expected of k any more.
func (t *Tail) lingered(k *track) bool {
	return k != t.tracks[len(t.tracks)-1] && !k.quiet.IsZero() && time.Since(k.quiet) >= t.follow.Linger
}

// end reads the last line of k, which has no end.
func (t *Tail) end(ctx context.Context, k *track) error {
	named, err := t.name(ctx, k, true)
	if err != nil {
		return err
	}
	if named {
		if err := t.fill(k); err != nil || t.count > 0 {
			return err
		}
		if line, at, ok := k.last(); ok {
			t.add(k, line, at)
		}
	}
	k.ended = true
	return nil
}

// drop closes the files of which nothing is left.
func (t *Tail) drop() {
	t.tracks = slices.DeleteFunc(t.tracks, func(k *track) bool {
		if !k.cut && !k.ended {
			return false
		}
		k.file.Close()
		if k == t.current {
			t.current, t.lost = nil, k
			t.tell(Notice{What: Truncated, Path: t.path})
		}
		return true
	})
}

// look opens the file that path names now, if it is another one than the
// current.
func (t *Tail) look() (changed bool) {
	info, err := os.Stat(t.path)
	if err != nil {
		t.missing(err)
		return false
	}
	if t.current != nil && os.SameFile(info, t.current.info) {
		return false
	}
	for i, k := range t.tracks {
		if os.SameFile(info, k.info) { // it was away for a while
			t.tracks = append(slices.Delete(t.tracks, i, i+1), k)
			t.arrived(k)
			return true
		}
	}
	k, err := newTrack(t.path)
	if err != nil {
		t.missing(err)
		return false
	}
	t.tracks = append(t.tracks, k)
	t.arrived(k)
	return true
}

// arrived makes k the current file.
func (t *Tail) arrived(k *track) {
	what := Following
	if t.current != nil {
		what = Rotated
	}
	t.tell(Notice{What: what, Path: t.path})
	for _, old := range t.tracks {
		if old != k && !old.quiet.IsZero() {
			old.quiet = time.Now() // its writer has yet to turn
		}
	}
	k.quiet, k.ended = time.Time{}, false
	t.current, t.absent, t.scan = k, false, true
}

// missing notes that no file can be read at path.
func (t *Tail) missing(err error) {
	t.current = nil
	if !t.absent {
		t.absent = true
		t.tell(Notice{What: Missing, Path: t.path, Err: err})
	}
}

func (t *Tail) tell(n Notice) {
	if t.follow.Tell != nil {
		t.follow.Tell(n)
	}
}

// name asks the sink what it knows of k, and makes k ready to be read from
// there. It reports false while that is not to be said yet: a new file is named
// when it has a whole line, and 4 KiB or Config.BatchWait passed, so that it has
// more than one line for its name; at its end by whatever it has.
func (t *Tail) name(ctx context.Context, k *track, ending bool) (bool, error) {
	if k.partition != "" || k.cut {
		return !k.cut, nil
	}
	if err := k.recognise(0); err != nil || k.cut {
		return false, err
	}
	info, err := k.file.Stat()
	if err != nil {
		return false, err
	}
	size := info.Size()
	if !ending && (!t.ripe(k, size) || size == k.looked) || size == 0 {
		if k.quiet.IsZero() {
			k.quiet = time.Now()
		}
		return false, nil
	}
	about, err := look(ctx, k.file, size, t.held)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		k.cut = true
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return t.identified(ctx, k, about, size)
}

// ripe reports whether k can be named.
func (t *Tail) ripe(k *track, size int64) bool {
	if size < fineHead {
		if whole, err := wholeLines(k.file, size); err != nil || whole == 0 {
			return false
		}
	}
	if k.first.IsZero() {
		k.first = time.Now()
	}
	return size >= fineHead || k != t.current || time.Since(k.first) >= t.cfg.BatchWait
}

// identified gives k the name under which the sink knows it. Before a new one is
// read, it looks for files that came and went since the last look: they are
// older.
func (t *Tail) identified(ctx context.Context, k *track, about known, size int64) (bool, error) {
	if k == t.current && !k.scanned && !about.begun() {
		t.scan = true
		return false, nil
	}
	if about.ahead {
		if k.looked == 0 {
			t.tell(Notice{What: Repeating, Path: k.path})
		}
		k.looked = size
		return false, nil
	}
	partition, held, err := about.apart(ctx, k.file, size, t.held)
	if err != nil {
		return false, err
	}
	for _, old := range t.tracks {
		if old != k && old.partition == partition {
			old.ended = true // a copy of the same lines: this one is read on
			old.partition = ""
		}
	}
	k.opening, err = newOpening(held, k.replay, func() (int64, error) { return k.start, nil })
	if err != nil {
		return false, err
	}
	k.partition = partition
	return true, k.seek(k.opening.at)
}
