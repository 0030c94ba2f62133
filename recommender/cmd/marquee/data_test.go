package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"marquee/catalog/dataset"
)

// taken is what data snapshot prints.
type taken struct {
	Snapshot dataset.Manifest
	Added    bool
}

func TestData(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings")
	var a, again, b taken
	decode(t, s.must("data", "snapshot", "--output", "json"), &a)
	if !a.Added || a.Snapshot.Table("movies").Rows != 4 || a.Snapshot.Table("seen").Rows != 3 || a.Snapshot.Parent != "" || a.Snapshot.LastChange != 4 {
		t.Errorf("snapshot %+v", a)
	}
	if out := s.must("data", "snapshot"); !strings.Contains(out, "nothing has changed") {
		t.Errorf("second snapshot:\n%s", out)
	}
	decode(t, s.must("data", "snapshot", "--output", "json"), &again)
	if again.Added || !reflect.DeepEqual(again.Snapshot, a.Snapshot) {
		t.Errorf("second snapshot %+v, want the first", again)
	}
	s.must("import", "csv", s.file("more.csv", "user_id,movie_id,rating,time\n1,heat+1995,3,2025-01-01T10:00:00\n3,ronin+1998,5,2025-01-01T10:00:00\n"), "--kind", "ratings")
	decode(t, s.must("data", "snapshot", "--output", "json"), &b)
	if b.Snapshot.Parent != a.Snapshot.Version || b.Snapshot.Version == a.Snapshot.Version {
		t.Errorf("next snapshot %+v", b.Snapshot)
	}
	if out := s.must("data", "list"); strings.Count(out, "\n") != 3 || !strings.Contains(out, b.Snapshot.Version) {
		t.Errorf("list:\n%s", out)
	}
	var list struct{ Snapshots []dataset.Manifest }
	decode(t, s.must("data", "list", "--output", "json"), &list)
	if len(list.Snapshots) != 2 {
		t.Errorf("list %+v", list)
	}
	if out := s.must("data", "show", a.Snapshot.Version[:6]); !strings.Contains(out, a.Snapshot.Version) || !strings.Contains(out, "2023-01-01T10:00:00Z to 2024-01-01T10:00:00Z") {
		t.Errorf("show:\n%s", out)
	}
	out := s.must("data", "diff", a.Snapshot.Version[:6], b.Snapshot.Version[:6])
	for _, want := range []string{"seen changed user 1 movie heat+1995", "rating: 5 -> 3", "seen added user 3 movie ronin+1998"} {
		if !strings.Contains(out, want) {
			t.Errorf("diff without %q:\n%s", want, out)
		}
	}
	var diff dataset.Diff
	decode(t, s.must("data", "diff", a.Snapshot.Version, b.Snapshot.Version, "--examples", "0", "--output", "json"), &diff)
	if seen := diff.Tables[2]; seen.Added != 1 || seen.Changed != 1 || seen.Same != 2 || len(seen.Examples) > 0 {
		t.Errorf("diff %+v", diff)
	}
	if out := s.must("data", "verify"); strings.Count(out, "is whole") != 2 {
		t.Errorf("verify:\n%s", out)
	}
	s.must("data", "verify", a.Snapshot.Version[:6])
}

// The store, a snapshot of it, and the snapshot without a store give one bundle.
func TestBuildFromData(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings")
	s.must("import", "csv", s.file("users.csv", "user_id,age,gender\n1,30,F\n"), "--kind", "users")
	var snap taken
	decode(t, s.must("data", "snapshot", "--output", "json"), &snap)
	version := snap.Snapshot.Version
	type result struct {
		Bundle struct {
			ID          string
			DataVersion string `json:"data_version"`
			Sequence    int64
		}
	}
	var direct, from, alone result
	decode(t, s.must("build", "--index", "flat", "--output", "json"), &direct)
	decode(t, s.must("build", "--index", "flat", "--data", version[:8], "--output", "json"), &from)
	if direct.Bundle.DataVersion != version || from != direct || direct.Bundle.Sequence != snap.Snapshot.LastChange {
		t.Errorf("from the store %+v, from the snapshot %+v, want data version %s", direct, from, version)
	}
	if err := os.Rename(filepath.Join(s.home, "marquee.db"), filepath.Join(s.home, "away.db")); err != nil {
		t.Fatal(err)
	}
	decode(t, s.must("build", "--index", "flat", "--data", version, "--output", "json"), &alone)
	if alone != direct {
		t.Errorf("without a store %+v, want %+v", alone, direct)
	}
	if _, errs, code := s.run("data", "snapshot"); code != 3 || !strings.Contains(errs, "marquee import") {
		t.Errorf("snapshot of no store: exit %d, %s", code, errs)
	}
}

func TestDataVerifyFindsBroken(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	var snap taken
	decode(t, s.must("data", "snapshot", "--output", "json"), &snap)
	version := snap.Snapshot.Version
	if err := os.WriteFile(filepath.Join(s.home, "data", version, "movies.parquet"), []byte("PAR1"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"data", "verify"}, {"data", "verify", version[:5]}} {
		out, errs, code := s.run(args...)
		if code != 1 || !strings.Contains(out, "movies.parquet") || !strings.Contains(errs, "marquee data delete") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errs)
		}
	}
	if _, errs, code := s.run("build", "--data", version); code != 1 || !strings.Contains(errs, "snapshot is broken") {
		t.Errorf("build from it: exit %d, %q", code, errs)
	}
	s.must("data", "snapshot") // mends it
	s.must("data", "verify")
	s.must("data", "delete", version)
	if out := s.must("data", "list", "--output", "json"); !strings.Contains(out, `"snapshots": []`) {
		t.Errorf("list:\n%s", out)
	}
}

func TestDataPrune(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("data", "snapshot")
	s.must("build", "--index", "flat") // keeps the first
	for i, id := range []string{"a", "b", "c"} {
		s.must("import", "jsonl", s.file(id+".jsonl", `{"id":"`+id+`","title":"A film"}`+"\n"))
		s.must("data", "snapshot")
		shelf, err := dataset.OpenShelf(filepath.Join(s.home, "data"))
		if err != nil {
			t.Fatal(err)
		}
		if list, _, err := shelf.List(); err != nil || len(list) != i+2 {
			t.Fatalf("%d snapshots, %v", len(list), err)
		}
	}
	var pruned struct{ Removed []dataset.Removed }
	decode(t, s.must("data", "prune", "--keep", "2", "--output", "json"), &pruned)
	if len(pruned.Removed) != 2 || pruned.Removed[0].Reason != "count" {
		t.Errorf("pruned %+v, want two: one is the newest, one a bundle's", pruned)
	}
	if out := s.must("data", "prune", "--age", "90d", "--bytes", "1GB"); !strings.Contains(out, "0 snapshots deleted") {
		t.Errorf("prune:\n%s", out)
	}
}

// What is wrong says so, says what to do, and has the right exit status.
func TestDataErrors(t *testing.T) {
	s := newShell(t)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"data", "show", "xyz"}, 2, "hex digits"},
		{[]string{"data", "show", "abc"}, 3, "marquee data list"},
		{[]string{"data", "diff", "abc", "abd"}, 3, "marquee data list"},
		{[]string{"data", "verify", "../x"}, 2, "hex digits"},
		{[]string{"data", "prune"}, 2, "--keep"},
		{[]string{"data", "prune", "--keep=-1"}, 2, "want 0"},
		{[]string{"data", "prune", "--age", "x"}, 2, "90d"},
		{[]string{"data", "prune", "--age=-3d"}, 2, "90d"},
		{[]string{"data", "prune", "--bytes", "10XB"}, 2, "10GiB"},
		{[]string{"data", "snapshot"}, 3, "marquee import"},
		{[]string{"build", "--data", "abc"}, 3, "marquee data list"},
		{[]string{"build", "--data", "!"}, 2, "hex digits"},
	} {
		if _, errs, code := s.run(c.args...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("marquee %s: exit %d, %q; want %d and %q", strings.Join(c.args, " "), code, errs, c.code, c.want)
		}
	}
	s.must("import", "jsonl", s.file("films.jsonl", films))
	if _, errs, code := s.run("data", "snapshot", "--parent", "abc"); code != 3 || !strings.Contains(errs, "marquee data list") {
		t.Errorf("unknown parent: exit %d, %s", code, errs)
	}
	if out := s.must("data", "snapshot", "--help"); !strings.Contains(out, "Examples:") {
		t.Errorf("help:\n%s", out)
	}
}

func TestQuantities(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 90 * 24 * time.Hour, "1.5d": 36 * time.Hour, "36h": 36 * time.Hour, "0s": 0, "0d": 0} {
		var got timeSpan
		if err := got.UnmarshalText([]byte(text)); err != nil || time.Duration(got) != want {
			t.Errorf("%q: %v, %v; want %v", text, time.Duration(got), err, want)
		}
	}
	for text, want := range map[string]int64{"0": 0, "1000": 1000, "5B": 5, "10GB": 1e10, "1.5 KiB": 1536, "2MiB": 2 << 20, "1TB": 1e12} {
		var got byteSize
		if err := got.UnmarshalText([]byte(text)); err != nil || int64(got) != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "-1d", "NaNd", "NaN", "1e99GB", "1e99d", "1 PB", "d", "GB", "Inf"} {
		if err := new(timeSpan).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("time %q was taken", text)
		}
		if err := new(byteSize).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("size %q was taken", text)
		}
	}
}
