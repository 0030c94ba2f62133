package stream_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// quarantine holds lines in memory.
type quarantine struct {
	lines     []catalog.Refused
	taken     []catalog.Readmission
	failAt    int // the readmission that fails, from 1; 0: none
	forgotten int
}

func (q *quarantine) QuarantineLines(_ context.Context, f catalog.RefusedFilter, after catalog.RefusedPlace, limit int) ([]catalog.Refused, error) {
	var out []catalog.Refused
	for _, r := range q.lines {
		later := cmp.Or(cmp.Compare(r.Source, after.Source), cmp.Compare(r.Offset, after.Offset)) > 0
		if later && (f.Reason == "" || f.Reason == r.Reason) && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (q *quarantine) Readmit(_ context.Context, r catalog.Readmission) (catalog.Applied, error) {
	if q.taken = append(q.taken, r); len(q.taken) == q.failAt {
		return catalog.Applied{}, catalog.ErrUnavailable
	}
	q.lines = slices.DeleteFunc(q.lines, func(l catalog.Refused) bool {
		return slices.Contains(r.Released, catalog.RefusedPlace{Source: l.Source, Offset: l.Offset})
	})
	for _, still := range r.Refused {
		for i, l := range q.lines {
			if l.Source == still.Source && l.Offset == still.Offset {
				q.lines[i].Reason, q.lines[i].User = still.Reason, still.User
			}
		}
	}
	return catalog.Applied{Forgotten: catalog.Forgotten{Minutes: q.forgotten}}, nil
}

func TestReread(t *testing.T) {
	at := time.Unix(5, 0)
	refused := func(source string, offset int64, reason stream.Reason, text string) catalog.Refused {
		return catalog.Refused{Source: source, Offset: offset, Reason: string(reason), Line: []byte(text), At: at}
	}
	long := strings.Repeat("x", stream.MaxKeptBytes-len(line(1))) + line(1)
	q := &quarantine{lines: []catalog.Refused{
		refused("a", 0, stream.BadTime, line(1)), // as after a mended grammar
		refused("a", 9, stream.RatingOffScale, "2026-02-14T10:30:03,7,GET /rate/m+1931=8"),
		refused("a", 12, stream.RatingOffScale, "2026-02-14T10:30:03,7,GET /rate/m+1931=11"),
		refused("b", 0, stream.Empty, "2026-02-14T10:30:03,7,GET /fly"),
		refused("b", 3, stream.LineTooLong, line(3)+strings.Repeat("x", stream.MaxKeptBytes)[:stream.MaxKeptBytes-len(line(3))]),
		refused("b", 4, stream.LineTooLong, long),
		refused("c", 0, stream.UnknownKind, "2026-02-14T10:30:03,7,GET /create_account"),
	}}
	cfg := stream.DefaultConfig()
	cfg.Scale = catalog.Scale10
	told := 0
	sum, err := stream.Reread(t.Context(), q, cfg, catalog.RefusedFilter{}, func(stream.RereadSummary) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	if sum.Lines != 7 || sum.Readmitted != (stream.Kept{Watch: 1, Rate: 1, CreateAccount: 1}) || sum.StillTotal() != 4 || told != 1 {
		t.Errorf("summary %+v, told %d times", sum, told)
	}
	if got := fmt.Sprint(sum.Still); got != "map[line_too_long:2 rating_off_scale:1 unknown_kind:1]" {
		t.Errorf("still refused: %s", got)
	}
	if len(q.lines) != 4 {
		t.Errorf("%d lines stay, want 4: %+v", len(q.lines), q.lines)
	}
	for _, l := range q.lines {
		if l.Source == "b" && l.Offset == 0 && (l.Reason != string(stream.UnknownKind) || l.User != "7" || !l.At.Equal(at)) {
			t.Errorf("a line refused otherwise now: %+v", l)
		}
	}
	again, err := stream.Reread(t.Context(), q, cfg, catalog.RefusedFilter{}, nil)
	if err != nil || again.Readmitted.Total() != 0 || again.Lines != 4 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// Many pages, of which one fails: the next call finishes, and no line goes in
// unseen.
func TestRereadInPages(t *testing.T) {
	q := &quarantine{failAt: 3}
	const n = 2750
	for i := range int64(n) {
		text := line(int(i % 90))
		if i%10 == 0 {
			text = "noise"
		}
		q.lines = append(q.lines, catalog.Refused{Source: fmt.Sprint("s", i/1000), Offset: i % 1000, Reason: "bad_user", Line: []byte(text)})
	}
	_, err := stream.Reread(t.Context(), q, stream.DefaultConfig(), catalog.RefusedFilter{}, nil)
	if !errors.Is(err, catalog.ErrUnavailable) || len(q.lines) != n-1800 {
		t.Fatalf("%v with %d lines left, want the store's error after two pages", err, len(q.lines))
	}
	q.forgotten = 1
	sum, err := stream.Reread(t.Context(), q, stream.DefaultConfig(), catalog.RefusedFilter{}, nil)
	if err != nil || len(q.lines) != n/10 {
		t.Fatalf("%v with %d lines left, want %d", err, len(q.lines), n/10)
	}
	if sum.Still[stream.Forgotten] != 1 || sum.Readmitted.Watch != 674 || sum.Lines != 950 {
		t.Errorf("summary %+v, want one line of a forgotten person", sum)
	}
}
