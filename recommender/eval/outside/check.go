package outside

import (
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// chance is how improbable a server's lack of hits must be before it is refused:
// one in a million, so that no honest server is refused by accident.
const chance = 1e-6

// Check asks the server for some people with truth and refuses, with an error
// that wraps [ErrKnows], one that has seen the truth:
//
//   - it says itself, in X-Marquee-Watched or as "watched" in its JSON answer,
//     that it took more movies of a person's history into account than the
//     training part has; or
//   - it never lists one movie of anybody's truth, where lists as good as
//     popularity's would by a chance of less than one in a million. What was
//     watched is left out of lists, so a server that knows the truth cannot
//     list it.
//
// The error wraps [ErrServer] if the answers are mostly no lists, or hold no
// movie that the split knows. Few people, or a truth that popularity hardly
// hits, can prove nothing: then Check passes.
func (s *Server) Check(ctx context.Context) error {
	var people []int
	for i, truth := range s.split.Truth {
		if len(truth) > 0 && len(people) < s.cfg.CheckPeople {
			people = append(people, i)
		}
	}
	answers := make([]answer, len(people))
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(s.cfg.Concurrency)
	for i, at := range people {
		g.Go(func() error {
			u := s.split.Train.Users[at]
			a, err := s.ask(inner, u.User)
			if err != nil {
				return err
			}
			if a.marquee && a.history < 0 {
				a.history = s.watched(inner, u.User)
			}
			answers[i] = a
			return s.overfull(u.User, u.Seen, a)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return s.neverRight(ctx, people, answers)
}

// overfull reports a server that knows more of a person with truth than the
// training part does.
func (s *Server) overfull(user catalog.UserID, train []eval.Seen, a answer) error {
	i, ok := s.row[user]
	if !ok || len(s.split.Truth[i]) == 0 || a.history <= len(train) {
		return nil
	}
	return fmt.Errorf("%s: it took %d movies of user %q into account, of whom the training part has %d; load a server with the training part alone, such as train.tsv, and judge that: %w",
		s.Name, a.history, user, len(train), ErrKnows)
}

// neverRight compares the hits of the answers with those that lists of
// popularity, of the same lengths, have.
func (s *Server) neverRight(ctx context.Context, people []int, answers []answer) error {
	popular := eval.Popularity(s.split.Train)
	lists, listed, known, hits, popularHits := 0, 0, 0, 0, 0
	for i, at := range people {
		a := answers[i]
		listed += len(a.list)
		good := 0
		for _, row := range a.list {
			if row != unknownRow {
				good++
			}
		}
		if good == 0 {
			continue
		}
		known += good
		lists++
		u := s.split.Train.Users[at]
		usual, err := popular.List(ctx, u.User, u.Seen, len(a.list))
		if err != nil {
			return err
		}
		if holds(a.list, s.split.Truth[at]) {
			hits++
		}
		if holds(usual, s.split.Truth[at]) {
			popularHits++
		}
	}
	if listed > 0 && known == 0 {
		return fmt.Errorf("%s: the split has none of the %d movies that it listed; load the server with the training part, with the same ids: %w", s.Name, listed, ErrServer)
	}
	if hits > 0 || lists == 0 {
		return nil
	}
	// One person more without a hit keeps the chance above 0 where popularity
	// hits everybody.
	rate := float64(popularHits) / float64(lists+1)
	if p := math.Exp(float64(lists) * math.Log1p(-rate)); p >= chance {
		return nil
	}
	return fmt.Errorf("%s: of %d lists not one holds a movie of the truth, where the most popular movies would hit %d times; "+
		"either the server was loaded with the whole history, and leaves out the truth as watched, or with other data: load it with the training part alone, such as train.tsv: %w",
		s.Name, lists, popularHits, ErrKnows)
}

func holds(list []uint32, truth []eval.Seen) bool {
	return slices.ContainsFunc(truth, func(t eval.Seen) bool { return slices.Contains(list, t.Movie) })
}
