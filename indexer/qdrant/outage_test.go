package qdrant_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/indexer/qdrant"
	"marquee/indexer/qdrant/qdranttest"
)

// waitFor waits until a server that came back answers.
func waitFor(t *testing.T, ix *qdrant.Index) {
	t.Helper()
	q := make([]float32, ix.Dims())
	q[0] = 1
	var err error
	for range 1000 {
		if _, err = ix.Search(t.Context(), q, 1, nil); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the server does not come back: %v", err)
}

// The ways of asking while somebody waits.
func ways(ctx context.Context, ix *qdrant.Index, q []float32) map[string]error {
	_, search := ix.Search(ctx, q, 5, nil)
	_, filtered := ix.SearchFilter(ctx, q, 5, qdrant.Filter{Exclude: []uint32{1}})
	_, neighbours := ix.Neighbours(ctx, []uint32{1, 2}, 5, []uint32{1, 2})
	return map[string]error{"search": search, "filtered search": filtered, "neighbours": neighbours}
}

func TestSearchesEnd(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	cfg := quick(fake.Addr)
	vecs := clustered(31, 50)
	built := mustBuild(t, mustDial(t, cfg), vecs, dims)
	cfg.Timeout, cfg.Failures = 30*time.Millisecond, 1000
	ix, err := mustDial(t, cfg).Open(t.Context(), built.Collection(), vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	hang := qdranttest.Fault{Times: -1, Hang: true}
	fake.Inject(hang)
	began := time.Now()
	for way, err := range ways(t.Context(), ix, row(vecs, 1)) {
		if !errors.Is(err, catalog.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s without an answer gives %v, want %v and no error of the caller's context", way, err, catalog.ErrUnavailable)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("three searches of 30 ms took %v", took)
	}
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	<-late.Done()
	for way, err := range ways(late, ix, row(vecs, 1)) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s after the caller's deadline gives %v", way, err)
		}
	}
	gone, cancelGone := context.WithCancel(t.Context())
	built = built.Patient()
	time.AfterFunc(5*time.Millisecond, cancelGone)
	if _, err := built.Search(gone, row(vecs, 1), 5, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("search of a caller that went gives %v, want %v", err, context.Canceled)
	}
	fake.Heal()
}

// A search is tried once, whatever happens.
func TestSearchesAreNotTriedAgain(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.Internal, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Aborted, codes.Unknown} {
		fake := qdranttest.Start(t, qdranttest.Options{})
		vecs := clustered(32, 50)
		ix := mustBuild(t, mustDial(t, quick(fake.Addr)), vecs, dims)
		before := fake.Calls("Points/Query")
		fake.Inject(qdranttest.Fault{Times: -1, Code: code})
		for way, err := range ways(t.Context(), ix, row(vecs, 1)) {
			if !errors.Is(err, catalog.ErrUnavailable) {
				t.Errorf("%v, %s: %v, want %v", code, way, err, catalog.ErrUnavailable)
			}
		}
		if n := fake.Calls("Points/Query") - before; n != 2 {
			t.Errorf("%v: %d calls for 2 searches", code, n)
		}
		if _, err := ix.Patient().Search(t.Context(), row(vecs, 1), 5, nil); !errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("%v, patient: %v", code, err)
		}
	}
}

// A server that fails is left alone for a moment, and asked again.
func TestOutage(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	cfg := quick(fake.Addr)
	cfg.Failures, cfg.Pause = 3, time.Hour
	vecs := clustered(33, 50)
	ix := mustBuild(t, mustDial(t, cfg), vecs, dims)
	fake.Inject(qdranttest.Fault{Times: -1, Code: codes.Unavailable})
	before := fake.Calls("Points/Query")
	for range 10 {
		if _, err := ix.Search(t.Context(), row(vecs, 1), 5, nil); !errors.Is(err, catalog.ErrUnavailable) {
			t.Fatalf("error %v, want %v", err, catalog.ErrUnavailable)
		}
	}
	if n := fake.Calls("Points/Query") - before; n != 3 {
		t.Errorf("10 searches make %d calls, want 3", n)
	}
	_, err := ix.Neighbours(t.Context(), []uint32{1}, 5, nil)
	if !errors.Is(err, catalog.ErrUnavailable) || !strings.Contains(err.Error(), "left alone") {
		t.Errorf("error %v, want one that says so", err)
	}
	fake.Heal()

	cfg.Pause = time.Millisecond
	ix = mustBuild(t, mustDial(t, cfg), vecs, dims)
	fake.Stop()
	for range 5 {
		for way, err := range ways(t.Context(), ix, row(vecs, 1)) {
			if !errors.Is(err, catalog.ErrUnavailable) {
				t.Fatalf("%s: %v, want %v", way, err, catalog.ErrUnavailable)
			}
		}
	}
	fake.Restart(t)
	waitFor(t, ix)
	for way, err := range ways(t.Context(), ix, row(vecs, 1)) {
		if err != nil {
			t.Errorf("%s after the server came back: %v", way, err)
		}
	}
}

// A bundle's index comes up while the server is down, and looks at its collection as
// soon as it can.
func TestAttach(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	vecs := clustered(34, 50)
	cfg := quick(fake.Addr)
	built := mustBuild(t, mustDial(t, cfg), vecs, dims)
	built, err := built.WithEf(77)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if n, err := built.WriteTo(&text); err != nil || n != int64(text.Len()) {
		t.Fatalf("WriteTo says %d of %d bytes, error %v", n, text.Len(), err)
	}
	c := mustDial(t, cfg)
	attach := func(text string, vecs []float32) (*qdrant.Index, error) {
		return c.Attach(strings.NewReader(text), vecs, dims)
	}
	fake.Stop()
	ix, err := attach(text.String(), vecs)
	if err != nil {
		t.Fatal(err)
	}
	if ix.Collection() != built.Collection() || ix.Config().Ef != 77 || ix.Len() != 50 || ix.Dims() != dims {
		t.Errorf("attached %s with ef %d, %d x %d", ix.Collection(), ix.Config().Ef, ix.Len(), ix.Dims())
	}
	if err := ix.Check(t.Context()); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("check while the server is down: %v, want %v", err, catalog.ErrUnavailable)
	}
	for way, err := range ways(t.Context(), ix, row(vecs, 1)) {
		if !errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("%s while the server is down: %v, want %v", way, err, catalog.ErrUnavailable)
		}
	}
	fake.Restart(t)
	waitFor(t, ix)
	if err := agrees(t.Context(), ix, rowsOf(vecs), row(vecs, 2), 10); err != nil {
		t.Error(err)
	}

	other := clustered(35, 50)
	lies := strings.Replace(text.String(), built.Collection(), mustBuild(t, c, other, dims).Collection(), 1)
	wrong, err := attach(lies, vecs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.Search(t.Context(), row(vecs, 1), 5, nil); !errors.Is(err, catalog.ErrDamaged) {
		t.Errorf("a search in another build's collection gives %v, want %v", err, catalog.ErrDamaged)
	}
	for name, text := range map[string]string{
		"empty": "", "no JSON": "hnsw", "another format": strings.Replace(text.String(), `"format": 1`, `"format": 2`, 1),
		"no name": strings.Replace(text.String(), built.Collection(), "", 1), "a path": strings.Replace(text.String(), built.Collection(), "../x", 1),
		"no ef": strings.Replace(text.String(), `"ef": 77`, `"ef": 0`, 1), "endless": text.String() + strings.Repeat(" ", 1<<15),
	} {
		if _, err := attach(text, vecs); !errors.Is(err, qdrant.ErrFormat) {
			t.Errorf("%s: %v, want %v", name, err, qdrant.ErrFormat)
		}
	}
	for name, vecs := range map[string][]float32{"other vectors": other, "fewer": vecs[:40*dims], "none": nil} {
		if _, err := attach(text.String(), vecs); !errors.Is(err, qdrant.ErrFormat) {
			t.Errorf("%s: %v, want %v", name, err, qdrant.ErrFormat)
		}
	}
}

func TestOpen(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		c := mustDial(t, p.cfg)
		vecs := clustered(36, 50)
		built := mustBuild(t, c, vecs, dims)
		tests := []struct {
			name, collection string
			vecs             []float32
			dims             int
			want             error
		}{
			{"its own", built.Collection(), vecs, dims, nil},
			{"not there", built.Collection() + "x", vecs, dims, catalog.ErrNotFound},
			{"nothing live", "", vecs, dims, catalog.ErrNotFound},
			{"other dims", built.Collection(), clustered(36, 50)[:50*dims/2], dims / 2, indexer.ErrRow},
			{"half the dims", built.Collection(), halves(50), dims / 2, indexer.ErrDims},
			{"other vectors", built.Collection(), clustered(37, 50), dims, catalog.ErrDamaged},
			{"more rows", built.Collection(), clustered(36, 51), dims, catalog.ErrDamaged},
		}
		for _, tt := range tests {
			_, err := c.Open(t.Context(), tt.collection, tt.vecs, tt.dims)
			if !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		}
		if err := built.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		ix, err := c.Open(t.Context(), "", vecs, dims)
		if err != nil {
			t.Fatal(err)
		}
		if err := agrees(t.Context(), ix, rowsOf(vecs), row(vecs, 4), 12); err != nil {
			t.Error(err)
		}
		if err := c.RemoveAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = ix.Search(t.Context(), row(vecs, 4), 5, nil)
		if !errors.Is(err, catalog.ErrNotFound) || !strings.Contains(err.Error(), "build the index again") {
			t.Errorf("a search after its collection was removed gives %v, want %v and what to do", err, catalog.ErrNotFound)
		}
	})
}

// halves returns n unit vectors of half the dims.
func halves(n int) []float32 {
	vecs := make([]float32, n*dims/2)
	for i := range n {
		vecs[i*dims/2] = 1
	}
	return vecs
}

func TestKeyAndTLS(t *testing.T) {
	const key = "s3cret-key"
	fake := qdranttest.Start(t, qdranttest.Options{APIKey: key, TLS: true})
	good := quick(fake.Addr)
	good.APIKey, good.TLS, good.CAFile, good.Attempts = key, true, fake.CAFile, 2
	vecs := clustered(38, 30)
	ix := mustBuild(t, mustDial(t, good), vecs, dims)
	if version, err := mustDial(t, good).Health(t.Context()); err != nil || version != "1.17.1" {
		t.Errorf("version %q, error %v", version, err)
	}
	tests := []struct {
		name string
		edit func(*qdrant.Config)
		want error
	}{
		{"no key", func(c *qdrant.Config) { c.APIKey = "" }, qdrant.ErrKey},
		{"another key", func(c *qdrant.Config) { c.APIKey = "wr0ng-key" }, qdrant.ErrKey},
		{"no TLS", func(c *qdrant.Config) { c.TLS, c.CAFile, c.APIKey = false, "", "" }, catalog.ErrUnavailable},
		{"another authority", func(c *qdrant.Config) { c.CAFile = "" }, catalog.ErrUnavailable},
	}
	for _, tt := range tests {
		cfg := good
		tt.edit(&cfg)
		c := mustDial(t, cfg)
		_, health := c.Health(t.Context())
		_, open := c.Open(t.Context(), ix.Collection(), vecs, dims)
		_, _, build := c.Build(t.Context(), qdrant.Source{Name: "x", Vectors: vecs, Dims: dims}, unmeasured(), nil)
		for what, err := range map[string]error{"open": open, "build": build, "health": health} {
			if !errors.Is(err, tt.want) || !errors.Is(err, catalog.ErrUnavailable) {
				t.Errorf("%s: %s gives %v, want %v", tt.name, what, err, tt.want)
			} else if strings.Contains(err.Error(), "-key") {
				t.Errorf("%s: %s shows a key: %v", tt.name, what, err)
			}
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", good, good, good, good.APIKey); strings.Contains(text, key) {
		t.Errorf("the key shows in %s", text)
	}
}

func TestVersion(t *testing.T) {
	for version, want := range map[string]error{
		"1.12.6": qdrant.ErrVersion, "0.11.0": qdrant.ErrVersion, "dev": qdrant.ErrVersion,
		"1.13.0": nil, "v1.19.2-rc": nil, "2.0.0": nil,
	} {
		fake := qdranttest.Start(t, qdranttest.Options{Version: version})
		_, _, err := mustDial(t, quick(fake.Addr)).Build(t.Context(), qdrant.Source{Name: "x", Dims: dims}, unmeasured(), nil)
		if !errors.Is(err, want) {
			t.Errorf("version %s: %v, want %v", version, err, want)
		}
	}
}

func TestSnapshots(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		c := mustDial(t, p.cfg)
		ix := mustBuild(t, c, clustered(39, 30), dims)
		made, err := ix.Snapshot(t.Context())
		if err != nil || made.Name == "" {
			t.Fatalf("snapshot %+v, error %v", made, err)
		}
		listed := func() int {
			all, err := ix.Snapshots(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, s := range all {
				if s.Name == made.Name {
					n++
				}
			}
			return n
		}
		if n := listed(); n != 1 {
			t.Errorf("%d snapshots of that name, want 1", n)
		}
		if err := ix.RemoveSnapshot(t.Context(), made.Name); err != nil || listed() != 0 {
			t.Errorf("after its removal %d, error %v", listed(), err)
		}
		if err := c.RemoveAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := ix.Snapshot(t.Context()); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("snapshot of what is gone: %v, want %v", err, catalog.ErrNotFound)
		}
	})
}
