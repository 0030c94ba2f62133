package serve

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"marquee/catalog/catalogtest/pgtest"
)

// TestMain stops the database that tests started.
func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const (
	movies = 400
	people = 300
)

// asked returns a number from the environment, or skips.
func asked(t *testing.T, name, target string) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		t.Skipf("SKIPPED: \"make %s\" runs it, or set %s", target, name)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, want a number from 1", name, text)
	}
	return n
}

// A house is a program, its home and its store.
type house struct {
	t       *testing.T
	program string
	home    string
	store   string // "" for SQLite in the home folder
}

// newHouse builds the program and brings a small world into the store.
func newHouse(t *testing.T, store string) *house {
	t.Helper()
	h := &house{t: t, program: filepath.Join(t.TempDir(), "marquee"), home: filepath.Join(t.TempDir(), "home"), store: store}
	if out, err := exec.Command("go", "build", "-o", h.program, "marquee/recommender/cmd/marquee").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	films, ratings := facts(t)
	h.must("import", "jsonl", films)
	h.must("import", "csv", ratings, "--kind", "ratings")
	return h
}

// facts writes movies and ratings.
func facts(t *testing.T) (films, ratings string) {
	t.Helper()
	words := strings.Fields("anchor badger canyon dagger ember falcon glacier harbour island jungle")
	var f, r strings.Builder
	for i := range movies {
		w := words[i%len(words)]
		fmt.Fprintf(&f, `{"id":"%s","title":"The %s %d","year":%d,"genres":["%s"],"runtime_minutes":100,"overview":"A %s and the %s of the %s."}`+"\n", movieID(i), w, i, 1950+i%70, w, w, words[(i/10)%len(words)], w)
	}
	r.WriteString("user,movie,rating,at\n")
	for u := range people {
		for k := range 12 {
			fmt.Fprintf(&r, "%d,%s,%d,2025-01-%02dT10:00:00Z\n", u+1, movieID((u%10+10*((u/10+7*k)%40))%movies), 1+(u+k)%5, 1+k)
		}
	}
	dir := t.TempDir()
	films, ratings = filepath.Join(dir, "films.jsonl"), filepath.Join(dir, "ratings.csv")
	for path, text := range map[string]string{films: f.String(), ratings: r.String()} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return films, ratings
}

func movieID(i int) string { return fmt.Sprintf("film+%d+2000", i) }

func (h *house) command(ctx context.Context, args ...string) *exec.Cmd {
	all := []string{"--home", h.home, "--quiet"}
	if h.store != "" {
		all = append(all, "--store", h.store)
	}
	return exec.CommandContext(ctx, h.program, append(all, args...)...)
}

// must runs a command and returns what it said.
func (h *house) must(args ...string) string {
	h.t.Helper()
	out, err := h.command(h.t.Context(), args...).CombinedOutput()
	if err != nil {
		h.t.Fatalf("marquee %v: %v: %s", args, err, out)
	}
	return string(out)
}

var bundleID = regexp.MustCompile(`(?m)^bundle\s+([0-9a-f]{16})`)

// build builds a bundle and returns its ID.
func (h *house) build(args ...string) string {
	h.t.Helper()
	out := h.must(append([]string{"build", "--embedder", "lsa", "--lsa-rank", "16", "--no-evaluate", "--models", "als,itemknn,content,popular,blend",
		"--set", "als.dims=16", "--set", "blend.parts=als,itemknn,content,popular", "--set", "blend.weights=1,1,1,0.5", "--arm", "blend"}, args...)...)
	m := bundleID.FindStringSubmatch(out)
	if m == nil {
		h.t.Fatalf("a build said %s", out)
	}
	return m[1]
}

// A server is the program serving.
type server struct {
	address, admin string
}

// serve starts a server, which ends with the test.
func (h *house) serve(args ...string) server {
	h.t.Helper()
	s := server{free(h.t), free(h.t)}
	c := h.command(context.Background(), append([]string{"serve", "--listen", s.address, "--admin-listen", s.admin, "--no-access-log"}, args...)...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM)
		err := c.Wait()
		if err != nil || h.t.Failed() {
			text := out.String()
			h.t.Errorf("the server ended with %v and said, at last: %s", err, text[max(0, len(text)-4000):])
		}
	})
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if res, err := http.Get("http://" + s.address + "/health/ready"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return s
			}
		}
	}
	h.t.Fatalf("the server is not ready: %s", out.String())
	return s
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// metric returns the value of a metric without labels.
func (s server) metric(t *testing.T, name string) float64 {
	t.Helper()
	res, err := http.Get("http://" + s.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// collect lets the server collect its garbage.
func (s server) collect(t *testing.T) {
	t.Helper()
	res, err := http.Get("http://" + s.admin + "/debug/pprof/heap?gc=1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("a collection: %s, %v", res.Status, err)
	}
}
