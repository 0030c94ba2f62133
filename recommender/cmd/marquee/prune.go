package main

import (
	"context"
	"io"
	"time"

	"marquee/catalog"
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
	return `Rows older than their age go, then the oldest beyond the number kept, in small transactions
beside which events go on coming in. Run it daily, or let "marquee ingest --prune-every 24h"
do it. "marquee data prune" does the same for data versions.`
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
	removed, err := store.Prune(ctx, c.policy(), time.Now(), c.BatchRows, func(r catalog.Removal) { bar.show("prune", int(r.Total()), 0) })
	bar.end()
	if err != nil {
		return err
	}
	return e.print(removed, func(w io.Writer) { writeRemoval(w, removed) })
}
