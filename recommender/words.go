package recommender

import (
	"context"
	"fmt"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// Words embed texts in the space of a bundle.
type Words interface {
	// Embed returns the vector of a text in the space of live, of unit length or all
	// zeros. Errors wrap [catalog.ErrUnavailable], and beside it none but ctx's own.
	Embed(ctx context.Context, live *Live, text string) ([]float32, error)
}

// SetWords says who embeds texts. It may be called while s serves.
func (s *Service) SetWords(w Words) { s.words.Store(&w) }

// Search returns movies whose texts mean what text does, best first; filters of c hold.
// Without an embedder the error wraps [catalog.ErrUnavailable].
func (s *Service) Search(ctx context.Context, text string, c Call) (Answer, error) {
	live, err := s.Live()
	if err != nil {
		return Answer{}, err
	}
	w := s.words.Load()
	if w == nil {
		return Answer{}, fmt.Errorf("this server cannot embed texts: %w", catalog.ErrUnavailable)
	}
	v, err := (*w).Embed(ctx, live, text)
	if err != nil {
		return Answer{}, fmt.Errorf("embed what is searched for: %w", err)
	}
	a := from(live)
	a.Request = rank.Request{N: c.N, Now: s.now(), Arm: rank.ArmFeatures, Rules: live.rules(c, &a)}
	rows, scores, err := live.nearest(ctx, v, c.N, a.Request)
	if err != nil {
		return Answer{}, err
	}
	a.List = live.Snapshot.Given("search", rows, scores, a.Request)
	return a, nil
}

// boostFrom is how many of the nearest movies stand for all of them where boosts may lift
// some.
const boostFrom = 1000

// nearest returns the movies nearest to v that r lets be listed, n of them if there are so
// many and more under boosts, best first, with their similarities, above 0. If the index
// is at fault, the error wraps only [catalog.ErrUnavailable].
func (l *Live) nearest(ctx context.Context, v []float32, n int, r rank.Request) (rows []uint32, scores []float32, err error) {
	if l.Index == nil {
		return nil, nil, fmt.Errorf("bundle %s has no index: %w", l.Bundle.Manifest.ID, catalog.ErrUnavailable)
	}
	if len(r.Boosts) > 0 {
		n = max(n, boostFrom)
	}
	hits, err := l.Index.Search(ctx, v, n, l.Snapshot.Keep(r))
	if err != nil {
		if ctx.Err() == nil {
			err = unavailable(err)
		}
		return nil, nil, fmt.Errorf("search: %w", err)
	}
	for _, h := range hits {
		if h.Score > 0 {
			rows, scores = append(rows, h.Row), append(scores, min(1, h.Score))
		}
	}
	return rows, scores, nil
}
