package httpapi

import (
	"fmt"
	"net/http"
	"time"

	"marquee/catalog"
)

// maxSession is the most movies of a posted history.
const maxSession = 200

// A sessionBody is what somebody without an account watched, and what they want.
type sessionBody struct {
	Watched []watchedBody `json:"watched"` // newest first
	filterBody
}

type watchedBody struct {
	Movie  string   `json:"movie"`
	Rating *float64 `json:"rating"` // on the scale of the bundle
	Share  *float64 `json:"share"`  // 0 to 1
}

// session answers with a list for a posted history. Its reasons show only what the
// caller posted, so they take no token.
func (s *Server) session(w http.ResponseWriter, r *http.Request, q query, body []byte) error {
	var b sessionBody
	if err := decode(body, &b); err != nil {
		return err
	}
	q, err := b.query(q)
	if err != nil {
		return err
	}
	live, err := s.service.Live()
	if err != nil {
		return err
	}
	seen, err := b.seen(live.Bundle.Manifest.Scale, time.Now())
	if err != nil {
		return err
	}
	a, err := s.service.Session(r.Context(), seen, q.call)
	if err != nil {
		return err
	}
	s.provenance(w, &a)
	out := personal(a, q)
	out.History = "" // it is the caller's own
	writeJSON(w, http.StatusOK, out)
	return nil
}

// seen returns the history of b, whose ratings are on scale.
func (b sessionBody) seen(scale catalog.Scale, now time.Time) ([]catalog.Seen, error) {
	if len(b.Watched) > maxSession {
		return nil, fmt.Errorf("watched has %d movies, want at most %d: %w", len(b.Watched), maxSession, catalog.ErrInvalid)
	}
	seen := make([]catalog.Seen, len(b.Watched))
	have := make(map[string]bool, len(b.Watched))
	for i, x := range b.Watched {
		one, err := x.seen(scale)
		if err == nil && have[x.Movie] {
			err = fmt.Errorf("movie %q stands twice: %w", x.Movie, catalog.ErrInvalid)
		}
		if err != nil {
			return nil, fmt.Errorf("watched[%d]: %w", i, err)
		}
		have[x.Movie] = true
		one.At = now.Add(-time.Duration(i) * time.Minute) // their order is all that is known
		seen[i] = one
	}
	return seen, nil
}

func (x watchedBody) seen(scale catalog.Scale) (catalog.Seen, error) {
	id, err := catalog.ParseMovieID(x.Movie)
	if err != nil {
		return catalog.Seen{}, err
	}
	one := catalog.Seen{Movie: id, Days: 1}
	if x.Rating != nil {
		if !(*x.Rating >= scale.Min && *x.Rating <= scale.Max) {
			return one, fmt.Errorf("rating is %v, want %v to %v: %w", *x.Rating, scale.Min, scale.Max, catalog.ErrInvalid)
		}
		one.Rating, one.Rated = *x.Rating, true
	}
	if x.Share != nil {
		if !(*x.Share >= 0 && *x.Share <= 1) {
			return one, fmt.Errorf("share is %v, want 0 to 1: %w", *x.Share, catalog.ErrInvalid)
		}
		one.Share, one.Shared = *x.Share, true
	}
	return one, nil
}
