package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/experiment"
	"marquee/recommender/httpapi"
)

// followEvery is the time between two looks at the store's experiments.
const followEvery = time.Second

// Experiments implements [experiment.Store].
func (l *lateStore) Experiments(ctx context.Context) ([]catalog.Experiment, error) {
	s, err := l.opened()
	if err != nil {
		return nil, err
	}
	return s.Experiments(ctx)
}

var _ experiment.Store = (*lateStore)(nil)

// experimenting is what a server does with experiments.
type experimenting struct {
	follower *experiment.Follower
	service  *recommender.Service
}

// experiments lets service make lists as the experiments of the store say. They are read
// once before this returns, so that nobody changes arms while a server starts, unless
// the store is away.
func experiments(ctx context.Context, e *env, store *lateStore, service *recommender.Service, metrics *httpapi.Metrics) *experimenting {
	x := &experimenting{experiment.NewFollower(store, e.log, time.Now), service}
	if err := x.follower.Look(ctx); err != nil {
		e.log.Warn("the experiments are not known yet; everybody gets the default until they are", "error", err)
	}
	service.Experiments(x.follower)
	metrics.Gauge("marquee_experiments", "Experiments that run or are to begin.", func() float64 { return float64(len(x.follower.Status().Experiments)) })
	metrics.Counter("marquee_experiment_unknown_arm_total", "Lists for which an experiment named an arm that the bundle does not have.", func() float64 { return float64(service.UnknownArms()) })
	metrics.Registry().MustRegister(newShadowMetrics(service.Shadows, func() []catalog.Experiment { return x.follower.Status().Experiments }))
	return x
}

// run follows the store and makes the lists of shadow arms until ctx ends.
func (x *experimenting) run(ctx context.Context, g *errgroup.Group) {
	g.Go(func() error { return untilEnd(x.follower.Run(ctx, followEvery)) })
	g.Go(func() error { return untilEnd(x.service.RunShadows(ctx)) })
}

// A shownExperiments is what operators see of a server's experiments.
type shownExperiments struct {
	experiment.Status
	UnknownArms int64                `json:"unknown_arms"` // lists for which one named an arm that the bundle does not have
	Shadows     []recommender.Shadow `json:"shadows"`
}

// shown returns what operators see.
func (x *experimenting) shown() any {
	return shownExperiments{x.follower.Status(), x.service.UnknownArms(), x.service.Shadows()}
}

// shadowMetrics tells of shadow arms that run: of few apart, and of the others as one, so
// that a server's series stay few; Shadows tells of each, also of those that ran. What it
// counts of several arms never falls, whichever of them end or come to stand apart.
type shadowMetrics struct {
	all     func() []recommender.Shadow
	running func() []catalog.Experiment

	mu                      sync.Mutex
	apart                   []string                      // arms with series of their own: those that came first
	seen                    map[string]recommender.Shadow // at the last look, of each arm
	others, dropped, failed int64                         // lists of those not apart, and of all that were not made
}

func newShadowMetrics(all func() []recommender.Shadow, running func() []catalog.Experiment) *shadowMetrics {
	return &shadowMetrics{all: all, running: running, seen: map[string]recommender.Shadow{}}
}

// Bounds and names of what metrics tell of shadow arms.
const (
	shadowsApart = 2
	otherShadows = "other"
)

var (
	shadowLists   = prometheus.NewDesc("marquee_shadow_lists_total", "Lists of shadow arms that were made and compared.", []string{"arm"}, nil)
	shadowUnmade  = prometheus.NewDesc("marquee_shadow_unmade_total", "Lists of shadow arms that were not made, because too many waited (dropped) or they could not be (failed).", []string{"why"}, nil)
	shadowOverlap = prometheus.NewDesc("marquee_shadow_overlap_ratio", "Mean share of a served list that is in the shadow arm's.", []string{"arm"}, nil)
	shadowSeconds = prometheus.NewDesc("marquee_shadow_seconds", "Mean time to make the list of a shadow arm.", []string{"arm"}, nil)
)

// Describe implements [prometheus.Collector].
func (*shadowMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{shadowLists, shadowUnmade, shadowOverlap, shadowSeconds} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (m *shadowMetrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.all() // under the lock, so that of two looks the later one sees more
	if len(all) == 0 {
		return
	}
	for _, s := range m.told(all) {
		out <- prometheus.MustNewConstMetric(shadowLists, prometheus.CounterValue, float64(s.Lists), s.Name)
		out <- prometheus.MustNewConstMetric(shadowOverlap, prometheus.GaugeValue, s.Overlap, s.Name)
		out <- prometheus.MustNewConstMetric(shadowSeconds, prometheus.GaugeValue, s.Took.Seconds(), s.Name)
	}
	out <- prometheus.MustNewConstMetric(shadowUnmade, prometheus.CounterValue, float64(m.dropped), "dropped")
	out <- prometheus.MustNewConstMetric(shadowUnmade, prometheus.CounterValue, float64(m.failed), "failed")
}

// told returns those of all that run and are told apart, and the others that run as one, if
// there are any. It counts what came since the last look.
func (m *shadowMetrics) told(all []recommender.Shadow) []recommender.Shadow {
	names := map[string]bool{}
	for _, e := range m.running() {
		for _, a := range e.Arms {
			names[e.Name+":"+a.Name] = true
		}
	}
	m.apart = slices.DeleteFunc(m.apart, func(name string) bool { return !names[name] })
	var out []recommender.Shadow
	var lists int64
	var some bool // others
	before, others := m.seen, recommender.Shadow{Name: otherShadows}
	m.seen = make(map[string]recommender.Shadow, len(all))
	for _, s := range all {
		was := before[s.Name]
		m.seen[s.Name] = s
		m.dropped += since(was.Dropped, s.Dropped)
		m.failed += since(was.Failed, s.Failed)
		if !names[s.Name] {
			continue
		}
		if !slices.Contains(m.apart, s.Name) && len(m.apart) < shadowsApart {
			m.apart = append(m.apart, s.Name)
		}
		if slices.Contains(m.apart, s.Name) {
			out = append(out, s)
			continue
		}
		m.others += since(was.Lists, s.Lists)
		some = true
		if lists += s.Lists; lists > 0 {
			part := float64(s.Lists) / float64(lists)
			others.Overlap += part * (s.Overlap - others.Overlap)
			others.Took += time.Duration(part * float64(s.Took-others.Took))
		}
	}
	if some {
		others.Lists = m.others
		out = append(out, others)
	}
	return out
}

// since returns by how much a count grew; one that fell began anew.
func since(was, is int64) int64 {
	if is < was {
		return is
	}
	return is - was
}
