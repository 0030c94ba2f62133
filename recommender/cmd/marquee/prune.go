package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
)

// A span is a duration that knows days: 90d, 36h, 0.
type span time.Duration

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *span) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n >= 0 && n <= 100_000 {
			*s = span(n * float64(24*time.Hour))
			return nil
		}
	} else if d, err := time.ParseDuration(string(text)); err == nil && d >= 0 {
		*s = span(d)
		return nil
	}
	return fmt.Errorf("age %q, want days such as 90d, hours such as 36h, or 0 for no limit", text)
}

// retentionFlags say how long and how much is kept.
type retentionFlags struct {
	KeepEvents     span  `help:"Age of histories and accounts, by the last thing that happened; 0: for ever." default:"0" placeholder:"AGE"`
	KeepExposures  span  `help:"Age of served lists." default:"90d" placeholder:"AGE"`
	KeepQuarantine span  `help:"Age of refused lines." default:"30d" placeholder:"AGE"`
	KeepChanges    span  `help:"Age of the change log; keep it longer than any bundle serves." default:"30d" placeholder:"AGE"`
	KeepIntake     span  `help:"Age of the hourly counts of lines." default:"400d" placeholder:"AGE"`
	KeepPosts      span  `help:"Age of idempotency keys of POST /events." default:"30d" placeholder:"AGE"`
	KeepUnknown    span  `help:"Age of the catalog API's answers that it does not know an id." default:"30d" placeholder:"AGE"`
	MaxEvents      int64 `help:"Histories kept, pairs of a person and a movie, the newest; 0: all." default:"0" placeholder:"ROWS"`
	MaxExposures   int64 `help:"Served lists kept; 0: all." default:"10000000" placeholder:"ROWS"`
	MaxQuarantine  int64 `help:"Refused lines kept; 0: all." default:"1000000" placeholder:"ROWS"`
}

func (f retentionFlags) check() error {
	if f.MaxEvents < 0 || f.MaxExposures < 0 || f.MaxQuarantine < 0 {
		return usage("--max-events, --max-exposures and --max-quarantine want 0 (all) or more")
	}
	return nil
}

func (f retentionFlags) policy() catalog.Retention {
	limit := func(age span, rows int64) catalog.Limit {
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
