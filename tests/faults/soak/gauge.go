package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// What may grow between the first report and the last.
const (
	heapShare = 1.10
	heapBytes = 16 << 20
	handles   = 5 // goroutines and file descriptors, each
)

// A gauge measures the process every so many lines.
type gauge struct {
	out   io.Writer
	every int64
	at    int64 // lines of the next report
	began time.Time
	last  time.Time
	lines int64 // of the last report

	first, latest reading
	reports       int
}

// A reading is what was measured once, after a garbage collection.
type reading struct {
	heap       uint64 // bytes
	goroutines int
	files      int // open descriptors; -1 where the system does not tell
}

// observe reports when it is time.
func (g *gauge) observe(lines int64) {
	if lines >= g.at {
		g.report(lines)
		g.at += g.every
	}
}

func (g *gauge) report(lines int64) {
	if lines == g.lines {
		return
	}
	span := time.Since(g.last).Seconds()
	g.latest = measure()
	if g.reports++; g.reports == 1 {
		g.first = g.latest
	}
	fmt.Fprintf(g.out, "%d lines: %.0f lines/s, heap %.1f MiB, resident %s, %d goroutines, %d files\n", lines,
		float64(lines-g.lines)/span, float64(g.latest.heap)/(1<<20), resident(), g.latest.goroutines, g.latest.files)
	g.lines, g.last = lines, time.Now()
}

func measure() reading {
	runtime.GC()
	runtime.GC() // the second one frees what had a finalizer, and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := reading{heap: m.HeapAlloc, goroutines: runtime.NumGoroutine(), files: -1}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		r.files = len(entries)
	}
	return r
}

// resident returns the resident memory as the system words it.
func resident() string {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}

// verdict says what grew.
func (g *gauge) verdict() error {
	a, b := g.first, g.latest
	if g.reports < 2 {
		return fmt.Errorf("there were %d reports, want two to compare", g.reports)
	}
	if most := uint64(float64(a.heap)*heapShare) + heapBytes; b.heap > most {
		return fmt.Errorf("the heap grew from %d to %d bytes, want at most %d", a.heap, b.heap, most)
	}
	if b.goroutines > a.goroutines+handles {
		return fmt.Errorf("goroutines grew from %d to %d, want at most %d more", a.goroutines, b.goroutines, handles)
	}
	if b.files > a.files+handles {
		return fmt.Errorf("open files grew from %d to %d, want at most %d more", a.files, b.files, handles)
	}
	return nil
}
