package eval

import (
	"fmt"
	"slices"

	"marquee/catalog"
)

// SampledLastOut holds out the newest movie of each person who has two or more,
// as [LeaveLastOut] does, and ranks it against some random movies that they did
// not watch: with 99 of them the protocol of He and others, "Neural collaborative
// filtering", 2017. It is there to be compared with papers and to choose nothing
// by, for such figures are far higher than those of full ranking and order models
// differently (Krichene and Rendle, 2020); the report says so. Whom a person's
// movie competes with depends on the seed, their id and their history. Fewer than
// one negative is an error that wraps [catalog.ErrInvalid].
func SampledLastOut(d *Data, negatives int, seed uint64) (*Split, error) {
	if negatives < 1 {
		return nil, fmt.Errorf("%d movies to rank against, want 1 or more: %w", negatives, catalog.ErrInvalid)
	}
	return sampledLastOut(d, negatives, seed), nil
}

func sampledLastOut(d *Data, negatives int, seed uint64) *Split {
	s := LeaveLastOut(d)
	s.Candidates = make([][]uint32, len(d.Users))
	for i, u := range d.Users {
		// Another stream than that of Random, which must not know its rivals.
		rows := randomUnseen(mix(seed), u.User, len(d.Movies), u.Seen, negatives)
		for _, x := range s.Truth[i] {
			rows = append(rows, x.Movie)
		}
		slices.Sort(rows)
		s.Candidates[i] = rows
	}
	s.Protocol = fmt.Sprintf("newest movie of each user against %d random ones, seed %d", negatives, seed)
	s.Warnings = append(s.Warnings, fmt.Sprintf("ranked against %s drawn at random, not the catalog: to be compared with papers that did the same, and with nothing else; such figures order models differently (Krichene and Rendle, 2020)", plural(negatives, "movie")))
	s.again = func(d *Data) *Split { return sampledLastOut(d, negatives, seed) }
	return s
}
