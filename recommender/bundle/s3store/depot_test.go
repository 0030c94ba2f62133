package s3store_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

func TestPushAndPull(t *testing.T) {
	srv := newServer(t)
	d := srv.depot(t)
	from, ids := shelved(t, 2)
	if list, err := d.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("an empty bucket holds %v, %v", list, err)
	}
	var seen []int64
	if err := d.Push(t.Context(), from, ids[0], func(done, total int64) { seen = append(seen, done, total) }); err != nil {
		t.Fatal(err)
	}
	want, err := from.Manifest(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	if total := want.Bytes(); len(seen) < 4 || seen[len(seen)-1] != total || seen[len(seen)-2] != total || seen[0] != 0 {
		t.Errorf("progress %v, want from 0 to %d", seen, total)
	}
	push(t, d, from, ids[1])
	to := emptyShelf(t)
	for i, id := range ids {
		m, err := d.Pull(t.Context(), to, id, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := from.Manifest(id)
		if err != nil || !reflect.DeepEqual(m, want) {
			t.Errorf("pulled %+v, want %+v (%v)", m, want, err)
		}
		if err := to.Verify(id); err != nil {
			t.Errorf("bundle %d: %v", i, err)
		}
	}
	list, err := d.List(t.Context())
	if err != nil || len(list) != 2 || list[0].ID != ids[1] || list[1].ID != ids[0] {
		t.Errorf("the depot lists %v, %v; want the newer first", list, err)
	}
	if _, err := d.Pull(t.Context(), to, "0123456789abcdef", nil); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("pull of another: %v, want not found", err)
	}
	for _, id := range []string{"../live", ""} {
		if _, err := d.Pull(t.Context(), to, id, nil); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("pull of %q: %v, want invalid", id, err)
		}
	}
	if err := d.Push(t.Context(), from, "0123456789abcdef", nil); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("push of another: %v, want not found", err)
	}
}

// A file that several bundles have goes up once and comes down once, and what is there
// is not sent again.
func TestOnlyWhatIsNewIsSent(t *testing.T) {
	srv := newServer(t)
	d := srv.depot(t)
	from, ids := shelved(t, 2)
	push(t, d, from, ids[0])
	srv.intercept(nil)
	push(t, d, from, ids[1])
	if n := srv.count("PUT marquee/test/files/"); n != 1 {
		t.Errorf("%d files were sent of a bundle with one new file", n)
	}
	srv.intercept(nil)
	push(t, d, from, ids...)
	if n := srv.count("PUT "); n != 0 {
		t.Errorf("%d objects were sent again", n)
	}
	to := emptyShelf(t)
	if _, err := d.Pull(t.Context(), to, ids[0], nil); err != nil {
		t.Fatal(err)
	}
	srv.intercept(nil)
	for range 2 {
		if _, err := d.Pull(t.Context(), to, ids[1], nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := srv.count("GET marquee/test/files/"); n != 1 {
		t.Errorf("%d files came of a bundle with one new file", n)
	}
}

// A large file goes in parts.
func TestParts(t *testing.T) {
	srv := newServer(t)
	c := srv.config()
	c.PartSize = 5 << 20
	d := depotOf(t, c)
	from := emptyShelf(t)
	b := sample(t, 1)
	b.Fitted = bytes.Repeat([]byte("0123456789abcdef"), 11<<20/16)
	m, err := from.Put(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	push(t, d, from, m.ID)
	if n := srv.count("POST "); n != 2 {
		t.Errorf("%d uploads in parts were begun or ended, want one of each", n)
	}
	to := emptyShelf(t)
	if _, err := d.Pull(t.Context(), to, m.ID, nil); err != nil {
		t.Fatal(err)
	}
	if err := to.Verify(m.ID); err != nil {
		t.Error(err)
	}
}

// The depot's pointer is as a shelf's.
func TestPublish(t *testing.T) {
	srv := newServer(t)
	d := srv.depot(t)
	from, ids := shelved(t, 4)
	push(t, d, from, ids[:3]...)
	if _, err := d.Live(t.Context()); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("nothing published: %v, want not found", err)
	}
	if _, _, err := d.Rollback(t.Context(), "", ""); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("rollback of nothing: %v, want not found", err)
	}
	if err := d.Publish(t.Context(), bundle.Publication{ID: ids[3]}); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("publish of what is not there: %v, want not found", err)
	}
	after := func(began, id string) error {
		return d.PublishAfter(t.Context(), began, bundle.Publication{ID: id, By: "ann", Why: "better"})
	}
	if err := after(ids[1], ids[0]); !errors.Is(err, bundle.ErrMoved) {
		t.Errorf("none is live: %v, want ErrMoved", err)
	}
	if err := errors.Join(after("", ids[0]), after(ids[0], ids[1])); err != nil {
		t.Fatal(err)
	}
	if err := after(ids[0], ids[2]); !errors.Is(err, bundle.ErrMoved) {
		t.Errorf("another is live: %v, want ErrMoved", err)
	}
	publish(t, d, ids[2], ids[2])
	if got := published(t, d); !slices.Equal(got, []string{ids[2], ids[1], ids[0]}) {
		t.Errorf("published %v", got)
	}
	pointer := srv.objects(t)["live"]
	if first, _, _ := bytes.Cut(pointer, []byte("\n")); string(first) != ids[2] {
		t.Errorf("the pointer begins with %q, want %s", first, ids[2])
	}
	if err := d.Remove(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	from2, to, err := d.Rollback(t.Context(), "ann", "worse")
	if err != nil || from2 != ids[2] || to != ids[0] {
		t.Errorf("rolled back from %s to %s, %v; want over the one that is gone", from2, to, err)
	}
	list, err := d.Published(t.Context())
	if err != nil || list[0].Back != ids[2] || list[0].By != "ann" || list[0].Why != "worse" {
		t.Errorf("the journal is %+v, %v", list, err)
	}
}

// A bundle that lacks a file is not published, and a push puts it back.
func TestMissingFiles(t *testing.T) {
	srv := newServer(t)
	d := srv.depot(t)
	from, ids := shelved(t, 1)
	push(t, d, from, ids[0])
	m, err := from.Manifest(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	srv.put(t, "files/"+m.Files[0].SHA256, []byte("rubbish"))
	if err := d.Publish(t.Context(), bundle.Publication{ID: ids[0]}); !errors.Is(err, bundle.ErrBroken) {
		t.Errorf("publish: %v, want ErrBroken", err)
	}
	if _, err := d.Pull(t.Context(), emptyShelf(t), ids[0], nil); !errors.Is(err, bundle.ErrBroken) {
		t.Errorf("pull: %v, want ErrBroken", err)
	}
	push(t, d, from, ids[0])
	publish(t, d, ids[0])
}

// Publishers at once each get their turn, and no word is lost. Of those who begin from
// the same bundle one wins.
func TestPublishersAtOnce(t *testing.T) {
	const n = 5
	srv := newServer(t)
	d := srv.depot(t)
	from, ids := shelved(t, n+1)
	push(t, d, from, ids...)
	publish(t, d, ids[n])
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		other := srv.depot(t)
		wg.Go(func() { errs[i] = other.Publish(t.Context(), bundle.Publication{ID: ids[i]}) })
	}
	wg.Wait()
	got := published(t, d)
	slices.Sort(got)
	if err := errors.Join(errs...); err != nil || !slices.Equal(got, slices.Sorted(slices.Values(ids))) {
		t.Errorf("published %v, %v; want each of %v once", got, err, ids)
	}
	publish(t, d, ids[n])
	for i := range n {
		wg.Go(func() { errs[i] = d.PublishAfter(t.Context(), ids[n], bundle.Publication{ID: ids[i]}) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, bundle.ErrMoved) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d won, want one", won, n)
	}
}

// A publication that another came on top of before it was read back is not made again,
// and neither is one whose answer was lost.
func TestPublicationIsMadeOnce(t *testing.T) {
	for name, lost := range map[string]bool{"overtaken": false, "answer lost": true} {
		srv := newServer(t)
		c := srv.config()
		c.Attempts = 1
		d := depotOf(t, c)
		from, ids := shelved(t, 3)
		push(t, d, from, ids...)
		publish(t, d, ids[2])
		done := false
		srv.intercept(func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if done || r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/live") {
				return false
			}
			done = true
			rec := httptest.NewRecorder()
			srv.answer(rec, r)
			publish(t, srv.depot(t), ids[1])
			if lost {
				hangUp(w)
				return true
			}
			w.Header().Set("ETag", rec.Header().Get("ETag"))
			w.WriteHeader(rec.Code)
			return true
		})
		if err := d.PublishAfter(t.Context(), ids[2], bundle.Publication{ID: ids[0]}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := published(t, d); !slices.Equal(got, []string{ids[1], ids[0], ids[2]}) {
			t.Errorf("%s: published %v", name, got)
		}
	}
}

// A server without conditions on writes does for one publisher at a time, whether it
// says so or not.
func TestServersWithoutConditions(t *testing.T) {
	for name, before := range map[string]func(n int, w http.ResponseWriter, r *http.Request) bool{
		"says so": func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("If-Match")+r.Header.Get("If-None-Match") == "" {
				return false
			}
			w.WriteHeader(http.StatusNotImplemented)
			_, _ = w.Write([]byte(`<Error><Code>NotImplemented</Code></Error>`))
			return true
		},
		"ignores them": func(_ int, _ http.ResponseWriter, r *http.Request) bool {
			r.Header.Del("If-Match")
			r.Header.Del("If-None-Match")
			return false
		},
	} {
		srv := newServer(t)
		srv.intercept(before)
		d := srv.depot(t)
		from, ids := shelved(t, 2)
		push(t, d, from, ids...)
		publish(t, d, ids...)
		if _, to, err := d.Rollback(t.Context(), "", ""); err != nil || to != ids[0] {
			t.Errorf("%s: rolled back to %s, %v", name, to, err)
		}
		if got := published(t, d); !slices.Equal(got, []string{ids[0], ids[1], ids[0]}) {
			t.Errorf("%s: published %v", name, got)
		}
	}
}

// What no bundle names goes after a day, and what a push names while GC is at work
// stays.
func TestGC(t *testing.T) {
	srv := newServer(t)
	d := srv.depot(t)
	from, ids := shelved(t, 4)
	push(t, d, from, ids...)
	publish(t, d, ids[0])
	for _, id := range ids[1:] {
		if err := d.Remove(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	before := len(srv.objects(t))
	if files, freed, err := d.GC(t.Context(), time.Now()); err != nil || files != 0 || freed != 0 {
		t.Errorf("young files: %d of %d bytes went, %v", files, freed, err)
	}
	// A push while GC is at work: when it has seen the files, or even the bundles.
	pushed := 0
	srv.intercept(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		seen := r.Method == http.MethodGet && r.URL.Query().Get("prefix") == "marquee/test/"+[]string{"files/", "bundles/", ""}[pushed]
		if !seen {
			return false
		}
		pushed++
		srv.answer(w, r)
		push(t, srv.depot(t), from, ids[pushed])
		return true
	})
	files, freed, err := d.GC(t.Context(), time.Now().Add(25*time.Hour))
	if err != nil || files != 1 || freed == 0 || pushed != 2 {
		t.Errorf("%d files of %d bytes went, %v, pushed %d; want the one of the last bundle", files, freed, err, pushed)
	}
	srv.intercept(nil)
	if n := len(srv.objects(t)); n != before+1 { // a file less and two manifests more
		t.Errorf("%d objects, were %d", n, before)
	}
	to := emptyShelf(t)
	for _, id := range ids[:3] {
		if _, err := d.Pull(t.Context(), to, id, nil); err != nil {
			t.Error(err)
		}
	}
	srv.put(t, "bundles/0123456789abcdef/manifest.json", []byte(`{"format":99}`))
	if _, _, err := d.GC(t.Context(), time.Now()); !errors.Is(err, bundle.ErrBroken) {
		t.Errorf("a manifest of a newer program: %v, want ErrBroken", err)
	}
	if err := d.Remove(t.Context(), "0123456789abcdef"); err != nil {
		t.Error(err)
	}
	if _, _, err := d.GC(t.Context(), time.Now()); err != nil {
		t.Error(err)
	}
}

// What is taken from under a push, before its manifest is there, it puts back.
func TestPushPutsBack(t *testing.T) {
	srv := newServer(t)
	from, ids := shelved(t, 1)
	m, err := from.Manifest(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	srv.intercept(func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifest.json") {
			if _, err := srv.backend.DeleteObject(bucket, "marquee/test/files/"+m.Files[0].SHA256); err != nil {
				t.Error(err)
			}
		}
		return false
	})
	push(t, srv.depot(t), from, ids[0])
	srv.whole(t, ids[0])
}

func TestRemove(t *testing.T) {
	srv := newServer(t)
	d := srv.depot(t)
	from, ids := shelved(t, 2)
	push(t, d, from, ids...)
	publish(t, d, ids[1])
	if err := d.Remove(t.Context(), ids[1]); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("the live bundle: %v, want invalid", err)
	}
	if err := d.Remove(t.Context(), "0123456789abcdef"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("none: %v, want not found", err)
	}
	if err := d.Remove(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	// The histories of both are one file, which the other still needs.
	if _, err := d.Pull(t.Context(), emptyShelf(t), ids[1], nil); err != nil {
		t.Error(err)
	}
}

// inNoObject checks that a text stands nowhere in the bucket.
func inNoObject(t *testing.T, srv *server, text string) {
	t.Helper()
	for key, data := range srv.objects(t) {
		if bytes.Contains(data, []byte(text)) {
			t.Errorf("%s holds %q", key, text)
		}
	}
}

func is(u catalog.UserID) func(catalog.UserID) bool {
	return func(v catalog.UserID) bool { return u == v }
}

// Nobody who was forgotten is left on the shelf or in the depot, not in bundles that
// only one of them has either, and the journal names what took the place.
func TestForgetEverywhere(t *testing.T) {
	srv := newServer(t)
	d := srv.depot(t)
	s, ids := shelved(t, 3)
	push(t, d, s, ids[:2]...)
	publish(t, d, ids[:2]...)
	if err := os.RemoveAll(s.Dir(ids[0])); err != nil { // pruned
		t.Fatal(err)
	}
	done, unread, err := bundle.ForgetEverywhere(t.Context(), s, d, is("somebody-else"))
	if err != nil || len(done) != 3 || len(unread) != 0 {
		t.Fatalf("forgotten: %+v, %v, %v; want three replaced", done, unread, err)
	}
	next := make(map[string]string)
	for _, r := range done {
		next[r.Old] = r.New
	}
	inNoObject(t, srv, "somebody-else")
	if got := published(t, d); !slices.Equal(got, []string{next[ids[1]], next[ids[0]]}) {
		t.Errorf("published %v, want what took the place of %v", got, ids[:2])
	}
	left, err := s.List()
	if err != nil || len(left) != 2 || slices.ContainsFunc(left, func(m bundle.Manifest) bool { return m.ID == next[ids[0]] }) {
		t.Errorf("on the shelf are %d bundles, %v; want those that were there", len(left), err)
	}
	to := emptyShelf(t)
	for _, id := range published(t, d) {
		if _, err := d.Pull(t.Context(), to, id, nil); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Pull(t.Context(), to, ids[1], nil); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("pull of the old one: %v, want not found", err)
	}
	if again, _, err := bundle.ForgetEverywhere(t.Context(), s, d, is("somebody-else")); err != nil || len(again) != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// What came of a bundle before an interruption is not asked for again.
func TestPullGoesOn(t *testing.T) {
	srv := newServer(t)
	c := srv.config()
	c.Parallel, c.Attempts = 1, 1
	d := depotOf(t, c)
	from, ids := shelved(t, 1)
	push(t, d, from, ids[0])
	m, err := from.Manifest(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	const came = 2
	srv.intercept(func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n > 1+came { // the manifest is the first
			hangUp(w)
			return true
		}
		return false
	})
	to := emptyShelf(t)
	if _, err := d.Pull(t.Context(), to, ids[0], nil); !errors.Is(err, catalog.ErrUnavailable) {
		t.Fatalf("pull: %v, want unavailable", err)
	}
	srv.intercept(nil)
	var first int64 = -1
	if _, err := d.Pull(t.Context(), to, ids[0], func(done, _ int64) {
		if first < 0 {
			first = done
		}
	}); err != nil {
		t.Fatal(err)
	}
	if n, want := srv.count("GET marquee/test/files/"), len(m.Files)-came; n != want || first == 0 {
		t.Errorf("%d files were asked for and %d bytes there, want %d and some", n, first, want)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(to.Dir(ids[0])), ".draft-*")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
