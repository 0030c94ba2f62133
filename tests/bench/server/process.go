package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// A process is a server under test.
type process struct {
	cmd     *exec.Cmd
	address string
	out     bytes.Buffer
	done    chan error
}

// start starts a program that listens on address, and waits until path is 200.
func start(ctx context.Context, address, path string, c *exec.Cmd) (*process, error) {
	p := &process{cmd: c, address: address, done: make(chan error, 1)}
	c.Stdout, c.Stderr = &p.out, &p.out
	if err := c.Start(); err != nil {
		return nil, err
	}
	go func() { p.done <- c.Wait() }()
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		select {
		case err := <-p.done:
			return nil, fmt.Errorf("%s ended: %w: %s", c.Path, err, p.out.String())
		default:
		}
		res, err := http.Get("http://" + address + path)
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return p, nil
		}
	}
	p.end()
	return nil, fmt.Errorf("%s is not ready within a minute: %s", c.Path, p.out.String())
}

// end ends it.
func (p *process) end() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.cmd.Process.Kill()
		<-p.done
	}
}

// free returns an address that nobody listens on.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// fetch returns a page.
func fetch(url string) (string, error) {
	res, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

// envRival names the address on which this program is to be the rival.
const envRival = "MARQUEE_BENCH_RIVAL"

func startRival(ctx context.Context) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := free()
	if err != nil {
		return nil, err
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), envRival+"="+address)
	return start(ctx, address, "/recommend/1", c)
}
