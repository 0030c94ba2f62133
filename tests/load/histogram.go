package load

import (
	"math"
	"math/bits"
	"time"
)

// A Histogram counts durations in buckets whose width is at most 1/64 of their value.
type Histogram struct {
	counts [64 * buckets]int64
	total  int64
	sum    float64
	max    time.Duration
}

// buckets a power of two.
const buckets = 64

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(uint64(d))]++
	h.total++
	h.sum += float64(d)
	h.max = max(h.max, d)
}

// bucketOf returns the bucket of a value: values below 64 have one each, above that each
// power of two has 64.
func bucketOf(v uint64) int {
	if v < buckets {
		return int(v)
	}
	shift := bits.Len64(v) - 7
	return (shift+1)*buckets + int(v>>shift) - buckets
}

// highest returns the largest value of a bucket.
func highest(bucket int) uint64 {
	if bucket < buckets {
		return uint64(bucket)
	}
	shift := bucket/buckets - 1
	return uint64(buckets+bucket%buckets+1)<<shift - 1
}

// Merge adds what other counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.sum += other.sum
	h.max = max(h.max, other.max)
}

// Count returns how many durations were added.
func (h *Histogram) Count() int64 { return h.total }

// Max returns the longest.
func (h *Histogram) Max() time.Duration { return h.max }

// Mean returns their mean, 0 of none.
func (h *Histogram) Mean() time.Duration {
	if h.total == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.total))
}

// Quantile returns a duration that q of them, 0 to 1, do not exceed: at most 1/64 more
// than the true one.
func (h *Histogram) Quantile(q float64) time.Duration {
	want := max(int64(math.Ceil(q*float64(h.total))), 1)
	var n int64
	for i, c := range h.counts {
		if n += c; n >= want {
			return min(time.Duration(highest(i)), h.max)
		}
	}
	return h.max
}
