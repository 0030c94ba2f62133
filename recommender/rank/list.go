package rank

import "slices"

// A Tier says how personal a list is.
type Tier string

// The tiers, from the best to the last resort.
const (
	TierPersonal Tier = "personal" // from what the person watched
	TierGroup    Tier = "group"    // from what people of this age, gender or occupation watched
	TierPopular  Tier = "popular"  // from what everybody watched
	TierSimilar  Tier = "similar"  // to one movie; for nobody in particular
)

// A Source says where a candidate came from: bit i stands for the i-th of
// [List.Sources]. A movie may have several.
type Source uint32

// The sources of [ArmFeatures], and their names.
const (
	SourceNeighbour Source = 1 << iota
	SourcePopular
)

const (
	sourceNeighbour = "neighbour"
	sourcePopular   = "popular"

	// SourcePreferences is that of movies near to what a person wrote of their taste: see
	// [Snapshot.Given]. The text is not kept with a list, so it cannot be made again.
	SourcePreferences = "preferences"
)

// An Item is one movie of a list, with the features that placed it, each 0 to 1.
type Item struct {
	Row        uint32
	Score      float32 // their weighted mean; of a model, its score on one scale: see [unit]
	Similarity float32
	Quality    float32
	Popularity float32
	Source     Source
	Propensity float32 // with which it came to be in the list, above 0 to 1; 1 where nothing was drawn
}

// A List is an answer, best first, each movie once.
type List struct {
	Items   []Item
	Tier    Tier
	Arm     string   // that the person belongs to, also where its model had nothing to say: Sources tell what made the list
	Sources []string // the names of the bits of Item.Source
}

// SourceNames returns the names of the sources of item.
func (l List) SourceNames(item Item) []string {
	names := make([]string, 0, 2)
	for i, name := range l.Sources {
		if item.Source&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// A scored is a candidate in the heap of the best.
type scored struct {
	score float32
	row   uint32
	at    uint32 // among the candidates, where they are numbered
}

// before reports whether a stands before b in a list.
func before(a, b scored) bool {
	return a.score > b.score || a.score == b.score && a.row < b.row
}

// sortBest sorts what push kept, best first.
func sortBest(heap []scored) {
	slices.SortFunc(heap, func(a, b scored) int {
		if before(a, b) {
			return -1
		}
		return 1
	})
}

// push keeps the best n of what it is given in heap, whose first is the last of
// them in order.
func push(heap []scored, c scored, n int) []scored {
	if len(heap) < n {
		heap = append(heap, c)
		for i := len(heap) - 1; i > 0; {
			p := (i - 1) / 2
			if !before(heap[p], heap[i]) {
				break
			}
			heap[p], heap[i] = heap[i], heap[p]
			i = p
		}
		return heap
	}
	if !before(c, heap[0]) {
		return heap
	}
	heap[0] = c
	for i := 0; ; {
		k := 2*i + 1
		if k >= n {
			return heap
		}
		if k+1 < n && before(heap[k], heap[k+1]) {
			k++
		}
		if !before(heap[i], heap[k]) {
			return heap
		}
		heap[i], heap[k] = heap[k], heap[i]
		i = k
	}
}

// sortedMost is up to how many [insert] takes less time than [push] and [sortBest].
const sortedMost = 32

// insert keeps the best n of what it is given in list, best first.
func insert(list []scored, c scored, n int) []scored {
	i := len(list)
	switch {
	case i < n:
		list = append(list, c)
	case before(c, list[n-1]):
		i = n - 1
	default:
		return list
	}
	for ; i > 0 && before(c, list[i-1]); i-- {
		list[i] = list[i-1]
	}
	list[i] = c
	return list
}
