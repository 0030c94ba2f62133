package lookup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
	"marquee/catalog/lookup"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
)

// The real client and a real store: events in, records in; an id that the API does
// not know is remembered; who was forgotten is not asked for. In both editions.
func TestWithClientAndStore(t *testing.T) {
	for _, edition := range []string{catalogapi.Edition2025, catalogapi.Edition2026} {
		t.Run(edition, func(t *testing.T) { testWithClientAndStore(t, edition) })
	}
}

func testWithClientAndStore(t *testing.T, edition string) {
	ctx, cancel := context.WithCancel(t.Context())
	store, err := sqlstore.Open(ctx, filepath.Join(t.TempDir(), "facts.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var forgotten atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(r.URL.Path, "/")
		var out []any
		for _, id := range strings.Split(parts[2], ",") {
			switch {
			case id == "9":
				forgotten.Add(1)
			case strings.HasPrefix(id, "noise"):
				out = append(out, map[string]any{"message": parts[1] + " not found"})
			case parts[1] == "movie":
				out = append(out, map[string]any{"id": id, "title": "T " + id, "runtime": 100})
			default:
				out = append(out, map[string]any{"user_id": json.Number(id), "age": 30})
			}
		}
		var err error
		if edition == catalogapi.Edition2025 {
			err = json.NewEncoder(w).Encode(out[0])
		} else {
			err = json.NewEncoder(w).Encode(out)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	defer api.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client, err := catalogapi.New(catalogapi.DefaultConfig(api.URL, edition), &http.Client{Transport: transport}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lookup.New(lookup.DefaultConfig(), client, store, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Forget(ctx, "9"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()

	var lines strings.Builder
	for i := range 300 {
		fmt.Fprintf(&lines, "2024-01-01T10:00:%02d,%d,GET /data/m/movie+%02d+1999/%d.mpg\n", i%60, 5+i%6, i%20, i)
	}
	fmt.Fprint(&lines, "2024-01-01T11:00:00,5,GET /rate/noise+1999=4\n")
	src, err := stream.NewPipe(strings.NewReader(lines.String()), stream.DefaultConfig(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Run(ctx, src, l.Sink(store), stream.DefaultRunConfig()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); l.Stats().Found < 25 || l.Stats().Unknown < 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("stats %+v, want 20 movies and 5 people found, and one unknown", l.Stats())
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	ctx = t.Context()
	if m, err := store.Movie(ctx, "movie+07+1999"); err != nil || m.RuntimeMinutes != 100 {
		t.Errorf("movie %+v, %v", m, err)
	}
	if _, err := store.User(ctx, "10"); err != nil {
		t.Errorf("user: %v", err)
	}
	if unknown, err := store.UnknownIDs(ctx, catalogapi.KindMovie, []string{"noise+1999"}); err != nil || !unknown["noise+1999"] {
		t.Errorf("unknown %v, %v", unknown, err)
	}
	if changes, err := store.ChangesSince(ctx, 0, 100); err != nil || count(changes) != 20 {
		t.Errorf("%d changes of movies, %v; want 20", count(changes), err)
	}
	if n := forgotten.Load(); n != 0 {
		t.Errorf("a forgotten person was asked for %d times", n)
	}
}

func count(changes []catalog.Change) (n int) {
	for _, c := range changes {
		if c.Kind == catalog.ChangeMovie {
			n++
		}
	}
	return n
}
