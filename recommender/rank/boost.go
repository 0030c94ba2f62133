package rank

import (
	"slices"
	"strings"
)

// The least and the most that all boosts of a movie together do.
const (
	leastBoost = 0.1
	mostBoost  = 10
)

// boost multiplies the scores of candidates.
func (s *Snapshot) boost(p *placing, boosts []Boost) {
	if len(boosts) == 0 {
		return
	}
	for i := range p.cands {
		c := &p.cands[i]
		c.score *= s.boosted(p.pool[c.item].Row, boosts)
	}
}

// boosted returns the product of the factors that are about a row.
func (s *Snapshot) boosted(row uint32, boosts []Boost) float32 {
	f := float32(1)
	for _, b := range boosts {
		if b.Factor > 0 && s.about(b, row) {
			f *= b.Factor
		}
	}
	return min(max(f, leastBoost), mostBoost)
}

// about reports whether a boost is about a row.
func (s *Snapshot) about(b Boost, row uint32) bool {
	if b.Genre == "" {
		return b.Row == row
	}
	return s.Movies.Genres != nil && slices.ContainsFunc(s.Movies.Genres[row], func(g string) bool { return strings.EqualFold(g, b.Genre) })
}

// boostItems multiplies the scores of items and sorts them anew.
func (s *Snapshot) boostItems(items []Item, boosts []Boost) {
	if len(boosts) == 0 {
		return
	}
	for i := range items {
		items[i].Score *= s.boosted(items[i].Row, boosts)
	}
	slices.SortStableFunc(items, func(a, b Item) int { return sign(b.Score - a.Score) })
	for i := range items {
		items[i].Score = min(items[i].Score, 1)
	}
}
