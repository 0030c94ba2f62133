package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/eval"
	"marquee/recommender/model"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// judgeFlags say how to judge.
type judgeFlags struct {
	N           int   `help:"Movies in a list." short:"n" env:"-" default:"20" placeholder:"N"`
	Cutoffs     []int `help:"Lengths at which lists are judged. Default: 10 and all of it." placeholder:"K"`
	CatalogSize int   `help:"Declared size of the whole catalog, for global coverage; 0: the movies known." default:"0" placeholder:"N"`
	Resamples   int   `help:"Resamples of the bootstrap over people." default:"1000" placeholder:"N"`
	MaxUsers    int   `help:"Judge only so many people, drawn by the seed; 0: all." default:"0" placeholder:"N"`
	MinSlice    int   `help:"People that a slice needs to stand alone; 0: no slices." default:"30" placeholder:"N"`
}

// config returns what the flags say, checked.
func (f judgeFlags) config(seed uint64) (eval.Config, error) {
	cfg := eval.DefaultConfig()
	cfg.N, cfg.Cutoffs, cfg.Seed = f.N, f.Cutoffs, seed
	if len(cfg.Cutoffs) == 0 {
		cfg.Cutoffs = cutoffs(f.N)
	}
	cfg.CatalogSize, cfg.Resamples, cfg.MaxUsers, cfg.MinSlice = f.CatalogSize, f.Resamples, f.MaxUsers, f.MinSlice
	cfg.Curve = eval.CurveKs(f.N)
	return cfg, wrapUsage(cfg.Validate())
}

// evalFacts returns what is known of people and movies.
func (j *judge) evalFacts() eval.Facts {
	f := eval.Facts{User: j.person}
	for _, m := range j.facts.Movies {
		f.Genres = append(f.Genres, m.Genres)
	}
	for _, s := range j.spaces {
		if s == nil {
			continue
		}
		values, dims := s.vectors.Values, s.vectors.ID.Dims
		f.Similarity = func(a, b uint32) float64 {
			return float64(vec.Dot(values[int(a)*dims:int(a+1)*dims], values[int(b)*dims:int(b+1)*dims]))
		}
	}
	return f
}

// cutoffs returns the ks at which lists of n are judged.
func cutoffs(n int) []int {
	if n > 10 {
		return []int{10, n}
	}
	return []int{n}
}

type evalRunCmd struct {
	evalFlags
	splitFlags
	judgeFlags
	modelFlags
	rivalFlags
	Models   []string `help:"Models to judge, divided by commas; none: rivals beside random and popularity. Default: all, and those that predict ratings with the protocol ratings." placeholder:"NAME"`
	Baseline string   `help:"What the others are compared with, person by person. Default: popularity, and popular with the protocol ratings." placeholder:"NAME"`
	HTML     string   `name:"html" help:"Also write the report as a page to this file." type:"path" predictor:"file" placeholder:"FILE"`
}

// Help is shown below the flags.
func (evalRunCmd) Help() string {
	return `Examples:
  marquee eval run                                  all models, each person's last 20% by time
  marquee eval run --models als,ease,blend --html report.html
  marquee eval run --models als --set als.dims=128 --set als.sweeps=20
  marquee eval run --protocol leave-one-out         is a removed movie among 20?
  marquee eval run --protocol ratings --models svd,svdpp,rating
  marquee eval run --train train.tsv --test test.tsv --lists implicit=lists.tsv
  marquee eval run --train train.tsv --test test.tsv --models none --url live=http://localhost:8082

Models learn from the training part alone; what is held out is looked at once. All
movies compete that a person had not watched. Intervals are 95%, by bootstrap over
people; what is of all lists together, such as coverage, is exact. A report is kept
in the home folder: "marquee eval list" names it.`
}

// A judgement is what is asked of a judge, checked before anything is read.
type judgement struct {
	names    []string
	specs    []pipeline.Spec
	baseline string
	cfg      eval.Config
}

// plan checks the command line.
func (c *evalRunCmd) plan() (p judgement, err error) {
	if err := c.splitFlags.check(); err != nil {
		return p, err
	}
	if p.names, p.baseline, err = c.names(); err != nil {
		return p, err
	}
	var learned []string
	for _, n := range p.names {
		if !untrained(n) {
			learned = append(learned, n)
		}
	}
	if p.specs, err = c.specs(learned); err != nil {
		return p, err
	}
	if p.cfg, err = c.config(c.Seed); err != nil {
		return p, err
	}
	p.cfg.Baseline, p.cfg.RatingsOnly = p.baseline, c.ratings()
	for _, name := range slices.Sorted(maps.Keys(c.Lists)) {
		if _, err := os.Stat(c.Lists[name]); err != nil {
			return p, usage("--lists %s=%s: %w", name, c.Lists[name], err)
		}
	}
	return p, writable(c.Report, c.HTML)
}

// ratings reports whether predicted ratings are judged, and no lists.
func (c *evalRunCmd) ratings() bool { return c.Protocol == "ratings" }

// names returns what is judged of ours, the baseline among it.
func (c *evalRunCmd) names() (names []string, baseline string, err error) {
	names, baseline = c.Models, c.Baseline
	if len(names) == 0 {
		names = allModels
		if c.ratings() {
			names = ratingModels
		}
	}
	if len(names) == 1 && names[0] == "none" {
		names = []string{"random", "popularity"}
	}
	if baseline == "" {
		baseline = "popularity"
		if c.ratings() {
			baseline = "popular"
		}
	}
	rivals := slices.Concat(slices.Sorted(maps.Keys(c.Lists)), slices.Sorted(maps.Keys(c.URL)))
	if !slices.Contains(names, baseline) && !slices.Contains(rivals, baseline) {
		names = append([]string{baseline}, names...)
	}
	if err := twice("model", slices.Concat(names, rivals)); err != nil {
		return nil, "", err
	}
	for _, n := range names {
		if _, err := specOf(n); err != nil && !untrained(n) && n != rank.ArmFeatures {
			return nil, "", unknownModel(n, "random", "popularity")
		}
	}
	if !c.ratings() {
		return names, baseline, nil
	}
	if len(rivals) > 0 {
		return nil, "", usage("--protocol ratings judges predicted ratings, and --lists and --url bring lists: leave them out, or take another protocol")
	}
	for _, n := range names {
		if !slices.Contains(ratingModels, n) {
			return nil, "", usage("%s predicts no ratings; --protocol ratings judges %s", n, strings.Join(ratingModels, ", "))
		}
	}
	return names, baseline, nil
}

// writable refuses files whose folder is not there, before an hour of work is lost
// for want of one.
func writable(paths ...string) error {
	for _, p := range paths {
		if p == "" {
			continue
		}
		if dir, err := os.Stat(filepath.Dir(p)); err != nil || !dir.IsDir() {
			return usage("%s: there is no folder %s", p, filepath.Dir(p))
		}
	}
	return nil
}

// Run judges.
func (c *evalRunCmd) Run(ctx context.Context, e *env) error {
	p, err := c.plan()
	if err != nil {
		return err
	}
	j, split, err := openSplit(ctx, e, c.evalFlags, c.splitFlags)
	if err != nil {
		return err
	}
	defer j.close()
	kept, err := c.judge(ctx, j, split, p)
	if err != nil {
		return err
	}
	if err := j.keep(&kept); err != nil {
		return err
	}
	if c.HTML != "" {
		if err := writePage(c.HTML, kept); err != nil {
			return err
		}
	}
	return c.print(e, kept, func(w io.Writer) {
		_ = kept.WriteTable(w)
		kept.writeFoot(w)
	})
}

// judge trains and judges.
func (c *evalRunCmd) judge(ctx context.Context, j *judge, split *eval.Split, p judgement) (keptReport, error) {
	rivals, told, closing, err := c.rivals(ctx, split)
	defer closing()
	if err != nil {
		return keptReport{}, err
	}
	models, trained, warnings, err := j.judged(ctx, split, p.names, p.specs)
	if err != nil {
		return keptReport{}, err
	}
	models = append(models, rivals...)
	if err := c.anyOf(models, warnings); err != nil {
		return keptReport{}, err
	}
	cfg := p.cfg
	cfg.Facts = j.evalFacts()
	cfg.Progress = func(done, total int) { j.bar.show("judge", done, total) }
	report, err := eval.Run(ctx, split, models, cfg)
	j.bar.end()
	if err != nil {
		return keptReport{}, err
	}
	if report.Split.Scored == 0 {
		return keptReport{}, fmt.Errorf("nothing is held out of anybody, of %d people with %d movies watched: %s; read more events: %w",
			len(split.Train.Users), report.Split.TrainInteractions, split.Protocol, catalog.ErrInvalid)
	}
	report.Warnings = slices.Concat(report.Warnings, j.warnings, warnings, told())
	kept := keptReport{Report: report, Data: j.facts.Version, Program: program().Version, Kernel: vec.Path()}
	for _, t := range trained {
		kept.Settings = append(kept.Settings, settingsOf(t))
	}
	return kept, nil
}

// anyOf returns an error if there is nothing to judge: the baseline is missing, or
// all that was asked for by name.
func (c *evalRunCmd) anyOf(models []eval.Model, warnings []string) error {
	judged := func(name string) bool {
		return slices.ContainsFunc(models, func(m eval.Model) bool { return m.Name == name })
	}
	_, baseline, err := c.names()
	if err != nil {
		return err
	}
	asked := slices.Concat(c.Models, slices.Collect(maps.Keys(c.Lists)), slices.Collect(maps.Keys(c.URL)))
	if len(c.Models) == 0 || c.Models[0] == "none" {
		asked = append(asked, baseline)
	}
	if judged(baseline) && slices.ContainsFunc(asked, judged) {
		return nil
	}
	return fmt.Errorf("nothing is left to judge: %s: %w", strings.Join(warnings, "; "), catalog.ErrInvalid)
}

// A modelSettings says what a model of a report was.
type modelSettings struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	Settings json.RawMessage `json:"settings"`
	Weights  []partWeight    `json:"weights,omitempty"` // of a blend
}

type partWeight struct {
	Part   string  `json:"part"`
	Weight float32 `json:"weight"`
}

// settingsOf returns what t was trained with, and the weights that it learned.
func settingsOf(t pipeline.Trained) modelSettings {
	s := modelSettings{Name: t.Name, Kind: t.Kind, Settings: t.Settings}
	if b, ok := t.Scorer.(interface {
		model.Composite
		Weights() []float32
	}); ok {
		for i, w := range b.Weights() {
			s.Weights = append(s.Weights, partWeight{b.Parts()[i], w})
		}
	}
	return s
}
