package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"marquee/recommender"
)

// Metrics are what a server counts. No label names a movie or a person.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec   // by route and status class
	seconds   *prometheus.HistogramVec // by route
	lists     *prometheus.CounterVec   // by tier and history
	near      *prometheus.CounterVec   // by who told what is near
	malformed prometheus.Counter
	panics    prometheus.Counter
}

// NewMetrics returns the metrics of one process, on a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "marquee_http_requests_total", Help: "Requests answered, by route and status class.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "marquee_http_request_seconds", Help: "Time to answer, by route.",
			Buckets: []float64{.0001, .0003, .001, .003, .01, .03, .1, .25, .6, 1, 3},
		}, []string{"route"}),
		lists: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "marquee_lists_total", Help: "Lists served, by tier and by whether the history was fresh.",
		}, []string{"tier", "history"}),
		near: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "marquee_neighbours_total", Help: "Lists of neighbours of an index outside of the process, by who told them: it, or the bundle's own table.",
		}, []string{"from"}),
		malformed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "marquee_malformed_requests_total", Help: "Contract calls that named nobody; they got the popular list.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "marquee_panics_total", Help: "Handlers that panicked.",
		}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.lists, m.near, m.malformed, m.panics,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
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

func (m *Metrics) observe(rec *recorder, took time.Duration) {
	m.requests.WithLabelValues(rec.route, strconv.Itoa(rec.status/100)+"xx").Inc()
	m.seconds.WithLabelValues(rec.route).Observe(took.Seconds())
	if a := rec.answer; a != nil {
		m.lists.WithLabelValues(string(a.List.Tier), freshness(*a)).Inc()
		if a.Neighbours != "" {
			m.near.WithLabelValues(a.Neighbours).Inc()
		}
	}
}
