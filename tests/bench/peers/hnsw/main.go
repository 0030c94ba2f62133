// Command hnsw compares indexer/hnsw with hnswlib (C++) on the same vectors, in
// one run, one thread each, turn and turn about.
//
//	$ python3 -m venv V && V/bin/pip install hnswlib numpy
//	$ go run ./tests/bench/peers/hnsw -python V/bin/python
//
// It prints, for each index and kind of query, the least width of search (ef)
// tried that reaches a recall, and the queries a second there. Both have M 16,
// ef_construction 200; hnswlib is asked for all queries in one call, so that
// Python itself takes no time.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/indexer/hnsw"
	"marquee/indexer/indexertest"
)

const k = 20

// widths are the values of ef that both sides are asked with.
var widths = []int{20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 1024}

// A point is the speed and the recall of one index at one ef.
type point struct {
	Kind   string  `json:"kind"`
	Ef     int     `json:"ef"`
	Recall float64 `json:"recall"`
	QPS    float64 `json:"qps"`
}

// A peer is one index: it answers every query at every ef.
type peer struct {
	name string
	run  func(ctx context.Context) ([]point, error)
}

func main() {
	n := flag.Int("n", 27000, "rows")
	dims := flag.Int("dims", 384, "values a row")
	asked := flag.Int("queries", 500, "queries of each kind")
	rounds := flag.Int("rounds", 3, "rounds; the best of each figure counts")
	python := flag.String("python", "", "Python with hnswlib and numpy; without it only our side runs")
	from := flag.String("vectors", "", "file of little-endian float32 unit vectors to use instead of the seeded world")
	flag.Parse()
	if err := run(context.Background(), *n, *dims, *asked, *rounds, *python, *from); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n, dims, asked, rounds int, python, from string) error {
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := newWorld(ctx, n, dims, asked, from)
	if err != nil {
		return err
	}
	if err := w.write(dir); err != nil {
		return err
	}
	started := time.Now()
	ix, err := hnsw.New(ctx, w.vecs, dims, hnsw.DefaultConfig())
	if err != nil {
		return err
	}
	fmt.Printf("%d x %d, kernels %s; marquee builds in %.1f s on %d processors, graph %d MB\n",
		len(w.vecs)/dims, dims, vec.Path(), time.Since(started).Seconds(), runtime.GOMAXPROCS(0), ix.Bytes()>>20)
	peers := []peer{{"marquee", func(ctx context.Context) ([]point, error) { return w.ours(ctx, ix) }}}
	if python != "" {
		peers = append(peers, peer{"hnswlib", func(ctx context.Context) ([]point, error) { return theirs(ctx, python, dir, dims) }})
	}
	best := make(map[string][]point)
	for range rounds {
		for _, p := range peers {
			points, err := p.run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			best[p.name] = better(best[p.name], points)
		}
	}
	report(peers, best)
	return nil
}

// A world is vectors, queries and the truth about them.
type world struct {
	dims    int
	vecs    []float32
	queries map[string][]float32
	truth   map[string][][]indexer.Hit
}

func newWorld(ctx context.Context, n, dims, asked int, from string) (*world, error) {
	all := indexertest.Clustered(1, n+asked, dims)
	if from != "" {
		raw, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		all = make([]float32, len(raw)/4)
		if _, err := binary.Decode(raw, binary.LittleEndian, all); err != nil {
			return nil, err
		}
	}
	cut := len(all) - asked*dims
	w := &world{dims: dims, vecs: all[:cut], truth: make(map[string][][]indexer.Hit)}
	w.queries = map[string][]float32{
		"movies":   all[cut:],
		"profiles": indexertest.Profiles(1, w.vecs, dims, asked),
	}
	for kind, queries := range w.queries {
		for q := range slices.Chunk(queries, dims) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			w.truth[kind] = append(w.truth[kind], w.nearest(q))
		}
	}
	return w, nil
}

// nearest returns the k rows nearest to q, by comparing all.
func (w *world) nearest(q []float32) []indexer.Hit {
	hits := make([]indexer.Hit, 0, len(w.vecs)/w.dims)
	for v := range slices.Chunk(w.vecs, w.dims) {
		hits = append(hits, indexer.Hit{Row: uint32(len(hits)), Score: vec.Dot(q, v)})
	}
	slices.SortFunc(hits, func(a, b indexer.Hit) int { return cmp.Compare(b.Score, a.Score) })
	return hits[:min(k, len(hits))]
}

// write leaves the vectors, and for each kind the queries and the scores that a
// hit must reach, as little-endian float32 in dir.
func (w *world) write(dir string) error {
	files := map[string][]float32{"vectors": w.vecs}
	for kind, queries := range w.queries {
		files[kind] = queries
		for _, hits := range w.truth[kind] {
			files[kind+"-edge"] = append(files[kind+"-edge"], hits[len(hits)-1].Score)
		}
	}
	for name, values := range files {
		var buf bytes.Buffer
		if err := binary.Write(&buf, binary.LittleEndian, values); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".f32"), buf.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) ours(ctx context.Context, ix *hnsw.Index) ([]point, error) {
	var points []point
	for _, kind := range []string{"movies", "profiles"} {
		for _, ef := range widths {
			wide, err := ix.WithEf(ef)
			if err != nil {
				return nil, err
			}
			p := point{Kind: kind, Ef: ef}
			found, i := 0, 0
			started := time.Now()
			for q := range slices.Chunk(w.queries[kind], w.dims) {
				hits, err := wide.Search(ctx, q, k, nil)
				if err != nil {
					return nil, err
				}
				found += indexer.Found(hits, w.truth[kind][i])
				i++
			}
			p.QPS = float64(i) / time.Since(started).Seconds()
			p.Recall = float64(found) / float64(k*i)
			points = append(points, p)
		}
	}
	return points, nil
}

func theirs(ctx context.Context, python, dir string, dims int) ([]point, error) {
	list, err := json.Marshal(widths)
	if err != nil {
		return nil, err
	}
	script := filepath.Join("tests", "bench", "peers", "hnsw", "peer.py")
	cmd := exec.CommandContext(ctx, python, script, dir, strconv.Itoa(dims), strconv.Itoa(k), string(list))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s, from the top of the repository: %w", script, err)
	}
	var points []point
	return points, json.Unmarshal(out, &points)
}

// better joins two runs over the same points: the higher speed of each.
func better(a, b []point) []point {
	for i := range a {
		if i < len(b) {
			b[i].QPS = max(a[i].QPS, b[i].QPS)
		}
	}
	return b
}

func report(peers []peer, best map[string][]point) {
	fmt.Printf("%-9s %-8s %6s %5s %8s %10s\n", "queries", "index", "recall", "ef", "reached", "queries/s")
	for _, kind := range []string{"movies", "profiles"} {
		for _, goal := range []float64{0.95, 0.97, 0.98, 0.99, 0.995} {
			for _, p := range peers {
				i := slices.IndexFunc(best[p.name], func(p point) bool { return p.Kind == kind && p.Recall >= goal })
				if i < 0 {
					fmt.Printf("%-9s %-8s %6.3f not reached\n", kind, p.name, goal)
					continue
				}
				at := best[p.name][i]
				fmt.Printf("%-9s %-8s %6.3f %5d %8.4f %10.0f\n", kind, p.name, goal, at.Ef, at.Recall, at.QPS)
			}
		}
	}
}
