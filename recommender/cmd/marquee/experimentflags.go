package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/experiment"
)

// experimentFlags say what an experiment is.
type experimentFlags struct {
	Arm      []string `help:"An arm: NAME, and behind a colon what makes its lists differ: model=NAME of the live bundle, knobs of ranking such as diversity=0.2 (or knobs={...} in JSON), weight=NUMBER, with commas between. May be given again; the first is the control." sep:"none" env:"-" placeholder:"ARM"`
	Weight   []string `help:"Weight of an arm beside the others, as ARM=NUMBER." sep:"none" env:"-" placeholder:"ARM=N"`
	Mode     string   `help:"split: each person gets one arm's lists. shadow: everybody gets the first arm's, the others' are computed and compared. interleave: lists to which two arms contribute in turn." enum:"split,shadow,interleave" default:"split" env:"-" placeholder:"MODE"`
	Layer    string   `help:"Experiments of one layer share nobody; people of different layers meet by chance alone. What changes the model goes into one layer." default:"default" env:"-" placeholder:"NAME"`
	Share    portion  `help:"Share of the layer's people who take part." default:"100%" env:"-" placeholder:"SHARE"`
	From     *portion `help:"Where that share begins in the layer. Default: the first that is free." env:"-" placeholder:"SHARE"`
	Salt     string   `help:"What decides the arm of a person. Default: the name; that of another experiment splits people as that does." env:"-" placeholder:"TEXT"`
	Override []string `help:"A tester, as USER=ARM, who gets that arm wherever they stand. May be given again." sep:"none" env:"-" placeholder:"USER=ARM"`
	Until    string   `help:"When it ends: a time, or a span from its start such as 14d. Default: when it is stopped." env:"-" placeholder:"TIME"`
	Note     string   `help:"What it is to find out, for whoever asks later." env:"-" placeholder:"TEXT"`
	DryRun   bool     `help:"Store nothing; show how many of a sample of people each arm would get." env:"-"`
	Sample   int      `help:"People of that sample at most." default:"10000" env:"-" placeholder:"N"`
}

// define returns the experiment, beside others.
func (f experimentFlags) define(name string, start time.Time, others []catalog.Experiment) (x catalog.Experiment, err error) {
	x = catalog.Experiment{
		Name: name, Layer: f.Layer, Mode: catalog.ExperimentMode(f.Mode), Salt: orElse(f.Salt, name), Start: start.UTC().Truncate(time.Microsecond), Note: f.Note,
	}
	for _, text := range f.Arm {
		a, err := parseArm(text)
		if err != nil {
			return x, err
		}
		x.Arms = append(x.Arms, a)
	}
	if err := setWeights(x.Arms, f.Weight); err != nil {
		return x, err
	}
	if x.Overrides, err = parseOverrides(f.Override); err != nil {
		return x, err
	}
	if x.End, err = parseUntil(f.Until, x.Start); err != nil {
		return x, err
	}
	return x, f.place(&x, others)
}

// place gives x its part of the layer.
func (f experimentFlags) place(x *catalog.Experiment, others []catalog.Experiment) (err error) {
	share := float64(f.Share)
	if f.From != nil {
		x.From = float64(*f.From)
		x.To = x.From + share
		if x.To > 1 && x.To < 1+1e-9 { // rounding
			x.To = 1
		}
		return nil
	}
	if x.From, x.To, err = experiment.Room(*x, share, others); err != nil {
		return fmt.Errorf("experiment %q: %w: %w", x.Name, err, errRefused)
	}
	return nil
}

// parseOverrides reads testers.
func parseOverrides(list []string) (map[catalog.UserID]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	overrides := make(map[catalog.UserID]string, len(list))
	for _, text := range list {
		i := strings.LastIndexByte(text, '=') // an id may hold one
		if i < 0 {
			return nil, usage("--override is %q, want USER=ARM", text)
		}
		u, err := catalog.ParseUserID(text[:i])
		if err != nil {
			return nil, fmt.Errorf("--override %s: %w", text, wrapUsage(err))
		}
		overrides[u] = text[i+1:]
	}
	return overrides, nil
}

// parseUntil reads the end of what starts at start; the zero time of none.
func parseUntil(text string, start time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	var span timeSpan
	if span.UnmarshalText([]byte(text)) == nil {
		return start.Add(time.Duration(span)), nil
	}
	if at, ok := parseMoment(text); ok {
		return at, nil
	}
	return time.Time{}, usage("--until is %q, want a time such as 2026-12-01T08:00:00Z, or a span from the start such as 14d", text)
}

// parseMoment reads a time; without a zone it is UTC.
func parseMoment(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// A startedExperiment is the result of experiment start, schedule, stop and holdback.
type startedExperiment struct {
	Experiment catalog.Experiment `json:"experiment"`
	State      string             `json:"state"`
	Sequence   int64              `json:"sequence,omitempty"` // of the change that tells servers; 0 if nothing was stored
	DryRun     bool               `json:"dry_run,omitempty"`
	Sample     *experimentSample  `json:"sample,omitempty"`

	Clashes []experiment.Clash `json:"clashes,omitempty"` // of start and schedule
}

func (s startedExperiment) text(w io.Writer) {
	x := s.Experiment
	rows := [][]string{
		{"experiment", x.Name}, {"state", s.State}, {"mode", string(x.Mode)}, {"layer", x.Layer + ", " + spanOf(x)}, {"arms", armsOf(x)},
		{"starts", x.Start.Format(time.RFC3339)}, {"ends", "when it is stopped"},
	}
	if !x.End.IsZero() {
		rows[len(rows)-1][1] = x.End.Format(time.RFC3339)
	}
	if !x.Stopped.IsZero() {
		rows = append(rows, []string{"stopped", x.Stopped.Format(time.RFC3339)})
	}
	if len(x.Overrides) > 0 {
		rows = append(rows, []string{"testers", fmt.Sprint(len(x.Overrides))})
	}
	if x.Note != "" {
		rows = append(rows, []string{"note", strings.ReplaceAll(x.Note, "\n", "; ")})
	}
	columns(w, rows...)
	for _, c := range s.Clashes {
		fmt.Fprintf(w, "note: %q, of layer %s, sets %s too: who is in both gets what %q says. In one layer they would share nobody.\n", c.Name, c.Layer, strings.Join(c.Sets, " and "), c.Decides)
	}
	if s.Sample != nil {
		s.Sample.text(w)
	}
	if s.DryRun {
		fmt.Fprintln(w, "\nNothing was stored. Without --dry-run servers follow it within a second or two.")
	} else {
		fmt.Fprintf(w, "\nStored as change %d; servers follow it within a second or two.\n", s.Sequence)
	}
}

// An experimentSample says how many of a sample of people each arm would get.
type experimentSample struct {
	People    int         `json:"people"`
	Generated bool        `json:"generated,omitempty"` // the store has records of nobody; ids are 1, 2, 3...
	Arms      []sampleArm `json:"arms"`
	Others    int         `json:"others"` // take no part
}

type sampleArm struct {
	Arm    string `json:"arm"`
	People int    `json:"people"`
}

func (s experimentSample) text(w io.Writer) {
	who := "of the store"
	if s.Generated {
		who = "by the numbers, since the store has records of nobody"
	}
	fmt.Fprintf(w, "\nOf %d people %s:\n", s.People, who)
	rows := [][]string{}
	for _, a := range append(slices.Clone(s.Arms), sampleArm{"(take no part)", s.Others}) {
		rows = append(rows, []string{"  " + a.Arm, fmt.Sprint(a.People), fmt.Sprintf("%.1f%%", 100*float64(a.People)/float64(max(s.People, 1)))})
	}
	columns(w, rows...)
}
