package coderhnsw

import (
	"errors"
	"fmt"
)

const (
	minLinks = 2
	maxLinks = 256
	maxFetch = 1 << 16
	// layerShare is the library's Ml: the share of a layer's rows that are also
	// on the next.
	layerShare = 0.25
)

// Floor is the recall at 20, on movies held out and on profiles, below which an
// index is not to be published: what over-fetching reaches, not what one would
// wish for.
const Floor = 0.75

// Config says how to build and search the index. Start from [DefaultConfig]: a
// zero field means zero.
type Config struct {
	M        int    // links a row keeps on each layer, 2 to 256
	EfSearch int    // nodes the library keeps in hand while it inserts and searches, 1 to 65536
	Fetch    int    // rows asked of the library for each search, 1 to 65536; [Build] measures and replaces it
	Seed     uint64 // chooses the layers
}

// DefaultConfig is M 64: with 16 links a graph of 27,000 rows reached recall 0.6
// at best, whatever was fetched.
func DefaultConfig() Config {
	return Config{M: 64, EfSearch: 64, Fetch: 800, Seed: 1}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	if c.M < minLinks || c.M > maxLinks {
		errs = append(errs, fmt.Errorf("M is %d, want %d to %d", c.M, minLinks, maxLinks))
	}
	if c.EfSearch < 1 || c.EfSearch > maxFetch {
		errs = append(errs, fmt.Errorf("EfSearch is %d, want 1 to %d", c.EfSearch, maxFetch))
	}
	if c.Fetch < 1 || c.Fetch > maxFetch {
		errs = append(errs, fmt.Errorf("Fetch is %d, want 1 to %d", c.Fetch, maxFetch))
	}
	return errors.Join(errs...)
}
