package behave

import (
	"context"
	"fmt"
	"slices"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// childAge is the age that people are given when they are asked for as minors.
const childAge = 12

// minors looks for adult movies in lists of minors.
func (t *tester) minors(ctx context.Context) (Result, error) {
	r := Result{Test: "minors", What: "share of minors' places with adult movies", Bound: t.MostAdult, AtMost: true}
	adult := func(row int) bool { return len(t.Movies) > 0 && t.Movies[row].Adult }
	known := t.popular(t.GenreSeen, adult)
	if len(known) == 0 {
		return r.skip("no movie is known to be for adults"), nil
	}
	people := t.draw(func(u catalog.User, _ []eval.Seen) bool { return u.Minor() })
	real := len(people)
	if t.subject.ByRecord {
		for _, p := range t.draw(func(u catalog.User, _ []eval.Seen) bool { return !u.Minor() }) {
			p.user.Age = childAge
			p.note += fmt.Sprintf(" as if %d", childAge)
			people = append(people, p)
		}
	}
	if t.subject.ByRecord && t.subject.ByHistory {
		p := t.watcher(fmt.Sprintf("somebody of %d who watched adult movies", childAge), known...)
		p.user.Age = childAge
		people = append(people, p)
	}
	if len(people) == 0 {
		return r.skip("nobody is known to be a minor, and the model does not go by a record"), nil
	}
	lists, err := t.lists(ctx, people, t.N)
	if err != nil {
		return r, err
	}
	places, wrong := 0, 0
	for i, list := range lists {
		places += len(list)
		for _, row := range list {
			if adult(int(row)) {
				wrong++
				t.example(&r, "%s gets %s", people[i].note, t.title(row))
			}
		}
	}
	if places == 0 {
		return r.skip("all %d lists are empty", len(lists)), nil
	}
	r.Judged, r.Figure = len(lists), exact(float64(wrong)/float64(places))
	r.Reason = fmt.Sprintf("%d of %d places in lists of %d minors and %d others asked for as such", wrong, places, real, len(people)-real)
	return r.judge(), nil
}

// watched looks for watched movies in lists.
func (t *tester) watched(ctx context.Context) (Result, error) {
	r := Result{Test: "watched", What: "share of lists with a watched movie", Bound: t.MostWatched, AtMost: true}
	people := t.draw(func(_ catalog.User, seen []eval.Seen) bool { return len(seen) > 0 })
	lists, err := t.lists(ctx, people, t.N)
	if err != nil {
		return r, err
	}
	wrong, filled := 0, 0
	for i, list := range lists {
		if len(list) > 0 {
			filled++
		}
		at := slices.IndexFunc(list, func(row uint32) bool {
			return slices.ContainsFunc(people[i].seen, func(s eval.Seen) bool { return s.Movie == row })
		})
		if at >= 0 {
			wrong++
			t.example(&r, "%s gets %s again", people[i].note, t.title(list[at]))
		}
	}
	if filled == 0 {
		return r.skip("all %d lists are empty", len(lists)), nil
	}
	r.Judged, r.Figure = filled, exact(float64(wrong)/float64(filled))
	r.Reason = fmt.Sprintf("%d of %d lists", wrong, filled)
	return r.judge(), nil
}
