// Command als is our side of compare.py, which holds recommender/model/als against
// the Python package implicit on the same matrix. With --generate it makes one;
// else it reads one and answers commands, a line each, with lines of JSON:
//
//	sweep N      makes N sweeps: {"seconds":...} of each
//	loss         the whole objective: {"loss":...}
//	write PATH   PATH.users and PATH.items, float32, little-endian: {"written":true}
//
// README.md says how to run the comparison.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"marquee/embedder/vec"
	"marquee/recommender/model/als"
	"marquee/tests/bench/peers/als/synthetic"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "als:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("als", flag.ContinueOnError)
	data := flags.String("data", "", "folder of the matrix")
	generate := flags.Bool("generate", false, "make a matrix in --data, and end")
	users := flags.Int("users", 200_000, "people to make")
	movies := flags.Int("movies", 27_000, "movies to make")
	events := flags.Int("events", 10_000_000, "watched movies to make")
	seed := flags.Uint64("seed", 1, "of the matrix that is made, or of the factors")
	dims := flags.Int("dims", 64, "factors")
	regularization := flags.Float64("regularization", 0.05, "lambda")
	solver := flags.String("solver", als.CG, "cg or block")
	kernel := flags.String("kernel", vec.Path(), "kernel path: go, avx2 or avx512")
	start := flags.String("start", "", "PATH of factors to begin with, PATH.users and PATH.items; empty to draw them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := vec.Use(*kernel); err != nil {
		return err
	}
	if *generate {
		m, err := synthetic.Events(ctx, *users, *movies, *events, *seed)
		if err != nil {
			return err
		}
		return write(*data, m)
	}
	m, err := read(*data)
	if err != nil {
		return err
	}
	c := als.Implicit(*dims, 1)
	c.Regularization, c.Seed, c.Solver = *regularization, *seed, *solver
	t, err := als.NewTrainer(m, c)
	if err != nil {
		return err
	}
	if *start != "" {
		if err := readInto(*start+".users", t.Users); err != nil {
			return err
		}
		if err := readInto(*start+".items", t.Items); err != nil {
			return err
		}
	}
	return serve(ctx, t, in, json.NewEncoder(out))
}

func serve(ctx context.Context, t *als.Trainer, in io.Reader, out *json.Encoder) error {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		var answer any
		switch command {
		case "sweep":
			n, err := strconv.Atoi(argument)
			if err != nil {
				return err
			}
			seconds := make([]float64, n)
			for i := range seconds {
				began := time.Now()
				if err := t.Sweep(ctx); err != nil {
					return err
				}
				seconds[i] = time.Since(began).Seconds()
			}
			answer = map[string][]float64{"seconds": seconds}
		case "loss":
			loss, err := t.Loss(ctx)
			if err != nil {
				return err
			}
			answer = map[string]float64{"loss": loss}
		case "write":
			if err := writeValues(argument+".users", t.Users); err != nil {
				return err
			}
			if err := writeValues(argument+".items", t.Items); err != nil {
				return err
			}
			answer = map[string]bool{"written": true}
		default:
			return fmt.Errorf("command %q, want sweep, loss or write", lines.Text())
		}
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

// read reads a matrix: shape.json, and little-endian starts (int64), cols (int32)
// and values (float32), as numpy reads them.
func read(dir string) (*als.Matrix, error) {
	var shape struct{ Rows, Columns, Values int }
	text, err := os.ReadFile(filepath.Join(dir, "shape.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &shape); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	m := &als.Matrix{Columns: shape.Columns, Starts: make([]int64, shape.Rows+1), Cols: make([]uint32, shape.Values), Values: make([]float32, shape.Values)}
	for name, into := range map[string]any{"starts": m.Starts, "cols": m.Cols, "values": m.Values} {
		if err := readInto(filepath.Join(dir, name), into); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func write(dir string, m *als.Matrix) error {
	text, err := json.Marshal(map[string]int{"rows": m.Rows(), "columns": m.Columns, "values": len(m.Cols)})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, values := range map[string]any{"starts": m.Starts, "cols": m.Cols, "values": m.Values} {
		if err := writeValues(filepath.Join(dir, name), values); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "shape.json"), text, 0o644)
}
