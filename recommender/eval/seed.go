package eval

import (
	"hash/fnv"
	"math/rand/v2"

	"marquee/catalog"
)

// userRand returns the random numbers of one person under one seed. They
// depend on nothing else, so adding, dropping or reordering people changes no
// other person's split or list.
func userRand(seed uint64, user catalog.UserID) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(user)) // a hash never fails
	return rand.New(rand.NewPCG(mix(seed), mix(h.Sum64())))
}

// lot returns a random number for a movie, or for one person's, under one seed.
func lot(seed uint64, user, movie string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(user))
	h.Write([]byte{0}) // no id holds it
	h.Write([]byte(movie))
	return mix(mix(seed) ^ h.Sum64())
}

// mix spreads the bits of x over the word: the finisher of SplitMix64 (Steele,
// Lea, Flood, "Fast splittable pseudorandom number generators", 2014). Seeds 1
// and 2 then share nothing.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
