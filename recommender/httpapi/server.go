package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/history"
)

// A Service answers. It is a *[recommender.Service], or a fake in a test.
type Service interface {
	Live() (*recommender.Live, error)
	Recall(u catalog.UserID, p *recommender.Person) (fresh, known bool)
	Read(ctx context.Context, u catalog.UserID, p *recommender.Person)
	Recommend(ctx context.Context, c recommender.Call) (recommender.Answer, error)
	Fallback(u catalog.UserID, n int) (recommender.Answer, error)
	Session(ctx context.Context, seen []catalog.Seen, c recommender.Call) (recommender.Answer, error)
	Popular(c recommender.Call) (recommender.Answer, error)
	Trending(c recommender.Call) (recommender.Answer, error)
	Similar(ctx context.Context, id catalog.MovieID, c recommender.Call) (recommender.Answer, error)
	Search(ctx context.Context, text string, c recommender.Call) (recommender.Answer, error)
	History(ctx context.Context, u catalog.UserID) (e history.Entry, fresh bool, err error)
}

// Config bounds a server. Start from [DefaultConfig].
type Config struct {
	HeaderTimeout time.Duration // to read a request's header
	ReadTimeout   time.Duration // to read a whole request
	WriteTimeout  time.Duration // to write an answer
	IdleTimeout   time.Duration // of a kept connection
	Grace         time.Duration // at the end: answers say that the connection closes, so that clients turn elsewhere
	Drain         time.Duration // after that: given to requests under way
	HeaderBytes   int           // of a request's header at most
	Connections   int           // of each listener at once; the next takes the place of an idle one
	Limits        Limits
	Rate          Rate
	Log           AccessLog
	Warm          int  // lists that are made before the server is ready, to fill what is filled at first use
	AdminToken    bool // the second listener wants a token of ScopeAdmin, but for the probes
	Profiles      bool // the second listener has /debug/pprof

	Exposed func(catalog.Exposure) // told of every list that answered a contract call; must not wait; may be nil
	Events  http.Handler           // answers POST /events; may be nil
	Store   Store                  // keeps feedback and preferences; nil: those routes are not there
	Tokens  Tokens                 // who may see histories and write; nil: nobody may
	Tracer  trace.Tracer           // of OpenTelemetry; nil: requests are not traced

	// Experiments returns what the second listener shows of experiments; may be nil.
	Experiments func() any

	// TraceInputs puts what each list was made from into what Exposed is told, so that
	// the list can be made again: some 17 bytes for each movie of the history.
	TraceInputs bool
}

// DefaultConfig returns the settings that a server starts with.
func DefaultConfig() Config {
	return Config{
		HeaderTimeout: 2 * time.Second,
		ReadTimeout:   5 * time.Second,
		WriteTimeout:  10 * time.Second,
		IdleTimeout:   2 * time.Minute,
		Grace:         500 * time.Millisecond,
		Drain:         10 * time.Second,
		HeaderBytes:   16 << 10,
		Connections:   10_000,
		Limits:        DefaultLimits(),
		Rate:          DefaultRate(),
		Log:           DefaultAccessLog(),
		Warm:          200,
	}
}

// Validate reports every fault in one error.
func (c Config) Validate() error {
	var errs []error
	for _, t := range []struct {
		name  string
		value time.Duration
	}{
		{"time to read a header", c.HeaderTimeout}, {"time to read a request", c.ReadTimeout}, {"time to write an answer", c.WriteTimeout},
		{"time of an idle connection", c.IdleTimeout}, {"time to drain", c.Drain},
	} {
		if t.value <= 0 {
			errs = append(errs, fmt.Errorf("%s is %v, want more than 0", t.name, t.value))
		}
	}
	if c.HeaderBytes < 1 {
		errs = append(errs, fmt.Errorf("bytes of a header is %d, want 1 or more", c.HeaderBytes))
	}
	if c.Connections < 1 {
		errs = append(errs, fmt.Errorf("connections at once is %d, want 1 or more", c.Connections))
	}
	return errors.Join(append(errs, c.Limits.Validate(), c.Rate.Validate(), c.Log.Validate())...)
}

// A Server holds the routes of both listeners.
type Server struct {
	*teller
	service Service
	status  func() recommender.Status
	metrics *Metrics
	cfg     Config

	reading  *room // of contract calls that wait for the store
	contract *room // of contract calls whose lists are made
	others   *room // of everything else but the probes
	public   *gate
	admin    *gate // of the second listener, for which calls to the first cost nothing
	given    *requestIDs
	access   sampler
	rankings sync.Pool     // of *ranking
	workers  chan *ranking // taken by a worker that has nothing to do
	seal     atomic.Pointer[seal]
	cold     atomic.Bool // it serves, and is not warm yet
	closing  atomic.Bool // the end has begun
}

// New returns a server over service. status tells of the bundles taken and
// refused. cfg is as [Config.Validate] wants it.
func New(service Service, status func() recommender.Status, metrics *Metrics, log *slog.Logger, cfg Config) *Server {
	t := &teller{log: log}
	s := &Server{
		teller: t, service: service, status: status, metrics: metrics, cfg: cfg,
		reading: readingRoom(cfg.Limits), contract: newRoom(cfg.Limits), others: newRoom(cfg.Limits), workers: make(chan *ranking), given: newRequestIDs(), access: sampler{cfg: cfg.Log},
		public: newGate(t, cfg.Tokens, cfg.Rate, metrics.limited.Inc), admin: newGate(t, cfg.Tokens, cfg.Rate, metrics.limited.Inc),
	}
	s.rankings.New = s.newRanking
	metrics.rooms(s.reading, s.contract, s.others)
	return s
}

// Handler returns the public routes.
func (s *Server) Handler() http.Handler {
	r := mux.NewRouter()
	// A path such as /recommend/a//b must reach the contract call, not a redirect.
	r.SkipClean(true)
	r.UseEncodedPath()
	// Every way to write the contract call gets a list, whatever stands behind
	// the slash.
	contract := named(routeRecommend, http.HandlerFunc(s.recommend))
	r.Methods(http.MethodGet, http.MethodHead).PathPrefix(contractPath).Handler(contract)
	for _, e := range s.endpoints() {
		r.Methods(withHead(e.method)...).Path(e.path).Handler(named(e.route, s.guard(e)))
	}
	if s.cfg.Events != nil {
		r.Methods(http.MethodPost).Path("/events").Handler(named(routeEvents, s.public.limited(s.cfg.Events)))
	}
	s.probes(r)
	r.NotFoundHandler = s.unrouted(r)
	r.MethodNotAllowedHandler = r.NotFoundHandler
	return s.observe(direct(contract, r))
}

// Serve answers on both listeners until ctx ends, then lets the requests under
// way finish. admin may be nil. It returns nil after a clean end.
func (s *Server) Serve(ctx context.Context, public, admin net.Listener) error {
	g, ctx := errgroup.WithContext(ctx)
	s.cold.Store(true)
	s.serve(ctx, g, public, s.Handler(), s.cfg.WriteTimeout)
	if admin != nil {
		s.serve(ctx, g, admin, s.Admin(), max(s.cfg.WriteTimeout, maxProfile))
	}
	g.Go(func() error { s.warm(ctx); return nil })
	end := s.work()
	err := g.Wait()
	end()
	return err
}

func (s *Server) serve(ctx context.Context, g *errgroup.Group, l net.Listener, h http.Handler, write time.Duration) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.cfg.HeaderTimeout,
		ReadTimeout:       s.cfg.ReadTimeout,
		WriteTimeout:      write,
		IdleTimeout:       s.cfg.IdleTimeout,
		MaxHeaderBytes:    s.cfg.HeaderBytes,
		ConnState:         told,
		ConnContext:       withConnection,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	open := newConnections(l, s.cfg.Connections)
	g.Go(func() error {
		if err := srv.Serve(open); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		s.closing.Store(true)
		time.Sleep(s.cfg.Grace)
		// ctx is over; the drain has a clock of its own.
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Drain)
		defer cancel()
		if err := srv.Shutdown(drain); err != nil {
			waited := open.waited()
			srv.Close()
			if waited == 0 {
				s.log.Warn("lists that nobody waits for are still being made at the end", "address", l.Addr().String())
				return nil
			}
			return fmt.Errorf("requests under way on %s did not end within %v: %w", l.Addr(), s.cfg.Drain, err)
		}
		return nil
	})
}
