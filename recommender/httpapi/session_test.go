package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
)

// A posted history brings what the same history of an account does, and stays out.
func TestSession(t *testing.T) {
	c := calls(t, 30)
	a := decode(t, c.send("POST", "/recommend/session", `{"watched":[{"movie":"movie+05+2000","rating":5}],"n":6}`), 200)
	own := decode(t, c.get("/recommend/seven?format=json&n=6"), 200)
	if len(a.Items) != 6 || a.Tier != "personal" || a.Watched != 1 || a.User != "" || a.History != "" {
		t.Errorf("answer %+v, want 6 movies from the posted one", a)
	}
	for i := range a.Items {
		if a.Items[i].ID != own.Items[i].ID {
			t.Errorf("place %d is %s of a session and %s of an account", i, a.Items[i].ID, own.Items[i].ID)
		}
	}
	if a.Items[0].Because != nil {
		t.Error("reasons that nobody asked for")
	}
	a = decode(t, c.send("POST", "/recommend/session", `{"watched":[{"movie":"movie+05+2000"}],"explain":true,"genre":["-None"],"exclude":["movie+06+2000"]}`), 200)
	if len(a.Items) == 0 || len(a.Items[0].Because) != 1 || a.Items[0].Because[0].ID != "movie+05+2000" || slices.ContainsFunc(a.Items, func(i item) bool { return i.ID == "movie+06+2000" }) {
		t.Errorf("answer %+v, want reasons, which the caller posted, and not movie 6", a)
	}
	if a := decode(t, c.send("POST", "/recommend/session", `{}`), 200); a.Tier != "popular" || len(a.Items) != 20 {
		t.Errorf("answer %+v to nothing watched, want the popular list", a)
	}
}

// The order, ratings and shares reach the service, ids that are not known are told.
func TestSessionHistory(t *testing.T) {
	c := calls(t, 30)
	w := c.send("POST", "/recommend/session", `{"watched":[{"movie":"movie+05+2000","rating":2},{"movie":"ghost+1","share":0},{"movie":"movie+07+2000","share":1,"rating":4}]}`)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"unknown_ids":["ghost+1"]`) {
		t.Fatalf("%d %s, want the ghost told", w.Code, w.Body)
	}
	seen := c.heard.seen[0]
	want := []catalog.Seen{{Movie: "movie+05+2000", Rating: 2, Rated: true, Days: 1}, {Movie: "ghost+1", Shared: true, Days: 1}, {Movie: "movie+07+2000", Rating: 4, Rated: true, Share: 1, Shared: true, Days: 1}}
	for i := range seen {
		if i > 0 && !seen[i].At.Before(seen[i-1].At) {
			t.Errorf("watch %d is not older than the one before", i)
		}
		want[i].At = seen[i].At
	}
	if !slices.Equal(seen, want) {
		t.Errorf("history %+v, want %+v", seen, want)
	}
}

func TestSessionThatIsWrong(t *testing.T) {
	c := calls(t, 30)
	var many strings.Builder
	for i := range 201 {
		fmt.Fprintf(&many, `,{"movie":"m%d"}`, i)
	}
	for body, says := range map[string]string{
		`{"watched":[{"movie":""}]}`:                  "watched[0]",
		`{"watched":[{"movie":"a"},{"movie":"a b"}]}`: "watched[1]",
		`{"watched":[{"movie":"a"},{"movie":"a"}]}`:   "twice",
		`{"watched":[{"movie":"a","rating":5.1}]}`:    "1 to 5",
		`{"watched":[{"movie":"a","rating":0}]}`:      "1 to 5",
		`{"watched":[{"movie":"a","share":1.01}]}`:    "0 to 1",
		`{"watched":[{"movie":"a","stars":3}]}`:       "stars",
		`{"watched":["a"]}`:                           "watched",
		`{"watched":[` + many.String()[1:] + `]}`:     "at most 200",
		`{"user":"seven"}`:                            "user",
		`{"n":1000}`:                                  "1 to 100",
	} {
		refused(t, c.send("POST", "/recommend/session", body), 400, says)
	}
}
