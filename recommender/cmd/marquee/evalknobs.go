package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/model"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

type evalKnobsCmd struct {
	evalFlags
	splitFlags
	modelFlags
	Arm       string   `help:"The arm whose lists are placed: a model, or content-ratings-popularity." default:"blend" placeholder:"NAME"`
	Knobs     []string `help:"Knobs to turn, divided by commas. Default: all." placeholder:"KNOB"`
	Held      bool     `help:"Judge on what \"eval run\" holds out, once a choice was made, and not on the inner split." env:"-"`
	N         int      `help:"Movies in a list." short:"n" env:"-" default:"20" placeholder:"N"`
	Resamples int      `help:"Resamples of the bootstrap over people." default:"1000" placeholder:"N"`
	MaxUsers  int      `help:"Judge only so many people, drawn by the seed; 0: all." default:"0" placeholder:"N"`
}

// Help is shown below the flags.
func (evalKnobsCmd) Help() string {
	return `Examples:
  marquee eval knobs
  marquee eval knobs --knobs diversity,popularity --resamples 200
  marquee eval knobs --arm als --output json
  marquee eval knobs --held

Turns each knob of ranking alone, through the path that serves, and sets it against all
knobs off, person by person. It judges on an inner split: what "eval run" holds out is
not looked at, unless --held asks. Below the table stands which knobs the data can say
nothing of. Low ratings, 2 of 5 and less, stand in for dislikes.`
}

// knobRow is one setting of one knob.
type knobRow struct {
	Knob       string          `json:"knob"`
	Value      float64         `json:"value"`
	NDCG       eval.Estimate   `json:"ndcg"`
	Difference eval.Difference `json:"difference"` // of NDCG, to all knobs off
	Coverage   float64         `json:"coverage"`
	Gini       float64         `json:"gini"`
	Diversity  eval.Estimate   `json:"diversity"`  // within a list: 1 - mean similarity
	Popularity float64         `json:"popularity"` // mean of what was listed, 0 to 1
	Cost       float64         `json:"cost"`       // mean of a license of what was listed, US dollars
	HitRating  float64         `json:"hit_rating"` // mean rating, of 5, of what was listed and held out: are hits also liked?
}

// knobReport is the result.
type knobReport struct {
	Protocol string    `json:"protocol"`
	Arm      string    `json:"arm"`
	N        int       `json:"n"`
	People   int       `json:"people"`
	Rows     []knobRow `json:"rows"` // the first has all knobs off
	Notes    []string  `json:"notes,omitempty"`
}

// Run turns the knobs.
func (c *evalKnobsCmd) Run(ctx context.Context, e *env) error {
	specs, cfg, err := c.plan()
	if err != nil {
		return err
	}
	j, split, err := openSplit(ctx, e, c.evalFlags, c.splitFlags)
	if err != nil {
		return err
	}
	defer j.close()
	if !c.Held {
		split = split.Inner()
	}
	stand := j.series()
	turns, notes, err := c.turns(j, split)
	if err != nil {
		return err
	}
	if stand {
		notes = append(notes, "no movie of the store belongs to a collection: series that titles tell of stand for them")
	}
	snap, warnings, err := c.snapshot(ctx, j, split, specs)
	if err != nil {
		return err
	}
	var models []eval.Model
	for _, t := range turns {
		models = append(models, eval.Model{Name: t.name(), Explain: t.lists(j, snap, split)})
	}
	cfg.Facts, cfg.Baseline = j.evalFacts(), turns[0].name()
	cfg.Progress = func(done, total int) { j.bar.show("knobs", done, total) }
	report, err := eval.Run(ctx, split, models, cfg)
	j.bar.end()
	if err != nil {
		return err
	}
	out := knobReport{Protocol: report.Protocol, Arm: c.Arm, N: c.N, People: report.Split.Scored, Notes: append(notes, warnings...)}
	for _, t := range turns {
		out.Rows = append(out.Rows, t.row(report, snap, c.N))
	}
	return c.print(e, out, func(w io.Writer) { out.write(w) })
}

// plan checks the command line.
func (c *evalKnobsCmd) plan() (specs []pipeline.Spec, cfg eval.Config, err error) {
	if err := c.splitFlags.check(); err != nil {
		return nil, cfg, err
	}
	if c.ratingsOnly() {
		return nil, cfg, usage("--protocol ratings has no lists for knobs to place: take another")
	}
	for _, name := range c.Knobs {
		if _, ok := sweepOf(name); !ok {
			return nil, cfg, usage("no knob %q, want some of %s", name, strings.Join(sweepNames(), ", "))
		}
	}
	if c.Arm != rank.ArmFeatures {
		if specs, err = c.specs([]string{c.Arm}); err != nil {
			return nil, cfg, err
		}
	}
	cfg = eval.DefaultConfig()
	cfg.N, cfg.Cutoffs, cfg.Resamples, cfg.MaxUsers, cfg.Seed, cfg.MinSlice = c.N, []int{c.N}, c.Resamples, c.MaxUsers, c.Seed, 0
	return specs, cfg, wrapUsage(cfg.Validate())
}

func (c *evalKnobsCmd) ratingsOnly() bool { return c.Protocol == "ratings" }

// turns returns what is judged, all knobs off first, and notes of the knobs of which the
// data say nothing.
func (c *evalKnobsCmd) turns(j *judge, split *eval.Split) (turns []*turn, notes []string, err error) {
	turns = []*turn{newTurn("off", 0, knobsOff(), j)}
	names := c.Knobs
	if len(names) == 0 {
		names = sweepNames()
	}
	if err := twice("knob", names); err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		s, _ := sweepOf(name)
		if s.lacks != nil {
			if note := s.lacks(j, split); note != "" {
				notes = append(notes, name+" is not turned: "+note)
				continue
			}
		}
		for _, v := range s.values {
			k := knobsOff()
			s.set(&k, v)
			if err := k.Validate(); err != nil {
				return nil, nil, err
			}
			turns = append(turns, newTurn(name, v, k, j))
		}
	}
	return turns, notes, nil
}

// snapshot returns what serves lists of the arm, learned from the training part alone.
func (c *evalKnobsCmd) snapshot(ctx context.Context, j *judge, split *eval.Split, specs []pipeline.Spec) (*rank.Snapshot, []string, error) {
	snap, err := j.snapshot(ctx, c.kinds(j.env)[0], split.Train, rank.DefaultConfig())
	if err != nil || c.Arm == rank.ArmFeatures {
		return snap, nil, err
	}
	_, trained, warnings, err := j.judged(ctx, split, nil, specs)
	if err != nil {
		return nil, nil, err
	}
	arms := rank.Arms{Default: c.Arm}
	for _, t := range trained {
		if t.Name == c.Arm {
			arms.Models = append(arms.Models, model.Named{Name: t.Name, Model: t.Scorer})
		}
	}
	if len(arms.Models) == 0 {
		return nil, nil, fmt.Errorf("%s was not trained: %s: %w", c.Arm, strings.Join(warnings, "; "), catalog.ErrInvalid)
	}
	snap, err = snap.WithArms(arms)
	return snap, warnings, err
}

// write writes a line for each setting.
func (r knobReport) write(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %d people, lists of %d\n\n", r.Arm, r.Protocol, r.People, r.N)
	rows := [][]string{{"knob", "value", "ndcg", "difference to off", "p", "coverage", "gini", "diversity", "popularity", "cost", "hit rating"}}
	for i, x := range r.Rows {
		value, diff, p := fmt.Sprintf("%g", x.Value), signed(x.Difference.Estimate), chance(x.Difference.P)
		if i == 0 {
			value, diff, p = "-", "-", "-"
		}
		rows = append(rows, []string{
			x.Knob, value, fmt.Sprintf("%.4f", x.NDCG.Value), diff, p,
			fmt.Sprintf("%.3f", x.Coverage), fmt.Sprintf("%.3f", x.Gini), fmt.Sprintf("%.3f", x.Diversity.Value),
			fmt.Sprintf("%.3f", x.Popularity), fmt.Sprintf("%.3f", x.Cost), fmt.Sprintf("%.3f", x.HitRating),
		})
	}
	columns(w, rows...)
	for _, note := range r.Notes {
		fmt.Fprintf(w, "\nnote: %s", note)
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(w)
	}
}
