package main

import (
	"context"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/catalog/stream/kafka"
	"marquee/recommender"
	"marquee/recommender/exposure"
	"marquee/recommender/httpapi"
)

// exposureFlags say where served lists are kept.
type exposureFlags struct {
	Exposures      bool       `help:"Keep every list that was made for a person in the store." default:"true" negatable:""`
	TraceInputs    bool       `help:"Keep what each list was made from beside it, for \"marquee trace\"." default:"true" negatable:""`
	ExposuresTopic string     `help:"Topic to which served lists are written too, as kafka://HOST:PORT/TOPIC." placeholder:"URL"`
	ExposuresQueue int        `help:"Served lists that may wait to be kept; more are put on the disk, or dropped and counted." default:"20000" placeholder:"N"`
	ExposuresSpill string     `help:"Folder for served lists while the store is away, of this server alone. Default: exposures in the home folder; none: they are dropped." type:"path" predictor:"file" placeholder:"DIR"`
	ExposuresDisk  int64      `help:"Bytes of served lists on the disk at most, for each of store and topic; more wait in memory while there is room, then they are dropped and counted." default:"1073741824" placeholder:"N"`
	Kafka          kafkaFlags `embed:"" prefix:"kafka-"`
}

// exposures is what keeps served lists; a nil one keeps none.
type exposures struct {
	recorder *exposure.Recorder
	topic    *kafka.Writer // nil without a topic
}

// open returns what keeps served lists; nil for nobody. Lists of people whom service
// forgot are not kept.
func (f exposureFlags) open(e *env, store *lateStore, metrics *httpapi.Metrics, service *recommender.Service) (*exposures, error) {
	var writers []exposure.Named
	x := &exposures{}
	if f.Exposures {
		keeper := &storeWriter{store: store}
		metrics.Counter("marquee_exposures_repeated_total", "Served lists that the store left out: one of the same request's id was there, or their person was forgotten.",
			func() float64 { return float64(keeper.repeated.Load()) })
		writers = append(writers, exposure.Named{Name: "store", Writer: keeper})
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
	cfg.Queue, cfg.SpillBytes = f.ExposuresQueue, f.ExposuresDisk
	cfg.Gone, cfg.Told = service.Forgot, service.KnowsForgotten
	if cfg.SpillDir = f.ExposuresSpill; cfg.SpillDir == "" {
		cfg.SpillDir = e.path("exposures")
	}
	if filepath.Base(cfg.SpillDir) == noSpill {
		cfg.SpillDir = ""
	}
	var err error
	if x.recorder, err = exposure.New(cfg, e.log, writers...); err != nil {
		return nil, wrapUsage(err)
	}
	x.counted(metrics, writers)
	return x, nil
}

// noSpill says that there is no folder to spill to.
const noSpill = "none"

// counted adds what became of lists to metrics.
func (x *exposures) counted(metrics *httpapi.Metrics, writers []exposure.Named) {
	for i, w := range writers {
		counter := func(name, help string, value func(exposure.Stats) int64) {
			metrics.Counter(name, help, func() float64 { return float64(value(x.recorder.Stats()[i])) }, "writer", w.Name)
		}
		gauge := func(name, help string, value func(exposure.Stats) int64) {
			metrics.Gauge(name, help, func() float64 { return float64(value(x.recorder.Stats()[i])) }, "writer", w.Name)
		}
		counter("marquee_exposures_kept_total", "Served lists that were kept.", func(s exposure.Stats) int64 { return s.Kept })
		counter("marquee_exposures_dropped_total", "Served lists that were not, because the writer was away too long.", func(s exposure.Stats) int64 { return s.Dropped })
		counter("marquee_exposures_bare_total", "Served lists that were kept without what they were made from.", func(s exposure.Stats) int64 { return s.Bare })
		counter("marquee_exposures_spilled_total", "Served lists that were put on the disk, since the writer was away.", func(s exposure.Stats) int64 { return s.Spilled })
		counter("marquee_exposures_torn_total", "Places of the disk that could not be read again.", func(s exposure.Stats) int64 { return s.Torn })
		gauge("marquee_exposures_waiting", "Served lists that wait to be kept.", func(s exposure.Stats) int64 { return int64(s.Waiting) })
		gauge("marquee_exposures_spill_bytes", "Bytes of served lists on the disk, which wait for the writer.", func(s exposure.Stats) int64 { return s.SpillBytes })
	}
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
type storeWriter struct {
	store    *lateStore
	repeated atomic.Int64 // lists that were left out
}

// WriteExposures implements [exposure.Writer].
func (w *storeWriter) WriteExposures(ctx context.Context, lists []catalog.Exposure) error {
	s, err := w.store.opened()
	if err != nil {
		return err
	}
	added, err := s.PutExposures(ctx, lists)
	if err == nil {
		w.repeated.Add(int64(len(lists) - added))
	}
	return err
}
