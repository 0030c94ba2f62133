package httpapi

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// connections is a listener that holds at most so many connections at once, and one that
// waits. That one takes the place of one that is idle: of some of those the one that has
// been idle for longest. While none is idle others wait in the queue of the operating
// system. So idle clients cannot use up the files that a process may open.
type connections struct {
	net.Listener
	places chan struct{}

	mu   sync.Mutex
	open map[*connection]struct{}

	closing chan struct{}
	close   sync.Once
}

// A connection knows since when it has been idle.
type connection struct {
	net.Conn
	of     *connections
	idle   atomic.Int64 // nanoseconds since 1970; 0 while a request is under way
	over   atomic.Bool  // its last request is answered, though that is under way
	closed sync.Once
}

const (
	lookAmong = 64                    // connections, for one that is idle
	lookAgain = 20 * time.Millisecond // while none is
)

func newConnections(l net.Listener, most int) *connections {
	return &connections{Listener: l, places: make(chan struct{}, most), open: make(map[*connection]struct{}), closing: make(chan struct{})}
}

// Accept implements [net.Listener].
func (c *connections) Accept() (net.Conn, error) {
	raw, err := c.Listener.Accept()
	if err != nil {
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			c.evict() // the process may open fewer files than there are places
		}
		return nil, err
	}
	if !c.enter() {
		raw.Close()
		return nil, net.ErrClosed
	}
	conn := &connection{Conn: raw, of: c}
	c.mu.Lock()
	c.open[conn] = struct{}{}
	c.mu.Unlock()
	return conn, nil
}

// enter takes a place, and reports false when the listener closes.
func (c *connections) enter() bool {
	select {
	case c.places <- struct{}{}:
		return true
	default:
	}
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		c.evict()
		select {
		case c.places <- struct{}{}:
			return true
		case <-c.closing:
			return false
		case <-again.C:
		}
	}
}

// evict closes one idle connection, if it finds one.
func (c *connections) evict() {
	var longest *connection
	since, left := int64(math.MaxInt64), lookAmong
	c.mu.Lock()
	for conn := range c.open { // begins anywhere
		if t := conn.idle.Load(); t != 0 && t < since {
			longest, since = conn, t
		}
		if left--; left == 0 {
			break
		}
	}
	c.mu.Unlock()
	if longest != nil {
		longest.Close()
	}
}

// waited returns how many open connections have a request that somebody may wait for.
func (c *connections) waited() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		if conn.idle.Load() == 0 && !conn.over.Load() {
			n++
		}
	}
	return n
}

// Close implements [net.Listener].
func (c *connections) Close() error {
	c.close.Do(func() { close(c.closing) })
	return c.Listener.Close()
}

// Close implements [net.Conn], and gives the place back.
func (c *connection) Close() error {
	err := c.Conn.Close()
	c.closed.Do(func() {
		c.of.mu.Lock()
		delete(c.of.open, c)
		c.of.mu.Unlock()
		<-c.of.places
	})
	return err
}

type connectionKey struct{}

// withConnection is what [http.Server.ConnContext] is to call.
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// answered notes that nobody waits for the request of ctx any more, nor for another one of
// its connection.
func answered(ctx context.Context) {
	if conn, ok := ctx.Value(connectionKey{}).(*connection); ok {
		conn.over.Store(true)
	}
}

// CloseWrite ends what is written, as that of a TCP connection does: the client of a request
// that is refused early knows at once that it has the whole answer, while the rest of what it
// sends is waited for.
func (c *connection) CloseWrite() error {
	if half, can := c.Conn.(interface{ CloseWrite() error }); can {
		return half.CloseWrite()
	}
	return nil
}

// told is what [http.Server.ConnState] is to call.
func told(conn net.Conn, state http.ConnState) {
	c, ok := conn.(*connection)
	if !ok {
		return
	}
	if state == http.StateIdle {
		c.idle.Store(time.Now().UnixNano())
	} else {
		c.idle.Store(0)
	}
}
