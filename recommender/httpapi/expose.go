package httpapi

import (
	"net/http"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender"
	"marquee/recommender/trace"
)

// expose tells who was shown what. Only answers of the contract call count: what
// an operator looks at was shown to nobody.
func (s *Server) expose(rec *recorder, r *http.Request, at time.Time) {
	if s.cfg.Exposed == nil || rec.answer == nil || rec.route != routeRecommend || rec.status != http.StatusOK || wantsJSON(r) {
		return
	}
	a := rec.answer
	user, _ := userOf(r) // nobody, if the request named nobody
	e := catalog.Exposure{
		RequestID: requestID(r), At: at, User: user, Bundle: a.Live.Bundle.Manifest.ID, Sequence: a.Sequence, Arm: a.List.Arm, Tier: string(a.List.Tier),
		Movies: make([]catalog.Exposed, len(a.List.Items)),
	}
	ids := a.Live.Snapshot.Movies.IDs
	for i, item := range a.List.Items {
		e.Movies[i] = catalog.Exposed{Movie: ids[item.Row], Source: strings.Join(a.List.SourceNames(item), "+"), Propensity: 1}
	}
	if s.cfg.TraceInputs {
		if packed := inputOf(*a).Pack(); len(packed) <= catalog.MaxInputBytes {
			e.Input = packed
		}
	}
	s.cfg.Exposed(e)
}

// inputOf returns what the list of a was made from.
func inputOf(a recommender.Answer) trace.Input {
	in := trace.Input{
		N: a.Request.N, Now: a.Request.Now, Adult: a.Request.Adult, Stale: a.Stale, Elsewhere: a.Near != nil,
		User: a.Request.User, Kernel: vec.Path(), Watched: a.Taste.Watched, Seen: a.Taste.Seen, Unknown: a.Taste.Unknown,
		Scores: make([]float32, len(a.List.Items)),
		Rows:   a.Live.Snapshot.Movies.Len(), Fingerprint: a.Live.State.Fingerprint(),
	}
	for i, item := range a.List.Items {
		in.Scores[i] = item.Score
	}
	return in
}
