package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/model"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
	"marquee/recommender/tune"
)

type tuneCmd struct {
	evalFlags
	splitFlags
	modelFlags
	Model      string        `arg:"" help:"The model to tune; \"marquee model kinds\" lists them."`
	Metric     string        `help:"What to choose by: ndcg, recall, hit_rate, map, mrr, precision or coverage at a length, or rmse or mae, of which the smallest is best." default:"ndcg@20" placeholder:"METRIC"`
	Budget     time.Duration `help:"Longest time to search. A search that is started again goes on where it was." default:"10m" placeholder:"TIME"`
	Candidates int           `help:"Settings to try." default:"27" placeholder:"N"`
	Top        int           `help:"Settings shown; 0: all." default:"10" placeholder:"N"`
}

// Help is shown below the flags.
func (tuneCmd) Help() string {
	return `Examples:
  marquee tune als --budget 5m
  marquee tune ease --metric recall@20 --candidates 12
  marquee tune svd --metric rmse
  marquee build --models als --set als.dims=96         with what was found

Settings are drawn at random; all are tried with a third of the people, the best third
with all. They are judged on an inner split: what "eval run" holds out is not looked
at. Every trial is kept in the home folder by data version, so that an interrupted
search goes on.`
}

// leastTuned is how many people a trial learns from and judges at least: fewer
// cannot tell settings apart.
const leastTuned = 300

// Run searches.
func (c *tuneCmd) Run(ctx context.Context, e *env) error {
	p, err := c.plan()
	if err != nil {
		return err
	}
	j, outer, err := openSplit(ctx, e, c.evalFlags, c.splitFlags)
	if err != nil {
		return err
	}
	defer j.close()
	s, err := j.space(ctx, j.flags.kinds(e)[0])
	if err != nil {
		return err
	}
	inner := outer.Inner()
	t := &trial{judge: j, space: s, split: inner, plan: p, metric: c.Metric, made: make(map[string]model.Model)}
	if err := j.learn(s, inner.Train).Check(); err != nil {
		return fmt.Errorf("tune %s on the inner split, %s: %w", c.Model, inner.Protocol, err)
	}
	data, err := t.version()
	if err != nil {
		return err
	}
	p.search.Progress = func(p tune.Progress) {
		j.bar.show(fmt.Sprintf("tune, best %.4f", p.Best), p.Done, p.Total)
	}
	result, err := tune.Search(ctx, tune.Task{
		Kind: p.kind, Settings: p.spec().Settings, Metric: c.Metric, Minimize: p.cfg.RatingsOnly, Folder: e.path("tune"),
		Data: data, Evaluate: t.evaluate,
	}, p.search)
	j.bar.end()
	if err != nil {
		return err
	}
	return c.print(e, result, func(w io.Writer) {
		_ = result.WriteTable(w, c.Top)
		if line := settingFlags(c.Model, result.Best.Params); line != "" {
			fmt.Fprintf(w, "use them: marquee build --models %s%s\n", c.Model, line)
		}
	})
}

// A tuning is what is asked of a search, checked before anything is read.
type tuning struct {
	specs  []pipeline.Spec // the model last, its parts before
	kind   model.Kind      // of the model
	cfg    eval.Config
	search tune.Config
}

func (p tuning) spec() pipeline.Spec { return p.specs[len(p.specs)-1] }

// plan checks the command line. A metric of ratings asks for a split of ratings.
func (c *tuneCmd) plan() (p tuning, err error) {
	if c.Model == rank.ArmFeatures {
		return p, usage("%s is no trained model; \"marquee eval sweep\" chooses its weights", c.Model)
	}
	if p.specs, err = c.specs([]string{c.Model}); err != nil {
		return p, err
	}
	p.kind, _ = kindOf(p.spec())
	if len(p.kind.Space) == 0 {
		return p, usage("%s has nothing to tune", c.Model)
	}
	if p.cfg, err = judgeBy(c.Metric); err != nil {
		return p, err
	}
	if p.cfg.RatingsOnly {
		if !slices.Contains(ratingModels, c.Model) {
			return p, usage("%s predicts no ratings, so it has no %s; want one of %s", c.Model, c.Metric, strings.Join(ratingModels, ", "))
		}
		if c.Protocol == "last-share" && c.Train == "" {
			c.Protocol = "ratings"
		}
	} else if c.Protocol == "ratings" {
		return p, usage("--protocol ratings judges ratings: want --metric rmse or mae")
	}
	if c.Top < 0 {
		return p, usage("--top is %d, want 0 or more", c.Top)
	}
	if err := c.splitFlags.check(); err != nil {
		return p, err
	}
	p.search = tune.DefaultConfig()
	p.search.Candidates, p.search.Rungs, p.search.Budget, p.search.Seed = c.Candidates, 2, c.Budget, c.Seed
	if err := p.search.Validate(); err != nil {
		return p, wrapUsage(err)
	}
	return p, writable(c.Report)
}

// tuned are the metrics at a length by which the largest is the best.
var tuned = []string{"ndcg", "recall", "hit_rate", "map", "mrr", "precision", "coverage"}

// judgeBy returns how to judge so that metric is measured, and little else.
func judgeBy(metric string) (eval.Config, error) {
	cfg := eval.DefaultConfig()
	cfg.Resamples = 0
	if metric == "rmse" || metric == "mae" {
		cfg.RatingsOnly = true
		return cfg, nil
	}
	name, length, cut := strings.Cut(metric, "@")
	k, err := strconv.Atoi(length)
	if !cut || err != nil || k < 1 || k > eval.MaxList || !slices.Contains(tuned, name) {
		return cfg, usage("metric %q, want rmse, mae, or one of %s at a length such as ndcg@20", metric, strings.Join(tuned, ", "))
	}
	cfg.N, cfg.Cutoffs = k, []int{k}
	return cfg, nil
}

// settingFlags writes parameters as the flags that set them.
func settingFlags(name string, params map[string]float64) string {
	var out strings.Builder
	names := make([]string, 0, len(params))
	for p := range params {
		names = append(names, p)
	}
	slices.Sort(names)
	for _, p := range names {
		text, err := json.Marshal(params[p])
		if err != nil {
			continue // no finite number, and never drawn
		}
		fmt.Fprintf(&out, " --set %s.%s=%s", name, p, text)
	}
	return out.String()
}

// A trial judges settings on an inner split.
type trial struct {
	judge  *judge
	space  *space
	split  *eval.Split
	plan   tuning
	metric string
	made   map[string]model.Model // parts, which no setting that is tuned changes
}

// version names what trials are judged on: whatever else they were judged on, their
// scores are of no use here.
func (t *trial) version() (string, error) {
	text, err := json.Marshal(t.plan.specs[:len(t.plan.specs)-1]) // settings of the parts
	if err != nil {
		return "", err
	}
	version := fmt.Sprintf("%s, %s", t.judge.facts.Version, t.split.Protocol)
	if id := t.space.vectors.ID.String(); t.plan.kind.Name == "content" || len(t.plan.specs) > 1 {
		sum := sha256.Sum256(text)
		version += fmt.Sprintf(", vectors %s, parts %x", id, sum[:4])
	}
	return version, nil
}

// evaluate trains with settings on a share of the people, and judges them.
func (t *trial) evaluate(ctx context.Context, settings json.RawMessage, rung tune.Rung) (tune.Outcome, error) {
	began := time.Now()
	split := t.share(rung.Share)
	specs := slices.Clone(t.plan.specs)
	specs[len(specs)-1].Settings = settings
	training := pipeline.Training{Kinds: t.kinds(rung), Table: pipeline.BaseOf(t.space.table), Share: pipeline.DefaultShare, Random: anyHeld(t.split), Bare: true, Progress: func(string, int, int) {}, Log: slog.New(slog.DiscardHandler)}
	trained, err := training.Train(ctx, t.judge.learn(t.space, split.Train), specs)
	if err != nil {
		return tune.Outcome{}, err
	}
	seconds := time.Since(began).Seconds()
	name := t.plan.spec().Name
	report, err := eval.Run(ctx, split, []eval.Model{t.judge.scored(split, name, trained[len(trained)-1].Scorer)}, t.plan.cfg)
	if err != nil {
		return tune.Outcome{}, err
	}
	e, ok := report.Metric(name, t.metric)
	if !ok || math.IsNaN(e.Value) {
		return tune.Outcome{}, fmt.Errorf("%s is unknown: nothing is held out on the inner split, %s; read more events: %w", t.metric, split.Protocol, catalog.ErrInvalid)
	}
	return tune.Outcome{Score: e.Value, Seconds: seconds}, nil
}

// kinds returns all kinds, of which those of parts train once for each rung: a blend
// of ten would else train ten models in every trial, all of them as before.
func (t *trial) kinds(rung tune.Rung) []model.Kind {
	all := kinds()
	for i, k := range all {
		if k.Parts != nil || len(t.plan.specs) == 1 {
			continue
		}
		train := k.Train
		all[i].Train = func(ctx context.Context, d *model.Data, base *model.Base, examples []model.Example, settings json.RawMessage, progress model.Progress) (model.Model, error) {
			// Data are all that the rung has, or the older part of it, so their size tells them apart.
			key := fmt.Sprintf("%s %d %d %s", k.Name, rung.Index, len(d.Seen), settings)
			if m, ok := t.made[key]; ok {
				return m, nil
			}
			m, err := train(ctx, d, base, examples, settings, progress)
			if err == nil {
				t.made[key] = m
			}
			return m, err
		}
	}
	return all
}

// share returns the split of a share of the people, leastTuned at least, spread
// evenly over all.
func (t *trial) share(share float64) *eval.Split {
	all := t.split
	n := max(int(share*float64(len(all.Train.Users))), leastTuned)
	if n >= len(all.Train.Users) {
		return all
	}
	train := *all.Train
	train.Users = nil
	out := *all
	out.Train, out.Truth, out.Candidates = &train, nil, nil
	for i := range n {
		at := i * len(all.Train.Users) / n
		train.Users = append(train.Users, all.Train.Users[at])
		out.Truth = append(out.Truth, all.Truth[at])
		if all.Candidates != nil {
			out.Candidates = append(out.Candidates, all.Candidates[at])
		}
	}
	return &out
}
