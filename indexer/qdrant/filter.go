package qdrant

import (
	"slices"

	api "github.com/qdrant/go-client/qdrant"
)

// A Filter says which movies a search may return. The zero Filter lets all through.
type Filter struct {
	Exclude          []uint32 // rows
	Genres           []string // any of these; empty: whatever
	YearFrom, YearTo int      // inclusive; 0: no bound
	Language         string   // "": whatever
	NoAdult          bool
}

// conditions returns what the server is to check of payloads.
func (f Filter) conditions() *api.Filter {
	out := &api.Filter{}
	if len(f.Genres) > 0 {
		out.Must = append(out.Must, api.NewMatchKeywords(fieldGenres, f.Genres...))
	}
	if f.YearFrom != 0 || f.YearTo != 0 {
		bounds := &api.Range{}
		if f.YearFrom != 0 {
			bounds.Gte = api.PtrOf(float64(f.YearFrom))
		}
		if f.YearTo != 0 {
			bounds.Lte = api.PtrOf(float64(f.YearTo))
		}
		out.Must = append(out.Must, api.NewRange(fieldYear, bounds))
	}
	if f.Language != "" {
		out.Must = append(out.Must, api.NewMatchKeyword(fieldLanguage, f.Language))
	}
	if f.NoAdult {
		out.MustNot = append(out.MustNot, api.NewMatchBool(fieldAdult, true))
	}
	return out
}

// lets says what conditions say, of a payload at hand.
func (f Filter) lets(p Payload) bool {
	switch {
	case len(f.Genres) > 0 && !slices.ContainsFunc(p.Genres, func(g string) bool { return slices.Contains(f.Genres, g) }):
		return false
	case (f.YearFrom != 0 || f.YearTo != 0) && p.Year == 0:
		return false
	case f.YearFrom != 0 && p.Year < f.YearFrom, f.YearTo != 0 && p.Year > f.YearTo:
		return false
	case f.Language != "" && p.Language != f.Language:
		return false
	}
	return !f.NoAdult || !p.Adult
}

// plain says whether f asks for nothing that stands in a payload.
func (f Filter) plain() bool {
	return len(f.Genres) == 0 && f.YearFrom == 0 && f.YearTo == 0 && f.Language == "" && !f.NoAdult
}
