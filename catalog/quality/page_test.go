package quality_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/catalog/quality"
)

const attack = `<script>alert('x')</script>"><img src=x onerror=alert(1)>`

// attacked is a world in which every text that comes from outside is an attack.
func attacked() *memory {
	m := world(600, 1, 0.5)
	for i := range m.movies {
		f := &m.movies[i]
		f.Title, f.Genres, f.Language, f.Status, f.Collection = attack, []string{attack, "x" + attack}, attack+fmt.Sprint(i%2), attack, attack+fmt.Sprint(i%3)
		f.IMDBID = attack
	}
	for i := range m.users {
		m.users[i].Gender, m.users[i].Occupation = attack+fmt.Sprint(i%2), attack+fmt.Sprint(i%3)
	}
	m.watches[3].Movie = attack
	m.ratings[3].Movie = attack
	m.refused = []catalog.Refused{{Source: attack, Reason: attack, Line: []byte(attack), At: newest}, {Source: attack + "2", Reason: attack + "2", At: newest}}
	m.intake = []catalog.Intake{{Hour: newest, Outcome: "refused:" + attack, Lines: 3}, {Hour: newest, Outcome: "watch", Lines: 3}}
	m.exposures = []catalog.Exposure{{RequestID: attack, User: attack, Arm: attack, Bundle: attack, Tier: attack, Movies: []catalog.Exposed{{Movie: attack, Source: attack}}}}
	return m.sort()
}

// No text of the data gets out of its place, in the page or on a terminal.
func TestPageShowsAttacksAsTexts(t *testing.T) {
	opts := options(t)
	opts.ShowIDs, opts.Store = true, attack
	r := mustRun(t, attacked(), opts)
	var page strings.Builder
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	html := page.String()
	if !strings.Contains(html, "&lt;script&gt;") || regexp.MustCompile(`(?i)<(script|img|iframe|object|link|base|form|input)`).MatchString(html) {
		t.Error("an element of an attack is in the page")
	}
	for _, tag := range regexp.MustCompile(`<[a-zA-Z][^>]*>`).FindAllString(html, -1) {
		if regexp.MustCompile(`(?i)[\s"]on[a-z]+\s*=|\ssrc\s*=|javascript:`).MatchString(tag) {
			t.Errorf("an attribute of an attack is in %s", tag)
		}
	}
	if regexp.MustCompile(`https?://`).MatchString(strings.ReplaceAll(html, `xmlns="http://www.w3.org/2000/svg"`, "")) {
		t.Error("the page refers to another host")
	}
	for _, chart := range []string{"events a", "ratings: value", "rating: large", "genres", "Share of lines refused", "People by watches"} {
		if !strings.Contains(strings.ToLower(html), strings.ToLower(chart)) {
			t.Errorf("no chart of %q", chart)
		}
	}
	if !strings.Contains(html, "darkest: 50%") { // 3 of 6 lines were refused
		t.Error("the strip of refused lines has not their share")
	}
	m := attacked()
	m.movies[0].ID = "\x1b[31mred"
	m.movies[0].Title = ""
	opts.Schema, _ = quality.ParseSchema([]byte(`{"version":1,"checks":[{"table":"movies","column":"title","check":"not_null","severity":"error"}]}`))
	var text strings.Builder
	if err := mustRun(t, m, opts).WriteText(&text); err != nil || strings.Contains(text.String(), "\x1b") || !strings.Contains(text.String(), `\x1b[31mred`) {
		t.Errorf("terminal: %q, %v", text.String(), err)
	}
}

// No person is named unless asked for.
func TestResultNamesNobody(t *testing.T) {
	m := world(300, 1, 0.5)
	rename := func(id catalog.UserID) catalog.UserID { return "PERSON" + id }
	for i := range m.users {
		m.users[i].ID, m.users[i].Age = rename(m.users[i].ID), 1
		m.watches[i].User, m.ratings[i].User = rename(m.watches[i].User), rename(m.ratings[i].User)
		m.watches[i].Movie, m.ratings[i].Value = "hole", 99
	}
	m.users = m.users[:200]
	m.accounts = []catalog.Account{{User: "PERSONa", At: newest.AddDate(10, 0, 0)}}
	m.refused = []catalog.Refused{{Source: "s", User: "PERSONb", Line: []byte("PERSONb"), Reason: "bad_time"}}
	m.exposures = []catalog.Exposure{{RequestID: "r", User: "PERSONc", At: newest.AddDate(10, 0, 0)}}
	for _, show := range []bool{false, true} {
		opts := options(t)
		opts.ShowIDs = show
		r := mustRun(t, m, opts)
		var page, text strings.Builder
		if err := r.WriteHTML(&page); err != nil {
			t.Fatal(err)
		}
		if err := r.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for name, out := range map[string]string{"page": page.String(), "text": text.String(), "JSON": string(raw)} {
			if strings.Contains(out, "PERSON") != show {
				t.Errorf("show IDs %v: persons are named in the %s: %v", show, name, !show)
			}
		}
	}
}

// The JSON form has what is promised, and the same run gives the same.
func TestJSON(t *testing.T) {
	r, again := mustRun(t, world(1000, 1, 0.4), options(t)), mustRun(t, world(1000, 1, 0.4), options(t))
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if other, _ := json.Marshal(again); string(other) != string(raw) {
		t.Error("the same data gave another result")
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"version", "at", "rating_scale", "tables", "span", "events", "activity", "checks", "drift", "failed"} {
		if _, ok := fields[want]; !ok {
			t.Errorf("no %q in the result", want)
		}
	}
	var back quality.Result
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(back.Checks, r.Checks, func(a, b quality.Outcome) bool {
		return a.Observed == b.Observed && a.Passed == b.Passed && a.Kind == b.Kind
	}) {
		t.Error("checks do not come back as they were")
	}
}
