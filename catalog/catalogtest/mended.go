package catalogtest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
)

// Many partitions are told of at once, each with the tail of its last batch.
func testOffsets(t *testing.T, s Store) {
	ctx := t.Context()
	const known = 600 // more than one query takes
	tail := func(i int) []byte {
		if i%3 == 0 {
			return nil
		}
		return bytes.Repeat([]byte{byte(i)}, 32)
	}
	var names []string
	want := map[string]catalog.Held{}
	for i := range known {
		name := fmt.Sprint("file:", i)
		held(t)(s.Append(ctx, catalog.Batch{Partition: name, To: 5, Tail: bytes.Repeat([]byte{9}, 32)}))
		held(t)(s.Append(ctx, catalog.Batch{Partition: name, From: 5, To: int64(10 + i), Tail: tail(i)}))
		names = append(names, name, fmt.Sprint("other:", i))
		want[name] = catalog.Held{Offset: int64(10 + i), Tail: tail(i)}
	}
	same(t, "offsets", ok[map[string]catalog.Held](t)(s.Offsets(ctx, names)), want)
	same(t, "offsets of none", ok[map[string]catalog.Held](t)(s.Offsets(ctx, nil)), map[string]catalog.Held{})
	_, err := s.Append(ctx, catalog.Batch{Partition: "p", To: 5, Tail: []byte("short")})
	fails(t, "a short tail", err, catalog.ErrInvalid)
}

// A line that was applied without its end is mended: what it says goes in, what
// its beginning was taken for leaves quarantine, and it counts once.
func testMended(t *testing.T, s Store) {
	ctx := t.Context()
	refused := func(at int64, line, reason string, user catalog.UserID) catalog.Refused {
		return catalog.Refused{Source: "p", Offset: at, Reason: reason, User: user, Line: []byte(line), At: epoch}
	}
	first := catalog.Batch{Partition: "p", To: 30, ReadAt: readAt, Refused: []catalog.Refused{refused(0, "a", "whole", ""), refused(20, "b", "half", "7")}}
	held(t)(s.Append(ctx, first))
	mended := func(from int64, m catalog.Readmission) catalog.Batch {
		return catalog.Batch{Partition: "p", From: from, To: from + 10, ReadAt: readAt, Mended: &m}
	}
	places := []catalog.RefusedPlace{{Source: "p", Offset: 20}}

	still := refused(20, "b and more", "other", "8")
	held(t)(s.Append(ctx, mended(30, catalog.Readmission{Refused: []catalog.Refused{still}})))
	same(t, "refused still", ok[[]catalog.Refused](t)(s.QuarantineLines(ctx, catalog.RefusedFilter{}, catalog.RefusedPlace{}, 9)), []catalog.Refused{first.Refused[0], still})

	kept := catalog.Readmission{Minutes: []catalog.Minute{{User: "7", Movie: "heat+1995", At: epoch, Minute: 3}}, Released: places}
	done, err := s.Append(ctx, mended(40, kept))
	must(t, err)
	same(t, "applied", done, catalog.Applied{Held: 50})
	counts(t, s, catalog.Counts{Watches: 1, Quarantined: 1})

	kept.Minutes[0].Minute = 37 // of a line whose beginning was kept: it is not in quarantine
	held(t)(s.Append(ctx, mended(50, kept)))
	same(t, "history", ok[[]catalog.Seen](t)(s.History(ctx, "7", 9))[0].Movie, "heat+1995")
	want := []catalog.Intake{{Hour: readAt.Truncate(time.Hour), Outcome: catalog.IntakeReadmitted, Lines: 1},
		{Hour: readAt.Truncate(time.Hour), Outcome: "refused:half", Lines: 1}, {Hour: readAt.Truncate(time.Hour), Outcome: "refused:whole", Lines: 1}}
	same(t, "intake", ok[[]catalog.Intake](t)(s.Intake(ctx, time.Time{}, time.Time{})), want)

	for what, bad := range map[string]catalog.Readmission{
		"reason": {Refused: []catalog.Refused{refused(20, "c", "", "")}},
		"minute": {Minutes: []catalog.Minute{{User: "7", Movie: "heat+1995", At: epoch, Minute: -1}}},
	} {
		_, err := s.Append(ctx, mended(60, bad))
		fails(t, what, err, catalog.ErrInvalid)
	}
}

// Nothing of someone who was forgotten comes back by the end of a line.
func testMendedForgotten(t *testing.T, s Store) {
	ctx := t.Context()
	half := catalog.Refused{Source: "p", Offset: 5, Reason: "half", Line: []byte("x,7"), At: epoch}
	for i, m := range []catalog.Readmission{
		{Ratings: []catalog.Rating{{User: "71", Movie: "heat+1995", Value: 4, At: epoch}}, Released: []catalog.RefusedPlace{{Source: "p", Offset: 5}}},
		{Refused: []catalog.Refused{{Source: "p", Offset: 5, Reason: "still", User: "71", Line: []byte("x,71,y"), At: epoch}}},
	} {
		_ = ok[catalog.Removal](t)(s.Forget(ctx, "71"))
		at := int64(20 * i)
		held(t)(s.Append(ctx, catalog.Batch{Partition: "p", From: at, To: at + 10, ReadAt: readAt, Refused: []catalog.Refused{half}}))
		done, err := s.Append(ctx, catalog.Batch{Partition: "p", From: at + 10, To: at + 20, ReadAt: readAt, Mended: &m})
		must(t, err)
		same(t, "applied", done, catalog.Applied{Held: at + 20})
		counts(t, s, catalog.Counts{Tombstones: 1})
	}
	var total int64
	for _, in := range ok[[]catalog.Intake](t)(s.Intake(ctx, time.Time{}, time.Time{})) {
		if in.Outcome == catalog.IntakeForgotten {
			total += in.Lines
		}
	}
	same(t, "counted as forgotten", total, 1)
}
