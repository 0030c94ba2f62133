package main

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
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/recommender/httpapi"
)

// watchFlags say who is told how ingestion goes.
type watchFlags struct {
	AdminListen  string `help:"Address of /metrics, /health/live and /health/ready, for operators only, while --once is not set; empty: none." placeholder:"HOST:PORT"`
	AdminOpen    bool   `help:"Let anybody who reaches --admin-listen in, on other addresses than this machine's own too."`
	APITokenFile string `name:"api-token-file" help:"File of lines \"SCOPE TOKEN\", that of \"marquee serve\": those of scope admin are for --admin-listen, but for the probes. SIGHUP reads it again." type:"existingfile" predictor:"file" placeholder:"FILE"`
	alertFlags   `embed:""`
}

// operators returns the tokens of those who may look, of which there may be none, and
// whether one is wanted.
func (f watchFlags) operators() (tokens *httpapi.TokenSet, wanted bool, err error) {
	if tokens, err = (tokenFlags{f.APITokenFile}).open(); err != nil {
		return nil, false, err
	}
	wanted, err = adminFlags{AdminListen: f.AdminListen, AdminOpen: f.AdminOpen}.checks(tokens)
	return tokens, wanted, err
}

// alertFlags say when too many lines are refused.
type alertFlags struct {
	RefusedWindow time.Duration `help:"Time over which the share of refused lines is taken." default:"5m" placeholder:"TIME"`
	RefusedAlert  float64       `help:"Share of refused lines in the window, 0 to 1, from which the alert is on." default:"0.02" placeholder:"SHARE"`
	RefusedLeast  int64         `help:"Lines in the window below which the alert stays off." default:"200" placeholder:"N"`
}

func (f alertFlags) check() error {
	if f.RefusedWindow < time.Second || f.RefusedAlert <= 0 || f.RefusedAlert > 1 {
		return usage("--refused-window is %v and --refused-alert %v, want a second or more, and a share above 0 up to 1", f.RefusedWindow, f.RefusedAlert)
	}
	return nil
}

// A watch counts what an ingestion does, for /metrics, for the bar of progress
// and for the alert about refused lines. Its metrics are some 40 series.
type watch struct {
	flags   alertFlags
	log     *slog.Logger
	show    func(stream.Summary)
	window  *stream.Window
	listen  net.Listener // nil: nobody is told
	metrics http.Handler
	reg     prometheus.Registerer
	tokens  *httpapi.TokenSet // of operators; nil for none

	lines   *prometheus.CounterVec
	batches prometheus.Counter
	rows    prometheus.Histogram
	pauses  prometheus.Counter
	away    atomic.Bool // the store is
	alert   atomic.Bool
}

func (c *ingestCmd) watch(ctx context.Context, e *env, in *input) (*watch, error) {
	f := c.watchFlags
	tokens, wanted, err := f.operators()
	if err := errors.Join(err, f.check()); err != nil {
		return nil, err
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	w := newWatch(f.alertFlags, e.log, reg)
	w.show, w.tokens = in.show, tokens
	if in.register != nil {
		in.register(reg)
	}
	if c.Once {
		return w, nil
	}
	w.metrics = promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
	if wanted {
		w.metrics = httpapi.Operators(tokens, e.log, w.metrics)
	}
	if w.listen, err = (adminFlags{AdminListen: f.AdminListen}).listen(ctx); err != nil {
		return nil, err
	}
	e.log.Info("reading events", adminAt(w.listen, "source", in.name)...)
	return w, nil
}

// newWatch returns a watch that nobody asks yet, with its metrics in reg.
func newWatch(f alertFlags, log *slog.Logger, reg prometheus.Registerer) *watch {
	w := &watch{flags: f, log: log, window: stream.NewWindow(f.RefusedWindow, time.Now), reg: reg}
	w.register()
	return w
}

func (w *watch) register() {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "marquee", Subsystem: "ingest", Name: name, Help: help})
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "marquee", Subsystem: "ingest", Name: name, Help: help}, value)
	}
	w.lines = prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "marquee", Subsystem: "ingest", Name: "lines_total",
		Help: "Lines stored, by kind, or by the reason for which they were refused."}, []string{"outcome", "reason"})
	for _, kind := range []string{"watch", "rate", "recommendation", "create_account"} {
		w.lines.WithLabelValues(kind, "") // 0 before the first batch, so that a stream that is dead from the start is seen
	}
	w.batches = counter("batches_total", "Transactions of the store.")
	w.pauses = counter("pauses_total", "Times that reading stopped because the store was away.")
	w.rows = prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "marquee", Subsystem: "ingest", Name: "batch_lines",
		Help: "Lines in one transaction.", Buckets: prometheus.ExponentialBuckets(1, 10, 6)})
	w.reg.MustRegister(w.lines, w.batches, w.pauses, w.rows,
		gauge("refused_share", "Share of refused lines in the last window, 0 to 1.", func() float64 { share, _ := w.window.Share(); return share }),
		gauge("refused_alert", "1 while the share of refused lines is at or above --refused-alert.", func() float64 { return truth(w.alerting()) }),
		gauge("paused", "1 while the store is away and nothing is read.", func() float64 { return truth(w.away.Load()) }),
		gauge("newest_event_timestamp_seconds", "Time of the newest event stored, on the stream's clock.", func() float64 {
			if at := w.window.Newest(); !at.IsZero() {
				return float64(at.UnixMilli()) / 1000
			}
			return 0
		}),
	)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// applied counts a batch.
func (w *watch) applied(b catalog.Batch, done catalog.Applied, total stream.Summary) {
	w.window.Observe(b, done)
	var one stream.Summary
	one.Add(b, done)
	for kind, n := range map[string]int64{"watch": one.Kept.Watch, "rate": one.Kept.Rate, "recommendation": one.Kept.Recommendation, "create_account": one.Kept.CreateAccount} {
		w.lines.WithLabelValues(kind, "").Add(float64(n))
	}
	for reason, n := range one.Refused {
		w.lines.WithLabelValues("refused", string(reason)).Add(float64(n))
	}
	w.batches.Inc()
	w.rows.Observe(float64(one.Lines))
	if w.show != nil {
		w.show(total)
	}
	w.tell()
}

// alerting reports whether too many lines of the window were refused.
func (w *watch) alerting() bool {
	share, lines := w.window.Share()
	return lines >= w.flags.RefusedLeast && share >= w.flags.RefusedAlert
}

// tell logs when the alert goes on and off.
func (w *watch) tell() {
	now := w.alerting()
	if w.alert.Swap(now) == now {
		return
	}
	share, lines := w.window.Share()
	if now {
		w.log.Warn("many lines are refused; \"marquee quarantine stats\" says why", "share", share, "lines", lines, "window", w.flags.RefusedWindow, "alert_from", w.flags.RefusedAlert)
		return
	}
	w.log.Info("the share of refused lines is back below the alert", "share", share, "lines", lines)
}

func (w *watch) paused(err error) {
	w.away.Store(true)
	w.pauses.Inc()
	w.log.Error("the store is away; nothing is read until it is back", "error", err)
}

func (w *watch) resumed(after time.Duration) {
	w.away.Store(false)
	w.log.Info("the store is back; reading goes on", "away_for", after)
}

// serve answers on the admin address until ctx ends. The probes tell how the process is:
// that the store is away is no reason to end it, and marquee_ingest_paused tells of it.
func (w *watch) serve(ctx context.Context) error {
	if w.listen == nil {
		return nil
	}
	r := mux.NewRouter()
	r.Methods(http.MethodGet).Path("/metrics").Handler(w.metrics)
	r.Methods(http.MethodGet).Path("/health/live").HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "live") })
	r.Methods(http.MethodGet).Path("/health/ready").HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "ready") })
	return serveUntil(ctx, w.listen, r, w.log)
}

// drainWithin is how long requests under way may take at the end.
const drainWithin = 10 * time.Second

// serveUntil answers on l until ctx ends, then lets requests under way finish.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 2 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	err := srv.Shutdown(drain)
	if err != nil {
		srv.Close()
	}
	if serr := <-ended; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return err
}
