package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// A list that was served is told, and made anew bit for bit though its movies were edited
// since: with an embedder that the bundle holds, and with one whose vectors the store keeps.
func TestTrace(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&embeddingsAPI{t: t})
	t.Cleanup(server.Close)
	for name, flags := range map[string]struct{ build, space []string }{
		"lsa":    {},
		"remote": {[]string{"--embedder", "remote", "--remote-model", "m", "--remote-url", server.URL}, []string{"--remote-url", server.URL}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			s.must("import", "jsonl", s.file("films.jsonl", films))
			s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings")
			s.must(append([]string{"build", "--index", "flat", "--models", "none"}, flags.build...)...)
			with := func(args ...string) []string { return append(args, flags.space...) }
			address := free(t)
			end := s.background(with("serve", "--listen", address, "--admin-listen", "")...)
			defer end()
			get(t, address)
			s.must(with("movie", "add", "--id", "thief+1981", "--title", "Thief", "--overview", "A thief plans a robbery.")...)
			var request string
			eventually(t, func() bool {
				request = ""
				res, err := http.Get("http://" + address + "/recommend/1")
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if ask(t, address, "/recommend/1?format=json").has("thief+1981") {
					request = res.Header.Get("X-Request-Id")
				}
				return request != ""
			})
			s.must(with("movie", "edit", "thief+1981", "--overview", "A garden in spring.")...)
			var told tracedList
			eventually(t, func() bool {
				out, _, code := s.run(with("trace", request, "--replay", "--output", "json")...)
				return code == 0 && json.Unmarshal([]byte(out), &told) == nil
			})
			if told.Replayed == nil || !*told.Replayed || told.User != "1" || told.Manifest == nil || len(told.History) == 0 {
				t.Errorf("told %+v", told)
			}
			if !slices.ContainsFunc(told.List, func(i tracedItem) bool { return i.Score != nil && i.Title != "" && i.Source != "" }) {
				t.Errorf("list %+v, want titles, scores and sources", told.List)
			}
			if text := s.must(with("trace", request, "--replay")...); !strings.Contains(text, "bit for bit") || !strings.Contains(text, "The history as it was") {
				t.Errorf("text:\n%s", text)
			}
		})
	}
}

// Of a list to which two arms contributed the movies are told, and that there is no more:
// no history that seems to have been empty.
func TestTraceInterleaved(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("build", "--index", "flat", "--models", "none")
	s.must("experiment", "start", "duel", "--mode", "interleave", "--arm", "old", "--arm", "new:explore=0.1")
	address := free(t)
	end := s.background("serve", "--listen", address, "--admin-listen", "")
	defer end()
	get(t, address)
	res, err := http.Get("http://" + address + "/recommend/1")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	request := res.Header.Get("X-Request-Id")
	var told tracedList
	eventually(t, func() bool {
		out, _, code := s.run("trace", request, "--output", "json")
		return code == 0 && json.Unmarshal([]byte(out), &told) == nil
	})
	if len(told.List) == 0 || slices.ContainsFunc(told.List, func(i tracedItem) bool { return i.Title == "" || !strings.Contains(i.Source, "@") }) {
		t.Errorf("list %+v, want titles, and sources of teams", told.List)
	}
	if text := s.must("trace", request); !strings.Contains(text, "interleaved") || strings.Contains(text, "history") {
		t.Errorf("text:\n%s", text)
	}
	s.refuses(exitFailed, "interleaved", "trace", request, "--replay")
}
