package eval

import (
	"context"
	"maps"
	"slices"
)

// curveMeasures are those that a report draws by k.
var curveMeasures = []measure{{"ndcg", ndcg}, {"recall", recall}}

// accuracySheet is over the people with truth: [ks x measures].
func (r *run) accuracySheet(ks []int, of []measure) *sheet {
	var figures []figure
	for _, k := range ks {
		for _, m := range of {
			figures = append(figures, figure{name: MetricName(m.name, k), over: len(figures), by: perPerson})
		}
	}
	return newSheet(len(r.people), r.lists, len(figures), figures, func(place int) bool {
		return len(r.split.Truth[r.people[place]]) > 0
	})
}

// score judges a list that the bench has looked at against truth movies.
func (r *run) score(b *bench, model, place, truth int) {
	fill := func(s *sheet, ks []int, of []measure) {
		out := s.at(s.row[place], model)
		for i, k := range ks {
			for j, m := range of {
				out[i*len(of)+j] = m.of(b.hits, truth, k)
			}
		}
	}
	fill(r.accuracy, r.cfg.Cutoffs, measures)
	fill(r.curve, r.cfg.Curve, curveMeasures)
	if r.portions != nil {
		r.scorePortions(b, model, place)
	}
}

// points returns the curve of one model.
func (r *run) points(model int) []CurvePoint {
	all := make(map[string]Estimate)
	r.curve.estimates(model, all)
	var out []CurvePoint
	for _, k := range r.cfg.Curve {
		out = append(out, CurvePoint{K: k, NDCG: all[MetricName("ndcg", k)], Recall: all[MetricName("recall", k)]})
	}
	return out
}

// sources counts the places of the latest list that earned something, by source.
func (b *bench) sources(names []string) map[string]int {
	out := make(map[string]int)
	for i, row := range b.rows {
		if row != nowhere {
			out[names[i]]++
		}
	}
	return out
}

// sources returns the share of all places from each source, given how many of
// each person's list they were; nil if none is known.
func (r *run) sources(ctx context.Context, counts []map[string]int) (map[string]Estimate, error) {
	known := make(map[string]int)
	for _, c := range counts {
		for name := range c {
			known[name] = 0
		}
	}
	if len(known) == 0 {
		return nil, nil
	}
	var figures []figure
	for i, name := range slices.Sorted(maps.Keys(known)) {
		known[name] = i
		figures = append(figures, figure{name: name, over: i, by: len(known)})
	}
	s := newSheet(len(r.people), []bool{true}, len(known)+1, figures, func(int) bool { return true })
	for place, c := range counts {
		out := s.at(place, 0)
		for name, n := range c {
			out[known[name]] = float64(n)
			out[len(known)] += float64(n)
		}
	}
	if err := s.resample(ctx, r.cfg); err != nil {
		return nil, err
	}
	shares := make(map[string]Estimate)
	s.estimates(0, shares)
	return shares, nil
}
