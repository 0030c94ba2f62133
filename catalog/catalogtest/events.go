package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
)

// mixedBatch returns a batch with something of every kind.
func mixedBatch(from, to int64, users int) catalog.Batch {
	b := catalog.Batch{Partition: "kafka:movielog1/0", From: from, To: to, Lists: 3}
	for i := range users {
		user := catalog.UserID(fmt.Sprint(i))
		b.Minutes = append(b.Minutes, catalog.Minute{User: user, Movie: "heat+1995", At: epoch, Minute: i})
		b.Ratings = append(b.Ratings, catalog.Rating{User: user, Movie: "m+1931", Value: 4, At: epoch})
	}
	b.Accounts = []catalog.Account{{User: "99", At: epoch}, {User: "99", At: after(-time.Hour)}}
	b.Refused = []catalog.Refused{{Source: b.Partition, Offset: from, Reason: "movie", Line: []byte("x\x00\xff"), At: epoch}}
	return b
}

func testAppendOffset(t *testing.T, s Store) {
	ctx := t.Context()
	want := catalog.Counts{Ratings: 3, Watches: 3, Quarantined: 1}
	same(t, "held", held(t)(s.Append(ctx, mixedBatch(0, 40, 3))), 40)
	same(t, "offset", ok[int64](t)(s.Offset(ctx, "kafka:movielog1/0")), 40)
	counts(t, s, want)
	for what, b := range map[string]catalog.Batch{
		"again": mixedBatch(0, 40, 5), "overlap": mixedBatch(39, 50, 5), "gap": mixedBatch(41, 50, 5),
	} {
		done, err := s.Append(ctx, b)
		fails(t, what, err, catalog.ErrOffset)
		same(t, what+": held", done.Held, 40)
	}
	counts(t, s, want)
	same(t, "next", held(t)(s.Append(ctx, mixedBatch(40, 50, 5))), 50)
	counts(t, s, catalog.Counts{Ratings: 5, Watches: 5, Quarantined: 2})
	same(t, "empty", held(t)(s.Append(ctx, catalog.Batch{Partition: "kafka:movielog1/0", From: 50, To: math.MaxInt64})), math.MaxInt64)
	same(t, "other partition", ok[int64](t)(s.Offset(ctx, "kafka:movielog1/1")), 0)
}

func testAppendInvalid(t *testing.T, s Store) {
	ctx := t.Context()
	for what, spoil := range map[string]func(b *catalog.Batch){
		"no partition":         func(b *catalog.Batch) { b.Partition = "" },
		"NUL in partition":     func(b *catalog.Batch) { b.Partition = "a\x00" },
		"long partition":       func(b *catalog.Batch) { b.Partition = strings.Repeat("x", 10_000) },
		"backwards":            func(b *catalog.Batch) { b.From, b.To = 0, -1 },
		"negative":             func(b *catalog.Batch) { b.From = -1 },
		"rating off scale":     func(b *catalog.Batch) { b.Ratings[0].Value = 11 },
		"rating NaN":           func(b *catalog.Batch) { b.Ratings[0].Value = math.NaN() },
		"minute":               func(b *catalog.Batch) { b.Minutes[0].Minute = -1 },
		"user of minute":       func(b *catalog.Batch) { b.Minutes[0].User = "" },
		"movie of minute":      func(b *catalog.Batch) { b.Minutes[0].Movie = "a\x00" },
		"user of rating":       func(b *catalog.Batch) { b.Ratings[0].User = "\xff" },
		"user of account":      func(b *catalog.Batch) { b.Accounts[0].User = "a/b" },
		"reason of refused":    func(b *catalog.Batch) { b.Refused[0].Reason = "" },
		"reason not a word":    func(b *catalog.Batch) { b.Refused[0].Reason = "\xff" },
		"reason much too long": func(b *catalog.Batch) { b.Refused[0].Reason = strings.Repeat("x", 10_000) },
	} {
		b := mixedBatch(0, 40, 2)
		spoil(&b)
		_, err := s.Append(ctx, b)
		fails(t, what, err, catalog.ErrInvalid)
	}
	counts(t, s, catalog.Counts{})
	same(t, "offset", ok[int64](t)(s.Offset(ctx, "kafka:movielog1/0")), 0)
}

// A countdown is a context that is cancelled when it is asked for the n-th time
// whether it is: at every step of a call in turn.
type countdown struct {
	context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	left   int
}

func (c *countdown) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		c.cancel()
	}
	return c.Context.Done()
}

// Wherever a call is cut short, all of it is stored or nothing is, and the
// offset says which.
func testAppendCancelled(t *testing.T, s Store) {
	const users = 140 // 280 rows: two statements
	cut := 0
	for n := 1; ; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Append(&countdown{Context: ctx, cancel: cancel, left: n}, mixedBatch(0, 40, users))
		cancel()
		held := ok[int64](t)(s.Offset(t.Context(), "kafka:movielog1/0"))
		if held == 40 {
			counts(t, s, catalog.Counts{Ratings: users, Watches: users, Quarantined: 1})
			same(t, "intake", len(intake(t.Context(), t, s)), 1)
			break
		}
		cut++
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at step %d: error is %v, want one that wraps %q", n, err, context.Canceled)
		}
		if errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("cancelled at step %d: %v says that the store is at fault", n, err)
		}
		counts(t, s, catalog.Counts{})
		same(t, "intake", len(intake(t.Context(), t, s)), 0)
	}
	if cut < 5 {
		t.Errorf("Append was cut short at %d steps, want at least 5 for a proof", cut)
	}
	_, err := s.Append(t.Context(), mixedBatch(0, 40, users))
	fails(t, "again", err, catalog.ErrOffset)
}

func testWatch(t *testing.T, s Store) {
	ctx := t.Context()
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "known", RuntimeMinutes: 200}, {ID: "endless"}}))
	minute := func(movie string, m int, d time.Duration) catalog.Minute {
		return catalog.Minute{User: "u", Movie: catalog.MovieID(movie), Minute: m, At: after(d)}
	}
	// The epoch is 23:00 of a 28 February: an hour later is the 29th.
	b := catalog.Batch{Partition: "p", To: 1, Minutes: []catalog.Minute{
		minute("known", 99, 30*time.Minute), minute("known", 98, 0), minute("known", 98, 0),
		minute("endless", 1063, 61*time.Minute), minute("endless", 0, 59*time.Minute),
		minute("unknown", 5, -time.Minute),
	}, Ratings: []catalog.Rating{
		{User: "u", Movie: "known", Value: 2, At: after(2 * time.Hour)},
		{User: "u", Movie: "unknown", Value: 5, At: after(-time.Hour)},
		{User: "u", Movie: "rated", Value: 1, At: after(61 * time.Minute)},
	}}
	held(t)(s.Append(ctx, b))
	want := []catalog.Seen{
		{Movie: "known", At: after(2 * time.Hour), Rating: 2, Rated: true, Share: 0.5, Shared: true, Days: 1},
		{Movie: "endless", At: after(61 * time.Minute), Days: 2},
		{Movie: "rated", At: after(61 * time.Minute), Rating: 1, Rated: true},
		{Movie: "unknown", At: after(-time.Minute), Rating: 5, Rated: true, Days: 1},
	}
	same(t, "history", ok[[]catalog.Seen](t)(s.History(ctx, "u", 0)), want)
	same(t, "newest", ok[[]catalog.Seen](t)(s.History(ctx, "u", 3)), want[:3])
	counts(t, s, catalog.Counts{Movies: 2, Ratings: 3, Watches: 3})

	// A later batch goes on where this one ended; a day between others counts too.
	b = catalog.Batch{Partition: "p", From: 1, To: 2, Minutes: []catalog.Minute{
		minute("known", 250, 72*time.Hour), minute("known", 3, 48*time.Hour), minute("known", 4, 48*time.Hour),
	}}
	held(t)(s.Append(ctx, b))
	same(t, "further", ok[[]catalog.Seen](t)(s.History(ctx, "u", 1)), []catalog.Seen{
		{Movie: "known", At: after(72 * time.Hour), Rating: 2, Rated: true, Share: 1, Shared: true, Days: 3},
	})
	// What becomes known of a movie later counts for what was watched before.
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "unknown", RuntimeMinutes: 60}}))
	seen := ok[[]catalog.Seen](t)(s.History(ctx, "u", 0))
	same(t, "share", seen[3], catalog.Seen{Movie: "unknown", At: after(-time.Minute), Rating: 5, Rated: true, Share: 0.1, Shared: true, Days: 1})
}

func testQuarantine(t *testing.T, s Store) {
	ctx := t.Context()
	line := []byte(strings.Repeat("\x00\xff", 4<<10))
	refuse := func(partition string, offset int64, reason string, line []byte, d time.Duration) catalog.Refused {
		return catalog.Refused{Source: partition, Offset: offset, Reason: reason, Line: line, At: after(d)}
	}
	rows := []catalog.Refused{
		refuse("p", 3, "time", []byte("2022-e11-14T…"), time.Minute),
		refuse("p", 1, "movie", nil, 0),
		refuse("p", 2, "movie", line, 0),
	}
	held(t)(s.Append(ctx, catalog.Batch{Partition: "p", To: 4, Refused: rows}))
	held(t)(s.Append(ctx, catalog.Batch{Partition: "q", To: 4, Refused: []catalog.Refused{refuse("q", 3, "time", []byte("x"), -time.Minute)}}))
	rows[1].Line, rows[2].Line = []byte{}, line[:4<<10]
	want := []catalog.Refused{rows[0], rows[2], rows[1], refuse("q", 3, "time", []byte("x"), -time.Minute)}
	same(t, "newest first", ok[[]catalog.Refused](t)(s.Quarantined(ctx, 0)), want)
	same(t, "limit", ok[[]catalog.Refused](t)(s.Quarantined(ctx, 2)), want[:2])
	same(t, "by reason", ok[map[string]int](t)(s.QuarantineCounts(ctx)), map[string]int{"time": 2, "movie": 2})
	counts(t, s, catalog.Counts{Quarantined: 4})
	// The same line refused again, for another reason, is still one line.
	again := []catalog.Refused{refuse("p", 3, "user", []byte("y"), 0), refuse("p", 3, "user", []byte("z"), 0)}
	held(t)(s.Append(ctx, catalog.Batch{Partition: "p", From: 4, To: 5, Refused: again}))
	same(t, "again", ok[map[string]int](t)(s.QuarantineCounts(ctx)), map[string]int{"time": 1, "user": 1, "movie": 2})
}
