package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// What is started and stopped from the command line holds on a server within seconds,
// without a restart; one that starts anew knows it before it answers; and operators see
// both it and its shadow lists.
func TestServersFollowExperiments(t *testing.T) {
	s := builtShell(t)
	store := &lateStore{}
	store.store.Store(s.store())
	service := s.follow(store.store.Load())
	e := &env{cli: &cli{}, log: slog.New(slog.DiscardHandler)}
	answer := func(service *recommender.Service) recommender.Answer {
		t.Helper()
		a, err := service.Recommend(t.Context(), recommender.Call{User: "1", N: 3})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	ctx, cancel := context.WithCancel(t.Context())
	g, ctx := errgroup.WithContext(ctx)
	told := httpapi.NewMetrics()
	x := experiments(ctx, e, store, service, told)
	x.run(ctx, g)
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	before := answer(service)
	if before.Experiment != "" {
		t.Errorf("in %q, want no experiment", before.Experiment)
	}

	s.must("experiment", "start", "diverse", "--arm", "control", "--arm", "diverse:diversity=0.3,model=content-ratings-popularity", "--override", "1=diverse")
	s.must("experiment", "start", "beside", "--layer", "looks", "--mode", "shadow", "--arm", "control", "--arm", "features:model=content-ratings-popularity")
	eventually(t, func() bool { return answer(service).Experiment == "beside:control,diverse:diverse" })
	if a := answer(service); a.Request.Knobs.Diversity != 0.3 || a.List.Arm != "content-ratings-popularity" {
		t.Errorf("%q with %+v", a.List.Arm, a.Request.Knobs)
	}

	again := s.follow(store.store.Load())
	metrics := httpapi.NewMetrics()
	experiments(ctx, e, store, again, metrics)
	if a := answer(again); a.Experiment != "beside:control,diverse:diverse" {
		t.Errorf("a server that starts anew: %q", a.Experiment)
	}
	if text := metricsOf(metrics); !strings.Contains(text, "marquee_experiments 2\n") || !strings.Contains(text, "marquee_experiment_unknown_arm_total 0\n") {
		t.Errorf("metrics of a server that starts anew:\n%s", text)
	}

	eventually(t, func() bool { all := service.Shadows(); return len(all) == 1 && all[0].Lists > 0 })
	text, err := json.Marshal(x.shown())
	if err != nil || !strings.Contains(string(text), `"name":"beside:features"`) || !strings.Contains(string(text), `"name":"diverse"`) {
		t.Errorf("%s, %v", text, err)
	}
	if shown := metricsOf(told); strings.Count(shown, `arm="beside:features"`) != 3 || strings.Contains(shown, `arm="other"`) {
		t.Errorf("metrics, want three of the shadow arm:\n%s", shown)
	}

	s.must("experiment", "stop", "diverse")
	eventually(t, func() bool { return answer(service).Experiment == "beside:control" })
	s.must("experiment", "stop", "beside")
	eventually(t, func() bool { return !strings.Contains(metricsOf(told), `arm="beside:features"`) }) // the next arm has room
}

// What is counted of several shadow arms never falls when one of them stops, gets a series
// of its own, is forgotten for later ones or begins anew: to Prometheus that would be a
// start from 0, and all that is left a sudden growth.
func TestCountsOfShadowArmsNeverFall(t *testing.T) {
	lists, arms := map[string]int64{}, ""
	m := newShadowMetrics(func() (all []recommender.Shadow) {
		for _, name := range slices.Sorted(maps.Keys(lists)) {
			all = append(all, recommender.Shadow{Name: "x:" + name, Lists: lists[name], Dropped: 2 * lists[name], Failed: 3 * lists[name], Overlap: 0.5})
		}
		return all
	}, func() []catalog.Experiment {
		one := catalog.Experiment{Name: "x"}
		for _, name := range strings.Fields(arms) {
			one.Arms = append(one.Arms, catalog.ExperimentArm{Name: name})
		}
		return []catalog.Experiment{one}
	})
	metrics := httpapi.NewMetrics()
	metrics.Registry().MustRegister(m)
	for i, c := range []struct {
		arms  string // that run
		lists map[string]int64
		want  string // lists of each series
		all   int64  // lists of all arms
	}{
		{"a b c d", map[string]int64{"a": 10, "b": 10, "c": 10, "d": 10}, "other=20 x:a=10 x:b=10", 40},
		{"a b c d", map[string]int64{"a": 11, "b": 11, "c": 11, "d": 12}, "other=23 x:a=11 x:b=11", 45},
		{"a b d", map[string]int64{"a": 11, "b": 11, "c": 11, "d": 13}, "other=24 x:a=11 x:b=11", 46}, // c stops
		{"a d", map[string]int64{"a": 11, "b": 11, "c": 11, "d": 14}, "x:a=11 x:d=14", 47},            // b stops, and d gets its place
		{"a d e", map[string]int64{"a": 11, "b": 11, "c": 11, "d": 14, "e": 5}, "other=29 x:a=11 x:d=14", 52},
		{"a d e", map[string]int64{"a": 11, "d": 14, "e": 5}, "other=29 x:a=11 x:d=14", 52},           // b and c are forgotten
		{"a b d e", map[string]int64{"a": 11, "b": 1, "d": 14, "e": 2}, "other=32 x:a=11 x:d=14", 55}, // b and e begin anew
	} {
		lists, arms = c.lists, c.arms
		text := metricsOf(metrics)
		var got []string
		for line := range strings.Lines(text) {
			if rest, ok := strings.CutPrefix(line, `marquee_shadow_lists_total{arm="`); ok {
				got = append(got, strings.Replace(strings.TrimSpace(rest), `"} `, "=", 1))
			}
		}
		if slices.Sort(got); strings.Join(got, " ") != c.want {
			t.Errorf("look %d: lists %v, want %s", i+1, got, c.want)
		}
		for why, n := range map[string]int64{"dropped": 2 * c.all, "failed": 3 * c.all} {
			if want := fmt.Sprintf("marquee_shadow_unmade_total{why=%q} %d\n", why, n); !strings.Contains(text, want) {
				t.Errorf("look %d: no %s", i+1, want)
			}
		}
		if strings.Contains(text, `overlap_ratio{arm="other"}`) && !strings.Contains(text, `overlap_ratio{arm="other"} 0.5`+"\n") {
			t.Errorf("look %d: the mean overlap of the others is not that of each", i+1)
		}
	}
}

// metricsOf returns what Prometheus would read.
func metricsOf(m *httpapi.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}
