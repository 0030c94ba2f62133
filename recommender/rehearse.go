package recommender

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// rehearsals is how many requests a bundle must answer before it serves.
const rehearsals = 200

// Rehearse lets b answer 200 requests, of people it knows, of one it does not, and of
// people who watched one movie, by its default arm and in turn by each of the others:
// every list must hold distinct movies that were not watched and are not hidden, with
// scores from 0 to 1.
func Rehearse(b *bundle.Bundle, now time.Time) error {
	state, err := b.State()
	if err != nil {
		return err
	}
	return rehearseLists(b, state.Snapshot, now)
}

func rehearseLists(b *bundle.Bundle, snap *rank.Snapshot, now time.Time) error {
	requests := []rank.Request{{}}
	people := min(rehearsals, len(b.Histories.Users))
	for i := range people {
		u := b.Histories.Users[i*len(b.Histories.Users)/people]
		t, _ := b.Histories.Of(u)
		requests = append(requests, rank.Request{Taste: snap.Movies.Present(t), User: catalog.User{ID: u}})
	}
	for i := len(requests); i < rehearsals && snap.Movies.Len() > 0; i++ {
		row := uint32(i * snap.Movies.Len() / rehearsals)
		requests = append(requests, rank.Request{Taste: rank.Taste{
			Watched: []rank.Watched{{Row: row, Preference: 50}},
			Seen:    []model.Seen{model.Preferred(row, 50, snap.Scale)},
		}})
	}
	arms := snap.Arms.Names()
	for i := range max(len(requests), len(arms)) {
		r := requests[i%len(requests)]
		r.N, r.Now = rank.MaxList, now
		for _, arm := range slices.Compact([]string{arms[0], arms[i%len(arms)]}) {
			r.Arm = arm
			if err := rehearse(snap, r); err != nil {
				return fmt.Errorf("rehearsal of arm %s: %w", arm, err)
			}
		}
	}
	return nil
}

func rehearse(snap *rank.Snapshot, r rank.Request) error {
	out := make(map[uint32]bool, len(r.Taste.Watched))
	for _, w := range r.Taste.Watched {
		out[w.Row] = true
	}
	for _, item := range snap.Recommend(r).Items {
		id := snap.Movies.IDs[item.Row]
		switch {
		case !(item.Score >= 0 && item.Score <= 1):
			return fmt.Errorf("%q scores %v, want 0 to 1: %w", id, item.Score, bundle.ErrBroken)
		case out[item.Row]:
			return fmt.Errorf("%q was listed twice or watched: %w", id, bundle.ErrBroken)
		case snap.Hidden(item.Row):
			return fmt.Errorf("%q was listed and is hidden: %w", id, bundle.ErrBroken)
		}
		out[item.Row] = true
	}
	return nil
}

// searches is how many movies the index of a bundle is asked about before it serves.
const searches = 20

// rehearseIndex lets the index find what is near to some movies. One that is elsewhere
// and cannot be reached is no fault of the bundle: the neighbour table answers then.
func rehearseIndex(ctx context.Context, s *overlay.State) error {
	if s.Index == nil {
		return nil
	}
	movies := s.Snapshot.Movies.Len()
	for i := range min(searches, movies) {
		row := uint32(i * movies / searches)
		if movies < searches {
			row = uint32(i)
		}
		v := s.Vector(row)
		if indexer.ZeroRow(v, len(v), 0) {
			continue
		}
		hits, err := s.Index.Search(ctx, v, 10, nil)
		if errors.Is(err, catalog.ErrUnavailable) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("rehearsal of the index: %w", err)
		}
		for _, h := range hits {
			if int64(h.Row) >= int64(movies) || h.Score-h.Score != 0 {
				return fmt.Errorf("rehearsal of the index: row %d of %d scores %v: %w", h.Row, movies, h.Score, bundle.ErrBroken)
			}
		}
	}
	return nil
}
