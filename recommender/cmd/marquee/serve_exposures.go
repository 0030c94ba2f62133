package main

import (
	"context"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/catalog/stream/kafka"
	"marquee/recommender/exposure"
	"marquee/recommender/httpapi"
)

// exposureFlags say where served lists are kept.
type exposureFlags struct {
	Exposures      bool       `help:"Keep every list that answers a contract call in the store." default:"true" negatable:""`
	TraceInputs    bool       `help:"Keep what each list was made from beside it, for \"marquee trace\"." default:"true" negatable:""`
	ExposuresTopic string     `help:"Topic to which served lists are written too, as kafka://HOST:PORT/TOPIC." placeholder:"URL"`
	ExposuresQueue int        `help:"Served lists that may wait to be kept; more are dropped and counted." default:"20000" placeholder:"N"`
	Kafka          kafkaFlags `embed:"" prefix:"kafka-"`
}

// exposures is what keeps served lists; a nil one keeps none.
type exposures struct {
	recorder *exposure.Recorder
	topic    *kafka.Writer // nil without a topic
}

func (f exposureFlags) open(e *env, store *lateStore, metrics *httpapi.Metrics) (*exposures, error) {
	var writers []exposure.Named
	x := &exposures{}
	if f.Exposures {
		writers = append(writers, exposure.Named{Name: "store", Writer: storeWriter{store}})
	}
	if f.ExposuresTopic != "" {
		topic, err := f.Kafka.writer(e, f.ExposuresTopic, func(c *kafka.WriterConfig, topic string) { c.Exposures = topic })
		if err != nil {
			return nil, err
		}
		x.topic = topic
		writers = append(writers, exposure.Named{Name: "topic", Writer: topic})
	}
	if len(writers) == 0 {
		return nil, nil
	}
	cfg := exposure.DefaultConfig()
	cfg.Queue = f.ExposuresQueue
	var err error
	if x.recorder, err = exposure.New(cfg, e.log, writers...); err != nil {
		return nil, wrapUsage(err)
	}
	for i, w := range writers {
		stats := func() exposure.Stats { return x.recorder.Stats()[i] }
		metrics.Counter("marquee_exposures_kept_total", "Served lists that were kept.", func() float64 { return float64(stats().Kept) }, "writer", w.Name)
		metrics.Counter("marquee_exposures_dropped_total", "Served lists that were not, because the writer was away too long.", func() float64 { return float64(stats().Dropped) }, "writer", w.Name)
		metrics.Gauge("marquee_exposures_waiting", "Served lists that wait to be kept.", func() float64 { return float64(stats().Waiting) }, "writer", w.Name)
	}
	return x, nil
}

// exposed returns what is told of served lists; nil if nobody keeps them. Lists of
// people who are gone are not kept.
func (x *exposures) exposed(gone func(catalog.UserID) bool) func(catalog.Exposure) {
	if x == nil {
		return nil
	}
	return func(e catalog.Exposure) {
		if !gone(e.User) {
			x.recorder.Record(e)
		}
	}
}

// run keeps lists until ctx ends.
func (x *exposures) run(ctx context.Context, g *errgroup.Group) {
	if x != nil {
		g.Go(func() error { return untilEnd(x.recorder.Run(ctx)) })
	}
}

// close closes the topic.
func (x *exposures) close() error {
	if x == nil || x.topic == nil {
		return nil
	}
	return x.topic.Close()
}

// A storeWriter keeps lists in the store.
type storeWriter struct{ store *lateStore }

// WriteExposures implements [exposure.Writer].
func (w storeWriter) WriteExposures(ctx context.Context, lists []catalog.Exposure) error {
	s, err := w.store.opened()
	if err != nil {
		return err
	}
	_, err = s.PutExposures(ctx, lists)
	return err
}
