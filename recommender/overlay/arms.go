package overlay

import (
	"fmt"
	"slices"

	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// arms returns the arms of s, whose models are told of the movies behind the build.
// So far they know rows movies, as arms, and are to know movies. If one that came after
// the build and is still there has another text by now, the models of the build are
// told of all of them anew.
func (s *State) arms(arms rank.Arms, rows int, movies *rank.Movies, later []indexer.Later) (rank.Arms, error) {
	build, all := s.build.Movies.Len(), movies.Len()
	anew := slices.ContainsFunc(later, func(l indexer.Later) bool {
		row := int(l.Row)
		return row >= build && row < rows && !movies.IsGone(l.Row)
	})
	if len(arms.Models) == 0 || !anew && rows == all {
		return arms, nil
	}
	vectors := make([]float32, 0, (all-build)*s.dims)
	for row := build; row < all; row++ {
		vectors = append(vectors, s.near.Vector(uint32(row))...)
	}
	out := make([]model.Named, len(arms.Models))
	for i, m := range arms.Models {
		from := rows
		if built, ok := s.ofBuild(m.Name); ok && anew {
			m.Model, from = built, build
		}
		if out[i] = m; from == all {
			continue
		}
		x, err := model.Extend(m.Model, vectors[(from-build)*s.dims:], s.dims)
		if err != nil {
			return rank.Arms{}, fmt.Errorf("%s: %w", m.Name, err)
		}
		out[i].Model = x
	}
	arms.Models = out
	return arms, nil
}

// ofBuild returns the model of a name as it is of the build alone.
func (s *State) ofBuild(name string) (model.Model, bool) {
	for _, m := range s.trained {
		if m.Name == name {
			return m.Model, true
		}
	}
	return nil, false
}
