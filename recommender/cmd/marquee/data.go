package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
	"marquee/catalog/dataset"
	"marquee/catalog/sqlstore"
)

type dataCmd struct {
	Snapshot dataSnapshotCmd `cmd:"" help:"Take an immutable snapshot of what a build reads."`
	List     dataListCmd     `cmd:"" help:"List the snapshots, newest first."`
	Show     dataShowCmd     `cmd:"" help:"Show where a snapshot came from."`
	Diff     dataDiffCmd     `cmd:"" help:"Compare two snapshots row by row."`
	Verify   dataVerifyCmd   `cmd:"" help:"Check files, rows and version of snapshots; exit 1 when one is broken."`
	Prune    dataPruneCmd    `cmd:"" help:"Delete old snapshots by age, number and size."`
	Delete   dataDeleteCmd   `cmd:"" help:"Delete one snapshot, even a broken one."`
}

// Help is shown below the flags.
func (dataCmd) Help() string {
	return `A snapshot is named by its content: the same movies, people and histories have the
same data version, on any machine. "marquee build --data VERSION" builds from one.
The first digits of a version will do.`
}

// dataVersion returns the shelf and the version that a prefix means.
func (e *env) dataVersion(prefix string) (*dataset.Shelf, string, error) {
	shelf, err := e.openData()
	if err != nil {
		return nil, "", err
	}
	version, err := resolveData(shelf, prefix)
	return shelf, version, err
}

func resolveData(shelf *dataset.Shelf, prefix string) (string, error) {
	version, err := shelf.Resolve(prefix)
	if errors.Is(err, catalog.ErrInvalid) {
		err = wrapUsage(err)
	}
	return version, err
}

type dataSnapshotCmd struct {
	Parent string `help:"Version that this one follows; default: the newest." placeholder:"VERSION"`
}

// Help is shown below the flags.
func (dataSnapshotCmd) Help() string {
	return `Examples:
  marquee data snapshot
  marquee data snapshot --output json | jq -r .snapshot.version

The snapshot is of one moment: events that come in meanwhile are not in it. If
nothing has changed since, the version is there already, and stays as it is. Files
are Parquet: any tool reads them, for example
  SELECT count(*) FROM '.marquee/data/VERSION/seen.parquet'   in duckdb`
}

// A takenSnapshot is the result of data snapshot.
type takenSnapshot struct {
	Snapshot dataset.Manifest `json:"snapshot"`
	Added    bool             `json:"added"` // false: the same rows were there already
	Seconds  float64          `json:"seconds"`
}

// Run takes a snapshot of the store.
func (c *dataSnapshotCmd) Run(ctx context.Context, e *env) error {
	began := time.Now()
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	shelf, err := e.openData()
	if err != nil {
		return err
	}
	parent, err := c.parent(shelf)
	if err != nil {
		return err
	}
	view, err := store.Freeze(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	bar := e.progress()
	m, added, err := shelf.Write(ctx, view, dataset.Origin{Parent: parent, Program: version, Gone: tombstones(store)}, time.Now(), bar.rows)
	bar.end()
	if err != nil {
		return err
	}
	taken := takenSnapshot{m, added, time.Since(began).Seconds()}
	return e.print(taken, func(w io.Writer) {
		printData(w, m)
		if added {
			fmt.Fprintf(w, "taken in %.1f s\n", taken.Seconds)
		} else {
			fmt.Fprintln(w, "the same rows were here already: nothing has changed")
		}
	})
}

func (c *dataSnapshotCmd) parent(shelf *dataset.Shelf) (string, error) {
	if c.Parent != "" {
		return resolveData(shelf, c.Parent)
	}
	list, _, err := shelf.List()
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0].Version, nil
}

// tombstones asks a store who was forgotten.
func tombstones(store *sqlstore.Store) func(context.Context) (func(catalog.UserID) bool, error) {
	return func(ctx context.Context) (func(catalog.UserID) bool, error) {
		t, err := store.Tombstones(ctx)
		return t.Has, err
	}
}

// rows shows how many rows of a table are done.
func (p *progress) rows(table string, rows int64) { p.show(table, int(rows), 0) }

type dataListCmd struct{}

// Help is shown below the flags.
func (dataListCmd) Help() string {
	return `Examples:
  marquee data list
  marquee data list --output json`
}

// Run lists.
func (dataListCmd) Run(e *env) error {
	shelf, err := e.openData()
	if err != nil {
		return err
	}
	list, broken, err := shelf.List()
	if err != nil {
		return err
	}
	for _, err := range broken {
		e.log.Warn("a snapshot is broken; \"marquee data delete\" deletes it", "error", err)
	}
	if list == nil {
		list = []dataset.Manifest{} // [] in JSON
	}
	return e.print(map[string]any{"snapshots": list, "broken": len(broken)}, func(w io.Writer) {
		rows := [][]string{{"version", "created", "movies", "people", "seen", "MiB", "parent"}}
		for _, m := range list {
			rows = append(rows, []string{
				m.Version, m.Created.Format(time.RFC3339), fmt.Sprint(m.Table("movies").Rows), fmt.Sprint(m.Table("users").Rows),
				fmt.Sprint(m.Table("seen").Rows), fmt.Sprintf("%.1f", mib(m.Bytes())), shortVersion(m.Parent),
			})
		}
		columns(w, rows...)
	})
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// shortVersion is enough of a version to find it by.
func shortVersion(v string) string { return orElse(v[:min(len(v), 12)], "none") }

func printData(w io.Writer, m dataset.Manifest) {
	rows := [][]string{
		{"version", m.Version},
		{"created", m.Created.Format(time.RFC3339)},
		{"parent", orElse(m.Parent, "none")},
		{"rating scale", m.Scale.String()},
		{"events", eventSpan(m)},
		{"last change", fmt.Sprint(m.LastChange)},
		{"program", m.Program},
	}
	if len(m.Replaces) > 0 {
		rows = append(rows, []string{"rewritten", m.Rewritten.Format(time.RFC3339) + ", when people were forgotten"})
	}
	for _, t := range m.Tables {
		rows = append(rows, []string{t.Name, fmt.Sprintf("%d rows, %.2f MiB, sha256 %.12s...", t.Rows, mib(t.Bytes), t.SHA256)})
	}
	columns(w, rows...)
}

func eventSpan(m dataset.Manifest) string {
	if m.FirstEvent.IsZero() {
		return "none"
	}
	return m.FirstEvent.Format(time.RFC3339) + " to " + m.LastEvent.Format(time.RFC3339)
}

// dataArg names a snapshot.
type dataArg struct {
	Version string `arg:"" help:"Data version, or its first digits."`
}

type dataShowCmd struct{ dataArg }

// Help is shown below the flags.
func (dataShowCmd) Help() string {
	return `Examples:
  marquee data show 0f3a
  marquee data show 0f3a --output json      the whole manifest`
}

// Run shows a manifest.
func (c dataShowCmd) Run(e *env) error {
	shelf, version, err := e.dataVersion(c.Version)
	if err != nil {
		return err
	}
	m, err := shelf.Manifest(version)
	if err != nil {
		return err
	}
	return e.print(m, func(w io.Writer) { printData(w, m) })
}

type dataDeleteCmd struct{ dataArg }

// Help is shown below the flags.
func (dataDeleteCmd) Help() string {
	return `Examples:
  marquee data delete 0f3a`
}

// Run deletes.
func (c dataDeleteCmd) Run(ctx context.Context, e *env) error {
	shelf, version, err := e.dataVersion(c.Version)
	if err != nil {
		return err
	}
	if err := shelf.Delete(ctx, version); err != nil {
		return err
	}
	return e.print(map[string]string{"deleted": version}, func(w io.Writer) { fmt.Fprintf(w, "%s is deleted\n", version) })
}
