package analysis

import (
	"context"
	"fmt"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/catalog/stats"
)

// Analyse judges an experiment as of a time. Options that are not valid, and an experiment
// that had not begun by then, are errors that wrap [catalog.ErrInvalid]; too little to say
// anything of is none, and stands in the result. The same data give the same result, to
// the bit.
func Analyse(ctx context.Context, source Source, exp catalog.Experiment, opts Options) (*Result, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if err := exp.Validate(); err != nil {
		return nil, err
	}
	if !opts.AsOf.After(exp.Start) {
		return nil, fmt.Errorf("experiment %s begins at %s, not before %s, as of which it is to be judged: %w", exp.Name, stamp(exp.Start), stamp(opts.AsOf), catalog.ErrInvalid)
	}
	s := newStudy(source, exp, opts)
	if err := s.gather(ctx); err != nil {
		return nil, err
	}
	if err := s.measure(ctx); err != nil {
		return nil, err
	}
	r := s.result()
	policies, err := s.offPolicy(ctx)
	r.Policies = policies
	return r, err
}

// result puts together what was measured.
func (s *study) result() *Result {
	r := &Result{
		Experiment: s.exp.Name, Mode: s.exp.Mode, Control: s.exp.Arms[0].Name, Start: s.from.UTC(), AsOf: s.opts.AsOf.UTC(),
		Window: span(s.opts.Window), Before: s.pre.Add(s.opts.Window).UTC(), Valid: true, Problems: []string{}, Notes: []string{},
		Sample: s.sample(),
	}
	last := s.looks[len(s.looks)-1]
	for g, name := range s.groups {
		r.Arms = append(r.Arms, Arm{Name: name, People: last.people[g]})
	}
	for i := range s.people {
		p := &s.people[i]
		r.Arms[p.group].Lists += int64(p.during.lists)
	}
	s.fill(r)
	if s.exp.Mode == catalog.ExperimentInterleave {
		r.Duel = s.duelling()
	}
	correct(r.Differences)
	s.tell(r)
	return r
}

// fill adds metrics and differences.
func (s *study) fill(r *Result) {
	last := s.looks[len(s.looks)-1]
	for i := range r.Arms {
		r.Arms[i].Metrics = newFigures()
	}
	for i, m := range metrics {
		if last.ratios[i] == nil || !s.told(i) {
			continue
		}
		r.Metrics = append(r.Metrics, m)
		for g, ratio := range last.ratios[i] {
			r.Arms[g].Metrics[m.Name] = figure(ratio)
			if g > 0 {
				r.Differences = append(r.Differences, s.difference(i, g))
			}
		}
	}
	s.fillVarieties(r)
}

// told reports whether there is anything to tell of a metric.
func (s *study) told(i int) bool {
	last := s.looks[len(s.looks)-1]
	any := false
	for _, r := range last.ratios[i] {
		any = any || known(r.Value())
	}
	switch metrics[i].Name {
	case Cost:
		return any && s.priced
	case Clicks, Dismissals:
		return any && len(s.marks) > 0
	}
	return any
}

// fillVarieties adds the metrics of all lists together.
func (s *study) fillVarieties(r *Result) {
	if !s.opts.wants(Coverage) && !s.opts.wants(Gini) {
		return
	}
	all, lists := s.varieties()
	if all == nil {
		r.Notes = append(r.Notes, fmt.Sprintf("coverage and gini are not told: want lists of %d people in each arm", 2*leastRare))
		return
	}
	r.Notes = append(r.Notes, fmt.Sprintf("coverage and gini are of the first lists of %d people of each arm, as many as the smallest allows", lists))
	for _, name := range []string{Coverage, Gini} {
		if !s.opts.wants(name) {
			continue
		}
		r.Metrics = append(r.Metrics, metricOf(name))
		for g, v := range all {
			mine, control := v.coverage, all[0].coverage
			if name == Gini {
				mine, control = v.gini, all[0].gini
			}
			r.Arms[g].Metrics[name] = mine
			if g == 0 {
				continue
			}
			d := newDifference(s.groups[g], name, mine.Value-control.Value)
			d.Lift = Real(d.Estimate.Value / control.Value)
			variance := varianceOf(mine) + varianceOf(control)
			d.Estimate, d.P = estimate(d.Estimate.Value, variance), Real(stats.NormalP(d.Estimate.Value, variance))
			r.Differences = append(r.Differences, d)
		}
	}
}

// sample holds the people of the arms against the weights.
func (s *study) sample() Sample {
	out := Sample{P: Real(nan), Testers: s.testers, Crossed: s.crossed, TooYoung: s.tooYoung}
	all, whole := 0.0, 0.0
	for _, n := range s.assigned {
		out.People = append(out.People, int(n))
		all += n
	}
	if len(s.groups) == 1 {
		return out
	}
	var weights []float64
	for _, a := range s.exp.Arms {
		weights = append(weights, a.Weight)
		whole += a.Weight
	}
	for _, w := range weights {
		out.Expected = append(out.Expected, all*w/whole)
	}
	out.P = Real(stats.Fit(s.assigned, weights).P)
	return out
}

// span writes a duration without zeros at its end: "24h".
func span(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
