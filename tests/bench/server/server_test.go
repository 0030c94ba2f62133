package server

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"marquee/catalog/catalogtest/pgtest"
)

// TestMain is the rival, if it is asked to be.
func TestMain(m *testing.M) {
	if address := os.Getenv(envRival); address != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if err := beRival(ctx, address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(pgtest.Main(m))
}

// number returns an environment variable as a number.
func number(t *testing.T, name string, otherwise float64) float64 {
	t.Helper()
	text := os.Getenv("MARQUEE_BENCH_" + name)
	if text == "" {
		return otherwise
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("MARQUEE_BENCH_%s: %v", name, err)
	}
	return v
}

// The server answers a share of the requests that a handler answers which writes a fixed
// list, and its slowest hundredth waits no more than some times as long.
func TestServer(t *testing.T) {
	marquee := os.Getenv("MARQUEE_BENCH_SERVER")
	if marquee == "" {
		t.Skip("takes minutes; \"make bench-server\" runs it")
	}
	if _, err := exec.LookPath("wrk"); err != nil {
		t.Skip("no wrk here")
	}
	dir := os.Getenv("MARQUEE_BENCH_DIR")
	if dir == "" {
		dir = t.TempDir()
	}
	w := world{movies: int(number(t, "MOVIES", 27_000)), people: int(number(t, "PEOPLE", 20_000)), watched: 20}
	p := plan{dir: dir, people: w.people, rounds: int(number(t, "ROUNDS", 3)), span: time.Duration(number(t, "SECONDS", 6)) * time.Second, conns: 64}
	t.Logf("%d movies, %d people who watched %d each, every model in the blend", w.movies, w.people, w.watched)
	home, err := w.build(t.Context(), marquee, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(pausesWithin(p.span))
	r, err := startRival(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.end()
	t.Run("sqlite", func(t *testing.T) {
		s := serve(t, marquee, "--home", home, "serve")
		share, rate := p.compare(t, r.address, s.address)
		if least := number(t, "LEAST", 0); share < least {
			t.Errorf("%.2f of the rival's requests a second, want %.2f", share, least)
		}
		load := number(t, "LOAD", 0.8)
		theirs, own, err := p.tails(t.Context(), r.address, s.address, load*rate)
		if err != nil {
			t.Fatal(err)
		}
		tail := float64(median(own)) / float64(median(theirs))
		t.Logf("at %.0f requests a second p99 %v, the rival %v: %.1f times (%v, %v)", load*rate, median(own), median(theirs), tail, own, theirs)
		if most := number(t, "MOST_TAIL", 0); most > 0 && tail > most {
			t.Errorf("p99 is %.1f times the rival's, want at most %.1f", tail, most)
		}
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := pgtest.DSN(t)
		for _, args := range w.facts(dir) {
			if out, err := exec.CommandContext(t.Context(), marquee, append([]string{"--home", home, "--store", dsn, "--quiet"}, args...)...).CombinedOutput(); err != nil {
				t.Fatalf("marquee %v: %v: %s", args, err, out)
			}
		}
		cold := p
		cold.cold = 0.1
		// The cache holds the people of nine requests in ten; of the others it knows few.
		s := serve(t, marquee, "--home", home, "--store", dsn, "serve", "--history-people", strconv.Itoa(cold.hot()*11/10))
		share, _ := cold.compare(t, r.address, s.address)
		if least := number(t, "LEAST_MISSES", 0); share < least {
			t.Errorf("%.2f of the rival's requests a second, want %.2f", share, least)
		}
		t.Logf("%s", s.metrics(t, "marquee_history_hits_total", "marquee_history_misses_total"))
	})
}

// compare returns ours as a share of the rival's requests a second, and how many ours are.
func (p plan) compare(t *testing.T, rival, ours string) (share, rate float64) {
	t.Helper()
	theirs, own, err := p.beside(t.Context(), rival, ours)
	if err != nil {
		t.Fatal(err)
	}
	share = median(own) / median(theirs)
	t.Logf("%.0f requests a second, the rival %.0f: %.3f of them (%.0f, %.0f)", median(own), median(theirs), share, own, theirs)
	return share, median(own)
}

// A served server shows its metrics too.
type served struct {
	*process
	admin string
}

// serve starts the program, which ends with the test.
func serve(t *testing.T, marquee string, args ...string) served {
	t.Helper()
	address, err := free()
	if err != nil {
		t.Fatal(err)
	}
	admin, err := free()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(marquee, append(args, "--listen", address, "--admin-listen", admin, "--no-access-log")...)
	p, err := start(t.Context(), address, "/health/ready", c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.end)
	s := served{p, admin}
	t.Cleanup(func() { t.Log(s.metrics(t, "marquee_exposures", "marquee_shed_total", "marquee_lists_total")) })
	return s
}

// metrics returns the lines of metrics that begin with one of names.
func (s served) metrics(t *testing.T, names ...string) string {
	t.Helper()
	text, err := fetch("http://" + s.admin + "/metrics")
	if err != nil {
		return err.Error()
	}
	var out []string
	for line := range strings.Lines(text) {
		for _, n := range names {
			if strings.HasPrefix(line, n) {
				out = append(out, strings.TrimSpace(line))
			}
		}
	}
	return strings.Join(out, "; ")
}
