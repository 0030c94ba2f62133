package main

import (
	"context"
	"errors"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream/kafka"
)

// relayFlags say where the log of changes is written besides.
type relayFlags struct {
	ChangesTopic string `help:"Topic to which the log of changes is written, as kafka://HOST:PORT/TOPIC." placeholder:"URL"`
}

// A relay writes the log of changes to a topic, in order, each at least once. How
// far it got is an offset of the store, so several relays of one store do the work
// of one. The offset is that of the topic's id, so a topic that was made anew, or
// of another cluster, gets all that the log holds.
type relay struct {
	store *sqlstore.Store
	topic *kafka.Writer
	env   *env
}

// Bounds of a relay.
const (
	relayEvery = time.Second
	relayRows  = 1000
	relayWait  = 10 * time.Second // for a page that is being written, and for what is left at the end
)

// relay opens the topic of changes; without one it returns nil.
func (c *ingestCmd) relay(e *env, store *sqlstore.Store) (*relay, error) {
	if c.ChangesTopic == "" {
		return nil, nil
	}
	topic, err := c.kafkaFlags.writer(e, c.ChangesTopic, func(w *kafka.WriterConfig, topic string) { w.Changes = topic })
	if err != nil {
		return nil, err
	}
	return &relay{store: store, topic: topic, env: e}, nil
}

// run writes changes until ctx ends, and then what is left if the topic can be
// reached.
func (r *relay) run(ctx context.Context) error {
	if r == nil {
		return nil
	}
	defer r.topic.Close()
	tick := time.NewTicker(relayEvery)
	defer tick.Stop()
	for told := false; ; {
		err := r.all(ctx)
		switch {
		case errors.Is(err, context.Canceled): // the end
		case err != nil && !told:
			r.env.log.Warn("changes are not written to their topic; trying again", "error", err)
		case err == nil && told:
			r.env.log.Info("changes are written to their topic again")
		}
		if !errors.Is(err, context.Canceled) {
			told = err != nil
		}
		select {
		case <-ctx.Done():
			if told {
				return ctx.Err()
			}
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), relayWait)
			defer cancel()
			if err := r.all(last); err != nil {
				r.env.log.Warn("the last changes are not written to their topic; the next run goes on there", "error", err)
			}
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// all writes every change that was not written yet, and tells of those that were
// removed before.
func (r *relay) all(ctx context.Context) error {
	name, err := r.topic.ChangesTopic(ctx)
	if err != nil {
		return err
	}
	var gone gap
	for more := true; more && err == nil; {
		more, err = r.some(ctx, "relay:changes:"+name, &gone)
	}
	if gone.changes > 0 {
		r.env.log.Warn("changes were removed from the log before they were written to their topic: whoever reads it must take what they led to from the store. Keep the log longer, or relay it all the time",
			"topic", name, "changes", gone.changes, "after", gone.after, "before", gone.before)
	}
	return err
}

// some writes the changes after those that the partition cursor of the store
// stands for, relayRows at most. more says that there were any. What it has begun it
// ends, whatever becomes of ctx: a write that is cut off may get through unnoticed,
// and would be made again.
func (r *relay) some(ctx context.Context, cursor string, gone *gap) (more bool, err error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), relayWait)
	defer cancel()
	from, err := r.store.Offset(ctx, cursor)
	if err != nil {
		return false, err
	}
	changes, err := r.store.ChangesSince(ctx, from, relayRows)
	if err != nil || len(changes) == 0 {
		return false, err
	}
	if err := r.topic.WriteChanges(ctx, changes); err != nil {
		return false, err
	}
	_, err = r.store.Append(ctx, catalog.Batch{Partition: cursor, From: from, To: changes[len(changes)-1].Seq})
	switch {
	case errors.Is(err, catalog.ErrOffset): // another relay was quicker
		return true, nil
	case err != nil:
		return false, err
	}
	gone.look(from, changes)
	return true, nil
}

// A gap is what is missing of a log whose numbers have no gaps. What was removed
// may have left single changes in between.
type gap struct {
	changes       int64 // that are missing
	after, before int64 // the changes that stand on either side of them all
}

// look adds what is missing of the changes that come after the one numbered from.
func (g *gap) look(from int64, changes []catalog.Change) {
	for _, c := range changes {
		if c.Seq > from+1 {
			if g.changes == 0 {
				g.after = from
			}
			g.changes += c.Seq - from - 1
			g.before = c.Seq
		}
		from = c.Seq
	}
}
