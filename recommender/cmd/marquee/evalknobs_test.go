package main

import (
	"slices"
	"strings"
	"testing"
)

// knobsJSON is what others may rely on in a report of knobs.
type knobsJSON struct {
	Protocol string `json:"protocol"`
	Arm      string `json:"arm"`
	People   int    `json:"people"`
	Rows     []struct {
		Knob       string  `json:"knob"`
		Value      float64 `json:"value"`
		Popularity float64 `json:"popularity"`
		Diversity  struct{ Value *float64 }
		NDCG       struct{ Value *float64 } `json:"ndcg"`
		Difference struct{ Value, P *float64 }
	} `json:"rows"`
	Notes []string `json:"notes"`
}

// Each setting is judged on an inner split against all knobs off; knobs of which the data
// say nothing are named.
func TestEvalKnobs(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	args := []string{
		"eval", "knobs", "--embedders", "lsa", "--arm", "als", "--set", "als.dims=8", "--resamples", "100", "-n", "5",
		"--knobs", "popularity,diversity,cost,rotate,disliked,explore", "--output", "json",
	}
	var got, again knobsJSON
	decode(t, s.must(args...), &got)
	if !strings.Contains(got.Protocol, "inner") || got.Arm != "als" || got.People == 0 || len(got.Rows) == 0 || got.Rows[0].Knob != "off" {
		t.Fatalf("got %+v", got)
	}
	off := got.Rows[0]
	for _, r := range got.Rows {
		if r.NDCG.Value == nil || r.Diversity.Value == nil || r.Difference.Value == nil {
			t.Fatalf("%s %v: %+v", r.Knob, r.Value, r)
		}
		if r.Knob == "popularity" && (r.Value < 0) != (r.Popularity < off.Popularity) {
			t.Errorf("popularity %v lists movies of popularity %v, off %v", r.Value, r.Popularity, off.Popularity)
		}
		if r.Knob == "diversity" && r.Value == 0.5 && *r.Diversity.Value <= *off.Diversity.Value {
			t.Errorf("diversity %v within lists, off %v", *r.Diversity.Value, *off.Diversity.Value)
		}
	}
	for _, name := range []string{"cost", "rotate"} {
		if !slices.ContainsFunc(got.Notes, func(n string) bool { return strings.HasPrefix(n, name+" is not turned") }) {
			t.Errorf("no note of %s in %q", name, got.Notes)
		}
	}
	decode(t, s.must(args...), &again)
	for i, r := range again.Rows {
		if r.Popularity != got.Rows[i].Popularity || *r.NDCG.Value != *got.Rows[i].NDCG.Value {
			t.Errorf("a second run has another %s %v", r.Knob, r.Value)
		}
	}
	if out := s.must("eval", "knobs", "--held", "--arm", "content-ratings-popularity", "--knobs", "per_collection", "--resamples", "0"); strings.Contains(out, "inner") {
		t.Errorf("with --held:\n%s", out)
	}
	if _, errs, code := s.run("eval", "knobs", "--knobs", "volume"); code != 2 || !strings.Contains(errs, "diversity") {
		t.Errorf("an unknown knob: exit %d, %s", code, errs)
	}
	if _, errs, code := s.run("eval", "knobs", "--protocol", "ratings"); code != 2 || !strings.Contains(errs, "no lists") {
		t.Errorf("of ratings: exit %d, %s", code, errs)
	}
}
