package overlay

import (
	"cmp"
	"math"
	"slices"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/rank"
)

// Hide returns s with exactly the movies of ids hidden, whichever were before. Those
// that s does not know are kept for when they come. If these are hidden already it
// returns s. It copies a column of one byte a movie: 8 microseconds of 27,000.
func (s *State) Hide(ids []catalog.MovieID) (*State, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if slices.Equal(ids, s.hidden) {
		return s, nil
	}
	next := *s
	next.print = new(print)
	next.hidden = ids
	var err error
	next.Snapshot, err = s.Snapshot.WithHidden(next.hiddenRows(s.Snapshot.Movies))
	return &next, err
}

// Hidden returns the hidden movies, ascending, which are not to be changed; s may not
// know some.
func (s *State) Hidden() []catalog.MovieID { return s.hidden }

// hiddenRows returns the rows of the hidden movies.
func (s *State) hiddenRows(movies *rank.Movies) []uint32 {
	rows := make([]uint32, 0, len(s.hidden))
	for _, id := range s.hidden {
		if row, known := movies.Row(id); known {
			rows = append(rows, row)
		}
	}
	return rows
}

// Correct returns s with exactly these corrections of neighbours, whichever were
// there before. Of two of one pair the last counts. Those of movies that s does not
// know are kept for when they come. If these hold already it returns s. It copies 24
// bytes a movie: 0.2 ms of 27,000.
func (s *State) Correct(all []catalog.Correction) (*State, error) {
	all = lastOfEach(all)
	if slices.EqualFunc(all, s.corrections, func(a, b catalog.Correction) bool {
		return pair(a, b) == 0 && a.Kind == b.Kind
	}) {
		return s, nil
	}
	next := *s
	next.print = new(print)
	next.corrections = all
	var err error
	next.Snapshot, err = s.Snapshot.WithTable(next.table(s.Snapshot.Movies))
	return &next, err
}

// Corrections returns the corrections that hold, by movie and other, which are not to
// be changed; s may not know some of the movies.
func (s *State) Corrections() []catalog.Correction { return s.corrections }

// pair orders corrections by movie and other.
func pair(a, b catalog.Correction) int {
	return cmp.Or(cmp.Compare(a.Movie, b.Movie), cmp.Compare(a.Other, b.Other))
}

// lastOfEach returns all by movie and other, of each pair what came last.
func lastOfEach(all []catalog.Correction) []catalog.Correction {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, pair)
	last := sorted[:0]
	for i, c := range sorted {
		if i+1 == len(sorted) || pair(c, sorted[i+1]) != 0 {
			last = append(last, c)
		}
	}
	return last
}

// table returns the neighbour table of s with its corrections.
func (s *State) table(movies *rank.Movies) *indexer.Table {
	lists := make(map[uint32][]indexer.Neighbour)
	for i := 0; i < len(s.corrections); {
		of := s.CorrectionsOf(s.corrections[i].Movie)
		i += len(of)
		if row, known := movies.Row(of[0].Movie); known && !movies.IsGone(row) {
			list := s.near.Table.Of(row)
			if corrected := correct(movies, row, list, of, s.near.Table.K()); !slices.Equal(list, corrected) {
				lists[row] = corrected
			}
		}
	}
	if len(lists) == 0 {
		return s.near.Table
	}
	return s.near.Table.WithLists(lists)
}

// Corrected returns list, the k nearest of a row as an index elsewhere has them, best
// first, as editors corrected it: at most k. list stays as it is.
func (s *State) Corrected(row uint32, list []indexer.Neighbour, k int) []indexer.Neighbour {
	movies := s.Snapshot.Movies
	of := s.CorrectionsOf(movies.IDs[row])
	if len(of) == 0 || movies.IsGone(row) {
		return list
	}
	return correct(movies, row, list, of, k)
}

// CorrectionsOf returns the corrections of one movie, none of one that is not known. They are
// shared and may not be changed. It takes a binary search.
func (s *State) CorrectionsOf(id catalog.MovieID) []catalog.Correction {
	from, _ := slices.BinarySearchFunc(s.corrections, id, func(c catalog.Correction, id catalog.MovieID) int { return cmp.Compare(c.Movie, id) })
	to := from
	for to < len(s.corrections) && s.corrections[to].Movie == id {
		to++
	}
	return s.corrections[from:to]
}

// PinScore is the similarity of a neighbour that an editor pinned: as near as can be.
const PinScore = 1

// correct returns list, that of row, with corrections of it, at most k long. Pinned
// movies stand before all others.
func correct(movies *rank.Movies, row uint32, list []indexer.Neighbour, corrections []catalog.Correction, k int) []indexer.Neighbour {
	var pins []indexer.Neighbour
	named := make(map[uint32]bool, len(corrections))
	for _, c := range corrections {
		other, known := movies.Row(c.Other)
		if !known || other == row || movies.IsGone(other) {
			continue
		}
		named[other] = true
		if c.Kind == catalog.Pin {
			pins = append(pins, indexer.Neighbour{Row: other, Score: PinScore})
		}
	}
	rest := slices.DeleteFunc(slices.Clone(list), func(n indexer.Neighbour) bool { return named[n.Row] })
	if len(rest) > 0 && rest[0].Score >= PinScore { // of the same text, and off by the last bit
		for i := range pins {
			pins[i].Score = math.Nextafter32(rest[0].Score, 2)
		}
	}
	slices.SortFunc(pins, func(a, b indexer.Neighbour) int { return cmp.Compare(a.Row, b.Row) })
	out := slices.Concat(pins, rest)
	return out[:min(len(out), k)]
}
