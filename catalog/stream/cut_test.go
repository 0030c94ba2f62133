package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
)

// A truth is what a sink knows in the end.
type truth struct {
	watches  map[string][3]int64 // first, last, furthest minute
	ratings  map[string]catalog.Rating
	accounts map[string]int64
	refused  map[int64]string // by offset
}

func newTruth() truth {
	return truth{map[string][3]int64{}, map[string]catalog.Rating{}, map[string]int64{}, map[int64]string{}}
}

// fold folds rows as a store does.
func (f truth) fold(minutes []catalog.Minute, ratings []catalog.Rating, accounts []catalog.Account, refused []catalog.Refused) {
	for _, m := range minutes {
		key, at := fmt.Sprint(m.User, " ", m.Movie), m.At.Unix()
		old, known := f.watches[key]
		if !known {
			old = [3]int64{at, at, int64(m.Minute)}
		}
		f.watches[key] = [3]int64{min(old[0], at), max(old[1], at), max(old[2], int64(m.Minute))}
	}
	for _, r := range ratings {
		key := fmt.Sprint(r.User, " ", r.Movie)
		if old, known := f.ratings[key]; !known || r.After(old) {
			f.ratings[key] = r
		}
	}
	for _, a := range accounts {
		key, at := string(a.User), a.At.Unix()
		if old, known := f.accounts[key]; !known || at < old {
			f.accounts[key] = at
		}
	}
	for _, r := range refused {
		f.refused[r.Offset] = r.Reason + ": " + string(r.Line)
	}
}

// truth returns what s knows, and how many lines left quarantine.
func (s *sink) truth() (f truth, released int64) {
	f = newTruth()
	for _, b := range s.batches {
		if m := b.Mended; m != nil {
			for _, place := range m.Released {
				if _, was := f.refused[place.Offset]; was {
					released++
				}
				delete(f.refused, place.Offset)
			}
			f.fold(m.Minutes, m.Ratings, m.Accounts, m.Refused)
		}
		f.fold(b.Minutes, b.Ratings, b.Accounts, b.Refused)
	}
	return f, released
}

// oneLine draws a line of no more than two people and movies, so that they meet.
// None begins with what is another row by itself, but for ratings.
var oneLine = rapid.Custom(func(t *rapid.T) string {
	head := fmt.Sprintf("2026-02-14T10:%02d,%d,", rapid.IntRange(0, 3).Draw(t, "time"), rapid.SampledFrom([]int{7, 71}).Draw(t, "user"))
	movie := rapid.SampledFrom([]string{"heat+1995", "ronin+1998"}).Draw(t, "movie")
	return rapid.SampledFrom([]string{
		fmt.Sprintf("%sGET /data/m/%s/%d.mpg", head, movie, rapid.IntRange(0, 300).Draw(t, "minute")),
		fmt.Sprintf("%sGET /rate/%s=%d", head, movie, rapid.IntRange(1, 10).Draw(t, "rating")),
		head + "GET /create_account",
		head + "recommendation request h, status 200, result: a, b, 12 ms",
		head + "GET /data/m/Heat/3",
		head, "", "noise", strings.Repeat("x", stream.MaxLineBytes-3), strings.Repeat("y", stream.MaxLineBytes+900),
	}).Draw(t, "line")
})

// aStream draws lines with their ends; the last may have none.
var aStream = rapid.Custom(func(t *rapid.T) string {
	var b strings.Builder
	for _, line := range rapid.SliceOfN(oneLine, 1, 12).Draw(t, "lines") {
		b.WriteString(line + rapid.SampledFrom([]string{"\n", "\n", "\r\n"}).Draw(t, "end"))
	}
	if all := b.String(); rapid.Bool().Draw(t, "unfinished") {
		return strings.TrimRight(all, "\r\n")
	}
	return b.String()
})

// once reads path to its end into dst.
func once(path string, dst *sink, cfg stream.Config) (stream.Summary, error) {
	src, err := stream.OpenFile(context.Background(), path, dst, cfg, time.Now)
	if err != nil {
		return stream.Summary{}, err
	}
	defer src.Close()
	return stream.Run(context.Background(), src, dst, stream.RunConfig{})
}

// Wherever a stream is cut into runs, it leaves the same facts and the same
// quarantine as if it was read at once, and each line counts once.
func TestFileCutAnywhere(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		all := aStream.Draw(rt, "stream")
		cfg := stream.DefaultConfig()
		cfg.Scale, cfg.BatchLines = catalog.Scale10, rapid.IntRange(1, 5).Draw(rt, "batch")
		cuts := append(rapid.SliceOfN(rapid.IntRange(0, len(all)), 0, 8).Draw(rt, "cuts"), len(all))
		slices.Sort(cuts)

		path := filepath.Join(dir, "log")
		put := func(text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				rt.Fatal(err)
			}
		}
		put(all)
		atOnce := newSink()
		want, err := once(path, atOnce, cfg)
		if err != nil {
			rt.Fatal(err)
		}
		dst := newSink()
		var lines, refused int64
		for _, cut := range cuts {
			put(all[:cut])
			sum, err := once(path, dst, cfg)
			if err != nil {
				rt.Fatal(err)
			}
			lines, refused = lines+sum.Lines, refused+sum.RefusedTotal()
		}
		wantFacts, _ := atOnce.truth()
		facts, released := dst.truth()
		if fmt.Sprint(facts) != fmt.Sprint(wantFacts) {
			rt.Fatalf("cut at %v:\ngot  %.2000v\nwant %.2000v", cuts, facts, wantFacts)
		}
		if lines != want.Lines {
			rt.Errorf("cut at %v: %d lines counted, want %d", cuts, lines, want.Lines)
		}
		if refused-released != want.RefusedTotal() {
			rt.Errorf("%d refused, %d of them readmitted, want %d left", refused, released, want.RefusedTotal())
		}
		if len(dst.held) > 1 {
			rt.Errorf("known as %d files, want 1", len(dst.held))
		}
	})
}

// A file that is being written, read three times into the real store: what was
// refused or taken for another line is right in the end.
func TestFileBeingWritten(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "marquee.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.SetScale(t.Context(), catalog.Scale10); err != nil {
		t.Fatal(err)
	}
	cfg := stream.DefaultConfig()
	cfg.Scale = catalog.Scale10
	const rate, watch, bad = "2026-02-14T10:30,6,GET /rate/heat+1995=10\n", "2026-02-14T10:31,7,GET /data/m/ronin+1998/3.mpg\n", "2026-02-14T10:32,8,GET /data/m/ronin/3.mpg\n"
	path := filepath.Join(t.TempDir(), "log")
	all := rate + watch + bad
	var lines int64
	for _, end := range []int{len(rate) - 2, len(rate+watch) - 12, len(rate+watch) + 20, len(rate+watch) + 25, len(all)} {
		write(t, path, all[:end])
		src, err := stream.OpenFile(t.Context(), path, store, cfg, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := stream.Run(t.Context(), src, store, stream.RunConfig{})
		src.Close()
		if err != nil {
			t.Fatal(err)
		}
		lines += sum.Lines
	}
	if seen, err := store.History(t.Context(), "6", 9); err != nil || len(seen) != 1 || seen[0].Rating != 10 {
		t.Errorf("user 6: %+v, %v; want the rating 10", seen, err)
	}
	if seen, err := store.History(t.Context(), "7", 9); err != nil || len(seen) != 1 || seen[0].Movie != "ronin+1998" {
		t.Errorf("user 7: %+v, %v; want a watch of ronin+1998", seen, err)
	}
	held, err := store.Quarantined(t.Context(), 9)
	if err != nil || len(held) != 1 || string(held[0].Line)+"\n" != bad || held[0].Reason != string(stream.BadMovie) || held[0].User != "8" || held[0].Offset != int64(len(rate+watch)) {
		t.Errorf("in quarantine: %+v, %v", held, err)
	}
	counts, err := store.Intake(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int64{}
	for _, in := range counts {
		outcomes[in.Outcome] += in.Lines
	}
	got, err := json.Marshal(outcomes)
	if want := `{"rate":1,"readmitted":1,"refused:bad_movie":1,"refused:unknown_kind":1}`; err != nil || lines != 3 || string(got) != want {
		t.Errorf("%d lines, intake %s, want 3 and %s", lines, got, want)
	}
}

// A followed file that is cut anywhere before each restart, and then given up by
// its writer, leaves the same facts too, unfinished last lines included.
func TestFollowCutAnywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := aStream.Draw(rt, "stream")
		cuts := append(rapid.SliceOfN(rapid.IntRange(1, len(all)+1), 0, 4).Draw(rt, "cuts"), len(all))
		slices.Sort(cuts)
		away := rapid.Bool().Draw(rt, "rotated at each cut")
		atOnce, dst := newTruth(), newSink()
		var got truth
		synctest.Test(t, func(t *testing.T) {
			f := newFollower(t)
			f.silent, f.follow.Linger, f.cfg.Scale, f.dst = true, time.Second, catalog.Scale10, dst
			write(f.t, f.path, all)
			direct := newSink()
			if _, err := once(f.path, direct, f.cfg); err != nil {
				t.Fatal(err)
			}
			atOnce, _ = direct.truth()
			f.must(os.Remove(f.path))
			for at := 0; ; {
				end := min(cuts[0], len(all))
				f.append(f.path, all[at:end])
				at = end
				f.start()
				pass(3 * time.Second)
				if away || len(cuts) == 1 { // its last line is read as it is, and it comes back
					f.must(os.Rename(f.path, f.path+"-away"))
					write(f.t, f.path, text(0, 1))
					pass(5 * time.Second)
					f.must(os.Rename(f.path+"-away", f.path))
				}
				f.stop()
				if cuts = cuts[1:]; len(cuts) == 0 {
					break
				}
			}
			got, _ = dst.truth()
		})
		delete(got.watches, "0 m+1931") // of the file that came between
		if fmt.Sprint(got) != fmt.Sprint(atOnce) {
			rt.Fatalf("got  %.2000v\nwant %.2000v", got, atOnce)
		}
	})
}
