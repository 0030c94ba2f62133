package vec

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// ErrPath reports a kernel path that is unknown, or that this processor lacks.
var ErrPath = errors.New("no such kernel path")

// A path is a set of kernels, by the instructions they need.
type path int32

const (
	pathGo path = iota
	pathAVX2
	pathAVX512
)

// pathNames are the names that [Path] and [Use] speak.
var pathNames = [...]string{pathGo: "go", pathAVX2: "avx2", pathAVX512: "avx512"}

// active is the path in use. The zero value, pathGo, works everywhere.
var active atomic.Int32

func current() path { return path(active.Load()) }

// Path returns the name of the kernels in use: "avx512", "avx2" or "go".
func Path() string { return pathNames[current()] }

// Paths returns the names of the paths that this machine can use, the slowest
// first. The last one is in use unless [Use] has chosen another.
func Paths() []string { return append([]string(nil), pathNames[:bestPath()+1]...) }

// Use makes name the path of every later call, in the whole program. It is for
// tests, benchmarks and the start of a program: two paths round differently, so
// a switch between two results makes them incomparable to the bit. The error of
// a name that is unknown, or that this machine cannot use, wraps [ErrPath].
func Use(name string) error {
	for p, n := range pathNames[:bestPath()+1] {
		if n == name {
			active.Store(int32(p))
			return nil
		}
	}
	return fmt.Errorf("kernel path %q, want one of %s: %w", name, strings.Join(Paths(), ", "), ErrPath)
}
