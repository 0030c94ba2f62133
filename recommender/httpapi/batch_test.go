package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/httpapi"
)

type batchAnswers struct {
	RequestID string `json:"request_id"`
	Answers   []struct {
		User   string
		Status int
		Error  string
		List   *answer
	}
}

func decodeBatch(t *testing.T, w *httptest.ResponseRecorder) batchAnswers {
	t.Helper()
	var b batchAnswers
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil || w.Code != 200 {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return b
}

// Everybody of a batch gets what they would get alone, in their order, and what is wrong
// with one is told in their place.
func TestBatch(t *testing.T) {
	c := calls(t, 30)
	body := `{"n": 7, "genre": ["-None"], "users": ["seven", {"user": "new", "n": 3}, "a b", {"user": "x", "n": 101}, {"user": "x", "color": 1}, 5, {"n": 2}, "seven", {"user": "seven", "exclude": ["movie+06+2000", "ghost"]}]}`
	b := decodeBatch(t, c.send("POST", "/recommend/batch", body, "X-Request-Id", "many"))
	want := []struct {
		user          string
		status, items int
	}{{"seven", 200, 7}, {"new", 200, 3}, {"a b", 400, 0}, {"x", 400, 0}, {"x", 400, 0}, {"", 400, 0}, {"", 400, 0}, {"seven", 200, 7}, {"seven", 200, 7}}
	if len(b.Answers) != len(want) || b.RequestID != "many" {
		t.Fatalf("%d answers to %q, want %d", len(b.Answers), b.RequestID, len(want))
	}
	for i, a := range b.Answers {
		if a.User != want[i].user || a.Status != want[i].status || (a.Error == "") != (a.Status == 200) || (a.List == nil) != (a.Status != 200) {
			t.Errorf("answer %d is %+v, want %+v", i, a, want[i])
			continue
		}
		if a.List == nil {
			continue
		}
		if len(a.List.Items) != want[i].items || a.List.User != want[i].user || a.List.RequestID != fmt.Sprintf("many-%d", i) || a.List.Bundle == "" {
			t.Errorf("list %d is %+v, want %d movies for %s", i, a.List, want[i].items, want[i].user)
		}
	}
	alone := decode(t, c.get("/recommend/seven?format=json&n=7"), 200)
	for i, item := range alone.Items {
		if got := b.Answers[0].List.Items[i].ID; got != item.ID {
			t.Errorf("place %d is %s in a batch and %s alone", i, got, item.ID)
		}
	}
}

func TestBatchThatIsWrong(t *testing.T) {
	c := calls(t, 30)
	for body, says := range map[string]string{
		"":                              "empty",
		"[]":                            "wanted",
		"{}":                            "1 to 100",
		`{"users":[]}`:                  "1 to 100",
		`{"users":["a"]} {}`:            "goes on",
		`{"users":["a"],"m":1}`:         `"m"`,
		`{"users":["a"],"n":0}`:         "1 to 100",
		`{"users":["a"],"n":"3"}`:       "field",
		`{"users":["a"],"year":"x"}`:    "1990..1999",
		`{"users":["a` + "\xff" + `"]}`: "UTF-8",
		`{"users":[` + strings.Repeat(`"a",`, 100) + `"a"]}`: "101 entries",
	} {
		refused(t, c.send("POST", "/recommend/batch", body), 400, says)
	}
	refused(t, c.send("POST", "/recommend/batch?n=3", `{"users":["a"]}`), 400, "not known")
	refused(t, c.send("POST", "/recommend/batch", `{"users":["`+strings.Repeat("x", 300_000)+`"]}`), 413, "262144 bytes")
	if len(c.heard.calls) != 0 {
		t.Errorf("the service was asked for %+v", c.heard.calls)
	}
}

// Reasons of a batch take a token, for all or for one.
func TestBatchExplains(t *testing.T) {
	c := calls(t, 30)
	all, one := `{"users":["seven"],"explain":true}`, `{"users":["seven",{"user":"seven","explain":true}]}`
	refused(t, c.post("/recommend/batch", "", all), 401, "scope read")
	b := decodeBatch(t, c.post("/recommend/batch", "", one))
	if b.Answers[0].Status != 200 || b.Answers[0].List.Items[0].Because != nil || b.Answers[1].Status != 401 || b.Answers[1].List != nil {
		t.Errorf("answers %+v, want a list without reasons, and a 401", b.Answers)
	}
	for _, body := range []string{all, one} {
		b := decodeBatch(t, c.post("/recommend/batch", "reader", body))
		if last := b.Answers[len(b.Answers)-1]; last.Status != 200 || len(last.List.Items[0].Because) != 1 {
			t.Errorf("answer %+v, want reasons", last)
		}
	}
}

// A batch says what made it, and each of its lists counts as one that was asked for alone.
func TestBatchIsCounted(t *testing.T) {
	c := calls(t, 30)
	c.histories.stale = true
	w := c.send("POST", "/recommend/batch", `{"users":["seven","seven","new","a b"]}`)
	decodeBatch(t, w)
	for name, want := range map[string]string{httpapi.HeaderBundle: "0123456789abcdef", httpapi.HeaderData: "data1", httpapi.HeaderSequence: "41"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	lines := logged(t, c.fixture)
	if len(lines) != 1 || lines[0]["bundle"] != "0123456789abcdef" || lines[0]["data"] != "data1" || lines[0]["sequence"] != 41.0 {
		t.Errorf("log %v, want a line with bundle, data and sequence", lines)
	}
	const arm = `arm="content-ratings-popularity",tier=`
	counted(t, c.fixture, `marquee_lists_total{`+arm+`"personal"} 2`, `marquee_lists_total{`+arm+`"popular"} 1`, `marquee_stale_lists_total 3`)
}

// A person whose list panics has an error of their own, which tells nothing; a store that
// is away makes lists stale.
func TestBatchUnderTrouble(t *testing.T) {
	c := calls(t, 30)
	c.histories.err, c.histories.stale = catalog.ErrUnavailable, true
	b := decodeBatch(t, c.send("POST", "/recommend/batch", `{"users":["seven","new"]}`))
	for _, a := range b.Answers {
		if a.Status != 200 || a.List.History != "stale" {
			t.Errorf("answer %+v, want a stale list", a)
		}
	}
	c.histories.panics = true
	b = decodeBatch(t, c.send("POST", "/recommend/batch", `{"users":["seven","a b"]}`))
	if a := b.Answers[0]; a.Status != 500 || strings.Contains(a.Error, "rotten") || b.Answers[1].Status != 400 {
		t.Errorf("answers %+v, want a 500 that tells nothing, and the other's 400", b.Answers)
	}
	if !strings.Contains(c.log.String(), "rotten") {
		t.Error("the panic is not in the log")
	}
	empty := calls(t, 0)
	refused(t, empty.send("POST", "/recommend/batch", `{"users":["seven"]}`), 503, "bundle")
}

// FuzzBatch holds that any body is answered with 200 or 400.
func FuzzBatch(f *testing.F) {
	f.Add(`{"users":["a",{"user":"b","n":5,"boost":["genre:x:2"]}],"n":3,"year":"1990.."}`)
	f.Add(`{"users":[null,[],{},"",1e9]}`)
	f.Add(`{"watched":[{"movie":"a","rating":5},{"movie":"b","share":0.5}],"only":["a"]}`)
	f.Add(`[{"request_id":"a","user":"u","movie":"m","kind":"like","at":"2020-01-01T00:00:00Z"}]`)
	f.Add(`{"liked":"x","disliked":"\u0000"}`)
	c := calls(f, 5)
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/recommend/batch", "/recommend/session", "/feedback"} {
			w := c.post(path, "writer", body)
			switch w.Code {
			case 200, 202, 207, 400, 404, 401, 413:
			default:
				t.Fatalf("POST %s %q: %d %s", path, body, w.Code, w.Body)
			}
			if !json.Valid(w.Body.Bytes()) {
				t.Fatalf("POST %s %q: %s", path, body, w.Body)
			}
		}
		if w := c.send("PUT", "/users/u/preferences", body, "Authorization", "Bearer writer"); w.Code != 200 && w.Code != 400 {
			t.Fatalf("PUT %q: %d %s", body, w.Code, w.Body)
		}
		c.heard.calls, c.shelf.feedback, c.heard.seen = nil, nil, nil
	})
}
