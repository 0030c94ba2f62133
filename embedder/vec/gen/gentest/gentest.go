// Package gentest holds the kernels of embedder/vec to the programs that write them.
package gentest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// asGenerator, when set, makes a test's binary the generator.
const asGenerator = "VEC_GENERATE"

// Main is for TestMain: it runs the tests, or, in a process that [Generated] starts,
// generate, which ends the process when it has written.
func Main(m *testing.M, generate func()) {
	if os.Getenv(asGenerator) != "" {
		generate()
		return
	}
	os.Exit(m.Run())
}

// Generated fails t unless the files assembly and stubs in the folder vec are what this
// test's generator writes, but for the first line, which quotes the command.
func Generated(t *testing.T, vec, assembly, stubs string) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-pkg", "vec", "-out", filepath.Join(dir, assembly), "-stubs", filepath.Join(dir, stubs))
	cmd.Env = append(os.Environ(), asGenerator+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, out)
	}
	for _, name := range []string{assembly, stubs} {
		if !bytes.Equal(body(t, filepath.Join(vec, name)), body(t, filepath.Join(dir, name))) {
			t.Errorf("%s is not what its generator writes; run go generate ./embedder/vec", name)
		}
	}
}

// body returns a file without its first line.
func body(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	if len(rest) == 0 {
		t.Fatalf("%s has no second line", path)
	}
	return rest
}
