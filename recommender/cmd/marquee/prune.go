package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
	"marquee/catalog/dataset"
	"marquee/catalog/sqlstore"
)

// retentionFlags say how long and how much is kept.
type retentionFlags struct {
	KeepEvents     timeSpan `help:"Age of histories and accounts, by the last thing that happened; 0: for ever." default:"0" placeholder:"AGE"`
	KeepExposures  timeSpan `help:"Age of served lists." default:"90d" placeholder:"AGE"`
	KeepQuarantine timeSpan `help:"Age of refused lines." default:"30d" placeholder:"AGE"`
	KeepChanges    timeSpan `help:"Age of the change log; keep it longer than any bundle serves." default:"30d" placeholder:"AGE"`
	KeepIntake     timeSpan `help:"Age of the hourly counts of lines." default:"400d" placeholder:"AGE"`
	KeepPosts      timeSpan `help:"Age of idempotency keys of POST /events." default:"30d" placeholder:"AGE"`
	KeepUnknown    timeSpan `help:"Age of the catalog API's answers that it does not know an id." default:"30d" placeholder:"AGE"`
	MaxEvents      int64    `help:"Histories kept, pairs of a person and a movie, the newest; 0: all." default:"0" placeholder:"ROWS"`
	MaxExposures   int64    `help:"Served lists kept; 0: all." default:"10000000" placeholder:"ROWS"`
	KeepData       timeSpan `help:"Age of data versions; the newest and those of bundles stay; 0: for ever." default:"0" placeholder:"AGE"`
	MaxData        byteSize `help:"Bytes of all data versions together, such as 10GB; 0: any." default:"0" placeholder:"SIZE"`
	MaxQuarantine  int64    `help:"Refused lines kept; 0: all." default:"1000000" placeholder:"ROWS"`
}

func (f retentionFlags) check() error {
	if f.MaxEvents < 0 || f.MaxExposures < 0 || f.MaxQuarantine < 0 {
		return usage("--max-events, --max-exposures and --max-quarantine want 0 (all) or more")
	}
	return nil
}

func (f retentionFlags) policy() catalog.Retention {
	limit := func(age timeSpan, rows int64) catalog.Limit {
		return catalog.Limit{Age: time.Duration(age), Rows: rows}
	}
	return catalog.Retention{
		Events:     limit(f.KeepEvents, f.MaxEvents),
		Exposures:  limit(f.KeepExposures, f.MaxExposures),
		Quarantine: limit(f.KeepQuarantine, f.MaxQuarantine),
		Changes:    limit(f.KeepChanges, 0),
		Intake:     limit(f.KeepIntake, 0),
		Posts:      limit(f.KeepPosts, 0),
		UnknownIDs: limit(f.KeepUnknown, 0),
	}
}

type storePruneCmd struct {
	retentionFlags `embed:""`
	BatchRows      int `help:"Rows removed in one transaction." default:"1000" placeholder:"N"`
}

// Help is shown below the flags.
func (storePruneCmd) Help() string {
	return `Examples:
  marquee store prune
  marquee store prune --keep-exposures 14d --max-quarantine 100000

Rows older than their age go, then the oldest beyond the number kept, in small transactions
beside which events go on coming in; then data versions, if --keep-data or --max-data says
so. Run it daily, or let "marquee ingest --prune-every 24h" do it.`
}

// Run removes what is too old or too much.
func (c storePruneCmd) Run(ctx context.Context, e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.BatchRows < 1 || c.BatchRows > 100_000 {
		return usage("--batch-rows is %d, want 1 to 100000", c.BatchRows)
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	bar := e.progress()
	defer bar.end()
	removed, err := c.prune(ctx, e, store, time.Now(), c.BatchRows, func(r catalog.Removal) { bar.show("prune", int(r.Total()), 0) })
	bar.end()
	if err != nil {
		return err
	}
	return e.print(removed, removed.text)
}

// A pruned is what retention removed.
type pruned struct {
	catalog.Removal
	Data []dataset.Removed `json:"data_versions"`
}

func (p pruned) text(w io.Writer) {
	writeRemoval(w, p.Removal)
	for _, d := range p.Data {
		fmt.Fprintf(w, "data version %s removed: %s\n", d.Version, d.Reason)
	}
}

// prune removes what is too old or too much from the store, then data versions.
func (f retentionFlags) prune(ctx context.Context, e *env, store *sqlstore.Store, now time.Time, batchRows int, progress func(catalog.Removal)) (pruned, error) {
	out := pruned{Data: []dataset.Removed{}}
	var err error
	if out.Removal, err = store.Prune(ctx, f.policy(), now, batchRows, progress); err != nil {
		return out, err
	}
	limits := dataset.Limits{Age: time.Duration(f.KeepData), Bytes: int64(f.MaxData)}
	if limits == (dataset.Limits{}) {
		return out, nil
	}
	shelf, err := e.openData()
	if err != nil {
		return out, err
	}
	keep, err := e.builtFrom()
	if err != nil {
		return out, err
	}
	removed, err := shelf.Prune(ctx, limits, keep, now)
	out.Data = append(out.Data, removed...)
	return out, err
}
