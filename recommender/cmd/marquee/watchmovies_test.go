package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/recommender/httpapi"
)

// fillLists stores ten days of lists of 30 people an hour, up to end. Ronin rises to more
// than twice as many people 15 hours before it, and Heat falls when a bundle comes
// 20 hours before.
func fillLists(t *testing.T, store *sqlstore.Store, end time.Time) {
	t.Helper()
	draw := rand.New(rand.NewPCG(4, 2))
	var lists []catalog.Exposure
	for h := -240; h < 0; h++ {
		for person := range 30 {
			e := catalog.Exposure{RequestID: fmt.Sprint(h, "-", person), At: end.Add(time.Duration(h)*time.Hour + time.Duration(person)*time.Minute), User: catalog.UserID(fmt.Sprint(person)), Bundle: "old"}
			shares := map[catalog.MovieID]float64{"heat+1995": 0.8, "ronin+1998": 0.3, "3": 0.5}
			if h >= -20 {
				e.Bundle, shares["heat+1995"] = "new", 0.2
			}
			if h >= -15 {
				shares["ronin+1998"] = 0.7
			}
			for _, m := range []catalog.MovieID{"heat+1995", "ronin+1998", "3"} {
				if draw.Float64() < shares[m] {
					e.Movies = append(e.Movies, catalog.Exposed{Movie: m, Source: "s", Propensity: 1})
				}
			}
			lists = append(lists, e)
		}
	}
	if _, err := store.PutExposures(t.Context(), lists); err != nil {
		t.Fatal(err)
	}
}

// A rise within a bundle is an alarm, a fall with a bundle is told with it, and what stays
// is not told.
func TestWatchMovies(t *testing.T) {
	s := editorShell(t)
	end := time.Date(2026, 3, 12, 6, 0, 0, 0, time.UTC)
	at := end.Format(time.RFC3339)
	if out := s.must("watch", "movies"); !strings.Contains(out, "too few lists") || !strings.Contains(out, "alarms: 0") {
		t.Errorf("of nothing:\n%s", out)
	}
	fillLists(t, s.store(), end)
	var out watchedMovies
	s.result(&out, "watch", "movies", "--at", at)
	if out.Looks != 24 || out.Movies != 3 || out.Open != 1 || len(out.Alarms) != 1 || len(out.Bundles) != 1 {
		t.Fatalf("%+v", out)
	}
	rose, fell := out.Alarms[0], out.Bundles[0]
	if rose.Movie != "ronin+1998" || !rose.Rose || rose.Ratio < 1.5 || rose.Title == "" || rose.Since.Before(end.Add(-15*time.Hour)) {
		t.Errorf("alarm: %+v", rose)
	}
	if fell.Movie != "heat+1995" || fell.Rose || fell.Bundle != "new" {
		t.Errorf("with the bundle: %+v", fell)
	}
	if text := s.must("watch", "movies", "--at", at, "--all", "-n", "2"); !strings.Contains(text, "goes on") || !strings.Contains(text, "and 1 more") && !strings.Contains(text, "least usual") {
		t.Errorf("text:\n%s", text)
	}
	s.refuses(exitRefused, "unusually", "watch", "movies", "--at", at, "--fail-on-alarm")
	s.must("watch", "movies", "--at", end.AddDate(0, 0, -1).Format(time.RFC3339), "--fail-on-alarm")
	s.refuses(exitUsage, "--hours", "watch", "movies", "--hours", "0")
	s.refuses(exitUsage, "-n is 0", "watch", "movies", "-n", "0")
	s.refuses(exitUsage, "--at", "watch", "movies", "--at", "soon")
	s.refuses(exitUsage, "one of them", "watch", "movies", "--at", at, "--follow", "1m")
}

// A server counts what was served, and knows how many moves are not over.
func TestServeRates(t *testing.T) {
	s := editorShell(t)
	store := s.store()
	end := time.Date(2026, 3, 12, 6, 0, 0, 0, time.UTC)
	fillLists(t, store, end)
	late := &lateStore{store: atomic.Pointer[sqlstore.Store]{}}
	w := watchMovieRates(&env{log: slog.New(slog.DiscardHandler)}, late, httpapi.NewMetrics())
	var looked time.Time
	if err := w.turn(t.Context(), end, &looked); err == nil || w.report.Load() != nil {
		t.Errorf("without a store: %v", err)
	}
	late.store.Store(store)
	if err := w.turn(t.Context(), end.Add(5*time.Minute), &looked); err != nil {
		t.Fatal(err)
	}
	r := w.report.Load()
	if r == nil || len(r.Alarms) != 1 || len(r.Bundles) != 1 || !looked.Equal(end) {
		t.Fatalf("%+v, looked at %v", r, looked)
	}
	if err := w.turn(t.Context(), end.Add(15*time.Minute), &looked); err != nil || w.report.Load() != r {
		t.Errorf("looked again though no hour has ended: %v", err)
	}
}
