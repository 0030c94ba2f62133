package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
)

// refusedLines returns so many lines of two partitions, refused a minute apart,
// each for one of three reasons.
func refusedLines(n int) []catalog.Refused {
	var lines []catalog.Refused
	for i := range n {
		lines = append(lines, catalog.Refused{
			Source: []string{"p", "q"}[i%2], Offset: int64(10 * i), Reason: fmt.Sprint("reason", i%3),
			User: catalog.UserID([]string{"", "7"}[i/2%2]), Line: fmt.Append(nil, "line ", i), At: after(time.Duration(i) * time.Minute),
		})
	}
	return lines
}

// quarantine puts lines into the store.
func quarantine(t *testing.T, s Store, lines []catalog.Refused) {
	t.Helper()
	for _, partition := range []string{"p", "q"} {
		b := catalog.Batch{Partition: partition, To: 1 << 20, ReadAt: readAt}
		for _, r := range lines {
			if r.Source == partition {
				b.Refused = append(b.Refused, r)
			}
		}
		held(t)(s.Append(t.Context(), b))
	}
}

// placeOf names a line in quarantine.
func placeOf(r catalog.Refused) catalog.RefusedPlace {
	return catalog.RefusedPlace{Source: r.Source, Offset: r.Offset}
}

// Pages of any size give the lines that a filter picks, each once, in order.
func testQuarantineLines(t *testing.T, s Store) {
	ctx := t.Context()
	lines := refusedLines(24)
	quarantine(t, s, lines)
	pick := func(keep func(r catalog.Refused) bool) []catalog.Refused {
		var out []catalog.Refused
		for _, partition := range []string{"p", "q"} {
			for _, r := range lines {
				if r.Source == partition && keep(r) {
					out = append(out, r)
				}
			}
		}
		return out
	}
	noon := after(12 * time.Minute)
	for what, c := range map[string]struct {
		filter catalog.RefusedFilter
		want   []catalog.Refused
	}{
		"all":       {catalog.RefusedFilter{}, pick(func(catalog.Refused) bool { return true })},
		"source":    {catalog.RefusedFilter{Source: "q"}, pick(func(r catalog.Refused) bool { return r.Source == "q" })},
		"reason":    {catalog.RefusedFilter{Reason: "reason1"}, pick(func(r catalog.Refused) bool { return r.Reason == "reason1" })},
		"since":     {catalog.RefusedFilter{Since: noon}, pick(func(r catalog.Refused) bool { return !r.At.Before(noon) })},
		"until":     {catalog.RefusedFilter{Until: noon}, pick(func(r catalog.Refused) bool { return r.At.Before(noon) })},
		"none":      {catalog.RefusedFilter{Reason: "reason"}, nil},
		"every one": {catalog.RefusedFilter{Source: "p", Reason: "reason2", Since: noon, Until: after(15 * time.Minute)}, []catalog.Refused{lines[14]}},
	} {
		for _, limit := range []int{0, 1, 5, 24} {
			var got []catalog.Refused
			var from catalog.RefusedPlace
			for len(got) <= len(lines) {
				page := ok[[]catalog.Refused](t)(s.QuarantineLines(ctx, c.filter, from, limit))
				if len(page) == 0 {
					break
				}
				if limit > 0 && len(page) > limit {
					t.Fatalf("%s: a page of %d lines, want at most %d", what, len(page), limit)
				}
				got, from = append(got, page...), placeOf(page[len(page)-1])
			}
			same(t, fmt.Sprint(what, ", pages of ", limit), got, c.want)
		}
	}
}

// What can be read on a second try goes in and leaves quarantine at once; what
// still cannot stays, for its new reason.
func testReadmit(t *testing.T, s Store) {
	ctx := t.Context()
	lines := refusedLines(8)
	quarantine(t, s, lines)
	again := lines[5]
	again.Reason, again.User = "new reason", "9"
	r := catalog.Readmission{
		Minutes:  []catalog.Minute{{User: "7", Movie: "heat+1995", At: epoch, Minute: 4}},
		Ratings:  []catalog.Rating{{User: "7", Movie: "m+1931", Value: 5, At: epoch}},
		Accounts: []catalog.Account{{User: "8", At: epoch}},
		Lists:    1,
		Released: []catalog.RefusedPlace{placeOf(lines[0]), placeOf(lines[1]), placeOf(lines[2]), placeOf(lines[3]), {Source: "p", Offset: 5}},
		Refused:  []catalog.Refused{again, {Source: "p", Offset: 7, Reason: "of no line", Line: []byte("x"), At: epoch}},
	}
	before := time.Now()
	for range 2 { // twice is once
		same(t, "applied", ok[catalog.Applied](t)(s.Readmit(ctx, r)), catalog.Applied{})
		counts(t, s, catalog.Counts{Ratings: 1, Watches: 1, Quarantined: 4})
		same(t, "left", ok[[]catalog.Refused](t)(s.QuarantineLines(ctx, catalog.RefusedFilter{}, catalog.RefusedPlace{}, 0)),
			[]catalog.Refused{lines[4], lines[6], again, lines[7]})
		same(t, "history", len(ok[[]catalog.Seen](t)(s.History(ctx, "7", 0))), 2)
		same(t, "accounts", all(t, s.Accounts(ctx)), []catalog.Account{{User: "8", At: epoch}})
		var readmitted int64
		for _, in := range ok[[]catalog.Intake](t)(s.Intake(ctx, hourOf(before), time.Time{})) {
			same(t, "outcome", in.Outcome, "readmitted")
			readmitted += in.Lines
		}
		same(t, "readmitted", readmitted, 4)
	}
	same(t, "offset", ok[int64](t)(s.Offset(ctx, "p")), 1<<20)

	for what, spoil := range map[string]func(r *catalog.Readmission){
		"rating": func(r *catalog.Readmission) {
			r.Ratings = []catalog.Rating{{User: "7", Movie: "1", Value: 77, At: epoch}}
		},
		"user":   func(r *catalog.Readmission) { r.Accounts = []catalog.Account{{User: "", At: epoch}} },
		"reason": func(r *catalog.Readmission) { r.Refused = []catalog.Refused{{Source: "p"}} },
	} {
		bad := r
		bad.Released = []catalog.RefusedPlace{placeOf(lines[4])}
		spoil(&bad)
		_, err := s.Readmit(ctx, bad)
		fails(t, what, err, catalog.ErrInvalid)
	}
	counts(t, s, catalog.Counts{Ratings: 1, Watches: 1, Quarantined: 4})
}

// Wherever a call is cut short, lines are in quarantine or their events are in
// the store, never both or neither.
func testReadmitCancelled(t *testing.T, s Store) {
	lines := refusedLines(6)
	quarantine(t, s, lines)
	r := catalog.Readmission{Refused: lines[4:5]}
	r.Refused[0].Reason = "new reason"
	for _, line := range lines[:4] {
		r.Minutes = append(r.Minutes, catalog.Minute{User: "7", Movie: catalog.MovieID(line.Line[5:]), At: epoch})
		r.Released = append(r.Released, placeOf(line))
	}
	counted := len(intake(t.Context(), t, s))
	cut := 0
	for n := 1; ; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Readmit(&countdown{Context: ctx, cancel: cancel, left: n}, r)
		cancel()
		c := ok[catalog.Counts](t)(s.Counts(t.Context()))
		if c.Watches == 4 {
			same(t, "left in quarantine", c.Quarantined, 2)
			same(t, "hours", len(intake(t.Context(), t, s)), counted+1)
			break
		}
		cut++
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at step %d: error is %v, want one that wraps %q", n, err, context.Canceled)
		}
		same(t, "nothing done", c, catalog.Counts{Quarantined: 6})
		same(t, "hours", len(intake(t.Context(), t, s)), counted)
	}
	if cut < 5 {
		t.Errorf("Readmit was cut short at %d steps, want at least 5 for a proof", cut)
	}
	reasons := ok[map[string]int](t)(s.QuarantineCounts(t.Context()))
	same(t, "reasons", reasons, map[string]int{"new reason": 1, "reason2": 1})
}
