// Command world makes a small invented world: the catalog API of it, the
// stream of what its people watch, and lists of its ids. See package
// simulator. Commands that are given the same seed, movies and people speak of
// the same world.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"marquee/tests/simulator"
)

// size are the flags that make a world.
type size struct {
	Seed   uint64 `help:"Seed of the world." default:"1"`
	Movies int    `help:"Number of movies." default:"2000"`
	People int    `help:"Number of people." default:"3000"`
}

func (s size) world() (*simulator.World, error) {
	return simulator.New(simulator.Config{Seed: s.Seed, Movies: s.Movies, People: s.People})
}

type serve struct {
	size
	Listen     string        `help:"Address to listen on; port 0 takes a free one." default:"127.0.0.1:8090"`
	Edition    string        `help:"Edition of the formats." enum:"2025,2026" default:"2025"`
	Rate       float64       `help:"Requests a second before 429; 0 is no limit." default:"0"`
	Burst      int           `help:"Requests that may come at once, with a rate." default:"10"`
	FaultShare float64       `help:"Share of requests that fail, 0 to 1." default:"0"`
	Delay      time.Duration `help:"Wait before every answer." default:"0s"`
}

// Run serves the catalog API until ctx ends.
func (s *serve) Run(ctx context.Context, o outputs) error {
	w, err := s.world()
	if err != nil {
		return err
	}
	api, err := w.API(simulator.APIConfig{Edition: s.Edition, RequestsPerSecond: s.Rate, Burst: s.Burst, FaultShare: s.FaultShare, Delay: s.Delay})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; give another --listen", s.Listen, err)
	}
	fmt.Fprintf(o.progress, "world: %d movies and %d people at http://%s (edition %s)\n", len(w.Movies), len(w.People), l.Addr(), s.Edition)
	server := &http.Server{Handler: api, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err = server.Shutdown(ending)
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

type stream struct {
	size
	Out     string  `help:"File to write; - is standard output." default:"-"`
	Edition string  `help:"Edition of the formats." enum:"2025,2026" default:"2025"`
	Days    int     `help:"Days to simulate." default:"60"`
	Every   int     `help:"Minutes watched for each line; the real stream has 1." default:"10"`
	Noise   float64 `help:"Share of lines that are tampered with, 0 to 1." default:"0.0011"`
}

// Run writes the stream.
func (s *stream) Run(o outputs) error {
	w, err := s.world()
	if err != nil {
		return err
	}
	cfg := simulator.DefaultStream(s.Edition)
	cfg.Days, cfg.EveryMinutes, cfg.NoiseShare = s.Days, s.Every, s.Noise
	x, err := w.Stream(cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.progress, "world: %d watches in %d lines, %d of them noise\n", len(x.Watches), x.Lines, x.Noisy)
	return o.write(s.Out, func(out io.Writer) error {
		_, err := x.WriteTo(out)
		return err
	})
}

type ids struct {
	size
	Kind string `help:"Whose ids: movie or user." enum:"movie,user" default:"movie"`
	Out  string `help:"File to write; - is standard output." default:"-"`
}

// Run writes the ids.
func (s *ids) Run(o outputs) error {
	w, err := s.world()
	if err != nil {
		return err
	}
	if s.Kind == "user" {
		return o.write(s.Out, w.WriteUserIDs)
	}
	return o.write(s.Out, w.WriteMovieIDs)
}

type facts struct {
	size
	Out string `help:"File to write; - is standard output." default:"-"`
}

// Run writes the outside facts.
func (s *facts) Run(o outputs) error {
	w, err := s.world()
	if err != nil {
		return err
	}
	return o.write(s.Out, w.WriteFacts)
}

// outputs are where results and progress go.
type outputs struct{ results, progress io.Writer }

// write gives do the file at path, or where results go.
func (o outputs) write(path string, do func(io.Writer) error) error {
	if path == "-" {
		return do(o.results)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(do(f), f.Close())
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process. It returns 0, or 1 if the work failed, or 2
// if the command line was wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	var cli struct {
		Serve  serve  `cmd:"" help:"Serve the catalog API."`
		Stream stream `cmd:"" help:"Write the stream of what people watch."`
		IDs    ids    `cmd:"" name:"ids" help:"Write the ids of movies or people, one a line."`
		Facts  facts  `cmd:"" help:"Write an outside database's facts as JSON lines."`
	}
	exit := -1 // set by --help, which prints and wants to leave
	parser, err := kong.New(&cli, kong.Name("world"), kong.Description("A small invented world to try Marquee in."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }))
	if err != nil {
		fmt.Fprintln(stderr, "world:", err)
		return 1
	}
	command, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "world: %v; see world --help\n", err)
		return 2
	}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(outputs{stdout, stderr}); err != nil {
		fmt.Fprintln(stderr, "world:", err)
		return 1
	}
	return 0
}
