package hnsw

import (
	"errors"
	"fmt"
	"math"
)

const (
	minLinks = 2
	maxLinks = 256
	maxWidth = 1 << 16 // of a beam
)

// Config says how to build and search a graph. Start from [DefaultConfig]: a zero
// field means zero.
type Config struct {
	M              int    // links a row gets on each upper level, 2 to 256; twice as many on the lowest
	EfConstruction int    // near rows among which a new row chooses its links, M to 65536
	Ef             int    // rows a search keeps in hand, 1 to 65536; [Build] measures and replaces it
	Seed           uint64 // chooses the levels; same seed and vectors, same graph
}

// DefaultConfig is M 16 and EfConstruction 200, the customary setting of the
// paper and of hnswlib. M 24 with 300 reached recall 0.99 on profiles with Ef 60
// instead of 80 on 27,000 x 384, at the same queries a second, and took 1.5 times
// as long to build.
func DefaultConfig() Config {
	return Config{M: 16, EfConstruction: 200, Ef: 128, Seed: 1}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	if c.M < minLinks || c.M > maxLinks {
		errs = append(errs, fmt.Errorf("M is %d, want %d to %d", c.M, minLinks, maxLinks))
	}
	if c.EfConstruction < c.M || c.EfConstruction > maxWidth {
		errs = append(errs, fmt.Errorf("EfConstruction is %d, want M (%d) to %d", c.EfConstruction, c.M, maxWidth))
	}
	if c.Ef < 1 || c.Ef > maxWidth {
		errs = append(errs, fmt.Errorf("Ef is %d, want 1 to %d", c.Ef, maxWidth))
	}
	return errors.Join(errs...)
}

// level returns the highest level of a row: l or more with chance 1/M^l, by a
// hash of seed and row (splitmix64). Whole numbers throughout: every machine
// gives every row the same level.
func (c Config) level(row uint32) int {
	h := c.Seed + (uint64(row)+1)*0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	l := 0
	for bound := math.MaxUint64 / uint64(c.M); h < bound && l < maxLevel; bound /= uint64(c.M) {
		l++
	}
	return l
}
