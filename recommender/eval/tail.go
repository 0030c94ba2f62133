package eval

import (
	"cmp"
	"slices"
)

// tailPoints are how many points a long-tail curve has beside 0.
const tailPoints = 50

// longTail returns which share of places went to the most popular movies: places
// holds how many each got, watchers how popular each is, both by row. The points
// lie closer together at the head. Movies of one popularity have no order among
// them, so within such a tie the curve is straight. Nil if there are no places.
func longTail(watchers, places []int) []TailPoint {
	order := make([]int, len(watchers))
	var all int
	for i := range order {
		order[i] = i
		all += places[i]
	}
	if all == 0 {
		return nil
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(watchers[b], watchers[a]), cmp.Compare(a, b)) })
	out := []TailPoint{{}}
	n := float64(len(order))
	taken, from := 0, 0 // places of the movies before the tie, and where that begins
	for i := 1; i <= tailPoints; i++ {
		movies := float64(i*i) / (tailPoints * tailPoints)
		at := n * movies
		for from < len(order) {
			to, inside := tie(order, watchers, places, from)
			if float64(to) >= at {
				share := (at - float64(from)) / float64(to-from)
				out = append(out, TailPoint{Movies: movies, Places: (float64(taken) + share*float64(inside)) / float64(all)})
				break
			}
			taken, from = taken+inside, to
		}
	}
	return out
}

// tie returns where the movies as popular as order[from] end, and their places.
func tie(order, watchers, places []int, from int) (to, inside int) {
	for to = from; to < len(order) && watchers[order[to]] == watchers[order[from]]; to++ {
		inside += places[order[to]]
	}
	return to, inside
}
