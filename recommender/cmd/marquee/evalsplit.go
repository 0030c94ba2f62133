package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
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
	Train     string    `help:"Judge on files that were cut elsewhere: the training part, user, item, rating and time divided by tabs." type:"existingfile" predictor:"file" placeholder:"FILE"`
	Test      string    `help:"The test part, likewise." type:"existingfile" predictor:"file" placeholder:"FILE"`
	Movies    string    `help:"All movies that can be listed, an id a line, such as movies.txt of \"eval split\". Default: those of both files." type:"existingfile" predictor:"file" placeholder:"FILE"`
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
	if f.Train == "" && (f.Movies != "" || f.Scale != "") {
		return usage("--movies and --scale go with --train and --test: the store knows its own")
	}
	if f.Train != "" && (f.Protocol != "last-share" && f.Protocol != "ratings" || f.Share != 0) {
		return usage("--train and --test are cut already: leave out --protocol and --share, or ask for --protocol ratings to judge ratings alone")
	}
	if !(f.Share >= 0 && f.Share < 1) {
		return usage("--share is %v, want more than 0 and less than 1", f.Share)
	}
	if f.Negatives < 1 {
		return usage("--negatives is %d, want 1 or more", f.Negatives)
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
	return s, err
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
	o, err := f.options()
	if err != nil {
		return nil, nil, err
	}
	loaded, err := outside.ReadSplit(ctx, outside.Files{Train: f.Train, Test: f.Test}, o)
	if err != nil {
		return nil, nil, err
	}
	version, err := digest(f.Train, f.Test, f.Movies)
	if err != nil {
		return nil, nil, err
	}
	j := &judge{env: e, flags: flags, bar: e.progress(), spaces: map[string]*space{}, people: pipeline.People{}}
	known, err := j.known(ctx)
	if err != nil {
		j.close()
		return nil, nil, err
	}
	j.facts = &pipeline.Facts{Scale: loaded.Scale, Data: &model.Data{Scale: loaded.Scale}, Version: version}
	if loaded.Scale == (catalog.Scale{}) {
		j.facts.Scale = catalog.Scale5
	}
	found := 0
	for _, id := range loaded.Split.Train.Movies {
		m, ok := known[id]
		if ok {
			found++
		}
		m.ID = id
		j.facts.Movies = append(j.facts.Movies, m)
		j.facts.Texts = append(j.facts.Texts, embedder.Document(m))
	}
	if found == 0 {
		j.warnings = append(j.warnings, "no store knows any of the movies: without texts and genres content is popularity, and diversity says nothing; name the home of the store that has them with --home")
	}
	if j.facts.Rows, err = rank.NewMovies(j.facts.Movies); err != nil {
		j.close()
		return nil, nil, err
	}
	return j, loaded.Split, nil
}

// options says how the files are to be read.
func (f splitFlags) options() (o outside.Options, err error) {
	if f.Scale != "" {
		if o.Scale, err = catalog.ParseScale(f.Scale); err != nil {
			return o, wrapUsage(err)
		}
	}
	if f.Movies != "" {
		o.Movies, err = movieIDs(f.Movies)
	}
	return o, err
}

// movieIDs reads a file with an id a line.
func movieIDs(path string) ([]catalog.MovieID, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("movies: %w", err)
	}
	var out []catalog.MovieID
	seen := map[catalog.MovieID]bool{}
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		id, err := catalog.ParseMovieID(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n+1, err)
		}
		if seen[id] {
			return nil, fmt.Errorf("%s:%d: movie %q is there twice, want each id once: %w", path, n+1, id, catalog.ErrInvalid)
		}
		seen[id] = true
		out = append(out, id)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no ids, want one a line: %w", path, catalog.ErrInvalid)
	}
	return out, nil
}

// digest returns the version of data that come from files: what they hold, and
// not where they lie.
func digest(paths ...string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		if path == "" {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("split: %w", err)
		}
		part := sha256.New()
		_, err = io.Copy(part, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("split: %w", err)
		}
		h.Write(part.Sum(nil))
	}
	return "files:" + hex.EncodeToString(h.Sum(nil))[:26], nil
}

// known reads what the store, if there is one, knows of movies and people.
func (j *judge) known(ctx context.Context) (map[catalog.MovieID]catalog.Movie, error) {
	store, err := j.env.openStore(ctx, false)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	j.store = store
	movies := map[catalog.MovieID]catalog.Movie{}
	for m, err := range store.Movies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
		}
		movies[m.ID] = m
	}
	for u, err := range store.Users(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read people: %w", err)
		}
		j.people[u.ID] = u
	}
	return movies, nil
}

type evalSplitCmd struct {
	splitFlags
	Out        string `arg:"" help:"Folder to write train.tsv, test.tsv, movies.txt and manifest.json to." type:"path" predictor:"file"`
	TrainStore string `help:"Also write a store with the movies, the people and the training part alone, for a server that is to be judged." type:"path" predictor:"file" placeholder:"FILE"`
	Seed       uint64 `help:"Seed of the split." default:"1" placeholder:"N"`
}

// Help is shown below the flags.
func (evalSplitCmd) Help() string {
	return `Examples:
  marquee eval split /tmp/split                       each person's last 20% by time
  marquee eval split /tmp/split --protocol ratings

Another program that learns from train.tsv alone can be judged beside ours:
  marquee eval run --train /tmp/split/train.tsv --test /tmp/split/test.tsv \
    --movies /tmp/split/movies.txt --lists theirs=/tmp/theirs.tsv

So can a server that knows the training part alone, in a home of its own:
  marquee eval split /tmp/split --train-store /tmp/part/marquee.db
  marquee --home /tmp/part build
  marquee --home /tmp/part serve --listen :8083
  marquee eval run --train /tmp/split/train.tsv --test /tmp/split/test.tsv \
    --movies /tmp/split/movies.txt --models blend --url live=http://localhost:8083

Parts that were cut elsewhere are loaded like any ratings, after the movies:
  marquee --home /tmp/part store scale 0.5..5/0.5
  marquee --home /tmp/part import csv movies.csv
  marquee --home /tmp/part import csv train.tsv --kind ratings`
}

// Run writes the parts.
func (c evalSplitCmd) Run(ctx context.Context, e *env) error {
	if c.Out == "" {
		return usage("want a folder to write to")
	}
	if c.TrainStore != "" {
		if _, err := os.Stat(c.TrainStore); err == nil {
			return usage("--train-store %s is there already; name one that is not", c.TrainStore)
		}
	}
	j, split, err := openSplit(ctx, e, evalFlags{Seed: c.Seed}, c.splitFlags)
	if err != nil {
		return err
	}
	defer j.close()
	m, err := outside.WriteSplit(c.Out, split, j.facts.Scale, c.Seed)
	if err != nil {
		return err
	}
	if c.TrainStore != "" {
		if err := j.writeStore(ctx, c.TrainStore, split.Train); err != nil {
			return fmt.Errorf("training part to %s: %w", c.TrainStore, err)
		}
	}
	return e.print(m, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d users, %d movies, %d rows to train, %d to test, in %s\n", m.Protocol, m.Users, m.Movies, m.Train.Rows, m.Test.Rows, c.Out)
		if c.TrainStore != "" {
			fmt.Fprintf(w, "the training part is in the store %s\n", c.TrainStore)
		}
	})
}
