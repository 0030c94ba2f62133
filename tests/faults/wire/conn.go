package wire

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A conn is one connection of a link.
type conn struct {
	net.Conn
	link   *Link
	port   string
	once   sync.Once
	closed chan struct{}
	lost   atomic.Bool // the network closed it, not its owner

	mu          sync.Mutex
	read, write time.Time     // deadlines
	moved       chan struct{} // closed when a deadline is set
}

func newConn(raw net.Conn, l *Link, port string) *conn {
	return &conn{Conn: raw, link: l, port: port, closed: make(chan struct{}), moved: make(chan struct{})}
}

// Read implements [net.Conn]. What arrived while the link is held waits here.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		return n, c.cause(err)
	}
	if n > 0 {
		err = c.pass(func() time.Time { return c.read })
		if err != nil {
			_ = c.Close() // the bytes are lost, so nothing can follow them
			return 0, c.cause(err)
		}
	}
	return n, err
}

// latency is how long a request is on its way. Without it, a client that asks
// again at once would keep virtual time from passing for ever.
const latency = time.Millisecond

// Write implements [net.Conn].
func (c *conn) Write(p []byte) (int, error) {
	time.Sleep(latency)
	if err := c.pass(func() time.Time { return c.write }); err != nil {
		return 0, c.cause(err)
	}
	n, err := c.Conn.Write(p)
	return n, c.cause(err)
}

// cause returns err, or that the connection was dropped if that is why.
func (c *conn) cause(err error) error {
	if err != nil && c.lost.Load() {
		return errDropped
	}
	return err
}

// drop ends the connection as the network does.
func (c *conn) drop() {
	c.lost.Store(true)
	_ = c.Close()
}

// pass waits until the link is not held, the deadline is over, or c is closed.
func (c *conn) pass(deadline func() time.Time) error {
	for {
		_, gate := c.link.state()
		select {
		case <-gate:
			return nil
		default:
		}
		c.mu.Lock()
		due, moved := deadline(), c.moved
		c.mu.Unlock()
		var late <-chan time.Time
		var timer *time.Timer
		if !due.IsZero() {
			timer = time.NewTimer(time.Until(due))
			late = timer.C
		}
		var err error
		select {
		case <-gate:
		case <-moved:
		case <-late:
			err = os.ErrDeadlineExceeded
		case <-c.closed:
			err = net.ErrClosed
		}
		if timer != nil {
			timer.Stop()
		}
		if err != nil {
			return err
		}
	}
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	var err error
	c.once.Do(func() {
		close(c.closed)
		c.link.net.forget(c)
		err = c.Conn.Close()
	})
	return err
}

// SetDeadline implements [net.Conn].
func (c *conn) SetDeadline(at time.Time) error {
	c.note(&at, &at)
	return c.Conn.SetDeadline(at)
}

// SetReadDeadline implements [net.Conn].
func (c *conn) SetReadDeadline(at time.Time) error {
	c.note(&at, nil)
	return c.Conn.SetReadDeadline(at)
}

// SetWriteDeadline implements [net.Conn].
func (c *conn) SetWriteDeadline(at time.Time) error {
	c.note(nil, &at)
	return c.Conn.SetWriteDeadline(at)
}

func (c *conn) note(read, write *time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if read != nil {
		c.read = *read
	}
	if write != nil {
		c.write = *write
	}
	close(c.moved)
	c.moved = make(chan struct{})
}
