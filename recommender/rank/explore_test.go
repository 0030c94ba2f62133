package rank_test

import (
	"math"
	"slices"
	"testing"

	"marquee/recommender/rank"
)

// newcomers returns how many movies of a list of n are there by a draw alone: of e places
// that are drawn from ten times as many candidates, or what there is, those of candidates
// behind the first n.
func newcomers(share float64, n, pool int) float64 {
	of := func(e float64) float64 {
		from := min(10*e, float64(pool-n)+e)
		if e == 0 {
			return 0
		}
		return e * (from - e) / from
	}
	x := share * float64(n)
	least := math.Floor(x)
	return (1-(x-least))*of(least) + (x-least)*of(least+1)
}

// The share of 100,000 draws that hold a movie is its propensity, for each movie and for
// shares that make whole and broken numbers of places; what does not stay stands anywhere
// in the list alike.
func TestPropensitiesAreExact(t *testing.T) {
	const draws = 100_000
	snap := random(5, 300).snapshot(t, rank.DefaultConfig(), 5)
	var rows []uint32
	for i := range uint32(300) {
		rows = append(rows, i)
	}
	for _, c := range []struct {
		share   float64
		n, pool int
	}{{0.12, 20, 300}, {0.02, 10, 300}, {0.3, 10, 14}, {0.25, 10, 11}, {0.5, 1, 300}} {
		items := pool(0.001, rows[:c.pool]...)
		k := rank.Knobs{Explore: c.share}
		held, told := make([]int, c.pool), make([]float32, c.pool)
		first, explored, named := 0, 0, 0
		for seed := range uint64(draws) {
			list := snap.Place(items, rank.Request{Knobs: &k, Now: now, Seed: seed}, c.n)
			if len(list.Items) != c.n {
				t.Fatalf("%+v: %d movies", c, len(list.Items))
			}
			for at, item := range list.Items {
				held[item.Row]++
				if was := told[item.Row]; was != 0 && was != item.Propensity {
					t.Fatalf("%+v: movie %d has propensities %v and %v", c, item.Row, was, item.Propensity)
				}
				told[item.Row] = item.Propensity
				if slices.Contains(list.SourceNames(item), "explore") {
					explored++
					if at == 0 {
						first++
					}
				}
			}
			if slices.Contains(list.Sources, "explore") {
				named++
			}
		}
		marked := newcomers(c.share, c.n, c.pool)
		if want := marked * draws; math.Abs(float64(explored)-want) > 5*math.Sqrt(want) {
			t.Errorf("%+v: %d movies came by a draw alone, want about %.0f", c, explored, want)
		}
		if want := marked / float64(c.n) * draws; math.Abs(float64(first)-want) > 5*math.Sqrt(want) {
			t.Errorf("%+v: one stood first %d times, want about %.0f", c, first, want)
		}
		for row := range held {
			p := float64(told[row])
			if p == 0 && held[row] == 0 {
				continue
			}
			// Five standard deviations, and a count for what a float32 rounds.
			if got, want := float64(held[row]), p*draws; math.Abs(got-want) > 5*math.Sqrt(want*(1-p))+1 {
				t.Errorf("%+v: movie %d is in %.0f lists, its propensity %v says %.0f", c, row, got, p, want)
			}
		}
	}
}

// Equal seeds draw alike; and a list that explores holds what the plain one begins with,
// in its order.
func TestExploreBySeed(t *testing.T) {
	w := varied(6, 300)
	snap := w.twoArms(t, rank.DefaultConfig())
	k := rank.DefaultKnobs()
	k.Explore = 0.2
	plain := rank.Knobs{Neighbours: k.Neighbours, Suggested: k.Suggested, Popular: k.Popular, Fresh: k.Fresh, Disliked: k.Disliked, Dismissed: k.Dismissed, Behaviours: k.Behaviours,
		Diversity: k.Diversity, PerCollection: k.PerCollection, Popularity: k.Popularity, Cost: k.Cost, Rotate: k.Rotate}
	for _, arm := range []string{"m", rank.ArmFeatures} {
		r := rank.Request{Taste: taste(1, 2, 3), N: 20, Now: now, Arm: arm, Knobs: &plain}
		best := rowsOf(snap.Recommend(r))
		r.Knobs = &k
		differ := 0
		for seed := range uint64(50) {
			r.Seed = seed
			list := snap.Recommend(r)
			if again := snap.Recommend(r); !slices.Equal(rowsOf(list), rowsOf(again)) {
				t.Fatalf("arm %s: seed %d draws %v, then %v", arm, seed, rowsOf(list), rowsOf(again))
			}
			var kept []uint32
			for _, item := range list.Items {
				if item.Propensity == 1 {
					kept = append(kept, item.Row)
				}
			}
			if !slices.Equal(kept, best[:16]) {
				t.Fatalf("arm %s: %v stay, want %v", arm, kept, best[:16])
			}
			if !slices.Equal(rowsOf(list), best) {
				differ++
			}
		}
		if differ < 45 {
			t.Errorf("arm %s: %d of 50 seeds draw another list, want nearly all", arm, differ)
		}
	}
}

// Whoever gets all that there is gets it without a draw.
func TestNothingToExplore(t *testing.T) {
	snap := line(10).snapshot(t, rank.DefaultConfig(), 3)
	k := rank.Knobs{Explore: 0.5}
	for n := 5; n < 8; n++ {
		list := snap.Place(pool(0.1, 0, 1, 2, 3, 4), rank.Request{Knobs: &k, Now: now, Seed: 1}, n)
		if len(list.Items) != 5 || len(list.Sources) != 1 || slices.ContainsFunc(list.Items, func(i rank.Item) bool { return i.Propensity != 1 }) {
			t.Errorf("%d of 5: %+v", n, list)
		}
	}
}
