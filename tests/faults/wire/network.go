package wire

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

// The errors are those of a real network, since clients tell from them what
// passes by itself: a port that does not listen, a host that is not there, and
// a connection that the other side dropped.
var (
	errAway    = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	errCut     = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	errDropped = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
)

// A Network connects links with the listeners of ports.
type Network struct {
	virtual kfake.VirtualNetwork

	mu    sync.Mutex
	away  map[string]bool // ports
	conns map[*conn]struct{}
}

// New returns a network on which nothing listens.
func New() *Network {
	return &Network{away: make(map[string]bool), conns: make(map[*conn]struct{})}
}

// Listen has the form of [net.Listen]; kfake.ListenFn takes it.
func (n *Network) Listen(network, address string) (net.Listener, error) {
	return n.virtual.Listen(network, address)
}

// SetAway makes a port unreachable, and breaks its connections, or brings it
// back.
func (n *Network) SetAway(port int, away bool) {
	n.mu.Lock()
	n.away[strconv.Itoa(port)] = away
	n.mu.Unlock()
	if away {
		n.breakIf(func(c *conn) bool { return !c.link.sturdy && c.port == strconv.Itoa(port) })
	}
}

// BreakAll breaks all connections; new ones can be made at once.
func (n *Network) BreakAll() { n.breakIf(func(c *conn) bool { return !c.link.sturdy }) }

func (n *Network) breakIf(broken func(*conn) bool) {
	n.mu.Lock()
	var those []*conn
	for c := range n.conns {
		if broken(c) {
			those = append(those, c)
		}
	}
	n.mu.Unlock()
	for _, c := range those {
		c.drop()
	}
}

func (n *Network) forget(c *conn) {
	n.mu.Lock()
	delete(n.conns, c)
	n.mu.Unlock()
}

// A Link is the network as one process sees it.
type Link struct {
	net    *Network
	sturdy bool // not touched by ports that are away and by BreakAll

	mu   sync.Mutex
	cut  bool
	gate chan struct{} // open when closed
}

// Link returns a new link, which works.
func (n *Network) Link() *Link {
	gate := make(chan struct{})
	close(gate)
	return &Link{net: n, gate: gate}
}

// Cut breaks the link for ever.
func (l *Link) Cut() {
	l.mu.Lock()
	l.cut = true
	l.mu.Unlock()
	l.Release()
	l.net.breakIf(func(c *conn) bool { return c.link == l })
}

// IsCut reports whether the link was cut.
func (l *Link) IsCut() bool {
	cut, _ := l.state()
	return cut
}

// Hold makes all that is sent or received wait until Release.
func (l *Link) Hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.gate:
		l.gate = make(chan struct{})
	default: // held already
	}
}

// Release ends Hold.
func (l *Link) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.gate:
	default:
		close(l.gate)
	}
}

// Sturdy returns a link that SetAway and BreakAll leave alone.
func (n *Network) Sturdy() *Link {
	l := n.Link()
	l.sturdy = true
	return l
}

// state returns whether the link is cut, and what to wait for if not.
func (l *Link) state() (cut bool, gate chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut, l.gate
}

// DialContext has the form that kgo.Dialer takes.
func (l *Link) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	cut, gate := l.state()
	if cut {
		return nil, errCut
	}
	select {
	case <-gate:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	l.net.mu.Lock()
	away := l.net.away[port]
	l.net.mu.Unlock()
	if away && !l.sturdy {
		return nil, errAway
	}
	raw, err := l.net.virtual.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := newConn(raw, l, port)
	l.net.mu.Lock()
	l.net.conns[c] = struct{}{}
	away = l.net.away[port]
	l.net.mu.Unlock()
	if cut, _ := l.state(); cut || away && !l.sturdy { // meanwhile
		c.Close()
		return nil, errCut
	}
	return c, nil
}
