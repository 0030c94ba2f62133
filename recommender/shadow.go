package recommender

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"marquee/recommender/rank"
)

// Bounds of what is computed beside what is served.
const (
	shadowQueue = 64 // lists that wait; more are dropped and counted
	shadowArms  = 32 // that are remembered: those that were computed last
)

// shadowPersistence is p of rank-biased overlap: the first ten places have 86% of the
// say (Webber, Moffat and Zobel, 2010, equation 21).
const shadowPersistence = 0.9

// A Shadow says how the lists of a shadow arm compare with those that were served in
// their place. Means are over Lists, and 0 without any.
type Shadow struct {
	Name    string        `json:"name"`    // of the variant, "experiment:arm"
	Lists   int64         `json:"lists"`   // that were compared
	Dropped int64         `json:"dropped"` // were not made, because too many waited
	Failed  int64         `json:"failed"`  // could not be made
	Overlap float64       `json:"overlap"` // mean share of the served movies that are in the shadow's list
	RBO     float64       `json:"rbo"`     // mean rank-biased overlap, 0 to 1: the same in more weight for the first places
	Took    time.Duration `json:"took"`    // mean time to make the shadow's list, in nanoseconds
	Served  time.Duration `json:"served"`  // mean time that the served list took to make
}

// shadows makes lists that nobody gets. The zero value is ready.
type shadows struct {
	begin sync.Once
	queue chan shadowJob

	mu   sync.Mutex
	arms map[string]*shadowSums
}

// A shadowJob is a list to be made and compared.
type shadowJob struct {
	live    *Live
	request rank.Request
	served  []uint32 // rows, best first
	took    time.Duration
	sums    *shadowSums
}

// shadowSums adds up what lists of an arm are like.
type shadowSums struct {
	dropped, failed atomic.Int64
	asked           time.Time // last; under the lock of shadows

	mu           sync.Mutex
	lists        int64
	overlap, rbo float64
	took, served time.Duration
}

// waiting returns the queue.
func (x *shadows) waiting() chan shadowJob {
	x.begin.Do(func() { x.queue = make(chan shadowJob, shadowQueue) })
	return x.queue
}

// of returns the sums of a variant, in place of those that were asked for the longest
// ago if there are too many.
func (x *shadows) of(name string, now time.Time) *shadowSums {
	x.mu.Lock()
	defer x.mu.Unlock()
	sums := x.arms[name]
	if sums == nil {
		if len(x.arms) >= shadowArms {
			delete(x.arms, x.oldest())
		}
		if x.arms == nil {
			x.arms = map[string]*shadowSums{}
		}
		sums = &shadowSums{}
		x.arms[name] = sums
	}
	sums.asked = now
	return sums
}

// oldest returns the variant that was asked for the longest ago.
func (x *shadows) oldest() (name string) {
	for n, sums := range x.arms {
		if name == "" || sums.asked.Before(x.arms[name].asked) {
			name = n
		}
	}
	return name
}

// shadow queues the list of a variant to be made and held against that of a. It does not
// wait.
func (s *Service) shadow(a *Answer, name string, r rank.Request) {
	if len(a.List.Items) == 0 {
		return
	}
	sums := s.shadows.of(name, r.Now)
	r.Taste.Watched, r.Taste.Seen = slices.Clone(r.Taste.Watched), slices.Clone(r.Taste.Seen) // whose room may be used again
	select {
	case s.shadows.waiting() <- shadowJob{a.Live, r, rowsIn(a.List), a.Stages.Rank, sums}:
	default:
		sums.dropped.Add(1)
	}
}

// rowsIn returns the rows of a list.
func rowsIn(l rank.List) []uint32 {
	rows := make([]uint32, len(l.Items))
	for i, item := range l.Items {
		rows[i] = item.Row
	}
	return rows
}

// RunShadows makes the lists of shadow arms, one at a time, until ctx ends, whose error
// it returns. Those of an arm that asks an index outside of the process use the bundle's
// own neighbours, unless what was served asked for them too.
func (s *Service) RunShadows(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case job := <-s.shadows.waiting():
			job.run()
		}
	}
}

// run makes and compares one list. Nobody waits for it, so that a model that breaks
// must not take the server with it.
func (j shadowJob) run() {
	defer func() {
		if recover() != nil {
			j.sums.failed.Add(1)
		}
	}()
	began := time.Now()
	list := j.live.Snapshot.Recommend(j.request)
	took := time.Since(began)
	overlap, rbo := agreement(j.served, rowsIn(list))
	j.sums.mu.Lock()
	defer j.sums.mu.Unlock()
	j.sums.lists++
	j.sums.overlap += overlap
	j.sums.rbo += rbo
	j.sums.took += took
	j.sums.served += j.took
}

// agreement returns the share of served that is in other, and their rank-biased overlap,
// extrapolated from the places that both have (Webber, Moffat and Zobel, 2010, equation
// 30). served is not empty.
func agreement(served, other []uint32) (overlap, rbo float64) {
	in := make(map[uint32]bool, len(other))
	for _, row := range other {
		in[row] = true
	}
	for _, row := range served {
		if in[row] {
			overlap++
		}
	}
	depth := min(len(served), len(other))
	if depth == 0 {
		return 0, 0
	}
	const p = shadowPersistence
	seen := make(map[uint32]bool, 2*depth)
	shared, weight := 0.0, 1.0
	for d := range depth {
		for _, row := range []uint32{served[d], other[d]} {
			if seen[row] {
				shared++
			}
			seen[row] = true
		}
		weight *= p
		rbo += shared / float64(d+1) * weight
	}
	return overlap / float64(len(served)), min(shared/float64(depth)*weight+(1-p)/p*rbo, 1) // rounding may lead past 1
}

// Shadows returns how shadow arms do, by name, since the service began.
func (s *Service) Shadows() []Shadow {
	s.shadows.mu.Lock()
	defer s.shadows.mu.Unlock()
	out := make([]Shadow, 0, len(s.shadows.arms))
	for name, sums := range s.shadows.arms {
		out = append(out, sums.shadow(name))
	}
	slices.SortFunc(out, func(a, b Shadow) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// shadow returns the means.
func (x *shadowSums) shadow(name string) Shadow {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := Shadow{Name: name, Lists: x.lists, Dropped: x.dropped.Load(), Failed: x.failed.Load()}
	if n := float64(x.lists); n > 0 {
		s.Overlap, s.RBO = x.overlap/n, x.rbo/n
		s.Took = time.Duration(math.Round(float64(x.took) / n))
		s.Served = time.Duration(math.Round(float64(x.served) / n))
	}
	return s
}
