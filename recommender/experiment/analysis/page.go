package analysis

import (
	"fmt"
	"io"
	"time"

	"marquee/catalog/report"
	"marquee/recommender/eval"
)

// WriteHTML writes r as a page that stands on its own, with charts.
func (r *Result) WriteHTML(w io.Writer) error {
	p := report.Page{
		Title:    "Experiment " + r.Experiment,
		Subtitle: fmt.Sprintf("%s, %s to %s UTC, lists judged after %s", r.Mode, stamp(r.Start), stamp(r.AsOf), r.Window),
		Lead:     r.lead(),
	}
	for _, section := range []func() (report.Section, error){r.trust, r.pageDifferences, r.pageLooks, r.pageDuel, r.pageArms, r.pagePolicies} {
		s, err := section()
		if err != nil {
			return err
		}
		if len(s.Parts) > 0 {
			p.Sections = append(p.Sections, s)
		}
	}
	return p.Write(w)
}

// lead tells the outcome at a glance.
func (r *Result) lead() []report.Fact {
	valid := report.Fact{Name: "figures", Value: "may be believed", Tone: report.Good}
	if !r.Valid {
		valid = report.Fact{Name: "figures", Value: "invalid", Tone: report.Bad}
	}
	facts := []report.Fact{valid}
	for _, a := range r.Arms {
		facts = append(facts, report.Fact{Name: "people in " + a.Name, Value: report.Count(int64(a.People))})
	}
	for _, d := range r.Differences {
		if d.Metric == Acceptance {
			facts = append(facts, report.Fact{Name: "acceptance of " + d.Arm, Value: metricOf(Acceptance).format(true)(d.Estimate.Value) + ", " + orNone(d.Verdict), Tone: d.Verdict.tone()})
		}
	}
	if d := r.Duel; d != nil {
		facts = append(facts, report.Fact{Name: "preference for " + d.Arms[1], Value: string(d.Verdict), Tone: d.Verdict.tone()})
	}
	return facts
}

// orNone writes a verdict that there may be none of.
func orNone(v Verdict) string {
	if v == Unmarked {
		return "too few people"
	}
	return string(v)
}

func (v Verdict) tone() report.Tone {
	switch v {
	case Better:
		return report.Good
	case Worse:
		return report.Bad
	}
	return report.Plain
}

// trust tells whether the figures may be believed.
func (r *Result) trust() (report.Section, error) {
	s := report.Section{Title: "Before reading on"}
	text := append([]string{}, r.Problems...)
	text = append(text, r.Notes...)
	if len(text) > 0 {
		s.Parts = append(s.Parts, report.Part{Text: text})
	}
	if len(r.Sample.Expected) > 0 {
		t := &report.Table{
			Caption: "People by arm. Chi-square test, p " + chance(r.Sample.P) + fmt.Sprintf("; below %g the report is invalid.", MismatchP),
			Header:  []string{"arm", "people", "by the weights"}, Number: []bool{false, true, true},
		}
		for i, a := range r.Arms {
			t.Rows = append(t.Rows, report.Row(a.Name, report.Count(int64(r.Sample.People[i])), fmt.Sprintf("%.0f", r.Sample.Expected[i])))
		}
		s.Parts = append(s.Parts, report.Part{Title: "Sample ratio", Table: t})
	}
	return s, nil
}

// pageArms shows every metric of every arm, in a chart each, for their units differ.
func (r *Result) pageArms() (report.Section, error) {
	s := report.Section{Title: "Arms"}
	var names []string
	for _, a := range r.Arms {
		names = append(names, a.Name)
	}
	for _, m := range r.Metrics {
		var values []report.Interval
		for _, a := range r.Arms {
			values = append(values, interval(a.Metrics[m.Name]))
		}
		f, err := report.Panels(m.Name, "The "+m.Name+" of each arm with its interval.", m.Name, names, m.format(false), report.Panel{Values: values})
		if err != nil {
			return s, err
		}
		s.Parts = append(s.Parts, report.Part{Text: []string{m.Name + ": " + m.About + "."}, Figure: f})
	}
	return s, nil
}

func interval(e eval.Estimate) report.Interval {
	return report.Interval{Value: e.Value, Low: e.Low, High: e.High}
}

// pageDifferences is the table of all differences.
func (r *Result) pageDifferences() (report.Section, error) {
	s := report.Section{Title: "Differences"}
	if len(r.Differences) == 0 {
		return s, nil
	}
	t := &report.Table{
		Header: []string{"arm", "metric", "at any look", "p", "p, Holm", "verdict", "at one look", "p", "adjusted for before", "variance", "detectable"},
		Number: []bool{false, false, true, true, true, false, true, true, true, true, true},
	}
	for _, d := range r.Differences {
		f := metricOf(d.Metric).format(true)
		adjusted, variance := "–", "–"
		if d.Adjusted != nil {
			adjusted, variance = ranged(d.Adjusted.Estimate, f), fmt.Sprintf("%+.0f%%", -100*d.Adjusted.Reduction)
		}
		row := report.Row(d.Arm, d.Metric, ranged(d.Sequence, f), chance(d.Always), chance(d.AlwaysHolm), string(d.Verdict),
			ranged(d.Estimate, f), chance(d.P), adjusted, variance, f(float64(d.Detectable)))
		row[5].Tone = d.Verdict.tone()
		t.Rows = append(t.Rows, row)
	}
	s.Parts = append(s.Parts, report.Part{
		Text: []string{
			"Each arm minus " + r.Control + ", of shares in percentage points (pp). The first interval may be looked at, and acted upon, on any day; the second holds for one look at a time that was set beforehand, and so does the least effect that is found with a power of 80%.",
			"The p-values of any look are corrected for the number of metrics and arms by Holm's procedure, and decide the verdict, unless the difference has turned since. Adjusted differences are those less what the same metric of these people before the experiment explains (CUPED).",
		},
		Table: t,
	})
	return s, nil
}

// pageLooks shows how differences came about.
func (r *Result) pageLooks() (report.Section, error) {
	s := report.Section{Title: "Day by day"}
	for _, d := range r.Differences {
		if len(d.Looks) == 0 {
			continue
		}
		f, err := looksFigure(d.Metric+": "+d.Arm+" minus "+r.Control, metricOf(d.Metric).Share, d.Looks)
		if err != nil {
			return s, err
		}
		s.Parts = append(s.Parts, report.Part{Figure: f})
	}
	return s, nil
}

// looksFigure draws an estimate over time between the ends of its sequence.
func looksFigure(title string, share bool, looks []Look) (*report.Figure, error) {
	scale, unit := 1.0, "difference"
	if share {
		scale, unit = 100, "difference in percentage points"
	}
	var times []time.Time
	series := []report.Series{{Name: "difference"}, {Name: "upper end, at any look"}, {Name: "lower end, at any look"}}
	for _, l := range looks {
		times = append(times, l.At)
		for i, v := range []float64{l.Estimate.Value, l.Sequence.High, l.Sequence.Low} {
			series[i].Values = append(series[i].Values, scale*v)
		}
	}
	return report.Lines(title, "The difference at each look, between the ends of the interval that may be looked at daily. Once that interval leaves out 0, the difference is decided.", unit, times, series...)
}

func (r *Result) pageDuel() (report.Section, error) {
	s := report.Section{Title: "Interleaving"}
	d := r.Duel
	if d == nil {
		return s, nil
	}
	f := signedPercent
	s.Parts = append(s.Parts, report.Part{
		Text: []string{
			"Everybody got lists to which both arms contributed in turn. A person prefers the arm of which they watched more movies within the window; every person counts once.",
			fmt.Sprintf("Preference for %s, from -100%% to +100%%: %s at any look, p %s. At one look %s, sign test p %s.",
				d.Arms[1], ranged(d.Sequence, f), chance(d.Always), ranged(d.Preference, f), chance(d.P)),
		},
		Table: &report.Table{
			Header: []string{"arm", "preferred by", "movies watched"}, Number: []bool{false, true, true},
			Rows: [][]report.Cell{
				report.Row(d.Arms[0], report.Count(int64(d.Prefer[0])), report.Count(d.Credit[0])),
				report.Row(d.Arms[1], report.Count(int64(d.Prefer[1])), report.Count(d.Credit[1])),
				report.Row("neither", report.Count(int64(d.Even)), ""),
			},
		},
	})
	if len(d.Looks) == 0 {
		return s, nil
	}
	figure, err := looksFigure("Preference for "+d.Arms[1], true, d.Looks)
	s.Parts = append(s.Parts, report.Part{Figure: figure})
	return s, err
}

func (r *Result) pagePolicies() (report.Section, error) {
	s := report.Section{Title: "Other policies"}
	for _, o := range r.Policies {
		f := metricOf(Watched).format(false)
		figure, err := report.Panels(o.Policy+", from the lists of "+o.Arm, "Movies of a list watched within the window, as the lists were and as estimated for the policy.",
			"movies watched of a list", []string{"as shown", "IPS", "SNIPS", "doubly robust"}, f,
			report.Panel{Values: []report.Interval{interval(o.Shown), interval(o.IPS), interval(o.SNIPS), interval(o.DR)}})
		if err != nil {
			return s, err
		}
		text := append([]string{fmt.Sprintf("%s lists; %s of their movies were drawn; %d movies with a weight count as %.0f of one weight; the largest weight is %.1f.",
			report.Count(o.Lists), report.Percent(o.Explored), o.Weighted, o.Effective, o.MaxWeight)}, o.Warnings...)
		s.Parts = append(s.Parts, report.Part{Title: o.Policy + ", arm " + o.Arm, Text: text, Figure: figure})
	}
	return s, nil
}
