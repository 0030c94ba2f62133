package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
	"marquee/recommender/rank"
)

func containsLine(text, line string) bool {
	return slices.Contains(strings.Split(text, "\n"), line)
}

// series returns the lines of metrics, without the comments.
func series(t *testing.T, f *fixture) (lines []string) {
	t.Helper()
	w := httptest.NewRecorder()
	f.server.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// An armed service answers by the arm, the tier and the staleness that the user's id
// names, or fails.
type armed struct{ *recommender.Service }

func (s armed) Recommend(ctx context.Context, c recommender.Call) (recommender.Answer, error) {
	a, err := s.Service.Recommend(ctx, c)
	words := strings.Split(string(c.User), ".")
	if len(words) == 3 {
		a.List.Arm, a.List.Tier, a.Stale = words[0], rank.Tier(words[1]), words[2] == "stale"
		a.Neighbours = recommender.FromTable
	}
	if c.User == "broken" {
		return recommender.Answer{}, errors.New("broken")
	}
	return a, err
}

// However many arms, people and movies there are, and whatever is called: ten arms have a
// label and the others one together, and no label names a person, a movie or a path that is
// no route. How many series a process has is in recommender/cmd/marquee.
func TestLabelsAreFew(t *testing.T) {
	f := serve(t, 30)
	cfg := httpapi.DefaultConfig()
	cfg.Rate.PerSecond, cfg.Log = 0, httpapi.AccessLog{}
	cfg.Events = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	cfg.Store = newMemory()
	cfg.Tokens = scopes{"reader": httpapi.ScopeRead, "writer": httpapi.ScopeWrite}
	f.server = httpapi.New(armed{f.service}, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg)
	f.handler = f.server.Handler()
	f.metrics.Follow(func() recommender.Status { return recommender.Status{} }, func() (int64, int64, int) { return 0, 0, 0 }, func() (time.Duration, bool) { return 0, true })
	f.metrics.Live(f.service.Live)
	f.metrics.Build("v1", "abc", "go")

	for arm := range 40 {
		for _, tier := range []rank.Tier{rank.TierPersonal, rank.TierGroup, rank.TierPopular} {
			for _, age := range []string{"fresh", "stale"} {
				f.get(fmt.Sprintf("/recommend/arm%d.%s.%s", arm, tier, age))
			}
		}
	}
	for _, path := range []string{
		"/recommend/broken", "/recommend/broken?format=json", "/recommend/", "/recommend/seven?format=json", "/recommend/seven?format=json&x=1", "/similar/movie+05+2000", "/similar/x", "/popular", "/trending",
		"/search?q=x", "/users/seven/history", "/users/seven/preferences", "/recommend/batch", "/recommend/session", "/feedback", "/openapi.json", "/docs", "/events", "/health/live", "/health/ready", "/nowhere",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			for _, token := range []string{"", "reader", "writer"} {
				r := httptest.NewRequest(method, path, strings.NewReader(`{"users":["1"]}`))
				r.Header.Set("Authorization", "Bearer "+token)
				f.handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		}
	}
	lines := series(t, f)
	lists := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.HasPrefix(line, "marquee_lists_total{") })
	if want := (10+1)*3 + 1; len(lists) != want { // and movies like another, which are of no arm of these
		t.Errorf("%d series of lists, want %d: of ten arms and the others, by three tiers:\n%s", len(lists), want, strings.Join(lists, "\n"))
	}
	for _, want := range []string{`marquee_lists_total{arm="arm0",tier="group"} 2`, `marquee_lists_total{arm="arm9",tier="personal"} 2`, `marquee_fallbacks_total{why="failure"} 3`} {
		if !slices.Contains(lines, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, line := range lines {
		if strings.Contains(line, "movie+") || strings.Contains(line, "seven") || strings.Contains(line, "nowhere") || strings.Contains(line, "arm10") {
			t.Errorf("a label names a movie, a person, a path or an arm too many: %s", line)
		}
	}
}

// Stages, routes, arms and tiers are timed.
func TestTimesAreCounted(t *testing.T) {
	f := serve(t, 30)
	f.get("/recommend/seven")
	f.get("/popular")
	lines := series(t, f)
	for _, want := range []string{
		`marquee_stage_seconds_count{stage="history"} 1`, `marquee_stage_seconds_count{stage="rank"} 1`, `marquee_stage_seconds_count{stage="write"} 1`,
		`marquee_http_request_seconds_count{route="recommend"} 1`, `marquee_http_request_seconds_count{route="other"} 1`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no %s in\n%s", want, strings.Join(lines, "\n"))
		}
	}
	for _, want := range []string{`marquee_http_route_seconds_total{route="popular"} `, `marquee_arm_seconds_total{arm="content-ratings-popularity"} `, `marquee_tier_seconds_total{tier="personal"} `} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, want) && !strings.HasSuffix(line, " 0") }) {
			t.Errorf("no %s above 0", want)
		}
	}
}

// A memory keeps nothing.
type memory struct{}

func newMemory() memory { return memory{} }

func (memory) PutFeedback(context.Context, []catalog.Feedback) (int, error) { return 0, nil }
func (memory) PutPreferences(context.Context, catalog.Preferences) error    { return nil }
func (memory) Preferences(context.Context, catalog.UserID) (catalog.Preferences, error) {
	return catalog.Preferences{}, catalog.ErrNotFound
}
func (memory) Exposure(context.Context, string) (catalog.Exposure, error) {
	return catalog.Exposure{}, catalog.ErrNotFound
}
