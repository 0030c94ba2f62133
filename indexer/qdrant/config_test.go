package qdrant_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"marquee/indexer/qdrant"
)

func TestConfigReportsEveryFault(t *testing.T) {
	cfg := qdrant.DefaultConfig()
	cfg.Addr = "localhost:6334"
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	for _, addr := range []string{"127.0.0.1:1", "[::1]:6334", "qdrant.example.org:65535"} {
		cfg.Addr = addr
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	for _, addr := range []string{"", "localhost", "localhost:", ":6334", "localhost:0", "localhost:65536", "http://localhost:6334", "localhost:grpc"} {
		cfg.Addr = addr
		if err := cfg.Validate(); err == nil {
			t.Errorf("address %q passes", addr)
		}
	}
	err := qdrant.Config{APIKey: "two words", CAFile: "x", Alias: "a-b"}.Validate()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 19 || strings.Contains(err.Error(), "two words") {
		t.Errorf("an empty configuration gives %d faults, want 19: %v", len(joined.Unwrap()), err)
	}
}

func TestDialRefuses(t *testing.T) {
	if _, err := qdrant.Dial(qdrant.Config{}); err == nil {
		t.Error("an empty configuration dials")
	}
	cfg := quick("localhost:1")
	cfg.TLS, cfg.CAFile = true, filepath.Join(t.TempDir(), "ca.pem")
	if _, err := qdrant.Dial(cfg); err == nil {
		t.Error("a file of authorities that is not there dials")
	}
	if err := os.WriteFile(cfg.CAFile, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := qdrant.Dial(cfg); err == nil {
		t.Error("a file without authorities dials")
	}
}
