package catalogtest

import (
	"context"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"marquee/catalog"
)

// fillPerson stores something of u in every place where a person can stand, and
// as much of somebody whose id is longer by a digit. It returns how many rows
// u has.
func fillPerson(t *testing.T, s Store, u catalog.UserID) catalog.Removal {
	t.Helper()
	ctx := t.Context()
	for _, id := range []catalog.UserID{u, u + "1"} {
		who := string(id)
		partition := "of:" + map[bool]string{true: "one", false: "other"}[id == u]
		held(t)(s.Append(ctx, catalog.Batch{
			Partition: partition, To: 100, ReadAt: readAt,
			Minutes:  []catalog.Minute{{User: id, Movie: "heat+1995", At: epoch, Minute: 4}, {User: id, Movie: "m+1931", At: epoch}},
			Ratings:  []catalog.Rating{{User: id, Movie: "heat+1995", Value: 4, At: epoch}},
			Accounts: []catalog.Account{{User: id, At: epoch}},
			Refused: []catalog.Refused{
				{Offset: 1, Reason: "bad_movie", User: id, Line: []byte("by its user"), At: epoch},
				{Offset: 2, Reason: "bad_movie", Line: []byte("2024-10-14T15:20:53," + who + ",GZET /rate/x=3"), At: epoch},
				{Offset: 3, Reason: "missing_field", Line: []byte("2024-10-14T15:20:53," + who), At: epoch},
				{Offset: 4, Reason: "empty", Line: nil, At: epoch},
				{Offset: 5, Reason: "bad_movie", Line: []byte("\x00\xff,9" + who + ",x"), At: epoch},
			},
		}))
		ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{{ID: id, Age: 30}}))
		must(t, s.PutUnknownIDs(ctx, "user", []string{who}))
		must(t, s.PutUnknownIDs(ctx, "movie", []string{"film-of-nobody"}))
		ok[int](t)(s.PutExposures(ctx, []catalog.Exposure{
			{RequestID: "a" + partition, User: id, At: epoch, Bundle: "b", Tier: "personal", Movies: []catalog.Exposed{{Movie: "m+1931", Source: "popular", Propensity: 1}}},
			{RequestID: "b" + partition, User: id, At: epoch, Bundle: "b", Tier: "personal"},
		}))
		ok[int](t)(s.PutFeedback(ctx, []catalog.Feedback{
			{RequestID: "a" + partition, User: id, Movie: "m+1931", Kind: catalog.FeedbackClick, At: epoch},
			{User: id, Movie: "m+1931", Kind: catalog.FeedbackLike, At: epoch},
		}))
		must(t, s.PutPreferences(ctx, catalog.Preferences{User: id, Liked: "trains", At: epoch}))
	}
	tested := trial("of-" + string(u))
	tested.Overrides = map[catalog.UserID]string{u: "a", u + "1": "b"}
	ok[int64](t)(s.PutExperiment(ctx, tested))
	return catalog.Removal{Seen: 2, Users: 1, Accounts: 1, Quarantine: 3, Exposures: 2, UnknownIDs: 1, Feedback: 2, Opinions: 1, Preferences: 1, Overrides: 1}
}

// Forget takes away all of one person and nothing of anybody else, and a second
// call finds nothing.
func testForget(t *testing.T, s Store) {
	ctx := t.Context()
	const u, other = catalog.UserID("596363"), catalog.UserID("5963631")
	same(t, "nobody was forgotten", ok[catalog.Tombstones](t)(s.Tombstones(ctx)), catalog.Tombstones{})
	removal := fillPerson(t, s, u)
	count := ok[catalog.Counts](t)(s.Counts(ctx))
	changes := ok[int64](t)(s.LastChange(ctx))
	counted := intake(ctx, t, s)

	same(t, "removed", ok[catalog.Removal](t)(s.Forget(ctx, u)), removal)
	count.Users--
	count.Ratings--
	count.Watches -= 2
	count.Quarantined -= 3
	count.Exposures -= 2
	count.Feedback -= 2
	count.Opinions--
	count.Preferences--
	count.Changes += 2 // of the person, and of the experiment
	count.Tombstones++
	counts(t, s, count)
	same(t, "history", len(ok[[]catalog.Seen](t)(s.History(ctx, u, 0))), 0)
	_, err := s.User(ctx, u)
	fails(t, "record", err, catalog.ErrNotFound)
	same(t, "accounts", all(t, s.Accounts(ctx)), []catalog.Account{{User: other, At: epoch}})
	active, _, err := s.ActiveSince(ctx, 0, 0)
	must(t, err)
	same(t, "active", active, []catalog.UserID{other})
	same(t, "unknown", ok[map[string]bool](t)(s.UnknownIDs(ctx, "user", []string{string(u), string(other)})), map[string]bool{string(other): true})
	same(t, "lists", len(ok[[]catalog.Exposure](t)(s.ExposuresOf(ctx, u, 0))), 0)
	same(t, "all", ok[catalog.Person](t)(s.Person(ctx, u)), catalog.Person{})
	same(t, "what was read stays counted", intake(ctx, t, s), counted)

	dead := ok[catalog.Tombstones](t)(s.Tombstones(ctx))
	same(t, "tombstones", []any{len(dead.Salt), len(dead.Hashes), dead.Has(u), dead.Has(other)}, []any{32, 1, true, false})
	hash := dead.Hash(u)
	told := ok[[]catalog.Change](t)(s.ChangesSince(ctx, changes, 0))
	if len(told) != 2 || told[0].Kind != catalog.ChangeForget || told[0].Subject != hex.EncodeToString(hash[:]) {
		t.Errorf("changes are %+v, want one that forgets %x, and one of an experiment", told, hash)
	}

	same(t, "again", ok[catalog.Removal](t)(s.Forget(ctx, u)), catalog.Removal{})
	counts(t, s, count)
	same(t, "somebody unknown", ok[catalog.Removal](t)(s.Forget(ctx, "1")), catalog.Removal{})
	more := ok[catalog.Tombstones](t)(s.Tombstones(ctx))
	same(t, "one salt for all", []any{string(more.Salt), len(more.Hashes), more.Has(u), more.Has("1")}, []any{string(dead.Salt), 2, true, true})
	_, err = s.Forget(ctx, "a b")
	fails(t, "illegal id", err, catalog.ErrInvalid)
	_, err = s.Forget(ctx, "")
	fails(t, "no id", err, catalog.ErrInvalid)
}

// Whatever blanks stand around the id in a refused line, the line goes; and what
// Forget takes out is what does not come in again.
func testForgetBlanks(t *testing.T, s Store) {
	ctx := t.Context()
	const u = catalog.UserID("596363")
	var theirs, others []catalog.Refused
	add := func(to *[]catalog.Refused, line string) {
		*to = append(*to, catalog.Refused{Offset: int64(len(*to)), Reason: "bad_user", Line: []byte(line), At: epoch})
	}
	for _, blank := range []string{" ", "\t", "  ", "\v\f", "\u00a0", "\u3000"} {
		add(&theirs, "2022-11-14T12:23:12,"+blank+string(u)+",GET /rate/x=3")
		add(&theirs, "2022-11-14T12:23:12,"+string(u)+blank+",GET /rate/x=3")
		add(&theirs, "2022-11-14T12:23:12,"+blank+string(u)+blank)
		add(&others, "2022-11-14T12:23:12,"+string(u)+blank+"1,GET /rate/x=3")
		add(&others, "2022-11-14T12:23:12,7"+blank+string(u)+",GET /rate/x=3")
		add(&others, blank+string(u)+blank+",7,GET /rate/x=3")
	}
	for len(others) < 2500 { // pages of them that hold the id and name somebody else
		add(&others, "2022-11-14T12:23:12,7,GET /rate/"+string(u))
	}
	for _, partition := range []string{"a", "z"} { // before the others and after them
		held(t)(s.Append(ctx, catalog.Batch{Partition: partition, To: 1, Refused: theirs}))
	}
	held(t)(s.Append(ctx, catalog.Batch{Partition: "of others", To: 1, Refused: others}))
	same(t, "removed", ok[catalog.Removal](t)(s.Forget(ctx, u)), catalog.Removal{Quarantine: 2 * int64(len(theirs))})
	counts(t, s, catalog.Counts{Quarantined: len(others), Changes: 1, Tombstones: 1})
	held(t)(s.Append(ctx, catalog.Batch{Partition: "a", From: 1, To: 2, Refused: theirs}))
	counts(t, s, catalog.Counts{Quarantined: len(others), Changes: 1, Tombstones: 1})
	same(t, "again", ok[catalog.Removal](t)(s.Forget(ctx, u)), catalog.Removal{})
}

// Wherever a call is cut short, all of a person is forgotten or nothing is.
func testForgetCancelled(t *testing.T, s Store) {
	const u = catalog.UserID("596363")
	fillPerson(t, s, u)
	before := ok[catalog.Counts](t)(s.Counts(t.Context()))
	cut := 0
	for n := 1; ; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Forget(&countdown{Context: ctx, cancel: cancel, left: n}, u)
		cancel()
		if ok[catalog.Tombstones](t)(s.Tombstones(t.Context())).Has(u) {
			break
		}
		cut++
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at step %d: error is %v, want one that wraps %q", n, err, context.Canceled)
		}
		counts(t, s, before)
	}
	if cut < 10 {
		t.Errorf("Forget was cut short at %d steps, want at least 10 for a proof", cut)
	}
	same(t, "again", ok[catalog.Removal](t)(s.Forget(t.Context(), u)), catalog.Removal{})
	same(t, "changes", ok[int64](t)(s.LastChange(t.Context())), int64(before.Changes)+2)
}

// Whatever comes in later of someone who was forgotten is left out and counted,
// and offsets move on as if it had been there.
func testForgotten(t *testing.T, s Store) {
	ctx := t.Context()
	const u = catalog.UserID("596363")
	held(t)(s.Append(ctx, catalog.Batch{Partition: "p", To: 5, ReadAt: readAt, Lists: 1})) // before there is a tombstone
	ok[catalog.Removal](t)(s.Forget(ctx, u))
	activity := ok[int64](t)(s.LastActivity(ctx))

	later := readAt.Add(time.Hour)
	b := catalog.Batch{
		Partition: "p", From: 5, To: 20, ReadAt: later, Lists: 2,
		Minutes:  []catalog.Minute{{User: u, Movie: "1", At: epoch}, {User: u, Movie: "1", At: epoch, Minute: 1}, {User: "7", Movie: "1", At: epoch}},
		Ratings:  []catalog.Rating{{User: u, Movie: "1", Value: 3, At: epoch}, {User: u, Movie: "2", Value: 3, At: epoch}},
		Accounts: []catalog.Account{{User: u, At: epoch}, {User: "8", At: epoch}},
		Refused: []catalog.Refused{
			{Offset: 6, Reason: "bad_movie", User: u, Line: []byte("by its user"), At: epoch},
			{Offset: 7, Reason: "bad_movie", Line: []byte("2024," + string(u) + ",GZET"), At: epoch},
			{Offset: 8, Reason: "missing_field", Line: []byte("2024," + string(u)), At: epoch},
			{Offset: 9, Reason: "bad_movie", User: "7", Line: []byte("2024,7,GZET"), At: epoch},
		},
	}
	gone := catalog.Applied{Held: 20, Forgotten: catalog.Forgotten{Minutes: 2, Ratings: 2, Accounts: 1}}
	same(t, "applied", ok[catalog.Applied](t)(s.Append(ctx, b)), gone)
	same(t, "the caller's batch", []int{len(b.Minutes), len(b.Ratings), len(b.Accounts), len(b.Refused)}, []int{3, 2, 2, 4})
	want := catalog.Counts{Watches: 1, Quarantined: 1, Changes: 1, Tombstones: 1}
	counts(t, s, want)
	same(t, "intake", intake(ctx, t, s)[hourOf(later)], map[string]int64{
		"watch": 1, "recommendation": 2, "create_account": 1, "forgotten": 5, "refused:bad_movie": 3, "refused:missing_field": 1,
	})
	same(t, "active", ok[int64](t)(s.LastActivity(ctx)), activity+1)

	only := catalog.Batch{Partition: "p", From: 20, To: 21, ReadAt: later, Ratings: b.Ratings[:1]}
	same(t, "nothing else", ok[catalog.Applied](t)(s.Append(ctx, only)), catalog.Applied{Held: 21, Forgotten: catalog.Forgotten{Ratings: 1}})
	same(t, "ratings", ok[catalog.Tally](t)(s.PutRatings(ctx, append(b.Ratings, catalog.Rating{User: "7", Movie: "2", Value: 1, At: epoch}))),
		catalog.Tally{New: 1, Same: 2})
	same(t, "records", ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{{ID: u}, {ID: "7"}, {ID: u, Age: 3}})), catalog.Tally{New: 1, Same: 2})
	must(t, s.PutUnknownIDs(ctx, "user", []string{string(u), "9"}))
	same(t, "unknown", ok[map[string]bool](t)(s.UnknownIDs(ctx, "user", []string{string(u), "9"})), map[string]bool{"9": true})
	of := func(id catalog.UserID) catalog.Feedback {
		return catalog.Feedback{User: id, Movie: "1", Kind: catalog.FeedbackLike, At: epoch}
	}
	same(t, "feedback", ok[int](t)(s.PutFeedback(ctx, []catalog.Feedback{of(u), of("7"), of(u)})), 1)
	must(t, s.PutPreferences(ctx, catalog.Preferences{User: u, Liked: "trains", At: epoch}))
	want.Users, want.Ratings, want.Feedback, want.Opinions = 1, 1, 1, 1
	counts(t, s, want)
	same(t, "nothing to remove", ok[catalog.Removal](t)(s.Forget(ctx, u)), catalog.Removal{})
	testReadmitForgotten(t, s, u)
}

// A line that nobody knew to be of someone who was forgotten is found out when
// it is read again.
func testReadmitForgotten(t *testing.T, s Store, u catalog.UserID) {
	ctx := t.Context()
	var lines []catalog.Refused
	for i := range int64(4) {
		lines = append(lines, catalog.Refused{Source: "r", Offset: i, Reason: "bad_time", Line: []byte("2024;" + string(u) + ";GET"), At: epoch})
	}
	held(t)(s.Append(ctx, catalog.Batch{Partition: "r", To: 4, ReadAt: readAt, Refused: lines}))
	before := ok[catalog.Counts](t)(s.Counts(ctx))
	lines[3].Reason, lines[3].User = "bad_movie", u
	hour := hourOf(time.Now())
	done := ok[catalog.Applied](t)(s.Readmit(ctx, catalog.Readmission{
		Minutes:  []catalog.Minute{{User: u, Movie: "1", At: epoch}, {User: "7", Movie: "3", At: epoch}},
		Released: []catalog.RefusedPlace{placeOf(lines[0]), placeOf(lines[1])},
		Refused:  lines[3:],
	}))
	same(t, "readmitted", done, catalog.Applied{Forgotten: catalog.Forgotten{Minutes: 1}})
	before.Quarantined -= 3
	before.Watches++
	counts(t, s, before)
	lefts := make(map[string]int64)
	for _, in := range ok[[]catalog.Intake](t)(s.Intake(ctx, hour, time.Time{})) {
		lefts[in.Outcome] += in.Lines
	}
	same(t, "intake", lefts, map[string]int64{"readmitted": 1, "forgotten": 1})
}
