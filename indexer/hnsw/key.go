package hnsw

import (
	"math"

	"marquee/indexer"
)

// A key is a row with its score in one word that orders as answers do: the
// higher score first, then the lower row. Its lowest bit says that the row's
// links have been followed; it decides no comparison between two rows.
type key uint64

const (
	followed key = 1
	rowMask      = 1<<31 - 1 // rows fit in 31 bits; indexer.CheckRows sees to it
)

func newKey(score float32, row uint32) key {
	bits := math.Float32bits(score)
	switch {
	case bits == 1<<31: // -0, which ties with 0, already is what 0 becomes
	case bits>>31 != 0:
		bits = ^bits
	default:
		bits |= 1 << 31
	}
	return key(bits)<<32 | key(rowMask-row)<<1
}

// wholeKey orders by a whole number instead of a score.
func wholeKey(n int32, row uint32) key {
	return key(uint32(n)^1<<31)<<32 | key(rowMask-row)<<1
}

func (k key) row() uint32 { return rowMask - uint32(k>>1)&rowMask }

func (k key) score() float32 {
	bits := uint32(k >> 32)
	if bits>>31 != 0 {
		return math.Float32frombits(bits &^ (1 << 31))
	}
	return math.Float32frombits(^bits)
}

func (k key) hit() indexer.Hit { return indexer.Hit{Row: k.row(), Score: k.score()} }

// A beam holds the best keys seen so far, best first, at most width of them. For
// some hundred keys one sorted array beats the paper's two heaps: to insert is to
// move a few cache lines, and the nearest row to follow is found by walking on.
type beam struct {
	keys  []key
	width int
	next  int // no key before this one waits to be followed
}

func (b *beam) reset(width int) {
	b.keys, b.width, b.next = b.keys[:0], width, 0
}

// floor is the least key that a full beam would drop the next time; anything not
// above it is of no use. It is 0 while there is room.
func (b *beam) floor() key {
	if len(b.keys) < b.width {
		return 0
	}
	return b.keys[len(b.keys)-1]
}

func (b *beam) offer(k key) {
	n := len(b.keys)
	if n == b.width {
		if k < b.keys[n-1] {
			return
		}
		n--
	} else {
		b.keys = append(b.keys, 0)
	}
	lo, hi := 0, n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if b.keys[mid] > k {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	copy(b.keys[lo+1:n+1], b.keys[lo:n])
	b.keys[lo] = k
	b.next = min(b.next, lo)
}

// follow returns the best row not followed yet and marks it, or false.
func (b *beam) follow() (uint32, bool) {
	for ; b.next < len(b.keys); b.next++ {
		if k := b.keys[b.next]; k&followed == 0 {
			b.keys[b.next] |= followed
			b.next++
			return k.row(), true
		}
	}
	return 0, false
}

// A heap of keys, the best on top.
type heap []key

func (h *heap) push(k key) {
	*h = append(*h, k)
	keys := *h
	i := len(keys) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if keys[parent] >= k {
			break
		}
		keys[i] = keys[parent]
		i = parent
	}
	keys[i] = k
}

// pop removes the best key of a heap that is not empty.
func (h *heap) pop() key {
	keys := *h
	best, last := keys[0], keys[len(keys)-1]
	keys = keys[:len(keys)-1]
	*h = keys
	if len(keys) == 0 {
		return best
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(keys) {
			break
		}
		if child+1 < len(keys) && keys[child+1] > keys[child] {
			child++
		}
		if last >= keys[child] {
			break
		}
		keys[i] = keys[child]
		i = child
	}
	keys[i] = last
	return best
}
