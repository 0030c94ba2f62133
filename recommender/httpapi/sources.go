package httpapi

import (
	"slices"
	"strings"

	"marquee/recommender/rank"
)

// A sourcesKey is what lists of the same sources have in common. Others may have it too.
type sourcesKey struct {
	arm    string
	number int // of sources
}

// maxSourceNames bounds the joined names that are kept for each sourcesKey.
const maxSourceNames = 512

// sourceNames joins the names of sources, once for each of the sets of them that the
// movies of lists have.
type sourceNames struct {
	sources []string
	joined  memo[rank.Source, string]
}

// names returns the joined names of the sources of a list.
func (s *seal) names(list *rank.List) *sourceNames {
	n := s.sources.of(sourcesKey{list.Arm, len(list.Sources)}, func(int) *sourceNames {
		return &sourceNames{sources: slices.Clone(list.Sources)}
	})
	if !slices.Equal(n.sources, list.Sources) { // which is so where lists are interleaved
		return &sourceNames{sources: list.Sources}
	}
	return n
}

// of returns those of an item.
func (n *sourceNames) of(item rank.Item) string {
	if all := n.joined.all.Load(); all != nil && len(*all) >= maxSourceNames {
		if name, ok := (*all)[item.Source]; ok {
			return name
		}
		return n.join(item)
	}
	return n.joined.of(item.Source, func(int) string { return n.join(item) })
}

func (n *sourceNames) join(item rank.Item) string {
	return strings.Join((&rank.List{Sources: n.sources}).SourceNames(item), "+")
}
