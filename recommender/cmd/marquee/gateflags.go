package main

import (
	"fmt"
	"strings"

	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// gateFlags say what a bundle must reach before it goes live.
type gateFlags struct {
	MaxShrinkage float64           `help:"Largest share of the live bundle's movies that may be gone." default:"0.05" placeholder:"SHARE"`
	MaxEmpty     float64           `help:"Largest share of movies without a text." default:"0.2" placeholder:"SHARE"`
	MaxLoss      float64           `help:"Largest share that NDCG@20 of what serves may fall behind the live bundle's." default:"0.1" placeholder:"SHARE"`
	Override     map[string]string `help:"Let a bundle go live that a gate refuses, with the reason, which is kept in the manifest: recall, shrinkage, empty or offline." env:"-" mapsep:";" placeholder:"GATE=REASON"`
}

// gates returns what to ask of a bundle.
func (f gateFlags) gates() (pipeline.Gates, error) {
	g := pipeline.Gates{Shrinkage: f.MaxShrinkage, Empty: f.MaxEmpty, Offline: f.MaxLoss, Override: f.Override}
	return g, wrapUsage(g.Validate())
}

// overridden returns why with the gates that were overridden and the reasons given, for the
// journal: the manifest of a bundle that was refused before stays as it was.
func (f gateFlags) overridden(why string, gates []bundle.Gate) string {
	parts := []string{why}
	for _, g := range gates {
		if !g.Passed && g.Override {
			parts = append(parts, fmt.Sprintf("gate %s overridden: %s", g.Name, f.Override[g.Name]))
		}
	}
	return strings.Join(parts, "; ")
}
