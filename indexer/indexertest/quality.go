package indexertest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"marquee/indexer"
)

// checkOwned writes over an answer and asks again: an index that hands out its
// own memory gives the garbage back, or changes an answer it gave before.
func checkOwned(t *testing.T, build Build, _ float64) error {
	s := small()
	ix := build(t, s.vecs, s.dims)
	asked := queries(2, s.dims)
	first, err := ix.Search(t.Context(), asked[0], 10, nil)
	if err != nil {
		return err
	}
	given := slices.Clone(first)
	if _, err := ix.Search(t.Context(), asked[1], 10, nil); err != nil {
		return err
	}
	if !slices.Equal(first, given) {
		return errors.New("a later search changed an answer given before")
	}
	clear(first)
	again, err := ix.Search(t.Context(), asked[0], 10, nil)
	if err != nil {
		return err
	}
	if !slices.Equal(again, given) {
		return fmt.Errorf("the same query gives %v, then %v", given, again)
	}
	return nil
}

// checkConcurrent compares answers given to several goroutines at once with the
// answers to one; run it with the race detector, too.
func checkConcurrent(t *testing.T, build Build, _ float64) error {
	s := small()
	ix := build(t, s.vecs, s.dims)
	asked := queries(30, s.dims)
	odd := func(row uint32) bool { return row%2 == 1 }
	ask := func(i int) ([]indexer.Hit, error) {
		keep := []indexer.Keep{nil, odd}[i%2]
		return ix.Search(t.Context(), asked[i], 1+i, keep)
	}
	serial := make([][]indexer.Hit, len(asked))
	for i := range asked {
		var err error
		if serial[i], err = ask(i); err != nil {
			return err
		}
	}
	const workers = 8
	faults := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := range asked {
				i := (n + w*7) % len(asked)
				hits, err := ask(i)
				if err == nil && !slices.Equal(hits, serial[i]) {
					err = fmt.Errorf("query %d gives %v beside others, %v alone", i, hits, serial[i])
				}
				if err != nil {
					faults[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(faults...)
}

const (
	worldRows  = 2000
	worldDims  = 32
	worldCount = 100 // queries of each kind
)

// checkRecallMovies asks with vectors of the world that are not in the index: an
// index always finds its own rows more easily.
func checkRecallMovies(t *testing.T, build Build, minRecall float64) error {
	all := Clustered(99, worldRows+worldCount, worldDims)
	s := scan{all[:worldRows*worldDims], worldDims}
	return recallAt10(t, s, build, all[worldRows*worldDims:], "on movies held out", minRecall)
}

func checkRecallProfiles(t *testing.T, build Build, minRecall float64) error {
	s := scan{Clustered(98, worldRows, worldDims), worldDims}
	return recallAt10(t, s, build, Profiles(98, s.vecs, s.dims, worldCount), "on profiles", minRecall)
}

func recallAt10(t *testing.T, s scan, build Build, asked []float32, where string, minRecall float64) error {
	ix := build(t, s.vecs, s.dims)
	hit, want := 0, 0
	for q := range slices.Chunk(asked, s.dims) {
		hits, err := ix.Search(t.Context(), q, 10, nil)
		if err != nil {
			return err
		}
		if err := judge(s, hits, 10, nil); err != nil {
			return err
		}
		truth := s.search(q, 10, nil)
		hit += found(s, q, hits, truth)
		want += len(truth)
	}
	return enough(where, hit, want, minRecall)
}
