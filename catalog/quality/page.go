package quality

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"marquee/catalog/report"
	"marquee/catalog/stats"
)

// WriteHTML writes the result as one page that needs nothing else: no script, no
// other file.
func (r *Result) WriteHTML(w io.Writer) error {
	p := report.Page{
		Title:    "Data quality",
		Subtitle: fmt.Sprintf("%s, read %s UTC; ratings on the scale %s", orElse(r.Store, "the store"), r.At.Format("2006-01-02 15:04"), r.Scale),
		Lead:     r.lead(),
	}
	for _, section := range []func() (report.Section, error){r.checkSection, r.eventSection, r.intakeSection, r.activitySection, r.driftSection} {
		s, err := section()
		if err != nil {
			return err
		}
		p.Sections = append(p.Sections, s)
	}
	for i := range r.Tables {
		s, err := r.Tables[i].section()
		if err != nil {
			return err
		}
		p.Sections = append(p.Sections, s)
	}
	p.Sections = append(p.Sections, report.Section{Title: "How to read this page", Parts: []report.Part{{Text: readingNotes}}})
	return p.Write(w)
}

// lead returns the outcome at a glance.
func (r *Result) lead() []report.Fact {
	facts := []report.Fact{{Name: "Checks", Value: r.verdict(), Tone: r.tone()}}
	for _, t := range r.Tables {
		switch t.Name {
		case tableMovies, tableUsers, tableWatches, tableRatings, tableQuarantine:
			facts = append(facts, report.Fact{Name: t.Name, Value: report.Count(t.Rows)})
		}
	}
	moved, compared := 0, 0
	for _, f := range r.Drift.Features {
		if f.Verdict.compared() {
			compared++
		}
		if f.Verdict == DriftModerate || f.Verdict == DriftLarge {
			moved++
		}
	}
	drift := report.Fact{Name: "drift", Value: fmt.Sprintf("nothing of %d moved", compared), Tone: report.Good}
	switch {
	case r.Drift.Reference == nil:
		drift.Value, drift.Tone = "no events", report.Plain
	case compared == 0:
		drift.Value, drift.Tone = "too little to compare", report.Plain
	case moved > 0:
		drift.Value, drift.Tone = fmt.Sprintf("%d of %d features moved", moved, len(r.Drift.Features)), report.Warn
	}
	return append(facts, drift)
}

// verdict says in a few words how many checks failed.
func (r *Result) verdict() string {
	var parts []string
	for _, f := range []struct {
		n    int
		name string
	}{{r.Failed.Error, "error"}, {r.Failed.Warning, "warning"}, {r.Failed.Info, "note"}} {
		if f.n > 0 {
			parts = append(parts, plural(f.n, f.name))
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("all %d pass", len(r.Checks))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, name string) string {
	if n == 1 {
		return "1 " + name
	}
	return fmt.Sprintf("%d %ss", n, name)
}

func (r *Result) tone() report.Tone {
	switch {
	case r.Failed.Error > 0:
		return report.Bad
	case r.Failed.Warning > 0:
		return report.Warn
	}
	return report.Good
}

// checkSection shows the checks, the failed ones first.
func (r *Result) checkSection() (report.Section, error) {
	t := &report.Table{Header: []string{"outcome", "severity", "what", "check", "observed", "wanted", "why"}}
	for _, failed := range []bool{true, false} {
		for _, o := range r.Checks {
			if o.Passed == failed {
				continue
			}
			t.Rows = append(t.Rows, append([]report.Cell{o.cell()}, report.Row(string(o.Severity), o.subject(), string(o.Kind), o.Observed, o.Wanted, o.Why)...))
		}
	}
	parts := []report.Part{{Table: t}}
	if offenders := r.offenderTable(); len(offenders.Rows) > 0 {
		parts = append(parts, report.Part{Title: "Rows that were refused by a check", Text: []string{"A few of each check, whether it failed or passed within what it allows. What names a person is left out unless --show-ids was given."}, Table: offenders})
	}
	return report.Section{Title: "Checks", Parts: parts}, nil
}

func (o Outcome) cell() report.Cell {
	switch {
	case o.Nothing:
		return report.Cell{Text: "nothing to check"}
	case o.Passed:
		return report.Cell{Text: "passed", Tone: report.Good}
	case o.Severity == Error:
		return report.Cell{Text: "failed", Tone: report.Bad}
	}
	return report.Cell{Text: "failed", Tone: report.Warn}
}

func (r *Result) offenderTable() *report.Table {
	t := &report.Table{Header: []string{"what", "check", "rows or values"}}
	for _, o := range r.Checks {
		if len(o.Offenders) == 0 || o.Kind == MaxDrift {
			continue
		}
		var shown []string
		for _, one := range o.Offenders {
			shown = append(shown, one.String())
		}
		t.Rows = append(t.Rows, report.Row(o.subject(), string(o.Kind), strings.Join(shown, "; ")))
	}
	return t
}

// eventSection shows what happened when.
func (r *Result) eventSection() (report.Section, error) {
	s := report.Section{Title: "Events over time"}
	if r.Events == nil {
		s.Parts = []report.Part{{Text: []string{"There are no events."}}}
		return s, nil
	}
	s.Parts = []report.Part{{Text: []string{
		"Of a watch the store keeps the first and the last minute; both are counted, each when it happened.",
	}}}
	each := r.Events.each()
	times, series := r.Events.lines()
	for _, c := range []struct {
		what   string
		series []report.Series
	}{{"Watches", series[:seriesRated]}, {"Ratings and sign-ups", series[seriesRated:]}} {
		if !slices.ContainsFunc(c.series, func(s report.Series) bool { return total(s) > 0 }) {
			continue
		}
		f, err := report.Lines(c.what+" "+each, c.what+" over event time, in UTC, a line each.", "events "+each, times, c.series...)
		if err != nil {
			return s, err
		}
		s.Parts = append(s.Parts, report.Part{Figure: f})
	}
	return s, nil
}

// each says what a bucket is: "an hour".
func (l *Timeline) each() string {
	names := map[time.Duration]string{
		time.Second: "a second", 10 * time.Second: "in 10 seconds", time.Minute: "a minute", 10 * time.Minute: "in 10 minutes",
		time.Hour: "an hour", 24 * time.Hour: "a day", 7 * 24 * time.Hour: "a week", 364 * 24 * time.Hour: "in 52 weeks",
	}
	return names[l.width()]
}

func (l *Timeline) width() time.Duration {
	return time.Duration(l.BucketSeconds * float64(time.Second))
}

// maxChartTimes is how many times a chart over time has.
const maxChartTimes = 400

// lines returns the timeline with a 0 for every bucket in which nothing happened,
// as long as there is room: a line would be drawn across otherwise.
func (l *Timeline) lines() (times []time.Time, series []report.Series) {
	width := l.width()
	first, last := l.Times[0], l.Times[len(l.Times)-1]
	buckets := int(last.Sub(first)/width) + 1
	group := 1 + (buckets-1)/maxChartTimes
	if group > 1 {
		buckets = (buckets + group - 1) / group
	}
	for i := range buckets {
		times = append(times, first.Add(time.Duration(i*group)*width))
	}
	for _, s := range l.Series {
		one := report.Series{Name: s.Name, Values: make([]float64, buckets)}
		for i, n := range s.Counts {
			one.Values[int(l.Times[i].Sub(first)/width)/group] += float64(n) / float64(group)
		}
		series = append(series, one)
	}
	return times, series
}

// activitySection shows people by how much they did.
func (r *Result) activitySection() (report.Section, error) {
	s := report.Section{Title: "People by activity"}
	var labels []string
	one := report.Series{Name: "people"}
	var people int64
	for i, l := range r.Activity {
		label := fmt.Sprintf("%d to %d", l.From, l.To)
		switch {
		case i > 0 && l.To == 0:
			label = fmt.Sprintf("%d or more", l.From)
		case l.From == l.To:
			label = fmt.Sprint(l.From)
		}
		labels = append(labels, label)
		one.Values = append(one.Values, float64(l.People))
		people += l.People
	}
	if people == 0 {
		s.Parts = []report.Part{{Text: []string{"There are no people."}}}
		return s, nil
	}
	f, err := report.Bars("People by watches and ratings", "How many people have how many watches and ratings together.", "people", labels, report.Number, one)
	s.Parts = []report.Part{{Figure: f}}
	return s, err
}

// readingNotes explain the page.
var readingNotes = []string{
	"Missing is what is not known: an empty text, or a 0 where 0 means unknown. Distinct counts and quantiles are exact unless marked ≈: then a count is within some " +
		report.Percent(2*stats.DistinctError) + ", and a quantile within 1% of the ranks, 19 times out of 20.",
	"PSI, the population stability index, is the sum of (p-q) ln(p/q) over bins or words; the KS distance is the greatest gap between two cumulative curves; Cramér's V measures how far two sets of counts differ, from 0 to 1. Chance is the PSI that two windows of one distribution stay below 99 times of 100, and the interval of the PSI is that of what is left without chance, which alone makes it greater than 0: so it may lie below the PSI itself. p-values are corrected for the number of features (Holm).",
	"A feature has moved only if both hold: its corrected p-value says that chance is no explanation, and an effect size reaches its threshold. A person counts with at most 50 observations of a feature, and tests and intervals count effective observations, as if all those of one person were alike.",
	"A watch belongs to the window in which its last minute fell. The newest window holds a few more unfinished watches than an older one.",
}

func orElse(s, none string) string {
	if s == "" {
		return none
	}
	return s
}
