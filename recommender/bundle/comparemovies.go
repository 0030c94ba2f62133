package bundle

import (
	"cmp"
	"slices"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// A MovieName is a movie as a difference names it.
type MovieName struct {
	ID    catalog.MovieID `json:"id"`
	Title string          `json:"title,omitempty"`
	Year  uint16          `json:"year,omitempty"`
}

// A ChangedMovie is a movie whose facts or text are not the same.
type ChangedMovie struct {
	MovieName
	What []string `json:"what"` // title, year, released, adult, genres, language, text
}

// A MoviesDifference says which movies came, went and changed, and what editors said
// of them.
type MoviesDifference struct {
	Added   int `json:"added"`
	Removed int `json:"removed"` // they left the catalog
	Changed int `json:"changed"`
	Same    int `json:"same"`

	// Unknown is how many movies of both could be changed in genres, language or text without
	// it showing: bundles before format 3 do not have these.
	Unknown int `json:"unknown,omitempty"`

	FirstAdded   []MovieName    `json:"first_added"`
	FirstRemoved []MovieName    `json:"first_removed"`
	FirstChanged []ChangedMovie `json:"first_changed"`

	Hidden        int               `json:"hidden"` // since the first bundle, and no longer
	Unhidden      int               `json:"unhidden"`
	FirstHidden   []catalog.MovieID `json:"first_hidden"`
	FirstUnhidden []catalog.MovieID `json:"first_unhidden"`

	Corrected   int `json:"corrected"`   // corrections of neighbours that are new or say something else
	Uncorrected int `json:"uncorrected"` // that are there no longer
}

// none is a row that is not there.
const none = -1

// A pair are the movies of two bundles, with the rows that are the same movie. Movies that left
// the catalog are in neither.
type pair struct {
	a, b *rank.Movies
	toB  []int // row of a -> row of b, or none
	toA  []int
}

func pairMovies(a, b *rank.Movies) pair {
	p := pair{a: a, b: b, toB: make([]int, a.Len()), toA: make([]int, b.Len())}
	rows := make(map[catalog.MovieID]int, b.Len())
	for row, id := range b.IDs {
		p.toA[row] = none
		if !b.IsGone(uint32(row)) {
			rows[id] = row
		}
	}
	for row, id := range a.IDs {
		p.toB[row] = none
		if other, known := rows[id]; known && !a.IsGone(uint32(row)) {
			p.toB[row], p.toA[other] = other, row
		}
	}
	return p
}

func (p pair) compare(most int) MoviesDifference {
	d := MoviesDifference{FirstAdded: []MovieName{}, FirstRemoved: []MovieName{}, FirstChanged: []ChangedMovie{}}
	for row, other := range p.toB {
		if p.a.IsGone(uint32(row)) {
			continue
		}
		if other == none {
			d.Removed++
			d.FirstRemoved = append(d.FirstRemoved, nameOf(p.a, row))
			continue
		}
		what, known := p.changes(row, other)
		if len(what) > 0 {
			d.Changed++
			d.FirstChanged = append(d.FirstChanged, ChangedMovie{nameOf(p.b, other), what})
			continue
		}
		d.Same++
		if !known {
			d.Unknown++
		}
	}
	for row, other := range p.toA {
		if other == none && !p.b.IsGone(uint32(row)) {
			d.Added++
			d.FirstAdded = append(d.FirstAdded, nameOf(p.b, row))
		}
	}
	// Rows ascend by id but for movies that came after a build.
	byID := func(a, b MovieName) int { return cmp.Compare(a.ID, b.ID) }
	d.FirstAdded = first(d.FirstAdded, most, byID)
	d.FirstRemoved = first(d.FirstRemoved, most, byID)
	d.FirstChanged = first(d.FirstChanged, most, func(a, b ChangedMovie) int { return byID(a.MovieName, b.MovieName) })
	return d
}

// first returns the first most of list, in order.
func first[T any](list []T, most int, order func(a, b T) int) []T {
	slices.SortFunc(list, order)
	return append([]T{}, list[:min(len(list), max(most, 0))]...) // a copy: not all of them in memory
}

func nameOf(m *rank.Movies, row int) MovieName {
	return MovieName{m.IDs[row], m.Titles[row], m.Years[row]}
}

// changes says what of a movie is not the same, and whether all of it is known.
func (p pair) changes(i, j int) (what []string, known bool) {
	a, b := p.a, p.b
	note := func(name string, same bool) {
		if !same {
			what = append(what, name)
		}
	}
	note("title", a.Titles[i] == b.Titles[j])
	note("year", a.Years[i] == b.Years[j])
	note("released", a.Released[i] == b.Released[j])
	note("adult", a.Adult[i] == b.Adult[j])
	if !documented(a, i) || !documented(b, j) {
		return what, false
	}
	note("genres", slices.Equal(a.Genres[i], b.Genres[j]))
	note("language", a.Languages[i] == b.Languages[j])
	note("text", a.Documents[i] == b.Documents[j])
	return what, true
}

// documented reports whether the text of a row is known: bundles before format 3 have
// no hashes, and what was made of them has empty ones.
func documented(m *rank.Movies, row int) bool {
	return m.Documents != nil && m.Documents[row] != rank.DocHash{}
}

// compareEditorial adds what editors said.
func (d *MoviesDifference) compareEditorial(a, b *Bundle, most int) {
	hidden, unhidden := without(b.Hidden, a.Hidden), without(a.Hidden, b.Hidden)
	d.Hidden, d.Unhidden = len(hidden), len(unhidden)
	d.FirstHidden, d.FirstUnhidden = first(hidden, most, cmp.Compare), first(unhidden, most, cmp.Compare)
	said := func(c catalog.Correction) [2]catalog.MovieID { return [2]catalog.MovieID{c.Movie, c.Other} }
	before := make(map[[2]catalog.MovieID]catalog.Correction)
	for _, c := range a.Corrections {
		before[said(c)] = c
	}
	for _, c := range b.Corrections {
		if old, known := before[said(c)]; !known || old.Kind != c.Kind {
			d.Corrected++
		}
		delete(before, said(c))
	}
	d.Uncorrected = len(before)
}

// without returns those of list that are not among others.
func without(list, others []catalog.MovieID) []catalog.MovieID {
	known := make(map[catalog.MovieID]bool, len(others))
	for _, id := range others {
		known[id] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(id catalog.MovieID) bool { return known[id] })
}
