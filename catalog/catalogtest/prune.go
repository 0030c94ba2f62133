package catalogtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
)

// spans is how many different times the rows of [pruneModel] have: few, so that
// many rows are of one time.
const spans = 12

// A pruneModel is what a store must still hold of the tables whose rows go by
// their own times.
type pruneModel struct {
	draw     *rand.Rand
	ratings  []catalog.Rating
	accounts []catalog.Account
	served   []catalog.Exposure
	refused  []catalog.Refused
	read     int64 // offset of partition p
}

func (m *pruneModel) at() time.Time { return after(time.Duration(m.draw.IntN(spans)) * time.Hour) }

// grow adds rows at random times to the model and to the store.
func (m *pruneModel) grow(t *testing.T, s Store, round int) {
	b := catalog.Batch{Partition: "p", From: m.read, To: m.read + 100}
	var served []catalog.Exposure
	for i := range 100 {
		r := catalog.Rating{User: catalog.UserID(fmt.Sprint(m.draw.IntN(9))), Movie: catalog.MovieID(fmt.Sprint(round, "-", i)), Value: 3, At: m.at()}
		a := catalog.Account{User: catalog.UserID(fmt.Sprint(round, "-", i)), At: m.at()}
		e := catalog.Exposure{RequestID: fmt.Sprint(round, "-", i), User: r.User, At: m.at()}
		f := catalog.Refused{Source: "p", Offset: m.read + int64(i), Reason: "time", Line: []byte("x"), At: m.at()}
		b.Ratings, b.Accounts, b.Refused = append(b.Ratings, r), append(b.Accounts, a), append(b.Refused, f)
		served = append(served, e)
	}
	m.read = held(t)(s.Append(t.Context(), b))
	ok[int](t)(s.PutExposures(t.Context(), served))
	m.ratings, m.accounts = append(m.ratings, b.Ratings...), append(m.accounts, b.Accounts...)
	m.served, m.refused = append(m.served, served...), append(m.refused, b.Refused...)
}

// limit draws a limit for a table of so many rows.
func (m *pruneModel) limit(rows int) (l catalog.Limit) {
	if m.draw.IntN(3) > 0 {
		l.Age = time.Duration(1+m.draw.IntN(spans))*time.Hour - time.Duration(m.draw.IntN(2))*time.Microsecond
	}
	if m.draw.IntN(3) > 0 {
		l.Rows = int64(1 + m.draw.IntN(rows))
	}
	return l
}

// left returns what a limit leaves of rows, and how many go. Of rows of one time
// the first by key go first.
func left[T any](rows []T, l catalog.Limit, now time.Time, at func(T) time.Time, key func(a, b T) int) (kept []T, gone int64) {
	for _, row := range rows {
		if l.Age == 0 || !at(row).Before(now.Add(-l.Age)) {
			kept = append(kept, row)
		}
	}
	slices.SortFunc(kept, func(a, b T) int { return cmp.Or(at(a).Compare(at(b)), key(a, b)) })
	if l.Rows > 0 && len(kept) > int(l.Rows) {
		kept = kept[len(kept)-int(l.Rows):]
	}
	slices.SortFunc(kept, key)
	return kept, int64(len(rows) - len(kept))
}

func (m *pruneModel) prune(r catalog.Retention, now time.Time) (gone catalog.Removal, people map[catalog.UserID]bool) {
	before := m.ratings
	m.ratings, gone.Seen = left(m.ratings, r.Events, now, func(r catalog.Rating) time.Time { return r.At }, func(a, b catalog.Rating) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Movie, b.Movie))
	})
	m.accounts, gone.Accounts = left(m.accounts, r.Events, now, func(a catalog.Account) time.Time { return a.At }, func(a, b catalog.Account) int {
		return cmp.Compare(a.User, b.User)
	})
	m.served, gone.Exposures = left(m.served, r.Exposures, now, func(e catalog.Exposure) time.Time { return e.At }, func(a, b catalog.Exposure) int {
		return cmp.Compare(a.RequestID, b.RequestID)
	})
	m.refused, gone.Quarantine = left(m.refused, r.Quarantine, now, func(r catalog.Refused) time.Time { return r.At }, func(a, b catalog.Refused) int {
		return cmp.Compare(a.Offset, b.Offset)
	})
	people = make(map[catalog.UserID]bool)
	for _, r := range before {
		if !slices.Contains(m.ratings, r) {
			people[r.User] = true
		}
	}
	return gone, people
}

// Whatever is to be kept, exactly that is kept; people whose histories shrank
// are told of.
func testPrune(t *testing.T, s Store) {
	ctx := t.Context()
	m := &pruneModel{draw: rand.New(rand.NewPCG(3, 1))}
	now := after(spans * time.Hour)
	for round := range 10 {
		m.grow(t, s, round)
		retention := catalog.Retention{Events: m.limit(len(m.accounts)), Exposures: m.limit(len(m.served)), Quarantine: m.limit(len(m.refused))}
		batch := m.draw.IntN(40)
		number := ok[int64](t)(s.LastActivity(ctx))
		offset := m.read
		want, people := m.prune(retention, now)

		var told catalog.Removal
		got := ok[catalog.Removal](t)(s.Prune(ctx, retention, now, batch, func(r catalog.Removal) {
			if n := r.Total() - told.Total(); n < 1 || batch > 0 && n > int64(batch) {
				t.Errorf("a transaction removed %d rows, want 1 to %d", n, batch)
			}
			told = r
		}))
		same(t, "removed", got, want)
		same(t, "told last", told, want)
		same(t, "histories", all(t, s.Ratings(ctx)), m.ratings)
		same(t, "accounts", all(t, s.Accounts(ctx)), m.accounts)
		served := all(t, s.Exposures(ctx, time.Time{}, time.Time{}))
		slices.SortFunc(served, func(a, b catalog.Exposure) int { return cmp.Compare(a.RequestID, b.RequestID) })
		same(t, "exposures", served, m.served)
		refused := ok[[]catalog.Refused](t)(s.Quarantined(ctx, 100_000))
		slices.SortFunc(refused, func(a, b catalog.Refused) int { return cmp.Compare(a.Offset, b.Offset) })
		same(t, "quarantine", refused, m.refused)
		active := make(map[catalog.UserID]bool)
		users, _, err := s.ActiveSince(ctx, number, 0)
		must(t, err)
		for _, u := range users {
			active[u] = true
		}
		same(t, "people told of", active, people)
		same(t, "offset", ok[int64](t)(s.Offset(ctx, "p")), offset)
		if t.Failed() {
			t.Fatalf("round %d: %+v, transactions of %d rows", round, retention, batch)
		}
	}
	same(t, "no limits", ok[catalog.Removal](t)(s.Prune(ctx, catalog.Retention{}, now, 0, nil)), catalog.Removal{})
	for what, r := range map[string]catalog.Retention{
		"age": {Events: catalog.Limit{Age: -1}}, "rows": {Posts: catalog.Limit{Rows: -1}}, "changes": {Changes: catalog.Limit{Age: -1}},
	} {
		r.Quarantine.Age = 1
		_, err := s.Prune(ctx, r, now, 0, nil)
		fails(t, what, err, catalog.ErrInvalid)
	}
	same(t, "nothing went", len(ok[[]catalog.Refused](t)(s.Quarantined(ctx, 100_000))), len(m.refused))
}

// Hours of intake, names of posts and answers of the catalog API age too; files
// and topics do not.
func testPruneOther(t *testing.T, s Store) {
	ctx := t.Context()
	names := []string{"post:a", "post:b", "file:a", "kafka:a/0", "postpost", "post", "pos:"}
	for i, name := range names {
		held(t)(s.Append(ctx, catalog.Batch{Partition: name, To: 7, Lists: 1, ReadAt: after(time.Duration(i) * time.Hour)}))
	}
	for _, id := range []string{"a", "b", "c", "a"} { // the second answer for a is as good as new
		must(t, s.PutUnknownIDs(ctx, "movie", []string{id}))
		time.Sleep(time.Millisecond)
	}
	prune := func(r catalog.Retention, now time.Time) catalog.Removal {
		t.Helper()
		return ok[catalog.Removal](t)(s.Prune(ctx, r, now, 1, nil))
	}
	two, day := catalog.Limit{Rows: 2}, catalog.Limit{Age: 24 * time.Hour}
	same(t, "young answers", prune(catalog.Retention{UnknownIDs: day}, time.Now()), catalog.Removal{})
	same(t, "too many answers", prune(catalog.Retention{UnknownIDs: two}, time.Now()), catalog.Removal{UnknownIDs: 1})
	same(t, "answers", ok[map[string]bool](t)(s.UnknownIDs(ctx, "movie", []string{"a", "b", "c"})), map[string]bool{"a": true, "c": true})
	same(t, "old answers", prune(catalog.Retention{UnknownIDs: day}, time.Now().Add(48*time.Hour)), catalog.Removal{UnknownIDs: 2})

	same(t, "young posts", prune(catalog.Retention{Posts: day}, after(24*time.Hour)), catalog.Removal{})
	same(t, "few posts", prune(catalog.Retention{Posts: two}, after(0)), catalog.Removal{})
	same(t, "too many posts", prune(catalog.Retention{Posts: catalog.Limit{Rows: 1}}, after(0)), catalog.Removal{Offsets: 1})
	same(t, "older post", ok[int64](t)(s.Offset(ctx, "post:a")), 0)
	same(t, "newer post", ok[int64](t)(s.Offset(ctx, "post:b")), 7)
	same(t, "old posts", prune(catalog.Retention{Posts: day}, after(240*time.Hour)), catalog.Removal{Offsets: 1})
	for _, name := range names[2:] {
		same(t, name, ok[int64](t)(s.Offset(ctx, name)), 7)
	}

	hours := func() (hours []time.Duration) {
		for _, in := range ok[[]catalog.Intake](t)(s.Intake(ctx, time.Time{}, time.Time{})) {
			hours = append(hours, in.Hour.Sub(epoch))
		}
		return hours
	}
	// The hour from the epoch on is over, and a row older than 5 hours is one whose
	// last moment was before.
	age := catalog.Retention{Intake: catalog.Limit{Age: 5 * time.Hour}}
	same(t, "hour just over", prune(age, after(6*time.Hour-time.Microsecond)), catalog.Removal{})
	same(t, "hour too old", prune(age, after(6*time.Hour)), catalog.Removal{Intake: 1})
	same(t, "hours", hours(), []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, 5 * time.Hour, 6 * time.Hour})
	same(t, "too many hours", prune(catalog.Retention{Intake: two}, after(0)), catalog.Removal{Intake: 4})
	same(t, "hours", hours(), []time.Duration{5 * time.Hour, 6 * time.Hour})
}

// Of the log nothing goes that only the log tells, and its numbers go on.
func testPruneChanges(t *testing.T, s Store) {
	ctx := t.Context()
	put := func(kind catalog.ChangeKind, subject string, d time.Duration) {
		t.Helper()
		ok[int64](t)(s.PutChange(ctx, catalog.Change{Kind: kind, Subject: subject, At: after(d)}))
	}
	left := func() (seqs []int64) {
		for _, c := range ok[[]catalog.Change](t)(s.ChangesSince(ctx, 0, 0)) {
			seqs = append(seqs, c.Seq)
		}
		return seqs
	}
	prune := func(l catalog.Limit) int64 {
		t.Helper()
		gone := ok[catalog.Removal](t)(s.Prune(ctx, catalog.Retention{Changes: l}, after(24*time.Hour), 2, nil))
		same(t, "only changes", gone.Total(), gone.Changes)
		return gone.Changes
	}
	same(t, "empty", prune(catalog.Limit{Age: time.Hour, Rows: 1}), 0)
	put(catalog.ChangeHide, "a", 0)        // 1: stands in the hidden movies
	put(catalog.ChangeCorrect, "b", 0)     // 2: stands in the corrections
	put(catalog.ChangeUnhide, "a", 0)      // 3: stands in the hidden movies
	put(catalog.ChangeExperiment, "a", 0)  // 4: superseded by 6
	put(catalog.ChangeExperiment, "b", 0)  // 5: the last word
	put(catalog.ChangeExperiment, "a", 0)  // 6: the last word
	put(catalog.ChangeBundle, "old", 0)    // 7: superseded by 8
	put(catalog.ChangeBundle, "new", 0)    // 8: the last word
	put(catalog.ChangeForget, "hash", 0)   // 9: stands in the tombstones
	put(catalog.ChangeMovie, "a", 0)       // 10: stands in the movies
	put(catalog.ChangeMovie, "b", 20*hour) // 11: young
	put(catalog.ChangeMovie, "a", 0)       // 12: old
	put(catalog.ChangeMovie, "c", 0)       // 13: the newest
	same(t, "too many", prune(catalog.Limit{Rows: 9}), 4)
	same(t, "nine, and what is needed", left(), []int64{5, 6, 7, 8, 9, 10, 11, 12, 13})
	same(t, "too old", prune(catalog.Limit{Age: 12 * hour}), 4)
	same(t, "young or needed", left(), []int64{5, 6, 8, 11, 13})
	same(t, "again", prune(catalog.Limit{Age: 12 * hour}), 0)
	same(t, "last", ok[int64](t)(s.LastChange(ctx)), 13)
	put(catalog.ChangeMovie, "d", 0)
	same(t, "the next number", ok[int64](t)(s.LastChange(ctx)), 14)
	same(t, "no longer the newest", prune(catalog.Limit{Rows: 1, Age: hour}), 2)
	same(t, "at the end", left(), []int64{5, 6, 8, 14})
}

const hour = time.Hour

// What was removed before a call was cut short is removed and told, and the next
// call does the rest.
func testPruneCancelled(t *testing.T, s Store) {
	const rows = 40
	b := catalog.Batch{Partition: "p", To: 1}
	for i := range rows {
		b.Ratings = append(b.Ratings, catalog.Rating{User: "u", Movie: catalog.MovieID(fmt.Sprint(i)), Value: 3, At: epoch})
		b.Refused = append(b.Refused, catalog.Refused{Source: "p", Offset: int64(i), Reason: "time", At: epoch})
	}
	held(t)(s.Append(t.Context(), b))
	short := catalog.Limit{Age: time.Hour}
	retention := catalog.Retention{Events: short, Quarantine: short}
	var sum int64
	for _, calls := range []int{2, 5, 1} { // of which the second is cut short in another table
		ctx, cancel := context.WithCancel(t.Context())
		told := 0
		gone, err := s.Prune(ctx, retention, after(2*time.Hour), 9, func(catalog.Removal) {
			if told++; told == calls {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) || errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("error is %v, want one that wraps %q and nothing else", err, context.Canceled)
		}
		sum += gone.Total()
		counts := ok[catalog.Counts](t)(s.Counts(t.Context()))
		same(t, "left", int64(counts.Ratings+counts.Quarantined), 2*rows-sum)
	}
	gone := ok[catalog.Removal](t)(s.Prune(t.Context(), retention, after(2*time.Hour), 9, nil))
	same(t, "the rest", sum+gone.Total(), 2*rows)
	if sum == 0 || gone.Total() == 0 {
		t.Errorf("%d and %d rows were removed, want some of both for a proof", sum, gone.Total())
	}
}

// Ingestion goes on beside it, and what it makes young is not removed.
func testPruneBeside(t *testing.T, s Store) {
	const people, movies = 30, 40
	ctx := t.Context()
	batch := func(from int64, at time.Time) catalog.Batch {
		b := catalog.Batch{Partition: "p", From: from, To: from + 1}
		for u := range people {
			for m := int(from) % 2; m < movies; m += 2 {
				b.Minutes = append(b.Minutes, catalog.Minute{User: catalog.UserID(fmt.Sprint(u)), Movie: catalog.MovieID(fmt.Sprint(m)), At: at})
			}
		}
		return b
	}
	held(t)(s.Append(ctx, batch(0, epoch)))
	held(t)(s.Append(ctx, batch(1, epoch)))
	retention := catalog.Retention{Events: catalog.Limit{Age: hour}}
	var group sync.WaitGroup
	var gone catalog.Removal
	var err error
	begun := make(chan struct{})
	group.Go(func() {
		var once sync.Once
		gone, err = s.Prune(ctx, retention, after(10*hour), 7, func(catalog.Removal) { once.Do(func() { close(begun) }) })
	})
	<-begun
	held(t)(s.Append(ctx, batch(2, after(10*hour)))) // the even half grows young
	group.Wait()
	must(t, err)
	young := 0
	for w, err := range s.Watches(ctx) {
		must(t, err)
		if !w.Last.Equal(after(10 * hour)) {
			t.Errorf("%+v is left, want it pruned", w)
		}
		young++
	}
	same(t, "young ones", young, people*movies/2)
	if gone.Seen < people*movies/2 {
		t.Errorf("%d rows were removed, want at least the odd half, %d", gone.Seen, people*movies/2)
	}
}
