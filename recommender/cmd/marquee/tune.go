package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"marquee/recommender/eval"
	"marquee/recommender/pipeline"
	"marquee/recommender/tune"
)

type tuneCmd struct {
	evalFlags
	splitFlags
	modelFlags
	Model      string        `arg:"" help:"The model to tune; \"marquee model kinds\" lists them."`
	Metric     string        `help:"What to choose by: ndcg, recall, hit_rate, map or mrr at a length, or rmse or mae, of which the smallest is best." default:"ndcg@20" placeholder:"METRIC"`
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
	specs, err := c.specs([]string{c.Model})
	if err != nil {
		return err
	}
	spec := specs[len(specs)-1]
	kind, _ := kindOf(spec)
	if len(kind.Space) == 0 {
		return usage("%s has nothing to tune", c.Model)
	}
	ratings := c.Metric == "rmse" || c.Metric == "mae"
	if ratings && c.Protocol == "last-share" {
		c.Protocol = "ratings"
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
	t := &trial{cmd: c, judge: j, space: s, split: inner, specs: specs, ratings: ratings}
	cfg := tune.DefaultConfig()
	cfg.Candidates, cfg.Rungs, cfg.Budget, cfg.Seed = c.Candidates, 2, c.Budget, c.Seed
	cfg.Progress = func(p tune.Progress) {
		j.bar.show(fmt.Sprintf("tune, best %.4f", p.Best), p.Done, p.Total)
	}
	result, err := tune.Search(ctx, tune.Task{
		Kind: kind, Settings: spec.Settings, Metric: c.Metric, Minimize: ratings, Folder: e.path("tune"),
		Data: j.facts.Version + ", " + inner.Protocol, Evaluate: t.evaluate,
	}, cfg)
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
	cmd     *tuneCmd
	judge   *judge
	space   *space
	split   *eval.Split
	specs   []pipeline.Spec // the model last, its parts before
	ratings bool
}

// evaluate trains with settings on a share of the people, and judges them.
func (t *trial) evaluate(ctx context.Context, settings json.RawMessage, rung tune.Rung) (tune.Outcome, error) {
	began := time.Now()
	split := t.share(rung.Share)
	specs := slices.Clone(t.specs)
	specs[len(specs)-1].Settings = settings
	training := pipeline.Training{Kinds: kinds(), Table: pipeline.BaseOf(t.space.table), Share: pipeline.DefaultShare, Progress: func(string, int, int) {}, Log: slog.New(slog.DiscardHandler)}
	trained, err := training.Train(ctx, t.judge.learn(t.space, split.Train), specs)
	if err != nil {
		return tune.Outcome{}, err
	}
	seconds := time.Since(began).Seconds()
	name := t.specs[len(t.specs)-1].Name
	m := t.judge.scored(split, name, trained[len(trained)-1].Scorer)
	cfg := eval.DefaultConfig()
	cfg.Resamples, cfg.RatingsOnly = 0, t.ratings
	report, err := eval.Run(ctx, split, []eval.Model{m}, cfg)
	if err != nil {
		return tune.Outcome{}, err
	}
	e, ok := report.Metric(name, t.cmd.Metric)
	if !ok || math.IsNaN(e.Value) {
		return tune.Outcome{}, usage("metric %q was not measured, want one such as ndcg@20, recall@10 or rmse", t.cmd.Metric)
	}
	return tune.Outcome{Score: e.Value, Seconds: seconds}, nil
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
