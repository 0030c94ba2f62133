package lsa

import (
	"math"
	"slices"
)

// An entry is one term of a text and its weight.
type entry struct {
	term   int32
	weight float32
}

// A weigher turns texts into rows of weights. Each goroutine has one of its
// own.
type weigher struct {
	vocabulary *vocabulary
	cfg        Config
	splitter   splitter
	found      []uint64 // scratch: term in the upper half, its place in the text in the lower
	row        []entry
}

// weigh returns the weights of text's terms, by ascending term, as a vector of
// unit length; none if it has no term of the vocabulary. The weight of a term
// that occurs f times, first after p other terms, is
//
//	(1 + ln f) * idf * (1 + Lead*exp(-p/LeadSpan))
//
// The row is valid until the next call.
func (w *weigher) weigh(text string) []entry {
	w.found, w.row = w.found[:0], w.row[:0]
	place := uint64(0)
	w.splitter.split(text, func(term []byte, _, _ int) {
		if id, known := w.vocabulary.ids[string(term)]; known {
			w.found = append(w.found, uint64(id)<<32|min(place, math.MaxUint32))
		}
		place++
	})
	slices.Sort(w.found)
	sum := 0.0
	for i := 0; i < len(w.found); {
		id, first, times := int32(w.found[i]>>32), uint32(w.found[i]), 0
		for i < len(w.found) && int32(w.found[i]>>32) == id {
			i, times = i+1, times+1
		}
		x := (1 + math.Log(float64(times))) * float64(w.vocabulary.idf[id])
		x *= 1 + w.cfg.Lead*math.Exp(-float64(first)/w.cfg.LeadSpan)
		w.row = append(w.row, entry{id, float32(x)})
		sum += x * x
	}
	scale := 1 / math.Sqrt(sum)
	for i := range w.row {
		w.row[i].weight = float32(float64(w.row[i].weight) * scale)
	}
	return w.row
}
