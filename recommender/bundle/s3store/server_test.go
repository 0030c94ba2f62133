package s3store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/bundle/s3store"
	"marquee/recommender/rank"
)

func TestMain(m *testing.M) {
	minio.DefaultRetryUnit = time.Millisecond // so that repetitions take no time
	// In memory, where there is such a folder, so that syncing takes no time either.
	dir, err := os.MkdirTemp("/dev/shm", "s3store-test-")
	if err == nil {
		err = os.Setenv("TMPDIR", dir)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err == nil {
			_ = os.RemoveAll(dir)
		}
		os.Exit(code)
	}))
}

const bucket = "bundles"

// A server is an S3 server in this process. before, if it is set, is asked first with
// the number of the request, from 1; if it answers itself it returns true.
type server struct {
	*httptest.Server
	s3      http.Handler
	backend *s3mem.Backend

	mu     sync.Mutex
	n      int
	before func(n int, w http.ResponseWriter, r *http.Request) bool
	log    []string // method and path of each request
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{backend: s3mem.New()}
	if err := s.backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	s.s3 = gofakes3.New(s.backend).Server()
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.n++
	n, before := s.n, s.before
	s.log = append(s.log, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/"+bucket+"/"))
	s.mu.Unlock()
	if before != nil && before(n, w, r) {
		return
	}
	s.answer(w, r)
}

// answer answers as an S3 server does. The body is signed chunk by chunk; the fake
// reads such parts of a large file as if the signatures were content.
func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		data, err := unsigned(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(data))
		r.ContentLength = int64(len(data))
		r.Header.Set("Content-Length", strconv.Itoa(len(data)))
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	}
	s.s3.ServeHTTP(w, r)
}

// unsigned returns the content of a body of signed chunks.
func unsigned(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var out []byte
	for {
		head, rest, found := bytes.Cut(text, []byte("\r\n"))
		size, _, _ := bytes.Cut(head, []byte(";"))
		n, err := strconv.ParseInt(string(size), 16, 64)
		if err != nil || !found || int64(len(rest)) < n+2 {
			return nil, fmt.Errorf("chunk %.20q of %d bytes: %w", head, len(text), err)
		}
		if n == 0 {
			return out, nil
		}
		out, text = append(out, rest[:n]...), rest[n+2:]
	}
}

// intercept sets what is asked before requests, and begins to count anew.
func (s *server) intercept(before func(n int, w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.n, s.log = before, 0, nil
}

// count returns how many requests began so since intercept.
func (s *server) count(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, line := range s.log {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// hangUp ends the connection of a request without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

// config returns that of a depot on the server.
func (s *server) config() s3store.Config {
	c := s3store.DefaultConfig()
	c.Endpoint = strings.TrimPrefix(s.URL, "http://")
	c.Bucket, c.Prefix, c.Region = bucket, "marquee/test", "us-east-1"
	c.Insecure, c.PathStyle = true, true
	c.AccessKey, c.Secret = "key", "sesame"
	c.Attempts, c.Timeout = 3, 5*time.Second
	return c
}

func (s *server) depot(t testing.TB) *s3store.Depot { return depotOf(t, s.config()) }

func depotOf(t testing.TB, c s3store.Config) *s3store.Depot {
	t.Helper()
	d, err := s3store.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// objects returns what the bucket holds, by key, without the prefix.
func (s *server) objects(t testing.TB) map[string][]byte {
	t.Helper()
	prefix := &gofakes3.Prefix{}
	list, err := s.backend.ListBucket(bucket, prefix, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, o := range list.Contents {
		object, err := s.backend.GetObject(bucket, o.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(object.Contents)
		if err != nil {
			t.Fatal(err)
		}
		object.Contents.Close()
		all[strings.TrimPrefix(o.Key, "marquee/test/")] = data
	}
	return all
}

// whole checks that all files of a bundle are there, as they should be.
func (s *server) whole(t testing.TB, id string) {
	t.Helper()
	objects := s.objects(t)
	m, err := bundle.ParseManifest(objects["bundles/"+id+"/manifest.json"])
	if err != nil || m.ID != id {
		t.Errorf("manifest of %s: %s, %v", id, m.ID, err)
	}
	for _, f := range m.Files {
		if sum := sha256.Sum256(objects["files/"+f.SHA256]); hex.EncodeToString(sum[:]) != f.SHA256 {
			t.Errorf("%s of %s is missing or not what it should be", f.Name, id)
		}
	}
}

// put replaces what is under a key.
func (s *server) put(t testing.TB, key string, data []byte) {
	t.Helper()
	if _, err := s.backend.PutObject(bucket, "marquee/test/"+key, map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}, bytes.NewReader(data), int64(len(data)), nil); err != nil {
		t.Fatal(err)
	}
}

// exact is the simplest index there is.
type exact int

func (x exact) Len() int  { return int(x) }
func (x exact) Dims() int { return 2 }
func (x exact) Search(context.Context, []float32, int, indexer.Keep) ([]indexer.Hit, error) {
	return nil, nil
}

// sample returns a bundle of its own for each n. All share their vectors and more.
func sample(t testing.TB, n int) *bundle.Bundle {
	t.Helper()
	movies := []catalog.Movie{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	vecs := []float32{1, 0, 0, 1, 0.6, 0.8}
	table, err := indexer.Neighbours(t.Context(), vecs, 2, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rank.DefaultConfig()
	stats, err := rank.NewStats(movies, rows, func(func(catalog.UserSeen, error) bool) {}, catalog.Scale5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	stats.Quality[0] = 0.01 * float32(n)
	h := &bundle.Histories{}
	h.Add("somebody", rank.Taste{Watched: []rank.Watched{{Row: 0, Preference: 50}}})
	h.Add("somebody-else", rank.Taste{Watched: []rank.Watched{{Row: 1, Preference: 50}}})
	return &bundle.Bundle{
		Manifest: bundle.Manifest{
			Created: time.Date(2020, 1, 1, n, 0, 0, 0, time.UTC), Scale: catalog.Scale5, Ranking: cfg,
			Embedder: embedder.ID{Dims: 2}, Index: bundle.Index{Kind: "exact"}, Counts: bundle.Counts{Movies: 3, Users: 2, Watched: 2},
		},
		Movies: rows, Vectors: vecs, Table: table, Stats: stats, Histories: h, Index: exact(3),
	}
}

func emptyShelf(t testing.TB) *bundle.Shelf {
	t.Helper()
	s, err := bundle.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shelved returns a shelf with the samples 1 to n and their IDs.
func shelved(t testing.TB, n int) (*bundle.Shelf, []string) {
	t.Helper()
	s := emptyShelf(t)
	var ids []string
	for i := range n {
		m, err := s.Put(t.Context(), sample(t, i+1))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	return s, ids
}

// copied returns a shelf with the same files, under other names.
func copied(t testing.TB, from *bundle.Shelf) *bundle.Shelf {
	t.Helper()
	s := emptyShelf(t)
	list, err := from.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		names, err := filepath.Glob(filepath.Join(from.Dir(m.ID), "*"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(s.Dir(m.ID), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if err := os.Link(name, filepath.Join(s.Dir(m.ID), filepath.Base(name))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

func push(t testing.TB, d *s3store.Depot, s *bundle.Shelf, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := d.Push(t.Context(), s, id, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func publish(t testing.TB, d *s3store.Depot, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := d.Publish(t.Context(), bundle.Publication{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
}

// published returns the IDs of the depot's journal, newest first.
func published(t testing.TB, d *s3store.Depot) []string {
	t.Helper()
	list, err := d.Published(t.Context())
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		t.Fatal(err)
	}
	var ids []string
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	return ids
}
