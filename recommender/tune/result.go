package tune

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"marquee/recommender/eval"
)

// A Result is what a search found. It marshals to JSON.
type Result struct {
	Kind     string `json:"kind"`
	Data     string `json:"data"`
	Metric   string `json:"metric"`
	Minimize bool   `json:"minimize"`
	Seed     uint64 `json:"seed"`
	Journal  string `json:"journal"` // file
	Complete bool   `json:"complete"`

	Rows     []Row         `json:"candidates"` // best first; those that failed last
	Best     Row           `json:"best"`
	Defaults *Row          `json:"defaults"` // nil if they were not tried or failed
	Gain     eval.Estimate `json:"gain"`     // score of the best minus that of the defaults, on one rung; NaN if that is not known
	Warnings []string      `json:"warnings"`

	space []string // names, in the kind's order
}

// A Row is one candidate.
type Row struct {
	Candidate int                `json:"candidate"` // 0 for the settings as they are
	Params    map[string]float64 `json:"params,omitempty"`
	Settings  json.RawMessage    `json:"settings"`
	Share     float64            `json:"share"`   // of the effort on the highest rung that it reached
	Score     eval.Estimate      `json:"score"`   // there
	Seconds   float64            `json:"seconds"` // of all its trials
	Error     string             `json:"error,omitempty"`

	people []float64
}

// result puts everything in order.
func (s *search) result() (*Result, error) {
	out := &Result{
		Kind: s.task.Kind.Name, Data: s.task.Data, Metric: s.task.Metric, Minimize: s.task.Minimize, Seed: s.cfg.Seed, Journal: s.journal.name,
		Complete: s.missing == 0, Gain: none(math.NaN()), Warnings: []string{},
	}
	for _, p := range s.task.Kind.Space {
		out.space = append(out.space, p.Name)
	}
	var order []int
	for n := range s.candidates {
		if _, tried := s.reached[n]; tried {
			order = append(order, n)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return s.order(s.reached[a], s.reached[b]) })
	for _, n := range order {
		out.Rows = append(out.Rows, s.row(n))
	}
	switch {
	case len(out.Rows) == 0:
		return nil, fmt.Errorf("no trial ended within %s; give more time, or a smaller share of the effort for the first rung: more rungs", s.cfg.Budget)
	case out.Rows[0].Error != "":
		return nil, fmt.Errorf("all %d settings that were tried failed; the first with %s: %s", len(out.Rows), out.Rows[0].Settings, out.Rows[0].Error)
	}
	out.Best = out.Rows[0]
	s.compare(out)
	s.warn(out)
	return out, nil
}

func (s *search) row(n int) Row {
	t, c := s.reached[n], s.candidates[n]
	row := Row{Candidate: n, Params: c.params, Settings: c.settings, Share: t.Share, Score: none(t.Score), Seconds: s.seconds[n], Error: t.Error}
	if t.failed() {
		row.Score = none(math.NaN())
	}
	if meanOf(t.People, t.Score) {
		row.people = t.People
		row.Score.Low, row.Score.High = eval.Interval(t.People, s.cfg.Resamples, s.cfg.Seed)
	}
	return row
}

// compare sets the best against the settings as they are.
func (s *search) compare(r *Result) {
	i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Candidate == 0 && row.Error == "" })
	if i < 0 {
		return
	}
	as := r.Rows[i]
	r.Defaults = &as
	if as.Share != r.Best.Share {
		return
	}
	r.Gain = none(r.Best.Score.Value - as.Score.Value)
	if r.Best.Candidate == 0 || len(as.people) == 0 || len(as.people) != len(r.Best.people) {
		return
	}
	differences := make([]float64, len(as.people))
	for i := range differences {
		differences[i] = r.Best.people[i] - as.people[i]
	}
	r.Gain.Low, r.Gain.High = eval.Interval(differences, s.cfg.Resamples, s.cfg.Seed)
}

func (s *search) warn(r *Result) {
	warn := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	if s.missing > 0 {
		warn("there was no time for %d trials; start the search again to go on", s.missing)
	}
	if r.Best.Share < 1 {
		warn("nothing was judged in full: the best saw %.3g of the effort", r.Best.Share)
	}
	if n := len(s.candidates); n < s.cfg.Candidates {
		warn("the space has no more than some %d settings; %d were asked for", n, s.cfg.Candidates)
	}
	if s.failed > 0 {
		warn("%d settings failed", s.failed)
	}
	switch {
	case r.Defaults == nil:
		warn("the settings as they are failed, so that there is nothing to compare with")
	case r.Gain.Interval() && r.Gain.Low <= 0 && r.Gain.High >= 0:
		warn("these people cannot tell the best from the settings as they are; keep those")
	}
	if r.Best.Share == 1 && r.Best.Candidate != 0 && !r.Gain.Interval() && r.Defaults != nil && s.cfg.Resamples > 0 {
		warn("there are no scores by person whose mean is %s, hence no interval of the gain", s.task.Metric)
	}
}

// meanOf reports whether score is the mean of xs; only then the bootstrap of
// their mean says something about it.
func meanOf(xs []float64, score float64) bool {
	if len(xs) == 0 {
		return false
	}
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return math.Abs(sum/float64(len(xs))-score) <= 1e-6*max(1, math.Abs(score))
}

func none(value float64) eval.Estimate {
	return eval.Estimate{Value: value, Low: math.NaN(), High: math.NaN()}
}

// WriteTable prints r for people, with at most top candidates; 0 for all. The
// error is that of w.
func (r *Result) WriteTable(w io.Writer, top int) error {
	way := "largest first"
	if r.Minimize {
		way = "smallest first"
	}
	if _, err := fmt.Fprintf(w, "%s by %s, %s, seed %d, data %s: %d settings\n\n", r.Kind, r.Metric, way, r.Seed, r.Data, len(r.Rows)); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "candidate\t%s\t%s\tof the effort\tseconds\n", strings.Join(r.space, "\t"), r.Metric)
	for i, row := range r.Rows {
		if top > 0 && i >= top {
			break
		}
		fmt.Fprintln(t, r.line(row))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.Defaults != nil {
		text := "candidate 0, the settings as they are, is the best"
		if r.Best.Candidate != 0 {
			text = fmt.Sprintf("candidate %d against the settings as they are (candidate 0): %s", r.Best.Candidate, difference(r.Gain))
		}
		if _, err := fmt.Fprintf(w, "\n%s\n", text); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(w, "best settings: %s\n", r.Best.Settings); err != nil {
		return err
	}
	for _, warning := range r.Warnings {
		if _, err := fmt.Fprintf(w, "warning: %s\n", warning); err != nil {
			return err
		}
	}
	return nil
}

func (r *Result) line(row Row) string {
	cells := []string{strconv.Itoa(row.Candidate)}
	var settings map[string]json.RawMessage
	if json.Unmarshal(row.Settings, &settings) != nil {
		settings = nil
	}
	for _, name := range r.space {
		cells = append(cells, string(settings[name]))
	}
	score := row.Score.String()
	if row.Error != "" {
		score = fmt.Sprintf("failed: %.80s", strings.Join(strings.Fields(row.Error), " "))
	}
	return strings.Join(append(cells, score, strconv.FormatFloat(row.Share, 'g', 3, 64), strconv.FormatFloat(row.Seconds, 'f', 1, 64)), "\t")
}

func difference(e eval.Estimate) string {
	if !e.Interval() {
		return fmt.Sprintf("%+.4f", e.Value)
	}
	return fmt.Sprintf("%+.4f [%+.4f, %+.4f]", e.Value, e.Low, e.High)
}
