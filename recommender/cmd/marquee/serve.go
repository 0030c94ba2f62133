package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
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
	Arm            string        `help:"The model that makes the lists, or content-ratings-popularity. Default: the one that each bundle names." placeholder:"NAME"`
	BundlePoll     time.Duration `help:"Time between two looks for a new live bundle." default:"1s" placeholder:"TIME"`
	HistoryPoll    time.Duration `help:"Time between two looks for new watches." default:"250ms" placeholder:"TIME"`
	HistoryTimeout time.Duration `help:"Longest read of the store for one request." default:"150ms" placeholder:"TIME"`
	IndexTimeout   time.Duration `help:"Longest question to an index outside of the process for one request; the bundle's own neighbours answer then." default:"100ms" placeholder:"TIME"`
	HistoryPeople  int           `help:"People whose history is kept in memory." default:"200000" placeholder:"N"`
	MemoryLimit    bool          `help:"Keep Go's memory below nine tenths of what the container (cgroup) may have, unless $$GOMEMLIMIT says how much." default:"true" negatable:""`
	httpFlags      `embed:"" group:"Callers:"`
	adminFlags     `embed:""`
	tokenFlags     `embed:""`
	traceFlags     `embed:""`
	trendFlags     `embed:""`
	addedFlags
	wordFlags     `embed:""`
	exposureFlags `embed:""`
	eventFlags    `embed:""`

	tokens *httpapi.TokenSet // of tokenFlags; nil for none
}

// Help is shown below the flags.
func (serveCmd) Help() string {
	return `Examples:
  marquee serve
  curl localhost:8082/recommend/1
  curl -H 'Accept: application/json' localhost:8082/recommend/1
  curl localhost:8082/similar/1
  marquee serve --admin-listen 127.0.0.1:9082 --pprof     # curl localhost:9082/metrics
  marquee serve --api-token-file api-tokens               # curl -H 'Authorization: Bearer TOKEN' ...
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
	web, err := c.settings()
	if err != nil {
		return err
	}
	c.boundMemory(e)
	store, err := openLate(ctx, e)
	if err != nil {
		return err
	}
	defer store.Close()
	free, err := claim(e) // before the bundle is loaded, which takes a while
	if err != nil {
		return err
	}
	defer free()
	s, err := c.start(ctx, e, store)
	if err != nil {
		return err
	}
	public, admin, err := c.listen(ctx)
	if err != nil {
		return err
	}
	closing := func(err error) error {
		public.Close()
		if admin != nil {
			admin.Close()
		}
		return err
	}
	tracer, traced, err := c.traceFlags.open(ctx, e)
	if err != nil {
		return closing(err)
	}
	defer traced()
	web.Tracer = tracer
	server, err := c.server(ctx, e, store, s, web)
	if err != nil {
		return closing(err)
	}
	e.log.Info("serving", adminAt(admin, "listen", public.Addr().String())...)
	if err := c.until(ctx, e, store, s, func(ctx context.Context) error { return server.Serve(ctx, public, admin) }); err != nil {
		return err
	}
	e.log.Info("ended; every request under way was answered")
	return nil
}

// settings returns how the server speaks HTTP, before anything is opened: what is wrong
// with the command line is told at once.
func (c *serveCmd) settings() (httpapi.Config, error) {
	if c.Listen == "" {
		return httpapi.Config{}, usage("--listen is empty, want HOST:PORT such as :8082")
	}
	if c.BundlePoll <= 0 {
		return httpapi.Config{}, usage("--bundle-poll is %v, want more than 0", c.BundlePoll)
	}
	cfg, err := c.httpFlags.config()
	if err := errors.Join(err, c.trendFlags.check()); err != nil {
		return cfg, err
	}
	if c.tokens, err = c.tokenFlags.open(); err != nil {
		return cfg, err
	}
	if c.tokens != nil {
		cfg.Tokens = c.tokens
	}
	cfg.AdminToken, err = c.checks(c.tokens)
	cfg.Profiles = c.Pprof
	return cfg, err
}

// boundMemory keeps Go's memory below what the container may have, so that it collects
// garbage rather than is killed.
func (c *serveCmd) boundMemory(e *env) {
	if !c.MemoryLimit {
		return
	}
	limit, err := memlimit.Set()
	switch {
	case err != nil:
		e.log.Info("memory is not bounded: there is no cgroup that can be read", "error", err)
	case limit < math.MaxInt64:
		e.log.Info("memory is bounded", "mib", limit>>20)
	}
}

// A serving is what a server answers from.
type serving struct {
	cache    *history.Cache
	service  *recommender.Service
	added    *delta.Follower
	shared   *depotFollower // nil if bundles are not shared
	follower *recommender.Follower
	lists    *exposures  // nil if they are not kept
	events   *eventRoute // nil if they are not taken
	tests    *experimenting
	rates    *rateWatch
	pulse    *pulseWatch
}

// start returns what answers, with the live bundle.
func (c *serveCmd) start(ctx context.Context, e *env, store *lateStore) (*serving, error) {
	shelf, err := e.openShelf()
	if err != nil {
		return nil, err
	}
	s := &serving{}
	cfg := history.DefaultConfig()
	cfg.Poll, cfg.Timeout, cfg.Users, cfg.Shown = c.HistoryPoll, c.HistoryTimeout, c.HistoryPeople, c.RememberShown
	if s.cache, err = history.New(store, cfg, e.log); err != nil {
		return nil, wrapUsage(err)
	}
	s.service = recommender.New(s.cache, c.Arm, time.Now)
	ask := recommender.DefaultAskConfig()
	ask.Timeout = c.IndexTimeout
	if err := s.service.Ask(ask, e.log); err != nil {
		return nil, wrapUsage(err)
	}
	if s.added, err = c.follow(e, store, s.service, s.cache); err != nil {
		return nil, err
	}
	if s.shared, err = c.shared(ctx, e, shelf, store); err != nil {
		return nil, err
	}
	e.atEnd(c.wordFlags.open(e, c.bundleSpaceFlags, s.service))
	s.follower = recommender.NewFollower(shelf, e.opener(), s.service, e.log)
	return s, s.follower.Start(ctx)
}

// server returns what speaks HTTP for s, as cfg says.
func (c *serveCmd) server(ctx context.Context, e *env, store *lateStore, s *serving, cfg httpapi.Config) (*httpapi.Server, error) {
	metrics := httpapi.NewMetrics()
	metrics.Follow(s.follower.Status, s.cache.Stats, s.cache.Lag)
	metrics.Live(s.service.Live)
	p := program()
	metrics.Build(p.Version, p.Commit, p.Kernel)
	follows(metrics, s.added.Status)
	var err error
	if s.lists, err = c.exposureFlags.open(e, store, metrics, s.service); err != nil {
		return nil, err
	}
	if s.events, err = c.eventFlags.open(e, store, metrics.Registry()); err != nil {
		return nil, errors.Join(err, s.lists.close())
	}
	if s.events != nil { // a post that waits for the store is answered, not cut off
		cfg.WriteTimeout = max(cfg.WriteTimeout, cfg.ReadTimeout+c.PostWait+time.Second)
	}
	cfg.Exposed, cfg.Events = c.wordFlags.remembered(s.lists.exposed(s.service.Forgot), s.cache), s.events.handler()
	cfg.TraceInputs, cfg.Store = c.TraceInputs, store
	s.tests = experiments(ctx, e, store, s.service, metrics)
	cfg.Experiments = s.tests.shown
	s.rates = watchMovieRates(e, store, metrics)
	s.pulse = watchPulse(e, store, s.service, metrics)
	return httpapi.New(s.service, s.follower.Status, metrics, e.log, cfg), nil
}

// until runs serve and everything that keeps it up to date until ctx ends.
func (c *serveCmd) until(ctx context.Context, e *env, store *lateStore, s *serving, serve func(context.Context) error) error {
	again, stop := hangups()
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	// Lists are kept until the last request has been answered.
	served, last := context.WithCancel(context.WithoutCancel(ctx))
	defer last()
	g.Go(func() error { defer last(); return serve(ctx) })
	g.Go(func() error { return untilEnd(s.follower.Run(ctx, c.BundlePoll)) })
	if s.shared != nil {
		g.Go(func() error { return untilEnd(s.shared.run(ctx, c.BundlePoll)) })
	}
	g.Go(func() error { return untilEnd(s.cache.Follow(ctx)) })
	g.Go(func() error { return untilEnd(s.added.Run(ctx)) })
	g.Go(func() error { return untilEnd(store.follow(ctx, e)) })
	g.Go(func() error { return untilEnd(s.events.run(ctx)) })
	g.Go(func() error { return untilEnd(c.tokenFlags.follow(ctx, e, c.tokens, again)) })
	g.Go(func() error { return untilEnd(c.trendFlags.follow(ctx, e, store, s.service)) })
	g.Go(func() error { return untilEnd(s.rates.run(ctx)) })
	g.Go(func() error { return untilEnd(s.pulse.run(ctx)) })
	s.tests.run(ctx, g)
	if c.RememberShown == 0 {
		g.Go(func() error { return untilEnd(s.tests.warnRotate(ctx, e.log)) })
	}
	s.lists.run(served, g)
	return errors.Join(g.Wait(), s.lists.close())
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

// listen opens both listeners, so that a port in use is known before anything
// else begins.
func (c *serveCmd) listen(ctx context.Context) (public, admin net.Listener, err error) {
	var lc net.ListenConfig
	if public, err = lc.Listen(ctx, "tcp", c.Listen); err != nil {
		return nil, nil, fmt.Errorf("%w; choose another address with --listen", err)
	}
	if admin, err = c.adminFlags.listen(ctx); err != nil {
		public.Close()
		return nil, nil, err
	}
	return public, admin, nil
}
