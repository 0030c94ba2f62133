package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// generate, when set, makes this test's binary the generator: avo ends the
// process when it has written.
const generate = "TRANSFORMER_GENERATE"

func TestMain(m *testing.M) {
	if os.Getenv(generate) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The committed files are what this program writes, but for the first line,
// which quotes the command.
func TestGenerated(t *testing.T) {
	const assembly, stubs = "transformer_kernels_amd64.s", "transformer_kernels_amd64.go"
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-pkg", "vec", "-out", filepath.Join(dir, assembly), "-stubs", filepath.Join(dir, stubs))
	cmd.Env = append(os.Environ(), generate+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, out)
	}
	for _, name := range []string{assembly, stubs} {
		if readBody(t, filepath.Join("..", "..", name)) != readBody(t, filepath.Join(dir, name)) {
			t.Errorf("%s is not what this program writes; run go generate ./embedder/vec", name)
		}
	}
}

func readBody(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "\n")
	if body == "" {
		t.Fatalf("%s has no second line", path)
	}
	return body
}
