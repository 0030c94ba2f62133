package qdrant_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"testing"
	"time"

	"marquee/catalog/secret"
	"marquee/indexer"
	"marquee/indexer/indexertest"
	"marquee/indexer/qdrant"
	"marquee/indexer/qdrant/qdranttest"
)

const dims = 32

// quick is a configuration for a server in this process: pauses are short, and nothing
// is late because the machine is.
func quick(addr string) qdrant.Config {
	cfg := qdrant.DefaultConfig()
	cfg.Addr = addr
	cfg.Timeout, cfg.WriteTimeout, cfg.WaitTimeout = 20*time.Second, 20*time.Second, 20*time.Second
	cfg.MinDelay, cfg.MaxDelay, cfg.Pause, cfg.Attempts = time.Millisecond, 20*time.Millisecond, time.Millisecond, 5
	return cfg
}

func mustDial(t testing.TB, cfg qdrant.Config) *qdrant.Client {
	t.Helper()
	c, err := qdrant.Dial(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// unmeasured holds nothing out: for tests of other things.
func unmeasured() indexer.Calibration { return indexer.Calibration{K: 10, Seed: 1} }

func mustBuild(t testing.TB, c *qdrant.Client, vecs []float32, dims int) *qdrant.Index {
	t.Helper()
	return mustBuildFrom(t, c, qdrant.Source{Name: "test", Vectors: vecs, Dims: dims})
}

func mustBuildFrom(t testing.TB, c *qdrant.Client, src qdrant.Source) *qdrant.Index {
	t.Helper()
	ix, _, err := c.Build(t.Context(), src, unmeasured(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

// A place is a server to run a test against.
type place struct {
	name string
	cfg  qdrant.Config
	fake *qdranttest.Server // nil for a real server
}

// places returns a server in this process and, if MARQUEE_QDRANT_ADDR names one, a real
// one, with an alias of its own whose collections go with the test.
func places(t *testing.T) []place {
	t.Helper()
	fake := qdranttest.Start(t, qdranttest.Options{})
	all := []place{{name: "in process", cfg: quick(fake.Addr), fake: fake}}
	addr := os.Getenv("MARQUEE_QDRANT_ADDR")
	if addr == "" {
		t.Log("MARQUEE_QDRANT_ADDR is not set: no real Qdrant to run against")
		return all
	}
	cfg := quick(addr)
	cfg.APIKey = secret.Text(os.Getenv("MARQUEE_QDRANT_API_KEY"))
	switch os.Getenv("MARQUEE_QDRANT_TLS") {
	case "", "0", "false":
	default:
		cfg.TLS = true
	}
	cfg.MinDelay, cfg.MaxDelay = 10*time.Millisecond, time.Second
	chance := make([]byte, 4)
	_, _ = rand.Read(chance)
	cfg.Alias = "marqueetest_" + hex.EncodeToString(chance)
	t.Cleanup(func() { removeAll(t, cfg) })
	return append(all, place{name: "real", cfg: cfg})
}

// removeAll removes every collection of a configuration's alias.
func removeAll(t *testing.T, cfg qdrant.Config) {
	c, err := qdrant.Dial(cfg)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = c.Close() }()
	if err := c.RemoveAll(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("collections of alias %s stay: %v", cfg.Alias, err)
	}
}

func each(t *testing.T, test func(t *testing.T, p place)) {
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) { test(t, p) })
	}
}

func clustered(seed uint64, n int) []float32 { return indexertest.Clustered(seed, n, dims) }

func row(vecs []float32, i int) []float32 { return vecs[i*dims : (i+1)*dims] }
