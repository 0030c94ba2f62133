package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
)

type ingestCmd struct {
	Source    string        `help:"Where events come from: file:PATH, - (standard input), kafka://HOST:PORT/TOPIC or http:HOST:PORT (POST /events)." required:"" placeholder:"SOURCE"`
	Once      bool          `help:"End at the end of the file, or at what was the end of the topic, rather than wait for more."`
	From      string        `help:"Where a file or partition begins that was never read: earliest, latest, a time, an offset, or last=1h." default:"earliest" placeholder:"START"`
	Replay    bool          `help:"Begin at --from though more was read already: read it again."`
	BatchRows int           `help:"Lines in one transaction, at most." default:"${batch_rows}" placeholder:"N"`
	BatchWait time.Duration `help:"Longest time that a line waits for its transaction." default:"1s" placeholder:"TIME"`
	Edition   string        `help:"Edition of stream and catalog API, which sets the rating scale of a new store and how the API is asked: 2025 (1 to 5, an id a request) or 2026 (1 to 10, up to 200)." enum:",2025,2026" default:"" placeholder:"YEAR"`
	Timezone  string        `help:"Zone of the stream's clock, such as America/New_York." default:"UTC" placeholder:"ZONE"`

	kafkaFlags  `embed:"" prefix:"kafka-"`
	postFlags   `embed:""`
	lookupFlags `embed:""`
	watchFlags  `embed:""`
	relayFlags  `embed:""`

	PruneEvery     time.Duration `help:"Time between two removals of what is too old; 0: none. See \"marquee store prune\"." default:"0" placeholder:"TIME"`
	retentionFlags `embed:""`
}

// Help is shown below the flags.
func (ingestCmd) Help() string {
	return `Examples:
  marquee ingest --source file:movielog.log --once          a file, to its end
  marquee ingest --source file:movielog.log                 a file that grows and is rotated, like tail -F
  marquee ingest --source file:movielog.log --admin-listen 127.0.0.1:9083    # curl localhost:9083/metrics
  marquee ingest --source - < old.log.gz                    standard input
  marquee ingest --source kafka://broker:9092/movielog1     a topic, as one of the group "marquee" (?group=NAME)
  marquee ingest --source http:127.0.0.1:8083 --token-file tokens
  curl -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(uuidgen)" --data-binary @part.log 127.0.0.1:8083/events
  marquee ingest --source kafka://broker:9092/movielog1 --from last=1h --replay

A batch and the offset after it are stored in one transaction: after a crash or a second run
nothing is missing and nothing counts twice. A file is known by its content, under any name; a
topic by its id; a pipe by its first batch, which is therefore stored when --batch-rows lines
have come, or the end. A line that cannot be read goes to quarantine with its reason ("marquee
quarantine"); the rest go in. While the store is away reading waits, and goes on by itself.`
}

// check refuses settings before anything is opened, and returns those of the stream.
func (c *ingestCmd) check() (stream.Config, error) {
	cfg := stream.DefaultConfig()
	cfg.BatchLines, cfg.BatchWait = c.BatchRows, c.BatchWait
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return cfg, usage("--timezone: %v", err)
	}
	cfg.Location = zone
	if cfg.From, err = stream.ParseFrom(c.From, zone); err != nil {
		return cfg, fmt.Errorf("--from: %w", wrapUsage(err))
	}
	cfg.From.Replay = c.Replay
	if err := cfg.Validate(); err != nil {
		return cfg, wrapUsage(err)
	}
	if c.PruneEvery < 0 {
		return cfg, usage("--prune-every is %v, want 0 or more", c.PruneEvery)
	}
	if _, _, err := c.operators(); err != nil {
		return cfg, err
	}
	return cfg, c.retentionFlags.check()
}

// Run reads the source to its end, or until ctx ends.
func (c *ingestCmd) Run(ctx context.Context, e *env) error {
	cfg, err := c.check()
	if err != nil {
		return err
	}
	store, err := e.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := setEdition(ctx, store, c.Edition); err != nil {
		return err
	}
	if cfg.Scale, err = store.Scale(ctx); err != nil {
		return err
	}
	bar := e.progress()
	defer bar.end()
	in, err := c.open(ctx, e, store, cfg, bar)
	if err != nil {
		return err
	}
	sum, err := c.work(ctx, e, store, in)
	bar.end()
	if err != nil {
		return err
	}
	if err := e.printSummary(sum); err != nil {
		return err
	}
	if sum.Lines > 0 && sum.Kept.Total() == 0 && sum.Refused[stream.Forgotten] == 0 {
		return fmt.Errorf("all %d lines were refused; is it the event stream?", sum.Lines)
	}
	return nil
}

// work carries events from in to the store, with all that goes on beside it, and
// ends when the source does. That the user ended a source which has no end is no
// fault.
func (c *ingestCmd) work(ctx context.Context, e *env, store *sqlstore.Store, in *input) (sum stream.Summary, err error) {
	defer func() {
		if cerr := in.close(); err == nil {
			err = cerr
		}
	}()
	asked := ctx
	g, ctx := errgroup.WithContext(ctx)
	ctx, done := context.WithCancel(ctx)
	defer done()
	watch, err := c.watch(ctx, e, in)
	if err != nil {
		return sum, err
	}
	look, err := c.lookupFlags.open(e, store, c.Edition, c.Once, watch.reg)
	if err != nil {
		return sum, err
	}
	changes, err := c.relay(e, store)
	if err != nil {
		return sum, err
	}
	if watch.tokens != nil {
		again, stop := hangups()
		defer stop()
		g.Go(func() error { return untilEnd(tokenFlags{c.APITokenFile}.follow(ctx, e, watch.tokens, again)) })
	}
	g.Go(func() error { return untilEnd(watch.serve(ctx)) })
	g.Go(func() error { return untilEnd(changes.run(ctx)) })
	g.Go(func() error { return untilEnd(look.run(ctx)) })
	g.Go(func() error { return untilEnd(c.prune(ctx, e, store)) })
	if in.serve != nil {
		g.Go(func() error { return untilEnd(in.serve(ctx)) })
	}
	g.Go(func() error {
		defer done()
		run := stream.DefaultRunConfig()
		run.Applied, run.Paused, run.Resumed = watch.applied, watch.paused, watch.resumed
		var err error
		sum, err = stream.Run(ctx, in.source, look.sink(store), run)
		if err == nil {
			err = look.finish(ctx)
		}
		if in.endless && asked.Err() != nil {
			return untilEnd(err)
		}
		return err
	})
	return sum, g.Wait()
}

// prune removes what is too old, again and again.
func (c *ingestCmd) prune(ctx context.Context, e *env, store *sqlstore.Store) error {
	if c.PruneEvery == 0 {
		return nil
	}
	tick := time.NewTicker(c.PruneEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-tick.C:
			removed, err := c.retentionFlags.prune(ctx, e, store, now, 0, nil)
			switch {
			case err == nil:
				e.log.Info("what is too old was removed", "rows", removed.Total(), "removed", removed)
			case ctx.Err() == nil:
				e.log.Warn("what is too old could not all be removed; the next attempt goes on", "error", err, "rows", removed.Total(), "again_in", c.PruneEvery)
			}
		}
	}
}

// setEdition sets the rating scale of a store that has no ratings yet. One that has
// would take old ratings for other ones.
func setEdition(ctx context.Context, store *sqlstore.Store, edition string) error {
	if edition == "" {
		return nil
	}
	scale, err := scaleOf(edition)
	if err != nil {
		return err
	}
	held, err := store.Scale(ctx)
	if err != nil || held == scale {
		return err
	}
	counts, err := store.Counts(ctx)
	if err != nil {
		return err
	}
	if counts.Ratings > 0 {
		return fmt.Errorf("edition %s rates on %s, and the store holds %d ratings on %s, which would mean something else; name another store, or if they were of that edition all along: marquee store scale %s: %w",
			edition, scale, counts.Ratings, held, scale, catalog.ErrInvalid)
	}
	return store.SetScale(ctx, scale)
}

func (e *env) printSummary(s stream.Summary) error {
	return e.print(s, func(w io.Writer) {
		fmt.Fprintf(w, "%d lines: %d kept, %d refused\n", s.Lines, s.Kept.Total(), s.RefusedTotal())
		rows := [][]string{
			{"  watch", fmt.Sprint(s.Kept.Watch)},
			{"  rate", fmt.Sprint(s.Kept.Rate)},
			{"  recommendation", fmt.Sprint(s.Kept.Recommendation)},
			{"  create_account", fmt.Sprint(s.Kept.CreateAccount)},
		}
		for _, reason := range slices.Sorted(maps.Keys(s.Refused)) {
			rows = append(rows, []string{"  refused: " + string(reason), fmt.Sprint(s.Refused[reason])})
		}
		columns(w, rows...)
	})
}
