package history_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
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
	now   int // reads under way
	most  int // of them at once
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

func (s *store) Person(ctx context.Context, u catalog.UserID) (catalog.Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen[u] // before the time it takes
	s.now++
	s.most = max(s.most, s.now)
	defer func() { s.now-- }()
	if slow := s.slow; slow > 0 {
		s.mu.Unlock()
		select {
		case <-time.After(slow):
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
	if err := ctx.Err(); err != nil {
		return catalog.Person{}, err
	}
	s.reads++
	user, known := s.users[u]
	return catalog.Person{User: user, Known: known, Seen: seen}, s.down
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

// Those who ask for one person at once share one read; of different people no more are
// read at once than is said, and who cannot be read in time is not waited for.
func TestReadsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.watch("7", "heat")
		c := follow(t, s, history.DefaultConfig())
		s.slow = 100 * time.Millisecond
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i == 0 { // who reads for all goes away
					time.AfterFunc(10*time.Millisecond, cancel)
				} else {
					time.Sleep(time.Millisecond)
				}
				if e, fresh, err := c.Of(ctx, "7"); err != nil || !fresh || len(e.Seen) != 1 {
					t.Errorf("%d: %+v, fresh %v, %v; want the one movie", i, e, fresh, err)
				}
			})
		}
		group.Wait()
		if s.reads != 1 {
			t.Errorf("%d reads for 50 who asked at once, want 1", s.reads)
		}
	})
}

func TestReadsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		cfg := history.DefaultConfig()
		cfg.Reads = 4
		c := follow(t, s, cfg)
		s.slow = 60 * time.Millisecond
		began := time.Now()
		var group sync.WaitGroup
		var refused atomic.Int64
		for i := range 20 {
			group.Go(func() {
				if _, _, err := c.Of(t.Context(), catalog.UserID(fmt.Sprint(i))); err != nil {
					refused.Add(1)
				}
			})
		}
		group.Wait()
		if took := time.Since(began); took > cfg.Timeout {
			t.Errorf("it took %v, want at most %v", took, cfg.Timeout)
		}
		// In 150 ms two reads of 60 ms follow each other in each of four places.
		if s.reads != 8 || refused.Load() != 12 || s.most != 4 {
			t.Errorf("%d read, %d refused, %d at once at most; want 8, 12 and 4", s.reads, refused.Load(), s.most)
		}
	})
}

// A read that began before a commit that is known of is not shared after it.
func TestOldReadIsNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		cfg := history.DefaultConfig()
		cfg.Timeout = time.Minute
		c := follow(t, s, cfg)
		s.slow = 10 * time.Second
		done := make(chan struct{})
		go func() {
			defer close(done)
			length(t, c, "7")
		}()
		time.Sleep(time.Second)
		s.watch("7", "heat") // the slow read may have taken its rows
		time.Sleep(time.Second)
		s.mu.Lock()
		s.slow = 0
		s.mu.Unlock()
		before := time.Now()
		if n, _ := length(t, c, "7"); n != 1 || time.Since(before) > time.Second {
			t.Errorf("%d movies after %v, want the one that is committed, at once", n, time.Since(before))
		}
		<-done
	})
}

func shown(t *testing.T, c *history.Cache) (text string) {
	t.Helper()
	e, _, err := c.Of(t.Context(), "7")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Shown {
		text += fmt.Sprint(s.Movie, s.Times, " ")
	}
	return text
}

// What was shown is counted, that shown last first, until it is watched or too old; what a
// person watches does not make the rest forgotten, a reset does.
func TestShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		cfg := history.DefaultConfig()
		cfg.Shown = 4
		c := follow(t, s, cfg)
		at := time.Now()
		show := func(movies ...catalog.MovieID) { c.Showed("7", movies, at) }
		expect := func(what, want string) {
			t.Helper()
			if got := shown(t, c); got != want {
				t.Errorf("%s: %q were shown, want %q", what, got, want)
			}
		}
		show("nobody is remembered")
		expect("before anything was asked", "")
		show("a", "b")
		expect("one list", "a1 b1 ")
		show("c", "a")
		expect("two", "c1 a2 b1 ")
		show("d", "e")
		expect("as many as are kept", "d1 e1 c1 a2 ")
		s.watch("7", "e")
		time.Sleep(time.Second)
		expect("one was watched", "d1 c1 a2 ")
		show("f")
		s.watch("7", "g")
		time.Sleep(time.Second)
		s.watch("7", "h") // twice, before anybody asks
		time.Sleep(time.Second)
		expect("others were watched", "f1 d1 c1 a2 ")
		at = at.AddDate(0, 0, cfg.ShownDays)
		show("f")
		expect("not yet too long", "f2 d1 c1 a2 ")
		at = at.AddDate(0, 0, 1)
		show("f")
		expect("long after", "f3 ")
		for range 300 {
			show("f")
		}
		expect("very often", "f255 ")
		c.Reset()
		expect("a reset", "")
	})
}

func TestShownIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := follow(t, newStore(), history.DefaultConfig())
		shown(t, c)
		c.Showed("7", []catalog.MovieID{"a"}, time.Now())
		if got := shown(t, c); got != "" {
			t.Errorf("%q are remembered, want nothing", got)
		}
	})
}

// Lists of 20 movies for people who were shown 100, a new one in ten.
func BenchmarkShowed(b *testing.B) {
	s, cfg := newStore(), history.DefaultConfig()
	cfg.Shown = 100
	c, err := history.New(s, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Follow(ctx) }()
	for n := 0; n == 0; _, _, n = c.Stats() {
		if _, _, err := c.Of(ctx, "7"); err != nil {
			b.Fatal(err)
		}
	}
	movies := make([]catalog.MovieID, 300)
	for i := range movies {
		movies[i] = catalog.MovieID(fmt.Sprint("some+movie+", i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		from := 2 * i % 280
		c.Showed("7", movies[from:from+20], time.Now())
	}
	cancel()
	<-ended
}
