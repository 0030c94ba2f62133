package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/experiment/analysis"
)

// fillExperiment stores an experiment of two weeks that began on the given day, which has
// 400 people; those of its second arm accept 30% of lists, others 15%.
func (s shell) fillExperiment(start time.Time, weights ...float64) {
	s.t.Helper()
	if err := os.MkdirAll(s.home, 0o755); err != nil {
		s.t.Fatal(err)
	}
	store := s.store()
	x := catalog.Experiment{
		Name: "als-or-blend", Layer: "default", Mode: catalog.ExperimentSplit, Salt: "s", To: 1, Start: start, End: start.AddDate(0, 0, 14),
		Arms: []catalog.ExperimentArm{{Name: "control", Weight: weights[0]}, {Name: "als", Weight: weights[1]}},
	}
	if _, err := store.PutExperiment(s.t.Context(), x); err != nil {
		s.t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var lists []catalog.Exposure
	var watches []catalog.Watch
	var movies []catalog.Movie
	for m := range 40 {
		movies = append(movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprint("m", m)), Title: fmt.Sprint("Movie ", m), RuntimeMinutes: 100, CostUSD: 2})
	}
	seen := map[string]bool{}
	for i := range 400 * 12 {
		p := i % 400
		arm := p % 2
		e := catalog.Exposure{
			RequestID: fmt.Sprint("r", i), At: start.AddDate(0, 0, i/400).Add(time.Hour), User: catalog.UserID(fmt.Sprint("u", p)),
			Experiment: "als-or-blend:" + x.Arms[arm].Name, Tier: "personal", Bundle: "b",
		}
		for _, m := range rng.Perm(40)[:4] {
			e.Movies = append(e.Movies, catalog.Exposed{Movie: movies[m].ID, Source: "als", Propensity: 1})
		}
		lists = append(lists, e)
		key := fmt.Sprint(e.User, e.Movies[0].Movie)
		if rng.Float64() < 0.15+0.15*float64(arm) && !seen[key] {
			seen[key] = true
			watches = append(watches, catalog.Watch{User: e.User, Movie: e.Movies[0].Movie, First: e.At.Add(time.Hour), Last: e.At.Add(2 * time.Hour), Minute: 59, Days: 1})
		}
	}
	if _, err := store.PutMovies(s.t.Context(), movies); err != nil {
		s.t.Fatal(err)
	}
	if _, err := store.PutExposures(s.t.Context(), lists); err != nil {
		s.t.Fatal(err)
	}
	var minutes []catalog.Minute
	for _, w := range watches {
		minutes = append(minutes, catalog.Minute{User: w.User, Movie: w.Movie, At: w.First, Minute: w.Minute})
	}
	if _, err := store.Append(s.t.Context(), catalog.Batch{Partition: "test", To: int64(len(minutes)), Minutes: minutes}); err != nil {
		s.t.Fatal(err)
	}
}

func TestExperimentAnalyse(t *testing.T) {
	s := newShell(t)
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	s.fillExperiment(start, 1, 1)
	log := s.file("serve.log", `{"msg":"request","request":"r0","took":2000000}
{"msg":"request","request":"r1","took":4000000,"share":0.5}
no JSON
`)
	page := filepath.Join(s.home, "pages", "x.html")
	out := s.must("experiment", "analyse", "als-or-blend", "--html", page, "--policy", "greedy", "--log", log)
	for _, want := range []string{"acceptance", "better", "200", "at any look", "greedy", "nothing was drawn", "latency_ms", page} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil || strings.Count(string(text), "<svg") < 5 || strings.Contains(string(text), "<script") {
		t.Errorf("page of %d bytes, %v; want one with charts and without scripts", len(text), err)
	}
	var r analysis.Result
	decode(t, s.must("experiment", "analyse", "als-or-blend", "--output", "json", "--metric", "acceptance,cost", "--as-of", "2026-03-10"), &r)
	if !r.Valid || len(r.Metrics) != 2 || !r.AsOf.Equal(start.AddDate(0, 0, 8)) || len(r.Differences) != 2 {
		t.Errorf("result is %+v", r)
	}
	if d := r.Differences[0]; d.Verdict != analysis.Better || len(d.Looks) != 7 {
		t.Errorf("difference is %+v, want better, in 7 looks", d)
	}
}

func TestExperimentAnalyseRefuses(t *testing.T) {
	s := newShell(t)
	s.fillExperiment(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), 4, 1)
	out, errs, code := s.run("experiment", "analyse", "als-or-blend")
	if code != exitRefused || !strings.Contains(out, "INVALID") || !strings.Contains(errs, "sample-ratio mismatch") {
		t.Errorf("arms of 200 and 200 at weights of 4 and 1: exit %d, %q", code, errs)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"als-or-blind"}, exitNotFound, "als-or-blend"},
		{[]string{"als-or-blend", "--as-of", "yesterday"}, exitUsage, "want a time"},
		{[]string{"als-or-blend", "--as-of", "2026-01-01"}, exitUsage, "begins at"},
		{[]string{"als-or-blend", "--metric", "luck"}, exitUsage, "acceptance"},
		{[]string{"als-or-blend", "--policy", "lucky"}, exitUsage, "greedy"},
		{[]string{"als-or-blend", "--window", "1s"}, exitUsage, "window"},
		{[]string{"als-or-blend", "--log", s.file("x.log", "rubbish\n")}, exitFailed, "--log-format json"},
	} {
		_, errs, code := s.run(append([]string{"experiment", "analyse"}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d, %q, want %d and %q", c.args, code, errs, c.code, c.want)
		}
	}
}

func FuzzLatencies(f *testing.F) {
	f.Add(`{"request":"r","took":12,"share":0.1}` + "\n")
	f.Add("{\"request\":\"r\",\"took\":-1}\n\x00" + strings.Repeat("x", maxLogLine+10) + "\n{}")
	f.Fuzz(func(t *testing.T, text string) {
		l := latencies{}
		found, err := l.scan(strings.NewReader(text))
		if err != nil || len(l) > found || found > strings.Count(text, "\n")+1 {
			t.Errorf("%d requests from %d lines, %v", len(l), found, err)
		}
		for _, x := range l {
			if !(x.took >= 0) || !(x.weight >= 1) {
				t.Errorf("latency %+v", x)
			}
		}
	})
}
