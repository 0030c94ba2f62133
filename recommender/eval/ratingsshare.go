package eval

import (
	"cmp"
	"fmt"
	"slices"

	"marquee/catalog"
)

// RatingsShare holds out a random share of all ratings, rounded down but at
// least one: the protocol of RMSE. What was watched and not rated stays in the
// training part, and so does nothing of a person all of whose ratings are drawn.
// Which ones are drawn depends on the seed and the ids alone. The share must lie
// between 0 and 1, both excluded, and there must be two ratings or more; else the
// error wraps [catalog.ErrInvalid] or [ErrSplit].
func RatingsShare(d *Data, share float64, seed uint64) (*Split, error) {
	if !(share > 0 && share < 1) {
		return nil, fmt.Errorf("share to hold out is %v, want more than 0 and less than 1: %w", share, catalog.ErrInvalid)
	}
	n := 0
	for _, u := range d.Users {
		n += rated(u.Seen)
	}
	if n < 2 {
		return nil, fmt.Errorf("%d ratings, want two or more to hold some out: %w", n, ErrSplit)
	}
	return ratingsShare(d, share, seed), nil
}

// A ballot is the lot of something that could be held out.
type ballot struct {
	lot          uint64
	user, placed int // whose it is, and where it stands there; they break ties of lots
}

// firstOf returns the n ballots with the least lots.
func firstOf(all []ballot, n int) []ballot {
	slices.SortFunc(all, func(a, b ballot) int {
		return cmp.Or(cmp.Compare(a.lot, b.lot), cmp.Compare(a.user, b.user), cmp.Compare(a.placed, b.placed))
	})
	return all[:n]
}

func ratingsShare(d *Data, share float64, seed uint64) *Split {
	var all []ballot
	for i, u := range d.Users {
		for j, s := range u.Seen {
			if s.Rated {
				all = append(all, ballot{lot(seed, string(u.User), string(d.Movies[s.Movie])), i, j})
			}
		}
	}
	drawn := make([][]int, len(d.Users)) // places in each history
	for _, b := range firstOf(all, heldOut(len(all), share)) {
		drawn[b.user] = append(drawn[b.user], b.placed)
	}
	user := 0 // cut takes people in their order
	s := cut(d, func(_ UserHistory, held []bool) {
		for _, place := range drawn[user] {
			held[place] = true
		}
		user++
	})
	s.Protocol = fmt.Sprintf("random %.4g%% of all ratings, seed %d", 100*share, seed)
	s.again = func(d *Data) *Split { return ratingsShare(d, share, seed) }
	return s
}
