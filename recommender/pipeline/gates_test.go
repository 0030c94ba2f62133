package pipeline_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// sound is a bundle that passes every gate.
func sound() bundle.Manifest {
	return bundle.Manifest{
		Index:  bundle.Index{Kind: "hnsw", Measured: indexer.Measured{K: 20, Movies: 0.99, Profiles: 0.985, Floor: 0.98}},
		Counts: bundle.Counts{Movies: 1000, Empty: 50},
		Arm:    "blend",
		Models: []bundle.Model{{Name: "als", Offline: &bundle.Offline{NDCG: 0.5}}, {Name: "blend", Offline: offline(0.20, 0.01)}},
	}
}

func offline(ndcg, half float64) *bundle.Offline {
	return &bundle.Offline{Held: 0.2, People: 1000, NDCG: ndcg, NDCGLow: ndcg - half, NDCGHigh: ndcg + half}
}

func TestGates(t *testing.T) {
	type check struct {
		name       string
		next, live func(m *bundle.Manifest) // live nil: no bundle is live
		gate       string
		passed     bool
		value      float64
		limit      float64
		detail     string
	}
	same := func(*bundle.Manifest) {}
	arm := func(o *bundle.Offline) func(*bundle.Manifest) {
		return func(m *bundle.Manifest) { m.Models[1].Offline = o }
	}
	for _, c := range []check{
		{"sound", same, same, pipeline.GateRecall, true, 0.985, 0.98, ""},
		{"movies", func(m *bundle.Manifest) { m.Index.Measured.Movies = 0.9799 }, same, pipeline.GateRecall, false, 0.9799, 0.98, "0.9799"},
		{"profiles", func(m *bundle.Manifest) { m.Index.Measured.Profiles = 0.5 }, nil, pipeline.GateRecall, false, 0.5, 0.98, ""},
		{"a patch", func(m *bundle.Manifest) {
			m.Later = &bundle.Later{Measured: &indexer.Measured{Movies: 0.97, MovieQueries: 7}}
		}, same, pipeline.GateRecall, false, 0.97, 0.98, "0.9700 on 7 movies"},
		{"a patch that was not measured", func(m *bundle.Manifest) {
			m.Index.Measured.MovieQueries, m.Later = 100, &bundle.Later{}
		}, same, pipeline.GateRecall, true, 0.985, 0.98, "was not measured"},
		{"a sound patch", func(m *bundle.Manifest) {
			m.Later = &bundle.Later{Measured: &indexer.Measured{Movies: 1}}
		}, same, pipeline.GateRecall, true, 0.985, 0.98, ""},

		{"as many", same, same, pipeline.GateShrinkage, true, 0, 0.05, "1000 movies"},
		{"the first", same, nil, pipeline.GateShrinkage, true, 0, 0.05, "no bundle is live"},
		{"a few left", func(m *bundle.Manifest) { m.Counts.Movies = 950 }, same, pipeline.GateShrinkage, true, 0.05, 0.05, ""},
		{"many left", func(m *bundle.Manifest) { m.Counts.Movies = 949 }, same, pipeline.GateShrinkage, false, 0.051, 0.05, "5.1% fewer"},
		{"more", func(m *bundle.Manifest) { m.Counts.Movies = 2000 }, same, pipeline.GateShrinkage, true, 0, 0.05, ""},

		{"texts", same, same, pipeline.GateEmpty, true, 0.05, 0.2, "50 of 1000"},
		{"no texts", func(m *bundle.Manifest) { m.Counts.Empty = 201 }, same, pipeline.GateEmpty, false, 0.201, 0.2, "20.1%"},
		{"the first without texts", func(m *bundle.Manifest) { m.Counts.Empty = 201 }, nil, pipeline.GateEmpty, false, 0.201, 0.2, ""},
		{"as few texts as before", func(m *bundle.Manifest) { m.Counts.Empty = 401 }, func(m *bundle.Manifest) { m.Counts.Empty = 400 }, pipeline.GateEmpty, true, 0.401, 0.42, ""},
		{"fewer texts than before", func(m *bundle.Manifest) { m.Counts.Empty = 421 }, func(m *bundle.Manifest) { m.Counts.Empty = 400 }, pipeline.GateEmpty, false, 0.421, 0.42, ""},
		{"no movies", func(m *bundle.Manifest) { m.Counts = bundle.Counts{} }, nil, pipeline.GateEmpty, true, 0, 0.2, ""},

		{"as good", same, same, pipeline.GateOffline, true, 0, 0.1, "0.2000"},
		{"better", arm(offline(0.3, 0.01)), same, pipeline.GateOffline, true, -0.5, 0.1, "+50.0%"},
		{"a little worse", arm(offline(0.181, 0.001)), same, pipeline.GateOffline, true, 0.095, 0.1, ""},
		{"much worse", arm(offline(0.17, 0.01)), same, pipeline.GateOffline, false, 0.15, 0.1, "-15.0%"},
		{"perhaps much worse", arm(offline(0.17, 0.03)), same, pipeline.GateOffline, true, 0.15, 0.1, "intervals meet"},
		{"not judged", arm(nil), same, pipeline.GateOffline, false, 0, 0.1, "--evaluate"},
		{"neither judged", arm(nil), arm(nil), pipeline.GateOffline, true, 0, 0.1, "the live bundle was not judged"},
		{"the first, not judged", arm(nil), nil, pipeline.GateOffline, true, 0, 0.1, "no bundle is live"},
		{"live not judged", same, arm(nil), pipeline.GateOffline, true, 0, 0.1, "the live bundle was not judged"},
		{"another protocol", arm(&bundle.Offline{Held: 0.5, NDCG: 0.01}), same, pipeline.GateOffline, true, 0, 0.1, "another protocol"},
		{"by lot", arm(&bundle.Offline{Held: 0.2, Lot: true, NDCG: 0.01}), same, pipeline.GateOffline, true, 0, 0.1, "another protocol"},
		{"fewer people", arm(&bundle.Offline{Held: 0.2, People: 400, NDCG: 0.1, NDCGHigh: 0.1}), same, pipeline.GateOffline, false, 0.5, 0.1, "of 400 people, before of 1000"},
		{"nothing to lose", same, arm(offline(0, 0)), pipeline.GateOffline, true, 0, 0.1, "of the live bundle 0"},
		{"lists without a model", func(m *bundle.Manifest) { m.Arm, m.Features = "", offline(0.1, 0.01) }, same, pipeline.GateOffline, false, 0.5, 0.1, ""},
		{"and before", func(m *bundle.Manifest) { m.Arm, m.Features = rank.ArmFeatures, offline(0.1, 0.01) }, func(m *bundle.Manifest) { m.Arm, m.Features = "", offline(0.1, 0.01) }, pipeline.GateOffline, true, 0, 0.1, ""},
	} {
		t.Run(c.gate+" "+c.name, func(t *testing.T) {
			next := sound()
			c.next(&next)
			var live *bundle.Manifest
			if c.live != nil {
				m := sound()
				c.live(&m)
				live = &m
			}
			gates, err := pipeline.DefaultGates().Check(next, live)
			if len(gates) != 4 {
				t.Fatalf("%d gates, %v", len(gates), err)
			}
			for _, g := range gates {
				if g.Name != c.gate {
					continue
				}
				if g.Passed != c.passed || math.Abs(g.Value-c.value) > 1e-9 || math.Abs(g.Limit-c.limit) > 1e-9 || g.Override || !strings.Contains(g.Detail, c.detail) {
					t.Errorf("%+v, want passed %v, value %v, limit %v and %q", g, c.passed, c.value, c.limit, c.detail)
				}
			}
			if refused := errors.Is(err, pipeline.ErrGate); refused == c.passed {
				t.Errorf("error %v, want one: %v", err, !c.passed)
			}
			if err != nil && (!errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), fmt.Sprintf("--override %s=REASON", c.gate)) || !strings.Contains(err.Error(), c.detail)) {
				t.Errorf("error %v, want it to tell of %s", err, c.gate)
			}
		})
	}
}

// An overridden gate is written down with the reason; all others still refuse.
func TestOverride(t *testing.T) {
	next, live := sound(), sound()
	next.Counts.Movies, next.Counts.Empty = 500, 300
	g := pipeline.DefaultGates()
	g.Override = map[string]string{pipeline.GateShrinkage: "licences ended"}
	gates, err := g.Check(next, &live)
	if !errors.Is(err, pipeline.ErrGate) || strings.Contains(err.Error(), "shrinkage") || !strings.Contains(err.Error(), "empty") {
		t.Errorf("error %v, want one of the gate that was not overridden", err)
	}
	if s := gates[1]; !s.Override || s.Passed || !strings.Contains(s.Detail, "licences ended") || !strings.Contains(s.Detail, "50.0% fewer") {
		t.Errorf("overridden: %+v", s)
	}
	g.Override[pipeline.GateEmpty] = "texts come tomorrow"
	g.Override[pipeline.GateRecall] = "never needed"
	gates, err = g.Check(next, &live)
	if err != nil || gates[0].Override || !gates[2].Override {
		t.Errorf("%v, %+v; want the two that refused overridden", err, gates)
	}
	for _, wrong := range []pipeline.Gates{
		{Override: map[string]string{"speed": "x"}}, {Override: map[string]string{pipeline.GateEmpty: " "}},
		{Shrinkage: math.NaN()}, {Empty: -1}, {Offline: 2},
	} {
		if _, err := wrong.Check(next, &live); !errors.Is(err, catalog.ErrInvalid) || errors.Is(err, pipeline.ErrGate) {
			t.Errorf("%+v: error %v, want invalid settings", wrong, err)
		}
	}
}

// An index below its floor is kept if somebody says why, and only then.
func TestOverrideOfRecall(t *testing.T) {
	o := options(&letters{}, &backend{recall: 0.5})
	if _, err := pipeline.Build(t.Context(), sample(), o); !errors.Is(err, indexer.ErrRecall) || !strings.Contains(err.Error(), "--override recall=REASON") {
		t.Errorf("error %v, want one of recall that says what to do", err)
	}
	o.Override = map[string]string{pipeline.GateShrinkage: "another gate"}
	if _, err := pipeline.Build(t.Context(), sample(), o); !errors.Is(err, indexer.ErrRecall) {
		t.Errorf("another gate overridden: error %v, want one of recall", err)
	}
	o.Override = map[string]string{pipeline.GateRecall: "a test"}
	b, err := pipeline.Build(t.Context(), sample(), o)
	if err != nil || b.Manifest.Index.Measured.Movies != 0.5 {
		t.Fatalf("overridden: %v", err)
	}
	gates, err := pipeline.Gates{Empty: 0.5, Override: o.Override}.Check(b.Manifest, nil)
	if err != nil || !gates[0].Override || gates[0].Value != 0.5 || gates[0].Limit != 0.98 {
		t.Errorf("%v, %+v", err, gates[0])
	}
	o.Override = map[string]string{"speed": "x"}
	if _, err := pipeline.Build(t.Context(), sample(), o); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("an unknown gate: %v, want invalid", err)
	}
}
