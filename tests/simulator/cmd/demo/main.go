// Command demo shows the main job on a small invented world, as a new user would
// do it: it starts the catalog API, writes the event stream, and lets the real
// program read, ask, build and serve. It ends with Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"marquee/tests/simulator"
)

// A demo is one showing.
type demo struct {
	marquee string // path of the program
	home    string // its state
	listen  string // its address
	admin   string
	check   bool // end after the lists were checked
	world   *simulator.World
	stream  *simulator.Stream
	api     string // base URL of the catalog API
}

func main() {
	var d demo
	flag.StringVar(&d.marquee, "marquee", "bin/marquee", "`path` of the program")
	flag.StringVar(&d.home, "home", ".marquee/world", "`folder` of its state")
	flag.StringVar(&d.listen, "listen", ":8082", "`address` to serve on")
	flag.StringVar(&d.admin, "admin-listen", "127.0.0.1:9082", "`address` of the metrics")
	flag.BoolVar(&d.check, "check", false, "end after the lists were checked")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE) // none may leave the server behind
	err := d.run(ctx)
	interrupted := ctx.Err() != nil
	stop()
	if err != nil && !interrupted {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run shows everything. The catalog API goes on until the end.
func (d *demo) run(ctx context.Context) error {
	began := time.Now()
	if err := d.invent(); err != nil {
		return err
	}
	api, err := d.world.API(simulator.APIConfig{Edition: simulator.Edition2025})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.api = "http://" + l.Addr().String()
	if d.listen, err = chosen(d.listen); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	serveUntil(ctx, g, l, api)
	g.Go(func() error {
		defer cancel()
		return d.show(ctx, began)
	})
	return g.Wait()
}

// chosen returns address with a free port in the place of port 0.
func chosen(address string) (string, error) {
	if !strings.HasSuffix(address, ":0") {
		return address, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func serveUntil(ctx context.Context, g *errgroup.Group, l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	g.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
}

// invent makes the world and writes its stream and the facts of an outside
// database.
func (d *demo) invent() error {
	var err error
	if d.world, err = simulator.New(simulator.DefaultConfig()); err != nil {
		return err
	}
	if d.stream, err = d.world.Stream(simulator.DefaultStream(simulator.Edition2025)); err != nil {
		return err
	}
	if err := os.MkdirAll(d.home, 0o755); err != nil {
		return err
	}
	if err := writeFile(d.path("movielog.log"), func(w io.Writer) error { _, err := d.stream.WriteTo(w); return err }); err != nil {
		return err
	}
	if err := writeFile(d.path("facts.jsonl"), d.world.WriteFacts); err != nil {
		return err
	}
	fmt.Printf("An invented world: %d movies and %d people; its stream has %d lines, %d of them noise.\n",
		len(d.world.Movies), len(d.world.People), d.stream.Lines, d.stream.Noisy)
	return nil
}

func (d *demo) path(name string) string { return filepath.Join(d.home, name) }

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = write(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// show lets the program do the job.
func (d *demo) show(ctx context.Context, began time.Time) error {
	for _, args := range [][]string{
		{"ingest", "--source", "file:" + d.path("movielog.log"), "--once"},
		{"import", "api", "--url", d.api, "--rate", "0"},
		{"import", "jsonl", d.path("facts.jsonl"), "--merge", "imdb_id"},
		{"build", "--embedder", "lsa"},
	} {
		if err := d.command(ctx, args...); err != nil {
			return err
		}
	}
	server, err := d.start(ctx)
	if err != nil {
		return err
	}
	err = d.lists(ctx)
	if err == nil {
		fmt.Printf("\nAll of it took %.0f seconds. ", time.Since(began).Seconds())
		if !d.check {
			fmt.Printf("Marquee goes on serving on %s until Ctrl-C; try\n", d.listen)
			fmt.Printf("  curl %s/recommend/%s\n  curl -H 'Accept: application/json' %s/recommend/%s\n",
				d.host(), d.world.People[0].ID, d.host(), d.world.People[0].ID)
			<-ctx.Done()
		}
	}
	fmt.Println()
	return errors.Join(err, server())
}

// command runs the program once and shows what it says.
func (d *demo) command(ctx context.Context, args ...string) error {
	fmt.Printf("\n$ marquee %s\n", strings.Join(args, " "))
	cmd := d.exec(ctx, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("marquee %s: %w", args[0], err)
	}
	return nil
}

func (d *demo) exec(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, d.marquee, append([]string{"--home", d.home, "--log-level", "warn"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	return cmd
}

// start starts the server and waits until it is ready. The func it returns ends
// it.
func (d *demo) start(ctx context.Context) (end func() error, err error) {
	fmt.Printf("\n$ marquee serve --listen %s --admin-listen %s\n", d.listen, d.admin)
	cmd := d.exec(context.WithoutCancel(ctx), "serve", "--listen", d.listen, "--admin-listen", d.admin, "--no-access-log")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	end = func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		return <-done
	}
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		select {
		case err := <-done:
			return nil, fmt.Errorf("marquee serve ended early: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
		if _, err := d.get(ctx, "/health/ready"); err == nil {
			return end, nil
		}
	}
	return nil, errors.Join(errors.New("marquee serve did not become ready"), end())
}

// host returns the server's address for a client.
func (d *demo) host() string {
	host, port, err := net.SplitHostPort(d.listen)
	if err != nil || host == "" {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
