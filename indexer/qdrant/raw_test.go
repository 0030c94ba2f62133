package qdrant_test

import (
	"context"
	"net"
	"strconv"
	"testing"

	api "github.com/qdrant/go-client/qdrant"

	"marquee/indexer/qdrant"
)

// raw is another program's client of the same server.
func raw(t testing.TB, cfg qdrant.Config) *api.GrpcClient {
	t.Helper()
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	c, err := api.NewGrpcClient(&api.Config{Host: host, Port: n, APIKey: string(cfg.APIKey), UseTLS: cfg.TLS, SkipCompatibilityCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ask counts the points behind the alias until ctx ends, and returns how often it saw
// how many.
func ask(ctx context.Context, t *testing.T, cfg qdrant.Config) map[uint64]int {
	c := raw(t, cfg)
	seen := make(map[uint64]int)
	for {
		reply, err := c.Points().Count(ctx, &api.CountPoints{CollectionName: cfg.Alias, Exact: api.PtrOf(true)})
		if ctx.Err() != nil {
			return seen
		}
		if err != nil {
			t.Errorf("through the alias: %v", err)
			return seen
		}
		seen[reply.GetResult().GetCount()]++
	}
}
