package lsa

import (
	"errors"
	"fmt"
)

// Limits of a [Config] and of a model that is read.
const (
	maxRank  = 2048
	maxTerms = 1_000_000
)

// Config says how to fit. Start from [DefaultConfig]: a zero field means zero.
type Config struct {
	Rank       int     `json:"rank"`       // dimensions of a vector, 1 to 2048; the model has fewer when the texts have no more
	MaxTerms   int     `json:"max_terms"`  // vocabulary, 1 to 1,000,000; the rarest terms beyond it are left out
	MinTexts   int     `json:"min_texts"`  // a term stands in at least so many texts, 1 or more
	MaxShare   float64 `json:"max_share"`  // and in at most this share of them, above 0 to 1
	Lead       float64 `json:"lead"`       // how much more the first term of a text weighs, 0 to 100
	LeadSpan   float64 `json:"lead_span"`  // terms after which that has fallen to 1/e, above 0 to 1e6
	Power      float64 `json:"power"`      // of the singular values in a vector, 0 to 1
	Oversample int     `json:"oversample"` // columns beyond Rank while fitting, 0 to 1024
	Sweeps     int     `json:"sweeps"`     // of the subspace iteration, 1 to 100
	Seed       uint64  `json:"seed"`       // same texts, seed and kernel path, same bits, at any GOMAXPROCS
}

// DefaultConfig returns the configuration that found the most sequels, and the
// most movies that the same people rate, among the neighbours of real movies;
// the package comment has the table.
func DefaultConfig() Config {
	return Config{
		Rank: 256, MaxTerms: 60_000, MinTexts: 2, MaxShare: 0.5, Lead: 1.5, LeadSpan: 4,
		Power: 1, Oversample: 32, Sweeps: 1, Seed: 1,
	}
}

// Validate reports every fault of c in one error.
func (c Config) Validate() error {
	var errs []error
	whole := func(name string, value, least, most int) {
		if value < least || value > most {
			errs = append(errs, fmt.Errorf("%s is %d, want %d to %d", name, value, least, most))
		}
	}
	whole("rank", c.Rank, 1, maxRank)
	whole("max_terms", c.MaxTerms, 1, maxTerms)
	whole("min_texts", c.MinTexts, 1, 1_000_000_000)
	whole("oversample", c.Oversample, 0, 1024)
	whole("sweeps", c.Sweeps, 1, 100)
	if !(c.MaxShare > 0 && c.MaxShare <= 1) {
		errs = append(errs, fmt.Errorf("max_share is %v, want above 0 to 1", c.MaxShare))
	}
	if !(c.Lead >= 0 && c.Lead <= 100) {
		errs = append(errs, fmt.Errorf("lead is %v, want 0 to 100", c.Lead))
	}
	if !(c.LeadSpan > 0 && c.LeadSpan <= 1e6) {
		errs = append(errs, fmt.Errorf("lead_span is %v, want above 0 to 1e6", c.LeadSpan))
	}
	if !(c.Power >= 0 && c.Power <= 1) {
		errs = append(errs, fmt.Errorf("power is %v, want 0 to 1", c.Power))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("lsa configuration: %w", err)
	}
	return nil
}
