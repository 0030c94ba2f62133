package eval

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"marquee/catalog"
)

// ErrSplit reports a split that does not suit what was asked of it.
var ErrSplit = errors.New("unsuitable split")

// A Split is data in two parts: models see Train alone, and Truth is what they
// should have listed. Every row of the data is in exactly one of them.
type Split struct {
	Protocol string   // how it was cut, for people: "last 20% by time of each user"
	Train    *Data    // the same people on the same rows
	Truth    [][]Seen // by row of Train.Users, newest first; empty for a person nothing could be held out of

	// Candidates are the movies that compete for a person's list, ascending, by
	// row of Train.Users; nil if all movies compete for all.
	Candidates [][]uint32
	Warnings   []string // what a reader of the figures must know; reports repeat them

	inner int // how many splits lie around this one
	again func(*Data) *Split
}

// LeaveOneOut holds out one random movie of each person who has two or more:
// the protocol of hit rate. The choice depends on the seed, the person's id and
// history, and on nothing else.
func LeaveOneOut(d *Data, seed uint64) *Split {
	s := cut(d, func(u UserHistory, held []bool) {
		if len(held) >= 2 {
			held[userRand(seed, u.User).IntN(len(held))] = true
		}
	})
	s.Protocol = fmt.Sprintf("one random movie of each user, seed %d", seed)
	s.again = func(d *Data) *Split { return LeaveOneOut(d, seed) }
	return s
}

// LeaveLastOut holds out the newest movie of each person who has two or more.
// Of several at that time it is the one whose id comes first.
func LeaveLastOut(d *Data) *Split {
	s := cut(d, func(_ UserHistory, held []bool) {
		if len(held) >= 2 {
			held[0] = true
		}
	})
	s.Protocol = "newest movie of each user"
	s.again = LeaveLastOut
	return s
}

// LastShare holds out the newest share of each person's movies, rounded down
// but at least one, of each person who has two or more. It is the primary
// protocol: it respects time, and several movies a person give narrower
// intervals than one. Movies of one time are ordered by id. The share must lie
// between 0 and 1, both excluded; else the error wraps [catalog.ErrInvalid].
func LastShare(d *Data, share float64) (*Split, error) {
	if !(share > 0 && share < 1) {
		return nil, fmt.Errorf("share to hold out is %v, want more than 0 and less than 1: %w", share, catalog.ErrInvalid)
	}
	return lastShare(d, share), nil
}

func lastShare(d *Data, share float64) *Split {
	s := cut(d, func(_ UserHistory, held []bool) {
		for i := range heldOut(len(held), share) {
			held[i] = true
		}
	})
	s.Protocol = fmt.Sprintf("last %.4g%% by time of each user", 100*share)
	s.again = func(d *Data) *Split { return lastShare(d, share) }
	return s
}

// heldOut returns how many of n are held out. The small addend keeps a share
// like 0.29 of 100 from becoming 28 because of binary fractions.
func heldOut(n int, share float64) int {
	if n < 2 {
		return 0
	}
	return min(n-1, max(1, int(math.Floor(share*float64(n)+1e-9))))
}

// Inner cuts the training part once more in the same way. Parameters are chosen
// on it, so that the truth of s itself is looked at once, at the end. A split
// that came from outside is cut by [LastShare] of 0.2.
func (s *Split) Inner() *Split {
	var in *Split
	if s.again == nil {
		in = lastShare(s.Train, 0.2)
	} else {
		in = s.again(s.Train)
	}
	in.inner = s.inner + 1
	in.Protocol += ", inner"
	if in.inner > 1 {
		in.Protocol += fmt.Sprintf(" %d", in.inner)
	}
	return in
}

// IsInner reports whether s was cut from the training part of another split.
func (s *Split) IsInner() bool { return s.inner > 0 }

// Held returns a split whose parts come from outside, such as published files.
// Both must have the same movies; people of truth who are not in train get an
// empty history, and the truth of a person loses what train holds too; both
// says how many rows that were.
func Held(protocol string, train, truth *Data) (s *Split, both int, err error) {
	if !slices.Equal(train.Movies, truth.Movies) {
		return nil, 0, fmt.Errorf("train has %d movies and truth %d, or in another order; collect both with the same movies: %w", len(train.Movies), len(truth.Movies), ErrSplit)
	}
	all := &Data{Movies: train.Movies, Unknown: train.Unknown, Repeated: train.Repeated}
	s = &Split{Protocol: protocol, Train: all}
	for i, j := 0, 0; i < len(train.Users) || j < len(truth.Users); {
		switch {
		case j == len(truth.Users) || i < len(train.Users) && train.Users[i].User < truth.Users[j].User:
			all.Users, s.Truth = append(all.Users, train.Users[i]), append(s.Truth, nil)
			i++
		case i == len(train.Users) || truth.Users[j].User < train.Users[i].User:
			all.Users, s.Truth = append(all.Users, UserHistory{User: truth.Users[j].User}), append(s.Truth, truth.Users[j].Seen)
			j++
		default:
			known := rowSet(train.Users[i].Seen)
			left := slices.DeleteFunc(slices.Clone(truth.Users[j].Seen), func(x Seen) bool { return known[x.Movie] })
			both += len(truth.Users[j].Seen) - len(left)
			all.Users, s.Truth = append(all.Users, train.Users[i]), append(s.Truth, left)
			i, j = i+1, j+1
		}
	}
	return s, both, nil
}

// cut makes a split: choose marks in held the rows of a history to hold out.
func cut(d *Data, choose func(u UserHistory, held []bool)) *Split {
	s := &Split{
		Train: &Data{Movies: d.Movies, Users: make([]UserHistory, len(d.Users)), Unknown: d.Unknown, Repeated: d.Repeated},
		Truth: make([][]Seen, len(d.Users)),
	}
	for i, u := range d.Users {
		held := make([]bool, len(u.Seen))
		choose(u, held)
		s.Train.Users[i] = UserHistory{User: u.User, Seen: pick(u.Seen, held, false)}
		s.Truth[i] = pick(u.Seen, held, true)
	}
	return s
}

func pick(seen []Seen, held []bool, want bool) []Seen {
	var out []Seen
	for i, s := range seen {
		if held[i] == want {
			out = append(out, s)
		}
	}
	return out
}

// checkCandidates reports candidates that cannot be judged by.
func (s *Split) checkCandidates() error {
	if s.Candidates == nil {
		return nil
	}
	if len(s.Candidates) != len(s.Train.Users) {
		return fmt.Errorf("candidates of %d people for %d in train, want them for each: %w", len(s.Candidates), len(s.Train.Users), ErrSplit)
	}
	for i, all := range s.Candidates {
		user := s.Train.Users[i].User
		if i == 0 || !same(all, s.Candidates[i-1]) {
			for j, row := range all {
				if int64(row) >= int64(len(s.Train.Movies)) || j > 0 && row <= all[j-1] {
					return fmt.Errorf("candidates of user %q are not ascending rows of %d movies: %w", user, len(s.Train.Movies), ErrSplit)
				}
			}
		}
		for _, x := range s.Truth[i] {
			if _, ok := slices.BinarySearch(all, x.Movie); !ok {
				return fmt.Errorf("movie %q is in the truth of user %q and not among the candidates: %w", s.Train.Movies[x.Movie], user, ErrSplit)
			}
		}
	}
	return nil
}

func rowSet(seen []Seen) map[uint32]bool {
	out := make(map[uint32]bool, len(seen))
	for _, s := range seen {
		out[s.Movie] = true
	}
	return out
}
