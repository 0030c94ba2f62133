package rank

import (
	"slices"
	"time"

	"marquee/catalog"
	"marquee/indexer"
)

// MaxList is the most movies a list holds.
const MaxList = 20

// A Request asks for a list for one person.
type Request struct {
	Taste Taste
	N     int       // movies wanted, 1 to MaxList
	Now   time.Time // for what is released
	Adult bool      // adult movies may be shown: see [Snapshot.AdultAllowed]

	User catalog.User // what is known of the person, for models
	Arm  string       // how to make the list: see [Arms]; "" or an unknown name is the default

	// Near are the neighbours of Taste.Watched[i], or of the one movie asked about, as
	// an index elsewhere has them: rows of the snapshot, best first. The table has those
	// that are nil or missing.
	Near [][]indexer.Hit
}

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
)

// An Item is one movie of a list, with the features that placed it, each 0 to 1.
type Item struct {
	Row        uint32
	Score      float32 // their weighted mean; of a model, its score moved to 0 (the least that may be shown) to 1 (the best)
	Similarity float32
	Quality    float32
	Popularity float32
	Source     Source
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
