package minilm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A hubServer serves the small files, and misbehaves as told.
type hubServer struct {
	*httptest.Server
	requests atomic.Int64
	ranges   chan string // Range of each request for the weights
}

// serve starts a hub. wrong may answer request n (from 1) for the weights in
// its own way and return true.
func serve(t *testing.T, wrong func(n int64, w http.ResponseWriter, r *http.Request, data []byte) bool) *hubServer {
	t.Helper()
	_, content := smallFiles()
	h := &hubServer{ranges: make(chan string, 100)}
	var n atomic.Int64
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.requests.Add(1)
		name, ok := strings.CutPrefix(r.URL.Path, "/hub/"+Revision+"/")
		data := content[name]
		if !ok || data == nil {
			http.NotFound(w, r)
			return
		}
		if name == "model.safetensors" {
			h.ranges <- r.Header.Get("Range")
			if wrong != nil && wrong(n.Add(1), w, r, data) {
				return
			}
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hubServer) get(ctx context.Context, dir string, change func(*Hub)) error {
	hub := Hub{BaseURL: h.URL + "/hub", Attempts: 4, Wait: time.Millisecond, Stall: 5 * time.Second}
	if change != nil {
		change(&hub)
	}
	files, _ := smallFiles()
	client := h.Client()
	defer client.CloseIdleConnections()
	return download(ctx, dir, files, hub, client, nil)
}

func TestDownload(t *testing.T) {
	_, content := smallFiles()
	h := serve(t, nil)
	dir := filepath.Join(t.TempDir(), "models", "minilm")
	if err := h.get(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	checkDir(t, dir, content)
	before := h.requests.Load()
	if err := h.get(t.Context(), dir, nil); err != nil || h.requests.Load() != before {
		t.Errorf("a second download: error %v, %d requests, want none", err, h.requests.Load()-before)
	}
	write(t, filepath.Join(dir, "vocab.txt"), []byte("broken"))
	if err := h.get(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	checkDir(t, dir, content)
}

func TestDownloadThroughRedirect(t *testing.T) {
	_, content := smallFiles()
	h := serve(t, nil)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, h.URL+r.URL.Path, http.StatusFound)
	}))
	defer front.Close()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "model.safetensors.part"), content["model.safetensors"][:1000])
	if err := h.get(t.Context(), dir, func(hub *Hub) { hub.BaseURL = front.URL + "/hub/" }); err != nil {
		t.Fatal(err)
	}
	checkDir(t, dir, content)
	if got := <-h.ranges; got != "bytes=1000-" {
		t.Errorf("range behind the redirect is %q, want bytes=1000-", got)
	}
}

// Whatever goes wrong once, the next attempt mends.
func TestDownloadMends(t *testing.T) {
	const cut = 300_000
	half := func(w http.ResponseWriter, data []byte) {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Write(data[:cut])
		panic(http.ErrAbortHandler)
	}
	for name, c := range map[string]struct {
		wrong  func(n int64, w http.ResponseWriter, r *http.Request, data []byte) bool
		part   int    // bytes there at the start; -1 for wrong ones of full length
		ranges string // asked for
	}{
		"a cut connection": {func(n int64, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			if n == 1 {
				half(w, data)
			}
			return false
		}, 0, " bytes=300000-"},
		"a short body": {func(n int64, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			if n == 1 {
				w.Write(data[:cut])
			}
			return n == 1
		}, 0, " bytes=300000-"},
		"no ranges": {func(n int64, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			w.Write(data)
			return true
		}, 1234, "bytes=1234-"},
		"another range": {func(n int64, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			if n == 1 {
				w.Header().Set("Content-Range", "bytes 0-799999/800000")
				w.WriteHeader(http.StatusPartialContent)
				w.Write(data)
			}
			return n == 1
		}, 1234, "bytes=1234- "},
		"range refused": {func(n int64, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			if n == 1 {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			}
			return n == 1
		}, 1234, "bytes=1234- "},
		"too busy": {func(n int64, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			if n <= 3 {
				w.WriteHeader([]int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway}[n-1])
			}
			return n <= 3
		}, 0, "   "},
		"wrong content once": {func(n int64, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			if n == 1 {
				w.Write(bytes.Repeat([]byte{'x'}, len(data)))
			}
			return n == 1
		}, 0, " "},
		"too long once": {func(n int64, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			if n == 1 {
				w.Write(append(bytes.Clone(data), "more"...))
			}
			return n == 1
		}, 0, " "},
		"a wrong part, full length": {nil, -1, ""},
		"a part too long":           {nil, 900_000, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, content := smallFiles()
			h, dir := serve(t, c.wrong), t.TempDir()
			switch {
			case c.part < 0:
				write(t, filepath.Join(dir, "model.safetensors.part"), make([]byte, 800_000))
			case c.part > 0:
				write(t, filepath.Join(dir, "model.safetensors.part"), bytes.Repeat(content["model.safetensors"], 2)[:c.part])
			}
			if err := h.get(t.Context(), dir, nil); err != nil {
				t.Fatal(err)
			}
			checkDir(t, dir, content)
			close(h.ranges)
			var ranges []string
			for r := range h.ranges {
				ranges = append(ranges, r)
			}
			if got := strings.Join(ranges, " "); got != c.ranges {
				t.Errorf("ranges asked for are %q, want %q", got, c.ranges)
			}
		})
	}
}

func TestDownloadGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		wrong    func(n int64, w http.ResponseWriter, r *http.Request, data []byte) bool
		attempts int
		want     error
	}{
		"refused": {func(_ int64, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.WriteHeader(http.StatusForbidden)
			return true
		}, 1, ErrHub},
		"always busy": {func(_ int64, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}, 4, ErrHub},
		"always wrong": {func(_ int64, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			w.Write(make([]byte, len(data)))
			return true
		}, 4, ErrCorrupt},
		"stalls": {func(_ int64, w http.ResponseWriter, r *http.Request, data []byte) bool {
			w.Write(data[:1000])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		}, 4, ErrHub},
	} {
		t.Run(name, func(t *testing.T) {
			h, dir := serve(t, c.wrong), t.TempDir()
			err := h.get(t.Context(), dir, func(hub *Hub) {
				if name == "stalls" {
					hub.Stall = 20 * time.Millisecond
				}
			})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), "--from") || len(h.ranges) != c.attempts {
				t.Errorf("error is %v after %d attempts, want %v and what to do after %d", err, len(h.ranges), c.want, c.attempts)
			}
			if _, err := os.Stat(filepath.Join(dir, "model.safetensors")); err == nil {
				t.Error("the file got its name")
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for asked, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-3": 0, "soon": 0, "999999999": longestWait} {
		r := &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {asked}}}
		_, err := new(fetch).answered(r, 0)
		var s setback
		if !errors.As(err, &s) || s.after != want || !errors.Is(err, ErrHub) {
			t.Errorf("Retry-After %q: error is %v, to wait %s, want %s", asked, err, s.after, want)
		}
	}
}

func TestDownloadEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := serve(t, func(_ int64, w http.ResponseWriter, r *http.Request, data []byte) bool {
		w.Write(data[:1000])
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
		return true
	})
	if err := h.get(ctx, t.TempDir(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	if n := len(h.ranges); n != 1 {
		t.Errorf("%d attempts, want 1", n)
	}
}

func TestDownloadChecksHub(t *testing.T) {
	h := serve(t, nil)
	for _, change := range []func(*Hub){
		func(hub *Hub) { hub.Attempts = 0 },
		func(hub *Hub) { hub.Wait = 0 },
		func(hub *Hub) { hub.Stall = -1 },
	} {
		if err := h.get(t.Context(), t.TempDir(), change); err == nil || h.requests.Load() > 0 {
			t.Errorf("error is %v after %d requests, want one before the first", err, h.requests.Load())
		}
	}
}
