package eval_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// byUser lists something else for each person.
func byUser(name string, lists map[catalog.UserID][]uint32) eval.Model {
	return eval.Model{Name: name, List: func(_ context.Context, u catalog.UserID, _ []eval.Seen, _ int) ([]uint32, error) {
		return lists[u], nil
	}}
}

func TestComparisonWorkedByHand(t *testing.T) {
	// Everyone's truth is movie 0. The model finds it for a, b and c; the
	// baseline for c and d.
	rows := slices.Concat(history("a", 0, 1), history("b", 0, 1), history("c", 0, 1), history("d", 0, 1))
	s := eval.LeaveLastOut(mustCollect(t, rows, 4))
	hit, miss := []uint32{0, 2, 3}, []uint32{2, 3}
	cfg := config()
	cfg.Baseline, cfg.Resamples = "old", 2000
	r := mustRun(t, s, cfg,
		byUser("new", map[catalog.UserID][]uint32{"a": hit, "b": hit, "c": hit, "d": miss}),
		byUser("old", map[catalog.UserID][]uint32{"a": miss, "b": miss, "c": hit, "d": hit}))
	if len(r.Comparisons) != 1 || r.Comparisons[0].Model != "new" || r.Comparisons[0].Baseline != "old" {
		t.Fatalf("comparisons are %+v, want new against old", r.Comparisons)
	}
	d := r.Comparisons[0].Metrics["recall@20"]
	if d.Value != 0.25 || d.Helped != 0.5 || d.Hurt != 0.25 {
		t.Errorf("difference is %+v, want 0.25, half helped, a quarter hurt", d)
	}
	// Differences 1, 1, 0, -1: of the 8 ways to sign three of them, only 3 and
	// -3 are further out than 1, and all are at least as far. So p is 1.
	if d.P != 1 || d.PHolm != 1 {
		t.Errorf("p is %v, corrected %v; want 1", d.P, d.PHolm)
	}
	if !(d.Low <= -0.25 && d.High >= 0.5) {
		t.Errorf("interval is %v to %v, want it wide around 0.25", d.Low, d.High)
	}
}

// All of 10 people are helped, so only 2 of 1024 ways to draw the signs are as
// far out.
func TestRandomisationTest(t *testing.T) {
	var rows []catalog.UserSeen
	for _, u := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		rows = append(rows, history(u, 0, 1)...)
	}
	s := eval.LeaveLastOut(mustCollect(t, rows, 4))
	cfg := config()
	cfg.Baseline, cfg.Resamples = "old", 5000
	r := mustRun(t, s, cfg, fixed("old", 2, 3), fixed("new", 0, 2, 3), fixed("same", 3, 2))
	d := r.Comparisons[0].Metrics["ndcg@20"]
	if want := 2. / 1024; math.Abs(d.P-want) > 0.001 {
		t.Errorf("p is %v, want about %v", d.P, want)
	}
	if want := 2 * d.P; !near(d.PHolm, want) {
		t.Errorf("p for two comparisons is %v, want %v", d.PHolm, want)
	}
	if d.Value != 1 || d.Low != 1 || d.High != 1 || d.Helped != 1 {
		t.Errorf("difference is %+v, want 1 with everyone helped", d)
	}
	same := r.Comparisons[1].Metrics["ndcg@20"]
	if same.P != 1 || same.PHolm != 1 || same.Value != 0 || same.Low != 0 || same.High != 0 || same.Helped+same.Hurt != 0 {
		t.Errorf("difference of equals is %+v, want nothing, p 1", same)
	}
}

// Holm: of three p-values the least is taken three times, the next twice, the
// last once, and none may fall below one before it.
func TestComparisonsAreCorrectedForTheirNumber(t *testing.T) {
	var rows []catalog.UserSeen
	lists := make([]map[catalog.UserID][]uint32, 3)
	for m := range lists {
		lists[m] = make(map[catalog.UserID][]uint32)
	}
	for i, u := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		rows = append(rows, history(u, 0, 1)...)
		for m, hits := range []int{4, 10, 5} {
			if i < hits {
				lists[m][catalog.UserID(u)] = []uint32{0}
			}
		}
	}
	s := eval.LeaveLastOut(mustCollect(t, rows, 4))
	cfg := config()
	cfg.Baseline, cfg.Resamples = "none", 1000
	r := mustRun(t, s, cfg, fixed("none"), byUser("four", lists[0]), byUser("ten", lists[1]), byUser("five", lists[2]))
	p := make([]eval.Difference, 3)
	for i := range p {
		p[i] = r.Comparisons[i].Metrics["recall@10"]
	}
	four, ten, five := p[0], p[1], p[2] // about 2/16, 2/1024 and 2/32
	if !(ten.P < five.P && five.P < four.P) {
		t.Fatalf("p are %v, %v and %v for 4, 10 and 5 of 10 helped; want them to fall", four.P, ten.P, five.P)
	}
	if want := 3 * ten.P; !near(ten.PHolm, want) {
		t.Errorf("least p is corrected to %v, want %v", ten.PHolm, want)
	}
	if want := 2 * five.P; !near(five.PHolm, want) {
		t.Errorf("middle p is corrected to %v, want %v", five.PHolm, want)
	}
	if want := max(four.P, 2*five.P); !near(four.PHolm, want) {
		t.Errorf("largest p is corrected to %v, want %v", four.PHolm, want)
	}
}

// The second correction is for all metrics at once: here two models by 6 measures
// at 2 cutoffs, and by novelty and popularity lift at each.
func TestComparisonsAreCorrectedForTheirMetrics(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(44, 60, 60), 60), 0.2)
	cfg := config()
	cfg.Baseline = "random"
	r := mustRun(t, s, cfg, models(s)...)
	least, tests := 1.0, 0
	for _, c := range r.Comparisons {
		for name, d := range c.Metrics {
			if math.IsNaN(d.P) {
				continue
			}
			tests++
			least = min(least, d.P)
			if !(d.P <= d.PHolm && d.PHolm <= d.PAll && d.PAll <= 1) {
				t.Errorf("%s of %s: p is %v, corrected for models %v, for all %v; want them to rise", name, c.Model, d.P, d.PHolm, d.PAll)
			}
		}
	}
	if tests != 2*2*8 {
		t.Errorf("%d differences were tested, want 32", tests)
	}
	for _, c := range r.Comparisons {
		for name, d := range c.Metrics {
			if d.P == least && !near(d.PAll, 32*least) {
				t.Errorf("%s of %s: the least p, %v, is corrected to %v, want 32 times as much", name, c.Model, least, d.PAll)
			}
		}
	}
}

// Two noisy models of the same quality are told apart in about 5% of worlds.
func TestComparisonOfEqualsIsQuiet(t *testing.T) {
	found := 0
	const worlds = 60
	for w := range uint64(worlds) {
		s := eval.LeaveOneOut(mustCollect(t, smallWorld(w, 60, 60), 60), w)
		a, b := eval.Random(s.Train, 2*w), eval.Random(s.Train, 2*w+1)
		a.Name, b.Name = "a", "b"
		cfg := config()
		cfg.Baseline = "b"
		if mustRun(t, s, cfg, a, b).Comparisons[0].Metrics["ndcg@20"].P < 0.05 {
			found++
		}
	}
	if found > 9 { // 3 expected, standard deviation 1.7
		t.Errorf("equals were told apart in %d of %d worlds, want about 3", found, worlds)
	}
}
