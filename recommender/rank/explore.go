package rank

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// sourceExplore is the source of movies that were drawn.
const sourceExplore = "explore"

// exploreFrom is how many candidates an explored place is drawn from: a propensity is
// one in ten at least, wherever there are as many, so that no estimate from what was
// served weighs one list more than ten times. Plackett-Luce draws by score were
// considered: the probability that such a draw of several holds a movie has no closed
// form.
const exploreFrom = 10

// explored returns between which numbers, at most one apart, the number of explored
// places of n lies. The larger is drawn with the probability of what share*n has behind
// the point, so that lists that are shorter than 1/share explore too.
func explored(share float64, n int) (least, most int) {
	x := share * float64(n)
	least, most = int(math.Floor(x+1e-9)), int(math.Ceil(x-1e-9))
	return max(least, 0), max(min(most, n), 0)
}

// A lottery says what is drawn: e places of a list of n, from the candidates behind the
// first n-e, which stay.
//
//	the first n-e candidates            are listed with probability 1
//	each of the from candidates behind  e / from
//	all others                          0
//
// from is 10 e, or what is there. The e that are drawn, uniformly and none twice, stand
// at places of the list that are drawn likewise; the others keep their order.
type lottery struct{ n, e, from int }

func newLottery(n, e, there int) lottery {
	return lottery{n: n, e: e, from: min(e*exploreFrom, there-(n-e))}
}

// propensity returns the probability with which the candidate at a rank, from 0, is in
// the list.
func (l lottery) propensity(rank int) float64 {
	switch {
	case rank < l.n-l.e:
		return 1
	case rank < l.n-l.e+l.from:
		return float64(l.e) / float64(l.from)
	}
	return 0
}

// explore draws some places of list anew from order, which is longer than the list. The
// propensity of an item is exact: with q the probability of the larger number of
// explored places, it is (1-q) times that under the smaller and q times that under the
// larger one. Equal seeds draw alike. The source of a movie that is there by the draw
// alone, and would not be in the list without, is "explore" too.
func (p *placing) explore(list *List, order []uint16, share float64, seed uint64) {
	n := len(list.Items)
	least, most := explored(share, n)
	few, many := newLottery(n, least, len(order)), newLottery(n, most, len(order))
	q := 0.0
	if most > least {
		q = share*float64(n) - float64(least)
	}
	propensity := func(rank int) float32 {
		if most == least {
			return float32(few.propensity(rank))
		}
		return float32((1-q)*few.propensity(rank) + q*many.propensity(rank))
	}
	dice := rand.NewPCG(seed, 0x6d617271756565) // a stream of its own
	l := few
	if most > least && float64(dice.Uint64()>>11)/(1<<53) < q {
		l = many
	}
	for i := range n - l.e {
		list.Items[i].Propensity = propensity(i)
	}
	if l.e == 0 {
		return
	}
	// Drawn ranks stand at the end first, and then change places with others.
	p.drawn = p.drawn[:0]
	for i := range l.from {
		p.drawn = append(p.drawn, uint16(n-l.e+i))
	}
	draw(dice, p.drawn, l.e)
	list.Sources = append(slices.Clip(list.Sources), sourceExplore)
	bit := Source(1) << (len(list.Sources) - 1)
	p.spread(dice, list, l, func(rank int) Item {
		item := p.item(order[rank])
		if rank >= n { // else it is where it would be without a draw
			item.Source |= bit
		}
		item.Propensity = propensity(rank)
		return item
	})
}

// draw moves e of xs to its front, each set and order of them as likely as any other
// (Fisher and Yates).
func draw(dice *rand.PCG, xs []uint16, e int) {
	for i := range e {
		j := i + below(dice, len(xs)-i)
		xs[i], xs[j] = xs[j], xs[i]
	}
}

// below returns a number from 0 to n-1, each as likely as any other but for n in 2^64.
func below(dice *rand.PCG, n int) int {
	high, _ := bits.Mul64(dice.Uint64(), uint64(n))
	return int(high)
}

// spread puts the drawn ranks at places that are drawn, and the others in between.
func (p *placing) spread(dice *rand.PCG, list *List, l lottery, drawn func(rank int) Item) {
	from := len(p.drawn)
	for i := range l.n {
		p.drawn = append(p.drawn, uint16(i))
	}
	ranks, places := p.drawn[:l.e], p.drawn[from:]
	draw(dice, places, l.e)
	places = places[:l.e]
	slices.Sort(places)
	kept := l.n - l.e
	for at, left := l.n-1, l.e; left > 0; at-- {
		if int(places[left-1]) == at {
			left--
			list.Items[at] = drawn(int(ranks[left]))
			continue
		}
		kept--
		list.Items[at] = list.Items[kept]
	}
}
