package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"marquee/recommender/httpapi"
)

// logged returns the lines of requests.
func logged(t *testing.T, f *fixture) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(f.log.String()) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		if one["msg"] == "request" {
			lines = append(lines, one)
		}
	}
	return lines
}

// Of each second some requests are logged, of the others a share, and whatever failed or
// was slow.
func TestAccessLogSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := time.Duration(0)
		f, _ := slow(t, func(context.Context) { time.Sleep(wait) }, func(c *httpapi.Config) {
			c.Log = httpapi.AccessLog{PerSecond: 3, Slow: 100 * time.Millisecond}
		})
		for range 2 {
			for range 50 {
				f.get("/recommend/seven")
			}
			time.Sleep(time.Second)
		}
		if n := len(logged(t, f)); n != 6 {
			t.Errorf("%d of 100 requests are logged, want three of each second", n)
		}
		for range 5 {
			f.get("/popular")
		}
		f.log.Reset()
		wait = 150 * time.Millisecond
		f.get("/recommend/seven")
		if n := len(logged(t, f)); n != 1 {
			t.Errorf("%d lines of a slow request, want 1", n)
		}
	})
}

// However slow and quick requests mix, no second has more lines than it may.
func TestAccessLogOfSlowAndQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // seconds begin alike
		f, _ := slow(t, func(ctx context.Context) {
			if ctx.Value(slowly{}) != nil {
				time.Sleep(100 * time.Millisecond)
			}
		}, func(c *httpapi.Config) { c.Log = httpapi.AccessLog{PerSecond: 3, Slow: time.Hour} })
		var all sync.WaitGroup
		ask := func(ctx context.Context) {
			all.Go(func() {
				f.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/recommend/seven", nil))
			})
		}
		const seconds = 10
		for range seconds * 20 {
			ask(context.WithValue(t.Context(), slowly{}, true))
			ask(t.Context())
			time.Sleep(time.Second / 20)
		}
		all.Wait()
		if n := len(logged(t, f)); n > 3*(seconds+1) {
			t.Errorf("%d lines in %d seconds, want at most three in each", n, seconds+1)
		}
	})
}

// slowly marks the context of a request that takes its time.
type slowly struct{}

func TestAccessLogShare(t *testing.T) {
	f, _ := slow(t, nil, func(c *httpapi.Config) { c.Log = httpapi.AccessLog{Share: 0.2, Slow: time.Hour} })
	for range 2000 {
		f.get("/recommend/seven")
	}
	lines := logged(t, f)
	if len(lines) < 300 || len(lines) > 500 { // 400, give or take more than five deviations
		t.Errorf("%d of 2000 lines at 0.2", len(lines))
	}
	if lines[0]["share"] != 0.2 {
		t.Errorf("line %v, want its share", lines[0])
	}
}

func TestAccessLogOff(t *testing.T) {
	f, _ := slow(t, func(context.Context) { panic("rotten") }, func(c *httpapi.Config) { c.Log = httpapi.AccessLog{} })
	f.get("/recommend/seven")
	f.get("/recommend/seven?format=json")
	if n := len(logged(t, f)); n != 0 {
		t.Errorf("%d lines, want none", n)
	}
}

// A line has where the list came from.
func TestAccessLogProvenance(t *testing.T) {
	f, _ := slow(t, func(context.Context) { panic("rotten") }, func(c *httpapi.Config) { c.Log.Share = 1 })
	f.get("/recommend/seven", httpapi.HeaderRequestID, "r1")
	lines := logged(t, f)
	if len(lines) != 1 {
		t.Fatalf("%d lines", len(lines))
	}
	for key, want := range map[string]any{"request": "r1", "route": "recommend", "status": 200.0, "tier": "popular", "shed": "failure", "bundle": "0123456789abcdef", "sequence": 41.0} {
		if lines[0][key] != want {
			t.Errorf("%s is %v, want %v", key, lines[0][key], want)
		}
	}
}
