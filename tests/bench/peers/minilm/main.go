// Command minilm measures embedder/minilm for compare.py, which holds it against
// onnxruntime. It reads texts, one JSON string a line, loads the model, and for
// each line on standard input embeds all texts once and prints what that took as
// one line of JSON. README.md says how to run the comparison.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"marquee/embedder/minilm"
	"marquee/embedder/vec"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "minilm:", err)
		os.Exit(1)
	}
}

// A round is what one pass over the texts took.
type round struct {
	Texts   int     `json:"texts"`
	Seconds float64 `json:"seconds"`
	PeakMB  float64 `json:"peak_mb"` // resident, of the whole process so far
	Path    string  `json:"path"`    // kernels
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("minilm", flag.ContinueOnError)
	model := flags.String("model", "", "folder with model.safetensors and vocab.txt")
	path := flags.String("texts", "", "file of texts, one JSON string a line")
	kernel := flags.String("kernel", vec.Path(), "kernel path: go, avx2 or avx512")
	vectors := flags.String("vectors", "", "file to write the vectors to, float32, little-endian; empty for none")
	profile := flags.String("profile", "", "file to write a CPU profile of all rounds to; empty for none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := vec.Use(*kernel); err != nil {
		return err
	}
	texts, err := read(*path)
	if err != nil {
		return err
	}
	m, err := minilm.Open(*model)
	if err != nil {
		return err
	}
	if *profile != "" {
		stop, err := startProfile(*profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	dst := make([]float32, len(texts)*m.ID().Dims)
	encoder := json.NewEncoder(out)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		start := time.Now()
		if err := m.Embed(ctx, texts, dst); err != nil {
			return err
		}
		seconds := time.Since(start).Seconds()
		if err := encoder.Encode(round{len(texts), seconds, peakMB(), vec.Path()}); err != nil {
			return err
		}
	}
	if *vectors == "" {
		return nil
	}
	return write(*vectors, dst)
}

func read(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var texts []string
	for d := json.NewDecoder(file); ; {
		var text string
		switch err := d.Decode(&text); err {
		case nil:
			texts = append(texts, text)
		case io.EOF:
			return texts, nil
		default:
			return nil, fmt.Errorf("%s: text %d: %w", path, len(texts)+1, err)
		}
	}
}

func startProfile(path string) (stop func(), err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); file.Close() }, nil
}

// peakMB returns the process's largest resident memory in 10^6 bytes, or 0 where
// the system does not tell.
func peakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kB * 1024 / 1e6
		}
	}
	return 0
}

func write(path string, values []float32) error {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return os.WriteFile(path, data, 0o644)
}
