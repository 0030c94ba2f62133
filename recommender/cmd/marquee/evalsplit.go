package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/recommender/eval"
	"marquee/recommender/eval/outside"
	"marquee/recommender/model"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// splitFlags choose what is held out.
type splitFlags struct {
	Protocol  string    `help:"What is held out: last-share (each person's newest movies), leave-one-out (one random movie each), leave-last-out (the newest), time (everything from a moment on), ratings (a share of all ratings, for RMSE), cold (movies whole), or negatives (the newest among 99 others: for comparison with papers only)." enum:"last-share,leave-one-out,leave-last-out,time,ratings,cold,negatives" default:"last-share" placeholder:"NAME"`
	Share     float64   `help:"Share held out by last-share, time, ratings and cold; 0: 0.2, and 0.1 for cold." default:"0" placeholder:"SHARE"`
	At        time.Time `help:"The moment of the protocol time; what is older is learned from. Default: the one that holds out the share." format:"2006-01-02" placeholder:"DATE"`
	Negatives int       `help:"Movies beside the true one in the protocol negatives." default:"99" placeholder:"N"`
	Train     string    `help:"Judge on files that were cut elsewhere: the training part, user, item, rating and time divided by tabs." type:"path" placeholder:"FILE"`
	Test      string    `help:"The test part, likewise." type:"path" placeholder:"FILE"`
	Scale     string    `help:"Scale of the ratings of the files, such as 1..5/1; else it is taken from them." placeholder:"SCALE"`
}

// coldShare and coldLeast are how many movies are held out whole, and how often
// they must have been watched: with fewer, the truth of most people is empty.
const (
	coldShare = 0.1
	coldLeast = 5
)

func (f splitFlags) share(def float64) float64 {
	if f.Share == 0 {
		return def
	}
	return f.Share
}

// check refuses flags that do not go together.
func (f splitFlags) check() error {
	if (f.Train == "") != (f.Test == "") {
		return usage("--train and --test go together: the two parts of one split")
	}
	if !(f.Share >= 0 && f.Share < 1) {
		return usage("--share is %v, want more than 0 and less than 1", f.Share)
	}
	if !f.At.IsZero() && f.Protocol != "time" {
		return usage("--at is for --protocol time")
	}
	return nil
}

// split cuts d.
func (f splitFlags) split(d *eval.Data, seed uint64) (s *eval.Split, err error) {
	switch f.Protocol {
	case "leave-one-out":
		return eval.LeaveOneOut(d, seed), nil
	case "leave-last-out":
		return eval.LeaveLastOut(d), nil
	case "negatives":
		s, err = eval.SampledLastOut(d, f.Negatives, seed)
	case "time":
		if f.At.IsZero() {
			s, err = eval.GlobalTimeShare(d, f.share(0.2))
		} else {
			s, err = eval.GlobalTime(d, f.At)
		}
	case "ratings":
		s, err = eval.RatingsShare(d, f.share(0.2), seed)
	case "cold":
		s, err = eval.ColdMovies(d, f.share(coldShare), coldLeast, seed)
	default:
		s, err = eval.LastShare(d, f.share(0.2))
	}
	return s, wrapUsage(err)
}

// openSplit reads what is to be judged on: the store, or two files.
func openSplit(ctx context.Context, e *env, flags evalFlags, f splitFlags) (*judge, *eval.Split, error) {
	if err := f.check(); err != nil {
		return nil, nil, err
	}
	if f.Train != "" {
		return openFiles(ctx, e, flags, f)
	}
	j, err := openJudge(ctx, e, flags)
	if err != nil {
		return nil, nil, err
	}
	s, err := f.split(j.data, flags.Seed)
	if err != nil {
		j.close()
		return nil, nil, err
	}
	return j, s, nil
}

// openFiles reads a split that was cut elsewhere. Of movies that the store knows,
// if there is one, titles and texts are taken from there.
func openFiles(ctx context.Context, e *env, flags evalFlags, f splitFlags) (*judge, *eval.Split, error) {
	if err := checkKinds(flags.Embedders); err != nil {
		return nil, nil, err
	}
	var o outside.Options
	if f.Scale != "" {
		scale, err := catalog.ParseScale(f.Scale)
		if err != nil {
			return nil, nil, wrapUsage(err)
		}
		o.Scale = scale
	}
	loaded, err := outside.ReadSplit(ctx, outside.Files{Train: f.Train, Test: f.Test}, o)
	if err != nil {
		return nil, nil, err
	}
	j := &judge{env: e, flags: flags, bar: e.progress(), spaces: map[string]*space{}, people: pipeline.People{}}
	known := map[catalog.MovieID]catalog.Movie{}
	if store, err := e.openStore(ctx, false); err == nil {
		j.store = store
		for m, err := range store.Movies(ctx) {
			if err != nil {
				j.close()
				return nil, nil, err
			}
			known[m.ID] = m
		}
		for u, err := range store.Users(ctx) {
			if err != nil {
				j.close()
				return nil, nil, err
			}
			j.people[u.ID] = u
		}
	}
	j.facts = &pipeline.Facts{Scale: loaded.Scale, Data: &model.Data{Scale: loaded.Scale}, Version: "files"}
	if loaded.Scale == (catalog.Scale{}) {
		j.facts.Scale = catalog.Scale5
	}
	for _, id := range loaded.Split.Train.Movies {
		m := known[id]
		m.ID = id
		j.facts.Movies = append(j.facts.Movies, m)
		j.facts.Texts = append(j.facts.Texts, embedder.Document(m))
	}
	if j.facts.Rows, err = rank.NewMovies(j.facts.Movies); err != nil {
		j.close()
		return nil, nil, err
	}
	return j, loaded.Split, nil
}

type evalSplitCmd struct {
	splitFlags
	Out  string `arg:"" help:"Folder to write train.tsv, test.tsv, movies.txt and manifest.json to." type:"path"`
	Seed uint64 `help:"Seed of the split." default:"1" placeholder:"N"`
}

// Help is shown below the flags.
func (evalSplitCmd) Help() string {
	return `Examples:
  marquee eval split /tmp/split                       each person's last 20% by time
  marquee eval split /tmp/split --protocol ratings

Another program that learns from train.tsv alone can be judged beside ours:
  marquee eval run --train /tmp/split/train.tsv --test /tmp/split/test.tsv --lists theirs=/tmp/theirs.tsv`
}

// Run writes the parts.
func (c evalSplitCmd) Run(ctx context.Context, e *env) error {
	j, split, err := openSplit(ctx, e, evalFlags{Seed: c.Seed}, c.splitFlags)
	if err != nil {
		return err
	}
	defer j.close()
	m, err := outside.WriteSplit(c.Out, split, j.facts.Scale, c.Seed)
	if err != nil {
		return err
	}
	return e.print(m, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d users, %d movies, %d rows to train, %d to test, in %s\n", m.Protocol, m.Users, m.Movies, m.Train.Rows, m.Test.Rows, c.Out)
	})
}
