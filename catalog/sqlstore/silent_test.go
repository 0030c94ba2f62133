package sqlstore_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
)

// A mute is a TCP proxy before PostgreSQL that can go silent, as a host does that
// lost its power or a network that lost its way: what comes is taken, nothing is
// said, and no connection is closed.
type mute struct {
	server   string      // socket
	all      atomic.Bool // every connection is silent, and each that is new
	atCommit atomic.Bool // the next connection to commit goes silent when it has
	silenced atomic.Int64

	lines sync.Mutex
	open  map[*atomic.Bool][2]net.Conn // by whether it is silent
	group sync.WaitGroup
}

// newMute returns a proxy to the server of dsn, and the URL that leads through it.
func newMute(t *testing.T, dsn string) (*mute, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	m := &mute{server: filepath.Join(query.Get("host"), ".s.PGSQL.5432"), open: make(map[*atomic.Bool][2]net.Conn)}
	if _, err := os.Stat(m.server); err != nil {
		t.Skipf("SKIPPED: the proxy wants a server on a Unix socket: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.group.Go(func() { m.serve(listener) })
	t.Cleanup(func() {
		listener.Close()
		m.lines.Lock()
		for _, ends := range m.open {
			ends[0].Close()
			ends[1].Close()
		}
		m.lines.Unlock()
		m.group.Wait()
	})
	query.Del("host")
	u.Host, u.RawQuery = listener.Addr().String(), query.Encode()
	return m, u.String()
}

func (m *mute) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", m.server)
		if err != nil {
			client.Close()
			continue
		}
		silent := new(atomic.Bool)
		silent.Store(m.all.Load())
		m.lines.Lock()
		m.open[silent] = [2]net.Conn{client, server}
		m.lines.Unlock()
		m.group.Go(func() {
			defer server.Close()
			m.swallow(client, server, func(sent []byte) bool {
				if strings.Contains(string(sent), "COMMIT") && m.atCommit.CompareAndSwap(true, false) {
					m.silenced.Add(1)
					_, _ = server.Write(sent) // it is done, and nobody learns of it
					silent.Store(true)
				}
				return silent.Load()
			})
		})
		m.group.Go(func() {
			defer client.Close()
			m.swallow(server, client, func([]byte) bool { return silent.Load() })
		})
	}
}

// swallow passes on what comes, unless drop says otherwise, until from ends.
func (m *mute) swallow(from io.Reader, to io.Writer, drop func([]byte) bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !drop(buf[:n]) {
			_, _ = to.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// silence makes every open connection silent for ever, and those to come if all
// is set.
func (m *mute) silence(all bool) {
	m.all.Store(all)
	m.lines.Lock()
	defer m.lines.Unlock()
	for silent := range m.open {
		silent.Store(true)
	}
}

// within fails the test, and gives up, if done is not closed soon.
func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: it hangs", what)
	}
}

const silentLines = "2022-11-14T12:23:12,5,GET /data/m/heat+1995/1.mpg\n2022-11-14T12:24:12,5,GET /data/m/heat+1995/2.mpg\n"

// An ingest is one that reads what is written to lines.
type ingest struct {
	lines           *io.PipeWriter
	applied, paused chan struct{} // one for each
	resumed, ended  chan struct{}
	err             error
}

// startIngest reads batches of two lines into s, from the place that s holds.
func startIngest(ctx context.Context, t *testing.T, s *sqlstore.Store) *ingest {
	t.Helper()
	r, w := io.Pipe()
	cfg := stream.DefaultConfig()
	cfg.BatchLines = 2
	src, err := stream.NewPipe(r, cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	in := &ingest{lines: w, applied: make(chan struct{}, 1000), paused: make(chan struct{}, 1000), resumed: make(chan struct{}, 1000), ended: make(chan struct{})}
	run := stream.RunConfig{MinDelay: time.Millisecond, MaxDelay: 50 * time.Millisecond, Slow: 50 * time.Millisecond, Attempt: 400 * time.Millisecond}
	run.Applied = func(catalog.Batch, catalog.Applied, stream.Summary) { in.applied <- struct{}{} }
	run.Paused = func(err error) {
		if !errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("paused: %v, want ErrUnavailable", err)
		}
		in.paused <- struct{}{}
	}
	run.Resumed = func(time.Duration) { in.resumed <- struct{}{} }
	go func() {
		defer close(in.ended)
		_, in.err = stream.Run(ctx, src, s, run)
		r.Close()
	}()
	return in
}

func (in *ingest) write(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(in.lines, text); err != nil {
		t.Error(err)
	}
}

func openMute(t *testing.T, dsn string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenWaiting(t.Context(), dsn, shortWait)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		closed := make(chan struct{})
		go func() { s.Close(); close(closed) }()
		within(t, "close", closed)
	})
	return s
}

// Connections that went silent, before a commit or after it, hold an ingest up
// until it takes others; it says so, and every line counts once.
func TestIngestOutlastsSilence(t *testing.T) {
	t.Parallel()
	direct := dsns[sqlstore.Postgres](t)
	m, dsn := newMute(t, direct)
	s := openMute(t, dsn)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in := startIngest(ctx, t, s)
	in.write(t, silentLines)
	within(t, "the first batch", in.applied)
	for _, silence := range []func(){
		func() { m.silence(false) },
		func() { m.atCommit.Store(true) },
		func() { m.silence(false) },
	} {
		silence()
		in.write(t, silentLines)
		within(t, "to be told of silence", in.paused)
		within(t, "the batch", in.applied)
		within(t, "to be told that it is over", in.resumed)
	}
	in.lines.Close()
	within(t, "the end", in.ended)
	if n := linesRead(t, mustOpen(t, direct)); n != 8 || in.err != nil || m.silenced.Load() != 1 {
		t.Errorf("%d lines were counted, %v, %d silent commits; want 8 and 1", n, in.err, m.silenced.Load())
	}
}

// A database that says nothing at all keeps no ingest from its end; a later one
// goes on where the store stands.
func TestIngestEndsInSilence(t *testing.T) {
	t.Parallel()
	direct := dsns[sqlstore.Postgres](t)
	m, dsn := newMute(t, direct)
	s := openMute(t, dsn)
	ctx, cancel := context.WithCancel(t.Context())
	in := startIngest(ctx, t, s)
	in.write(t, silentLines)
	within(t, "the first batch", in.applied)
	m.silence(true)
	in.write(t, silentLines)
	within(t, "to be told of silence", in.paused)
	cancel()
	within(t, "the end", in.ended)
	if !errors.Is(in.err, context.Canceled) {
		t.Errorf("ended with %v, want Canceled", in.err)
	}
	m.all.Store(false)
	in = startIngest(t.Context(), t, s)
	in.write(t, silentLines+silentLines) // all of it again: a pipe is known by what it begins with
	in.lines.Close()
	within(t, "the second ingest", in.ended)
	if n := linesRead(t, mustOpen(t, direct)); n != 4 || in.err != nil {
		t.Errorf("%d lines were counted, %v; want 4", n, in.err)
	}
}

// Whatever a call does when the database falls silent, it ends when its context
// does.
func TestCallsEndInSilence(t *testing.T) {
	t.Parallel()
	direct := dsns[sqlstore.Postgres](t)
	m, dsn := newMute(t, direct)
	s := openMute(t, dsn)
	if err := put(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for what, call := range map[string]func(context.Context) error{
		"ping":    s.Ping,
		"person":  func(ctx context.Context) error { _, err := s.Person(ctx, "7"); return err },
		"history": func(ctx context.Context) error { _, err := s.History(ctx, "7", 0); return err }, // a prepared one
		"counts":  func(ctx context.Context) error { _, err := s.Counts(ctx); return err },
		"put":     func(ctx context.Context) error { return put(ctx, s) },
		"forget":  func(ctx context.Context) error { _, err := s.Forget(ctx, "7"); return err },
		"freeze": func(ctx context.Context) error {
			view, err := s.Freeze(ctx)
			if err == nil {
				_, err = view.Scale(ctx)
				view.Close()
			}
			return err
		},
	} {
		m.silence(true)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		var err error
		done := make(chan struct{})
		go func() { err = call(ctx); close(done) }()
		within(t, what, done)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want DeadlineExceeded", what, err)
		}
		m.all.Store(false)
	}
	if n, err := mustOpen(t, direct).MovieCount(t.Context()); n != 1 || err != nil {
		t.Errorf("afterwards: %d movies, %v; want 1", n, err)
	}
}

// A server that takes a connection and never says a word does not keep Open.
func TestOpenInSilence(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // whose backlog takes them
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err = sqlstore.Open(ctx, "postgres://u@"+listener.Addr().String()+"/db", slog.New(slog.DiscardHandler))
	}()
	within(t, "open", done)
	refused(t, err, context.DeadlineExceeded)
}

// A statement that takes its time is left in peace: only the end of a context cuts
// a connection.
func TestSlowIsNotSilent(t *testing.T) {
	t.Parallel()
	_, dsn := newMute(t, dsns[sqlstore.Postgres](t))
	s := openMute(t, dsn)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Exec(ctx, "SELECT pg_sleep(0.3)"); err != nil { // thrice the patience of this store
		t.Error(err)
	}
}

// A writer that vanished in the middle holds the write lock for a bounded time.
func TestIdleWriterIsEnded(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, dsns[sqlstore.Postgres](t))
	idle, err := s.IdleTimeoutOfWriter(t.Context())
	if err != nil || idle == "" || idle == "0" {
		t.Errorf("idle_in_transaction_session_timeout of a writer is %q, %v; want some", idle, err)
	}
}
