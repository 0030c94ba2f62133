package stats

import (
	"math"
	"math/bits"
)

// MaxExactDistinct is up to how many values a [Distinct] counts exactly. It lies
// above 5 times the number of registers, up to where the estimate has a bias.
const MaxExactDistinct = 100_000

// The registers of the estimate: 2^14 of a byte each.
const (
	registerBits = 14
	registers    = 1 << registerBits
)

// DistinctError is the standard error of a [Distinct] that is not exact, as a
// share of the number: 1.04 / sqrt(2^14), 0.8%.
const DistinctError = 1.04 / (1 << (registerBits / 2))

// A Distinct counts how many different values a stream holds: exactly up to
// [MaxExactDistinct] (by 64-bit hashes; two of 100,000 values share one with
// probability 3e-10), and beyond as HyperLogLog does, in 16 KB (Flajolet, Fusy,
// Gandouet and Meunier, "HyperLogLog: the analysis of a near-optimal cardinality
// estimation algorithm", AofA 2007; with hashes of 64 bits there is no
// correction for many values). The hash has no secret: who chooses all values can
// make the estimate wrong. The zero Distinct is ready.
type Distinct struct {
	exact map[uint64]struct{}
	most  []uint8 // by register: the most leading zeros seen, plus 1; nil while exact
}

// Add takes a text into account.
func (d *Distinct) Add(text string) { d.addHash(Hash(text)) }

// AddNumber takes a number into account; 0 and -0 are one.
func (d *Distinct) AddNumber(v float64) {
	if v == 0 {
		v = 0
	}
	d.addHash(mix(math.Float64bits(v)))
}

func (d *Distinct) addHash(h uint64) {
	if d.most != nil {
		d.note(h)
		return
	}
	if d.exact == nil {
		d.exact = make(map[uint64]struct{})
	}
	d.exact[h] = struct{}{}
	if len(d.exact) > MaxExactDistinct {
		d.most = make([]uint8, registers)
		for h := range d.exact {
			d.note(h)
		}
		d.exact = nil
	}
}

func (d *Distinct) note(h uint64) {
	rank := uint8(bits.LeadingZeros64(h<<registerBits|1<<(registerBits-1)) + 1)
	if i := h >> (64 - registerBits); rank > d.most[i] {
		d.most[i] = rank
	}
}

// Count returns how many different values there were, and whether that is exact.
func (d *Distinct) Count() (n int64, exact bool) {
	if d.most == nil {
		return int64(len(d.exact)), true
	}
	var sum float64
	for _, m := range d.most {
		sum += math.Ldexp(1, -int(m))
	}
	const alpha = 0.7213 / (1 + 1.079/registers)
	return int64(math.Round(alpha * registers * registers / sum)), false
}

// Hash returns a 64-bit hash of a text, the same in every process: FNV-1a
// followed by the finaliser of MurmurHash3, for FNV's high bits are poor on short
// texts.
func Hash(text string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 0x100000001b3
	}
	return mix(h)
}

func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
