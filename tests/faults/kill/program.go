package kill

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A program is the real one with the flags that all its lives share.
type program struct {
	path string
	home string
	args []string // of every call
}

// command returns a call that is not started. Its environment holds no settings
// but those here.
func (p *program) command(args ...string) (*exec.Cmd, *tail) {
	cmd := exec.Command(p.path, append(append([]string{}, args...), p.args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "TMPDIR=" + os.TempDir()}
	cmd.Dir = p.home
	said := &tail{}
	cmd.Stderr = said
	return cmd, said
}

// once runs a call to its end, within some time.
func (p *program) once(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd, said := p.command(append(args, "--once", "--output", "json")...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("marquee %s: %w\n%s", strings.Join(args, " "), err, said)
		}
		return nil
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		<-ended
		return fmt.Errorf("marquee %s: no end\n%s", strings.Join(args, " "), said)
	}
}

// A tail keeps the end of what a process said.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4000

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-tailBytes):]
	return len(p), nil
}

// String returns it.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// A reader is one ingest that is killed and started again.
type reader struct {
	program *program
	args    []string
	buried  func() // called after each death
	rng     *rand.Rand

	calm  atomic.Bool // it is not killed now
	lives atomic.Int64
	begun atomic.Int64 // when the life that is began, in nanoseconds since 1970
	kills atomic.Int64
}

// The life of a process.
const (
	shortest = 50 * time.Millisecond
	longest  = 1500 * time.Millisecond
)

// run lets it live and die until ctx ends. Its error is a life that ended by
// itself.
func (r *reader) run(ctx context.Context) error {
	for ctx.Err() == nil {
		cmd, said := r.program.command(append([]string{"ingest"}, r.args...)...)
		if err := cmd.Start(); err != nil {
			return err
		}
		r.lives.Add(1)
		r.begun.Store(time.Now().UnixNano())
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		if err := r.live(ctx, ended); err != nil {
			return fmt.Errorf("marquee %s ended by itself: %w\n%s", strings.Join(cmd.Args[1:], " "), err, said)
		}
		if err := cmd.Process.Kill(); err != nil { // SIGKILL
			return fmt.Errorf("kill: %w\n%s", err, said)
		}
		<-ended
		r.kills.Add(1)
		if r.buried != nil {
			r.buried()
		}
	}
	return nil
}

// errEnded is a process that ended with status 0 though it should not end.
var errEnded = fmt.Errorf("status 0")

// live waits for the moment of death.
func (r *reader) live(ctx context.Context, ended chan error) error {
	span := shortest + time.Duration(r.rng.Int64N(int64(longest-shortest)))
	timer := time.NewTimer(span)
	defer timer.Stop()
	for {
		select {
		case err := <-ended:
			if err == nil {
				err = errEnded
			}
			return err
		case <-ctx.Done():
			return nil
		case <-timer.C:
			if !r.calm.Load() {
				return nil
			}
			timer.Reset(shortest)
		}
	}
}
