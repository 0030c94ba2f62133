package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// quality returns the result of the command.
func (s shell) quality(args ...string) (result struct {
	Tables []struct {
		Name       string
		Rows       int64
		References []struct {
			Column                string
			Holes, Asked, Unknown int64
		}
	}
	Intake struct {
		Series []struct {
			Name   string
			Counts []int64
		}
	}
	Checks []struct {
		Check  struct{ Table, Column, Check string }
		Passed bool
	}
	Drift struct {
		Basis    string
		Features []struct{ Name, Verdict string }
	}
	Failed struct{ Error, Warning int }
}) {
	s.t.Helper()
	decode(s.t, s.must(append([]string{"quality", "--output", "json"}, args...)...), &result)
	return result
}

func TestQuality(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings")
	s.must("ingest", "--once", "--source", "file:"+s.file("movielog.log",
		"2022-11-14T12:23,5,GET /data/m/heat+1995/0.mpg\n2022-11-14T12:24:01,5,GET /data/m/nowhere+1995/1.mpg\nrubbish\n2022-11-14T12:24:01,6,GET /data/m/ronin+1998/1.mpg\n"))
	out := s.must("quality", "--fail-on", "never")
	for _, want := range []string{"movies", "checks:", "drift: reference", "quality.html"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	page, err := os.ReadFile(filepath.Join(s.home, "quality.html"))
	if err != nil || !strings.Contains(string(page), "<svg") || strings.Contains(string(page), "<script") {
		t.Errorf("page of %d bytes, %v; want one with charts and without scripts", len(page), err)
	}
	r := s.quality("--no-page", "--fail-on", "never")
	rows := map[string]int64{}
	for _, table := range r.Tables {
		rows[table.Name] = table.Rows
		for _, ref := range table.References {
			if table.Name == "watches" && ref.Column == "movie" && ref.Holes != 1 {
				t.Errorf("%d watches of movies that the catalog lacks, want 1", ref.Holes)
			}
		}
	}
	if rows["movies"] != 4 || rows["ratings"] != 3 || rows["watches"] != 3 || rows["quarantine"] != 1 {
		t.Errorf("rows %v", rows)
	}
	if len(r.Intake.Series) != 2 || r.Drift.Basis != "weeks" || len(r.Drift.Features) == 0 {
		t.Errorf("intake %+v, drift %+v", r.Intake, r.Drift)
	}
}

// A gate that fails makes the exit status 1, says why, and the results are there.
func TestQualityGates(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	schema := s.file("schema.json", `{"version": 1, "checks": [
		{"table": "movies", "check": "min_rows", "rows": 5, "severity": "warning"},
		{"table": "movies", "column": "overview", "check": "not_null", "severity": "error"}]}`)
	s.must("quality", "--schema", schema)
	result, page := filepath.Join(t.TempDir(), "q.json"), filepath.Join(t.TempDir(), "sub", "q.html")
	out, errs, code := s.run("quality", "--schema", schema, "--fail-on", "warning", "--json", result, "--html", page)
	if code != 1 || !strings.Contains(errs, "line 2: movies min_rows: 4 rows") || !strings.Contains(out, "warning") {
		t.Errorf("exit %d, %q, %q", code, errs, out)
	}
	text, err := os.ReadFile(result)
	if err != nil || !json.Valid(text) {
		t.Errorf("result of a failed gate: %v", err)
	}
	if _, err := os.Stat(page); err != nil {
		t.Errorf("page of a failed gate: %v", err)
	}
	s.must("import", "jsonl", s.file("more.jsonl", `{"id":"x","title":"X"}`+"\n"))
	if _, errs, code := s.run("quality", "--schema", schema); code != 1 || !strings.Contains(errs, "line 3: movies overview not_null: 1 of 5 fail") {
		t.Errorf("exit %d, %q", code, errs)
	}
	s.must("quality", "--schema", schema, "--fail-on", "never")
}

// What --print-schema prints is a schema that changes nothing.
func TestQualitySchema(t *testing.T) {
	s := newShell(t)
	schema := s.file("schema.json", s.must("quality", "--print-schema"))
	s.must("import", "jsonl", s.file("films.jsonl", films))
	with, without := s.quality("--schema", schema, "--no-page"), s.quality("--no-page")
	if len(with.Checks) != len(without.Checks) || len(with.Checks) < 20 {
		t.Errorf("%d checks with the printed schema, %d without", len(with.Checks), len(without.Checks))
	}
	if out := s.must("quality", "--schema", schema, "--print-schema"); !strings.Contains(out, `"min_rows"`) {
		t.Errorf("printed %s", out)
	}
}

func TestQualityErrors(t *testing.T) {
	s := newShell(t)
	if _, errs, code := s.run("quality"); code != 3 || !strings.Contains(errs, "marquee import") {
		t.Errorf("without a store: exit %d, %q", code, errs)
	}
	s.must("import", "jsonl", s.file("films.jsonl", films))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--schema", "nowhere.json"}, "nowhere.json"},
		{[]string{"--schema", s.file("bad.json", "{\"version\": 1, \"checks\": [\n{\"table\": \"films\"}]}")}, "line 2"},
		{[]string{"--reference", "2024-01-01..2024-01-02"}, "both or none"},
		{[]string{"--reference", "2024-01-01", "--current", "2024-01-01..2024-01-02"}, "FROM..TO"},
		{[]string{"--reference", "2024-01-02..2024-01-01", "--current", "2024-01-01..2024-01-02"}, "from < to"},
		{[]string{"--reference", "x..y", "--current", "2024-01-01..2024-01-02"}, "FROM..TO"},
		{[]string{"--fail-on", "info"}, "fail-on"},
	} {
		if _, errs, code := s.run(append([]string{"quality"}, c.args...)...); code != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d, %q; want 2 and %q", c.args, code, errs, c.want)
		}
	}
	s.must("quality", "--no-page", "--reference", "2024-01-01T10:00..2024-01-02T10:00:30", "--current", "2024-01-02..2024-01-03T00:00:00Z")
}

// The course's sample: 8,000 real lines, 600 of the movies and 3,000 of the people
// they may name.
func TestQualityOfTheCourseSample(t *testing.T) {
	if realData == "" {
		t.Skip("MARQUEE_DATA names no folder of real data")
	}
	s := newShell(t)
	sample := filepath.Join(realData, "course-sample")
	s.must("import", "jsonl", filepath.Join(sample, "movies.jsonl"))
	s.must("import", "jsonl", filepath.Join(sample, "users.jsonl"), "--kind", "users")
	s.must("ingest", "--once", "--source", "file:"+filepath.Join(sample, "movielog.log"))
	r := s.quality()
	rows := map[string]int64{}
	for _, table := range r.Tables {
		rows[table.Name] = table.Rows
	}
	if fmt.Sprint(rows["movies"], rows["users"], rows["watches"], rows["ratings"], rows["quarantine"]) != "600 3000 7889 45 7" {
		t.Errorf("rows %v", rows)
	}
	var lines int64
	for _, series := range r.Intake.Series {
		for _, n := range series.Counts {
			lines += n
		}
	}
	if lines != 8000 {
		t.Errorf("%d lines read, want 8000", lines)
	}
	if r.Failed.Error != 0 || r.Failed.Warning != 2 { // most of the movies that are watched are not among the 600
		t.Errorf("%+v failed: %+v", r.Failed, r.Checks)
	}
	for _, f := range r.Drift.Features {
		if f.Verdict == "moderate" || f.Verdict == "large" {
			t.Errorf("%s moved within %s of 15 seconds", f.Name, r.Drift.Basis)
		}
	}
	page, err := os.ReadFile(filepath.Join(s.home, "quality.html"))
	if charts := strings.Count(string(page), "<svg"); err != nil || charts < 15 || len(page) > 4<<20 {
		t.Errorf("page of %d bytes with %d charts, %v", len(page), charts, err)
	}
}
