// Command soakals trains ALS on a matrix far larger than any catalog's: by default
// a million people, 27,000 movies and 100 million events at 64 factors. It prints
// the time and the loss of every sweep, and the peak of memory, and fails if the
// memory passes --most-gb or the sweeps together --most-seconds.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"marquee/embedder/vec"
	"marquee/recommender/model/als"
	"marquee/tests/bench/peers/als/synthetic"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soakals:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("soakals", flag.ContinueOnError)
	users := flags.Int("users", 1_000_000, "people")
	movies := flags.Int("movies", 27_000, "movies")
	events := flags.Int("events", 100_000_000, "watched movies, over all people")
	dims := flags.Int("dims", 64, "factors")
	sweeps := flags.Int("sweeps", 10, "passes over the data")
	solver := flags.String("solver", als.CG, "cg or block")
	block := flags.Int("block", als.DefaultConfig().Block, "coordinates of a block")
	seed := flags.Uint64("seed", 1, "of the data and the factors")
	mostGB := flags.Float64("most-gb", 8, "fail above this peak of memory, GiB; 0 for any")
	mostSeconds := flags.Float64("most-seconds", 0, "fail if the sweeps together take longer; 0 for any")
	losses := flags.Bool("losses", true, "compute the loss behind every sweep, not only the last")
	if err := flags.Parse(args); err != nil {
		return err
	}
	began := time.Now()
	m, err := synthetic.Events(ctx, *users, *movies, *events, *seed)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d people, %d movies, %d events made in %.1f s; kernels %s\n", *users, *movies, len(m.Cols), time.Since(began).Seconds(), vec.Path())
	c := als.Implicit(*dims, *sweeps)
	c.Regularization, c.Seed, c.Solver, c.Block = 0.05, *seed, *solver, *block
	began = time.Now()
	t, err := als.NewTrainer(m, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "transposed in %.1f s\n", time.Since(began).Seconds())
	spent, last := time.Duration(0), 0.0
	for sweep := range *sweeps {
		began := time.Now()
		if err := t.Sweep(ctx); err != nil {
			return err
		}
		took := time.Since(began)
		spent += took
		line := fmt.Sprintf("sweep %2d  %6.2f s", sweep+1, took.Seconds())
		if *losses || sweep == *sweeps-1 {
			loss, err := t.Loss(ctx)
			if err != nil {
				return err
			}
			if sweep > 0 && *losses && !(loss <= last) {
				return fmt.Errorf("the loss rose from %v to %v in sweep %d", last, loss, sweep+1)
			}
			last = loss
			line += fmt.Sprintf("  loss %.6g", loss)
		}
		fmt.Fprintf(out, "%s  peak %.2f GiB\n", line, peakGB())
	}
	fmt.Fprintf(out, "%d sweeps at %d factors: %.1f s, %.2f s a sweep, peak %.2f GiB\n", *sweeps, *dims, spent.Seconds(), spent.Seconds()/float64(*sweeps), peakGB())
	switch {
	case *mostGB > 0 && peakGB() > *mostGB:
		return fmt.Errorf("peak %.2f GiB, want at most %v", peakGB(), *mostGB)
	case *mostSeconds > 0 && spent.Seconds() > *mostSeconds:
		return fmt.Errorf("%.1f s for %d sweeps, want at most %v", spent.Seconds(), *sweeps, *mostSeconds)
	}
	return nil
}

// peakGB returns the process's largest resident memory in 2^30 bytes, or 0 where
// the system does not tell.
func peakGB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kB / (1 << 20)
		}
	}
	return 0
}
