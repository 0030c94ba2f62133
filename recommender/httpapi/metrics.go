package httpapi

import (
	"net/http"
	"regexp"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"marquee/recommender"
)

// Metrics are what a server counts. No label names a movie or a person, and there are at
// most some 300 series, however many arms a bundle has. What only one route in a hundred
// calls for is a sum rather than a histogram: marquee_http_route_seconds_total over
// marquee_http_requests_total is the mean.
type Metrics struct {
	registry *prometheus.Registry

	requests     *prometheus.CounterVec   // by route and status class
	seconds      *prometheus.HistogramVec // of the contract call and of the others
	routeSeconds *prometheus.CounterVec   // by route
	routes       memo[string, *routeSeries]

	lists       *prometheus.CounterVec // by arm and tier
	armSeconds  *prometheus.CounterVec // by arm
	tierSeconds *prometheus.CounterVec // by tier
	made        memo[madeBy, *listSeries]
	arms        memo[string, string] // the label of each arm

	stages    *prometheus.HistogramVec
	history   prometheus.Observer
	rank      prometheus.Observer
	write     prometheus.Observer
	stale     prometheus.Counter
	near      *prometheus.CounterVec // by who told what is near
	sheds     *prometheus.CounterVec
	fallbacks *prometheus.CounterVec
	limited   prometheus.Counter
	malformed prometheus.Counter
	panics    prometheus.Counter
}

// NewMetrics returns the metrics of one process, on a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry:     prometheus.NewRegistry(),
		requests:     counters("http_requests_total", "Requests answered, by route and status class.", "route", "status"),
		routeSeconds: counters("http_route_seconds_total", "Time to answer all requests of a route.", "route"),
		lists:        counters("lists_total", "Lists served, by arm and tier.", "arm", "tier"),
		armSeconds:   counters("arm_seconds_total", "Time to answer all requests for lists of an arm.", "arm"),
		tierSeconds:  counters("tier_seconds_total", "Time to answer all requests that got lists of a tier.", "tier"),
		near:         counters("neighbours_total", "Lists of neighbours of an index outside of the process, by who told them: it, or the bundle's own table.", "from"),
		sheds:        counters("shed_total", "Calls beyond what the server can do at once: contract calls that got the list from memory, and others that got 503.", "what"),
		fallbacks:    counters("fallbacks_total", "Contract calls that got the list from memory since making it took too long or failed.", "why"),
		stale:        counter("stale_lists_total", "Lists made without the newest watches, since the store was away."),
		limited:      counter("limited_total", "Calls refused because their client made too many."),
		malformed:    counter("malformed_requests_total", "Contract calls that named nobody; they got the popular list."),
		panics:       counter("panics_total", "Handlers that panicked."),
		seconds: histograms("http_request_seconds", "Time to answer, of the contract call (recommend) and of the other routes together.",
			[]float64{.0003, .001, .003, .01, .03, .1, .25, .6, 1}, "route"),
		stages: histograms("stage_seconds", "Time of the parts of an answer: to know the history, to make the list, to write it.",
			[]float64{.00003, .0001, .0003, .001, .003, .01, .03, .1}, "stage"),
	}
	m.history, m.rank, m.write = m.stages.WithLabelValues("history"), m.stages.WithLabelValues("rank"), m.stages.WithLabelValues("write")
	m.registry.MustRegister(m.requests, m.seconds, m.routeSeconds, m.lists, m.armSeconds, m.tierSeconds, m.stages, m.stale, m.near,
		m.sheds, m.fallbacks, m.limited, m.malformed, m.panics, goCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, what := range []string{shedList, shedRefused} {
		m.sheds.WithLabelValues(what)
	}
	return m
}

// goCollector tells of the runtime what an operator looks at: goroutines, collections
// and memory.
func goCollector() prometheus.Collector {
	return collectors.NewGoCollector(
		collectors.WithGoCollectorMemStatsMetricsDisabled(),
		collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{
			Matcher: regexp.MustCompile(`^/(memory/classes/(total|heap/objects|heap/released)|gc/heap/live):bytes$`),
		}))
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "marquee", Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "marquee", Name: name, Help: help}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "marquee", Name: name, Help: help, Buckets: buckets}, labels)
}

// Follow adds what a follower and a history cache tell of themselves.
func (m *Metrics) Follow(status func() recommender.Status, cache func() (hits, misses int64, people int), lag func() (time.Duration, bool)) {
	gauge, counter := m.Gauge, m.Counter
	counter("marquee_bundle_swaps_total", "Bundles taken.", func() float64 { return float64(status().Swaps) })
	counter("marquee_bundle_refused_total", "Bundles refused.", func() float64 { return float64(status().Refused) })
	gauge("marquee_bundle_loaded_timestamp_seconds", "When the live bundle was taken.", func() float64 { return float64(status().Loaded.Unix()) })
	counter("marquee_history_hits_total", "Histories answered from memory.", func() float64 { hits, _, _ := cache(); return float64(hits) })
	counter("marquee_history_misses_total", "Histories read from the store.", func() float64 { _, misses, _ := cache(); return float64(misses) })
	gauge("marquee_history_people", "People whose history is in memory.", func() float64 { _, _, people := cache(); return float64(people) })
	gauge("marquee_history_lag_seconds", "Since the last good look at the store's activity; -1 before the first.", func() float64 {
		d, ok := lag()
		if !ok {
			return -1
		}
		return d.Seconds()
	})
}

// Live adds what is known of the bundle that live returns.
func (m *Metrics) Live(live func() (*recommender.Live, error)) {
	m.Gauge("marquee_bundle_built_timestamp_seconds", "When the live bundle was built; 0 without one.", func() float64 {
		l, err := live()
		if err != nil {
			return 0
		}
		return float64(l.Bundle.Manifest.Created.Unix())
	})
}

// Build adds what program this is.
func (m *Metrics) Build(version, commit, kernel string) {
	m.Gauge("marquee_build_info", "The program that serves; always 1.", func() float64 { return 1 },
		"version", version, "commit", commit, "go", runtime.Version(), "kernel", kernel)
}

// rooms adds how many are in the rooms of a server. The metrics of one that made way for
// another tell of the new one.
func (m *Metrics) rooms(reading, contract, others *room) {
	for name, r := range map[string]*room{"reading": reading, "contract": contract, "others": others} {
		in := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "marquee", Name: "calls_in_room", Help: "Calls that are being worked at, late ones included.", ConstLabels: prometheus.Labels{"room": name},
		}, func() float64 { n, _ := r.taken(); return float64(n) })
		waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "marquee", Name: "calls_waiting", Help: "Calls that wait for room.", ConstLabels: prometheus.Labels{"room": name},
		}, func() float64 { _, n := r.taken(); return float64(n) })
		for _, c := range []prometheus.Collector{in, waiting} {
			m.registry.Unregister(c)
			m.registry.MustRegister(c)
		}
	}
}

// Registry takes further metrics of the process.
func (m *Metrics) Registry() prometheus.Registerer { return m.registry }

// Gauge adds a metric that goes up and down, with labels as names and values in
// turn.
func (m *Metrics) Gauge(name, help string, value func() float64, labels ...string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: pairs(labels)}, value))
}

// Counter adds a metric that only grows, with labels as those of [Metrics.Gauge].
func (m *Metrics) Counter(name, help string, value func() float64, labels ...string) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: pairs(labels)}, value))
}

// pairs returns labels of names and values in turn.
func pairs(labels []string) prometheus.Labels {
	out := prometheus.Labels{}
	for i := 0; i+1 < len(labels); i += 2 {
		out[labels[i]] = labels[i+1]
	}
	return out
}

// Handler shows the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
