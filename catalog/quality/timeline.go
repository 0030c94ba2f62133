package quality

import (
	"maps"
	"slices"
	"time"
)

// maxBuckets is how many buckets a timeline holds. When there are more it becomes
// coarser, so that any span of time fits.
const maxBuckets = 2000

// bucketWidths are the widths of a timeline's buckets, each a multiple of the one
// before.
var bucketWidths = []time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 364 * 24 * time.Hour}

// A timeline counts events of a few series over time in bounded memory.
type timeline struct {
	names  []string
	width  int // index into bucketWidths
	counts map[int64][]int64
}

func newTimeline(names ...string) *timeline {
	return &timeline{names: names, counts: make(map[int64][]int64)}
}

// add counts n events of a series at t.
func (l *timeline) add(series int, t time.Time, n int64) {
	seconds := int64(bucketWidths[l.width] / time.Second)
	bucket := floorDiv(t.Unix(), seconds)
	counts := l.counts[bucket]
	if counts == nil {
		counts = make([]int64, len(l.names))
		l.counts[bucket] = counts
	}
	counts[series] += n
	if len(l.counts) > maxBuckets && l.width < len(bucketWidths)-1 {
		l.coarsen()
	}
}

// coarsen goes to the next width.
func (l *timeline) coarsen() {
	ratio := int64(bucketWidths[l.width+1] / bucketWidths[l.width])
	l.width++
	old := l.counts
	l.counts = make(map[int64][]int64, len(old)/int(ratio)+1)
	for bucket, counts := range old {
		into := floorDiv(bucket, ratio)
		if held := l.counts[into]; held != nil {
			for i, n := range counts {
				held[i] += n
			}
		} else {
			l.counts[into] = counts
		}
	}
}

// leastHours is from how many hours on buckets are at least an hour wide: events
// are counted by the hour then. Less is shown in finer buckets.
const leastHours = 6

// result returns the counts in order; nil if nothing was counted.
func (l *timeline) result() *Timeline {
	if len(l.counts) == 0 {
		return nil
	}
	for l.width < len(bucketWidths)-1 && bucketWidths[l.width] < time.Hour {
		first, last := l.bounds()
		if last.Sub(first) < leastHours*time.Hour && last.Sub(first) <= maxShown*bucketWidths[l.width] {
			break
		}
		l.coarsen()
	}
	buckets := slices.Sorted(maps.Keys(l.counts))
	out := &Timeline{BucketSeconds: bucketWidths[l.width].Seconds(), Times: make([]time.Time, len(buckets))}
	for s, name := range l.names {
		series := TimelineCount{Name: name, Counts: make([]int64, len(buckets))}
		for i, b := range buckets {
			series.Counts[i] = l.counts[b][s]
			out.Times[i] = l.time(b)
		}
		out.Series = append(out.Series, series)
	}
	return out
}

// maxShown is how many buckets narrower than an hour are shown.
const maxShown = 120

func (l *timeline) time(bucket int64) time.Time {
	return time.Unix(bucket*int64(bucketWidths[l.width]/time.Second), 0).UTC()
}

func (l *timeline) bounds() (first, last time.Time) {
	buckets := slices.Sorted(maps.Keys(l.counts))
	return l.time(buckets[0]), l.time(buckets[len(buckets)-1])
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
