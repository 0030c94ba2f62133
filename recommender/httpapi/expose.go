package httpapi

import (
	"net/http"
	"strings"
	"time"

	"marquee/catalog"
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
	s.cfg.Exposed(e)
}
