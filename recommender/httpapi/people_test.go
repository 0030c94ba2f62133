package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/history"
)

// Routes of people take a token of their own scope.
func TestScopes(t *testing.T) {
	c := calls(t, 30)
	for _, x := range []struct{ method, path, body, token, other string }{
		{"GET", "/users/seven/history", "", "reader", "writer"},
		{"GET", "/users/seven/preferences", "", "reader", "writer"},
		{"PUT", "/users/seven/preferences", `{"liked":"x"}`, "writer", "reader"},
		{"DELETE", "/users/seven/preferences", "", "writer", "reader"},
		{"POST", "/feedback", `{"user":"seven","movie":"m","kind":"like"}`, "writer", "reader"},
	} {
		for _, headers := range [][]string{nil, {"Authorization", "Bearer nobody"}, {"Authorization", x.token}, {"Authorization", "Bearer"}} {
			w := c.send(x.method, x.path, x.body, headers...)
			refused(t, w, 401, "token")
			if !strings.Contains(w.Header().Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s %s: no challenge", x.method, x.path)
			}
		}
		w := c.send(x.method, x.path, x.body, "Authorization", "Bearer "+x.other)
		refused(t, w, 403, "scope")
		if strings.Contains(w.Body.String(), x.other) {
			t.Errorf("the answer shows the token: %s", w.Body)
		}
		if len(c.shelf.feedback)+len(c.shelf.preferences)+len(c.shelf.asked) != 0 {
			t.Fatalf("%s %s reached the store without a token", x.method, x.path)
		}
	}
	if strings.Contains(c.log.String(), "writer") {
		t.Error("a token is in the log")
	}
}

type historyAnswer struct {
	User    string
	Known   bool
	History string
	Total   int
	Items   []struct {
		ID, Title  string
		At         time.Time
		Rating     *float64
		Share      *float64
		Preference float64
	}
	Opinions    []struct{ Movie, Title, Kind string }
	Preferences *struct{ Liked, Disliked string }
	Next        string
}

func (c *caller) history(t *testing.T, path string) historyAnswer {
	t.Helper()
	w := c.get(path, "Authorization", "Bearer reader")
	var h historyAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &h); err != nil || w.Code != 200 {
		t.Fatalf("%s: %d %s, %v", path, w.Code, w.Body, err)
	}
	return h
}

func TestHistory(t *testing.T) {
	c := calls(t, 30)
	at := time.Date(2026, 2, 14, 10, 30, 3, 0, time.FixedZone("", 3600))
	c.histories.entries["eve"] = history.Entry{
		Known: true,
		Seen: []catalog.Seen{
			{Movie: "movie+05+2000", At: at, Rated: true, Rating: 5, Days: 2},
			{Movie: "elsewhere+1", At: at.Add(-time.Hour), Shared: true, Share: 0.1, Days: 1},
		},
		Opinions:    []catalog.Opinion{{Movie: "movie+07+2000", Kind: catalog.FeedbackDislike, At: at}},
		Preferences: catalog.Preferences{User: "eve", Liked: "heists", At: at},
	}
	h := c.history(t, "/users/eve/history")
	if h.User != "eve" || !h.Known || h.History != "fresh" || h.Total != 2 || len(h.Items) != 2 || h.Next != "" {
		t.Errorf("history %+v", h)
	}
	if x := h.Items[0]; x.ID != "movie+05+2000" || !strings.HasPrefix(x.Title, "Movie 5") || *x.Rating != 5 || x.Share != nil || x.Preference != 5 || !x.At.Equal(at) {
		t.Errorf("newest %+v", x)
	}
	if x := h.Items[1]; x.ID != "elsewhere+1" || x.Title != "" || x.Rating != nil || *x.Share != 0.1 || x.Preference != 1 {
		t.Errorf("oldest %+v", x)
	}
	if len(h.Opinions) != 1 || h.Opinions[0].Kind != "dislike" || h.Opinions[0].Title == "" || h.Preferences == nil || h.Preferences.Liked != "heists" {
		t.Errorf("said %+v %+v", h.Opinions, h.Preferences)
	}
	if h := c.history(t, "/users/nobody/history"); h.Known || h.Total != 0 || h.Items == nil || h.Opinions == nil {
		t.Errorf("history of nobody %+v, want an empty one", h)
	}
	c.histories.stale = true
	if h := c.history(t, "/users/eve/history"); h.History != "stale" {
		t.Errorf("history is %s, want stale", h.History)
	}
	c.histories.err = catalog.ErrUnavailable
	if w := c.get("/users/eve/history", "Authorization", "Bearer reader"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("store away: %d, want 503 with Retry-After", w.Code)
	}
	for _, bad := range []string{"a%20b", "a,b", "%2F", strings.Repeat("x", 201), "%ff"} {
		w := c.get("/users/"+bad+"/history", "Authorization", "Bearer reader")
		if w.Code != 400 && w.Code != 404 {
			t.Errorf("user %s: %d, want 400", bad, w.Code)
		}
	}
}

// The pages of a history hold every movie once, newest first, also while it grows.
func TestHistoryPages(t *testing.T) {
	c := calls(t, 30)
	at := time.Date(2026, 2, 14, 10, 0, 0, 0, time.UTC)
	var seen []catalog.Seen
	for i := range 50 {
		seen = append(seen, catalog.Seen{Movie: catalog.MovieID(fmt.Sprintf("m%02d", i)), At: at.Add(-time.Duration(i/4) * time.Minute), Days: 1}) // four at a time
	}
	c.histories.entries["eve"] = history.Entry{Seen: seen}
	var got []string
	path := "/users/eve/history?n=7"
	for i := 0; ; i++ {
		h := c.history(t, path)
		for _, x := range h.Items {
			got = append(got, x.ID)
		}
		if h.Next == "" {
			break
		}
		path = "/users/eve/history?n=7&cursor=" + url.QueryEscape(h.Next)
		if i == 2 { // something new, and the movie that the page ended at once more
			last := h.Items[6].ID
			newer := []catalog.Seen{{Movie: "new", At: at.Add(time.Hour)}, {Movie: catalog.MovieID(last), At: at.Add(time.Hour)}}
			for _, x := range seen {
				if string(x.Movie) != last {
					newer = append(newer, x)
				}
			}
			c.histories.entries["eve"] = history.Entry{Seen: newer}
		}
		if i > 10 {
			t.Fatal("no end")
		}
	}
	counts := map[string]int{}
	for _, id := range got {
		counts[id]++
		if counts[id] > 1 {
			t.Errorf("%s stands twice", id)
		}
	}
	if len(got) != 50 {
		t.Errorf("%d movies on all pages, want all 50: %v", len(got), got)
	}
}

func TestPreferences(t *testing.T) {
	c := calls(t, 30)
	write := []string{"Authorization", "Bearer writer"}
	read := []string{"Authorization", "Bearer reader"}
	refused(t, c.get("/users/eve/preferences", read...), 404, "eve")
	w := c.send("PUT", "/users/eve/preferences", `{"liked":" slow heists ","disliked":"musicals"}`, write...)
	if w.Code != 200 || c.shelf.preferences["eve"].Liked != "slow heists" || c.shelf.preferences["eve"].At.IsZero() {
		t.Fatalf("%d %s, kept %+v", w.Code, w.Body, c.shelf.preferences["eve"])
	}
	var got struct{ User, Liked, Disliked string }
	w = c.get("/users/eve/preferences", read...)
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.User != "eve" || got.Liked != "slow heists" || got.Disliked != "musicals" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for body, says := range map[string]string{
		`{}`: "DELETE", `{"liked":" "}`: "DELETE", `{"likes":"x"}`: "likes", `{"liked":5}`: "liked", ``: "empty",
		`{"liked":"` + strings.Repeat("x", 4097) + `"}`: "4096", `{"liked":"a\u0000b"}`: "NUL",
	} {
		refused(t, c.send("PUT", "/users/eve/preferences", body, write...), 400, says)
	}
	refused(t, c.send("PUT", "/users/eve/preferences", `{"liked":"`+strings.Repeat("x", 70_000)+`"}`, write...), 413, "bytes")
	refused(t, c.send("PUT", "/users/a,b/preferences", `{"liked":"x"}`, write...), 400, "commas")
	for range 2 {
		if w := c.send("DELETE", "/users/eve/preferences", "", write...); w.Code != 204 || w.Body.Len() != 0 || len(c.shelf.preferences) != 0 {
			t.Errorf("DELETE: %d %q, kept %v", w.Code, w.Body, c.shelf.preferences)
		}
	}
	c.shelf.err = catalog.ErrUnavailable
	refused(t, c.get("/users/eve/preferences", read...), 503, "unavailable")
	refused(t, c.send("PUT", "/users/eve/preferences", `{"liked":"x"}`, write...), 503, "unavailable")
}

type feedbackAnswer struct {
	Kept, Added, Unchecked int
	Errors                 []struct {
		Index, Status int
		Error         string
	}
}

func (c *caller) tell(t *testing.T, status int, body string) feedbackAnswer {
	t.Helper()
	w := c.post("/feedback", "writer", body)
	var a feedbackAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != status {
		t.Fatalf("%s: %d %s, want %d", body, w.Code, w.Body, status)
	}
	return a
}

func TestFeedback(t *testing.T) {
	c := calls(t, 30)
	c.shelf.exposures["r1"] = catalog.Exposure{RequestID: "r1", User: "eve", Movies: []catalog.Exposed{{Movie: "a"}, {Movie: "b"}}}
	c.shelf.exposures["none"] = catalog.Exposure{RequestID: "none", Movies: []catalog.Exposed{{Movie: "a"}}}
	if a := c.tell(t, 200, `{"request_id":"r1","movie":"a","kind":"click"}`); a.Kept != 1 || a.Added != 1 {
		t.Errorf("answer %+v", a)
	}
	if f := c.shelf.feedback[0]; f.User != "eve" || f.Movie != "a" || f.Kind != catalog.FeedbackClick || time.Since(f.At) > time.Minute {
		t.Errorf("kept %+v, want it of eve, now", f)
	}
	if a := c.tell(t, 200, `{"request_id":"r1","user":"eve","movie":"a","kind":"click"}`); a.Kept != 1 || a.Added != 0 {
		t.Errorf("a repeat: %+v", a)
	}
	yesterday := time.Now().Add(-24 * time.Hour).UTC().Truncate(time.Second)
	c.tell(t, 200, `{"request_id":"r1","movie":"b","kind":"watch","at":"`+yesterday.Format(time.RFC3339)+`"}`)
	if f := c.shelf.feedback[1]; !f.At.Equal(yesterday) {
		t.Errorf("kept at %v, want %v", f.At, yesterday)
	}
	// A list that is not written yet: with a user it is taken, unchecked.
	if a := c.tell(t, 202, `{"request_id":"new","user":"kim","movie":"z","kind":"dismiss"}`); a.Kept != 1 || a.Unchecked != 1 {
		t.Errorf("answer %+v", a)
	}
	c.tell(t, 404, `{"request_id":"new","movie":"z","kind":"click"}`)
	// An opinion outside of lists.
	if a := c.tell(t, 200, `{"user":"kim","movie":"y","kind":"like"}`); a.Unchecked != 0 || c.shelf.feedback[3].RequestID != "" {
		t.Errorf("answer %+v, kept %+v", a, c.shelf.feedback)
	}
	held := len(c.shelf.feedback)
	for body, says := range map[string]string{
		`{"request_id":"r1","user":"kim","movie":"a","kind":"click"}`:               `not for user \"kim\"`,
		`{"request_id":"r1","movie":"c","kind":"click"}`:                            "not in the list",
		`{"request_id":"none","movie":"a","kind":"click"}`:                          "for nobody",
		`{"request_id":"r1","movie":"a","kind":"love"}`:                             "click",
		`{"request_id":"r1","movie":"a b","kind":"like"}`:                           "blanks",
		`{"request_id":"r1","movie":"a","kind":"like","user":"a/b"}`:                "slashes",
		`{"request_id":"r 1","movie":"a","kind":"like"}`:                            "request_id",
		`{"movie":"a","kind":"like"}`:                                               "request_id is missing",
		`{"movie":"a","kind":"click","user":"eve"}`:                                 "request_id is missing",
		`{"request_id":"r1","movie":"a","kind":"like","at":"2001-01-01T00:00:00Z"}`: "last",
		`{"request_id":"r1","movie":"a","kind":"like","at":"2999-01-01T00:00:00Z"}`: "last",
		`{"request_id":"r1","movie":"a","kind":"like","stars":5}`:                   "stars",
		`[]`: "1 to 100", ``: "empty", `[{}]x`: "goes on", `null`: "kind",
	} {
		w := c.post("/feedback", "writer", body)
		if w.Code != 400 || !strings.Contains(w.Body.String(), says) || strings.Contains(w.Body.String(), "eve") && !strings.Contains(body, "eve") {
			t.Errorf("%s: %d %s, want 400 that says %s and not whose list it is", body, w.Code, w.Body, says)
		}
	}
	if len(c.shelf.feedback) != held {
		t.Errorf("kept %+v", c.shelf.feedback[held:])
	}
}

// Of several the good are kept, and one list is read once.
func TestFeedbackOfSeveral(t *testing.T) {
	c := calls(t, 30)
	c.shelf.exposures["r1"] = catalog.Exposure{RequestID: "r1", User: "eve", Movies: []catalog.Exposed{{Movie: "a"}, {Movie: "b"}}}
	a := c.tell(t, 207, `[{"request_id":"r1","movie":"a","kind":"click"},{"request_id":"r1","movie":"c","kind":"click"},{"request_id":"r2","movie":"c","kind":"click"},{"request_id":"r1","movie":"b","kind":"like"}]`)
	if a.Kept != 2 || a.Added != 2 || len(a.Errors) != 2 || a.Errors[0].Index != 1 || a.Errors[0].Status != 400 || a.Errors[1].Index != 2 || a.Errors[1].Status != 404 {
		t.Errorf("answer %+v", a)
	}
	if len(c.shelf.asked) != 2 {
		t.Errorf("lists read: %v, want each once", c.shelf.asked)
	}
	refused(t, c.post("/feedback", "writer", "["+strings.Repeat(`{"user":"u","movie":"m","kind":"like"},`, 100)+`{"user":"u","movie":"m","kind":"like"}]`), 400, "101 entries")
	c.shelf.err = catalog.ErrUnavailable
	w := c.post("/feedback", "writer", `[{"request_id":"r1","movie":"a","kind":"click"}]`)
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("store away: %d %s, want 503 with Retry-After", w.Code, w.Body)
	}
}

// Without a store its routes are not there.
func TestWithoutAStore(t *testing.T) {
	f := serve(t, 30)
	refused(t, f.post("/feedback", "writer", `{}`), 404, "no page")
	refused(t, f.get("/users/eve/preferences", "Authorization", "Bearer reader"), 404, "no page")
}
