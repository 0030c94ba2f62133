package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// A slowStore answers for nobody but seven, whom it remembers, before go on is closed.
type slowStore struct {
	*recommender.Service
	goOn  chan struct{}
	stale bool
	under atomic.Int64
	most  atomic.Int64
}

func (s *slowStore) Recall(u catalog.UserID, p *recommender.Person) (fresh, known bool) {
	if u != "seven" {
		return false, false
	}
	s.Service.Read(context.Background(), u, p)
	return !s.stale, true
}

func (s *slowStore) Read(ctx context.Context, u catalog.UserID, p *recommender.Person) {
	atMost(&s.most, s.under.Add(1))
	defer s.under.Add(-1)
	<-s.goOn
	s.Service.Read(ctx, u, p)
}

// reading is serve with a slowStore, room for the list of one person, and as many
// readers.
func reading(t *testing.T, stale bool, readers int) (*fixture, *slowStore) {
	t.Helper()
	f := serve(t, 30)
	s := &slowStore{Service: f.service, goOn: make(chan struct{}), stale: stale}
	cfg := httpapi.DefaultConfig()
	cfg.Log = httpapi.AccessLog{}
	cfg.Limits.Concurrent, cfg.Limits.Reading = 1, readers
	f.server = httpapi.New(s, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg)
	f.handler = f.server.Handler()
	return f, s
}

// Who waits for the store takes no place of those who are in memory; there are so many of
// them and no more, the others and those who are late get what is in memory, in time, and
// once the store is back all get their lists.
func TestReadersTakeNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const readers = 5
		f, s := reading(t, false, readers)
		var wg sync.WaitGroup
		shed := map[string]int{}
		var mu sync.Mutex
		for range 2 * readers {
			wg.Go(func() {
				began := time.Now()
				w := f.get("/recommend/another")
				mu.Lock()
				defer mu.Unlock()
				why := w.Header().Get(httpapi.HeaderShed)
				shed[why]++
				if d := time.Since(began); w.Code != http.StatusOK || d > 250*time.Millisecond || why == "overload" && d > 0 {
					t.Errorf("%d, shed %q after %v", w.Code, why, d)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		for range 20 {
			if w := f.get("/recommend/seven"); w.Header().Get(httpapi.HeaderShed) != "" || w.Header().Get(httpapi.HeaderTier) != "personal" || time.Since(began) > 0 {
				t.Errorf("shed %q, tier %q after %v, want the person's list at once", w.Header().Get(httpapi.HeaderShed), w.Header().Get(httpapi.HeaderTier), time.Since(began))
			}
		}
		counted(t, f, `marquee_calls_in_room{room="reading"} 5`, `marquee_calls_in_room{room="contract"} 0`)
		wg.Wait()
		if shed["overload"] != readers || shed["deadline"] != readers || s.most.Load() != readers {
			t.Errorf("%v, %d at once, want %d of each", shed, s.most.Load(), readers)
		}
		close(s.goOn)
		synctest.Wait()
		if w := f.get("/recommend/another"); w.Header().Get(httpapi.HeaderShed) != "" {
			t.Errorf("afterwards shed %q", w.Header().Get(httpapi.HeaderShed))
		}
		counted(t, f, `marquee_calls_in_room{room="reading"} 0`, `marquee_calls_in_room{room="contract"} 0`)
	})
}

// Where too many wait for the store, what is remembered of a person is enough, stale as it
// may be.
func TestStaleRatherThanPopular(t *testing.T) {
	f, _ := reading(t, true, 0)
	w := f.get("/recommend/seven")
	if w.Header().Get(httpapi.HeaderShed) != "" || w.Header().Get(httpapi.HeaderTier) != "personal" {
		t.Errorf("shed %q, tier %q, want the person's list", w.Header().Get(httpapi.HeaderShed), w.Header().Get(httpapi.HeaderTier))
	}
}
