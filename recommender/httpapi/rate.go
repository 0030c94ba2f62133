package httpapi

import (
	lru "container/list"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// A Rate bounds how often one client may call whatever is neither the plain contract call
// nor a probe, by a token bucket for each of the two listeners. Start from [DefaultRate].
type Rate struct {
	PerSecond float64 // calls of one client in the long run; 0: any number
	Burst     int     // calls at once, after a pause
	Clients   int     // that are remembered; of those beyond, the one that called last longest ago is not

	// Trusted are the networks of proxies whose X-Forwarded-For is believed.
	Trusted []netip.Prefix
}

// DefaultRate lets a client make 100 calls a second in the long run and 200 at once, and
// remembers 10,000 of them, some 2 MB.
func DefaultRate() Rate { return Rate{PerSecond: 100, Burst: 200, Clients: 10_000} }

// Validate reports every fault in one error.
func (c Rate) Validate() error {
	var errs []error
	if !(c.PerSecond >= 0 && c.PerSecond <= 1e9) {
		errs = append(errs, fmt.Errorf("calls a second is %v, want 0 to 1e9", c.PerSecond))
	}
	if c.PerSecond > 0 && (c.Burst < 1 || c.Burst > 1e9) {
		errs = append(errs, fmt.Errorf("calls at once is %d, want 1 to 1e9", c.Burst))
	}
	if c.PerSecond > 0 && (c.Clients < 1 || c.Clients > 1e7) {
		errs = append(errs, fmt.Errorf("clients that are remembered is %d, want 1 to 1e7", c.Clients))
	}
	return errors.Join(errs...)
}

// A bucket holds the calls that a client may make now. It may owe some.
type bucket struct {
	client netip.Addr
	calls  float64
	at     time.Time // when calls were so many
}

// clients are those that called last.
type clients struct {
	cfg Rate

	mu  sync.Mutex
	of  map[netip.Addr]*lru.Element // whose value is a *bucket
	all *lru.List                   // who called last comes first
}

func newClients(c Rate) *clients {
	return &clients{cfg: c, of: map[netip.Addr]*lru.Element{}, all: lru.New()}
}

// take lets a client make calls that count as cost, and returns how many are left. Who
// may make one may make one that costs more, and owes the rest; who may not is told when
// to come again.
func (c *clients) take(client netip.Addr, cost int, now time.Time) (left int, again time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.bucket(client, now)
	b.calls = min(float64(c.cfg.Burst), b.calls+c.cfg.PerSecond*max(0, now.Sub(b.at).Seconds()))
	b.at = now
	if b.calls < 1 {
		return 0, time.Duration(math.Ceil((1 - b.calls) / c.cfg.PerSecond * float64(time.Second))), false
	}
	b.calls -= float64(cost)
	return max(0, int(b.calls)), 0, true
}

func (c *clients) bucket(client netip.Addr, now time.Time) *bucket {
	if e, ok := c.of[client]; ok {
		c.all.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if c.all.Len() >= c.cfg.Clients {
		last := c.all.Back()
		delete(c.of, c.all.Remove(last).(*bucket).client)
	}
	b := &bucket{client: client, calls: float64(c.cfg.Burst), at: now}
	c.of[client] = c.all.PushFront(b)
	return b
}

// clientOf returns the address that r came from, before the proxies that are trusted. Of
// IPv6 it is the network of 64 bits, since that is what one client has.
func clientOf(r *http.Request, trusted []netip.Prefix) netip.Addr {
	var peer netip.Addr // of no address, if there is none: they are one client
	if p, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		peer = p.Addr().Unmap().WithZone("")
	}
	if len(trusted) > 0 {
		peer = beforeProxies(peer, r.Header.Values("X-Forwarded-For"), trusted)
	}
	if peer.Is6() {
		if p, err := peer.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return peer
}

// beforeProxies returns the last address of the chain that is no trusted proxy's: each
// wrote behind the others whom it was called by, and what stands before the first that is
// not trusted may be invented.
func beforeProxies(peer netip.Addr, forwarded []string, trusted []netip.Prefix) netip.Addr {
	chain := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(chain) - 1; i >= 0 && isTrusted(peer, trusted); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(chain[i]))
		if err != nil {
			break
		}
		peer = next.Unmap().WithZone("")
	}
	return peer
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
