package main

import (
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// countBits are the low bits of a word that count; the rest is a sum, of which 1 is half
// of what it holds.
const countBits = 5

// add emits a kernel that adds to points. The places of one call differ, so sixteen of
// them are read, added to and written at once. The growth of squares is
// new*new - old*old = (old + new) * added.
func add(name, rows string, coded bool) {
	params, doc := "tally, points *float32, "+rows, "adds times its value to the point of each row, and to tally the sum of what it\nadds and the growth of the squares of points, by lanes."
	if coded {
		params += ", codes *uint8, values *float32, times float32"
		doc += " The low six bits of codes\nchoose among 64 values."
	} else {
		params += ", values *float32, times, floor float32"
		doc += " It ends before the first\nvalue below floor."
	}
	w := begin(name, params, "", doc, strings.HasSuffix(rows, "16"))
	points, tally, times := kernel.Pointer("points"), kernel.Pointer("tally"), kernel.AVX512.Spread(kernel.Argument("times"))
	sums := table(tally, 2)
	values := w.plain
	if coded {
		values = w.coded
	}
	of := values()
	w.each(func(t turn) {
		v, added, more := of(t), ZMM(), ZMM()
		w.check(t.at, t.mask)
		VMULPS_Z(times, v, t.mask, added)
		old := gather(points, t.at, t.mask)
		VADDPS(old, added, more)
		scatter(more, points, t.at, t.mask)
		VADDPS(added, sums[0], sums[0])
		VADDPS(old, more, more)
		VFMADD231PS(added, more, sums[1])
	}, func() {
		VMOVUPS(sums[0], tally)
		VMOVUPS(sums[1], tally.Offset(4*lanes))
	})
}

// plain returns a func that loads the values of a turn, which ends before the first that is
// below the floor.
func (w *walk) plain() func(turn) VecVirtual {
	values, floor := kernel.Pointer("values"), kernel.AVX512.Spread(kernel.Argument("floor"))
	return func(t turn) VecVirtual {
		v, taken := ZMM(), K()
		VMOVUPS_Z(w.lane(values), t.mask, v)
		VCMPPS(Imm(5), floor, v, t.mask, taken) // not less
		w.stop(t, taken)
		return v
	}
}

// coded returns a func that looks the values of a turn up.
func (w *walk) coded() func(turn) VecVirtual {
	codes, values := kernel.Pointer("codes"), table(kernel.Pointer("values"), 4)
	bit, high := GP32(), ZMM()
	MOVL(U32(32), bit)
	VPBROADCASTD(bit, high)
	return func(t turn) VecVirtual {
		low, second, upper := ZMM(), ZMM(), K()
		VPMOVZXBD_Z(Mem{Base: codes.Base, Index: w.done, Scale: 1}, t.mask, low)
		VPTESTMD(high, low, upper)
		VMOVDQA32(low, second)
		lookUp(low, values[:2])
		lookUp(second, values[2:])
		VMOVAPS(second, upper, low)
		return low
	}
}

// stop has a turn of which not all are taken done over, as the last and with those before
// the first that is not.
func (w *walk) stop(t turn, taken OpmaskVirtual) {
	left := K()
	KXORW(t.mask, taken, left)
	KORTESTW(left, left)
	JZ(LabelRef(t.name + "taken"))
	KMOVW(left, w.n.As32())
	TZCNTL(w.n.As32(), w.n.As32())
	JMP(LabelRef("rest"))
	Label(t.name + "taken")
}

func meet() {
	w := begin("meetAtAVX512", "words, rows *uint32, values *float32, touched *uint32, times float32", ", met int",
		"adds one to the count of each row's word, and times its value, in fixed point, to its\nsum; it writes the rows whose count was 0 to touched, and up to sixteen more words.", false)
	words, values, touched, times := kernel.Pointer("words"), kernel.Pointer("values"), kernel.Pointer("touched"), kernel.AVX512.Spread(kernel.Argument("times"))
	met, bit, one := GP64(), GP32(), ZMM()
	XORQ(met, met)
	MOVL(U32(1), bit)
	VPBROADCASTD(bit, one)
	w.each(func(t turn) {
		w.check(t.at, t.mask)
		added := ZMM()
		VMULPS_Z(w.lane(values), times, t.mask, added)
		VCVTPS2DQ(added, added)
		VPSLLD(Imm(countBits), added, added)
		VPADDD(one, added, added)
		old := gather(words, t.at, t.mask)
		VPADDD(old, added, added)
		scatter(added, words, t.at, t.mask)
		fresh, first, n := K(), ZMM(), GP64()
		VPTESTNMD(old, old, t.mask, fresh)
		VPCOMPRESSD_Z(t.at, fresh, first)
		VMOVDQU32(first, Mem{Base: touched.Base, Index: met, Scale: 4})
		KMOVW(fresh, n.As32())
		POPCNTL(n.As32(), n.As32())
		ADDQ(n, met)
	}, func() { Store(met, ReturnIndex(1)) })
}

func take() {
	w := begin("takeAtAVX512", "words, rows *uint32, values *float32, factors *float32", ", most float32",
		"clears the word of each row, and writes its sum by the factor of its count to values; most\nis the largest, at least 0.", false)
	words, values, factors := kernel.Pointer("words"), kernel.Pointer("values"), table(kernel.Pointer("factors"), 2)
	bits, unit := GP32(), ZMM()
	MOVL(U32(math.Float32bits(1.0/(1<<(31-countBits)))), bits)
	VPBROADCASTD(bits, unit)
	for _, f := range factors {
		VMULPS(unit, f, f)
	}
	none, most := ZMM(), ZMM()
	VPXORD(none, none, none)
	VPXORD(most, most, most)
	w.each(func(t turn) {
		w.check(t.at, t.mask)
		sum, factor := gather(words, t.at, t.mask), ZMM()
		scatter(none, words, t.at, t.mask)
		VMOVDQA32(sum, factor)
		lookUp(factor, factors)
		VPSRLD(Imm(countBits), sum, sum)
		VCVTDQ2PS(sum, sum)
		VMULPS(factor, sum, sum)
		VMOVUPS(sum, t.mask, w.lane(values))
		VMAXPS(sum, most, most)
	}, func() { Store(greatest(most), ReturnIndex(1)) })
}

// greatest returns the greatest lane of v.
func greatest(v VecVirtual) Register {
	half, quarter, other := YMM(), XMM(), XMM()
	VEXTRACTF64X4(Imm(1), v, half)
	VMAXPS(v.AsY(), half, half)
	VEXTRACTF128(Imm(1), half, quarter)
	VMAXPS(half.AsX(), quarter, quarter)
	for _, order := range []int{0b01_00_11_10, 0b10_11_00_01} { // pairs, then neighbours
		VPERMILPS(Imm(uint64(order)), quarter, other)
		VMAXPS(other, quarter, quarter)
	}
	return quarter
}

// line is the size of a line of memory.
const line = 64

func fetch() {
	kernel.Begin("fetchLines", "func(at *byte, lines int)",
		"asks memory for so many lines, the first that of at, and does not wait.")
	at, lines := kernel.Pointer("at"), kernel.Word("lines")
	Label("next")
	PREFETCHT0(at)
	ADDQ(Imm(line), at.Base)
	DECQ(lines)
	JNZ(LabelRef("next"))
	RET()
}
