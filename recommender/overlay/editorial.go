package overlay

import (
	"cmp"
	"slices"

	"marquee/catalog"
	"marquee/indexer"
)

// Hide returns s with exactly the movies of ids hidden, whichever were before. Those
// that s does not know are kept for when they come.
func (s *State) Hide(ids []catalog.MovieID) (*State, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if slices.Equal(ids, s.hidden) {
		return s, nil
	}
	next := *s
	next.hidden = ids
	return next.settle()
}

// Correct returns s with exactly these corrections of neighbours, whichever were
// there before. Those of movies that s does not know are kept for when they come.
func (s *State) Correct(all []catalog.Correction) (*State, error) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b catalog.Correction) int {
		return cmp.Or(cmp.Compare(a.Movie, b.Movie), cmp.Compare(a.Other, b.Other))
	})
	if slices.EqualFunc(all, s.corrections, func(a, b catalog.Correction) bool {
		return a.Movie == b.Movie && a.Other == b.Other && a.Kind == b.Kind
	}) {
		return s, nil
	}
	next := *s
	next.corrections = all
	return next.settle()
}

// settle lets the hidden movies and the corrections of s hold in its snapshot.
func (s *State) settle() (*State, error) {
	table := s.near.Table
	if lists := s.corrected(); len(lists) > 0 {
		table = table.WithLists(lists)
	}
	snap, err := s.Snapshot.WithTable(table)
	if err != nil {
		return nil, err
	}
	var rows []uint32
	for _, id := range s.hidden {
		if row, known := snap.Movies.Row(id); known {
			rows = append(rows, row)
		}
	}
	snap, err = snap.WithHidden(rows)
	if err != nil {
		return nil, err
	}
	next := *s
	next.Snapshot = snap
	return &next, nil
}

// corrected returns the lists of neighbours that corrections change, by row.
func (s *State) corrected() map[uint32][]indexer.Neighbour {
	movies := s.Snapshot.Movies
	lists := make(map[uint32][]indexer.Neighbour)
	for _, c := range s.corrections {
		row, known := movies.Row(c.Movie)
		other, also := movies.Row(c.Other)
		if !known || !also || row == other || movies.IsGone(other) {
			continue
		}
		list, begun := lists[row]
		if !begun {
			list = slices.Clone(s.near.Table.Of(row))
		}
		list = slices.DeleteFunc(list, func(n indexer.Neighbour) bool { return n.Row == other })
		if c.Kind == catalog.Pin {
			list = append(list, indexer.Neighbour{Row: other, Score: PinScore})
		}
		slices.SortFunc(list, func(a, b indexer.Neighbour) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
		})
		lists[row] = list[:min(len(list), s.near.Table.K())]
	}
	return lists
}

// PinScore is the similarity of a neighbour that an editor pinned: as near as can be.
const PinScore = 1
