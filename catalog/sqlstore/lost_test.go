package sqlstore_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// A relay stands between a store and PostgreSQL, and can lose a commit, or the
// answer to it: the server has made it durable, and the store cannot know.
type relay struct {
	server     string      // socket
	armed      atomic.Bool // to lose the answer to the next commit
	dropCommit atomic.Bool // to lose the commit itself, when armed
	lost       atomic.Int64
	group      sync.WaitGroup
}

// newRelay returns a relay to the server of dsn, and the URL that leads through
// it.
func newRelay(t *testing.T, dsn string) (*relay, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	const socket = ".s.PGSQL.5432"
	r := &relay{server: filepath.Join(query.Get("host"), socket)}
	if _, err := os.Stat(r.server); err != nil {
		t.Skipf("SKIPPED: the relay wants a server on a Unix socket: %v", err)
	}
	folder, err := os.MkdirTemp("", "relay") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	listener, err := net.Listen("unix", filepath.Join(folder, socket))
	if err != nil {
		t.Fatal(err)
	}
	r.group.Go(func() { r.serve(listener) })
	t.Cleanup(func() { listener.Close(); r.group.Wait() })
	query.Set("host", folder)
	u.RawQuery = query.Encode()
	return r, u.String()
}

func (r *relay) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", r.server)
		if err != nil {
			client.Close()
			continue
		}
		var committing atomic.Bool
		r.group.Go(func() {
			defer server.Close()
			pass(client, server, func(sent []byte) bool {
				if !bytes.Contains(sent, []byte("COMMIT")) || !r.armed.CompareAndSwap(true, false) {
					return true
				}
				committing.Store(true)
				if r.dropCommit.Swap(false) {
					r.lost.Add(1)
					return false
				}
				return true
			})
		})
		r.group.Go(func() {
			defer client.Close()
			pass(server, client, func([]byte) bool {
				if committing.Load() { // this is the answer
					r.lost.Add(1)
				}
				return !committing.Load()
			})
		})
	}
}

// pass copies from one connection to another while may says so.
func pass(from io.Reader, to io.Writer, may func([]byte) bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !may(buf[:n]) {
			return
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// losing returns what Append says of a batch whose commit succeeds while its
// answer is lost.
func (r *relay) losing(t *testing.T, s *sqlstore.Store, b catalog.Batch) {
	t.Helper()
	before := r.lost.Load()
	r.armed.Store(true)
	_, err := s.Append(t.Context(), b)
	if !errors.Is(err, catalog.ErrUnavailable) || r.lost.Load() != before+1 {
		t.Fatalf("error is %v after %d lost answers, want one that wraps %q and one answer more", err, r.lost.Load(), catalog.ErrUnavailable)
	}
}

func linesRead(t *testing.T, s *sqlstore.Store) (n int64) {
	t.Helper()
	counts, err := s.Intake(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		n += c.Lines
	}
	return n
}

// A batch that was committed though the answer was lost is refused when it is
// tried again, and the store says where it stands.
func TestCommitAnswerLost(t *testing.T) {
	t.Parallel()
	r, dsn := newRelay(t, dsns[sqlstore.Postgres](t))
	s := mustOpen(t, dsn)
	minutes := []catalog.Minute{{User: "7", Movie: "1", At: time.Unix(0, 0)}}
	b := catalog.Batch{Partition: "p", To: 40, Minutes: minutes, ReadAt: time.Unix(1e9, 0)} // by a clock that stands
	r.losing(t, s, b)
	done, err := s.Append(t.Context(), b)
	if !errors.Is(err, catalog.ErrOffset) || done.Held != b.To {
		t.Errorf("again: held %d, %v; want %d and %q", done.Held, err, b.To, catalog.ErrOffset)
	}
	if n := linesRead(t, s); n != 1 {
		t.Errorf("%d lines were counted, want 1", n)
	}

	// A replay that ends where the store stood before cannot be told by the offset.
	replay := b
	replay.Move = &catalog.Move{Held: 40}
	r.losing(t, s, replay)
	done, err = s.Append(t.Context(), replay)
	if !errors.Is(err, catalog.ErrOffset) || done.Held != b.To {
		t.Errorf("replay again: held %d, %v; want %d and %q", done.Held, err, b.To, catalog.ErrOffset)
	}
	if n := linesRead(t, s); n != 2 {
		t.Errorf("%d lines were counted after a replay, want 2", n)
	}
	if done, err := s.Append(t.Context(), replay); err != nil || done.Held != 40 || linesRead(t, s) != 3 {
		t.Errorf("another replay: held %d, %v, %d lines counted; want 40 and 3", done.Held, err, linesRead(t, s))
	}

	// Another replay in between is another one.
	r.losing(t, s, replay)
	if _, err := mustOpen(t, dsn).Append(t.Context(), replay); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), replay); err != nil || linesRead(t, s) != 6 {
		t.Errorf("after another's replay: %v, %d lines counted; want 6", err, linesRead(t, s))
	}
}

// A commit that never came to the server may be in doubt too; the batch is
// stored when it is tried again.
func TestCommitLost(t *testing.T) {
	t.Parallel()
	r, dsn := newRelay(t, dsns[sqlstore.Postgres](t))
	s := mustOpen(t, dsn)
	b := catalog.Batch{Partition: "p", To: 40, Move: &catalog.Move{}, Minutes: []catalog.Minute{{User: "7", Movie: "1", At: time.Unix(0, 0)}}}
	for i := range int64(3) {
		r.dropCommit.Store(true)
		r.losing(t, s, b)
		if n := linesRead(t, s); n != i {
			t.Errorf("round %d: %d lines were counted, want %d", i, n, i)
		}
		if done, err := s.Append(t.Context(), b); err != nil || done.Held != 40 || linesRead(t, s) != i+1 {
			t.Errorf("round %d, again: held %d, %v, %d lines counted; want 40 and %d", i, done.Held, err, linesRead(t, s), i+1)
		}
		b.Move = &catalog.Move{Held: 40}
	}
}
