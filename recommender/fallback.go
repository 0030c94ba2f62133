package recommender

import (
	"marquee/catalog"
	"marquee/recommender/history"
	"marquee/recommender/rank"
)

// A Memory tells what is remembered of a person without asking anybody: see
// [history.Cache.Peek].
type Memory interface {
	Peek(u catalog.UserID) (e history.Entry, fresh, known bool)
}

// Fallback returns what everybody watches without what u is known to have watched, or to
// have an opinion of, from memory alone: it neither waits nor ranks. It is for a server
// that has more to do than it can. It fails only without a bundle.
//
// The list counts for the arm of an experiment that u is in, though that did not make it:
// without, an arm whose lists take too long would be judged by the others alone.
func (s *Service) Fallback(u catalog.UserID, n int) (Answer, error) {
	live, err := s.Live()
	if err != nil {
		return Answer{}, err
	}
	a := from(live)
	a.Stale = true
	a.Experiment = s.assign(Call{User: u}).Label
	adult := false
	a.Taste = s.bundled(live, u)
	if m, ok := s.histories.(Memory); ok {
		if e, fresh, known := m.Peek(u); known {
			a.tell(&e, rank.Taste{})
			a.Stale = !fresh
			adult = live.Snapshot.AdultAllowed(e.User, e.Known)
		}
	}
	a.Request = rank.Request{Taste: a.Taste, N: n, Now: s.now(), Adult: adult, Arm: rank.ArmFeatures, Opinions: a.opinions}
	a.List = live.Snapshot.Given("popular", nil, nil, a.Request)
	return a, nil
}

var _ Memory = (*history.Cache)(nil)
