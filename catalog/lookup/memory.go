package lookup

import (
	"hash/maphash"
	"math/bits"
	"time"
)

// slots is the number of places in which a hash may stand: a cache line of them.
const slots = 8

// A memory holds hashes of the ids that were met lately, in a fixed amount of
// storage. It may lose one, which then is met again; that two ids share a hash of
// 64 bits, and the second is taken for met, is for a sweep to find.
type memory struct {
	seed   maphash.Seed
	mask   uint64
	young  []uint64 // [buckets x slots], 0 for none
	old    []uint64 // likewise: of the generation before
	span   time.Duration
	turned time.Time // when the young generation began
}

// newMemory returns a memory of n ids a generation, of which each lasts for span.
func newMemory(n int, span time.Duration, now time.Time) *memory {
	buckets := 1 << bits.Len(uint(max(n, slots)/slots-1))
	return &memory{
		seed: maphash.MakeSeed(), mask: uint64(buckets - 1), span: span, turned: now,
		young: make([]uint64, buckets*slots), old: make([]uint64, buckets*slots),
	}
}

// hash returns the hash of an id of one of the kinds; it is not 0.
func (m *memory) hash(k kindOf, id string) uint64 {
	return bits.RotateLeft64(maphash.String(m.seed, id), int(k)) | 1<<63
}

// age begins a new generation when it is time.
func (m *memory) age(now time.Time) {
	if now.Sub(m.turned) < m.span {
		return
	}
	if now.Sub(m.turned) >= 2*m.span {
		clear(m.young)
	}
	m.young, m.old = m.old, m.young
	clear(m.young)
	m.turned = now
}

// has reports whether h was put in this generation or the last.
func (m *memory) has(h uint64) bool {
	at := (h & m.mask) * slots
	return holds((*[slots]uint64)(m.young[at:]), h) || holds((*[slots]uint64)(m.old[at:]), h)
}

func holds(bucket *[slots]uint64, h uint64) bool {
	for _, v := range bucket {
		if v == h {
			return true
		}
	}
	return false
}

// put adds h; in a full bucket it takes the place of another.
func (m *memory) put(h uint64) {
	bucket := m.young[(h&m.mask)*slots:][:slots]
	for i, v := range bucket {
		if v == 0 || v == h {
			bucket[i] = h
			return
		}
	}
	bucket[h>>59%slots] = h
}
