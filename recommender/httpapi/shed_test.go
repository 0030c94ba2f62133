package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// A slowService takes its time for lists that are made for somebody.
type slowService struct {
	*recommender.Service
	makes func(ctx context.Context)
	under atomic.Int64 // lists that are being made
	most  atomic.Int64 // of them at once
}

func (s *slowService) Recommend(ctx context.Context, c recommender.Call) (recommender.Answer, error) {
	atMost(&s.most, s.under.Add(1))
	defer s.under.Add(-1)
	if s.makes != nil {
		s.makes(ctx)
	}
	return s.Service.Recommend(ctx, c)
}

// atMost keeps the largest of what it is told in most.
func atMost(most *atomic.Int64, n int64) {
	for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
	}
}

// slow is serve with a service that takes its time, and settings that may be changed.
func slow(t *testing.T, makes func(ctx context.Context), set func(*httpapi.Config)) (*fixture, *slowService) {
	t.Helper()
	f := serve(t, 30)
	s := &slowService{Service: f.service, makes: makes}
	cfg := httpapi.DefaultConfig()
	cfg.Log = httpapi.AccessLog{}
	set(&cfg)
	f.server = httpapi.New(s, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.NewJSONHandler(f.log, nil)), cfg)
	f.handler = f.server.Handler()
	return f, s
}

// At ten times of what it can do, a server answers each contract call with 200 in time,
// and goes on making as many lists as it can.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			makes    = 10 * time.Millisecond
			places   = 4
			capacity = int(places * time.Second / makes) // lists a second
			seconds  = 2
		)
		f, s := slow(t, func(context.Context) { time.Sleep(makes) }, func(c *httpapi.Config) {
			c.Limits.Concurrent, c.Limits.Queue = places, 4*places
		})
		var useful, shed, other atomic.Int64
		var longest atomic.Int64
		var wg sync.WaitGroup
		for range 10 * capacity * seconds {
			wg.Go(func() {
				began := time.Now()
				w := f.get("/recommend/seven")
				atMost(&longest, int64(time.Since(began)))
				switch reason := w.Header().Get(httpapi.HeaderShed); {
				case w.Code != http.StatusOK:
					other.Add(1)
				case reason == "" && w.Header().Get(httpapi.HeaderTier) == "personal":
					useful.Add(1)
				case reason == "overload" && w.Header().Get(httpapi.HeaderTier) == "popular":
					checkLine(t, w, "movie+05+2000", "movie+03+2000")
					shed.Add(1)
				default:
					other.Add(1)
				}
			})
			time.Sleep(time.Second / time.Duration(10*capacity))
		}
		wg.Wait()
		t.Logf("of %d calls %d got their list, %d the popular one; the longest took %v", 10*capacity*seconds, useful.Load(), shed.Load(), time.Duration(longest.Load()))
		if other.Load() != 0 {
			t.Errorf("%d calls got neither their list nor the popular one", other.Load())
		}
		if want := int64(capacity * seconds * 9 / 10); useful.Load() < want {
			t.Errorf("%d lists were made, want %d or more", useful.Load(), want)
		}
		if s.most.Load() > places {
			t.Errorf("%d lists were made at once, want at most %d", s.most.Load(), places)
		}
		if d := time.Duration(longest.Load()); d > 100*time.Millisecond {
			t.Errorf("a call took %v, want no more than to wait and to be made", d)
		}
	})
}

// A list that is not there in time is answered from memory, and those that are late do
// not pile up. Once they end, lists are made again.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		f, s := slow(t, func(context.Context) { <-hang }, func(c *httpapi.Config) {
			c.Limits.Concurrent, c.Limits.Queue = 2, 10
		})
		took := func() (time.Duration, string) {
			began := time.Now()
			w := f.get("/recommend/seven")
			checkLine(t, w, "movie+05+2000", "movie+03+2000")
			return time.Since(began), w.Header().Get(httpapi.HeaderShed)
		}
		for i, want := range []struct {
			took time.Duration
			shed string
		}{{250 * time.Millisecond, "deadline"}, {250 * time.Millisecond, "deadline"}, {20 * time.Millisecond, "overload"}, {20 * time.Millisecond, "overload"}} {
			if d, shed := took(); d != want.took || shed != want.shed {
				t.Errorf("call %d took %v, shed %q; want %v, %q", i, d, shed, want.took, want.shed)
			}
		}
		if s.most.Load() != 2 {
			t.Errorf("%d lists at once, want 2", s.most.Load())
		}
		close(hang)
		synctest.Wait()
		if d, shed := took(); d != 0 || shed != "" {
			t.Errorf("afterwards a call took %v, shed %q; want its list at once", d, shed)
		}
		counted(t, f, `marquee_shed_total{what="list"} 2`, `marquee_fallbacks_total{why="deadline"} 2`, `marquee_calls_in_room{room="contract"} 0`)
	})
}

// No more calls wait than may: the others are answered at once.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		f, _ := slow(t, func(context.Context) { <-hang }, func(c *httpapi.Config) {
			c.Limits.Concurrent, c.Limits.Queue = 1, 2
		})
		var atOnce atomic.Int64
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				began := time.Now()
				if w := f.get("/recommend/seven"); w.Header().Get(httpapi.HeaderShed) == "overload" && time.Since(began) == 0 {
					atOnce.Add(1)
				}
			})
		}
		synctest.Wait()
		counted(t, f, `marquee_calls_in_room{room="contract"} 1`, `marquee_calls_waiting{room="contract"} 2`)
		wg.Wait()
		if atOnce.Load() != 7 {
			t.Errorf("%d of 10 calls were answered at once, want all but the one that is made and the two that wait", atOnce.Load())
		}
		close(hang)
	})
}

// What makes a list knows until when it is wanted, and is told.
func TestDeadlineIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var until time.Time
		var ended, below error
		f, _ := slow(t, func(ctx context.Context) {
			until, _ = ctx.Deadline()
			child, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			<-child.Done()
			ended, below = ctx.Err(), child.Err()
		}, func(*httpapi.Config) {})
		if w := f.get("/recommend/seven"); w.Code != http.StatusOK {
			t.Errorf("status %d", w.Code)
		}
		synctest.Wait()
		if until.Sub(began) != 250*time.Millisecond || ended != context.DeadlineExceeded || below != context.DeadlineExceeded {
			t.Errorf("told to end after %v, by %v and %v; want 250ms by the deadline", until.Sub(began), ended, below)
		}
	})
}

// Calls that are no contract calls get 503 when there is no room, and 504 when they take
// too long.
func TestOthersAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := slow(t, func(ctx context.Context) { <-ctx.Done() }, func(c *httpapi.Config) {
			c.Limits.Concurrent, c.Limits.Queue = 1, 1
		})
		var wg sync.WaitGroup
		wg.Go(func() { f.get("/recommend/seven?format=json") })
		synctest.Wait()
		w := f.get("/popular")
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("status %d, want 503 with Retry-After: %s", w.Code, w.Body)
		}
		checkLine(t, f.get("/recommend/a,b")) // contract calls have a room of their own
		for _, path := range []string{"/health/live", "/health/ready"} {
			if w := f.get(path); w.Code != http.StatusOK {
				t.Errorf("%s: %d, want probes to be answered", path, w.Code)
			}
		}
		wg.Wait()
		counted(t, f, `marquee_shed_total{what="call"} 1`)
	})
}

// A service that fails is no reason to answer otherwise than with a list.
func TestFailureStillAnswers(t *testing.T) {
	f, _ := slow(t, func(context.Context) { panic("rotten") }, func(*httpapi.Config) {})
	w := f.get("/recommend/seven")
	checkLine(t, w, "movie+05+2000")
	if w.Header().Get(httpapi.HeaderShed) != "failure" {
		t.Errorf("shed %q, want failure", w.Header().Get(httpapi.HeaderShed))
	}
	counted(t, f, `marquee_fallbacks_total{why="failure"} 1`, `marquee_panics_total 1`)
}

// What is from memory is kept as such, without what it was not made from.
func TestExposureOfShed(t *testing.T) {
	var told []catalog.Exposure
	f, _ := slow(t, func(context.Context) { panic("rotten") }, func(c *httpapi.Config) {
		c.TraceInputs, c.Exposed = true, func(e catalog.Exposure) { told = append(told, e) }
	})
	w := f.get("/recommend/seven")
	if len(told) != 1 || told[0].Tier != "popular" || told[0].Input != nil || told[0].User != "seven" || len(told[0].Movies) != len(checkLine(t, w)) {
		t.Errorf("told %+v", told)
	}
}

func TestLimitsValidate(t *testing.T) {
	if err := httpapi.DefaultConfig().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	for name, set := range map[string]func(*httpapi.Config){
		"answer":     func(c *httpapi.Config) { c.Limits.Answer = 0 },
		"reading":    func(c *httpapi.Config) { c.Limits.Reading = -1 },
		"others":     func(c *httpapi.Config) { c.Limits.Others = -1 },
		"concurrent": func(c *httpapi.Config) { c.Limits.Concurrent = 0 },
		"queue":      func(c *httpapi.Config) { c.Limits.Queue = -1 },
		"wait":       func(c *httpapi.Config) { c.Limits.Wait = c.Limits.Answer },
		"rate":       func(c *httpapi.Config) { c.Rate.PerSecond = -1 },
		"burst":      func(c *httpapi.Config) { c.Rate.Burst = 0 },
		"clients":    func(c *httpapi.Config) { c.Rate.Clients = 0 },
		"share":      func(c *httpapi.Config) { c.Log.Share = 1.5 },
		"header":     func(c *httpapi.Config) { c.HeaderTimeout = 0 },
	} {
		cfg := httpapi.DefaultConfig()
		set(&cfg)
		if cfg.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// counted checks that the metrics hold lines.
func counted(t *testing.T, f *fixture, lines ...string) {
	t.Helper()
	w := httptest.NewRecorder()
	f.server.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range lines {
		if !containsLine(w.Body.String(), want) {
			t.Errorf("no line %s in\n%s", want, w.Body)
		}
	}
}
