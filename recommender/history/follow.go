package history

import (
	"context"
	"time"

	"marquee/catalog"
)

// page is how many people one look reads at most.
const page = 1000

// lookTimeout bounds one read of the store's sequence.
const lookTimeout = 5 * time.Second

// Follow looks at the store's sequence every [Config.Poll] and forgets whoever
// became active, until ctx ends, whose error it returns. While the store is away
// it goes on trying; the cache counts as stale then.
func (c *Cache) Follow(ctx context.Context) error {
	tick := time.NewTicker(c.cfg.Poll)
	defer tick.Stop()
	seq, started, down := int64(0), false, false
	for {
		began := time.Now()
		next, err := c.look(ctx, seq, started)
		switch {
		case err == nil:
			seq, started = next, true
			c.looked.Store(began.UnixNano())
			if down {
				c.log.Info("store is back; histories are fresh again")
			}
			down = false
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			seq = next
			if !down {
				c.log.Warn("histories cannot be followed; answers may be stale until the store is back", "error", err)
			}
			down = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// look forgets everyone active after seq. At the start there is nothing to
// forget, so it begins at the end.
func (c *Cache) look(ctx context.Context, seq int64, started bool) (int64, error) {
	if !started {
		ctx, cancel := context.WithTimeout(ctx, lookTimeout)
		defer cancel()
		return c.store.LastActivity(ctx)
	}
	for {
		users, last, err := c.page(ctx, seq)
		if err != nil {
			return seq, err
		}
		c.forget(users)
		if len(users) < page {
			return last, nil
		}
		seq = last
	}
}

// page reads one page of activity, in bounded time: a connection that is half open
// must not hold the follower for as long as TCP hopes.
func (c *Cache) page(ctx context.Context, seq int64) ([]catalog.UserID, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	return c.store.ActiveSince(ctx, seq, page)
}

// forget drops people. The epoch moves first, so that a read that began before
// cannot put back what is dropped here.
func (c *Cache) forget(users []catalog.UserID) {
	if len(users) == 0 {
		return
	}
	c.epoch.Add(1)
	for _, u := range users {
		c.of(u).drop(u, max(1, c.cfg.Users/shards))
	}
}

// Reset forgets everybody, and what they were shown: what is asked for next is read from the store. A read
// that began before is not kept.
func (c *Cache) Reset() {
	c.epoch.Add(1)
	for i := range c.shard {
		s := &c.shard[i]
		s.mu.Lock()
		s.entries, s.left = make(map[catalog.UserID]*held), nil
		s.mu.Unlock()
	}
}
