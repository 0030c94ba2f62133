package lsa

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
)

// fewTexts is the number of texts below which no term is left out for being
// rare or common: in a small catalog that would leave next to nothing.
const fewTexts = 100

// textBlock is how many texts a goroutine takes at once.
const textBlock = 64

// A vocabulary is the terms of a model.
type vocabulary struct {
	terms []string         // ascending
	ids   map[string]int32 // term -> its place in terms
	idf   []float32        // weight of each term: rare ones weigh more
}

// A counted is a term and the number of texts it stands in.
type counted struct {
	term  string
	texts int
}

// learn returns the vocabulary of texts.
func learn(ctx context.Context, texts []string, cfg Config) (*vocabulary, error) {
	all, err := count(ctx, texts)
	if err != nil {
		return nil, err
	}
	kept := cut(all, len(texts), cfg)
	slices.SortFunc(kept, func(a, b counted) int { return cmp.Compare(a.term, b.term) })
	terms, idf := make([]string, len(kept)), make([]float32, len(kept))
	for i, c := range kept {
		terms[i] = c.term
		idf[i] = float32(1 + math.Log(float64(1+len(texts))/float64(1+c.texts)))
	}
	return newVocabulary(terms, idf), nil
}

func newVocabulary(terms []string, idf []float32) *vocabulary {
	ids := make(map[string]int32, len(terms))
	for i, term := range terms {
		ids[term] = int32(i)
	}
	return &vocabulary{terms: terms, ids: ids, idf: idf}
}

// cut leaves out the terms that are too rare or too common, unless nothing
// would remain, and then the rarest beyond cfg.MaxTerms.
func cut(all []counted, texts int, cfg Config) []counted {
	kept := all
	if texts >= fewTexts {
		most := int(cfg.MaxShare * float64(texts))
		kept = slices.DeleteFunc(slices.Clone(all), func(c counted) bool {
			return c.texts < cfg.MinTexts || c.texts > most
		})
		if len(kept) == 0 {
			kept = all
		}
	}
	if len(kept) > cfg.MaxTerms {
		slices.SortFunc(kept, func(a, b counted) int {
			return cmp.Or(cmp.Compare(b.texts, a.texts), cmp.Compare(a.term, b.term))
		})
		kept = kept[:cfg.MaxTerms]
	}
	return kept
}

// count returns every term of texts with the number of texts it stands in, in
// no order.
func count(ctx context.Context, texts []string) ([]counted, error) {
	type tally struct{ texts, last int }
	var mu sync.Mutex
	var tallies []map[string]*tally
	err := blocks(ctx, len(texts), textBlock, func() func(b, lo, hi int) {
		mine := make(map[string]*tally)
		mu.Lock()
		tallies = append(tallies, mine)
		mu.Unlock()
		var s splitter
		return func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				s.split(texts[i], func(term []byte, _, _ int) {
					t := mine[string(term)]
					if t == nil {
						t = &tally{last: -1}
						mine[string(term)] = t
					}
					if t.last != i {
						t.texts, t.last = t.texts+1, i
					}
				})
			}
		}
	})
	if err != nil || len(tallies) == 0 {
		return nil, err
	}
	sum := tallies[0]
	for _, more := range tallies[1:] {
		for term, t := range more {
			if known := sum[term]; known != nil {
				known.texts += t.texts
			} else {
				sum[term] = t
			}
		}
	}
	all := make([]counted, 0, len(sum))
	for term, t := range sum {
		all = append(all, counted{term, t.texts})
	}
	return all, nil
}
