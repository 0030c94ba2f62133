package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"marquee/catalog"
)

// Wherever in an Append the disk becomes full, nothing of the batch is stored,
// and once there is room the same Append stores all of it, once.
func TestAppendDiskFull(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mustOpen(t, filepath.Join(t.TempDir(), "facts.db"))
	b := catalog.Batch{Partition: "p", To: 1000, Lists: 2}
	for i := range 400 {
		u, at := catalog.UserID(fmt.Sprint("u", i)), time.Unix(int64(i), 0)
		b.Minutes = append(b.Minutes, catalog.Minute{User: u, Movie: catalog.MovieID(fmt.Sprint("m", i)), At: at})
		b.Ratings = append(b.Ratings, catalog.Rating{User: u, Movie: "1", Value: 3, At: at})
		b.Accounts = append(b.Accounts, catalog.Account{User: u, At: at})
		b.Refused = append(b.Refused, catalog.Refused{Offset: int64(i), Reason: fmt.Sprint("reason", i), Line: make([]byte, 100), At: at})
	}
	full := 0
	for pages := 1; ; pages++ { // a limit below what the file has is raised to it
		if err := s.Exec(ctx, fmt.Sprint("PRAGMA max_page_count = ", pages)); err != nil {
			t.Fatal(err)
		}
		done, err := s.Append(ctx, b)
		if err == nil {
			if done.Held != b.To {
				t.Errorf("held is %d, want %d", done.Held, b.To)
			}
			break
		}
		full++
		refused(t, err, catalog.ErrUnavailable, "full", "make room")
		if held, err := s.Offset(ctx, "p"); held != 0 || err != nil {
			t.Fatalf("%d pages: offset is %d, %v; want 0", pages, held, err)
		}
		if c, err := s.Counts(ctx); c != (catalog.Counts{}) || err != nil {
			t.Fatalf("%d pages: %+v, %v; want nothing", pages, c, err)
		}
	}
	if full < 30 {
		t.Errorf("the disk was full at %d places, want at least 30 for a proof", full)
	}
	want := catalog.Counts{Watches: 400, Ratings: 400, Quarantined: 400}
	if c, err := s.Counts(ctx); c != want || err != nil {
		t.Errorf("with room again: %+v, %v; want %+v", c, err, want)
	}
	if n := linesRead(t, s); n != 1602 {
		t.Errorf("%d lines were counted, want 1602", n)
	}
}
