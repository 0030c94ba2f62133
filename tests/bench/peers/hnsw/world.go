package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/indexer/indexertest"
)

// A world is vectors, queries of each kind, and the truth about them. Movies that
// are asked with are not among the vectors.
type world struct {
	dims    int
	vecs    []float32
	queries map[string][]float32
	truth   map[string][][]indexer.Hit
}

// newWorld is the same for the same arguments. file holds vectors to use; without
// it they come from the seeded generator of clustered vectors.
func newWorld(ctx context.Context, n, dims, asked int, file string) (*world, error) {
	all, err := vectors(n+asked, dims, file)
	if err != nil {
		return nil, err
	}
	cut := n * dims
	w := &world{dims: dims, vecs: all[:cut:cut], truth: make(map[string][][]indexer.Hit)}
	w.queries = map[string][]float32{
		"movies":   all[cut:],
		"profiles": indexertest.Profiles(1, w.vecs, dims, asked),
	}
	for _, kind := range kinds {
		if w.truth[kind], err = w.nearest(ctx, w.queries[kind]); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func vectors(n, dims int, file string) ([]float32, error) {
	if file == "" {
		return indexertest.Clustered(1, n, dims), nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all := make([]float32, n*dims)
	if err := binary.Read(bufio.NewReader(f), binary.LittleEndian, all); err != nil {
		return nil, fmt.Errorf("%s: %w; want %d x %d float32, the queries included", file, err, n, dims)
	}
	return all, nil
}

// nearest returns the k rows nearest to each query, best first, by comparing all
// in float32, on all processors.
func (w *world) nearest(ctx context.Context, queries []float32) ([][]indexer.Hit, error) {
	out := make([][]indexer.Hit, len(queries)/w.dims)
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			scores := make([]float32, len(w.vecs)/w.dims)
			for i := worker; i < len(out) && ctx.Err() == nil; i += workers {
				vec.DotRows(scores, queries[i*w.dims:][:w.dims], w.vecs)
				out[i] = top(scores)
			}
		})
	}
	wg.Wait()
	return out, ctx.Err()
}

// top returns the k highest of scores, best first.
func top(scores []float32) []indexer.Hit {
	hits := make([]indexer.Hit, 0, k+1)
	for row, s := range scores {
		if len(hits) == k && s <= hits[k-1].Score {
			continue
		}
		at, _ := slices.BinarySearchFunc(hits, s, func(h indexer.Hit, s float32) int {
			if h.Score >= s {
				return -1
			}
			return 1
		})
		hits = slices.Insert(hits, at, indexer.Hit{Row: uint32(row), Score: s})
		hits = hits[:min(len(hits), k)]
	}
	return hits
}

// recall is the share of the true neighbours that are among the rows found,
// [queries x k]. Whoever found them, their scores are computed here.
func (w *world) recall(kind string, rows []uint32) float64 {
	found, wanted := 0, 0
	hits := make([]indexer.Hit, k)
	for i, truth := range w.truth[kind] {
		q := w.queries[kind][i*w.dims:][:w.dims]
		for j, row := range rows[i*k:][:k] {
			hits[j] = indexer.Hit{Row: row, Score: vec.Dot(q, w.vecs[int(row)*w.dims:][:w.dims])}
		}
		found += indexer.Found(hits, truth)
		wanted += len(truth)
	}
	return float64(found) / float64(wanted)
}

// write leaves the vectors and the queries of each kind as little-endian float32
// in folder.
func (w *world) write(folder string) error {
	if err := writeFloats(filepath.Join(folder, "vectors.f32"), w.vecs); err != nil {
		return err
	}
	for kind, queries := range w.queries {
		if err := writeFloats(filepath.Join(folder, kind+".f32"), queries); err != nil {
			return err
		}
	}
	return nil
}

func writeFloats(path string, values []float32) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	to := bufio.NewWriter(f)
	for part := range slices.Chunk(values, 1<<16) {
		if err := binary.Write(to, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	return to.Flush()
}

// readRows reads as many little-endian int32 as there are, at most most.
func readRows(path string, most int) ([]uint32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, int64(4*most)))
	if err != nil {
		return nil, err
	}
	rows := make([]uint32, len(raw)/4)
	_, err = binary.Decode(raw, binary.LittleEndian, rows)
	return rows, err
}
