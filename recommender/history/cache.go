package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"marquee/catalog"
)

// A Store is what the cache reads.
type Store interface {
	// History returns what u watched and rated, newest first, whole if limit is 0.
	History(ctx context.Context, u catalog.UserID, limit int) ([]catalog.Seen, error)
	// User returns the record of u, or an error that wraps catalog.ErrNotFound.
	User(ctx context.Context, u catalog.UserID) (catalog.User, error)
	// ActiveSince returns at most limit people whose history or record changed
	// after seq, in the order of commits, and the number to go on from.
	ActiveSince(ctx context.Context, seq int64, limit int) (users []catalog.UserID, last int64, err error)
	// LastActivity returns the newest number of that sequence.
	LastActivity(ctx context.Context) (int64, error)
}

// Config bounds a cache. Start from [DefaultConfig].
type Config struct {
	Users   int           // people kept at most, rounded up to one a shard (16)
	Poll    time.Duration // between two looks at the store's sequence
	Timeout time.Duration // of one read of the store on behalf of a request
	Fresh   time.Duration // how old the last good look may be before answers count as stale
}

// DefaultConfig returns the settings that a server starts with.
func DefaultConfig() Config {
	return Config{Users: 200_000, Poll: 250 * time.Millisecond, Timeout: 150 * time.Millisecond, Fresh: 3 * time.Second}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	if c.Users < 1 {
		errs = append(errs, fmt.Errorf("people in the history cache is %d, want 1 or more", c.Users))
	}
	for _, d := range []struct {
		name string
		span time.Duration
	}{{"poll of the history", c.Poll}, {"timeout of the history", c.Timeout}, {"freshness of the history", c.Fresh}} {
		if d.span <= 0 {
			errs = append(errs, fmt.Errorf("%s is %v, want more than 0", d.name, d.span))
		}
	}
	return errors.Join(errs...)
}

// An Entry is what is known of one person.
type Entry struct {
	Seen  []catalog.Seen // newest first
	User  catalog.User
	Known bool // the store has a record of the person
}

// shards splits the cache so that requests do not wait for each other.
const shards = 16

// A Cache answers with a person's history. Any number of goroutines may use it.
type Cache struct {
	store  Store
	cfg    Config
	log    *slog.Logger
	shard  [shards]shard
	epoch  atomic.Int64 // grows with every look that found changes
	looked atomic.Int64 // when the last good look began, in Unix nanoseconds
	hits   atomic.Int64
	misses atomic.Int64

	failed     atomic.Int64 // reads
	complained atomic.Int64 // when the last was logged, in Unix nanoseconds
}

type shard struct {
	mu      sync.RWMutex
	entries map[catalog.UserID]*Entry
}

// New returns an empty cache over store. It is fresh only while [Cache.Follow]
// runs.
func New(store Store, cfg Config, log *slog.Logger) (*Cache, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Cache{store: store, cfg: cfg, log: log}
	for i := range c.shard {
		c.shard[i].entries = make(map[catalog.UserID]*Entry)
	}
	return c, nil
}

func (c *Cache) of(u catalog.UserID) *shard {
	h := uint32(2166136261) // FNV-1a
	for i := range len(u) {
		h = (h ^ uint32(u[i])) * 16777619
	}
	return &c.shard[h%shards]
}

// Of returns what is known of u. fresh says that it holds every commit up to a
// moment ago. When the store cannot be reached it returns what it remembers, not
// fresh, or, remembering nothing, the store's error.
func (c *Cache) Of(ctx context.Context, u catalog.UserID) (e Entry, fresh bool, err error) {
	fresh = time.Since(time.Unix(0, c.looked.Load())) < c.cfg.Fresh
	s := c.of(u)
	s.mu.RLock()
	old := s.entries[u]
	s.mu.RUnlock()
	if old != nil && fresh {
		c.hits.Add(1)
		return *old, true, nil
	}
	c.misses.Add(1)
	epoch := c.epoch.Load()
	e, err = c.read(ctx, u)
	switch {
	case err == nil:
		if fresh {
			c.keep(s, u, e, epoch)
		}
		return e, true, nil
	case old != nil:
		c.complain(err)
		return *old, false, nil
	}
	c.complain(err)
	return Entry{}, false, err
}

// complainEvery bounds what failed reads write to the log.
const complainEvery = 10 * time.Second

// complain logs a failed read, now and then, with how many there were.
func (c *Cache) complain(err error) {
	n := c.failed.Add(1)
	last, now := c.complained.Load(), time.Now().UnixNano()
	if now-last >= int64(complainEvery) && c.complained.CompareAndSwap(last, now) {
		c.log.Warn("a history cannot be read; the answer may be stale", "error", err, "failures_so_far", n)
	}
}

func (c *Cache) read(ctx context.Context, u catalog.UserID) (Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	seen, err := c.store.History(ctx, u, 0)
	if err != nil {
		return Entry{}, fmt.Errorf("history of a person: %w", err)
	}
	e := Entry{Seen: seen}
	e.User, err = c.store.User(ctx, u)
	e.Known = err == nil
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return Entry{}, fmt.Errorf("record of a person: %w", err)
	}
	return e, nil
}

// keep adds an entry that was read when the epoch was as given, and drops any other
// one when the shard is full. The epoch is compared under the lock: whoever forgets
// moves it first, so either it is seen here, or the entry is dropped after.
func (c *Cache) keep(s *shard, u catalog.UserID, e Entry, epoch int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.epoch.Load() != epoch {
		return
	}
	if _, known := s.entries[u]; !known && len(s.entries) >= max(1, c.cfg.Users/shards) {
		for other := range s.entries {
			delete(s.entries, other)
			break
		}
	}
	s.entries[u] = &e
}

// Stats returns how many answers came from memory and how many from the store,
// and how many people are remembered.
func (c *Cache) Stats() (hits, misses int64, people int) {
	for i := range c.shard {
		c.shard[i].mu.RLock()
		people += len(c.shard[i].entries)
		c.shard[i].mu.RUnlock()
	}
	return c.hits.Load(), c.misses.Load(), people
}

// Lag returns how long ago the last good look at the store's sequence began, and
// false before the first.
func (c *Cache) Lag() (time.Duration, bool) {
	at := c.looked.Load()
	return time.Since(time.Unix(0, at)), at != 0
}
