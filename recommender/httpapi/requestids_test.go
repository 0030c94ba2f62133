package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/httpapi"
)

// Of a client that sends the same id each time, every list has an id of its own: the first
// has the one that was given, and the log has it beside those of the others.
func TestRequestIDThatIsUsedAgain(t *testing.T) {
	const constant = "proxy-1"
	var told []catalog.Exposure
	f, _ := slow(t, nil, func(c *httpapi.Config) {
		c.Exposed = func(e catalog.Exposure) { told = append(told, e) }
		c.Log.Share = 1
	})
	for _, path := range []string{"/recommend/seven", "/recommend/seven", "/recommend/eve?format=json", "/recommend/eve"} {
		w := f.get(path, httpapi.HeaderRequestID, constant)
		if e := told[len(told)-1]; w.Code != 200 || w.Header().Get(httpapi.HeaderRequestID) != e.RequestID {
			t.Errorf("%s: %d, answered as %q and told as %q", path, w.Code, w.Header().Get(httpapi.HeaderRequestID), e.RequestID)
		}
	}
	ids := map[string]bool{}
	for _, e := range told {
		ids[e.RequestID] = true
	}
	if len(ids) != 4 || told[0].RequestID != constant {
		t.Errorf("four lists have the ids %v, want one each, %s of the first", ids, constant)
	}
	for i, line := range logged(t, f) {
		if line["request"] != told[i].RequestID || (line["given"] == constant) != (i > 0) {
			t.Errorf("line %d is %v", i, line)
		}
	}
}

// One id for all that a page asks for is the id of all, but for a second list.
func TestRequestIDOfAPage(t *testing.T) {
	f, _ := slow(t, nil, func(*httpapi.Config) {})
	for _, c := range []struct {
		path string
		same bool
	}{
		{"/health/live", true}, {"/popular", true}, {"/recommend/seven", true}, {"/popular", true}, {"/recommend/seven", false}, {"/popular", true},
	} {
		got := f.get(c.path, httpapi.HeaderRequestID, "page-1").Header().Get(httpapi.HeaderRequestID)
		if (got == "page-1") != c.same || got == "" {
			t.Errorf("%s has id %q; the one that was given: want %v", c.path, got, c.same)
		}
	}
}

// What is remembered of ids is bounded, and an id that keeps coming is not forgotten.
func TestRequestIDsAreRemembered(t *testing.T) {
	f, _ := slow(t, nil, func(*httpapi.Config) {})
	id := func(given string) string {
		return f.get("/recommend/seven?format=json&n=none", httpapi.HeaderRequestID, given).Header().Get(httpapi.HeaderRequestID)
	}
	if got := id("again"); got != "again" {
		t.Errorf("the first has id %q", got)
	}
	for i := range 100_000 {
		if given := fmt.Sprint("once-", i); id(given) != given {
			t.Fatalf("%s has another id", given)
		}
		if i%10_000 == 0 && id("again") == "again" {
			t.Fatalf("an id is taken again after %d others", i)
		}
	}
	if got := id("once-0"); got != "once-0" {
		t.Errorf("an id of long ago is remembered: %q", got)
	}
	if got := id(strings.Repeat("x", 65)); strings.HasPrefix(got, "x") {
		t.Errorf("an id that is too long is taken")
	}
}
