// Command hnsw compares indexer/hnsw with hnswlib (C++) on the same vectors, in
// one run, one thread each, turn and turn about.
//
//	$ tests/bench/peers/hnsw/run.sh FOLDER
//
// README.md says what is measured and how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"marquee/embedder/vec"
)

// k is how many neighbours every query asks for.
const k = 20

var (
	kinds   = []string{"movies", "profiles"}
	targets = []float64{0.98, 0.99}
)

// A config is what the flags say.
type config struct {
	rows            []int
	dims            int
	asked, rounds   int
	python, vectors string
	least           map[int]float64 // rows -> the ratio below which the run fails
}

// errSlow reports a ratio below -least.
var errSlow = errors.New("slower than -least allows")

func main() {
	c, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hnsw:", err)
		os.Exit(2)
	}
	if err := c.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "hnsw:", err)
		os.Exit(1)
	}
}

func parse(args []string) (config, error) {
	var c config
	flags := flag.NewFlagSet("hnsw", flag.ContinueOnError)
	rows := flags.String("rows", "27000,100000", "sizes of index to compare")
	flags.IntVar(&c.dims, "dims", 384, "values a row")
	flags.IntVar(&c.asked, "queries", 1000, "queries of each kind")
	flags.IntVar(&c.rounds, "rounds", 15, "rounds; in each both sides answer every case")
	short := flags.Bool("short", false, "300 queries of each kind and 7 rounds")
	flags.StringVar(&c.python, "python", "", "Python with hnswlib and numpy; without it only our side runs")
	flags.StringVar(&c.vectors, "vectors", "", "file of little-endian float32 unit vectors instead of the seeded world: rows, then queries")
	least := flags.String("least", "", "ROWS=RATIO,...: fail when we answer fewer queries a second than RATIO times hnswlib's")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if *short {
		c.asked, c.rounds = 300, 7
	}
	var err error
	if c.rows, err = sizes(*rows); err != nil {
		return c, err
	}
	if c.least, err = ratios(*least, c.rows); err != nil {
		return c, err
	}
	if c.dims < 1 || c.asked < 1 || c.rounds < 1 {
		return c, fmt.Errorf("-dims %d, -queries %d, -rounds %d, want 1 or more of each", c.dims, c.asked, c.rounds)
	}
	if len(c.least) > 0 && c.python == "" {
		return c, errors.New("-least needs -python: there is nothing to compare with")
	}
	return c, nil
}

// sizes reads numbers of rows, each more than k, with commas between them.
func sizes(list string) ([]int, error) {
	var out []int
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n <= k {
			return nil, fmt.Errorf("-rows has %q, want numbers above %d with commas between them", text, k)
		}
		out = append(out, n)
	}
	return out, nil
}

// ratios reads ROWS=RATIO with commas between them; each ROWS is one of rows.
func ratios(list string, rows []int) (map[int]float64, error) {
	out := make(map[int]float64)
	if list == "" {
		return out, nil
	}
	for _, text := range strings.Split(list, ",") {
		size, ratio, _ := strings.Cut(text, "=")
		n, err := strconv.Atoi(size)
		if err != nil {
			return nil, fmt.Errorf("-least has %q, want ROWS=RATIO", text)
		}
		if out[n], err = strconv.ParseFloat(ratio, 64); err != nil || !(out[n] > 0) {
			return nil, fmt.Errorf("-least has %q, want ROWS=RATIO with a ratio above 0", text)
		}
		if !slices.Contains(rows, n) {
			return nil, fmt.Errorf("-least has %d rows, want one of -rows %v", n, rows)
		}
	}
	return out, nil
}

// run compares at every size and tells at the end what was too slow.
func (c config) run(ctx context.Context) error {
	fmt.Printf("kernels %s, %d processors to build, 1 to search; %d queries of each kind, %d rounds, recall@%d against an exact scan in float32, queries a second of processor time\n",
		vec.Path(), runtime.GOMAXPROCS(0), c.asked, c.rounds, k)
	var slow []error
	for _, n := range c.rows {
		results, err := c.compare(ctx, n)
		if err != nil {
			return fmt.Errorf("%d rows: %w", n, err)
		}
		slow = append(slow, report(os.Stdout, n, results, c.least[n]))
	}
	return errors.Join(slow...)
}
