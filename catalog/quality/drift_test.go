package quality_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/quality"
)

func feature(t testing.TB, r *quality.Result, name string) quality.Feature {
	t.Helper()
	for _, f := range r.Drift.Features {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no feature %s", name)
	return quality.Feature{}
}

func moved(r *quality.Result) (names []string) {
	for _, f := range r.Drift.Features {
		if f.Verdict == quality.DriftModerate || f.Verdict == quality.DriftLarge {
			names = append(names, f.Name)
		}
	}
	return names
}

// Weeks of one distribution are hardly ever found to differ, however many people
// there are.
func TestDriftOfNothing(t *testing.T) {
	const seeds = 60
	flagged := 0
	for seed := range uint64(seeds) {
		people := 300 + int(seed%4)*700
		if names := moved(mustRun(t, world(people, seed, 0), options(t))); len(names) > 0 {
			flagged++
			t.Logf("seed %d, %d people: %v", seed, people, names)
		}
	}
	if flagged > 2 { // DriftAlpha of 60 is 0.6
		t.Errorf("%d of %d pairs of weeks of one distribution are found to differ", flagged, seeds)
	}
}

// A real shift is found, in what shifted and in nothing else.
func TestDriftOfAShift(t *testing.T) {
	missed := 0
	for seed := range uint64(20) {
		r := mustRun(t, world(2000, seed, 0.4), options(t))
		if names := strings.Join(moved(r), " "); names != "rating user_age" {
			missed++
			t.Logf("seed %d: %s", seed, names)
		}
	}
	if missed > 1 {
		t.Errorf("%d of 20 shifts are not found as they are", missed)
	}
	r := mustRun(t, world(2000, 1, 0.4), options(t))
	f := feature(t, r, "rating")
	// 40% of the second week's ratings are 5: the curves part by 0.4*0.8.
	if f.Verdict != quality.DriftLarge || f.Distance == nil || *f.Distance < 0.25 || *f.Distance > 0.4 || *f.DistanceLow > 0.32 || *f.DistanceHigh < 0.32 || *f.PSI < *f.PSIChance || f.Reference != 1000 || f.Current != 1000 {
		t.Errorf("ratings %+v", f)
	}
	var warned bool
	for _, o := range r.Checks {
		warned = warned || o.Kind == quality.MaxDrift && o.Severity == quality.Warning && !o.Passed
	}
	if !warned {
		t.Error("the schema's check of the drift passed")
	}
}

// With very many events everything is significant: a change too small to matter
// is none.
func TestDriftTooSmallToMatter(t *testing.T) {
	r := mustRun(t, world(60_000, 3, 0.03), options(t))
	f := feature(t, r, "rating")
	if f.P == nil || *f.P > 0.01 || f.Verdict != quality.DriftNone {
		t.Errorf("%s: p %v, %s; want a small p and no drift", f.Verdict, *f.P, f.Why)
	}
}

func TestDriftOfFew(t *testing.T) {
	r := mustRun(t, world(100, 1, 1), options(t))
	for _, f := range r.Drift.Features {
		if f.Verdict != quality.DriftTooFew && f.ReferenceN < quality.MinSample {
			t.Errorf("%s of %d and %d observations: %s", f.Name, f.Reference, f.Current, f.Verdict)
		}
	}
}

// Many events of few people say little: one who rates everything 5, and comes only
// in the second week, is no drift.
func TestDriftCountsPeople(t *testing.T) {
	m := world(1200, 1, 0)
	for i := range 3000 {
		m.ratings = append(m.ratings, catalog.Rating{User: "z", Movie: m.movies[i%200].ID, Value: 5, At: newest.Add(-time.Duration(2+i) * time.Second)})
	}
	r := mustRun(t, m.sort(), options(t))
	f := feature(t, r, "rating")
	if f.Reference != 600 || f.ReferenceN != 600 || f.Current != 650 || f.CurrentN > 140 || f.CurrentN < 100 || f.Verdict != quality.DriftNone {
		t.Errorf("%d ratings count as %v, %d as %v: %s, %s", f.Reference, f.ReferenceN, f.Current, f.CurrentN, f.Verdict, f.Why)
	}
	// 15 people with 50 ratings each, all 5, would be a large drift if ratings were independent.
	m = world(1200, 1, 0)
	for i := range 15 * 50 {
		user := catalog.UserID(fmt.Sprintf("z%02d", i/50))
		m.ratings = append(m.ratings, catalog.Rating{User: user, Movie: m.movies[i%50].ID, Value: 5, At: newest.Add(-time.Duration(2+i) * time.Second)})
	}
	if f := feature(t, mustRun(t, m.sort(), options(t)), "rating"); f.Distance == nil && f.Verdict != quality.DriftTooFew || f.Verdict == quality.DriftLarge {
		t.Errorf("%d ratings count as %v: %s, %s", f.Current, f.CurrentN, f.Verdict, f.Why)
	}
}

func TestDriftOfCategories(t *testing.T) {
	m := world(2000, 1, 0)
	for i := range m.users {
		if i%2 == 1 { // the second week
			m.users[i].Gender = "M"
		}
	}
	f := feature(t, mustRun(t, m, options(t)), "gender")
	if f.Verdict != quality.DriftLarge || f.CramersV == nil || *f.CramersV < 0.5 || f.DF != 1 || len(f.Cells) != 2 || f.Cells[0].Label != "M" {
		t.Errorf("gender %+v", f)
	}
}

func TestWindows(t *testing.T) {
	r := mustRun(t, world(400, 1, 0), options(t))
	if r.Drift.Basis != "weeks" || !r.Drift.Current.To.Equal(newest) || r.Drift.Current.Length() != 7*24*time.Hour || !r.Drift.Reference.To.Equal(r.Drift.Current.From) || r.Drift.Reference.Length() != 7*24*time.Hour {
		t.Errorf("%s: %s and %s", r.Drift.Basis, r.Drift.Reference, r.Drift.Current)
	}
	m := &memory{scale: catalog.Scale5, ratings: []catalog.Rating{{User: "1", Movie: "a", Value: 3, At: at(0)}, {User: "2", Movie: "a", Value: 3, At: at(60)}, {User: "3", Movie: "a", Value: 3, At: newest.Add(1e6 * time.Hour)}}}
	r = mustRun(t, m, options(t))
	if r.Drift.Basis != "halves" || !r.Drift.Reference.From.Equal(at(0)) || !r.Drift.Current.From.Equal(at(30)) || !r.Drift.Current.To.Equal(at(60).Add(time.Second)) {
		t.Errorf("%s: %s and %s, want the halves of what is not in the future", r.Drift.Basis, r.Drift.Reference, r.Drift.Current)
	}
	if f := feature(t, r, "hour_of_day"); f.Verdict != quality.DriftNot {
		t.Errorf("hours of windows of half an hour: %s", f.Verdict)
	}
	opts := options(t)
	opts.Reference, opts.Current = &quality.Window{From: at(0), To: at(1)}, &quality.Window{From: at(1), To: at(100)}
	r = mustRun(t, m, opts)
	if f := feature(t, r, "rating"); r.Drift.Basis != "given" || f.Reference != 1 || f.Current != 1 {
		t.Errorf("%s: %d and %d ratings", r.Drift.Basis, f.Reference, f.Current)
	}
	// Half open: what happens at the border is in the second window alone.
	opts.Reference, opts.Current = &quality.Window{From: at(0), To: at(60)}, &quality.Window{From: at(60), To: at(61)}
	if f := feature(t, mustRun(t, m, opts), "rating"); f.Reference != 1 || f.Current != 1 {
		t.Errorf("at the border: %d and %d ratings", f.Reference, f.Current)
	}
}

// A movie that a person watched and rated counts once.
func TestMoviesCountOnce(t *testing.T) {
	m := small()
	opts := options(t)
	opts.Reference, opts.Current = &quality.Window{From: at(-10), To: at(100)}, &quality.Window{From: at(100), To: at(200)}
	if f := feature(t, mustRun(t, m, opts), "movie_year"); f.Reference != 2 || f.Current != 1 {
		t.Errorf("%d and %d years, want those of a and b for person 1, of a for person 2", f.Reference, f.Current)
	}
}
