package recommender

import (
	"marquee/catalog"
	"marquee/recommender/rank"
)

// A Trend is a movie that is watched more of late than before.
type Trend struct {
	Movie catalog.MovieID
	Score float64 // 0 to 1, of the most risen 1
}

// SetTrends says what is watched more of late, best first. It may be called while s
// serves.
func (s *Service) SetTrends(t []Trend) { s.trends.Store(&t) }

// Trending returns what is watched more of late than before, and behind it what
// everybody watches.
func (s *Service) Trending(c Call) (Answer, error) {
	live, err := s.Live()
	if err != nil {
		return Answer{}, err
	}
	a := from(live)
	a.Request = rank.Request{N: c.N, Now: s.now(), Arm: rank.ArmFeatures, Rules: live.rules(c, &a)}
	var rows []uint32
	var scores []float32
	if t := s.trends.Load(); t != nil {
		for _, x := range *t {
			if row, ok := live.row(x.Movie); ok {
				rows, scores = append(rows, row), append(scores, float32(x.Score))
			}
		}
	}
	a.List = live.Snapshot.Given("trending", rows, scores, a.Request)
	return a, nil
}
