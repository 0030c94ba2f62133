package main

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
)

// What ingest tells of itself is closed by default, wants a token where other machines
// reach it, and asks for it; the probes do not.
func TestIngestAdmin(t *testing.T) {
	s := newShell(t)
	address, admin := free(t), free(t)
	const token, next, reader = "0123456789abcdef-admin", "fedcba9876543210-admin", "0123456789abcdef-read"
	tokens := s.file("api-tokens", "admin "+token+"\nread "+reader+"\n")
	once := []string{"ingest", "--source", "file:" + s.file("a.log", twoWatches), "--once"}
	for _, args := range [][]string{
		{"--admin-listen", "0.0.0.0:0"},
		{"--admin-listen", ":0", "--api-token-file", s.file("readers", "read 0123456789abcdef\n")},
	} {
		if _, stderr, code := s.run(append(once, args...)...); code != exitUsage || !strings.Contains(stderr, "admin TOKEN") {
			t.Errorf("%v: exit %d, %s; want %d and what a file of tokens holds", args, code, stderr, exitUsage)
		}
	}
	end := s.background("ingest", "--source", "http:"+address, "--token", testToken, "--admin-listen", admin, "--api-token-file", tokens)
	status := func(path, token string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0
		}
		res.Body.Close()
		return res.StatusCode
	}
	eventually(t, func() bool { return status("/health/ready", "") == http.StatusOK })
	if live, without, other, read, with := status("/health/live", ""), status("/metrics", ""), status("/metrics", "x"), status("/metrics", reader), status("/metrics", token); live != 200 || without != 401 || other != 401 || read != 403 || with != 200 {
		t.Errorf("live %d; metrics %d without a token, %d with another, %d with one of another scope, %d with it", live, without, other, read, with)
	}
	shown := shownBy(t, "http://"+admin+"/metrics", token)
	for _, kind := range []string{"watch", "rate", "recommendation", "create_account"} {
		if want := `marquee_ingest_lines_total{outcome="` + kind + `",reason=""} 0`; !strings.Contains(shown, want) {
			t.Errorf("before the first event metrics lack %s, so that no alert can see that none comes", want)
		}
	}
	s.file("api-tokens", "admin "+next+"\n")
	hangup(t)
	eventually(t, func() bool { return status("/metrics", next) == 200 && status("/metrics", token) == 401 })
	end()
}

// By default ingest opens no address for operators.
func TestIngestAdminIsClosed(t *testing.T) {
	var all cli
	parser, err := newGrammar(&all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"ingest", "--source", "-"}); err != nil || all.Ingest.AdminListen != "" {
		t.Errorf("--admin-listen is %q, %v; want none", all.Ingest.AdminListen, err)
	}
}

// The log tells the port of the second listener, also of one that was left to the system,
// and nothing of one that there is not.
func TestLogTellsWhereOperatorsLook(t *testing.T) {
	s := builtShell(t)
	for _, c := range []struct {
		message string
		args    []string
	}{
		{"reading events", []string{"ingest", "--source", "http:127.0.0.1:0", "--token", testToken}},
		{"serving", []string{"serve", "--listen", "127.0.0.1:0"}},
	} {
		for admin, want := range map[string]string{"": "", "127.0.0.1:0": `127\.0\.0\.1:[1-9]\d*`} {
			log, line := &tidyLog{}, regexp.MustCompile(`msg="?`+c.message+`"? .*`)
			end := s.backgroundTo(log, append(c.args, "--admin-listen", admin)...)
			eventually(t, func() bool { return line.MatchString(log.String()) })
			end()
			got := line.FindString(log.String())
			if want == "" && strings.Contains(got, "admin") || !regexp.MustCompile(`admin="?`+want).MatchString(got) && want != "" {
				t.Errorf("--admin-listen %q: the log has %s, want admin=%s", admin, got, want)
			}
		}
	}
}

// That the store is away is told by a metric, not by the probes: they are about the
// process itself.
func TestIngestIsReadyWithoutItsStore(t *testing.T) {
	w := newWatch(alertFlags{RefusedWindow: 1e9, RefusedAlert: 1}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	w.metrics = http.NotFoundHandler()
	var err error
	var lc net.ListenConfig
	if w.listen, err = lc.Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	g.Go(func() error { return untilEnd(w.serve(t.Context())) })
	t.Cleanup(func() {
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	w.paused(errors.New("gone"))
	for _, path := range []string{"/health/live", "/health/ready"} {
		if code, text := fetch(t, "http://"+w.listen.Addr().String()+path); code != http.StatusOK {
			t.Errorf("%s while the store is away: %d %s, want 200", path, code, text)
		}
	}
}
