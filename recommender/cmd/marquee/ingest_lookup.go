package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"marquee/catalog/catalogapi"
	"marquee/catalog/lookup"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
)

// lookupFlags say where movies and people are looked up that the stream names.
type lookupFlags struct {
	CatalogURL      string        `help:"Base URL of the catalog API, which is asked for movies and people that the stream names and the store lacks; empty: nobody is." placeholder:"URL"`
	CatalogRate     float64       `help:"Requests a second to it at most; 0: no limit." default:"50" placeholder:"N"`
	CatalogParallel int           `help:"Requests to it under way at once." default:"4" placeholder:"N"`
	CatalogPeople   bool          `help:"Look people up too, not movies alone." default:"true" negatable:""`
	CatalogUnknown  time.Duration `help:"How long an id that it does not know is not asked for again." default:"24h" placeholder:"TIME"`
}

// A looker looks up what the stream names, or does nothing without an API.
type looker struct {
	client *catalogapi.Client
	lookup *lookup.Lookup // nil with --once: then all is asked for at the end
	store  *sqlstore.Store
	people bool
	env    *env
}

// open returns a looker for an edition of the API. Its metrics go into reg.
func (f lookupFlags) open(e *env, store *sqlstore.Store, edition string, once bool, reg prometheus.Registerer) (*looker, error) {
	if f.CatalogURL == "" {
		return &looker{}, nil
	}
	api := catalogapi.DefaultConfig(f.CatalogURL, orElse(edition, catalogapi.Edition2025))
	api.RequestsPerSecond, api.Parallel = f.CatalogRate, f.CatalogParallel
	client, err := catalogapi.New(api, http.DefaultClient, e.log)
	if err != nil {
		return nil, wrapUsage(err)
	}
	l := &looker{client: client, store: store, people: f.CatalogPeople, env: e}
	if once {
		return l, nil
	}
	cfg := lookup.DefaultConfig()
	cfg.Users, cfg.NegativeAge = f.CatalogPeople, f.CatalogUnknown
	if l.lookup, err = lookup.New(cfg, client, store, time.Now, e.log); err != nil {
		return nil, wrapUsage(err)
	}
	reg.MustRegister(&lookupCollector{l.lookup})
	return l, nil
}

// sink returns next, or one before it that notes who and what is named.
func (l *looker) sink(next stream.Sink) stream.Sink {
	if l.lookup == nil {
		return next
	}
	return l.lookup.Sink(next)
}

// run looks up beside the stream until ctx ends.
func (l *looker) run(ctx context.Context) error {
	if l.lookup == nil {
		return nil
	}
	return l.lookup.Run(ctx)
}

// finish looks up what is missing after a stream that has ended.
func (l *looker) finish(ctx context.Context) error {
	if l.client == nil || l.lookup != nil {
		return nil
	}
	var ids catalogapi.IDs
	var err error
	if ids.Movies, err = l.store.MissingMovies(ctx); err != nil {
		return err
	}
	if l.people {
		if ids.Users, err = l.store.MissingUsers(ctx); err != nil {
			return err
		}
	}
	bar := l.env.progress()
	report, err := l.client.Crawl(ctx, ids, l.store, func(p catalogapi.Progress) { bar.show("ask for "+p.Kind+"s", p.Done, p.Total) })
	bar.end()
	if err != nil {
		return err
	}
	l.env.log.Info("the catalog API was asked for what the stream names", "movies", report.Movies.Total(), "people", report.Users.Total(), "refused_or_unknown", report.Refused)
	return nil
}

var (
	descLookupIDs = prometheus.NewDesc("marquee_lookup_ids_total", "Ids that the catalog API was asked for, by what came of it.", []string{"outcome"}, nil)
	descLookupNow = prometheus.NewDesc("marquee_lookup_waiting", "Ids that wait to be looked up.", []string{"kind"}, nil)
	descLookupOff = prometheus.NewDesc("marquee_lookup_down", "1 while the catalog API or the store is away.", nil, nil)
)

// A lookupCollector tells Prometheus what a lookup does.
type lookupCollector struct{ lookup *lookup.Lookup }

// Describe implements [prometheus.Collector].
func (c *lookupCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descLookupIDs, descLookupNow, descLookupOff} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *lookupCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.lookup.Stats()
	for outcome, n := range map[string]int64{"found": s.Found, "unknown": s.Unknown, "fault": s.Faults, "dropped": s.Dropped} {
		ch <- prometheus.MustNewConstMetric(descLookupIDs, prometheus.CounterValue, float64(n), outcome)
	}
	for kind, n := range map[string]int{"movie": s.QueuedMovies, "user": s.QueuedUsers, "postponed": s.Postponed} {
		ch <- prometheus.MustNewConstMetric(descLookupNow, prometheus.GaugeValue, float64(n), kind)
	}
	ch <- prometheus.MustNewConstMetric(descLookupOff, prometheus.GaugeValue, truth(s.Down))
}
