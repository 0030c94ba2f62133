package analysis

import (
	"fmt"
	"time"

	"marquee/catalog"
	"marquee/catalog/stats"
	"marquee/recommender/eval"
)

func newFigures() map[string]eval.Estimate { return map[string]eval.Estimate{} }

// varianceOf returns the variance behind the interval of an estimate that was not cut.
func varianceOf(e eval.Estimate) float64 {
	one := stats.NormalMargin(1, 1-Alpha)
	margin := max(e.High-e.Value, e.Value-e.Low) / one
	return margin * margin
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// tell says what is wrong with a result, and what to know when reading it.
func (s *study) tell(r *Result) {
	problem := func(format string, args ...any) {
		r.Valid = false
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	if r.Sample.P < MismatchP {
		problem("sample-ratio mismatch: the arms have %v people, the weights want %s (p %.2g): something assigns, serves or records the arms differently, so no figure may be believed",
			r.Sample.People, wanted(r.Sample.Expected), float64(r.Sample.P))
	}
	if n := len(s.people); n > 0 && s.crossed*100 > n {
		problem("%d of %d people were in two arms: was the experiment changed while it ran?", s.crossed, n)
	} else if s.crossed > 0 {
		note("%d people were in two arms and are left out", s.crossed)
	}
	if s.strange > 0 {
		problem("%d lists name an arm that the experiment does not have", s.strange)
	}
	if s.testers > 0 {
		note("%d testers are left out", s.testers)
	}
	if s.tooYoung > 0 {
		note("%d people have no list whose window of %s is over yet", s.tooYoung, s.opts.Window)
	}
	if len(s.people) == 0 {
		note("no list of this experiment was kept from %s to %s: is it running, and does serve keep exposures?", stamp(s.from), stamp(s.opts.AsOf))
		return
	}
	s.tellThin(r, note)
	r.tellTurned(note)
	s.tellKind(r, note)
}

// wanted writes expected numbers of people.
func wanted(expected []float64) string {
	text := ""
	for i, x := range expected {
		if i > 0 {
			text += " "
		}
		text += fmt.Sprintf("%.0f", x)
	}
	return "[" + text + "]"
}

// tellThin says what there is too little of.
func (s *study) tellThin(r *Result, note func(string, ...any)) {
	for _, a := range r.Arms {
		if a.People < MinPeople {
			note("arm %s has %d people with a list whose window is over, want %d for intervals", a.Name, a.People, MinPeople)
		}
	}
	if len(r.Arms) > 1 && !r.Sample.P.Known() {
		note("too few people to hold the arms against their weights: want 5 expected in each")
	}
	adjusted := false
	for _, d := range r.Differences {
		adjusted = adjusted || d.Adjusted != nil
	}
	if len(r.Differences) > 0 && !adjusted {
		note("nothing is known of these people from %s to %s, so no difference is adjusted for the time before", stamp(r.Before), stamp(r.Start))
	}
	if s.opts.wants(Cost) && !s.priced {
		note("no movie has a license cost")
	}
	if (s.opts.wants(Clicks) || s.opts.wants(Dismissals)) && len(s.marks) == 0 {
		note("no feedback on these lists, so clicks and dismissals are not told")
	}
}

// tellTurned says what was decided and is the other way round by now.
func (r *Result) tellTurned(note func(string, ...any)) {
	tell := func(what string, looks []Look, now float64, format func(float64) string) {
		was := decisive(looks)
		note("%s was decided at %s by %s, and is %s by now: the effect did not last, so there is no verdict", what, format(was.Estimate.Value), stamp(was.At), format(now))
	}
	for _, d := range r.Differences {
		if d.AlwaysHolm < Alpha && turned(d.Looks, d.Estimate.Value) {
			tell("the difference of "+d.Arm+" in "+d.Metric, d.Looks, d.Estimate.Value, metricOf(d.Metric).format(true))
		}
	}
	if d := r.Duel; d != nil && d.Always < Alpha && turned(d.Looks, d.Preference.Value) {
		tell("the preference for "+d.Arms[1], d.Looks, d.Preference.Value, signedPercent)
	}
}

// tellKind says what a mode cannot tell.
func (s *study) tellKind(r *Result, note func(string, ...any)) {
	switch s.exp.Mode {
	case catalog.ExperimentShadow:
		note("the other arms are shadows: their lists were computed and compared while serving, and shown to nobody, so nothing came of them")
	case catalog.ExperimentInterleave:
		if d := r.Duel; d != nil && d.Prefer[0]+d.Prefer[1]+d.Even < MinPeople {
			note("%d people watched a movie that an arm contributed, want %d for an interval", d.Prefer[0]+d.Prefer[1]+d.Even, MinPeople)
		}
	}
	if s.explored > 0 && len(s.opts.Policies) == 0 {
		note("lists were explored: a policy can be estimated from them")
	}
}
