package deploy

import (
	"debug/elf"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

const (
	mostImageBytes = 60_000_000
	nobody         = 65532
)

var copied = regexp.MustCompile(`(?m)^COPY --from=build (?:--chown=\S+ )?(\S+) (\S+)$`)

// rootfs puts into a folder what the last stage of the Dockerfile does, and nothing else.
func rootfs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy/container/Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, last, ok := strings.Cut(string(text), "FROM scratch\n")
	if !ok || !strings.Contains(last, "USER 65532:65532\n") {
		t.Fatal("the Dockerfile's last stage is not from scratch, or not for another user than root")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range copied.FindAllStringSubmatch(last, -1) {
		to := filepath.Join(dir, c[2])
		switch c[1] {
		case "/out/marquee":
			data, err := os.ReadFile(program(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, data, 0o755); err != nil {
				t.Fatal(err)
			}
		case "/out/home":
			if err := os.MkdirAll(to, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(to, nobody, nobody); err != nil {
				missing(t, "no root, who alone may make the image's files: "+err.Error())
			}
		case "/out/root/":
			tmp := filepath.Join(to, "tmp")
			if err := errors.Join(os.Mkdir(tmp, 0o700), os.Chmod(tmp, 0o777|os.ModeSticky)); err != nil {
				t.Fatal(err)
			}
		case "/etc/ssl/certs/ca-certificates.crt":
			data, err := os.ReadFile(c[1])
			if err != nil {
				t.Logf("no certificates here: %v", err)
				continue
			}
			write(t, to, string(data))
		default:
			t.Fatalf("the image gets %s, which this test does not know", c[1])
		}
	}
	return dir
}

// The image has one static program, is small, and does its whole work in an empty root
// as a user who is not root.
func TestImage(t *testing.T) {
	slow(t)
	f, err := elf.Open(program(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libs, err := f.ImportedLibraries()
	if err != nil || len(libs) > 0 || f.Section(".interp") != nil {
		t.Errorf("the program is linked with %v, %v; want it static", libs, err)
	}
	dir := rootfs(t)
	var size int64
	err = filepath.Walk(dir, func(_ string, i os.FileInfo, err error) error {
		if err == nil {
			size += i.Size()
		}
		return err
	})
	if err != nil || size > mostImageBytes {
		t.Errorf("the image has %d bytes, %v; want at most %d", size, err, mostImageBytes)
	}
	t.Logf("the image has %.1f MB", float64(size)/1e6)

	movies, ratings := films(t, filepath.Join(dir, "data"))
	inside := func(args ...string) *exec.Cmd {
		c := exec.Command("/marquee", args...)
		c.Env = []string{"MARQUEE_HOME=/var/lib/marquee", "MARQUEE_QUIET=true", "MARQUEE_LOG_FORMAT=json"}
		c.Dir = "/var/lib/marquee"
		c.SysProcAttr = &syscall.SysProcAttr{Chroot: dir, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		return c
	}
	if out, err := inside("serve").CombinedOutput(); err == nil || !strings.Contains(string(out), "marquee build") {
		t.Errorf("serve without a bundle: %v, %s", err, out)
	}
	piped := filepath.Join(dir, "data", "pipe")
	if err := syscall.Mkfifo(piped, 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, exec.Command("cp", movies, piped))
	for _, args := range [][]string{ // a pipe and lists made beforehand pass through /tmp
		{"import", "jsonl", "/data/pipe"}, {"import", "csv", "/data/" + filepath.Base(ratings), "--kind", "ratings"},
		{"build", "--lsa-rank", "16", "--models", "popular,neural,neural-precomputed"},
	} {
		if out, err := inside(args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	address := free(t)
	server := start(t, inside("serve", "--listen", address))
	probe := func() bool { return inside("probe", "http://"+address+"/health/ready").Run() == nil }
	eventually(t, "the probe of the image says ready", probe)
	if status, _, body := get(t.Context(), "http://"+address+"/recommend/7"); status != http.StatusOK || strings.Count(body, ",") != 19 {
		t.Errorf("%d %q", status, body)
	}
	server.end()
	if probe() {
		t.Error("the probe says ready though the server has ended")
	}
}
