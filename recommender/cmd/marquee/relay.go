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
// of one.
type relay struct {
	store  *sqlstore.Store
	topic  *kafka.Writer
	cursor string // the partition that stands for the topic
	env    *env
}

// Bounds of a relay.
const (
	relayEvery = time.Second
	relayRows  = 1000
)

// relay opens the topic of changes; without one it returns nil.
func (c *ingestCmd) relay(e *env, store *sqlstore.Store) (*relay, error) {
	if c.ChangesTopic == "" {
		return nil, nil
	}
	name := ""
	topic, err := c.kafkaFlags.writer(e, c.ChangesTopic, func(w *kafka.WriterConfig, topic string) { w.Changes, name = topic, topic })
	if err != nil {
		return nil, err
	}
	return &relay{store: store, topic: topic, cursor: "relay:changes:" + name, env: e}, nil
}

// run writes changes until ctx ends.
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
		case err != nil && ctx.Err() == nil && !told:
			r.env.log.Warn("changes are not written to their topic; trying again", "error", err)
		case err == nil && told:
			r.env.log.Info("changes are written to their topic again")
		}
		told = err != nil
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// all writes every change that was not written yet.
func (r *relay) all(ctx context.Context) error {
	for {
		from, err := r.store.Offset(ctx, r.cursor)
		if err != nil {
			return err
		}
		changes, err := r.store.ChangesSince(ctx, from, relayRows)
		if err != nil || len(changes) == 0 {
			return err
		}
		if err := r.topic.WriteChanges(ctx, changes); err != nil {
			return err
		}
		_, err = r.store.Append(ctx, catalog.Batch{Partition: r.cursor, From: from, To: changes[len(changes)-1].Seq})
		if err != nil && !errors.Is(err, catalog.ErrOffset) { // another relay was quicker
			return err
		}
	}
}
