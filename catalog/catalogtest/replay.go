package catalogtest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
)

// A batch with a Move begins where it says, if the store stands where the move
// expects; otherwise nothing happens.
func testAppendMove(t *testing.T, s Store) {
	ctx := t.Context()
	const partition = "kafka:movielog1/0"
	move := func(from, to, expects int64, users int) catalog.Batch {
		b := mixedBatch(from, to, users)
		b.Move = &catalog.Move{Held: expects}
		return b
	}
	same(t, "start in the middle", held(t)(s.Append(ctx, move(1000, 1040, 0, 3))), 1040)
	same(t, "go on", held(t)(s.Append(ctx, mixedBatch(1040, 1050, 3))), 1050)
	want := catalog.Counts{Ratings: 3, Watches: 3, Quarantined: 2}
	counts(t, s, want)
	for what, b := range map[string]catalog.Batch{
		"from nothing again": move(0, 5, 0, 9), "from elsewhere": move(0, 5, 1049, 9), "where it stands is no matter": move(1050, 1060, 1040, 9),
	} {
		done, err := s.Append(ctx, b)
		fails(t, what, err, catalog.ErrOffset)
		same(t, what+": held", done.Held, 1050)
	}
	_, err := s.Append(ctx, move(0, 5, -1, 1))
	fails(t, "from below 0", err, catalog.ErrInvalid)
	counts(t, s, want)

	same(t, "back", held(t)(s.Append(ctx, move(0, 40, 1050, 3))), 40)
	same(t, "offset", ok[int64](t)(s.Offset(ctx, partition)), 40)
	done, err := s.Append(ctx, move(0, 40, 1050, 3)) // as if the answer was lost
	fails(t, "back again", err, catalog.ErrOffset)
	same(t, "back again: held", done.Held, 40)
	same(t, "on from there", held(t)(s.Append(ctx, mixedBatch(40, 1000, 3))), 1000)
	same(t, "ahead, over a gap", held(t)(s.Append(ctx, move(5000, 5001, 1000, 3))), 5001)
}

// What is read again changes no fact and tells nobody that something is new, but
// its lines were read once more.
func testReplay(t *testing.T, s Store) {
	ctx := t.Context()
	var batches []catalog.Batch
	for i := range 4 {
		b := mixedBatch(int64(10*i), int64(10*i+10), 3+2*i)
		b.ReadAt = readAt
		for j := range b.Minutes {
			b.Minutes[j].At = after(time.Duration(i) * 20 * time.Hour)
			b.Ratings[j].Value = float64(1 + (i+j)%5)
		}
		batches = append(batches, b)
	}
	type facts struct {
		histories []catalog.UserSeen
		accounts  []catalog.Account
		refused   []catalog.Refused
		activity  int64
	}
	read := func() facts {
		return facts{
			all(t, s.Histories(ctx)), all(t, s.Accounts(ctx)),
			ok[[]catalog.Refused](t)(s.Quarantined(ctx, 0)), ok[int64](t)(s.LastActivity(ctx)),
		}
	}
	for _, b := range batches {
		held(t)(s.Append(ctx, b))
	}
	first, counted := read(), intake(ctx, t, s)[hourOf(readAt)]
	same(t, "people", len(first.histories), 2*9)
	for round := range 2 {
		stands := int64(40)
		for i, b := range batches {
			if i == 0 {
				b.Move = &catalog.Move{Held: stands}
			}
			held(t)(s.Append(ctx, b))
			same(t, fmt.Sprintf("round %d, batch %d", round, i), read(), first)
		}
		for outcome, n := range intake(ctx, t, s)[hourOf(readAt)] {
			same(t, fmt.Sprintf("round %d: %s lines", round, outcome), n, counted[outcome]*int64(round+2))
		}
	}
}

// One name is for one body: another is refused, the same again is known.
func testDigest(t *testing.T, s Store) {
	ctx := t.Context()
	one, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	post := func(name string, from, to int64, digest []byte) catalog.Batch {
		return catalog.Batch{Partition: name, From: from, To: to, Digest: digest, Lists: 1, ReadAt: readAt}
	}
	same(t, "first part", held(t)(s.Append(ctx, post("post:a", 0, 10, one))), 10)
	same(t, "second part", held(t)(s.Append(ctx, post("post:a", 10, 20, one))), 20)
	same(t, "one without", held(t)(s.Append(ctx, post("post:a", 20, 30, nil))), 30)
	for what, c := range map[string]struct {
		b    catalog.Batch
		want error
	}{
		"the same again":             {post("post:a", 0, 10, one), catalog.ErrOffset},
		"again without":              {post("post:a", 0, 10, nil), catalog.ErrOffset},
		"another":                    {post("post:a", 0, 10, other), catalog.ErrConflict},
		"another that would fit on":  {post("post:a", 30, 40, other), catalog.ErrConflict},
		"a digest that is too short": {post("post:b", 0, 10, one[:31]), catalog.ErrInvalid},
		"an empty one":               {post("post:b", 0, 10, []byte{}), catalog.ErrInvalid},
	} {
		done, err := s.Append(ctx, c.b)
		fails(t, what, err, c.want)
		if c.want != catalog.ErrInvalid {
			same(t, what+": held", done.Held, 30)
		}
	}
	moved := post("post:a", 0, 10, other)
	moved.Move = &catalog.Move{Held: 30}
	_, err := s.Append(ctx, moved)
	fails(t, "another, as a replay", err, catalog.ErrConflict)
	held(t)(s.Append(ctx, post("post:b", 0, 10, other)))

	held(t)(s.Append(ctx, post("file", 0, 10, nil)))
	same(t, "a digest comes later", held(t)(s.Append(ctx, post("file", 10, 20, one))), 20)
	_, err = s.Append(ctx, post("file", 20, 30, other))
	fails(t, "and counts from then on", err, catalog.ErrConflict)
	same(t, "lines", intake(ctx, t, s)[hourOf(readAt)], map[string]int64{"recommendation": 6})
}
