package sqlstore

import (
	"context"
	"net"
	"sync"
	"time"
)

// How long a connection to PostgreSQL may be without a sign of life. A statement
// may take as long as it needs: while it does, the server's system answers the
// probes of ours.
const (
	peerTimeout  = 30 * time.Second // until what was sent, or a probe, must be acknowledged
	probeIdle    = 10 * time.Second // without traffic, before the first probe
	probeEvery   = 5 * time.Second
	probes       = 4
	dialTimeout  = 10 * time.Second // for a connection, unless the URL says connect_timeout
	cancelWithin = 3 * time.Second  // for a call to end after its context; then the connection is cut
)

// A dialer opens the connection of one driver's connection, and later those over
// which the driver asks the server to cancel a statement. It implements
// [pq.Dialer] and [pq.DialerContext].
type dialer struct {
	within time.Duration // for a request to cancel

	mu   sync.Mutex
	conn net.Conn // the driver's; of several that were tried the last
	open bool     // it is; others are to cancel
}

// Dial implements [pq.Dialer].
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialTimeout implements [pq.Dialer].
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// DialContext implements [pq.DialerContext].
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	open := d.open
	d.mu.Unlock()
	if open {
		return d.dialToCancel(ctx, network, address)
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.conn = conn
	d.mu.Unlock()
	return conn, nil
}

// dialToCancel opens a connection that does not outlast the patience with a call
// whose context has ended: a host that is silent is silent to this one too.
func (d *dialer) dialToCancel(ctx context.Context, network, address string) (net.Conn, error) {
	until := time.Now().Add(d.within)
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	short := shortConn{conn, until}
	if err := short.SetDeadline(until); err != nil {
		return nil, err
	}
	return short, nil
}

// opened says that the connection is the driver's now.
func (d *dialer) opened() {
	d.mu.Lock()
	d.open = true
	d.mu.Unlock()
}

// cut ends whatever waits for the connection, with an error.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn != nil {
		_ = d.conn.Close() // it is given up either way
	}
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	plain := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: probeIdle, Interval: probeEvery, Count: probes},
		Control:         limitSilence,
	}
	return plain.DialContext(ctx, network, address)
}

// A shortConn has a deadline that can only be brought forward.
type shortConn struct {
	net.Conn
	until time.Time
}

// SetDeadline implements [net.Conn].
func (c shortConn) SetDeadline(t time.Time) error {
	if t.IsZero() || t.After(c.until) {
		t = c.until
	}
	return c.Conn.SetDeadline(t)
}
