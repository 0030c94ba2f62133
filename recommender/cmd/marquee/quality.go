package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"marquee/catalog/quality"
	"marquee/catalog/sqlstore"
)

type qualityCmd struct {
	Schema      string `help:"JSON file of checks; --print-schema prints the one used otherwise." type:"existingfile" predictor:"file" placeholder:"FILE"`
	Reference   string `help:"Window of event time to compare with, UTC, such as 2024-03-01..2024-03-08. Default: the week before the current one, or the first half of a shorter span." placeholder:"FROM..TO"`
	Current     string `help:"Window that is compared. Default: the week before the newest event, or the second half of a shorter span." placeholder:"FROM..TO"`
	HTML        string `name:"html" help:"Page to write; none with --no-page. Default: quality.html in the home folder." type:"path" predictor:"file" placeholder:"FILE"`
	NoPage      bool   `help:"Write no page."`
	JSON        string `name:"json" help:"File to write the result to as JSON." type:"path" predictor:"file" placeholder:"FILE"`
	FailOn      string `help:"Least severity of a failed check for which the exit status is 1: error, warning or never." enum:"error,warning,never" default:"error" placeholder:"SEVERITY"`
	ShowIDs     bool   `name:"show-ids" help:"Name the people whose rows fail a check: personal data."`
	PrintSchema bool   `help:"Print the schema in use, as a file to begin one's own with, and end."`
}

// Help is shown below the flags.
func (qualityCmd) Help() string {
	return `Examples:
  marquee quality                                  profile, check, compare the last two weeks
  marquee quality --fail-on warning --json q.json  as a gate; exit status 1 when it fails
  marquee quality --reference 2024-03-01..2024-03-08 --current 2024-03-08..2024-03-15
  marquee quality --print-schema > schema.json     then edit it, and --schema schema.json

A check is one line of the schema: {"table": "movies", "column": "year", "check":
"range", "min": 1870, "max": 2100, "max_share": 0.01, "severity": "warning"}. Checks are
not_null, unique, not_constant, range, one_of, regex, min_rows, max_rows, max_share,
referential, fresh_hours, not_future, monotone, at_most, on_scale, max_drift. Tables are
movies, users, watches, ratings, accounts, quarantine, intake, exposures, exposed, drift.
The page is one file without scripts; it is written even when a gate fails.`
}

// Run reads the store and writes what it found.
func (c *qualityCmd) Run(ctx context.Context, e *env) error {
	opts, text, err := c.options()
	if err != nil {
		return err
	}
	if c.PrintSchema {
		_, err := e.stdout.Write(text)
		return err
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	opts.Store = sqlstore.Redact(e.cli.Store)
	bar := e.progress()
	opts.Progress = func(step string, rows int64) { bar.show(step, int(rows), 0) }
	result, err := quality.Run(ctx, store, opts)
	bar.end()
	if err != nil {
		return err
	}
	if err := c.write(e, result); err != nil {
		return err
	}
	return c.gate(result)
}

// options returns what the flags ask for, and the text of the schema.
func (c *qualityCmd) options() (quality.Options, []byte, error) {
	opts, err := quality.DefaultOptions(time.Now())
	text := quality.DefaultSchemaJSON()
	if err != nil {
		return opts, nil, err
	}
	if c.Schema != "" {
		if text, err = os.ReadFile(c.Schema); err != nil {
			return opts, nil, err
		}
		if opts.Schema, err = quality.ParseSchema(text); err != nil {
			return opts, nil, wrapUsage(fmt.Errorf("%s: %w", c.Schema, err))
		}
	}
	if opts.Reference, err = parseWindow("--reference", c.Reference); err != nil {
		return opts, nil, err
	}
	if opts.Current, err = parseWindow("--current", c.Current); err != nil {
		return opts, nil, err
	}
	opts.ShowIDs = c.ShowIDs
	return opts, text, wrapUsage(opts.Validate())
}

// parseWindow reads "FROM..TO", the times in UTC or with a zone; nil for none.
func parseWindow(flag, text string) (*quality.Window, error) {
	if text == "" {
		return nil, nil
	}
	from, to, dots := strings.Cut(text, "..")
	var w quality.Window
	for _, part := range []struct {
		text string
		dst  *time.Time
	}{{from, &w.From}, {to, &w.To}} {
		t, ok := parseWindowTime(part.text)
		if !dots || !ok {
			return nil, usage("%s is %q, want FROM..TO of times such as 2024-03-01..2024-03-08 or 2024-03-01T10:00..2024-03-01T22:00", flag, text)
		}
		*part.dst = t
	}
	return &w, nil
}

func parseWindowTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// write writes the page and the JSON file, and the result to standard output.
func (c *qualityCmd) write(e *env, result *quality.Result) error {
	page := c.HTML
	if page == "" {
		page = e.path("quality.html")
	}
	if !c.NoPage {
		if err := c.file(page, result.WriteHTML); err != nil {
			return fmt.Errorf("write the page: %w", err)
		}
	}
	if c.JSON != "" {
		err := c.file(c.JSON, func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			return enc.Encode(result)
		})
		if err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
	}
	if e.json() {
		return e.print(result, nil)
	}
	if err := result.WriteText(e.stdout); err != nil {
		return err
	}
	if !c.NoPage {
		fmt.Fprintf(e.stdout, "\npage: %s\n", page)
	}
	return nil
}

// file writes a file whole or not at all. One that may name people is only for
// its owner.
func (c *qualityCmd) file(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".quality-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	mode := os.FileMode(0o644)
	if c.ShowIDs {
		mode = 0o600
	}
	err = write(f)
	if err == nil {
		err = f.Chmod(mode)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// gate returns an error if checks failed that must not.
func (c *qualityCmd) gate(result *quality.Result) error {
	if c.FailOn == "never" {
		return nil
	}
	least := quality.Severity(c.FailOn)
	n := result.Failed.AtLeast(least)
	if n == 0 {
		return nil
	}
	var which []string
	for _, o := range result.Checks {
		if !o.Passed && (o.Severity == quality.Error || o.Severity == least) {
			which = append(which, fmt.Sprintf("line %d: %s %s: %s", o.Line, o.Table, strings.TrimSpace(o.Column+" "+string(o.Kind)), o.Observed))
		}
	}
	return fmt.Errorf("data quality: %d checks of severity %s or higher failed: %s", n, c.FailOn, strings.Join(which, "; "))
}
