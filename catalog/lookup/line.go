package lookup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
)

// A kindOf says what an id names.
type kindOf uint8

const (
	kindMovie kindOf = iota
	kindUser
)

// A line is the ids of one kind that wait. Its fields are guarded by Lookup.mu.
type line struct {
	kind  kindOf
	off   bool // ids of this kind are not looked up
	queue *queue
	later *postponed
}

// A desk looks ids of one kind up. It is used by the goroutine of Run.
type desk[ID ~string, T any] struct {
	*line
	name    string // as the API and the store have it
	absent  func(ctx context.Context, ids []ID, since time.Time) ([]ID, error)
	missing func(ctx context.Context) ([]ID, error)
	ask     func(ctx context.Context, ids []ID) iter.Seq2[catalogapi.Answer[T], error]
	put     func(ctx context.Context, records []T) (catalog.Tally, error)
	id      func(T) string

	records []T      // to be stored
	unknown []string // to be remembered
}

// errStranger reports answers none of which shows that the catalog API gave them.
var errStranger = errors.New("it answers 404 without the catalog API's own message; is the base URL right?")

// step looks some ids up. did says that there were any. With an error, what was
// not answered waits again.
func (d *desk[ID, T]) step(ctx context.Context, l *Lookup) (did bool, err error) {
	if len(d.records)+len(d.unknown) > 0 { // of a store that went away
		if err := d.write(ctx, l); err != nil {
			return true, err
		}
	}
	l.mu.Lock()
	d.later.release(l.now(), d.queue.push)
	taken := d.queue.take(l.cfg.Bulk)
	l.mu.Unlock()
	if len(taken) == 0 {
		return false, nil
	}
	ids := make([]ID, len(taken))
	for i, id := range taken {
		ids[i] = ID(id)
	}
	absent, err := d.absent(ctx, ids, l.now().Add(-l.cfg.NegativeAge))
	if err != nil {
		d.back(l, taken)
		return true, fmt.Errorf("find out which of %d %ss are absent: %w", len(taken), d.name, err)
	}
	d.settle(l, taken, absent)
	if len(absent) == 0 {
		return true, nil
	}
	err = d.inquire(ctx, l, absent)
	if len(d.records)+len(d.unknown) == 0 {
		return true, err
	}
	if ctx.Err() != nil { // what was answered need not be asked for again
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
		defer cancel()
		ctx = after
	}
	return true, errors.Join(err, d.write(ctx, l))
}

// lastWrite bounds the write at the end of Run.
const lastWrite = 10 * time.Second

// back lets ids wait again. Those that do not fit are left to a sweep, or to when
// they are released again if they were put off.
func (d *desk[ID, T]) back(l *Lookup, ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if left := d.queue.back(ids); left > 0 {
		l.stats.Dropped += int64(left)
		l.dropped = true
		for _, id := range ids {
			if !d.queue.waits(id) {
				d.later.again(id)
			}
		}
	}
}

// settle lets go of those of taken that are not absent: somebody else has stored
// them.
func (d *desk[ID, T]) settle(l *Lookup, taken []string, absent []ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Looked += int64(len(taken))
	if len(d.later.ids) == 0 {
		return
	}
	still := make(map[string]bool, len(absent))
	for _, id := range absent {
		still[string(id)] = true
	}
	for _, id := range taken {
		if !still[id] {
			d.later.done(id)
		}
	}
}

// inquire asks the API for ids. Those that it does not get to wait again.
func (d *desk[ID, T]) inquire(ctx context.Context, l *Lookup, ids []ID) error {
	left := make(map[string]bool, len(ids))
	for _, id := range ids {
		left[string(id)] = true
	}
	var failed error
	var faulty, unsure []string
	for a, err := range d.ask(ctx, ids) {
		if err != nil {
			failed = err
			break
		}
		delete(left, a.ID)
		l.genuine = l.genuine || a.Sure
		switch {
		case a.Fault != nil:
			faulty = append(faulty, a.ID)
			l.log.Debug("a record cannot be had; it is asked for again later", "kind", d.name, "id", a.ID, "error", a.Fault)
		case !a.Unknown:
			d.records = append(d.records, a.Record)
		case a.Sure:
			d.unknown = append(d.unknown, a.ID)
		default:
			unsure = append(unsure, a.ID)
		}
	}
	if l.genuine {
		d.unknown = append(d.unknown, unsure...)
	} else {
		faulty = append(faulty, unsure...)
		if failed == nil && len(unsure) > 0 {
			failed = errStranger
		}
	}
	d.count(l, len(ids)-len(left), faulty)
	if len(left) > 0 {
		var again []string
		for _, id := range ids {
			if left[string(id)] {
				again = append(again, string(id))
			}
		}
		d.back(l, again)
	}
	if failed != nil {
		return fmt.Errorf("ask the catalog API for %d %ss: %w", len(ids), d.name, failed)
	}
	return nil
}

// count counts answers and puts off the ids whose record could not be had.
func (d *desk[ID, T]) count(l *Lookup, answered int, faulty []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Asked += int64(answered)
	l.stats.Faults += int64(len(faulty))
	for _, id := range faulty {
		if !d.later.fail(id, l.now()) {
			l.stats.Dropped++
		}
	}
}

// write stores what was learnt. What cannot be stored now is kept; a record that
// can never be is put off, alone.
func (d *desk[ID, T]) write(ctx context.Context, l *Lookup) error {
	for len(d.records) > 0 {
		n := len(d.records)
		_, err := d.put(ctx, d.records)
		if errors.Is(err, catalog.ErrInvalid) && n > 1 {
			n = 1
			_, err = d.put(ctx, d.records[:1])
		}
		switch {
		case errors.Is(err, catalog.ErrInvalid):
			l.log.Warn("a record of the catalog API cannot be stored", "kind", d.name, "id", d.id(d.records[0]), "error", err)
			d.count(l, 0, []string{d.id(d.records[0])})
		case err != nil:
			return fmt.Errorf("store %d %ss: %w", n, d.name, err)
		default:
			d.learnt(l, n)
		}
		clear(d.records[:n])
		d.records = d.records[n:]
	}
	d.records = nil
	if len(d.unknown) > 0 {
		if err := l.store.PutUnknownIDs(ctx, d.name, d.unknown); err != nil {
			return fmt.Errorf("store %d %ss that the catalog API does not know: %w", len(d.unknown), d.name, err)
		}
		l.mu.Lock()
		l.stats.Unknown += int64(len(d.unknown))
		for _, id := range d.unknown {
			d.later.done(id)
		}
		l.mu.Unlock()
		d.unknown = nil
	}
	return nil
}

// learnt counts the first n records, which were stored.
func (d *desk[ID, T]) learnt(l *Lookup, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Found += int64(n)
	for _, r := range d.records[:n] {
		d.later.done(d.id(r))
	}
}

// sweep lets all that the store misses wait, as far as it fits.
func (d *desk[ID, T]) sweep(ctx context.Context, l *Lookup) error {
	if d.off {
		return nil
	}
	ids, err := d.missing(ctx)
	if err != nil {
		return fmt.Errorf("find the %ss that are missing: %w", d.name, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		if d.later.has(string(id)) || d.queue.waits(string(id)) {
			continue
		}
		if !d.queue.push(string(id)) {
			l.dropped = true // and the rest: found by the next sweep
			break
		}
		l.memory.put(l.memory.hash(d.kind, string(id)))
	}
	return nil
}
