package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
	"marquee/catalog/dataset"
)

type dataDiffCmd struct {
	From     string `arg:"" help:"Data version, or its first digits."`
	To       string `arg:"" help:"Data version to compare it with."`
	Examples int    `help:"Rows named for each kind of change in each table." default:"5" placeholder:"N"`
}

// Help is shown below the flags.
func (dataDiffCmd) Help() string {
	return `Examples:
  marquee data diff 0f3a 81bc
  marquee data diff 0f3a 81bc --examples 20`
}

// Run compares.
func (c *dataDiffCmd) Run(ctx context.Context, e *env) error {
	shelf, from, err := e.dataVersion(c.From)
	if err != nil {
		return err
	}
	to, err := resolveData(shelf, c.To)
	if err != nil {
		return err
	}
	d, err := shelf.Diff(ctx, from, to, c.Examples)
	if errors.Is(err, catalog.ErrInvalid) {
		err = wrapUsage(err)
	}
	if err != nil {
		return err
	}
	return e.print(d, func(w io.Writer) { printDiff(w, d) })
}

func printDiff(w io.Writer, d dataset.Diff) {
	if d.FromScale != d.ToScale {
		fmt.Fprintf(w, "rating scale %s became %s\n", d.FromScale, d.ToScale)
	}
	rows := [][]string{{"", "same", "added", "removed", "changed"}}
	for _, t := range d.Tables {
		rows = append(rows, []string{t.Table, fmt.Sprint(t.Same), fmt.Sprint(t.Added), fmt.Sprint(t.Removed), fmt.Sprint(t.Changed)})
	}
	columns(w, rows...)
	for _, t := range d.Tables {
		for _, x := range t.Examples {
			fmt.Fprintf(w, "  %s %s", t.Table, x.Change)
			if x.User != "" {
				fmt.Fprintf(w, " user %s", x.User)
			}
			if x.Movie != "" {
				fmt.Fprintf(w, " movie %s", x.Movie)
			}
			for _, f := range x.Fields {
				fmt.Fprintf(w, "; %s: %s -> %s", f.Name, orElse(f.Before, "nothing"), orElse(f.After, "nothing"))
			}
			fmt.Fprintln(w)
		}
	}
}

type dataVerifyCmd struct {
	Version string `arg:"" optional:"" help:"Data version, or its first digits; default: all."`
}

// Help is shown below the flags.
func (dataVerifyCmd) Help() string {
	return `Examples:
  marquee data verify           every snapshot
  marquee data verify 0f3a`
}

// A verified is what was found of one snapshot.
type verified struct {
	Version string `json:"version"`
	Whole   bool   `json:"whole"`
	Error   string `json:"error,omitempty"`
}

// Run checks one snapshot or all. One that is broken does not keep the others from
// being checked.
func (c *dataVerifyCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openData()
	if err != nil {
		return err
	}
	versions, err := shelf.Versions()
	if c.Version != "" && err == nil {
		versions = make([]string, 1)
		versions[0], err = resolveData(shelf, c.Version)
	}
	if err != nil {
		return err
	}
	bar := e.progress()
	results := []verified{}
	broken := 0
	for _, v := range versions {
		_, err := shelf.Verify(ctx, v, bar.rows)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r := verified{Version: v, Whole: err == nil}
		if err != nil {
			r.Error = err.Error()
			broken++
		}
		results = append(results, r)
	}
	bar.end()
	err = e.print(map[string]any{"snapshots": results}, func(w io.Writer) {
		for _, r := range results {
			fmt.Fprintf(w, "%s %s\n", r.Version, orElse(r.Error, "is whole"))
		}
	})
	if err == nil && broken > 0 {
		err = fmt.Errorf("%d of %d snapshots are not whole; \"marquee data delete VERSION\" deletes one, \"marquee data snapshot\" takes a new one", broken, len(results))
	}
	return err
}

type dataPruneCmd struct {
	Keep  int      `help:"Most snapshots to keep; 0: any number." default:"0" placeholder:"N"`
	Age   timeSpan `help:"Age beyond which snapshots go, such as 90d or 36h; 0: any." default:"0s" placeholder:"TIME"`
	Bytes byteSize `help:"Most bytes of all snapshots together, such as 10GB; 0: any." default:"0" placeholder:"SIZE"`
}

// Help is shown below the flags.
func (dataPruneCmd) Help() string {
	return `Examples:
  marquee data prune --keep 10
  marquee data prune --age 90d --bytes 10GB

The oldest go first. The newest snapshot stays, and so do those from which a bundle
on the shelf was built.`
}

// Run prunes.
func (c *dataPruneCmd) Run(ctx context.Context, e *env) error {
	if c.Keep < 0 {
		return usage("--keep is %d, want 0 (any number) or more", c.Keep)
	}
	limits := dataset.Limits{Age: time.Duration(c.Age), Count: c.Keep, Bytes: int64(c.Bytes)}
	if limits == (dataset.Limits{}) {
		return usage("nothing says what to delete; want --keep, --age or --bytes")
	}
	shelf, err := e.openData()
	if err != nil {
		return err
	}
	keep, err := e.builtFrom()
	if err != nil {
		return err
	}
	removed, err := shelf.Prune(ctx, limits, keep, time.Now())
	if removed == nil {
		removed = []dataset.Removed{} // [] in JSON
	}
	perr := e.print(map[string]any{"removed": removed}, func(w io.Writer) {
		rows := [][]string{{"deleted", "created", "MiB", "by"}}
		for _, r := range removed {
			rows = append(rows, []string{r.Version, r.Created.Format(time.RFC3339), fmt.Sprintf("%.1f", mib(r.Bytes)), r.Reason})
		}
		if len(removed) > 0 {
			columns(w, rows...)
		}
		fmt.Fprintf(w, "%d snapshots deleted\n", len(removed))
	})
	return errors.Join(err, perr)
}

// builtFrom returns the data versions of the bundles on the shelf.
func (e *env) builtFrom() ([]string, error) {
	shelf, err := e.openShelf()
	if err != nil {
		return nil, err
	}
	list, err := shelf.List()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range list {
		out = append(out, m.DataVersion)
	}
	return out, nil
}
