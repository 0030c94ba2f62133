package deploy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const root = "../.."

// need skips a test for want of a program, unless MARQUEE_DEPLOY demands it.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + program)
	}
	if err != nil {
		missing(t, fmt.Sprintf("no %s here", program))
	}
	return path
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MARQUEE_DEPLOY") != "" {
		t.Fatalf("%s, and MARQUEE_DEPLOY is set", what)
	}
	t.Skipf("%s; \"make deploy\" demands it", what)
}

// slow skips what takes more than a moment unless it is asked for.
func slow(t *testing.T) {
	t.Helper()
	if os.Getenv("MARQUEE_DEPLOY") == "" {
		t.Skip("starts real programs; \"make deploy\" runs it")
	}
}

var buildFlags = regexp.MustCompile(`go build (.*?) -o /out/marquee (\S+)`)

// binary builds the program as the Dockerfile does, once.
var binary = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy/container/Dockerfile"))
	if err != nil {
		return "", err
	}
	found := buildFlags.FindStringSubmatch(string(text))
	if found == nil {
		return "", fmt.Errorf("the Dockerfile has no line that builds the program")
	}
	dir, err := os.MkdirTemp("", "marquee-deploy")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "marquee")
	options := strings.NewReplacer("${VERSION}", "test", "${COMMIT}", "test").Replace(found[1])
	c := exec.Command("bash", "-c", "go build "+options+" -o "+path+" "+found[2])
	c.Dir, c.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// TestMain removes what was built.
func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("MARQUEE_DEPLOY") != "" {
		if path, err := binary(); err == nil {
			os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

func program(t *testing.T) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// films writes a small catalog and ratings to dir.
func films(t *testing.T, dir string) (movies, ratings string) {
	t.Helper()
	words := []string{"robot", "heist", "garden", "ghost", "train", "boxer", "opera", "island"}
	var m, r strings.Builder
	for i := range 80 {
		w := words[i%len(words)]
		fmt.Fprintf(&m, `{"id":"film-%d","title":"The %s %d","year":%d,"genres":["%s"],"overview":"A %s meets another %s in the city number %d."}`+"\n", i, w, i, 1950+i%70, w, w, w, i%5)
	}
	r.WriteString("user,movie,rating,at\n")
	for u := range 40 {
		for k := range 8 {
			fmt.Fprintf(&r, "%d,film-%d,%d,2024-01-%02dT10:00:00Z\n", u, (u%8+8*k+u/8)%80, 3+(u+k)%3, 1+k)
		}
	}
	movies, ratings = filepath.Join(dir, "films.jsonl"), filepath.Join(dir, "ratings.csv")
	write(t, movies, m.String())
	write(t, ratings, r.String())
	return movies, ratings
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// newHome returns a folder with a bundle of a small catalog.
func newHome(t *testing.T) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	movies, ratings := films(t, t.TempDir())
	for _, args := range [][]string{
		{"import", "jsonl", movies}, {"import", "csv", ratings, "--kind", "ratings"}, {"build", "--embedder", "lsa", "--lsa-rank", "16", "--models", "popular"},
	} {
		c := exec.CommandContext(t.Context(), program(t), append([]string{"--home", home, "--quiet"}, args...)...)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("marquee %v: %v: %s", args, err, out)
		}
	}
	return home
}

// A process is a program that a test started.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *bytes.Buffer
	done chan error
}

// start starts a program, which is ended with the test.
func start(t *testing.T, c *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: c, out: &bytes.Buffer{}, done: make(chan error, 1)}
	c.Stdout, c.Stderr = p.out, p.out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- c.Wait() }()
	t.Cleanup(p.end)
	return p
}

// end asks it to end, and kills it if it does not.
func (p *process) end() {
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		p.cmd.Process.Kill()
		<-p.done
	}
	if p.t.Failed() {
		p.t.Logf("%s said: %s", p.cmd.Path, p.out)
	}
	p.cmd = nil
}

// free returns the address of a port that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// get returns status, headers and body of an answer; 0 if there was none.
func get(ctx context.Context, url string, header ...string) (int, http.Header, string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err.Error()
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, err.Error()
	}
	return res.StatusCode, res.Header, string(body)
}

// eventually waits until ok, for half a minute at most.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within half a minute", what)
}

// serve starts a server of home that is ready.
func serve(t *testing.T, home string, args ...string) (p *process, address string) {
	t.Helper()
	address = free(t)
	p = start(t, exec.Command(program(t), append([]string{"--home", home, "serve", "--listen", address}, args...)...))
	eventually(t, "the server is ready", func() bool {
		status, _, _ := get(t.Context(), "http://"+address+"/health/ready")
		return status == http.StatusOK
	})
	return p, address
}
