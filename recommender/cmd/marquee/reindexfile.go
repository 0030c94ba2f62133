package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/table"
	"marquee/recommender/pipeline"
)

// bring imports what is to come in first.
func (c *reindexCmd) bring(ctx context.Context, e *env, store *sqlstore.Store, facts movieStore, out *reindexed, scope pipeline.Scope) error {
	var report catalog.Report
	var err error
	switch {
	case c.From != "":
		report, out.Removed, err = c.importFile(ctx, e, facts)
	case c.FromAPI != "":
		report, err = c.askAPI(ctx, e, store, scope)
	default:
		return nil
	}
	out.Import = &report
	if err != nil {
		return err
	}
	if report.Movies.Total() == 0 && report.Refused > 0 && c.From != "" {
		return fmt.Errorf("all %d rows were refused, the first as %s; is it a file of movies? --columns names its columns", report.Refused, report.Faults[0])
	}
	return nil
}

// importFile imports the file, and with --whole removes what it does not name.
func (c *reindexCmd) importFile(ctx context.Context, e *env, store movieStore) (report catalog.Report, removed int, err error) {
	opts := table.Options{Format: table.JSONL, Kind: table.Movies, Columns: c.Columns, Merge: c.Merge, Add: c.Merge != "", Prefer: c.Merge != "", Strict: c.Strict}
	if name := strings.TrimSuffix(strings.ToLower(c.From), ".gz"); strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".tsv") {
		opts.Format = table.CSV
	}
	named := make(map[catalog.MovieID]bool)
	opts.Taken = func(id catalog.MovieID) { named[id] = true }
	report, err = c.importTable(ctx, e, store, opts)
	if c.Whole && errors.Is(err, catalog.ErrInvalid) {
		err = fmt.Errorf("%w: %w", err, errRefused)
	}
	if err != nil || !c.Whole {
		return report, 0, err
	}
	if report.Refused > 0 {
		return report, 0, fmt.Errorf("%d rows were refused, the first as %s: what they name would be removed by --whole, so nothing is; mend the file, or leave --whole out: %w", report.Refused, report.Faults[0], errRefused)
	}
	if len(named) == 0 {
		return report, 0, fmt.Errorf("%s names no movie: --whole would remove the whole catalog: %w", c.From, errRefused)
	}
	var gone []catalog.MovieID
	total := 0
	for m, err := range store.Movies(ctx) {
		if err != nil {
			return report, 0, fmt.Errorf("read movies: %w", err)
		}
		total++
		if !named[m.ID] {
			gone = append(gone, m.ID)
		}
	}
	if err := c.mayShrink(total-report.Movies.New, len(named)); err != nil {
		return report, 0, err
	}
	removed, err = store.RemoveMovies(ctx, gone)
	return report, removed, err
}

// importTable imports the file, or what comes by standard input.
func (c *reindexCmd) importTable(ctx context.Context, e *env, store movieStore, opts table.Options) (catalog.Report, error) {
	path := c.From
	if path == "-" {
		spooled, err := spool(ctx, e.stdin)
		if err != nil {
			return catalog.Report{}, err
		}
		defer os.Remove(spooled)
		path = spooled
	}
	bar := e.progress()
	defer bar.end()
	opts.Progress = func(done, total int64) { bar.bytes("import", done, total) }
	report, err := table.Import(ctx, store, path, opts)
	if path != c.From {
		for i := range report.Faults {
			report.Faults[i].File = "standard input"
		}
	}
	return report, err
}

// spool copies r to a temporary file, since an import reads twice. The caller removes it.
func spool(ctx context.Context, r io.Reader) (path string, err error) {
	f, err := os.CreateTemp("", "marquee-stdin-*")
	if err != nil {
		return "", fmt.Errorf("keep standard input: %w", err)
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Close(), ctx.Err()); err != nil {
		return "", fmt.Errorf("keep standard input: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return f.Name(), nil
}

// mayShrink asks the gate of shrinkage before movies leave the store, since servers drop
// them at once, whatever becomes of the bundle.
func (c *reindexCmd) mayShrink(before, after int) error {
	if _, let := c.Override[pipeline.GateShrinkage]; let || c.DryRun || float64(before-after) <= c.MaxShrinkage*float64(before) {
		return nil
	}
	return fmt.Errorf("%s names %d movies and the store had %d, of which at most %.1f%% may go; nothing was removed, though what the file says of movies went in. Is the file whole? \"--override %s=REASON\" lets it pass: %w",
		c.From, after, before, 100*c.MaxShrinkage, pipeline.GateShrinkage, pipeline.ErrGate)
}
