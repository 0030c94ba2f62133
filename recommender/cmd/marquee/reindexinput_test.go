package main

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// --ids that names nothing is no wish for every change.
func TestReindexOfNoIDs(t *testing.T) {
	s := editorShell(t)
	s.must("movie", "add", "--title", "Thief", "--overview", "A thief.")
	for _, ids := range []string{"", ",", "@" + s.file("empty.txt", "\n \n")} {
		s.refuses(exitUsage, "--ids", "reindex", "--ids", ids)
	}
	s.refuses(exitUsage, "--ids", "reindex", "--ids=")
	if n := len(s.bundles()); n != 1 {
		t.Errorf("%d bundles, want the first alone", n)
	}
	if out := s.reindex("--ids", "heat+1995,ronin+1998", "--ids", "@"+s.file("ids.txt", "amelie+2001\n")); out.Found.Compared != 3 {
		t.Errorf("three ids: %+v", out.Found)
	}
}

// A dry run keeps no vectors either, and makes no store.
func TestDryRunStoresNothing(t *testing.T) {
	s := newShell(t)
	more := s.file("more.jsonl", `{"id":"up+2009","title":"Up","overview":"An old man flies."}`+"\n")
	s.refuses(exitNotFound, "no store", "reindex", "--from", more, "--dry-run")
	if _, err := os.Stat(s.home); err == nil {
		t.Error("a dry run made the home folder")
	}
	embeddings := &embeddingsAPI{t: t}
	server := httptest.NewServer(embeddings)
	defer server.Close()
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("build", "--index", "flat", "--models", "none", "--embedder", "remote", "--remote-url", server.URL, "--remote-model", "m")
	args := []string{"--remote-url", server.URL, "--from", more, "--most", "1"}
	for range 2 {
		if out := s.reindex(append(args, "--dry-run")...); out.Work.Embedded != 1 || out.Work.Cached != 0 {
			t.Errorf("a dry run: %+v, want one text embedded and none kept", out.Work)
		}
	}
	if out := s.reindex(args...); out.Work.Embedded != 1 {
		t.Errorf("the run itself: %+v, want one text embedded", out.Work)
	}
}

// A dry run shows as many movies as are asked for.
func TestDryRunShows(t *testing.T) {
	s := editorShell(t)
	if text := s.must("reindex", "--all", "--dry-run", "-n", "1"); strings.Count(text, "\n  ") != 2 || !strings.Contains(text, "and 3 more") {
		t.Errorf("one of each kind:\n%s", text)
	}
}

// A file that --whole refuses is refused work, not work that failed.
func TestReindexWholeRefuses(t *testing.T) {
	s := editorShell(t)
	s.refuses(exitRefused, "mend the file", "reindex", "--whole", "--from", s.file("half.jsonl", films+"rubbish\n"))
	s.refuses(exitRefused, "is empty", "reindex", "--whole", "--from", s.file("empty.jsonl", ""))
	s.must("movie", "show", "heat+1995")
}

// A reindex tells what it took in, also if that is no movie's facts.
func TestReindexTellsOfHidden(t *testing.T) {
	s := editorShell(t)
	s.must("movie", "hide", "heat+1995")
	if text := s.must("reindex", "--dry-run"); !strings.Contains(text, "1 movies hidden") {
		t.Errorf("a dry run:\n%s", text)
	}
	if text := s.must("reindex"); !strings.Contains(text, "1 hidden or listed again") {
		t.Errorf("says:\n%s", text)
	}
	if text := s.must("bundle", "list"); !strings.Contains(text, "1 hidden or listed again") {
		t.Errorf("why:\n%s", text)
	}
}

// What another program writes comes in by standard input.
func TestReindexFromStdin(t *testing.T) {
	s := soleShell(t) // every command has standard input
	s.publish()
	f, err := os.Open(s.file("more.jsonl", `{"id":"up+2009","title":"Up","overview":"An old man flies."}`+"\nrubbish\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stdin := os.Stdin
	os.Stdin = f
	defer func() { os.Stdin = stdin }()
	if out := s.reindex("--from", "-"); out.Found.Added != 1 || out.Import.Refused != 1 || out.Import.Faults[0].File != "standard input" {
		t.Errorf("from standard input: %+v", out)
	}
}
