package main

import (
	"context"
	"fmt"
	"net"

	"marquee/recommender/httpapi"
)

// adminFlags say who may look at a server from inside.
type adminFlags struct {
	AdminListen string `help:"Address of metrics, /admin and profiles, for operators only; empty: none." placeholder:"HOST:PORT"`
	AdminOpen   bool   `help:"Let anybody who reaches --admin-listen in, on other addresses than this machine's own too."`
	Pprof       bool   `help:"Serve /debug/pprof on --admin-listen."`
}

// checks reports whether a token of scope admin is wanted. Without one the address must be
// this machine's own, or meant to be open.
func (f adminFlags) checks(tokens *httpapi.TokenSet) (bool, error) {
	switch {
	case f.AdminListen == "":
		if f.Pprof {
			return false, usage("--pprof wants --admin-listen, such as 127.0.0.1:9082")
		}
		return false, nil
	case f.AdminOpen:
		return false, nil
	case tokens != nil && tokens.Has(httpapi.ScopeAdmin):
		return true, nil
	case !loopback(f.AdminListen):
		return false, usage("--admin-listen %s can be reached from other machines, and no token of scope admin is set: put a line \"admin TOKEN\" into a file for --api-token-file (openssl rand -hex 24 makes a token), listen on 127.0.0.1, or say --admin-open if a firewall stands before it", f.AdminListen)
	}
	return false, nil
}

// loopback reports whether an address is reached from this machine only.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// adminAt adds to what a line of the log tells where the second listener is, if there is one.
func adminAt(l net.Listener, told ...any) []any {
	if l == nil {
		return told
	}
	return append(told, "admin", l.Addr().String())
}

// listen opens the second listener; nil for none.
func (f adminFlags) listen(ctx context.Context) (net.Listener, error) {
	if f.AdminListen == "" {
		return nil, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", f.AdminListen)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with --admin-listen, or none with --admin-listen=", err)
	}
	return l, nil
}
