package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/history"
	"marquee/recommender/httpapi"
)

// A contract is the description that a server shows, with the statuses that were seen.
type contract struct {
	doc    *openapi3.T
	router routers.Router
	seen   map[string]bool // method, path and status
}

func readContract(t *testing.T, h http.Handler) *contract {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatalf("the description is no OpenAPI: %v", err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Fatalf("version %s, want 3.1", doc.OpenAPI)
	}
	for _, s := range doc.Components.Schemas {
		closeSchema(s.Value)
	}
	openapi3filter.RegisterBodyDecoder("text/html", func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		text, err := io.ReadAll(body)
		return string(text), err
	})
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &contract{doc: doc, router: router, seen: map[string]bool{}}
}

// closeSchema makes a field that is not described a fault.
func closeSchema(s *openapi3.Schema) {
	if len(s.Properties) > 0 && s.AdditionalProperties.Schema == nil {
		no := false
		s.AdditionalProperties.Has = &no
	}
	for _, p := range s.Properties {
		closeSchema(p.Value)
	}
	if s.Items != nil {
		closeSchema(s.Items.Value)
	}
}

// check holds one answer of h against the description.
func (c *contract) check(t *testing.T, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		t.Errorf("%s %s: %v", method, target, err)
		return w
	}
	name := fmt.Sprintf("%s %s %d", method, route.Path, w.Code)
	c.seen[name] = true
	if route.Operation.Responses.Value(fmt.Sprint(w.Code)) == nil {
		t.Errorf("%s (%s) is not described: %s", name, target, w.Body)
		return w
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
	})
	if err != nil {
		t.Errorf("%s (%s): the answer is not as described: %v", name, target, err)
	}
	for header := range w.Header() {
		if strings.HasPrefix(header, "X-Marquee-") {
			if _, ok := route.Operation.Responses.Value(fmt.Sprint(w.Code)).Value.Headers[header]; !ok {
				t.Errorf("%s: header %s is not described", name, header)
			}
		}
	}
	return w
}

// A broken service fails at everything.
type broken struct {
	httpapi.Service
	err error
}

func (b broken) Live() (*recommender.Live, error) {
	if errors.Is(b.err, recommender.ErrNotReady) {
		return nil, b.err
	}
	return b.Service.Live()
}
func (b broken) Recommend(context.Context, recommender.Call) (recommender.Answer, error) {
	return recommender.Answer{}, b.err
}
func (b broken) Session(context.Context, []catalog.Seen, recommender.Call) (recommender.Answer, error) {
	return recommender.Answer{}, b.err
}
func (b broken) Popular(recommender.Call) (recommender.Answer, error) {
	return recommender.Answer{}, b.err
}
func (b broken) Trending(recommender.Call) (recommender.Answer, error) {
	return recommender.Answer{}, b.err
}
func (b broken) Similar(context.Context, catalog.MovieID, recommender.Call) (recommender.Answer, error) {
	return recommender.Answer{}, b.err
}
func (b broken) Search(context.Context, string, recommender.Call) (recommender.Answer, error) {
	return recommender.Answer{}, b.err
}
func (b broken) History(context.Context, catalog.UserID) (history.Entry, bool, error) {
	return history.Entry{}, false, b.err
}

// A described request has what one of the routes takes.
type request struct {
	method, target, body string
	headers              []string
}

// every has a good request of each route of the table.
func every() []request {
	read, write := []string{"Authorization", "Bearer reader"}, []string{"Authorization", "Bearer writer"}
	return []request{
		{"GET", "/recommend/seven?format=json&explain=1&exclude=ghost", "", read},
		{"GET", "/similar/movie+05+2000?n=3", "", nil},
		{"GET", "/popular?n=3&boost=genre:x:2", "", nil},
		{"GET", "/trending?n=3", "", nil},
		{"GET", "/search?q=heist", "", nil},
		{"POST", "/recommend/batch", `{"users":["seven",{"user":"a b"},{"user":"new","explain":true}],"n":3}`, nil},
		{"POST", "/recommend/session", `{"watched":[{"movie":"movie+05+2000","rating":5}],"explain":true}`, nil},
		{"GET", "/users/seven/history?n=1", "", read},
		{"PUT", "/users/seven/preferences", `{"liked":"heists"}`, write},
		{"GET", "/users/seven/preferences", "", read},
		{"POST", "/feedback", `{"request_id":"r1","movie":"a","kind":"click"}`, write},
		{"DELETE", "/users/seven/preferences", "", write},
	}
}

// with returns a server over another service, store and limits.
func (c *caller) with(service httpapi.Service, change func(*httpapi.Config)) http.Handler {
	cfg := httpapi.DefaultConfig()
	cfg.Store, cfg.Rate, cfg.Tokens = c.shelf, httpapi.Rate{}, scopes{"reader": httpapi.ScopeRead, "writer": httpapi.ScopeWrite}
	cfg.Events = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"lines":1}`)
	})
	if change != nil {
		change(&cfg)
	}
	status := func() recommender.Status { return recommender.Status{} }
	return httpapi.New(service, status, httpapi.NewMetrics(), slog.New(slog.DiscardHandler), cfg).Handler()
}

// Each answer of a run of good and bad requests, with everything well and with all that a
// server needs broken, is as the description says, and each status that it describes is
// seen.
func TestAnswersAreAsDescribed(t *testing.T) {
	c := calls(t, 30)
	h := c.with(c.heard, nil)
	d := readContract(t, h)
	at := time.Now().Add(-time.Hour)
	c.histories.entries["seven"] = history.Entry{
		Known: true, Seen: []catalog.Seen{{Movie: "movie+05+2000", At: at, Rated: true, Rating: 5}, {Movie: "x", At: at, Shared: true, Share: 0.5, Days: 2}},
		Opinions: []catalog.Opinion{{Movie: "y", Kind: catalog.FeedbackLike, At: at}}, Preferences: catalog.Preferences{User: "seven", Liked: "x", At: at},
	}
	c.shelf.exposures["r1"] = catalog.Exposure{RequestID: "r1", User: "eve", Movies: []catalog.Exposed{{Movie: "a"}}}
	for _, x := range every() {
		if w := d.check(t, h, x.method, x.target, x.body, x.headers...); w.Code > 299 {
			t.Errorf("%s %s: %d %s", x.method, x.target, w.Code, w.Body)
		}
		d.refusals(t, h, x)
	}
	d.check(t, h, "GET", "/recommend/seven", "")
	for _, path := range []string{"/openapi.json", "/docs", "/health/live", "/health/ready", "/health/startup"} {
		d.check(t, h, "GET", path, "")
		if !strings.HasPrefix(path, "/health") {
			d.check(t, h, "GET", path+"?color=red", "")
		}
	}
	write := []string{"Authorization", "Bearer writer"}
	d.check(t, h, "GET", "/similar/nothing", "")
	d.check(t, h, "GET", "/users/seven/preferences", "", "Authorization", "Bearer reader") // taken away above
	d.check(t, h, "POST", "/recommend/batch", `{"users":["a"],"explain":true}`)
	d.check(t, h, "POST", "/recommend/batch", `{"users":["a"],"explain":true}`, write...)
	d.check(t, h, "POST", "/feedback", `{"request_id":"r2","user":"u","movie":"a","kind":"like"}`, write...)
	d.check(t, h, "POST", "/feedback", `{"request_id":"r2","movie":"a","kind":"like"}`, write...)
	d.check(t, h, "POST", "/feedback", `[{"request_id":"r2","movie":"a","kind":"like"},{"user":"u","movie":"a","kind":"like"}]`, write...)
	d.troubles(t, c)
	d.unseen(t)
}

// refusals sends what is wrong with x.
func (c *contract) refusals(t *testing.T, h http.Handler, x request) {
	sep := "?"
	if strings.Contains(x.target, "?") {
		sep = "&"
	}
	c.check(t, h, x.method, x.target+sep+"color=red", x.body, x.headers...)
	c.check(t, h, x.method, x.target, strings.Repeat(" ", 300_000)+x.body, x.headers...)
	if x.headers != nil {
		c.check(t, h, x.method, x.target, x.body)
		other := "Bearer reader"
		if x.headers[1] == other {
			other = "Bearer writer"
		}
		c.check(t, h, x.method, x.target, x.body, "Authorization", other)
	}
}

// troubles sends good requests while the server cannot answer them.
func (c *contract) troubles(t *testing.T, base *caller) {
	for _, err := range []error{errors.New("rotten"), recommender.ErrNotReady, context.DeadlineExceeded} {
		base.shelf.err = err
		h := base.with(broken{base.service, err}, nil)
		for _, x := range every() {
			if w := c.check(t, h, x.method, x.target, x.body, x.headers...); strings.Contains(w.Body.String(), "rotten") {
				t.Errorf("%s %s tells what broke: %s", x.method, x.target, w.Body)
			}
		}
		for _, path := range []string{"/health/ready", "/health/startup"} {
			c.check(t, h, "GET", path, "")
		}
	}
	base.shelf.err = nil
	limited := append(every(), request{"GET", "/openapi.json", "", nil}, request{"GET", "/docs", "", nil}, request{"POST", "/events", "x", nil})
	for _, x := range limited {
		h := base.with(base.heard, func(cfg *httpapi.Config) { cfg.Rate = httpapi.Rate{PerSecond: 1e-6, Burst: 1, Clients: 10} })
		for range 2 {
			c.check(t, h, x.method, x.target, x.body, x.headers...)
		}
	}
}

// unseen tells which statuses are described and did not come. Some cannot here: POST
// /events is not this package's, the description and its page fail only if they were built
// wrongly or there is no room, and a list of many hides its failures in their places.
func (c *contract) unseen(t *testing.T) {
	elsewhere := []string{
		"GET /openapi.json 500", "GET /openapi.json 503", "GET /docs 500", "GET /docs 503", "POST /recommend/batch 500", "POST /recommend/batch 504",
	}
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status := range op.Responses.Map() {
				name := method + " " + path + " " + status
				if !c.seen[name] && path != "/events" && !slices.Contains(elsewhere, name) {
					t.Errorf("%s is described and did not come", name)
				}
			}
		}
	}
}

// The page loads nothing and runs nothing, and shows every call.
func TestDocs(t *testing.T) {
	c := calls(t, 30)
	w := c.get("/docs")
	page := w.Body.String()
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	for _, bad := range []string{"<script", "<img", "<link", "<iframe", "@import", "url(", "javascript:", " on", "ZgotmplZ"} {
		if i := strings.Index(page, bad); i >= 0 && (bad != " on" || regexp.MustCompile(`<[^>]* on[a-z]+=`).MatchString(page)) {
			t.Errorf("the page has %q: %.80q", bad, page[i:])
		}
	}
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(page)
	if style == nil {
		t.Fatal("no style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("policy %q, want one that lets nothing be loaded but the page's own style", policy)
	}
	for path, item := range readContract(t, c.handler).doc.Paths.Map() {
		for method, op := range item.Operations() {
			if !strings.Contains(page, method+" "+path) || !strings.Contains(page, `id="`+op.OperationID+`"`) {
				t.Errorf("%s %s is not on the page", method, path)
			}
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `id="`+link[1]+`"`) {
			t.Errorf("link to #%s leads nowhere", link[1])
		}
	}
}

// The calls of curl that the description shows work as they stand.
func TestSamples(t *testing.T) {
	c := calls(t, 30)
	c.shelf.exposures["a1b2c3"] = catalog.Exposure{RequestID: "a1b2c3", User: "596363", Movies: []catalog.Exposed{{Movie: "movie+06+2000"}}}
	c.shelf.preferences["596363"] = catalog.Preferences{User: "596363", Liked: "heists"}
	h := c.with(c.heard, nil)
	d := readContract(t, h)
	tokens := map[string]string{"read": "reader", "write": "writer", "events": "any"}
	for path, item := range d.doc.Paths.Map() {
		for method, op := range item.Operations() {
			samples, _ := op.Extensions["x-codeSamples"].([]any)
			if len(samples) == 0 {
				t.Errorf("%s %s has no sample", method, path)
			}
			token := "reader"
			if op.Security != nil {
				for _, r := range *op.Security {
					for _, scope := range r["token"] {
						token = tokens[scope]
					}
				}
			}
			if method == http.MethodGet && path == "/users/{user}/preferences" {
				c.shelf.preferences["596363"] = catalog.Preferences{User: "596363", Liked: "heists"}
			}
			for _, s := range samples {
				line := s.(map[string]any)["source"].(string)
				line = strings.NewReplacer("heat+1995", "movie+05+2000", "thief+1981", "movie+06+2000", "TOKEN", token).Replace(line)
				x := curl(t, line)
				if x.method != method {
					t.Errorf("%s is a %s, want %s", line, x.method, method)
				}
				if w := d.check(t, h, x.method, x.target, x.body, x.headers...); w.Code > 299 {
					t.Errorf("%s: %d %s", line, w.Code, w.Body)
				}
			}
		}
	}
}

// curl returns the request that a line of curl makes.
func curl(t *testing.T, line string) request {
	t.Helper()
	words := regexp.MustCompile(`'[^']*'|[^ ']+`).FindAllString(line, -1)
	if words[0] != "curl" {
		t.Fatalf("%s is no call of curl", line)
	}
	x := request{method: http.MethodGet}
	for i := 1; i < len(words); i++ {
		word := strings.Trim(words[i], "'")
		if !strings.HasPrefix(word, "-") {
			x.target = strings.TrimPrefix(word, "http://localhost:8082")
			continue
		}
		i++
		value := strings.Trim(words[i], "'")
		switch word {
		case "-X":
			x.method = value
		case "-H":
			name, v, _ := strings.Cut(value, ": ")
			x.headers = append(x.headers, name, v)
		case "-d", "--data-binary":
			x.body = value
			if x.method == http.MethodGet {
				x.method = http.MethodPost
			}
		default:
			t.Fatalf("%s: flag %s", line, word)
		}
	}
	return x
}
