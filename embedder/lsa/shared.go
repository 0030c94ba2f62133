package lsa

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// tellingIDF is the least idf of a term that explains anything: one that stands
// in at most a tenth of the texts.
const tellingIDF = 1 + math.Ln10

// Shared returns at most n words that texts a and b share, as they stand in a,
// those that make the two alike most first: by the product of their weights,
// ties by the alphabet. Words of more than a tenth of the fitted texts and words
// without a letter, such as years, are left out.
func (m *Model) Shared(a, b string, n int) []string {
	if n <= 0 {
		return nil
	}
	w := weigher{vocabulary: m.vocabulary, cfg: m.cfg}
	inA := slices.Clone(w.weigh(a))
	common := m.common(inA, w.weigh(b))
	slices.SortFunc(common, func(x, y entry) int {
		return cmp.Or(cmp.Compare(y.weight, x.weight), cmp.Compare(x.term, y.term))
	})
	common = common[:min(n, len(common))]
	words := make([]string, len(common))
	w.splitter.split(a, func(term []byte, from, to int) {
		id, known := m.vocabulary.ids[string(term)]
		if !known {
			return
		}
		if i := slices.IndexFunc(common, func(e entry) bool { return e.term == id }); i >= 0 && words[i] == "" {
			words[i] = strings.ToValidUTF8(strings.Trim(a[from:to], "'’"), "")
		}
	})
	return words
}

// common returns the terms of both rows that explain something, with the
// product of their weights, by ascending term.
func (m *Model) common(a, b []entry) []entry {
	var out []entry
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].term < b[0].term:
			a = a[1:]
		case a[0].term > b[0].term:
			b = b[1:]
		default:
			if id := a[0].term; m.telling(id) {
				out = append(out, entry{id, a[0].weight * b[0].weight})
			}
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// telling reports whether term id is a word and rare enough to explain
// anything.
func (m *Model) telling(id int32) bool {
	if m.texts >= fewTexts && m.vocabulary.idf[id] < tellingIDF {
		return false
	}
	return strings.IndexFunc(m.vocabulary.terms[id], unicode.IsLetter) >= 0
}
