package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/recommender"
)

// A Service answers. It is a *[recommender.Service], or a fake in a test.
type Service interface {
	ForUser(ctx context.Context, u catalog.UserID, n int) (recommender.Answer, error)
	Popular(n int) (recommender.Answer, error)
	Similar(ctx context.Context, id catalog.MovieID, n int) (recommender.Answer, error)
	Live() (*recommender.Live, error)
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
	LogRequests   bool          // one line a request

	Exposed func(catalog.Exposure) // told of every list that answered a contract call; must not wait; may be nil
	Events  http.Handler           // answers POST /events; may be nil

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
	}
}

// A Server holds the routes of both listeners.
type Server struct {
	service Service
	status  func() recommender.Status
	metrics *Metrics
	log     *slog.Logger
	cfg     Config
	closing atomic.Bool // the end has begun
}

// New returns a server over service. status tells of the bundles taken and
// refused.
func New(service Service, status func() recommender.Status, metrics *Metrics, log *slog.Logger, cfg Config) *Server {
	return &Server{service: service, status: status, metrics: metrics, log: log, cfg: cfg}
}

// Handler returns the public routes.
func (s *Server) Handler() http.Handler {
	r := mux.NewRouter()
	// A path such as /recommend/a//b must reach the contract call, not a redirect.
	r.SkipClean(true)
	r.UseEncodedPath()
	// Every way to write the contract call gets a list, whatever stands behind
	// the slash.
	r.Methods(http.MethodGet, http.MethodHead).PathPrefix("/recommend").Handler(named(routeRecommend, http.HandlerFunc(s.recommend)))
	r.Methods(http.MethodGet).Path("/similar/{movie}").Handler(named(routeSimilar, s.route(s.similar)))
	if s.cfg.Events != nil {
		r.Methods(http.MethodPost).Path("/events").Handler(named(routeEvents, s.cfg.Events))
	}
	s.probes(r)
	r.NotFoundHandler = s.route(func(w http.ResponseWriter, r *http.Request) error {
		return fmt.Errorf("no page %s: %w", r.URL.Path, catalog.ErrNotFound)
	})
	r.MethodNotAllowedHandler = s.route(func(w http.ResponseWriter, r *http.Request) error {
		return fmt.Errorf("%s of %s: %w", r.Method, r.URL.Path, errMethod)
	})
	return s.observe(r)
}

// Admin returns the routes of the second listener, which is for operators only.
func (s *Server) Admin() http.Handler {
	r := mux.NewRouter()
	r.Methods(http.MethodGet).Path("/metrics").Handler(s.metrics.Handler())
	r.Methods(http.MethodGet).Path("/admin/bundle").Handler(s.route(s.bundle))
	s.probes(r)
	return r
}

// Serve answers on both listeners until ctx ends, then lets the requests under
// way finish. admin may be nil. It returns nil after a clean end.
func (s *Server) Serve(ctx context.Context, public, admin net.Listener) error {
	g, ctx := errgroup.WithContext(ctx)
	s.serve(ctx, g, public, s.Handler())
	if admin != nil {
		s.serve(ctx, g, admin, s.Admin())
	}
	return g.Wait()
}

func (s *Server) serve(ctx context.Context, g *errgroup.Group, l net.Listener, h http.Handler) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.cfg.HeaderTimeout,
		ReadTimeout:       s.cfg.ReadTimeout,
		WriteTimeout:      s.cfg.WriteTimeout,
		IdleTimeout:       s.cfg.IdleTimeout,
		MaxHeaderBytes:    s.cfg.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	g.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
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
			srv.Close()
			return fmt.Errorf("requests under way on %s did not end within %v: %w", l.Addr(), s.cfg.Drain, err)
		}
		return nil
	})
}
