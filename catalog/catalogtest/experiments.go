package catalogtest

import (
	"encoding/json"
	"strings"
	"testing"

	"marquee/catalog"
)

// trial returns an experiment of two arms.
func trial(name string) catalog.Experiment {
	return catalog.Experiment{
		Name: name, Layer: "ranking", Mode: catalog.ExperimentSplit, Salt: "s", From: 0, To: 0.5, Start: after(0), Note: "why, \"so\"",
		Arms:      []catalog.ExperimentArm{{Name: "a", Weight: 1}, {Name: "b", Weight: 2, Model: "als", Knobs: json.RawMessage(`{"mmr":0.5}`)}},
		Overrides: map[catalog.UserID]string{"7": "b", "8": "a"},
	}
}

func testExperiments(t *testing.T, s Store) {
	ctx := t.Context()
	same(t, "none", ok[[]catalog.Experiment](t)(s.Experiments(ctx)), nil)
	b, a := trial("b"), trial("a")
	first := ok[int64](t)(s.PutExperiment(ctx, b))
	same(t, "the next number", ok[int64](t)(s.PutExperiment(ctx, a)), first+1)
	b.Stopped, b.End = after(hour), after(2*hour)
	same(t, "replaced", ok[int64](t)(s.PutExperiment(ctx, b)), first+2)
	same(t, "experiments", ok[[]catalog.Experiment](t)(s.Experiments(ctx)), []catalog.Experiment{a, b})
	counts(t, s, catalog.Counts{Experiments: 2})
	told := ok[[]catalog.Change](t)(s.ChangesSince(ctx, first, 0))
	same(t, "changes", []string{told[0].Subject, told[1].Subject}, []string{"a", "b"})
	for i, want := range []catalog.Experiment{a, b} {
		var got catalog.Experiment
		must(t, json.Unmarshal(told[i].Detail, &got))
		same(t, "kind", told[i].Kind, catalog.ChangeExperiment)
		same(t, "detail", got, want)
	}

	bad := trial("c")
	bad.Arms = bad.Arms[:1]
	_, err := s.PutExperiment(ctx, bad)
	fails(t, "one arm", err, catalog.ErrInvalid)
	bad = trial("c")
	bad.Note = strings.Repeat("x", 1<<20)
	_, err = s.PutExperiment(ctx, bad)
	fails(t, "too long", err, catalog.ErrInvalid)
	counts(t, s, catalog.Counts{Experiments: 2})
}

// Whoever is forgotten is no tester any more, neither in an experiment nor in what the
// log told of it, and does not become one again.
func testExperimentsForgotten(t *testing.T, s Store) {
	ctx := t.Context()
	other := trial("other")
	delete(other.Overrides, "7")
	ok[int64](t)(s.PutExperiment(ctx, trial("of-7")))
	ok[int64](t)(s.PutExperiment(ctx, other))
	ok[int64](t)(s.PutChange(ctx, catalog.Change{Kind: catalog.ChangeExperiment, Subject: "odd", Detail: json.RawMessage(`["7"]`)}))
	before := ok[int64](t)(s.LastChange(ctx))
	same(t, "removed", ok[catalog.Removal](t)(s.Forget(ctx, "7")), catalog.Removal{Overrides: 1})
	left := trial("of-7")
	delete(left.Overrides, "7")
	same(t, "left", ok[[]catalog.Experiment](t)(s.Experiments(ctx)), []catalog.Experiment{left, other})
	for _, c := range ok[[]catalog.Change](t)(s.ChangesSince(ctx, 0, 0)) {
		if c.Subject == "odd" || c.Kind != catalog.ChangeExperiment {
			continue
		}
		var e catalog.Experiment
		must(t, json.Unmarshal(c.Detail, &e))
		want := other
		if c.Subject == "of-7" {
			want = left
		}
		same(t, "told", e, want)
	}
	told := ok[[]catalog.Change](t)(s.ChangesSince(ctx, before, 0))
	same(t, "servers are told", []string{string(told[0].Kind), told[1].Subject}, []string{"forget", "of-7"})

	ok[int64](t)(s.PutExperiment(ctx, trial("of-7")))
	same(t, "again", ok[[]catalog.Experiment](t)(s.Experiments(ctx)), []catalog.Experiment{left, other})
}
