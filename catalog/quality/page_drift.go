package quality

import (
	"fmt"
	"strconv"

	"marquee/catalog/report"
	"marquee/catalog/stats"
)

// driftSection compares the two windows.
func (r *Result) driftSection() (report.Section, error) {
	d := r.Drift
	s := report.Section{Title: "Drift"}
	if d.Reference == nil {
		s.Parts = []report.Part{{Text: []string{"There are no events to compare."}}}
		return s, nil
	}
	s.Parts = append(s.Parts, report.Part{Text: []string{
		fmt.Sprintf("Reference: %s. Current: %s (event time, UTC; %s).", d.Reference, d.Current, basisText[d.Basis]),
		fmt.Sprintf("Moderate from a PSI of %v, a KS distance of %v or a Cramér's V of %v; large from %v, %v or %v; and a corrected p-value below %v.",
			d.Thresholds.PSIModerate, d.Thresholds.DistanceModerate, d.Thresholds.CramersModerate, d.Thresholds.PSILarge, d.Thresholds.DistanceLarge, d.Thresholds.CramersLarge, d.Alpha),
	}, Table: d.verdicts()})
	if figures := d.table(); len(figures.Rows) > 0 {
		s.Parts = append(s.Parts, report.Part{Title: "Figures", Table: figures})
	}
	for i := range d.Features {
		f, err := d.Features[i].figure()
		if err != nil {
			return s, err
		}
		if f != nil {
			s.Parts = append(s.Parts, report.Part{Figure: f})
		}
	}
	return s, nil
}

// basisText says how windows were chosen.
var basisText = map[string]string{
	"given": "as given", "weeks": "the last week and the one before", "halves": "the halves of a span shorter than two weeks", "none": "none",
}

// verdicts returns the verdict on each feature.
func (d Drift) verdicts() *report.Table {
	t := &report.Table{Header: []string{"feature", "what", "verdict", "why", "reference", "effective", "current", "effective"}, Number: []bool{false, false, false, false, true, true, true, true}}
	for _, f := range d.Features {
		row := append(report.Row(f.Name, f.About), f.Verdict.cell())
		t.Rows = append(t.Rows, append(row, report.Row(f.Why, report.Count(f.Reference), report.Count(int64(f.ReferenceN)), report.Count(f.Current), report.Count(int64(f.CurrentN)))...))
	}
	return t
}

// table returns the figures of the features that were compared.
func (d Drift) table() *report.Table {
	t := &report.Table{
		Header: []string{"feature", "PSI", "interval", "chance", "KS distance", "interval", "Cramér's V", "means differ by", "Cliff's delta", "Wasserstein", "p", "p, corrected"},
		Number: []bool{false, true, true, true, true, true, true, true, true, true, true, true},
	}
	for _, f := range d.Features {
		if !f.Verdict.compared() {
			continue
		}
		t.Rows = append(t.Rows, report.Row(f.Name, figure(f.PSI), interval(f.PSILow, f.PSIHigh), figure(f.PSIChance),
			figure(f.Distance), interval(f.DistanceLow, f.DistanceHigh), figure(f.CramersV),
			deviations(f.MeanDifference), figure(f.CliffsDelta), deviations(f.Wasserstein), figure(f.P), figure(f.PCorrected)))
	}
	return t
}

func interval(low, high *float64) string {
	if low == nil || high == nil {
		return ""
	}
	return figure(low) + " to " + figure(high)
}

// deviations writes a figure in standard deviations.
func deviations(v *float64) string {
	if v == nil {
		return ""
	}
	return figure(v) + " sd"
}

// figure writes an optional figure with three digits.
func figure(v *float64) string {
	if v == nil {
		return ""
	}
	if *v == 0 {
		return "0"
	}
	return strconv.FormatFloat(*v, 'g', 3, 64)
}

func (v Verdict) cell() report.Cell {
	switch v {
	case DriftLarge:
		return report.Cell{Text: "large", Tone: report.Bad}
	case DriftModerate:
		return report.Cell{Text: "moderate", Tone: report.Warn}
	case DriftNone:
		return report.Cell{Text: "none", Tone: report.Good}
	case DriftTooFew:
		return report.Cell{Text: "too few"}
	}
	return report.Cell{Text: "not compared"}
}

// figure returns the chart of a feature: two cumulative curves of a number, the
// shares of the words of a category; nil if it was not compared.
func (f *Feature) figure() (*report.Figure, error) {
	title := fmt.Sprintf("%s: %s", f.Name, f.Verdict)
	switch {
	case !f.Verdict.compared():
		return nil, nil
	case f.Kind == KindNumber:
		return report.Distributions(title, "The cumulative shares of "+f.About+" in the two windows: "+f.Why+".", axis(f.Name, f.Unit),
			distribution("reference", f.reference), distribution("current", f.current))
	}
	var labels []string
	a, b := report.Series{Name: "reference"}, report.Series{Name: "current"}
	for _, c := range f.Cells[:min(maxWords, len(f.Cells))] {
		labels = append(labels, c.Label)
		a.Values = append(a.Values, c.Reference/float64(max(1, f.Reference)))
		b.Values = append(b.Values, c.Current/float64(max(1, f.Current)))
	}
	return report.Bars(title, "The shares of "+f.About+" in the two windows: "+f.Why+".", "share of the window", labels, report.Percent, a, b)
}

// maxCurve is how many steps a cumulative curve is drawn with.
const maxCurve = 200

// distribution returns the cumulative curve of a sample, thinned evenly by ranks.
func distribution(name string, s stats.Sample) report.Distribution {
	d := report.Distribution{Name: name}
	n, sum, drawn := s.N(), 0.0, 0.0
	for i, v := range s.Values {
		sum += s.Weights[i]
		last := i == len(s.Values)-1
		if !last && s.Values[i+1] == v || !last && len(d.X) > 0 && sum-drawn < n/maxCurve {
			continue
		}
		drawn = sum
		d.X, d.Y = append(d.X, v), append(d.Y, min(1, sum/n))
	}
	return d
}
