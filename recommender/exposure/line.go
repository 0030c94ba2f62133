package exposure

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"marquee/catalog"
)

// A line carries lists to one writer.
type line struct {
	cfg    Config
	log    *slog.Logger
	writer Named
	queue  chan catalog.Exposure
	some   chan struct{} // lists wait, part of them in number
	part   int           // lists that are taken off the queue at once while a batch fills: before any would lose its input
	kept   atomic.Int64
	bare   atomic.Int64
	lost   complaint

	// With a folder to spill to:
	high    int                // lists in the queue from which it is emptied to the disk
	kick    chan struct{}      // there are so many, or the writer is away
	opened  chan struct{}      // closed when there is a backlog
	away    atomic.Bool        // the last write failed for good
	turn    chan struct{}      // held by who takes lists off the queue, so that they keep their order
	over    []catalog.Exposure // taken off the queue, and not gone to the disk: before all of the queue; of who has the turn
	overs   atomic.Int64       // as many, at most a batch
	backlog atomic.Pointer[backlog]
	spilled atomic.Int64
	torn    atomic.Int64
	ending  atomic.Bool // the last lists are written
}

func newLine(cfg Config, log *slog.Logger, w Named) *line {
	return &line{
		cfg: cfg, log: log.With("writer", w.Name), writer: w, queue: make(chan catalog.Exposure, cfg.Queue),
		some: make(chan struct{}, 1), part: max(1, min(cfg.Batch, cfg.Queue, cfg.Inputs)/4),
		high: cfg.Queue - cfg.Queue/4, kick: make(chan struct{}, 1), opened: make(chan struct{}), turn: make(chan struct{}, 1),
	}
}

func (l *line) record(e catalog.Exposure) {
	// A list that cannot be stored would be lost whole.
	if e.Input != nil && (l.waiting() >= l.cfg.Inputs || len(e.Input) > catalog.MaxInputBytes) {
		e.Input = nil
		l.bare.Add(1)
	}
	select {
	case l.queue <- e:
		if len(l.queue) >= l.part {
			tell(l.some)
		}
	default:
		l.lost.add(l.log, 1, "they come faster than they can be written, or the writer is away", l.fault())
	}
	if l.cfg.SpillDir != "" && len(l.queue) >= l.high {
		l.wake()
	}
}

// waiting returns how many lists wait in memory.
func (l *line) waiting() int { return len(l.queue) + int(l.overs.Load()) }

// fault returns why lists do not go to the disk; nil if they do, or there is none.
func (l *line) fault() error {
	if b := l.backlog.Load(); b != nil {
		return b.spill.fault()
	}
	return nil
}

// wake has the queue looked at.
func (l *line) wake() { tell(l.kick) }

// tell says something on a channel that keeps one such word.
func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run writes until ctx ends, then what waits, within Config.Drain.
func (l *line) run(ctx context.Context) {
	// Writes under way when ctx ends are not cut off: they have the drain's time.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	drain := time.AfterFunc(math.MaxInt64, cancel) // never, until ctx ends
	defer drain.Stop()
	defer context.AfterFunc(ctx, func() {
		l.ending.Store(true)
		drain.Reset(l.cfg.Drain)
	})()
	var emptier sync.WaitGroup
	if l.cfg.SpillDir != "" {
		b, err := openBacklog(l)
		if err == nil {
			l.backlog.Store(b)
		}
		emptier.Go(func() { l.empty(ctx, b, err) })
	}
	l.carry(ctx, life)
	emptier.Wait()
	l.leave()
}

// carry writes what comes, and before that what is on the disk, until ctx has ended and
// nothing waits.
func (l *line) carry(ctx, life context.Context) {
	batch := make([]catalog.Exposure, 0, l.cfg.Batch)
	for {
		if b := l.backlog.Load(); b != nil && !b.spill.empty() {
			if ctx.Err() != nil {
				return // what is there stays there, and what waits goes behind it
			}
			if !b.replay(life) {
				l.pause(ctx)
			}
			continue
		}
		var id int64
		batch, id = l.next(ctx, batch[:0])
		switch {
		case len(batch) > 0:
			l.write(life, batch, id)
		case ctx.Err() != nil:
			return
		}
	}
}

// next takes the next batch off the queue, and reserves a place on the disk before all
// that is taken later. It takes none when older lists went to the disk before its turn.
func (l *line) next(ctx context.Context, batch []catalog.Exposure) ([]catalog.Exposure, int64) {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if b := l.backlog.Load(); b != nil && !b.spill.empty() {
		return batch, 0
	}
	batch = l.fill(ctx, batch)
	if b := l.backlog.Load(); b != nil {
		return batch, b.spill.reserve()
	}
	return batch, 0
}

func (l *line) pause(ctx context.Context) {
	select {
	case <-time.After(l.cfg.Pause):
	case <-ctx.Done():
	}
}

// empty takes lists off the queue and puts them on the disk, while the writer is away or
// the queue is nearly full, until ctx ends. Without a backlog, for the reason of err, it
// waits for one.
func (l *line) empty(ctx context.Context, b *backlog, err error) {
	if b == nil {
		if b = awaitBacklog(ctx, l, err); b == nil {
			return
		}
		l.backlog.Store(b)
	}
	close(l.opened)
	tick := time.NewTicker(l.cfg.Wait)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.kick:
		case <-tick.C:
		}
		for full := len(l.queue) >= l.high; ctx.Err() == nil; {
			// With nothing on the disk while the writer is away, the disk has failed.
			away := l.away.Load() && !b.spill.empty()
			if !away && !(full && len(l.queue) > l.high/2) || !l.move(b) {
				break
			}
		}
	}
}

// move puts a batch of the queue on the disk. It returns false when nothing waits, or it
// does not go there: what waits then goes on waiting, in its order.
func (l *line) move(b *backlog) bool {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if !b.spill.takes() {
		return false
	}
	batch := l.take(make([]catalog.Exposure, 0, min(l.cfg.Batch, l.waiting())))
	if len(batch) == 0 {
		return false
	}
	n, err := b.spill.add(batch)
	l.spilled.Add(int64(n))
	l.keepOver(batch[n:])
	return err == nil
}

// keepOver remembers what was taken off the queue and goes before all of it.
func (l *line) keepOver(lists []catalog.Exposure) {
	if len(lists) == 0 {
		lists = nil // and what they were made from goes
	}
	l.over = lists
	l.overs.Store(int64(len(lists)))
}

// leave puts on the disk, at the end, what still waits, and lets another process have it.
func (l *line) leave() {
	b := l.backlog.Load()
	batch := make([]catalog.Exposure, 0, l.cfg.Batch)
	for {
		if batch = l.take(batch[:0]); len(batch) == 0 {
			break
		}
		if b == nil {
			l.lost.add(l.log, len(batch), "the end came before they were written", nil)
			continue
		}
		b.keep(batch)
	}
	if b == nil {
		return
	}
	if err := b.spill.close(); err != nil {
		l.log.Warn("the spill of served lists was not closed well", "error", err)
	}
}

// fill returns the next batch: when it is full, or Config.Wait after its first
// list, or when ctx ends, or there is a backlog to look at; then it may be empty.
func (l *line) fill(ctx context.Context, batch []catalog.Exposure) []catalog.Exposure {
	opened := l.opened
	if l.backlog.Load() != nil {
		opened = nil
	}
	if len(l.over) == 0 {
		select {
		case <-opened:
			return batch
		case e := <-l.queue:
			batch = append(batch, e)
		case <-ctx.Done():
			return l.take(batch)
		}
	}
	// A goroutine that took each list as it comes would be woken for each, while requests are
	// answered.
	late := time.NewTimer(l.cfg.Wait)
	defer late.Stop()
	for {
		if batch = l.take(batch); len(batch) == l.cfg.Batch {
			return batch
		}
		select {
		case <-l.some:
		case <-late.C:
			return l.take(batch)
		case <-ctx.Done():
			return l.take(batch)
		}
	}
}

// take adds what waits now, up to a batch.
func (l *line) take(batch []catalog.Exposure) []catalog.Exposure {
	if n := min(len(l.over), l.cfg.Batch-len(batch)); n > 0 {
		batch = append(batch, l.over[:n]...)
		l.keepOver(l.over[n:])
	}
	for len(batch) < l.cfg.Batch {
		select {
		case e := <-l.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// write gives batch to the writer, several times if need be; then it goes to the disk, at
// the place of id, or is lost. Of a batch that can never be kept, those lists are lost that
// cannot be kept alone.
func (l *line) write(ctx context.Context, batch []catalog.Exposure, id int64) {
	err := l.attempt(ctx, batch)
	b := l.backlog.Load()
	switch {
	case err == nil:
		l.kept.Add(int64(len(batch)))
		l.away.Store(false)
	case errors.Is(err, catalog.ErrInvalid) && len(batch) > 1: // not all of them need be
		l.write(ctx, batch[:len(batch)/2], id)
		l.write(ctx, batch[len(batch)/2:], 0)
	case b == nil || errors.Is(err, catalog.ErrInvalid):
		l.lost.add(l.log, len(batch), "they could not be kept", err)
	default:
		l.away.Store(true)
		l.log.Warn("served lists cannot be written; they are put on the disk until the writer is back", "error", err)
		if id == 0 { // taken before there was a backlog
			b.keep(batch)
		} else {
			b.keepAt(id, batch)
		}
		l.wake()
	}
}

func (l *line) attempt(ctx context.Context, batch []catalog.Exposure) error {
	var err error
	for n := range l.cfg.Attempts {
		if n > 0 {
			select {
			case <-time.After(l.cfg.Pause):
			case <-ctx.Done():
				return err
			}
		}
		if err = l.once(ctx, batch); err == nil || errors.Is(err, catalog.ErrInvalid) {
			return err
		}
		if l.ending.Load() && errors.Is(err, catalog.ErrUnavailable) {
			return err // a server that ends does not wait for a writer that is away
		}
	}
	return err
}

func (l *line) once(ctx context.Context, batch []catalog.Exposure) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	return l.writer.WriteExposures(ctx, batch)
}

func (l *line) stats() Stats {
	s := Stats{
		Writer: l.writer.Name, Kept: l.kept.Load(), Dropped: l.lost.lists.Load(), Waiting: l.waiting(), Bare: l.bare.Load(),
		Spilled: l.spilled.Load(), Torn: l.torn.Load(),
	}
	if b := l.backlog.Load(); b != nil {
		s.SpillBytes = b.spill.size()
	}
	return s
}
