package experiment

import "marquee/catalog"

// Place returns where u stands under a salt, 0 to below 1. It is the same on every
// server and for ever, each place is as likely as any other, and places under two salts
// tell nothing of each other.
//
// It is the upper 53 bits of mix(mix(h(u)) XOR mix(h(salt))), where h is 64-bit FNV-1a
// and mix the finaliser of SplitMix64 (Steele, Lea and Flood, 2014): FNV alone leaves
// ids that differ in their last letter close together.
func Place(salt string, u catalog.UserID) float64 {
	return place(saltOf(salt), personOf(u))
}

// saltOf and personOf prepare the two sides of a place.
func saltOf(text string) uint64           { return mix(fnv1a(text)) }
func personOf(u catalog.UserID) uint64    { return mix(fnv1a(string(u))) }
func place(salt, person uint64) float64   { return float64(mix(person^salt)>>11) / (1 << 53) }
func layerSalt(layer string) string       { return "layer\x00" + layer }
func armSalt(e catalog.Experiment) string { return "arm\x00" + e.Salt }

// fnv1a is hash/fnv's New64a of text, without an allocation.
func fnv1a(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
