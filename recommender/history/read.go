package history

import (
	"context"
	"fmt"
	"sync"

	"marquee/catalog"
)

// A flight is one read of one person under way, which all who ask meanwhile share.
type flight struct {
	epoch int64 // of the cache when it began
	done  chan struct{}
	entry Entry
	err   error
}

// flights are the reads under way, by person.
type flights struct {
	mu sync.Mutex
	of map[catalog.UserID]*flight
}

// join returns the read of u that is under way, or a new one that the caller must make
// and end. One that began before people were forgotten is not joined: it may have read
// what is no longer so.
func (f *flights) join(u catalog.UserID, epoch int64) (shared *flight, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if old := f.of[u]; old != nil && old.epoch == epoch {
		return old, false
	}
	fl := &flight{epoch: epoch, done: make(chan struct{})}
	f.of[u] = fl
	return fl, true
}

// end lets those who wait for fl go on.
func (f *flights) end(u catalog.UserID, fl *flight) {
	f.mu.Lock()
	if f.of[u] == fl { // a later one may have taken its place
		delete(f.of, u)
	}
	f.mu.Unlock()
	close(fl.done)
}

// read reads u from the store, or waits for who does, in bounded time. Whoever reads for
// others goes on though the own request ends.
func (c *Cache) read(ctx context.Context, u catalog.UserID, epoch int64) (Entry, error) {
	fl, mine := c.flights.join(u, epoch)
	if mine {
		defer c.flights.end(u, fl)
		fl.err = fmt.Errorf("history of a person: the read was given up: %w", catalog.ErrUnavailable) // should the store panic
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.Timeout)
		defer cancel()
		fl.entry, fl.err = c.ask(within, u)
		return fl.entry, fl.err
	}
	within, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	select {
	case <-fl.done:
		return fl.entry, fl.err
	case <-within.Done():
		return Entry{}, fmt.Errorf("history of a person: %w", within.Err())
	}
}

// ask reads u, once fewer than Config.Reads others do.
func (c *Cache) ask(ctx context.Context, u catalog.UserID) (Entry, error) {
	if err := c.reads.AcquirePermit(ctx); err != nil {
		return Entry{}, fmt.Errorf("history of a person: %d reads are under way: %w", c.cfg.Reads, err)
	}
	defer c.reads.ReleasePermit()
	p, err := c.store.Person(ctx, u)
	if err != nil {
		return Entry{}, fmt.Errorf("history of a person: %w", err)
	}
	return Entry{Seen: p.Seen, User: p.User, Known: p.Known, Opinions: p.Opinions, Preferences: p.Preferences}, nil
}
