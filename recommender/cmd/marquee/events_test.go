package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"marquee/catalog/sqlstore"
)

const testToken = "a-token-of-some-length"

// background runs a command until the func it returns is called, which returns what
// it printed; it must end with 0.
func (s shell) background(args ...string) (end func() (stdout, stderr string)) {
	s.t.Helper()
	return s.backgroundTo(&tidyLog{}, args...)
}

// backgroundTo is background with a log that may be read meanwhile.
func (s shell) backgroundTo(stderr *tidyLog, args ...string) (end func() (stdout, stderr string)) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	var stdout bytes.Buffer
	code := make(chan int, 1)
	go func() { code <- run(ctx, append([]string{"--home", s.home}, args...), &stdout, stderr) }()
	return func() (string, string) {
		cancel()
		if c := <-code; c != 0 {
			s.t.Errorf("marquee %s: exit %d\n%s", strings.Join(args, " "), c, stderr)
		}
		return stdout.String(), stderr.String()
	}
}

func postLines(t *testing.T, address, key, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+address+"/events", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testToken)
	req.Header.Set("Idempotency-Key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

const twoWatches = "2024-02-01T10:00:03,7,GET /data/m/heat+1995/3.mpg\n2024-02-01T10:01,7,GET /data/m/ronin+1998/0.mpg\nnoise\n"

// A server takes events, and a list that it served is in the store with the
// request's own id; who is forgotten has no lists kept.
func TestServeTakesEventsAndKeepsLists(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("build", "--index", "flat")
	address, admin := free(t), free(t)
	end := s.background("serve", "--listen", address, "--admin-listen", admin, "--token-file", s.file("tokens", "# ours\n"+testToken+"\n"))
	var code int
	var body string
	eventually(t, func() bool {
		code, body = postLines(t, address, "k1", twoWatches)
		return code == http.StatusOK
	})
	if !strings.Contains(body, `"watch":2`) || !strings.Contains(body, `"missing_field":1`) || !strings.Contains(body, `"replayed":false`) {
		t.Errorf("posted: %s", body)
	}
	if code, body = postLines(t, address, "k1", twoWatches); code != http.StatusOK || !strings.Contains(body, `"replayed":true`) {
		t.Errorf("posted again: %d %s", code, body)
	}
	eventually(t, func() bool { return ask(t, address, "/recommend/7?format=json").Watched == 2 })
	req, err := http.NewRequest(http.MethodGet, "http://"+address+"/recommend/7", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Request-Id", "request-of-7")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	line, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), s.home+"/marquee.db", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	eventually(t, func() bool { _, err := store.Exposure(t.Context(), "request-of-7"); return err == nil })
	e, err := store.Exposure(t.Context(), "request-of-7")
	if err != nil || e.User != "7" || e.Tier == "" || e.Bundle == "" || len(e.Movies) == 0 || !strings.HasPrefix(string(line), string(e.Movies[0].Movie)) {
		t.Errorf("kept %+v, %v; served %s", e, err, line)
	}
	if _, metrics := fetch(t, "http://"+admin+"/metrics"); !strings.Contains(metrics, `marquee_ingest_lines_total{outcome="watch",reason=""} 2`) || !strings.Contains(metrics, `marquee_exposures_kept_total{writer="store"}`) {
		t.Errorf("metrics lack lines and lists:\n%s", metrics)
	}
	end()
}

// Posts through ingest, with its metrics and health; interrupted it says what it did.
func TestIngestPosts(t *testing.T) {
	s := newShell(t)
	address, admin := free(t), free(t)
	end := s.background("ingest", "--source", "http:"+address, "--admin-listen", admin, "--token", testToken, "--refused-least", "1", "--output", "json")
	eventually(t, func() bool {
		code, _ := postLines(t, address, "k", twoWatches)
		return code == http.StatusOK
	})
	if code, _ := fetch(t, "http://"+admin+"/health/ready"); code != http.StatusOK {
		t.Errorf("ready: %d", code)
	}
	_, metrics := fetch(t, "http://"+admin+"/metrics")
	for _, want := range []string{
		`marquee_ingest_lines_total{outcome="watch",reason=""} 2`, `marquee_ingest_lines_total{outcome="refused",reason="missing_field"} 1`,
		"marquee_ingest_refused_alert 1", "marquee_ingest_refused_share 0.33", "marquee_ingest_paused 0", "marquee_ingest_newest_event_timestamp_seconds 1.70678166e+09",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s:\n%s", want, metrics)
		}
	}
	stdout, stderr := end()
	if !strings.Contains(stdout, `"watch": 2`) || !strings.Contains(stderr, "many lines are refused") {
		t.Errorf("at the end: %s\n%s", stdout, stderr)
	}
	if strings.Contains(stderr, testToken) {
		t.Error("the log shows the token")
	}
}

// A file is followed while it grows and is rotated.
func TestIngestFollows(t *testing.T) {
	s := newShell(t)
	path := s.file("movielog.log", "2024-02-01T10:00:03,7,GET /data/m/heat+1995/3.mpg\n")
	end := s.background("ingest", "--source", "file:"+path, "--admin-listen", "", "--batch-wait", "10ms")
	watches := func(n int) func() bool {
		return func() bool {
			out, _, _ := s.run("store", "show")
			return strings.Contains(out, fmt.Sprintf("watches           %d\n", n))
		}
	}
	eventually(t, watches(1))
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	s.file("movielog.log", "2024-02-01T10:00:04,8,GET /data/m/heat+1995/3.mpg\n2024-02-01T10:00:05,9,GET /data/m/heat+1995/3.mpg\n")
	eventually(t, watches(3))
	if out, _ := end(); !strings.Contains(out, "3 lines: 3 kept, 0 refused") {
		t.Errorf("at the end: %s", out)
	}
}

// An edition sets the scale of a store without ratings, and refuses one with
// ratings of another.
func TestEditionDoesNotRescale(t *testing.T) {
	s := newShell(t)
	rating := s.file("a.log", "2024-02-01T10:00:03,7,GET /rate/heat+1995=5\n")
	s.must("ingest", "--source", "file:"+rating, "--once", "--edition", "2025")
	s.must("ingest", "--source", "file:"+rating, "--once", "--edition", "2025")
	if _, stderr, code := s.run("ingest", "--source", "file:"+rating, "--once", "--edition", "2026"); code != 1 || !strings.Contains(stderr, "holds 1 ratings on 1..5/1") {
		t.Errorf("exit %d, %s; want a refusal that says why", code, stderr)
	}
}

// Lines in quarantine are listed, counted, and readmitted once they can be read.
func TestQuarantine(t *testing.T) {
	s := newShell(t)
	s.must("ingest", "--once", "--source", "file:"+s.file("a.log", "2024-02-01T10:00:03,7,GET /rate/heat+1995=9\nno\x1b[31mise\n2024-02-01T10:00:03,7,GET /data/m/heat+1995/3.mpg\n"))
	if out := s.must("quarantine", "list"); !strings.Contains(out, "rating_off_scale") || !strings.Contains(out, `no\x1b[31mise`) {
		t.Errorf("list:\n%s", out)
	}
	if out := s.must("quarantine", "list", "--reason", "missing_field", "--output", "json"); strings.Contains(out, "rating_off_scale") || !strings.Contains(out, "missing_field") {
		t.Errorf("list of one reason:\n%s", out)
	}
	var stats quarantineStats
	decode(t, s.must("quarantine", "stats", "--output", "json"), &stats)
	if stats.Lines != 3 || stats.Refused["rating_off_scale"] != 1 || stats.Kept["watch"] != 1 || stats.Waiting["missing_field"] != 1 || len(stats.Hours) == 0 {
		t.Errorf("stats %+v", stats)
	}
	s.must("store", "scale", "1..10/1")
	if out := s.must("quarantine", "replay"); !strings.Contains(out, "2 lines read again: 1 went in, 1 stay") {
		t.Errorf("replay:\n%s", out)
	}
	if out := s.must("store", "show"); !strings.Contains(out, "ratings           1\n") || !strings.Contains(out, "quarantined       1\n") {
		t.Errorf("store show:\n%s", out)
	}
	if _, stderr, code := s.run("quarantine", "list", "--reason", "nonsense"); code != 2 || !strings.Contains(stderr, "bad_movie") {
		t.Errorf("an unknown reason: exit %d, %s", code, stderr)
	}
}

// Retention removes by age and says what.
func TestStorePrune(t *testing.T) {
	s := newShell(t)
	s.must("ingest", "--once", "--source", "file:"+s.file("a.log", "2024-02-01T10:00:03,7,GET /data/m/heat+1995/3.mpg\nnoise\n"))
	if out := s.must("store", "prune"); !strings.Contains(out, "0 rows removed") {
		t.Errorf("by default histories stay:\n%s", out)
	}
	time.Sleep(2 * time.Millisecond)
	if out := s.must("store", "prune", "--keep-events", "30d", "--keep-quarantine", "1ms"); !strings.Contains(out, "2 rows removed") || !strings.Contains(out, "histories") || !strings.Contains(out, "quarantine") {
		t.Errorf("prune:\n%s", out)
	}
}
