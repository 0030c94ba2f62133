package kill

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"marquee/catalog/catalogtest/pgtest"
	"marquee/catalog/sqlstore"
	"marquee/tests/faults/ledger"
)

// budget returns how long each store is written under fire.
func budget(t *testing.T) time.Duration {
	text := os.Getenv("MARQUEE_KILL_SECONDS")
	if text == "" {
		t.Skip("SKIPPED: set MARQUEE_KILL_SECONDS, to 60 for example, to kill the real program for so long")
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 2 {
		t.Fatalf("MARQUEE_KILL_SECONDS is %q, want a number from 2", text)
	}
	return time.Duration(seconds) * time.Second / 2 // of two stores
}

func TestSQLite(t *testing.T) {
	span := budget(t)
	home := t.TempDir()
	f := newField(t, home, filepath.Join(home, "facts.db"))
	f.fire(span)
	f.finish()
}

// The database is crashed too: no reader may end because of that.
func TestPostgreSQL(t *testing.T) {
	span := budget(t)
	server := pgtest.Start(t)
	f := newField(t, t.TempDir(), server.DSN())
	f.fire(span / 2)
	f.calm(true)
	for range 2 {
		f.during(func() {
			time.Sleep(longest) // until the lives that are have begun to read
			before := f.lives()
			server.Crash(t)
			time.Sleep(2 * time.Second)
			server.Restart(t)
			f.settle()
			if after := f.lives(); after != before {
				t.Errorf("%d lives before the crash of the database, %d after it: readers ended", before, after)
			}
		})
	}
	f.calm(false)
	f.fire(span / 2)
	f.finish()
}

// A field is a store and all that is read into it.
type field struct {
	t       *testing.T
	dsn     string
	program *program
	names   map[string]string
	topic   *topic
	log     *log
	posts   *posts
	readers []*reader
}

func newField(t *testing.T, home, dsn string) *field {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	f := &field{t: t, dsn: dsn, names: make(map[string]string), program: &program{
		path: build(t, home), home: home,
		args: []string{"--home", home, "--store", dsn, "--quiet", "--log-level", "warn"},
	}}
	cfg := ledger.DefaultConfig()
	cfg.People, cfg.Movies = 200, 100
	var err error
	if f.topic, err = newTopic(seed, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.topic.close)
	if f.log, err = newLog(seed+1, home, cfg); err != nil {
		t.Fatal(err)
	}
	if f.posts, err = newPosts(seed+2, cfg); err != nil {
		t.Fatal(err)
	}
	f.readers = f.opposed(seed)
	return f
}

// opposed returns the readers of all sources.
func (f *field) opposed(seed uint64) []*reader {
	small := []string{"--batch-rows", "200", "--batch-wait", "50ms", "--admin-listen="}
	var all []*reader
	add := func(buried func(), args ...string) {
		n := uint64(len(all))
		all = append(all, &reader{program: f.program, args: append(args, small...), buried: buried, rng: rand.New(rand.NewPCG(seed, 10+n))})
	}
	for _, name := range []string{"a", "b"} {
		add(func() { f.topic.bury(name) }, "--source", f.topic.url(name))
	}
	add(nil, "--source", "file:"+f.log.path)
	add(nil, "--source", "http:"+f.posts.address, "--token", token)
	return all
}

func build(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "marquee")
	cmd := exec.Command("go", "build", "-o", path, "marquee/recommender/cmd/marquee")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// fire writes for a while, and kills.
func (f *field) fire(span time.Duration) {
	f.during(func() { time.Sleep(span) })
}

// during runs readers and writers while do runs. When it returns, no process
// lives.
func (f *field) during(do func()) {
	ctx, cancel := context.WithCancel(f.t.Context())
	var readers, writers sync.WaitGroup
	for _, r := range f.readers {
		readers.Go(func() {
			if err := r.run(ctx); err != nil {
				f.t.Error(err)
				cancel() // nothing can be proved any more
			}
		})
	}
	stop := make(chan struct{})
	f.write(ctx, &writers, stop)
	do()
	close(stop)
	writers.Wait() // while the reader of posts lives, since each is sent until it is answered
	cancel()
	readers.Wait()
}

// write starts the writers.
func (f *field) write(ctx context.Context, writers *sync.WaitGroup, stop chan struct{}) {
	for _, w := range []func() error{
		func() error { return f.topic.write(ctx) },
		f.log.write,
		func() error { return f.posts.write(ctx) },
	} {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(pace):
				}
				if err := w(); err != nil {
					f.t.Error(err)
					return
				}
			}
		})
	}
}

func (f *field) calm(on bool) {
	for _, r := range f.readers {
		r.calm.Store(on)
	}
}

func (f *field) lives() (n int64) {
	for _, r := range f.readers {
		n += r.lives.Load()
	}
	return n
}

// settle waits until the offset of a partition of the topic moves on.
func (f *field) settle() {
	f.t.Helper()
	names := make(map[string]string)
	f.topic.names(names)
	begun := make(map[string]int64)
	store := f.open()
	defer store.Close()
	for name := range names {
		begun[name], _ = store.Offset(f.t.Context(), name)
	}
	moved := func() int {
		n := 0
		for name := range names {
			if at, err := store.Offset(f.t.Context(), name); err == nil && at > begun[name] {
				n++
			}
		}
		return n
	}
	for until := time.Now().Add(time.Minute); moved() < len(names); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			f.t.Errorf("a minute after the database was back, %d of %d partitions are read on", moved(), len(names))
			return
		}
	}
}

func (f *field) open() *sqlstore.Store {
	f.t.Helper()
	store, err := sqlstore.Open(f.t.Context(), f.dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		f.t.Fatal(err)
	}
	return store
}

// finish lets the program read the rest in peace, and compares.
func (f *field) finish() {
	f.t.Helper()
	if err := f.log.end(); err != nil {
		f.t.Fatal(err)
	}
	var book ledger.Book
	for _, b := range []*ledger.Book{f.topic.book, f.log.book, f.posts.book} {
		book.Merge(b)
	}
	f.topic.names(f.names)
	maps.Copy(f.names, f.log.names)
	maps.Copy(f.names, f.posts.names)
	sources := []string{f.topic.url("last")}
	for _, path := range append(f.log.rotated, f.log.path) {
		sources = append(sources, "file:"+path)
	}
	for _, source := range sources {
		if err := f.program.once(f.t.Context(), "ingest", "--source", source); err != nil {
			f.t.Error(err)
		}
	}
	store := f.open()
	defer store.Close()
	found, err := book.Compare(f.t.Context(), store, f.names)
	if err != nil {
		f.t.Fatal(err)
	}
	if len(found) > 0 {
		f.t.Error(found)
	}
	f.t.Log(book.Total(), "lines", f.score())
}

func (f *field) score() string {
	kills := int64(0)
	for _, r := range f.readers {
		kills += r.kills.Load()
	}
	return fmt.Sprintf("%d files, %d bodies (%d sent again), %d kills", f.log.number+1, f.posts.number, f.posts.again, kills)
}
