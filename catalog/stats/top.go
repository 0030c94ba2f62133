package stats

import (
	"cmp"
	"maps"
	"slices"
	"unicode/utf8"
)

// MaxTopText is how many bytes of a text a [Top] keeps.
const MaxTopText = 200

// A Count is a value and how often it was seen.
type Count struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// A Top finds the most frequent texts of a stream in bounded memory. While there
// are fewer distinct ones than twice its capacity it is exact. Beyond, it is the
// summary of Misra and Gries ("Finding repeated elements", Science of Computer
// Programming 2(2), 1982) with the cut of Agarwal and others ("Mergeable
// summaries", PODS 2012): a count may be too low, by at most [Top.Error], which
// is at most the length of the stream divided by the capacity.
type Top struct {
	capacity int
	counts   map[string]int64
	total    int64
	lost     int64
}

// NewTop returns a summary that keeps at least capacity texts, 1 or more.
func NewTop(capacity int) *Top {
	return &Top{capacity: max(1, capacity), counts: make(map[string]int64)}
}

// Add counts a text once.
func (t *Top) Add(text string) { t.AddN(text, 1) }

// AddN counts a text n times, n above 0. Texts that share their first
// [MaxTopText] bytes are one.
func (t *Top) AddN(text string, n int64) {
	if n <= 0 {
		return
	}
	t.total += n
	t.counts[cutText(text)] += n
	if len(t.counts) >= 2*t.capacity {
		t.shrink()
	}
}

// shrink takes the count of the first text beyond capacity from all.
func (t *Top) shrink() {
	counts := slices.Sorted(maps.Values(t.counts))
	cut := counts[len(counts)-1-t.capacity]
	t.lost += cut
	for text, n := range t.counts {
		if n <= cut {
			delete(t.counts, text)
		} else {
			t.counts[text] = n - cut
		}
	}
}

// Total returns how often any text was counted.
func (t *Top) Total() int64 { return t.total }

// Error returns how much too low a count may be; 0 while all is exact.
func (t *Top) Error() int64 { return t.lost }

// Len returns how many texts are kept: all there were if [Top.Error] is 0.
func (t *Top) Len() int { return len(t.counts) }

// Values returns the k most frequent texts, the most frequent first, ties by
// text; all that are kept if k is below 1.
func (t *Top) Values(k int) []Count {
	out := make([]Count, 0, len(t.counts))
	for text, n := range t.counts {
		out = append(out, Count{text, n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	if k >= 1 && k < len(out) {
		out = out[:k]
	}
	return out
}

// cutText cuts a text at a character's border. The copy lets go of a longer text
// it is a part of.
func cutText(text string) string {
	if len(text) <= MaxTopText {
		return text
	}
	n := MaxTopText
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return string(append([]byte{}, text[:n]...))
}
