package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"marquee/catalog/durable"
	"marquee/catalog/sqlstore"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/delta"
	"marquee/recommender/history"
	"marquee/recommender/httpapi"
)

type serveCmd struct {
	Listen         string        `help:"Address of the contract call and the other public routes." default:":8082" placeholder:"HOST:PORT"`
	AdminListen    string        `help:"Address of metrics and /admin, for operators only; empty: none." default:"127.0.0.1:9082" placeholder:"HOST:PORT"`
	Arm            string        `help:"The model that makes the lists, or content-ratings-popularity. Default: the one that each bundle names." placeholder:"NAME"`
	BundlePoll     time.Duration `help:"Time between two looks for a new live bundle." default:"1s" placeholder:"TIME"`
	HistoryPoll    time.Duration `help:"Time between two looks for new watches." default:"250ms" placeholder:"TIME"`
	HistoryTimeout time.Duration `help:"Longest read of the store for one request." default:"150ms" placeholder:"TIME"`
	IndexTimeout   time.Duration `help:"Longest question to an index outside of the process for one request; the bundle's own neighbours answer then." default:"100ms" placeholder:"TIME"`
	HistoryPeople  int           `help:"People whose history is kept in memory." default:"200000" placeholder:"N"`
	ReadTimeout    time.Duration `help:"Longest time to read a request." default:"5s" placeholder:"TIME"`
	HeaderTimeout  time.Duration `help:"Longest time to read a request's header." default:"2s" placeholder:"TIME"`
	WriteTimeout   time.Duration `help:"Longest time to write an answer." default:"10s" placeholder:"TIME"`
	Drain          time.Duration `help:"Time for requests under way to finish at the end." default:"10s" placeholder:"TIME"`
	AccessLog      bool          `help:"Log one line a request." default:"true" negatable:""`
	addedFlags
	exposureFlags `embed:""`
	eventFlags    `embed:""`
}

// Help is shown below the flags.
func (serveCmd) Help() string {
	return `Examples:
  marquee serve
  curl localhost:8082/recommend/1
  curl -H 'Accept: application/json' localhost:8082/recommend/1
  curl localhost:8082/similar/1
  curl localhost:9082/metrics
  marquee serve --arm als                   # of the models of the bundle, this one
  marquee serve --token-file tokens         # takes POST /events too, like "marquee ingest --source http:..."

The server follows the live bundle: "marquee build" in another terminal swaps a
new one in while it serves. Movies that are added or edited between two builds are
embedded and listed within seconds; what was hidden, shown again, pinned or blocked
holds within one; and people who were forgotten are not remembered. One server serves
from a SQLite file, many from PostgreSQL. While the store is away it answers from the bundle. Every list that was
served is kept (--no-exposures: not), behind the request.`
}

// Run serves until ctx ends.
func (c *serveCmd) Run(ctx context.Context, e *env) error {
	if c.Listen == "" {
		return usage("--listen is empty, want HOST:PORT such as :8082")
	}
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	store, err := openLate(ctx, e)
	if err != nil {
		return err
	}
	defer store.Close()
	cfg := history.DefaultConfig()
	cfg.Poll, cfg.Timeout, cfg.Users = c.HistoryPoll, c.HistoryTimeout, c.HistoryPeople
	cache, err := history.New(store, cfg, e.log)
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	if c.BundlePoll <= 0 {
		return usage("--bundle-poll is %v, want more than 0", c.BundlePoll)
	}
	service := recommender.New(cache, c.Arm, time.Now)
	ask := recommender.DefaultAskConfig()
	ask.Timeout = c.IndexTimeout
	if err := service.Ask(ask, e.log); err != nil {
		return wrapUsage(err)
	}
	added, err := c.follow(e, store, service, cache)
	if err != nil {
		return err
	}
	shared, err := c.shared(ctx, e, shelf, store)
	if err != nil {
		return err
	}
	follower := recommender.NewFollower(shelf, e.opener(), service, e.log)
	if err := follower.Start(ctx); err != nil {
		return err
	}
	public, admin, err := c.listen(ctx)
	if err != nil {
		return err
	}
	free, err := claim(e)
	if err != nil {
		public.Close()
		if admin != nil {
			admin.Close()
		}
		return err
	}
	defer free()
	metrics := httpapi.NewMetrics()
	metrics.Follow(follower.Status, cache.Stats, cache.Lag)
	follows(metrics, added.Status)
	lists, err := c.exposureFlags.open(e, store, metrics)
	if err != nil {
		return err
	}
	events, err := c.eventFlags.open(e, store, metrics.Registry())
	if err != nil {
		return errors.Join(err, lists.close())
	}
	httpCfg := c.config()
	if events != nil { // a post that waits for the store is answered, not cut off
		httpCfg.WriteTimeout = max(httpCfg.WriteTimeout, httpCfg.ReadTimeout+c.PostWait+time.Second)
	}
	httpCfg.Exposed, httpCfg.Events = lists.exposed(service.Forgot), events.handler()
	httpCfg.TraceInputs = c.TraceInputs
	server := httpapi.New(service, follower.Status, metrics, e.log, httpCfg)
	e.log.Info("serving", "listen", public.Addr().String(), "admin", c.AdminListen)

	g, ctx := errgroup.WithContext(ctx)
	// Lists are kept until the last request has been answered.
	served, last := context.WithCancel(context.WithoutCancel(ctx))
	defer last()
	g.Go(func() error { defer last(); return server.Serve(ctx, public, admin) })
	g.Go(func() error { return untilEnd(follower.Run(ctx, c.BundlePoll)) })
	if shared != nil {
		g.Go(func() error { return untilEnd(shared.run(ctx, c.BundlePoll)) })
	}
	g.Go(func() error { return untilEnd(cache.Follow(ctx)) })
	g.Go(func() error { return untilEnd(added.Run(ctx)) })
	g.Go(func() error { return untilEnd(store.follow(ctx, e)) })
	g.Go(func() error { return untilEnd(events.run(ctx)) })
	lists.run(served, g)
	if err := errors.Join(g.Wait(), lists.close()); err != nil {
		return err
	}
	e.log.Info("ended; every request under way was answered")
	return nil
}

// claim lets no second server serve from a SQLite file: each would keep what it knows
// of people and lists in memory, and the file takes one writer. PostgreSQL takes many.
func claim(e *env) (free func(), err error) {
	path := e.cli.Store
	if strings.Contains(path, "://") {
		return func() {}, nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // one file, whatever it is called
	}
	free, err = durable.TryLock(path + ".serving")
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("another server serves from %s; for several servers use PostgreSQL (--store postgres://USER:PASSWORD@HOST/DATABASE), or give this one another --home: %w", sqlstore.Redact(e.cli.Store), err)
	}
	if err != nil { // no folder, or one that cannot be written to: neither is there a store that could be
		e.log.Warn("other servers are not kept from this store", "error", err)
		return func() {}, nil
	}
	return free, nil
}

// shared brings the bundle that is live where bundles are shared, and returns what goes
// on doing so; nil if they are not.
func (c *serveCmd) shared(ctx context.Context, e *env, shelf *bundle.Shelf, store *lateStore) (*depotFollower, error) {
	depot, err := e.openDepot()
	if depot == nil || err != nil {
		return nil, err
	}
	f := &depotFollower{depot: depot, shelf: shelf, gone: store.Tombstones, log: e.log}
	return f, startDepot(ctx, f)
}

// follow returns the follower of what changes between two builds.
func (c *serveCmd) follow(e *env, store *lateStore, service *recommender.Service, cache *history.Cache) (*delta.Follower, error) {
	cfg, err := c.addedFlags.config()
	if err != nil {
		return nil, err
	}
	return delta.NewFollower(store, service, cache, c.addedFlags.open(e), store, cfg, e.log)
}

// follows adds what the follower of changes tells of itself.
func follows(m *httpapi.Metrics, status func() delta.Status) {
	m.Gauge("marquee_change_sequence", "Number of the last change that is in what serves.", func() float64 { return float64(status().Sequence) })
	m.Gauge("marquee_added_movies", "Movies that came after the build and are served.", func() float64 { return float64(status().Movies) })
	m.Gauge("marquee_hidden_movies", "Movies that editors hid.", func() float64 { return float64(status().Hidden) })
	m.Gauge("marquee_added_movies_waiting", "Movies that came after the build and wait to be embedded.", func() float64 { return float64(status().Waiting) })
	m.Gauge("marquee_added_movies_left_out", "Movies that came after the build and wait for the next one.", func() float64 { return float64(status().LeftOut) })
}

// untilEnd takes the end of the context for what it is: no error.
func untilEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (c *serveCmd) config() httpapi.Config {
	cfg := httpapi.DefaultConfig()
	cfg.ReadTimeout, cfg.HeaderTimeout, cfg.WriteTimeout = c.ReadTimeout, c.HeaderTimeout, c.WriteTimeout
	cfg.Drain, cfg.LogRequests = c.Drain, c.AccessLog
	return cfg
}

// listen opens both listeners, so that a port in use is known before anything
// else begins.
func (c *serveCmd) listen(ctx context.Context) (public, admin net.Listener, err error) {
	var lc net.ListenConfig
	if public, err = lc.Listen(ctx, "tcp", c.Listen); err != nil {
		return nil, nil, fmt.Errorf("%w; choose another address with --listen", err)
	}
	if c.AdminListen == "" {
		return public, nil, nil
	}
	if admin, err = lc.Listen(ctx, "tcp", c.AdminListen); err != nil {
		public.Close()
		return nil, nil, fmt.Errorf("%w; choose another address with --admin-listen, or none with --admin-listen=", err)
	}
	return public, admin, nil
}
