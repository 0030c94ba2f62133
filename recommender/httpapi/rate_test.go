package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"marquee/recommender/httpapi"
)

// from asks as a client of an address.
func (f *fixture) from(address, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = address
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// rated is a server that lets a client make one call a second and three at once.
func rated(t *testing.T, set func(*httpapi.Rate)) *fixture {
	t.Helper()
	f, _ := slow(t, func(context.Context) {}, func(c *httpapi.Config) {
		c.Rate = httpapi.Rate{PerSecond: 1, Burst: 3, Clients: 100}
		if set != nil {
			set(&c.Rate)
		}
	})
	return f
}

// A client that calls too often is told when to come again; another one, the contract
// call and the probes are not its business.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rated(t, nil)
		for i := range 3 {
			w := f.from("192.0.2.1:1000", "/popular")
			if w.Code != http.StatusOK || w.Header().Get("RateLimit") != fmt.Sprintf(`"client";r=%d;t=0`, 2-i) || w.Header().Get("RateLimit-Policy") != `"client";q=3;w=3` {
				t.Errorf("call %d: %d, %v", i, w.Code, w.Header())
			}
		}
		for _, path := range []string{"/popular", "/nowhere", "/recommend/seven?format=json"} {
			w := f.from("192.0.2.1:1001", path)
			if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "request_id") {
				t.Errorf("%s: %d %v %s, want 429 and to come again in a second", path, w.Code, w.Header(), w.Body)
			}
		}
		for _, path := range []string{"/recommend/seven", "/health/ready", "/recommend/a,b"} {
			for range 5 {
				if w := f.from("192.0.2.1:1002", path); w.Code != http.StatusOK || w.Header().Get("RateLimit") != "" {
					t.Errorf("%s: %d, want 200 for whoever calls", path, w.Code)
				}
			}
		}
		if w := f.from("192.0.2.2:1000", "/popular"); w.Code != http.StatusOK {
			t.Errorf("another client: %d", w.Code)
		}
		time.Sleep(time.Second)
		if w := f.from("192.0.2.1:1000", "/popular"); w.Code != http.StatusOK {
			t.Errorf("a second later: %d", w.Code)
		}
		if w := f.from("192.0.2.1:1000", "/popular"); w.Code != http.StatusTooManyRequests {
			t.Errorf("twice in that second: %d, want 429", w.Code)
		}
		counted(t, f, "marquee_limited_total 4")
	})
}

// A batch counts as its users do: whoever asks for many waits for as long.
func TestRateOfBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rated(t, nil)
		post := func() *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodPost, "/recommend/batch", strings.NewReader(`{"users":["1","2","3","4","5","6","7","8"]}`))
			w := httptest.NewRecorder()
			f.handler.ServeHTTP(w, r)
			return w
		}
		if w := post(); w.Code != http.StatusOK {
			t.Fatalf("the first: %d %s", w.Code, w.Body)
		}
		time.Sleep(5 * time.Second) // 3 - 8 + 5 = 0
		if w := post(); w.Code != http.StatusTooManyRequests {
			t.Errorf("five seconds later: %d, want 429", w.Code)
		}
		time.Sleep(4 * time.Second)
		if w := post(); w.Code != http.StatusOK {
			t.Errorf("nine seconds later: %d %s", w.Code, w.Body)
		}
	})
}

// Who calls is the last address that no trusted proxy wrote down.
func TestRateBehindProxies(t *testing.T) {
	const proxy, other = "10.0.0.1:80", "203.0.113.9:1"
	for name, c := range map[string]struct {
		trusted       []netip.Prefix
		remote        string
		first, second string // X-Forwarded-For of two calls
		same          bool   // they are of one client
	}{
		"nobody is trusted":         {nil, proxy, "198.51.100.1", "198.51.100.2", true},
		"two behind a proxy":        {prefixes("10.0.0.0/8"), proxy, "198.51.100.1", "198.51.100.2", false},
		"one that invents others":   {prefixes("10.0.0.0/8"), proxy, "1.1.1.1, 198.51.100.1", "2.2.2.2, 198.51.100.1", true},
		"two proxies in a row":      {prefixes("10.0.0.0/8"), proxy, "198.51.100.1, 10.0.0.2", "198.51.100.2, 10.0.0.2", false},
		"not a proxy":               {prefixes("10.0.0.0/8"), other, "198.51.100.1", "198.51.100.2", true},
		"rubbish":                   {prefixes("10.0.0.0/8"), proxy, "rubbish", "", true},
		"one network of IPv6":       {prefixes("10.0.0.0/8"), proxy, "2001:db8::1", "2001:db8::2", true},
		"two networks of IPv6":      {prefixes("10.0.0.0/8"), proxy, "2001:db8::1", "2001:db8:0:1::1", false},
		"an IPv4 address as IPv6's": {prefixes("10.0.0.0/8"), "[::ffff:10.0.0.1]:80", "::ffff:198.51.100.1", "198.51.100.1", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := rated(t, func(r *httpapi.Rate) { r.Burst, r.Trusted = 1, c.trusted })
				f.from(c.remote, "/popular", "X-Forwarded-For", c.first)
				if w := f.from(c.remote, "/popular", "X-Forwarded-For", c.second); (w.Code == http.StatusTooManyRequests) != c.same {
					t.Errorf("%d; want one client: %v", w.Code, c.same)
				}
			})
		})
	}
}

func prefixes(all ...string) (out []netip.Prefix) {
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// However many clients there are, few are remembered: those that called last.
func TestRateIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rated(t, func(r *httpapi.Rate) { r.Burst, r.Clients = 1, 10 })
		left := func(client int) bool {
			return f.from("192.0.2."+strconv.Itoa(client)+":1", "/popular").Code == http.StatusOK
		}
		for client := range 10 {
			left(client)
		}
		if left(0) {
			t.Error("client 0 is not remembered, want ten to be")
		}
		left(10) // in the place of client 1, which called last longest ago
		if left(0) || !left(1) {
			t.Error("want client 0 remembered and client 1 not")
		}
	})
}

// No rate, no bound.
func TestNoRate(t *testing.T) {
	f := rated(t, func(r *httpapi.Rate) { r.PerSecond = 0 })
	for range 50 {
		if w := f.from("192.0.2.1:1", "/popular"); w.Code != http.StatusOK || w.Header().Get("RateLimit") != "" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
	}
}
