package httpapi

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"marquee/recommender"
	"marquee/recommender/rank"
)

// A memo keeps what was made for each of a few keys. Looking one up takes no lock.
type memo[K comparable, V any] struct {
	all atomic.Pointer[map[K]V]
	mu  sync.Mutex
}

// of returns what was made for key, or makes it. n is how many there are already.
func (m *memo[K, V]) of(key K, make func(n int) V) V {
	if all := m.all.Load(); all != nil {
		if v, ok := (*all)[key]; ok {
			return v
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	next := map[K]V{}
	if all := m.all.Load(); all != nil {
		if v, ok := (*all)[key]; ok {
			return v
		}
		next = maps.Clone(*all)
	}
	v := make(len(next))
	next[key] = v
	m.all.Store(&next)
	return v
}

// A routeSeries is what is counted of one route.
type routeSeries struct {
	status  [6]prometheus.Counter // by the first digit; nil until there is one
	seconds prometheus.Counter
	took    prometheus.Observer
}

// classes are the labels of statuses by their first digit; anything else is a fault of
// the handler, and counted as one.
var classes = [6]string{"5xx", "1xx", "2xx", "3xx", "4xx", "5xx"}

func (m *Metrics) route(name string) *routeSeries {
	return m.routes.of(name, func(int) *routeSeries {
		kind := routeOther
		if name == routeRecommend {
			kind = name
		}
		s := &routeSeries{seconds: m.routeSeconds.WithLabelValues(name), took: m.seconds.WithLabelValues(kind)}
		for _, class := range []int{2, 4, 5} {
			s.status[class] = m.requests.WithLabelValues(name, classes[class])
		}
		return s
	})
}

// maxArms is how many arms have series of their own; the others are one together.
const maxArms = 10

// otherArms is the label of the arms beyond.
const otherArms = "other"

// maxArmNames bounds the names that are remembered to be others.
const maxArmNames = 1000

// arm returns the label of an arm.
func (m *Metrics) arm(name string) string {
	if all := m.arms.all.Load(); all != nil && len(*all) >= maxArmNames {
		if label, ok := (*all)[name]; ok {
			return label
		}
		return otherArms
	}
	return m.arms.of(name, func(n int) string {
		if n < maxArms {
			return name
		}
		return otherArms
	})
}

// A madeBy says how a list was made.
type madeBy struct {
	arm  string // a label
	tier rank.Tier
}

// A listSeries is what is counted of such lists.
type listSeries struct {
	lists, armSeconds, tierSeconds prometheus.Counter
}

func (m *Metrics) madeBy(k madeBy) *listSeries {
	return m.made.of(k, func(int) *listSeries {
		return &listSeries{m.lists.WithLabelValues(k.arm, string(k.tier)), m.armSeconds.WithLabelValues(k.arm), m.tierSeconds.WithLabelValues(string(k.tier))}
	})
}

// observe counts a request that was answered.
func (m *Metrics) observe(rec *recorder, took time.Duration) {
	class := rec.status / 100
	if class < 1 || class > 5 {
		class = 0
	}
	route := m.route(rec.route)
	if c := route.status[class]; c != nil {
		c.Inc()
	} else {
		m.requests.WithLabelValues(rec.route, classes[class]).Inc()
	}
	route.seconds.Add(took.Seconds())
	route.took.Observe(took.Seconds())
	if rec.answer != nil {
		m.answered(rec, took)
	}
}

// list counts a list that was served.
func (m *Metrics) list(a *recommender.Answer, took time.Duration) {
	made := m.madeBy(madeBy{m.arm(a.List.Arm), a.List.Tier})
	made.lists.Inc()
	made.armSeconds.Add(took.Seconds())
	made.tierSeconds.Add(took.Seconds())
	if a.Stages.History > 0 {
		m.history.Observe(a.Stages.History.Seconds())
	}
	if a.Stages.Rank > 0 {
		m.rank.Observe(a.Stages.Rank.Seconds())
	}
	if a.Stale {
		m.stale.Inc()
	}
	if a.Neighbours != "" {
		m.near.WithLabelValues(a.Neighbours).Inc()
	}
}

// answered counts the list of a request for one.
func (m *Metrics) answered(rec *recorder, took time.Duration) {
	m.list(rec.answer, took)
	if rec.wrote > 0 {
		m.write.Observe(rec.wrote.Seconds())
	}
	switch rec.shed {
	case "":
	case shedOverload:
		m.shed(shedList)
	default:
		m.fallbacks.WithLabelValues(rec.shed).Inc()
	}
}

// What was shed.
const (
	shedList    = "list" // a contract call, which got the list from memory
	shedRefused = "call" // another, which got 503
)

func (m *Metrics) shed(what string) { m.sheds.WithLabelValues(what).Inc() }
