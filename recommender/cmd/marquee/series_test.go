package main

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

	"github.com/twmb/franz-go/pkg/kfake"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/recommender"
	"marquee/recommender/httpapi"
	"marquee/recommender/rank"
)

// A server with all of it on, of which everything was asked in vain and not, has at most
// 300 series: what it keeps and takes, and how many arms and shadow arms there are.
func TestSeriesOfAServerAreFew(t *testing.T) {
	s := builtShell(t)
	model := ":model=content-ratings-popularity"
	for i := range 3 {
		args := []string{"experiment", "start", fmt.Sprint("beside", i), "--layer", fmt.Sprint("layer", i), "--mode", "shadow", "--arm", "control"}
		for arm := range 9 {
			args = append(args, "--arm", fmt.Sprint("arm", arm, model))
		}
		s.must(args...)
	}
	brokers, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "lists"))
	if err != nil {
		t.Fatal(err)
	}
	defer brokers.Close()
	api := httptest.NewServer(http.NotFoundHandler())
	defer api.Close()
	address, admin := free(t), free(t)
	end := s.background("serve", "--listen", address, "--admin-listen", admin, "--token", testToken,
		"--exposures-topic", "kafka://"+brokers.ListenAddrs()[0]+"/lists", "--catalog-url", api.URL)
	get(t, address)
	eventually(t, func() bool { code, _ := postLines(t, address, "k", twoWatches); return code == http.StatusOK })
	shown := func() string { _, text := fetch(t, "http://"+admin+"/metrics"); return text }
	eventually(t, func() bool {
		get(t, address)
		text := shown()
		return strings.Contains(text, `marquee_shadow_lists_total{arm="other"}`) && strings.Contains(text, "marquee_lookup_down")
	})
	all, text := map[string]bool{}, shown()
	seriesIn(all, text)
	end()
	if n := strings.Count(text, "\nmarquee_shadow_lists_total{"); n != 3 {
		t.Errorf("%d series of lists of 27 shadow arms, want two and the others:\n%s", n, text)
	}
	for _, want := range []string{`marquee_exposures_torn_total{writer="store"}`, `marquee_exposures_torn_total{writer="topic"}`, "marquee_quality_lists", `marquee_ingest_lines_total{outcome="refused",reason="missing_field"}`} {
		if !all[want] {
			t.Errorf("no %s", want)
		}
	}
	seriesIn(all, metricsOf(busy(t, s)))
	t.Logf("%d series", len(all))
	if len(all) > 300 {
		names := make([]string, 0, len(all))
		for name := range all {
			names = append(names, name)
		}
		slices.Sort(names)
		t.Errorf("%d series, want at most 300:\n%s", len(all), strings.Join(names, "\n"))
	}
}

// seriesIn adds to all what series metrics hold.
func seriesIn(all map[string]bool, metrics string) {
	for line := range strings.Lines(metrics) {
		if at := strings.LastIndexByte(line, ' '); at > 0 && line[0] != '#' {
			all[line[:at]] = true
		}
	}
}

// An armed service answers by the arm and the tier that the user's id names, or too late, or fails.
type armed struct{ *recommender.Service }

func (s armed) Recommend(ctx context.Context, c recommender.Call) (recommender.Answer, error) {
	a, err := s.Service.Recommend(ctx, c)
	if arm, tier, ok := strings.Cut(string(c.User), "."); ok {
		a.List.Arm, a.List.Tier, a.Neighbours = arm, rank.Tier(tier), []string{recommender.FromTable, recommender.FromIndex}[len(arm)%2]
	}
	switch c.User {
	case "broken":
		return recommender.Answer{}, errors.New("broken")
	case "slow":
		<-ctx.Done()
		return recommender.Answer{}, ctx.Err()
	}
	return a, err
}

// busy returns the metrics of a server that was asked for everything, by many arms, and
// refused lines for every reason.
func busy(t *testing.T, s shell) *httpapi.Metrics {
	t.Helper()
	metrics, log, store := httpapi.NewMetrics(), slog.New(slog.DiscardHandler), s.store()
	cfg := httpapi.DefaultConfig()
	cfg.Rate.PerSecond, cfg.Log, cfg.Store = 0, httpapi.AccessLog{}, store
	cfg.Events = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	h := httpapi.New(armed{s.follow(store)}, func() recommender.Status { return recommender.Status{} }, metrics, log, cfg).Handler()
	ask := func(method, path string) {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, strings.NewReader(`{"users":["1"]}`)))
	}
	for arm := range 20 {
		for _, tier := range []rank.Tier{rank.TierPersonal, rank.TierGroup, rank.TierPopular} {
			ask(http.MethodGet, fmt.Sprintf("/recommend/arm%d.%s", arm, tier))
		}
	}
	for _, path := range []string{
		"/recommend/broken", "/recommend/broken?format=json", "/recommend/slow", "/recommend/", "/similar/heat+1995", "/similar/x", "/popular", "/trending", "/search?q=x", "/users/1/history",
		"/users/1/preferences", "/recommend/batch", "/recommend/session", "/feedback", "/openapi.json", "/docs", "/events", "/health/live", "/health/ready", "/nowhere",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			ask(method, path)
		}
	}
	var refused []catalog.Refused
	for _, r := range []stream.Reason{
		stream.Empty, stream.LineTooLong, stream.MissingField, stream.BadTime, stream.BadUser, stream.UnknownKind, stream.BadMovie, stream.BadMinute,
		stream.BadRating, stream.RatingOffScale, stream.BadRecommendation, stream.NotUTF8, stream.Forgotten,
	} {
		refused = append(refused, catalog.Refused{Reason: string(r)})
	}
	newWatch(alertFlags{RefusedWindow: rollEvery}, log, metrics.Registry()).applied(catalog.Batch{Refused: refused}, catalog.Applied{}, stream.Summary{})
	return metrics
}
