package blend

import (
	"cmp"
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"marquee/recommender/model"
)

// A person has the candidates of one example, with what the parts say of them.
type person struct {
	rows     []uint32  // candidate -> movie
	rare     []float32 // candidate -> rarity
	features []float32 // [candidates x parts]; NaN where a part knows nothing
	wanted   []bool    // candidate -> in the truth
	truth    int       // movies of the truth, those included that are no candidates
}

// A fit is what weights are learned from.
type fit struct {
	parts  int
	movies int
	people []person
}

// draw returns the people with a truth, at most c.People of them.
func draw(examples []model.Example, c Config) []model.Example {
	var out []model.Example
	for _, x := range examples {
		if len(x.Truth) > 0 {
			out = append(out, x)
		}
	}
	if len(out) > c.People {
		rng := rand.New(rand.NewPCG(c.Seed, 1))
		rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		out = out[:c.People]
	}
	return out
}

// gather asks the parts about every person. Candidates are the best c.Candidates
// of each part.
func gather(ctx context.Context, parts []model.Model, people []model.Example, rare []float32, c Config, progress model.Progress) (*fit, error) {
	f := &fit{parts: len(parts), movies: len(rare), people: make([]person, len(people))}
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for worker := range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			board := make([]float32, len(parts)*parts[0].Len())
			for {
				i := int(next.Add(1)) - 1
				if i >= len(people) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				f.people[i] = candidates(parts, people[i], rare, c, board)
				if worker == 0 {
					progress("blend", min(i+1, len(people)), len(people))
				}
			}
		})
	}
	return f, g.Wait()
}

func candidates(parts []model.Model, x model.Example, rare []float32, c Config, board []float32) person {
	rows := parts[0].Len()
	taken := make(map[uint32]bool)
	for _, s := range x.Query.Seen {
		taken[s.Movie] = true
	}
	var picked []uint32
	for i, p := range parts {
		part := board[i*rows : (i+1)*rows]
		if p.Score(x.Query, part) == model.None || !Normalize(part, rows, x.Query.Seen) {
			for row := range part {
				part[row] = nan
			}
			continue
		}
		for _, row := range best(part, x.Query.Seen, c.Candidates) {
			if !taken[row] {
				taken[row] = true
				picked = append(picked, row)
			}
		}
	}
	slices.Sort(picked)
	truth := make(map[uint32]bool, len(x.Truth))
	for _, s := range x.Truth {
		truth[s.Movie] = true
	}
	out := person{rows: picked, truth: len(x.Truth), wanted: make([]bool, len(picked)), features: make([]float32, 0, len(picked)*len(parts))}
	for i, row := range picked {
		out.wanted[i] = truth[row]
		out.rare = append(out.rare, rare[row])
		for p := range parts {
			out.features = append(out.features, board[p*rows+int(row)])
		}
	}
	return out
}

// best returns the n rows of the highest scores that were not seen, in any order
// but always the same.
func best(scores []float32, seen []model.Seen, n int) []uint32 {
	skip := make(map[uint32]bool, len(seen))
	for _, s := range seen {
		skip[s.Movie] = true
	}
	rows := make([]uint32, 0, len(scores))
	for row, v := range scores {
		if v == v && !skip[uint32(row)] {
			rows = append(rows, uint32(row))
		}
	}
	if len(rows) <= n {
		return rows
	}
	slices.SortFunc(rows, func(a, b uint32) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return rows[:n]
}
