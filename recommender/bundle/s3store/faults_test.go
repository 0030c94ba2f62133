package s3store_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/bundle/s3store"
)

// A fault is what may happen to a request.
type fault struct {
	name string
	do   func(s *server, w http.ResponseWriter, r *http.Request)
}

// faults are all: refused, not done and without an answer, done without an answer, and
// half an answer or a wrong one.
var faults = []fault{
	{"refused", func(_ *server, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
	{"not done", func(_ *server, w http.ResponseWriter, _ *http.Request) { hangUp(w) }},
	{"no answer", func(s *server, w http.ResponseWriter, r *http.Request) {
		s.answer(httptest.NewRecorder(), r)
		hangUp(w)
	}},
	{"cut short", func(s *server, w http.ResponseWriter, r *http.Request) { garbled(s, w, r, half) }},
	{"wrong byte", func(s *server, w http.ResponseWriter, r *http.Request) { garbled(s, w, r, flip) }},
}

func half(body []byte) []byte { return body[:len(body)/2] }

func flip(body []byte) []byte {
	if len(body) > 0 {
		body[len(body)/2] ^= 1
	}
	return body
}

// garbled answers with another body than what the headers tell of. What has no body is
// answered as it is.
func garbled(s *server, w http.ResponseWriter, r *http.Request, change func([]byte) []byte) {
	rec := httptest.NewRecorder()
	s.answer(rec, r)
	body := rec.Body.Bytes()
	for key, values := range rec.Header() {
		w.Header()[key] = values
	}
	if r.Method != http.MethodHead {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(rec.Code)
	sent := change(slices.Clone(body))
	_, _ = w.Write(sent)
	if len(sent) < len(body) {
		hangUp(w)
	}
}

// An operation changes a depot in which the first two of three bundles are, published
// in their order, and may be called again after it failed. live says which bundle is live when it went
// well, by its number.
type operation struct {
	run  func(d *s3store.Depot, s *bundle.Shelf) error
	live int
}

// Whichever request fails, in whatever way, the old bundle is live in the depot or
// the new one, and can be pulled whole; what cannot be pulled is refused and not on the shelf; and a
// second call does the work. A request that is done without an answer, the worst, is
// each in turn; of the other faults every third.
func TestEveryRequestMayFail(t *testing.T) {
	from, ids := shelved(t, 3)
	operations := map[string]operation{
		"push and publish": {func(d *s3store.Depot, s *bundle.Shelf) error {
			if err := d.Push(t.Context(), s, ids[2], nil); err != nil {
				return err
			}
			return d.Publish(t.Context(), bundle.Publication{ID: ids[2]})
		}, 2},
		"roll back": {func(d *s3store.Depot, _ *bundle.Shelf) error {
			if live, err := d.Live(t.Context()); err != nil || live == ids[0] {
				return err
			}
			_, _, err := d.Rollback(t.Context(), "", "")
			return err
		}, 0},
		"pull": {func(d *s3store.Depot, _ *bundle.Shelf) error {
			to := emptyShelf(t)
			m, err := d.Pull(t.Context(), to, ids[1], nil)
			if err != nil {
				if list, lerr := to.List(); lerr != nil || len(list) > 0 {
					t.Errorf("%v, and on the shelf is %v, %v", err, list, lerr)
				}
				return err
			}
			return to.Verify(m.ID)
		}, 1},
		"remove and clean up": {func(d *s3store.Depot, _ *bundle.Shelf) error {
			if err := d.Remove(t.Context(), ids[0]); err != nil && !errors.Is(err, catalog.ErrNotFound) {
				return err
			}
			_, _, err := d.GC(t.Context(), time.Now().Add(25*time.Hour))
			return err
		}, 1},
	}
	began := newServer(t)
	d := began.depot(t)
	push(t, d, from, ids[:2]...)
	publish(t, d, ids[:2]...)
	objects := began.objects(t)
	for name, op := range operations {
		for first, f := range faults {
			t.Run(name+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				step := 3
				if f.name == "no answer" {
					step, first = 1, 0
				}
				for n := 1 + first; ; n += step {
					if done := attempt(t, objects, from, ids, op, n, f); done {
						break
					}
				}
			})
		}
	}
}

// attempt runs an operation of which the n-th request fails, and checks what it
// leaves. It returns true if there is no such request.
func attempt(t *testing.T, objects map[string][]byte, from *bundle.Shelf, ids []string, op operation, n int, f fault) bool {
	t.Helper()
	srv := newServer(t)
	defer srv.Close()
	for key, data := range objects {
		srv.put(t, key, data)
	}
	c := srv.config()
	c.Attempts, c.Parallel = 1, 1
	d := depotOf(t, c)
	defer d.Close()
	failed := false
	srv.intercept(func(i int, w http.ResponseWriter, r *http.Request) bool {
		if i == n {
			failed = true
			f.do(srv, w, r)
		}
		return i == n
	})
	err := op.run(d, from)
	srv.intercept(nil)
	live, lerr := d.Live(t.Context())
	if lerr != nil || live != ids[1] && live != ids[op.live] {
		t.Fatalf("request %d: live is %s, %v; want %s or %s", n, live, lerr, ids[1], ids[op.live])
	}
	if err == nil && live != ids[op.live] {
		t.Fatalf("request %d: no error, and live is %s, want %s", n, live, ids[op.live])
	}
	for key := range srv.objects(t) { // what looks like a bundle is one
		if id, found := strings.CutPrefix(key, "bundles/"); found {
			srv.whole(t, strings.TrimSuffix(id, "/manifest.json"))
		}
	}
	if err := op.run(d, from); err != nil {
		t.Fatalf("request %d: %v, then the second call: %v", n, err, err)
	}
	if live, err := d.Live(t.Context()); err != nil || live != ids[op.live] {
		t.Fatalf("request %d: after the second call live is %s, %v; want %s", n, live, err, ids[op.live])
	}
	srv.whole(t, ids[op.live])
	for key := range srv.objects(t) {
		if strings.HasPrefix(key, "removing/") {
			t.Fatalf("request %d: %s is left", n, key)
		}
	}
	return !failed
}

func pullable(t *testing.T, d *s3store.Depot, id string) {
	t.Helper()
	to := emptyShelf(t)
	if _, err := d.Pull(t.Context(), to, id, nil); err != nil {
		t.Fatal(err)
	}
	if err := to.Verify(id); err != nil {
		t.Fatal(err)
	}
}

// Whichever request fails, a second call leaves nobody who was forgotten. Of each
// fault only every fifth request is tried, together all.
func TestForgetEverywhereMayFailAnywhere(t *testing.T) {
	for first, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			from, ids := shelved(t, 2)
			began := newServer(t)
			push(t, began.depot(t), from, ids...)
			publish(t, began.depot(t), ids...)
			objects := began.objects(t)
			for n, done := 1+first, false; !done; n += len(faults) {
				done = true
				srv := newServer(t)
				c := srv.config()
				c.Attempts, c.Parallel = 1, 1
				d := depotOf(t, c)
				s := copied(t, from)
				for key, data := range objects {
					srv.put(t, key, data)
				}
				srv.intercept(func(i int, w http.ResponseWriter, r *http.Request) bool {
					if i == n {
						done = false
						f.do(srv, w, r)
					}
					return i == n
				})
				_, _, err := bundle.ForgetEverywhere(t.Context(), s, d, is("somebody-else"))
				srv.intercept(nil)
				live, lerr := d.Live(t.Context())
				if lerr != nil {
					t.Fatalf("request %d: %v, %v", n, err, lerr)
				}
				srv.whole(t, live)
				if _, _, err := bundle.ForgetEverywhere(t.Context(), s, d, is("somebody-else")); err != nil {
					t.Fatalf("request %d: the second call: %v", n, err)
				}
				inNoObject(t, srv, "somebody-else")
				if live, err = d.Live(t.Context()); err != nil {
					t.Fatalf("request %d: %v", n, err)
				}
				srv.whole(t, live)
				d.Close()
				srv.Close()
			}
		})
	}
}

// What a server refuses for a moment is tried again, but not for ever.
func TestRepetitions(t *testing.T) {
	srv := newServer(t)
	d := srv.depot(t) // three attempts
	from, ids := shelved(t, 1)
	busy := func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`<Error><Code>SlowDown</Code></Error>`))
	}
	srv.intercept(func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch {
		case n%3 == 1:
			busy(w)
		case n%3 == 2 && r.Method == http.MethodGet:
			garbled(srv, w, r, half)
		case n%3 == 2:
			hangUp(w)
		default:
			return false
		}
		return true
	})
	c := srv.config()
	c.Parallel = 1
	one := depotOf(t, c)
	push(t, one, from, ids[0])
	srv.intercept(nil)
	srv.intercept(func(n int, w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/files/") && n%2 == 0 {
			garbled(srv, w, r, flip)
			return true
		}
		return false
	})
	if _, err := one.Pull(t.Context(), emptyShelf(t), ids[0], nil); err != nil {
		t.Errorf("every second body is wrong: %v", err)
	}
	for name, c := range map[string]struct {
		fault func(w http.ResponseWriter, r *http.Request)
		want  error
	}{
		"always busy":  {func(w http.ResponseWriter, _ *http.Request) { busy(w) }, catalog.ErrUnavailable},
		"always gone":  {func(w http.ResponseWriter, _ *http.Request) { hangUp(w) }, catalog.ErrUnavailable},
		"always wrong": {func(w http.ResponseWriter, r *http.Request) { garbled(srv, w, r, flip) }, bundle.ErrBroken},
		"always short": {func(w http.ResponseWriter, r *http.Request) {
			garbled(srv, w, r, half)
		}, catalog.ErrUnavailable},
	} {
		asked := make(map[string]int)
		srv.intercept(func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/files/") {
				return false
			}
			srv.mu.Lock()
			asked[r.URL.Path]++
			srv.mu.Unlock()
			c.fault(w, r)
			return true
		})
		to := emptyShelf(t)
		_, err := d.Pull(t.Context(), to, ids[0], nil)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		srv.mu.Lock()
		for path, n := range asked {
			// Three attempts, each of which the transport may make twice over a connection
			// that turns out to be closed.
			if n > 6 {
				t.Errorf("%s: %s was asked for %d times, want at most 6", name, path, n)
			}
		}
		srv.mu.Unlock()
		if list, err := to.List(); err != nil || len(list) > 0 {
			t.Errorf("%s: on the shelf are %v, %v", name, list, err)
		}
	}
}

// A server that hangs, wherever, holds nobody for longer than the context or the
// longest silence.
func TestHangingServer(t *testing.T) {
	srv := newServer(t)
	from, ids := shelved(t, 1)
	push(t, srv.depot(t), from, ids[0])
	end := make(chan struct{})
	defer close(end)
	for name, before := range map[string]func(n int, w http.ResponseWriter, r *http.Request) bool{
		"before an answer": func(_ int, _ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-end:
			case <-r.Context().Done():
			}
			return true
		},
		"within an answer": func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/files/") || r.Method == http.MethodHead {
				return false
			}
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
			_, _ = w.Write(make([]byte, 10))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-end:
			case <-r.Context().Done():
			}
			return true
		},
	} {
		srv.intercept(before)
		c := srv.config()
		c.Timeout, c.Attempts = 100*time.Millisecond, 2
		d := depotOf(t, c)
		if _, err := d.Pull(t.Context(), emptyShelf(t), ids[0], nil); !errors.Is(err, catalog.ErrUnavailable) || !strings.Contains(err.Error(), "silent for 100ms") {
			t.Errorf("%s: %v, want unavailable after a silence", name, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		if _, err := srv.depot(t).Pull(ctx, emptyShelf(t), ids[0], nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want the end of the context", name, err)
		}
		cancel()
	}
	srv.intercept(nil)
}

// A server that is slow, but not silent, is waited for.
func TestSlowServer(t *testing.T) {
	srv := newServer(t)
	from, ids := shelved(t, 1)
	push(t, srv.depot(t), from, ids[0])
	slow := false
	srv.intercept(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if slow || !strings.Contains(r.URL.Path, "/files/") {
			return false
		}
		slow = true
		rec := httptest.NewRecorder()
		srv.answer(rec, r)
		for key, values := range rec.Header() {
			w.Header()[key] = values
		}
		const pieces = 10
		body := rec.Body.Bytes()
		for i := range pieces {
			_, _ = w.Write(body[i*len(body)/pieces : (i+1)*len(body)/pieces])
			_ = http.NewResponseController(w).Flush()
			time.Sleep(60 * time.Millisecond)
		}
		return true
	})
	c := srv.config()
	c.Timeout, c.Attempts, c.Parallel = 400*time.Millisecond, 1, 1
	if _, err := depotOf(t, c).Pull(t.Context(), emptyShelf(t), ids[0], nil); err != nil || !slow {
		t.Errorf("an answer of 600 ms, never silent for 400: %v", err)
	}
}

// Certificates of one's own are trusted if they are named, and not otherwise.
func TestTLS(t *testing.T) {
	srv := newServer(t)
	secure := httptest.NewTLSServer(srv)
	defer secure.Close()
	c := srv.config()
	c.Endpoint, c.Insecure, c.Attempts = strings.TrimPrefix(secure.URL, "https://"), false, 1
	if _, err := depotOf(t, c).List(t.Context()); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("an unknown certificate: %v, want unavailable", err)
	}
	c.CA = filepath.Join(t.TempDir(), "ca.pem")
	write(t, c.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	d := depotOf(t, c)
	from, ids := shelved(t, 1)
	push(t, d, from, ids[0])
	publish(t, d, ids[0])
	pullable(t, d, ids[0])
	write(t, c.CA, []byte("rubbish"))
	if _, err := s3store.New(c); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("rubbish as certificates: %v, want invalid", err)
	}
}

// What the server says about bucket and credentials is told with what to do, and
// without the secret.
func TestErrorsTellWhatToDo(t *testing.T) {
	srv := newServer(t)
	c := srv.config()
	c.Bucket = "elsewhere"
	if _, err := depotOf(t, c).List(t.Context()); !errors.Is(err, catalog.ErrNotFound) || !strings.Contains(err.Error(), "make it first") {
		t.Errorf("no bucket: %v", err)
	}
	srv.intercept(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`<Error><Code>AccessDenied</Code><Message>no</Message></Error>`))
		return true
	})
	_, err := srv.depot(t).Live(t.Context())
	if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") || strings.Contains(err.Error(), "sesame") {
		t.Errorf("access denied: %v", err)
	}
}

// Rubbish under the keys of a depot is an error, never taken.
func TestRubbishInTheBucket(t *testing.T) {
	srv := newServer(t)
	d := srv.depot(t)
	from, ids := shelved(t, 2)
	push(t, d, from, ids...)
	other := srv.objects(t)["bundles/"+ids[1]+"/manifest.json"]
	for name, text := range map[string][]byte{
		"rubbish": []byte("rubbish"), "nothing": nil, "another's": other, "too long": bytes.Repeat([]byte(" "), 5<<20),
	} {
		srv.put(t, "bundles/"+ids[0]+"/manifest.json", text)
		if _, err := d.Pull(t.Context(), emptyShelf(t), ids[0], nil); !errors.Is(err, bundle.ErrBroken) {
			t.Errorf("%s as a manifest: %v, want ErrBroken", name, err)
		}
		if list, err := d.List(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("%s as a manifest: the depot lists %d bundles, %v; want the whole one", name, len(list), err)
		}
	}
	push(t, d, from, ids[0]) // mends it
	pullable(t, d, ids[0])
	srv.put(t, "live", []byte("rubbish"))
	if _, err := d.Live(t.Context()); !errors.Is(err, bundle.ErrBroken) {
		t.Errorf("rubbish as the pointer: %v, want ErrBroken", err)
	}
	publish(t, d, ids[0])
	srv.put(t, "removing/x", []byte("rubbish"))
	if _, _, err := d.GC(t.Context(), time.Now()); err != nil {
		t.Error(err)
	}
	srv.put(t, "bundles/x/manifest.json", []byte("rubbish"))
	if _, _, err := d.GC(t.Context(), time.Now()); !errors.Is(err, bundle.ErrBroken) || !strings.Contains(err.Error(), "bundles/x/manifest.json") {
		t.Errorf("something else among the manifests: %v, want ErrBroken and its key", err)
	}
}
