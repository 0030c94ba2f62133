package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"marquee/indexer/hnsw"
)

// A side is one index that answers all queries of a kind, keeping ef rows in hand.
type side interface {
	name() string
	built() build
	// find returns the rows found, [queries x k].
	find(ctx context.Context, kind string, ef int) ([]uint32, error)
	// time answers all queries passes times on one thread, and says how much of a
	// processor's time that took.
	time(ctx context.Context, kind string, ef, passes int) (time.Duration, error)
}

// A build is what an index took.
type build struct {
	Seconds   float64 `json:"seconds"`   // by the clock, on all processors
	Processor float64 `json:"processor"` // seconds that they were busy with it, added up
	Bytes     int64   `json:"bytes"`     // with the vectors
}

// An own is our side.
type own struct {
	w    *world
	ix   *hnsw.Index
	took build
}

func newOwn(ctx context.Context, w *world) (*own, error) {
	began, at := time.Now(), processorTime()
	ix, err := hnsw.New(ctx, w.vecs, w.dims, hnsw.DefaultConfig())
	if err != nil {
		return nil, err
	}
	took := build{time.Since(began).Seconds(), (processorTime() - at).Seconds(), ix.Bytes() + int64(4*len(w.vecs))}
	return &own{w, ix, took}, nil
}

func (o *own) name() string { return "marquee" }

func (o *own) built() build { return o.took }

func (o *own) find(ctx context.Context, kind string, ef int) ([]uint32, error) {
	ix, err := o.ix.WithEf(ef)
	if err != nil {
		return nil, err
	}
	var rows []uint32
	for q := range slices.Chunk(o.w.queries[kind], o.w.dims) {
		hits, err := ix.Search(ctx, q, k, nil)
		if err != nil {
			return nil, err
		}
		if len(hits) != k {
			return nil, fmt.Errorf("marquee found %d of %d neighbours with ef %d", len(hits), k, ef)
		}
		for _, h := range hits {
			rows = append(rows, h.Row)
		}
	}
	return rows, nil
}

func (o *own) time(ctx context.Context, kind string, ef, passes int) (time.Duration, error) {
	ix, err := o.ix.WithEf(ef)
	if err != nil {
		return 0, err
	}
	began := processorTime()
	for range passes {
		for q := range slices.Chunk(o.w.queries[kind], o.w.dims) {
			if _, err := ix.Search(ctx, q, k, nil); err != nil {
				return 0, err
			}
		}
	}
	return processorTime() - began, nil
}

// processorTime is what this process has taken so far on all its threads, collection of
// garbage and system calls included. On a free machine one busy thread takes as much of
// it as goes by; on a shared one it leaves out the turns of others.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it fails on wrong arguments alone
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

//go:embed peer.py
var script string

// A rival is hnswlib in a process of its own, which peer.py serves: a command a
// line, an answer a line.
type rival struct {
	folder string
	asked  int
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	took   build
}

// newRival starts the process, which builds an index of what w has written to
// folder. Whoever starts it must end it.
func newRival(ctx context.Context, w *world, python, folder string) (*rival, error) {
	c := hnsw.DefaultConfig()
	args := []string{"-c", script, folder}
	for _, n := range []int{w.dims, k, c.M, c.EfConstruction} {
		args = append(args, strconv.Itoa(n))
	}
	r := &rival{folder: folder, asked: len(w.queries[kinds[0]]) / w.dims, cmd: exec.CommandContext(ctx, python, args...)}
	r.cmd.Stderr = os.Stderr
	var err error
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.out = bufio.NewScanner(out)
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	if err := r.answer(&r.took); err != nil {
		return nil, errors.Join(err, r.end())
	}
	return r, nil
}

// end closes the process's input, upon which it ends, and waits for it.
func (r *rival) end() error {
	return errors.Join(r.in.Close(), r.cmd.Wait())
}

func (r *rival) answer(to any) error {
	if !r.out.Scan() {
		return fmt.Errorf("hnswlib gave no answer: %w", errors.Join(r.out.Err(), io.ErrUnexpectedEOF))
	}
	return json.Unmarshal(r.out.Bytes(), to)
}

func (r *rival) ask(to any, format string, args ...any) error {
	if _, err := fmt.Fprintf(r.in, format+"\n", args...); err != nil {
		return err
	}
	return r.answer(to)
}

func (r *rival) name() string { return "hnswlib" }

func (r *rival) built() build { return r.took }

func (r *rival) find(_ context.Context, kind string, ef int) ([]uint32, error) {
	var done struct{}
	if err := r.ask(&done, "find %s %d", kind, ef); err != nil {
		return nil, err
	}
	rows, err := readRows(filepath.Join(r.folder, "found.i32"), r.asked*k)
	if err == nil && len(rows) != r.asked*k {
		err = fmt.Errorf("hnswlib found %d rows, want %d for each of %d queries", len(rows), k, r.asked)
	}
	return rows, err
}

func (r *rival) time(_ context.Context, kind string, ef, passes int) (time.Duration, error) {
	var took struct {
		Seconds float64 `json:"seconds"`
	}
	err := r.ask(&took, "time %s %d %d", kind, ef, passes)
	return time.Duration(took.Seconds * float64(time.Second)), err
}
