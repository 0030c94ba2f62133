package main

import (
	"context"
	"fmt"
	"strings"

	"marquee/catalog"
	"marquee/catalog/movielens"
	"marquee/catalog/table"
)

type importCmd struct {
	Movielens importMovielensCmd `cmd:"" help:"A MovieLens folder, with or without a file of more facts."`
	JSONL     importJSONLCmd     `cmd:"" name:"jsonl" help:"JSON lines of your own."`
	CSV       importCSVCmd       `cmd:"" name:"csv" help:"CSV of your own."`
	API       importAPICmd       `cmd:"" name:"api" help:"The catalog API."`
}

// Help is shown below the flags.
func (importCmd) Help() string {
	return `Importing twice is the same as once. Rows that are wrong are listed with line and
reason, and the rest go in.`
}

type importMovielensCmd struct {
	Dir      string `arg:"" help:"Folder with movies.csv and ratings.csv (or the files of the 100K and 1M sets)." type:"existingdir" predictor:"file"`
	Metadata string `help:"JSON lines with more facts by movieId, gzipped or not." type:"existingfile" predictor:"file" placeholder:"FILE"`
	Keywords int    `help:"Most tags of a movie kept as keywords." default:"20" placeholder:"N"`
}

// Help is shown below the flags.
func (importMovielensCmd) Help() string {
	return `Examples:
  marquee import movielens ml-latest-small
  marquee import movielens ml-latest-small --metadata metadata.jsonl.gz`
}

// Run imports a MovieLens folder.
func (c *importMovielensCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer store.Close()
	bar := e.progress()
	opts := movielens.DefaultOptions()
	opts.Metadata, opts.Keywords = c.Metadata, c.Keywords
	opts.Progress = func(done, total int64) { bar.bytes("import", done, total) }
	report, err := movielens.Import(ctx, store, c.Dir, opts)
	bar.end()
	if err != nil {
		return err
	}
	return e.printReport(report)
}

// tableFlags are common to JSON lines and CSV.
type tableFlags struct {
	File    string            `arg:"" help:"File, gzipped or not." type:"existingfile" predictor:"file"`
	Kind    string            `help:"What a row is: movies, users, ratings or watches." enum:"movies,users,ratings,watches" default:"movies" placeholder:"KIND"`
	Columns map[string]string `help:"Our field and their column, such as title=Titel;people=cast; usual names are found without." mapsep:";" placeholder:"OURS=THEIRS"`
	Merge   string            `help:"Merge facts into known movies by id, imdb_id or tmdb_id." enum:",id,imdb_id,tmdb_id" default:"" placeholder:"KEY"`
	Prefer  bool              `help:"With --merge: their facts win where both know one."`
	Add     bool              `help:"With --merge: take rows that match no movie, if they have an id."`
}

// Help is shown below the flags.
func (tableFlags) Help() string {
	return `Examples:
  marquee import jsonl movies.jsonl.gz
  marquee import csv films.csv --columns "id=film_no;title=Titel;overview=Inhalt"
  marquee import csv ratings.csv --kind ratings
  marquee import jsonl facts.jsonl --merge imdb_id      enrich the movies that are there`
}

func (c *tableFlags) run(ctx context.Context, e *env, opts table.Options) error {
	opts.Kind, opts.Columns = c.Kind, c.Columns
	opts.Merge, opts.Prefer, opts.Add = c.Merge, c.Prefer, c.Add
	if err := opts.Validate(); err != nil {
		return wrapUsage(err)
	}
	store, err := e.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer store.Close()
	bar := e.progress()
	opts.Progress = func(done, total int64) { bar.bytes("import", done, total) }
	report, err := table.Import(ctx, store, c.File, opts)
	bar.end()
	if err != nil {
		return err
	}
	return e.printReport(report)
}

type importJSONLCmd struct{ tableFlags }

// Run imports JSON lines.
func (c *importJSONLCmd) Run(ctx context.Context, e *env) error {
	return c.run(ctx, e, table.Options{Format: table.JSONL})
}

type importCSVCmd struct {
	tableFlags
	Comma   string `help:"Character between two fields; default: found in the header." placeholder:"CHAR"`
	ListSep string `help:"Text between two entries of a list." placeholder:"TEXT"`
}

// Run imports CSV.
func (c *importCSVCmd) Run(ctx context.Context, e *env) error {
	opts := table.Options{Format: table.CSV, ListSep: c.ListSep}
	switch comma := strings.ReplaceAll(c.Comma, `\t`, "\t"); len(comma) {
	case 0:
	case 1:
		opts.Comma = comma[0]
	default:
		return usage("--comma is %q, want one character", c.Comma)
	}
	return c.run(ctx, e, opts)
}

// scaleOf returns the rating scale of an edition.
func scaleOf(edition string) (catalog.Scale, error) {
	switch edition {
	case "2025":
		return catalog.Scale5, nil
	case "2026":
		return catalog.Scale10, nil
	}
	return catalog.Scale{}, fmt.Errorf("edition %q, want 2025 or 2026: %w", edition, catalog.ErrInvalid)
}
