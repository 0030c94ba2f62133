package history_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/recommender/history"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A store is one in memory that can be taken away.
type store struct {
	mu    sync.Mutex
	seen  map[catalog.UserID][]catalog.Seen
	users map[catalog.UserID]catalog.User
	acts  []catalog.UserID // who was active, in order
	down  error
	reads int
	slow  time.Duration
}

func newStore() *store {
	return &store{seen: map[catalog.UserID][]catalog.Seen{}, users: map[catalog.UserID]catalog.User{}}
}

func (s *store) watch(u catalog.UserID, m catalog.MovieID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[u] = append([]catalog.Seen{{Movie: m}}, s.seen[u]...)
	s.acts = append(s.acts, u)
}

func (s *store) set(down error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *store) History(ctx context.Context, u catalog.UserID, _ int) ([]catalog.Seen, error) {
	if s.slow > 0 {
		select {
		case <-time.After(s.slow):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.seen[u], s.down
}

func (s *store) User(_ context.Context, u catalog.UserID) (catalog.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, ok := s.users[u]
	if !ok {
		return user, catalog.ErrNotFound
	}
	return user, s.down
}

func (s *store) ActiveSince(_ context.Context, seq int64, limit int) ([]catalog.UserID, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return nil, seq, s.down
	}
	users := s.acts[seq:]
	users = users[:min(limit, len(users))]
	return users, seq + int64(len(users)), nil
}

func (s *store) LastActivity(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.acts)), s.down
}

// follow runs a cache over s in a bubble of virtual time until the test ends.
func follow(t *testing.T, s *store, cfg history.Config) *history.Cache {
	t.Helper()
	c, err := history.New(s, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Follow(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("follow ended with %v", err)
		}
	})
	synctest.Wait()
	return c
}

func length(t *testing.T, c *history.Cache, u catalog.UserID) (int, bool) {
	t.Helper()
	e, fresh, err := c.Of(t.Context(), u)
	if err != nil {
		t.Fatalf("history of %s: %v", u, err)
	}
	return len(e.Seen), fresh
}

func TestAWatchCountsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.watch("7", "heat")
		s.users["7"] = catalog.User{ID: "7", Age: 12}
		c := follow(t, s, history.DefaultConfig())
		if n, fresh := length(t, c, "7"); n != 1 || !fresh {
			t.Fatalf("%d movies, fresh %v; want 1, fresh", n, fresh)
		}
		if e, _, _ := c.Of(t.Context(), "7"); !e.Known || !e.User.Minor() {
			t.Errorf("record %+v, want the minor's", e)
		}
		if s.reads != 1 {
			t.Errorf("%d reads of the store for two questions, want 1", s.reads)
		}
		s.watch("7", "ronin")
		time.Sleep(time.Second)
		if n, fresh := length(t, c, "7"); n != 2 || !fresh {
			t.Errorf("a second after a watch: %d movies, fresh %v; want 2, fresh", n, fresh)
		}
	})
}

func TestStoreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.watch("7", "heat")
		c := follow(t, s, history.DefaultConfig())
		length(t, c, "7")
		s.set(fmt.Errorf("gone: %w", catalog.ErrUnavailable))
		time.Sleep(10 * time.Second)
		if n, fresh := length(t, c, "7"); n != 1 || fresh {
			t.Errorf("%d movies, fresh %v; want the one remembered, stale", n, fresh)
		}
		if _, _, err := c.Of(t.Context(), "8"); !errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("someone not remembered: %v, want the store's error", err)
		}
		s.set(nil)
		s.watch("7", "ronin")
		time.Sleep(time.Second)
		if n, fresh := length(t, c, "7"); n != 2 || !fresh {
			t.Errorf("store back: %d movies, fresh %v; want 2, fresh", n, fresh)
		}
	})
}

func TestSlowStoreDoesNotHoldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.slow = time.Hour
		cfg := history.DefaultConfig()
		c := follow(t, s, cfg)
		began := time.Now()
		_, _, err := c.Of(t.Context(), "7")
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > cfg.Timeout {
			t.Errorf("%v after %v, want the deadline after %v", err, took, cfg.Timeout)
		}
	})
}

func TestNoFollowNoCache(t *testing.T) {
	s := newStore()
	s.watch("7", "heat")
	c, err := history.New(s, history.DefaultConfig(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	length(t, c, "7")
	s.watch("7", "ronin")
	if n, _ := length(t, c, "7"); n != 2 {
		t.Errorf("%d movies, want 2: nobody follows, so nothing may be remembered", n)
	}
}

func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		cfg := history.DefaultConfig()
		cfg.Users = 64
		c := follow(t, s, cfg)
		for i := range 1000 {
			length(t, c, catalog.UserID(fmt.Sprint(i)))
		}
		if _, _, people := c.Stats(); people > 64 || people < 32 {
			t.Errorf("%d people remembered, want at most 64 and not many fewer", people)
		}
	})
}

// A watch that is committed while a history is read must not be lost: what was
// read before is not kept.
func TestWatchDuringRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		cfg := history.DefaultConfig()
		cfg.Timeout = time.Minute
		c := follow(t, s, cfg)
		s.slow = 10 * time.Second
		go func() {
			time.Sleep(5 * time.Second)
			s.mu.Lock()
			s.acts = append(s.acts, "7") // committed after the slow read took its rows
			s.mu.Unlock()
		}()
		length(t, c, "7")
		s.slow = 0
		reads := s.reads
		length(t, c, "7")
		if s.reads != reads+1 {
			t.Error("a history that was read before a commit was kept after it")
		}
	})
}

// After a Reset nothing is remembered, not even by a read that began before it;
// nor does a store that is away bring anything back.
func TestReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.watch("7", "heat")
		cfg := history.DefaultConfig()
		cfg.Timeout = time.Minute
		c := follow(t, s, cfg)
		length(t, c, "7")
		s.slow = time.Second
		go func() {
			time.Sleep(500 * time.Millisecond)
			c.Reset()
		}()
		length(t, c, "8") // reads across the Reset
		if _, _, people := c.Stats(); people != 0 {
			t.Errorf("%d people remembered after a reset, want none", people)
		}
		s.slow = 0
		s.set(catalog.ErrUnavailable)
		if _, _, err := c.Of(t.Context(), "7"); !errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("a history came back from memory: %v", err)
		}
	})
}

func TestConfig(t *testing.T) {
	if _, err := history.New(newStore(), history.Config{}, nil); err == nil {
		t.Error("settings of all zeros were taken")
	}
}
