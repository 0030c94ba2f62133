// Command surprise trains and judges our models of ratings for compare.py, which
// holds them against scikit-surprise. README.md says how to run the comparison.
//
//	surprise split -data FOLDER -seed 1 OUT    writes OUT/train.tsv and OUT/test.tsv
//	surprise judge IN                          answers jobs on standard input
//	surprise kinds                             prints the kinds that it judges
//
// A job is one line of JSON, {"kind":"svd","settings":{…}}; so is its answer.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "surprise:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command, want split, judge or kinds")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	data := flags.String("data", "", "folder of ml-latest-small")
	seed := flags.Uint64("seed", 1, "of the split")
	share := flags.Float64("share", 0.2, "of the ratings that are held out")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	folder := flags.Arg(0)
	switch args[0] {
	case "split":
		return split(*data, folder, *seed, *share)
	case "judge":
		return judge(ctx, folder, in, out)
	case "kinds":
		_, err := fmt.Fprintln(out, strings.Join(slices.Sorted(maps.Keys(kinds)), "\n"))
		return err
	}
	return fmt.Errorf("command %q, want split, judge or kinds", args[0])
}

// A job is a model to train and judge.
type job struct {
	Kind     string          `json:"kind"`
	Settings json.RawMessage `json:"settings"`
}

// An answer is what came of a job.
type answer struct {
	RMSE    float64 `json:"rmse"` // of the people as they were trained, where the kind has them
	MAE     float64 `json:"mae"`
	Served  float64 `json:"served"` // RMSE of the people as they are served
	Seconds float64 `json:"seconds"`
}

func judge(ctx context.Context, folder string, in io.Reader, out io.Writer) error {
	s, err := read(folder)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var j job
		if err := json.Unmarshal(lines.Bytes(), &j); err != nil {
			return fmt.Errorf("job %s: %w", lines.Bytes(), err)
		}
		train, ok := kinds[j.Kind]
		if !ok {
			return fmt.Errorf("kind %q is not in the table", j.Kind)
		}
		a, err := s.answer(ctx, train, j.Settings)
		if err != nil {
			return fmt.Errorf("%s %s: %w", j.Kind, j.Settings, err)
		}
		if err := encoder.Encode(a); err != nil {
			return err
		}
	}
	return nil
}
