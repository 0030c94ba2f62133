// Package e2e drives the built program from outside, as its users do.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"marquee/catalog/catalogtest/pgtest"
	"marquee/tests/simulator"
)

// binary is the program, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "marquee-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "marquee")
	cmd := exec.Command("go", "build", "-o", binary, "marquee/recommender/cmd/marquee")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s\n%v\n", out, err)
		return 1
	}
	return pgtest.Main(m)
}

// TestSources looks at every source of the program, so that the go command knows
// what these tests depend on and does not answer from its cache when it changed. (It
// records what tests look at, not what they run, nor what TestMain does.)
func TestSources(t *testing.T) {
	for _, folder := range []string{"catalog", "embedder", "indexer", "recommender"} {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, _ os.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A site is a world, its catalog API and a home of the program.
type site struct {
	t      *testing.T
	world  *simulator.World
	stream *simulator.Stream
	api    string
	home   string
	store  string // empty: SQLite in the home
}

func newSite(t *testing.T, edition, store string, api simulator.APIConfig) *site {
	t.Helper()
	s := &site{t: t, home: filepath.Join(t.TempDir(), "home"), store: store}
	var err error
	if s.world, err = simulator.New(simulator.Config{Seed: 7, Movies: 400, People: 200}); err != nil {
		t.Fatal(err)
	}
	if s.stream, err = s.world.Stream(simulator.DefaultStream(edition)); err != nil {
		t.Fatal(err)
	}
	api.Edition = edition
	handler, err := s.world.API(api)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s.api = server.URL
	return s
}

func (s *site) log() string {
	path := filepath.Join(filepath.Dir(s.home), "movielog.log")
	f, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if _, err := s.stream.WriteTo(f); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// command returns the program with the site's settings.
func (s *site) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "MARQUEE_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "MARQUEE_HOME="+s.home, "MARQUEE_OUTPUT=json", "MARQUEE_QUIET=true", "MARQUEE_LOG_LEVEL=warn")
	if s.store != "" {
		cmd.Env = append(cmd.Env, "MARQUEE_STORE="+s.store)
	}
	return cmd
}

// run runs a command that must work and decodes what it prints into out.
func (s *site) run(out any, args ...string) {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := s.command(s.t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("marquee %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	if out != nil {
		if err := json.Unmarshal(stdout.Bytes(), out); err != nil {
			s.t.Fatalf("marquee %s: %v in %s", strings.Join(args, " "), err, &stdout)
		}
	}
}

// serve starts the server and returns its address. It must end cleanly with the
// test.
func (s *site) serve(args ...string) string {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	var stderr bytes.Buffer
	cmd := s.command(context.Background(), append([]string{"serve", "--listen", address, "--admin-listen=", "--no-access-log"}, args...)...)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("the server ended with %v\n%s", err, &stderr)
		}
	})
	for range 200 {
		if res, err := http.Get("http://" + address + "/health/ready"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return address
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.t.Fatalf("the server did not become ready\n%s", &stderr)
	return ""
}

// list makes the contract call and holds the answer against the contract.
func (s *site) list(address, user string, not ...string) ([]string, http.Header) {
	s.t.Helper()
	res, err := http.Get("http://" + address + "/recommend/" + user)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("user %s: %s, %v", user, res.Status, err)
	}
	ids := strings.Split(strings.TrimSuffix(string(body), "\n"), ",")
	seen := map[string]bool{}
	for _, id := range not {
		seen[id] = true
	}
	for _, id := range ids {
		if _, known := s.world.Movie(id); !known || seen[id] {
			s.t.Errorf("user %s: %q is unknown, was watched or stands twice", user, id)
		}
		seen[id] = true
	}
	if len(ids) != 20 {
		s.t.Errorf("user %s: %d movies, want 20", user, len(ids))
	}
	return ids, res.Header
}

// TestMainJob does the main job in both editions, on both databases and with two
// indexes, against a catalog API that fails now and then. Lists must be to people's
// true taste, which the program never sees.
func TestMainJob(t *testing.T) {
	for _, c := range []struct{ edition, database, index string }{
		{simulator.Edition2025, "sqlite", "hnsw"},
		{simulator.Edition2026, "postgres", "coderhnsw"},
	} {
		t.Run(c.edition+" on "+c.database, func(t *testing.T) {
			t.Parallel()
			store := ""
			if c.database == "postgres" {
				store = pgtest.DSN(t)
			}
			s := newSite(t, c.edition, store, simulator.APIConfig{FaultShare: 0.01})
			var sum struct {
				Lines   int
				Kept    struct{ Watch, Rate int }
				Refused map[string]int
			}
			log := s.log()
			s.run(&sum, "ingest", "--source", "file:"+log, "--once", "--edition", c.edition)
			refused := 0
			for _, n := range sum.Refused {
				refused += n
			}
			if sum.Lines != s.stream.Lines || refused != s.stream.Refused || sum.Kept.Watch != s.stream.Watch {
				t.Errorf("ingest %+v, want %d lines, %d refused, %d of watching", sum, s.stream.Lines, s.stream.Refused, s.stream.Watch)
			}
			s.run(&sum, "ingest", "--source", "file:"+log, "--once")
			if sum.Lines != 0 {
				t.Errorf("the second time %d lines were new", sum.Lines)
			}
			var report struct{ Movies, Users struct{ New int } }
			s.run(&report, "import", "api", "--url", s.api, "--edition", c.edition, "--rate", "0", "--bulk", "50")
			if report.Movies.New < 300 || report.Users.New < 150 {
				t.Errorf("the API gave %+v, want most of the world", report)
			}
			s.run(&report, "import", "api", "--url", "http://127.0.0.1:1", "--edition", c.edition)
			if report.Movies.New != 0 {
				t.Errorf("a second crawl asked for %+v", report)
			}
			s.run(nil, "build", "--embedder", "lsa", "--index", c.index)
			s.tastes(s.serve())
		})
	}
}

// tastes compares lists with what is true of people: the movies listed must be
// more to their taste than what is popular, and than the movies of the world are
// on average.
func (s *site) tastes(address string) {
	s.t.Helper()
	watched := map[int][]string{}
	for _, w := range s.stream.Watches {
		if w.Movie < 0 { // one that no catalog knows
			continue
		}
		watched[w.Person] = append(watched[w.Person], s.world.Movies[w.Movie].ID)
	}
	mine, popular, all := 0.0, 0.0, 0.0
	nobodys, _ := s.list(address, "nobody")
	for i, p := range s.world.People {
		if len(watched[i]) < 5 {
			continue
		}
		ids, header := s.list(address, p.ID, watched[i]...)
		if got := header.Get("X-Marquee-Tier"); got != "personal" {
			s.t.Errorf("user %s with %d watched movies got tier %q", p.ID, len(watched[i]), got)
		}
		for _, id := range ids {
			m, _ := s.world.Movie(id)
			mine += p.Affinity(m) / float64(len(ids))
			if m.Adult && p.Age < 18 {
				s.t.Errorf("minor %s got the adult movie %s", p.ID, id)
			}
		}
		for _, id := range nobodys {
			m, _ := s.world.Movie(id)
			popular += p.Affinity(m) / float64(len(nobodys))
		}
		for _, m := range s.world.Movies {
			all += p.Affinity(m) / float64(len(s.world.Movies))
		}
	}
	s.t.Logf("to people's taste, the average movie being 1: their lists %.2f, the popular list %.2f", mine/all, popular/all)
	if mine < 1.05*popular || mine < 1.15*all {
		s.t.Error("lists are not to people's taste: want 1.05 times the popular list and 1.15 times the average movie")
	}
}

// While the store is gone the bundle answers; what was watched stays out, and the
// answers say that they are stale.
func TestStoreGone(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Edition2025, "", simulator.APIConfig{})
	s.run(nil, "ingest", "--source", "file:"+s.log(), "--once")
	s.run(nil, "import", "api", "--url", s.api, "--rate", "0")
	s.run(nil, "build", "--embedder", "lsa", "--index", "flat")
	address := s.serve()
	w := s.stream.Watches[slices.IndexFunc(s.stream.Watches, func(w simulator.Watch) bool { return w.Movie >= 0 })]
	user, movie := s.world.People[w.Person].ID, s.world.Movies[w.Movie].ID
	if _, header := s.list(address, user, movie); header.Get("X-Marquee-History") != "fresh" {
		t.Errorf("history is %q, want fresh", header.Get("X-Marquee-History"))
	}
	for _, name := range []string{"marquee.db", "marquee.db-wal", "marquee.db-shm"} {
		path := filepath.Join(s.home, name)
		if err := os.WriteFile(path, []byte(strings.Repeat("rubbish", 10_000)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, header := s.list(address, user, movie)
		if header.Get("X-Marquee-History") == "stale" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the store is rubbish and answers are not stale")
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.list(address, "nobody")
}

// A new bundle is taken while requests come in, each of which is answered.
func TestSwapUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Edition2025, "", simulator.APIConfig{})
	s.run(nil, "ingest", "--source", "file:"+s.log(), "--once")
	s.run(nil, "import", "api", "--url", s.api, "--rate", "0")
	var built struct{ Bundle struct{ ID string } }
	bundles := []string{}
	for _, index := range []string{"flat", "hnsw"} {
		s.run(&built, "build", "--embedder", "lsa", "--index", index)
		bundles = append(bundles, built.Bundle.ID)
	}
	address := s.serve("--bundle-poll", "20ms")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 6 {
			cmd := s.command(context.Background(), "bundle", "publish", bundles[i%2])
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("publish: %v\n%s", err, out)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	seen := map[string]int{}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		_, header := s.list(address, s.world.People[len(seen)%50].ID)
		seen[header.Get("X-Marquee-Bundle")]++
	}
	if len(seen) != 2 {
		t.Errorf("answers came from bundles %v, want both of %v", seen, bundles)
	}
}

// A server that starts while PostgreSQL is down answers from the bundle.
func TestStartWithoutStore(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Edition2025, "", simulator.APIConfig{})
	s.run(nil, "ingest", "--source", "file:"+s.log(), "--once")
	s.run(nil, "import", "api", "--url", s.api, "--rate", "0")
	s.run(nil, "build", "--embedder", "lsa", "--index", "flat")
	s.store = "postgres://nobody:secret@127.0.0.1:1/none?sslmode=disable&connect_timeout=1"
	address := s.serve()
	w := s.stream.Watches[slices.IndexFunc(s.stream.Watches, func(w simulator.Watch) bool { return w.Movie >= 0 })]
	_, header := s.list(address, s.world.People[w.Person].ID, s.world.Movies[w.Movie].ID)
	if header.Get("X-Marquee-History") != "stale" || header.Get("X-Marquee-Tier") != "personal" {
		t.Errorf("history %q, tier %q; want stale and personal", header.Get("X-Marquee-History"), header.Get("X-Marquee-Tier"))
	}
}
