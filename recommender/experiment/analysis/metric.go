package analysis

import "slices"

// A Metric is a figure of an arm.
type Metric struct {
	Name   string `json:"name"`
	About  string `json:"about"`
	Higher bool   `json:"higher_is_better"`
	Share  bool   `json:"share"` // told as per cent

	of func(*tally) (y, x float64) // nil: of all lists together
}

// The names of the metrics.
const (
	Acceptance = "acceptance"
	Watched    = "watched"
	Clicks     = "clicks"
	Dismissals = "dismissals"
	WatchShare = "watch_share"
	Rating     = "rating"
	Cost       = "cost"
	Latency    = "latency_ms"
	Coverage   = "coverage"
	Gini       = "gini"
)

// metrics are all metrics, the one that decides first.
var metrics = []Metric{
	{Acceptance, "lists of which a movie was watched within the window, of all", true, true,
		func(t *tally) (y, x float64) { return float64(t.accepted), float64(t.lists) }},
	{Watched, "movies watched within the window after they were listed, a person and week since their first list", true, false,
		func(t *tally) (y, x float64) { return float64(t.movies), float64(t.weeks) }},
	{Clicks, "lists of which a movie was clicked within the window, of all", true, true,
		func(t *tally) (y, x float64) { return float64(t.clicked), float64(t.lists) }},
	{Dismissals, "lists of which a movie was dismissed or disliked within the window, of all", false, true,
		func(t *tally) (y, x float64) { return float64(t.dismissed), float64(t.lists) }},
	{WatchShare, "share watched of movies that were listed and then watched", true, true,
		func(t *tally) (y, x float64) { return float64(t.share), float64(t.shared) }},
	{Rating, "rating of movies that were listed and then watched", true, false,
		func(t *tally) (y, x float64) { return float64(t.rating), float64(t.rated) }},
	{Cost, "license cost in US dollars of all that was watched, a person and week since their first list", false, false,
		func(t *tally) (y, x float64) { return float64(t.cost), float64(t.weeks) }},
	{Latency, "milliseconds until a list was answered", false, false,
		func(t *tally) (y, x float64) { return float64(t.took), float64(t.timed) }},
	{Coverage, "movies of the catalog in the first lists of equally many people of each arm", true, true, nil},
	{Gini, "how unequally those lists hold the movies of the catalog, 0 to 1", false, false, nil},
}

// Metrics returns all metrics, the one that decides first.
func Metrics() []Metric { return slices.Clone(metrics) }

// MetricNames returns the names of all metrics.
func MetricNames() []string {
	var names []string
	for _, m := range metrics {
		names = append(names, m.Name)
	}
	return names
}

// metricOf returns the metric of a name that there is.
func metricOf(name string) Metric {
	for _, m := range metrics {
		if m.Name == name {
			return m
		}
	}
	return Metric{Name: name}
}

// A tally counts what one person was shown and did in one period, in lists whose window
// is over.
type tally struct {
	lists, accepted, clicked, dismissed float32
	movies                              float32 // watched within the window of a list that held them, each once
	share, shared                       float32 // of those, as far as it is known
	rating, rated                       float32
	cost                                float32
	took, timed                         float32 // milliseconds, and lists of which they are known
	weeks                               float32 // since the first list
}
