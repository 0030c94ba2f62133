package main

import (
	"testing"

	"marquee/embedder/vec/gen/gentest"
)

func TestMain(m *testing.M) { gentest.Main(m, main) }

// The committed kernels are what this program writes.
func TestGenerated(t *testing.T) {
	gentest.Generated(t, "../..", "transformer_kernels_amd64.s", "transformer_kernels_amd64.go")
}
