package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commands at the head of the compose file make what it wants before its first start:
// a password, and tokens as the program and as Prometheus read them.
func TestComposeCommands(t *testing.T) {
	need(t, "bash")
	need(t, "openssl")
	text, err := os.ReadFile(filepath.Join(root, "deploy/compose/compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(text), "#   docker compose up")
	if !found {
		t.Fatal("the head of the file does not start anything")
	}
	var commands []string
	for _, m := range regexp.MustCompile(`(?m)^#   (\S.*)$`).FindAllStringSubmatch(before, -1) {
		commands = append(commands, m[1])
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS(filepath.Join(root, "deploy"))); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", strings.Join(commands, "\n"))
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v: %s", commands, err, out)
	}
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, "deploy/compose", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	token := strings.TrimSpace(read("metrics-token"))
	if len(token) < 16 || read("api-tokens") != "admin "+token+"\n" {
		t.Errorf("tokens are %q, and %q for Prometheus; want a line \"admin TOKEN\", and the token of it", read("api-tokens"), token)
	}
	if env := read(".env"); strings.Contains(env, "change-me") || !regexp.MustCompile(`(?m)^POSTGRES_PASSWORD=\w{16,}$`).MatchString(env) {
		t.Errorf("the environment has no password of its own: %q", env)
	}
}
