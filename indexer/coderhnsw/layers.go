package coderhnsw

import (
	"math/bits"
	"math/rand/v2"
)

// layers is the random source of a graph. The library draws the layer of a node
// by asking for numbers until one is large; layers answers with small ones as
// often as the node shall rise. It implements math/rand's Source.
type layers struct {
	rng  *rand.Rand
	rise int // small numbers still to give
}

func newLayers(seed uint64) *layers {
	return &layers{rng: rand.New(rand.NewPCG(seed, 0x6c6179657273))}
}

// common prepares for a node like any other, in a graph that holds n. It rises by
// chance, but never to the layer that a hub of the same graph would get: the
// library's limit is 1 + log4(n), rounded to the nearest.
func (l *layers) common(n int) {
	l.rise = 0
	top := (bits.Len(uint(max(n, 1))) - 1) / 2 // log4(n), rounded down
	for l.rise < top && l.rng.Float64() < layerShare {
		l.rise++
	}
}

// hub prepares for the node that shall be alone on the top layer: it rises as far
// as the library lets it.
func (l *layers) hub() { l.rise = 64 }

// Int63 gives 0, which becomes 0.0, or what becomes 0.5, above layerShare. (The
// greatest number would become 1.0, which math/rand draws again for ever.)
func (l *layers) Int63() int64 {
	if l.rise > 0 {
		l.rise--
		return 0
	}
	return 1 << 62
}

// Seed does nothing: newLayers takes the seed.
func (l *layers) Seed(int64) {}
