package eval_test

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/eval"
	"pgregory.net/rapid"
)

// Against all ways to take n of the lists.
func TestRarefiedCoverageIsTheMeanOfAllParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const movies = 6
		lists := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.IntRange(0, movies-1), 0, 4, rapid.ID), 1, 8).Draw(t, "lists")
		n := rapid.IntRange(0, len(lists)).Draw(t, "n")
		shown := make([]int, movies)
		for _, list := range lists {
			for _, row := range list {
				shown[row]++
			}
		}
		var sum float64
		ways := 0
		for set := range uint(1) << len(lists) {
			if bits.OnesCount(set) != n {
				continue
			}
			part := make([]int, movies)
			for i, list := range lists {
				for _, row := range list {
					part[row] += int(set >> i & 1)
				}
			}
			sum += eval.Coverage(part, 10)
			ways++
		}
		if got, want := eval.RarefiedCoverage(shown, 10, len(lists), n), sum/float64(ways); !near(got, want) {
			t.Fatalf("coverage to expect of %d of %v is %v, want %v", n, lists, got, want)
		}
		if got := eval.RarefiedCoverage(shown, 10, len(lists), len(lists)); !near(got, eval.Coverage(shown, 10)) {
			t.Fatalf("of all lists it is %v, want the coverage", got)
		}
	})
	for _, n := range []int{-1, 4} {
		if got := eval.RarefiedCoverage([]int{1}, 1, 3, n); !math.IsNaN(got) {
			t.Errorf("of %d of 3 lists it is %v, want NaN", n, got)
		}
	}
	if got := eval.RarefiedCoverage([]int{100_000, 50_000, 1}, 3, 100_000, 50_000); !near(got, 2.5/3) {
		t.Errorf("of half of 100,000 lists it is %v, want 2.5 of 3", got)
	}
}

// In 95 of 100 worlds the interval should hold what that many lists of other
// people cover. People fall into tastes, so their lists are far from independent
// draws of movies. With 100 worlds the share has a standard deviation of 2.2
// points; subsampling errs to the wide side.
func TestRarefiedIntervalsHold(t *testing.T) {
	const people, movies, n, worlds = 60, 322, 10, 100
	list := func(r *rand.Rand) []uint32 {
		taste := int(8 * r.Float64() * r.Float64())
		out := []uint32{}
		for _, i := range r.Perm(40)[:n] {
			out = append(out, uint32(2+taste*40+i))
		}
		return out
	}
	var rows []catalog.UserSeen
	for u := range people {
		rows = append(rows, history(fmt.Sprintf("u%02d", u), 1, 0)...)
	}
	s := eval.LeaveLastOut(mustCollect(t, rows, movies))
	for _, to := range []int{30, 15} {
		// The truth: the mean coverage of that many lists over many worlds.
		truth, r := 0.0, rand.New(rand.NewPCG(1, 99))
		for range 500 {
			shown := make([]int, movies)
			for range to {
				for _, row := range list(r) {
					shown[row]++
				}
			}
			truth += eval.Coverage(shown, movies) / 500
		}
		held := 0
		for w := range uint64(worlds) {
			r := rand.New(rand.NewPCG(w, 5))
			lists := make(map[catalog.UserID][]uint32)
			for _, u := range s.Train.Users {
				lists[u.User] = list(r)
			}
			cfg := config()
			cfg.N, cfg.Cutoffs, cfg.RarefyTo, cfg.MinSlice, cfg.Resamples = n, []int{n}, to, 0, 200
			report := mustRun(t, s, cfg, byUser("mine", lists))
			if e, _ := report.Metric("mine", "rarefied_coverage@10"); e.Low <= truth && truth <= e.High {
				held++
			}
			if report.RarefiedTo != to {
				t.Fatalf("report says %d lists, want %d", report.RarefiedTo, to)
			}
		}
		if share := float64(held) / worlds; share < 0.88 {
			t.Errorf("%d of %d lists: %.3f of intervals hold the coverage to expect, want about 0.95", to, people, share)
		}
	}
}

// Two models on the same draws of people: the same lists differ by nothing, and
// the interval of a difference is narrower than those of its sides suggest.
func TestDifferencesOfCoverageArePaired(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(21, 80, 120), 120), 0.2)
	cfg := config()
	cfg.Baseline = "random"
	r, again := eval.Random(s.Train, 1), eval.Random(s.Train, 1)
	again.Name = "again"
	report := mustRun(t, s, cfg, r, again, eval.Popularity(s.Train))
	for _, name := range []string{"rarefied_coverage@20", "rarefied_gini@10", "rarefied_entropy@20"} {
		d := report.Comparisons[0].Metrics[name]
		if d.Value != 0 || d.Low != 0 || d.High != 0 || !math.IsNaN(d.P) || !math.IsNaN(d.Helped) {
			t.Errorf("%s of equals differs by %+v, want 0 without p", name, d)
		}
	}
	d := report.Comparisons[1].Metrics["rarefied_coverage@20"]
	want := value(t, report, "popularity", "rarefied_coverage@20") - value(t, report, "random", "rarefied_coverage@20")
	if !near(d.Value, want) || !(d.High < 0) {
		t.Errorf("difference of coverage is %+v, want %v and surely below 0", d, want)
	}
}

func TestRarefyRefusesMoreThanThereAre(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(21, 10, 60), 60), 0.2)
	cfg := config()
	cfg.RarefyTo = 10
	if _, err := eval.Run(t.Context(), s, models(s), cfg); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "of 10") {
		t.Errorf("error is %v, want ErrInvalid with the number there are", err)
	}
}
