package overlay

import (
	"fmt"

	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// arms returns the arms of s, whose models are told of the movies behind the build.
// So far they know rows movies, as arms, and are to know movies. If one that came after
// the build and is still there has another text by now, the models of the build are
// told of all of them anew.
func (s *State) arms(arms rank.Arms, rows int, movies *rank.Movies, later []indexer.Later) (rank.Arms, error) {
	models, all := arms.Models, movies.Len()
	for _, l := range later {
		if row := int(l.Row); row >= s.build.Movies.Len() && row < rows && !movies.IsGone(l.Row) {
			models, rows = s.build.Arms.Models, s.build.Movies.Len()
			break
		}
	}
	if len(models) == 0 || rows == all {
		return arms, nil
	}
	vectors := make([]float32, 0, (all-rows)*s.dims)
	for row := rows; row < all; row++ {
		vectors = append(vectors, s.near.Vector(uint32(row))...)
	}
	arms.Models = make([]model.Named, len(models))
	for i, m := range models {
		x, err := model.Extend(m.Model, vectors, s.dims)
		if err != nil {
			return rank.Arms{}, fmt.Errorf("%s: %w", m.Name, err)
		}
		arms.Models[i] = model.Named{Name: m.Name, Model: x}
	}
	return arms, nil
}
