package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"

	"marquee/catalog"
)

// A Store is what the cache reads.
type Store interface {
	// Person returns all that is known of u; someone unknown is no error.
	Person(ctx context.Context, u catalog.UserID) (catalog.Person, error)
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
	Reads   int           // of the store at once; more wait, no longer than Timeout

	Shown     int // movies remembered of what each person was shown, at most 100; 0: none
	ShownDays int // how long a movie counts as shown after the last time
}

// maxShown bounds Config.Shown.
const maxShown = 100

// DefaultConfig returns the settings that a server starts with.
func DefaultConfig() Config {
	return Config{
		Users: 200_000, Poll: 250 * time.Millisecond, Timeout: 150 * time.Millisecond, Fresh: 3 * time.Second, Reads: 64,
		ShownDays: 14,
	}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	if c.Users < 1 {
		errs = append(errs, fmt.Errorf("people in the history cache is %d, want 1 or more", c.Users))
	}
	if c.Reads < 1 {
		errs = append(errs, fmt.Errorf("histories read at once is %d, want 1 or more", c.Reads))
	}
	if c.Shown < 0 || c.Shown > maxShown || c.ShownDays < 0 {
		errs = append(errs, fmt.Errorf("of each person %d shown movies are remembered for %d days, want 0 to %d, and 0 or more", c.Shown, c.ShownDays, maxShown))
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

	Opinions    []catalog.Opinion // newest first, at most [catalog.MaxOpinions]
	Preferences catalog.Preferences

	// Shown are movies that the person was shown and did not watch since, that shown last
	// first: see [Cache.Showed].
	Shown []catalog.Shown

	// Rows has the rows of Seen, or room for them; nil in an entry that is not remembered.
	Rows *Rows
}

// shards splits the cache so that requests do not wait for each other.
const shards = 16

// A Cache answers with a person's history. Any number of goroutines may use it.
type Cache struct {
	store   Store
	cfg     Config
	log     *slog.Logger
	shard   [shards]shard
	epoch   atomic.Int64 // grows with every look that found changes
	reads   bulkhead.Bulkhead[any]
	flights flights

	looked atomic.Int64 // when the last good look began, in Unix nanoseconds
	hits   atomic.Int64
	misses atomic.Int64

	failed     atomic.Int64 // reads
	complained atomic.Int64 // when the last was logged, in Unix nanoseconds
}

type shard struct {
	mu      sync.RWMutex
	entries map[catalog.UserID]*held

	// left is what people were shown whose entries were dropped because they became active,
	// until they are read again. It has no more people than entries may have.
	left map[catalog.UserID][]catalog.Shown
}

// New returns an empty cache over store. It is fresh only while [Cache.Follow]
// runs.
func New(store Store, cfg Config, log *slog.Logger) (*Cache, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Cache{store: store, cfg: cfg, log: log, reads: bulkhead.New[any](uint(cfg.Reads)), flights: flights{of: make(map[catalog.UserID]*flight)}}
	for i := range c.shard {
		c.shard[i].entries = make(map[catalog.UserID]*held)
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
	old, known := s.entry(u)
	if known && fresh {
		c.hits.Add(1)
		return old, true, nil
	}
	c.misses.Add(1)
	epoch := c.epoch.Load()
	e, err = c.read(ctx, u, epoch)
	switch {
	case err == nil:
		if fresh {
			e = c.keep(s, u, e, epoch)
		}
		return e, true, nil
	case known:
		c.complain(err)
		return old, false, nil
	}
	c.complain(err)
	return Entry{}, false, err
}

// Peek returns what is remembered of u, without asking the store. known says that
// something is; fresh is as that of [Cache.Of].
func (c *Cache) Peek(u catalog.UserID) (e Entry, fresh, known bool) {
	if e, known = c.of(u).entry(u); !known {
		return Entry{}, false, false
	}
	return e, time.Since(time.Unix(0, c.looked.Load())) < c.cfg.Fresh, true
}

// Recall is [Cache.Peek] on behalf of a request: what is fresh counts as answered from
// memory.
func (c *Cache) Recall(u catalog.UserID) (e Entry, fresh, known bool) {
	if e, fresh, known = c.Peek(u); fresh {
		c.hits.Add(1)
	}
	return e, fresh, known
}

// entry returns what is remembered of u.
func (s *shard) entry(u catalog.UserID) (Entry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.entries[u]; e != nil {
		e.used()
		return e.Entry, true
	}
	return Entry{}, false
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

// keep adds an entry that was read when the epoch was as given, with what the person was
// shown and has not seen yet, and returns it. It drops another one when the shard is full:
// see evict. The epoch is compared under the lock: whoever forgets moves it first, so either it
// is seen here, or the entry is dropped after.
func (c *Cache) keep(s *shard, u catalog.UserID, e Entry, epoch int64) Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := s.left[u]
	if held := s.entries[u]; held != nil {
		shown = held.Shown
	}
	e.Shown = unseen(shown, e.Seen)
	if c.epoch.Load() != epoch {
		return e
	}
	delete(s.left, u)
	room := max(1, c.cfg.Users/shards)
	if s.entries[u] == nil && len(s.entries) >= room {
		evict(s.entries)
	}
	h := &held{Entry: e}
	h.Entry.Rows = &h.rows
	s.entries[u] = h
	return h.Entry
}

// drop forgets the history of somebody who became active, but not what they were shown.
func (s *shard) drop(u catalog.UserID, room int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[u]
	if e == nil {
		return
	}
	delete(s.entries, u)
	if len(e.Shown) == 0 {
		return
	}
	if len(s.left) >= room {
		dropAny(s.left)
	}
	if s.left == nil {
		s.left = make(map[catalog.UserID][]catalog.Shown)
	}
	s.left[u] = e.Shown
}

// dropAny removes one of m, whichever comes.
func dropAny[V any](m map[catalog.UserID]V) {
	for u := range m {
		delete(m, u)
		return
	}
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
