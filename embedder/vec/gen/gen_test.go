package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// asGenerator makes the test binary run main: avo writes and exits by itself.
const asGenerator = "VEC_GEN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asGenerator) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The committed kernels are what this program writes, but for the first line,
// which quotes the command.
func TestGenerated(t *testing.T) {
	dir := t.TempDir()
	files := []string{"kernels_amd64.s", "kernels_amd64.go"}
	cmd := exec.Command(os.Args[0], "-pkg", "vec", "-out", filepath.Join(dir, files[0]), "-stubs", filepath.Join(dir, files[1]))
	cmd.Env = append(os.Environ(), asGenerator+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, out)
	}
	for _, name := range files {
		want, got := body(t, filepath.Join(dir, name)), body(t, filepath.Join("..", name))
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what gen writes; run go generate ./embedder/vec", name)
		}
	}
}

// body returns a file without its first line.
func body(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := bytes.Cut(b, []byte("\n"))
	if !found || len(rest) == 0 {
		t.Fatalf("%s has no second line", name)
	}
	return rest
}
