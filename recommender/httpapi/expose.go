package httpapi

import (
	"net/http"
	"time"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender"
	"marquee/recommender/rank"
	"marquee/recommender/trace"
)

// expose tells who was shown what: the list of a plain contract call.
func (s *Server) expose(rec *recorder) {
	if s.cfg.Exposed != nil && rec.answer != nil && rec.plain && rec.status == http.StatusOK {
		// What is from memory is not made from the history.
		s.exposeList(rec.id, rec.began, rec.user, rec.answer, s.cfg.TraceInputs && rec.shed == "")
	}
}

// exposeJSON tells of a list that was made for a person and asked for as JSON. One that
// comes with its reasons does not count: it was an operator's look.
func (s *Server) exposeJSON(q query, at time.Time, a *recommender.Answer) {
	if s.cfg.Exposed != nil && !q.explain && q.call.User != "" {
		// Rules are no part of what is kept: a list under rules cannot be made again.
		s.exposeList(q.call.RequestID, at, q.call.User, a, s.cfg.TraceInputs && q.call.Free())
	}
}

// exposeList tells of a list, and of what it was made from if input says so.
func (s *Server) exposeList(id string, at time.Time, user catalog.UserID, a *recommender.Answer, input bool) {
	e := catalog.Exposure{
		RequestID: id, At: at, User: user, Experiment: a.Experiment, Arm: a.List.Arm,
		Bundle: a.Live.Bundle.Manifest.ID, Sequence: a.Sequence, Tier: string(a.List.Tier),
		Movies: make([]catalog.Exposed, len(a.List.Items)),
	}
	ids := a.Live.Snapshot.Movies.IDs
	names := s.sealOf(a.Live).names(&a.List)
	var name string // of the sources of the item before, which often are the next one's too
	var of rank.Source
	for i := range a.List.Items {
		item := &a.List.Items[i]
		if name == "" || item.Source != of {
			name, of = names.of(*item), item.Source
		}
		e.Movies[i] = catalog.Exposed{Movie: ids[item.Row], Source: name, Propensity: item.Propensity}
		if item.Propensity == 0 { // nothing was drawn
			e.Movies[i].Propensity = 1
		}
	}
	if input {
		if packed := inputOf(a).Pack(); len(packed) <= catalog.MaxInputBytes {
			e.Input = packed
		}
	}
	s.cfg.Exposed(e)
}

// inputOf returns what the list of a was made from.
func inputOf(a *recommender.Answer) trace.Input {
	in := trace.Input{
		N: a.Request.N, Now: a.Request.Now, Adult: a.Request.Adult, Stale: a.Stale, Elsewhere: a.Near != nil,
		User: a.Request.User, Kernel: vec.Path(), Watched: a.Taste.Watched, Seen: a.Taste.Seen, Unknown: a.Taste.Unknown,
		Scores: make([]float32, len(a.List.Items)),
		Rows:   a.Live.Snapshot.Movies.Len(), Fingerprint: a.Live.State.Fingerprint(),
		Arm: a.Request.Arm, Seed: a.Request.Seed, Opinions: a.Request.Opinions, Shown: a.Request.Shown,
	}
	if k := a.Request.Knobs; k != nil && *k != a.Live.Snapshot.Config.Knobs {
		in.Knobs = k // those of the bundle are in the bundle
	}
	for i := range a.List.Items {
		in.Scores[i] = a.List.Items[i].Score
	}
	return in
}
