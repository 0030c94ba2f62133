package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

type evalCmd struct {
	Run     evalRunCmd     `cmd:"" help:"Judge models, outside lists and servers on what was held out, beside popularity and random."`
	Compare evalCompareCmd `cmd:"" help:"Compare two models person by person, on every metric."`
	Split   evalSplitCmd   `cmd:"" help:"Write the two parts of a split as files, for other programs."`
	Check   evalCheckCmd   `cmd:"" help:"Put a model to behavioural tests: no adult movies for minors, and so on."`
	Report  evalReportCmd  `cmd:"" help:"Show a report that was kept, or write it as a page."`
	List    evalListCmd    `cmd:"" help:"List the reports that were kept."`
	Sweep   evalSweepCmd   `cmd:"" help:"Choose ranking settings on an inner split of the training part."`
	Knobs   evalKnobsCmd   `cmd:"" help:"What each knob of ranking is worth, set against all knobs off."`
	Sequels evalSequelsCmd `cmd:"" help:"Share of a film's sequels among its first 10 neighbours, for each embedder."`
}

// evalFlags are common to all judges.
type evalFlags struct {
	Embedders []string `help:"Embedders to compare: lsa, minilm. Default: lsa, and minilm where its weights are." placeholder:"KIND"`
	ModelDir  string   `help:"Folder of the MiniLM weights. Default: models/minilm in the home folder." type:"path" predictor:"file" placeholder:"DIR"`
	LsaRank   int      `help:"Dimensions of lsa." default:"256" placeholder:"N"`
	Seed      uint64   `help:"Seed of splits and bootstrap." default:"1" placeholder:"N"`
	Report    string   `help:"Also write the result as JSON to this file." type:"path" predictor:"file" placeholder:"FILE"`
}

// kinds returns the embedders to compare.
func (f evalFlags) kinds(e *env) []string {
	if len(f.Embedders) > 0 {
		return f.Embedders
	}
	kinds := []string{"lsa"}
	dir := spaceFlags{ModelDir: f.ModelDir}.modelDir(e)
	if _, err := os.Stat(filepath.Join(dir, weightsFile)); err == nil {
		kinds = append(kinds, "minilm")
	} else {
		e.log.Info("no MiniLM weights, so only lsa is judged; \"marquee model download\" gets them", "looked_in", dir)
	}
	return kinds
}

// print writes a result to stdout, and as JSON to the file asked for.
func (f evalFlags) print(e *env, v any, text func(w io.Writer)) error {
	if f.Report != "" {
		file, err := os.Create(f.Report)
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		err = (&env{cli: &cli{Output: "json"}, stdout: file}).print(v, nil)
		if cerr := file.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return e.print(v, text)
}

type evalSweepCmd struct {
	evalFlags
	splitFlags
	Metric string `help:"What to choose by." default:"ndcg@20" placeholder:"METRIC"`
	Top    int    `help:"Candidates shown; 0: all." default:"20" placeholder:"N"`
}

// Help is shown below the flags.
func (evalSweepCmd) Help() string {
	return `Examples:
  marquee eval sweep
  marquee eval sweep --metric recall@20 --top 5

Tries a grid of ranking settings on an inner split: the training part of the split
that "eval run" judges is cut once more, and what "eval run" holds out is not
looked at. Of the candidates that the data cannot tell from the best, two are
named: the first given, and the one whose lists cover most of the catalog.`
}

// Run sweeps the first embedder.
func (c *evalSweepCmd) Run(ctx context.Context, e *env) error {
	j, err := openJudge(ctx, e, c.evalFlags)
	if err != nil {
		return err
	}
	defer j.close()
	outer, err := c.split(j.data, c.Seed)
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	inner := outer.Inner()
	kinds := c.kinds(e)
	var candidates []eval.Candidate
	for _, cfg := range grid() {
		snap, err := j.snapshot(ctx, kinds[len(kinds)-1], inner.Train, cfg)
		if err != nil {
			return err
		}
		candidates = append(candidates, eval.Candidate{Name: fmt.Sprint(len(candidates)), Params: params(cfg), List: lister(snap, inner.Train)})
	}
	cfg := eval.DefaultConfig()
	cfg.Seed = c.Seed
	cfg.Progress = func(done, total int) { j.bar.show("sweep", done, total) }
	results, err := eval.Sweep(ctx, inner, candidates, c.Metric, cfg)
	j.bar.end()
	if err != nil {
		return err
	}
	return c.print(e, results, func(w io.Writer) { _ = results.WriteTable(w, c.Top) })
}

// grid returns the settings that a sweep tries.
func grid() []rank.Config {
	var out []rank.Config
	for _, halfLife := range []float64{0, 1825} {
		for _, sharpness := range []int{1, 2, 4} {
			for _, recency := range []float64{0, 40, 20, 10} {
				for _, preference := range []float64{1, 2} {
					for _, popularity := range []float64{0.5, 1, 2, 4} {
						for _, quality := range []float64{0, 0.5, 1, 2} {
							c := rank.DefaultConfig()
							c.Similarity, c.Quality, c.Popularity = 1, quality, popularity
							c.Preference, c.Recency, c.Sharpness, c.PopularityHalfLife = preference, recency, sharpness, halfLife
							out = append(out, c)
						}
					}
				}
			}
		}
	}
	return out
}

func params(c rank.Config) map[string]float64 {
	return map[string]float64{
		"quality": c.Quality, "popularity": c.Popularity, "preference": c.Preference,
		"recency": c.Recency, "sharpness": float64(c.Sharpness), "half_life": c.PopularityHalfLife,
	}
}

type evalSequelsCmd struct {
	evalFlags
	K int `help:"Neighbours looked at." short:"k" env:"-" default:"10" placeholder:"N"`
}

// Help is shown below the flags.
func (evalSequelsCmd) Help() string {
	return `Examples:
  marquee eval sequels
  marquee eval sequels --embedders lsa -k 20`
}

// A sequels is the result for one embedder.
type sequels struct {
	Embedder string   `json:"embedder"`
	Share    *float64 `json:"share"` // null in a catalog without series
	Found    int      `json:"found"`
	Wanted   int      `json:"wanted"`
	Series   int      `json:"series"`
}

// Run counts how many films of one series stand among each other's neighbours.
func (c *evalSequelsCmd) Run(ctx context.Context, e *env) error {
	if c.K < 1 || c.K > pipeline.DefaultNeighbours {
		return usage("-k is %d, want 1 to %d", c.K, pipeline.DefaultNeighbours)
	}
	j, err := openJudge(ctx, e, c.evalFlags)
	if err != nil {
		return err
	}
	defer j.close()
	groups := eval.Series(j.facts.Rows.Titles)
	var out []sequels
	for _, kind := range c.kinds(e) {
		t, err := j.table(ctx, kind)
		if err != nil {
			return err
		}
		share, found, wanted := eval.SeriesShare(groups, func(row, k int) []uint32 {
			var rows []uint32
			for _, n := range t.Of(uint32(row)) {
				if len(rows) < k {
					rows = append(rows, n.Row)
				}
			}
			return rows
		}, c.K)
		s := sequels{kind, &share, found, wanted, len(groups)}
		if wanted == 0 {
			s.Share = nil
		}
		out = append(out, s)
	}
	j.bar.end()
	return c.print(e, out, func(w io.Writer) {
		rows := [][]string{{"embedder", "share", "found", "wanted", "series"}}
		for _, s := range out {
			share := "-"
			if s.Share != nil {
				share = fmt.Sprintf("%.3f", *s.Share)
			}
			rows = append(rows, []string{s.Embedder, share, fmt.Sprint(s.Found), fmt.Sprint(s.Wanted), fmt.Sprint(s.Series)})
		}
		columns(w, rows...)
	})
}

// checkKinds refuses embedders that cannot be judged.
func checkKinds(kinds []string) error {
	for _, k := range kinds {
		if k != "lsa" && k != "minilm" {
			return usage("embedder %q, want %s", k, strings.Join([]string{"lsa", "minilm"}, " or "))
		}
	}
	return nil
}

// lister makes lists from snap for the judge. The time is that of no request, so
// that the same data give the same report on any day: every movie is released.
func lister(snap *rank.Snapshot, data *eval.Data) eval.Lister {
	return func(_ context.Context, _ catalog.UserID, train []eval.Seen, n int) ([]uint32, error) {
		list := snap.Recommend(rank.Request{
			Taste: snap.Movies.Resolve(data.History(train), snap.Scale),
			N:     n,
			Now:   endOfTime,
			Adult: snap.AdultAllowed(catalog.User{}, false),
		})
		rows := make([]uint32, len(list.Items))
		for i, item := range list.Items {
			rows[i] = item.Row
		}
		return rows, nil
	}
}
