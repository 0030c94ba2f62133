package main

import (
	"testing"

	"marquee/embedder/vec/gen/gentest"
)

func TestMain(m *testing.M) { gentest.Main(m, main) }

// The committed kernels are what this program writes.
func TestGenerated(t *testing.T) {
	gentest.Generated(t, "..", "kernels_amd64.s", "kernels_amd64.go")
}
