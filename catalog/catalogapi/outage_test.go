package catalogapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog/catalogapi"
)

// A journal keeps what is logged at level Info and above.
type journal struct {
	slog.Handler
	mu   sync.Mutex
	kept []slog.Record
}

func (j *journal) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.kept = append(j.kept, r)
	return nil
}

// text returns a record's message and attributes.
func textOf(r slog.Record) string {
	var out bytes.Buffer
	_ = slog.NewTextHandler(&out, nil).Handle(context.Background(), r)
	return out.String()
}

// outage asks a service for n movies, one after the other, whose attempts fail
// as down says of their number, from 1, and the time since the first one. It
// returns what was logged and when each attempt was made.
func outage(t *testing.T, n int, down func(attempt int, since time.Duration) bool) (log []slog.Record, attempts []time.Time) {
	t.Helper()
	rt := transport(func(r *http.Request) (*http.Response, error) {
		attempts = append(attempts, time.Now())
		if down(len(attempts), time.Since(attempts[0])) {
			return nil, errors.New("connection refused")
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(record(r.URL.Path))), Request: r}, nil
	})
	cfg := catalogapi.DefaultConfig("http://me:hunter2@api.example.com", catalogapi.Edition2025)
	cfg.Parallel, cfg.Retries, cfg.MaxDelay = 1, 100, 2*time.Second
	j := &journal{}
	c, err := catalogapi.New(cfg, &http.Client{Transport: rt}, slog.New(j))
	if err != nil {
		t.Fatal(err)
	}
	if said, err := say(t.Context(), c, manyIDs(n)...); err != nil || len(said) != n {
		t.Fatalf("got %q, %v", said, err)
	}
	return j.kept, attempts
}

// A service that is down shows at the third failure, then every ten seconds at
// most, and once when it is up again.
func TestOutageIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, attempts := outage(t, 3, func(_ int, since time.Duration) bool { return since < 45*time.Second })
		if len(log) < 5 || len(log) > 6 {
			t.Fatalf("%d records in an outage of 45 seconds, want 4 or 5 warnings and the end: %v", len(log), log)
		}
		last := len(log) - 1
		for i, r := range log[:last] {
			if r.Level != slog.LevelWarn || !strings.Contains(textOf(r), "connection refused") || strings.Contains(textOf(r), "hunter2") {
				t.Errorf("record %d is %s, want a warning with the error and no secret", i, textOf(r))
			}
			if i > 0 && r.Time.Sub(log[i-1].Time) < 10*time.Second {
				t.Errorf("warnings %d and %d are %v apart, want 10s", i-1, i, r.Time.Sub(log[i-1].Time))
			}
		}
		if at := log[0].Time; at.Before(attempts[2]) || at.After(attempts[3]) {
			t.Errorf("first warning at %v, want it at the third attempt", at.Sub(attempts[0]))
		}
		if r := log[last]; r.Level != slog.LevelInfo || !strings.Contains(r.Message, "again") {
			t.Errorf("the last record is %s, want the end of the outage", textOf(r))
		}
	})
}

// Failures that are overcome at once are nobody's business, and those of a
// service that comes and goes do not fill the log.
func TestShortOutages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _ := outage(t, 5, func(attempt int, _ time.Duration) bool { return attempt%3 != 0 })
		if len(log) > 0 {
			t.Errorf("two failures in a row logged %s", textOf(log[0]))
		}
		log, _ = outage(t, 4, func(attempt int, _ time.Duration) bool { return attempt%4 != 0 }) // a second or two each
		if len(log) != 2 || log[0].Level != slog.LevelWarn || log[1].Level != slog.LevelInfo {
			t.Errorf("four outages within ten seconds logged %d records, want one warning and its end: %v", len(log), log)
		}
	})
}

// A caller that gives up is no failure of the service.
func TestGivingUpIsNoOutage(t *testing.T) {
	j := &journal{}
	rt := transport(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	c, err := catalogapi.New(quick("http://api.example.com", catalogapi.Edition2025), &http.Client{Transport: rt}, slog.New(j))
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := say(ctx, c, "m+1931"); err == nil {
			t.Error("no error from a caller that gave up")
		}
		cancel()
	}
	if len(j.kept) > 0 {
		t.Errorf("logged %s", textOf(j.kept[0]))
	}
}
