package catalogtest

import (
	"context"
	"math"
	"testing"
	"time"

	"marquee/catalog"
)

// readAt is in the middle of an hour.
var readAt = time.Date(2026, 2, 14, 10, 30, 0, 0, time.UTC)

// intake returns the counts of all hours, as outcome -> lines by hour.
func intake(ctx context.Context, t tester, s Store) map[time.Time]map[string]int64 {
	t.Helper()
	hours := make(map[time.Time]map[string]int64)
	for _, in := range ok[[]catalog.Intake](t)(s.Intake(ctx, time.Time{}, time.Time{})) {
		if hours[in.Hour] == nil {
			hours[in.Hour] = make(map[string]int64)
		}
		hours[in.Hour][in.Outcome] += in.Lines
	}
	return hours
}

// hourOf returns the beginning of an hour.
func hourOf(at time.Time) time.Time { return at.UTC().Truncate(time.Hour) }

// Every line is counted once, in the hour in which it was read, and the counts
// are part of the transaction: a batch that is refused, or tried again, counts
// nothing.
func testIntake(t *testing.T, s Store) {
	ctx := t.Context()
	same(t, "nothing", len(ok[[]catalog.Intake](t)(s.Intake(ctx, time.Time{}, time.Time{}))), 0)
	b := mixedBatch(0, 40, 5)
	b.ReadAt = readAt
	b.Refused = append(b.Refused, catalog.Refused{Offset: 9, Reason: "bad_time", At: epoch}, catalog.Refused{Offset: 11, Reason: "movie", At: epoch})
	held(t)(s.Append(ctx, b))
	once := map[string]int64{"watch": 5, "rate": 5, "recommendation": 3, "create_account": 2, "refused:movie": 2, "refused:bad_time": 1}
	want := map[time.Time]map[string]int64{hourOf(readAt): once}
	same(t, "once", intake(ctx, t, s), want)

	_, err := s.Append(ctx, b)
	fails(t, "again", err, catalog.ErrOffset)
	bad := mixedBatch(40, 50, 1)
	bad.Ratings[0].Value = math.Inf(1)
	_, err = s.Append(ctx, bad)
	fails(t, "invalid", err, catalog.ErrInvalid)
	same(t, "refused batches count nothing", intake(ctx, t, s), want)

	late := catalog.Batch{Partition: b.Partition, From: 40, To: 41, ReadAt: time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), Lists: 1}
	held(t)(s.Append(ctx, late))
	next := catalog.Batch{Partition: b.Partition, From: 41, To: 42, ReadAt: readAt.Add(time.Hour), Minutes: b.Minutes[:1]}
	held(t)(s.Append(ctx, next))
	held(t)(s.Append(ctx, catalog.Batch{Partition: "other", To: 1, ReadAt: readAt.Add(29 * time.Minute), Lists: 4}))
	once["recommendation"] = 7
	want[hourOf(late.ReadAt)] = map[string]int64{"recommendation": 1}
	want[hourOf(next.ReadAt)] = map[string]int64{"watch": 1}
	same(t, "hours", intake(ctx, t, s), want)
	testIntakeBounds(t, s)

	now := catalog.Batch{Partition: "now", To: 1, Lists: 1}
	before := time.Now()
	held(t)(s.Append(ctx, now))
	same(t, "read when it is stored", len(ok[[]catalog.Intake](t)(s.Intake(ctx, hourOf(before), time.Time{}))), 1)
}

func testIntakeBounds(t *testing.T, s Store) {
	hour := hourOf(readAt)
	for _, c := range []struct {
		name     string
		from, to time.Time
		want     []catalog.Intake
	}{
		{"the next hour", hour.Add(time.Hour), time.Time{}, []catalog.Intake{{Hour: hour.Add(time.Hour), Outcome: "watch", Lines: 1}}},
		{"began after", hour.Add(time.Microsecond), time.Time{}, []catalog.Intake{{Hour: hour.Add(time.Hour), Outcome: "watch", Lines: 1}}},
		{"half open", hour.Add(-time.Hour), hour, nil},
		{"began before", hour.Add(-time.Hour), hour.Add(time.Second), []catalog.Intake{
			{Hour: hour, Outcome: "create_account", Lines: 2}, {Hour: hour, Outcome: "rate", Lines: 5}, {Hour: hour, Outcome: "recommendation", Lines: 7},
			{Hour: hour, Outcome: "refused:bad_time", Lines: 1}, {Hour: hour, Outcome: "refused:movie", Lines: 2}, {Hour: hour, Outcome: "watch", Lines: 5},
		}},
		{"no beginning", time.Time{}, time.Unix(0, 0), []catalog.Intake{{Hour: time.Unix(-3600, 0).UTC(), Outcome: "recommendation", Lines: 1}}},
	} {
		same(t, c.name, ok[[]catalog.Intake](t)(s.Intake(t.Context(), c.from, c.to)), c.want)
	}
}
