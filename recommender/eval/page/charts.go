package page

import (
	"fmt"
	"math"
	"slices"

	"marquee/catalog/report"
	"marquee/recommender/eval"
)

// tradeoff shows accuracy against coverage.
func (p *sheet) tradeoff() (report.Section, error) {
	s := report.Section{Title: "Accuracy against coverage"}
	accuracy, coverage := eval.MetricName("ndcg", p.k), eval.MetricName("rarefied_coverage", p.k)
	axis := fmt.Sprintf("coverage@%d of %s lists", p.k, report.Count(int64(p.RarefiedTo)))
	if !p.has(coverage) {
		coverage = eval.MetricName("coverage", p.k)
		axis = coverage
	}
	var points []report.Point
	for _, m := range p.order {
		point := report.Point{Name: m.Name, X: interval(estimate(m.Metrics, coverage)), Y: interval(estimate(m.Metrics, accuracy))}
		if m.Name == p.baseline {
			point.Group = 1
		}
		if !math.IsNaN(point.X.Value) && !math.IsNaN(point.Y.Value) && len(points) < report.MaxPoints {
			points = append(points, point)
		}
	}
	if len(points) == 0 {
		return s, nil
	}
	var groups []string
	if p.baseline != "" {
		groups = []string{"model", "baseline"}
	}
	f, err := report.Points(accuracy+" against "+coverage, "A dot for each model: the higher, the more accurate; the further right, the more of the catalog its lists show. Bars are intervals.",
		axis, accuracy, groups, three, points...)
	s.Parts = []report.Part{{
		Text:   []string{"Up is more accurate, right is more of the catalog shown. A model is worth its place if no other stands both above and to the right of it."},
		Figure: f,
	}}
	return s, err
}

// curves show accuracy by the length of the list.
func (p *sheet) curves() (report.Section, error) {
	s := report.Section{Title: "By length of the list"}
	for _, c := range []struct {
		name string
		of   func(eval.CurvePoint) float64
	}{
		{"Recall", func(at eval.CurvePoint) float64 { return at.Recall.Value }},
		{"NDCG", func(at eval.CurvePoint) float64 { return at.NDCG.Value }},
	} {
		var curves []report.Curve
		for _, m := range p.order {
			one := report.Curve{Name: m.Name}
			for _, at := range m.Curve {
				if v := c.of(at); !math.IsNaN(v) {
					one.X, one.Y = append(one.X, float64(at.K)), append(one.Y, v)
				}
			}
			if len(one.X) > 0 && len(curves) < report.MaxCurves {
				curves = append(curves, one)
			}
		}
		if len(curves) == 0 {
			continue
		}
		f, err := report.Curves(c.name+" by k", c.name+" of the first k movies of the lists, a line for each model.", "k, movies of the list that count", c.name+"@k", false, three, curves...)
		if err != nil {
			return s, err
		}
		s.Parts = append(s.Parts, report.Part{Figure: f})
	}
	return s, nil
}

// longTail shows which share of the places went to the most popular movies.
func (p *sheet) longTail() (report.Section, error) {
	s := report.Section{Title: "Where the places go"}
	var curves []report.Curve
	add := func(name string, tail []eval.TailPoint) {
		one := report.Curve{Name: name}
		for _, at := range tail {
			one.X, one.Y = append(one.X, at.Movies), append(one.Y, at.Places)
		}
		if len(one.X) > 0 && len(curves) < report.MaxCurves {
			curves = append(curves, one)
		}
	}
	add("what people watched", p.LongTail)
	for _, m := range p.order {
		add(m.Name, m.LongTail)
	}
	if len(curves) == 0 || len(curves) == 1 && len(p.LongTail) > 0 {
		return s, nil
	}
	// All lines end in 1, so their names stand where the lines are apart.
	cut := 0.3
	for i := range curves {
		at, _ := slices.BinarySearch(curves[i].X, cut+1e-9)
		curves[i].X, curves[i].Y = curves[i].X[:at], curves[i].Y[:at]
	}
	f, err := report.Curves("Long tail", "Which share of all places in lists went to the most popular movies, up to three tenths of the catalog.",
		"movies, the most popular first", "share of the places", true, report.Percent, curves...)
	s.Parts = []report.Part{{
		Text:   []string{"How much of what was listed went to the most popular movies. A line above what people watched makes the popular more popular; one below it reaches into the long tail."},
		Figure: f,
	}}
	return s, err
}

// sliceTitles name the kinds of slices.
var sliceTitles = map[string]string{
	"age": "By age", "gender": "By gender", "occupation": "By occupation", "history": "By length of history", "popularity": "By popularity of the held-out movie", "genre": "By genre of the held-out movie",
}

// slices show the accuracy of the first models in parts of the people and of the
// truth; tables have all models.
func (p *sheet) slices() (report.Section, error) {
	s := report.Section{Title: "By slice"}
	var kinds []string
	for _, one := range p.Slices {
		if !slices.Contains(kinds, one.By) {
			kinds = append(kinds, one.By)
		}
	}
	metric := eval.MetricName("ndcg", p.k)
	shown := p.leaders(metric)
	for i, kind := range kinds {
		f, t, err := p.slice(kind, metric, shown)
		if err != nil {
			return s, err
		}
		part := report.Part{Title: sliceTitles[kind], Figure: f}
		if part.Title == "" {
			part.Title = "By " + kind
		}
		if f != nil {
			f.Table = t // of all models
		} else {
			part.Table = t
		}
		if i == 0 {
			part.Text = []string{fmt.Sprintf("%s of the best models in parts of the people, and for parts of what was held out; the tables have all models. A slice marked * has few people: a hint, no result. Slices differ in how hard they are, so compare models within a row, not rows within a model.", metric)}
		}
		s.Parts = append(s.Parts, part)
	}
	return s, nil
}

// leaders are the models that panels show: the best, with the baseline as the
// last.
func (p *sheet) leaders(metric string) []string {
	var out []string
	for _, m := range p.order {
		if !math.IsNaN(value(m.Metrics, metric)) {
			out = append(out, m.Name)
		}
	}
	n := min(len(out), report.MaxPanels)
	if at := slices.Index(out, p.baseline); at >= n {
		out[n-1] = p.baseline
	}
	return out[:n]
}

func (p *sheet) slice(kind, metric string, shown []string) (*report.Figure, *report.Table, error) {
	var rows []string
	panels := make([]report.Panel, len(shown))
	t := &report.Table{Caption: metric, Header: []string{"slice", "people", "held-out movies"}, Number: []bool{false, true, true}}
	for _, m := range p.order {
		t.Header, t.Number = append(t.Header, m.Name), append(t.Number, true)
	}
	for _, one := range p.Slices {
		if one.By != kind {
			continue
		}
		name := one.Name
		if one.Thin {
			name += " *"
		}
		of := func(model string) eval.Estimate {
			for _, m := range one.Models {
				if m.Name == model {
					return estimate(m.Metrics, metric)
				}
			}
			return estimate(nil, metric)
		}
		row := report.Row(name, report.Count(int64(one.People)), report.Count(int64(one.Truth)))
		for _, m := range p.order {
			row = append(row, cell(of(m.Name)))
		}
		t.Rows = append(t.Rows, row)
		if len(rows) == report.MaxPanelRows {
			continue
		}
		rows = append(rows, fmt.Sprintf("%s (%s)", name, report.Count(int64(one.People))))
		for i, model := range shown {
			panels[i].Name, panels[i].Values = model, append(panels[i].Values, interval(of(model)))
		}
	}
	if len(shown) == 0 {
		return nil, t, nil
	}
	f, err := report.Panels(metric+" by "+kind, fmt.Sprintf("A column for each of %d models, a row for each slice with its number of people: a dot for %s and a bar for its interval.", len(shown), metric), metric, rows, three, panels...)
	return f, t, err
}
