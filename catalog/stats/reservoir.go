package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// A Reservoir is a uniform sample of a stream, without replacement, in bounded
// memory. It draws as algorithm L does (Li, "Reservoir-sampling algorithms of
// time complexity O(n(1+log(N/n)))", ACM TOMS 20(4), 1994): once it is full, most
// values cost a comparison.
type Reservoir struct {
	size int
	rng  *rand.Rand
	seen int64
	next int64   // the position of the next value to take
	w    float64 // as in the paper
	held []float64
}

// NewReservoir returns a reservoir of size values, at least 1. The same stream
// and seed give the same sample.
func NewReservoir(size int, seed uint64) *Reservoir {
	return &Reservoir{size: max(1, size), rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), w: 1}
}

// Add takes a value into account.
func (r *Reservoir) Add(v float64) {
	r.seen++
	switch {
	case len(r.held) < r.size:
		r.held = append(r.held, v)
		if len(r.held) == r.size {
			r.skip()
		}
	case r.seen == r.next:
		r.held[r.rng.IntN(r.size)] = v
		r.skip()
	}
}

func (r *Reservoir) skip() {
	r.w *= math.Exp(math.Log(r.open()) / float64(r.size))
	gap := math.Floor(math.Log(r.open()) / math.Log1p(-r.w))
	if !(gap < math.MaxInt64/4) { // w has become so small that no more will be taken
		gap = math.MaxInt64 / 4
	}
	r.next = r.seen + 1 + int64(gap)
}

// open returns a number above 0 and below 1.
func (r *Reservoir) open() float64 {
	for {
		if u := r.rng.Float64(); u > 0 {
			return u
		}
	}
}

// Seen returns how many values were added.
func (r *Reservoir) Seen() int64 { return r.seen }

// Values returns the sample in ascending order, as a copy.
func (r *Reservoir) Values() []float64 {
	v := slices.Clone(r.held)
	slices.Sort(v)
	return v
}
