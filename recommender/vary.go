package recommender

import (
	"context"
	"time"

	"marquee/indexer"
	"marquee/recommender/experiment"
	"marquee/recommender/rank"
)

// Experiments lets a decide how lists are made. It may be called while s serves.
func (s *Service) Experiments(a experiment.Assigner) { s.assigner.Store(&a) }

// UnknownArms returns how many lists an experiment wanted from an arm that the bundle
// does not have: those were made as without it.
func (s *Service) UnknownArms() int64 { return s.unknownArms.Load() }

// assign returns what experiments say of the person of c now: nothing if c names an arm
// itself.
func (s *Service) assign(c Call) experiment.Assignment {
	if a := s.assigner.Load(); a != nil && c.User != "" && c.Arm == "" {
		return (*a).Assign(c.User, s.now())
	}
	return experiment.Assignment{}
}

// vary makes r a request for what v makes of it.
func (s *Service) vary(a *Answer, r *rank.Request, v experiment.Variant) {
	live := a.Live
	if m := v.Model(); m != "" {
		if live.Snapshot.Arms.Check(m) == nil {
			r.Arm = m
		} else {
			s.unknownArms.Add(1)
		}
	}
	before := r.Knobs.Behaviours
	if r.Knobs = v.Knobs(r.Knobs); r.Knobs.Behaviours != before && len(a.seen)+len(a.said) > 0 {
		// Wishes stay: they are no behaviour.
		anchors, wished := r.Taste.Anchors, r.Taste.Seen[len(r.Taste.Seen)-len(r.Taste.Anchors):]
		r.Taste, r.Opinions = live.Snapshot.TasteAt(rank.Taste{}, a.rows, a.seen, a.said, r.Knobs)
		r.Taste.Anchors, r.Taste.Seen = anchors, append(r.Taste.Seen, wished...)
		r.Opinions.Disliked = append(r.Opinions.Disliked, a.unwanted...)
	}
}

// make lets a.Request be answered as experiments say.
func (s *Service) make(ctx context.Context, a *Answer, given experiment.Assignment) {
	plain := a.Request
	for _, v := range given.Served {
		s.vary(a, &a.Request, v)
	}
	a.Taste = a.Request.Taste // as behaviours of arms have it: what a trace keeps
	if given.Interleave[0] != nil {
		s.interleave(ctx, a, given.Interleave)
	} else {
		s.neighbours(ctx, a, a.Request.Arm)
		began := time.Now()
		a.List = a.Live.Snapshot.Recommend(a.Request)
		a.Stages.Rank = time.Since(began)
	}
	for _, v := range given.Shadows {
		r := plain
		r.Near = a.Near
		for _, other := range given.Served {
			if experiment.NameOf(other) != experiment.NameOf(v) { // not that in place of which v would be served
				s.vary(a, &r, other)
			}
		}
		s.vary(a, &r, v)
		s.shadow(a, v.Name(), r)
	}
}

// interleave makes the list of a from those of two variants, in which the names of arms
// are those of teams.
func (s *Service) interleave(ctx context.Context, a *Answer, by [2]experiment.Variant) {
	var requests [2]rank.Request
	var teams [2]string
	for i, v := range by {
		requests[i] = a.Request
		s.vary(a, &requests[i], v)
		teams[i] = experiment.ArmOf(v)
	}
	s.neighbours(ctx, a, requests[0].Arm, requests[1].Arm)
	began := time.Now()
	var lists [2]rank.List
	for i := range requests {
		requests[i].Near = a.Near
		lists[i] = a.Live.Snapshot.Recommend(requests[i])
	}
	n := min(max(a.Request.N, 1), rank.MaxCount)
	a.List = TeamDraft(lists, teams, n, a.Request.Seed)
	a.Stages.Rank = time.Since(began)
}

// neighbours asks an index that is elsewhere for what is near to the history of a, if
// one of these arms wants that.
func (s *Service) neighbours(ctx context.Context, a *Answer, arms ...string) {
	if _, elsewhere := a.Live.Index.(indexer.Batcher); !elsewhere {
		return
	}
	for _, arm := range arms {
		if a.Live.Snapshot.Arms.Neighbours(arm) {
			watched := rowsOf(a.Taste)
			s.near(ctx, a, watched[:min(len(watched), s.asker.cfg.Rows, a.Live.Snapshot.Config.History)], watched)
			a.Request.Near = a.Near
			return
		}
	}
}
