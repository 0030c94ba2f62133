package eval_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/recommender/eval"
)

func TestListFiguresWorkedByHand(t *testing.T) {
	watchers := []int{8, 4, 1, 0}
	// Of 8 people 8, 4, 1 and (for 0) 1 watched: 0, 1, 3 and 3 bits.
	for _, c := range []struct {
		list []uint32
		want float64
	}{{[]uint32{0}, 0}, {[]uint32{0, 1}, 0.5}, {[]uint32{1, 2, 3}, 7. / 3}, {nil, math.NaN()}} {
		if got := eval.Novelty(c.list, watchers, 8); !near(got, c.want) {
			t.Errorf("novelty of %v is %v bits, want %v", c.list, got, c.want)
		}
	}
	similarity := func(a, b uint32) float64 {
		switch {
		case a == 3 || b == 3:
			return math.NaN()
		case a+b == 1:
			return 0.5
		}
		return -0.25
	}
	for _, c := range []struct {
		list []uint32
		want float64
	}{
		{[]uint32{0, 1}, 0.5},
		{[]uint32{0, 1, 2}, 1 - (0.5-0.25-0.25)/3},
		{[]uint32{0, 1, 3}, 0.5}, // nothing is known of 3
		{[]uint32{0, 3}, math.NaN()},
		{[]uint32{0}, math.NaN()},
	} {
		if got := eval.Diversity(c.list, similarity); !near(got, c.want) {
			t.Errorf("diversity of %v is %v, want %v", c.list, got, c.want)
		}
	}
	seen := []eval.Seen{{Movie: 1}, {Movie: 3}} // 2 watchers on average
	for _, c := range []struct {
		list    []uint32
		history []eval.Seen
		want    float64
	}{
		{[]uint32{0}, seen, 4}, {[]uint32{0, 2}, seen, 2.25}, {[]uint32{3}, seen, 0},
		{nil, seen, math.NaN()}, {[]uint32{0}, nil, math.NaN()}, {[]uint32{0}, seen[1:], math.NaN()},
	} {
		if got := eval.PopularityLift(c.list, c.history, watchers); !near(got, c.want) {
			t.Errorf("popularity lift of %v is %v, want %v", c.list, got, c.want)
		}
	}
}

func TestEntropyWorkedByHand(t *testing.T) {
	for _, c := range []struct {
		shown []int
		want  float64
	}{
		{[]int{5, 0, 0}, 0}, {[]int{2, 2, 2, 2}, 2}, {[]int{2, 1, 1, 0}, 1.5},
		{[]int{0, 0}, math.NaN()}, {nil, math.NaN()},
	} {
		if got := eval.Entropy(c.shown); !near(got, c.want) {
			t.Errorf("entropy of %v is %v bits, want %v", c.shown, got, c.want)
		}
	}
}

// explaining says of everyone's rows that they come from sources.
func explaining(name string, personal func(catalog.UserID) bool, rows []uint32, sources []string) eval.Model {
	return eval.Model{Name: name, Explain: func(_ context.Context, u catalog.UserID, _ []eval.Seen, _ int) (eval.Listing, error) {
		return eval.Listing{Rows: rows, Personal: personal(u), Sources: sources}, nil
	}}
}

func TestRunSaysHowListsWereMade(t *testing.T) {
	// The training part: a watched 1, b 1 and 2, c 3 and d 2. Everyone's newest is held out.
	rows := slices.Concat(history("a", 0, 1), history("b", 0, 1, 2), history("c", 0, 3), history("d", 0, 2))
	s := eval.LeaveLastOut(mustCollect(t, rows, 6))
	cfg := config()
	cfg.N, cfg.Cutoffs, cfg.Baseline = 3, []int{2, 3}, "plain"
	cfg.Facts.Similarity = func(a, b uint32) float64 { return float64(a+b) / 10 }
	r := mustRun(t, s, cfg,
		explaining("mine", func(u catalog.UserID) bool { return u != "c" }, []uint32{5, 1, 4}, []string{"als", "popular", "als"}),
		fixed("plain", 5, 4, 0))
	// For a and b the place of movie 1 is lost. Popularity is 2, 2, 1 for 1, 2, 3
	// and 0 else, of 4 people.
	for metric, want := range map[string]float64{
		"personalised":      0.75,
		"novelty@2":         (2 + 2 + 1.5 + 1.5) / 4,
		"novelty@3":         (2 + 2 + 5./3 + 5./3) / 4,
		"diversity@2":       0.4, // of c and d alone: 5 and 1
		"diversity@3":       (0.1 + 0.1 + 2*(1-(0.6+0.9+0.5)/3)) / 4,
		"popularity_lift@3": (0 + 0 + 2./3 + 1./3) / 4,
		"popularity_lift@2": (0 + 0 + 1 + 0.5) / 4,
		"entropy@2":         -(4*math.Log2(4./6) + 2*math.Log2(2./6)) / 6,
	} {
		if got := value(t, r, "mine", metric); !near(got, want) {
			t.Errorf("%s is %v, want %v", metric, got, want)
		}
	}
	// Of 10 places that earned something 8 are from als.
	m := r.Models[0]
	if got := m.Sources; len(got) != 2 || !near(got["als"].Value, 0.8) || !near(got["popular"].Value, 0.2) || !got["als"].Interval() {
		t.Errorf("sources are %v, want 0.8 als and 0.2 popular, with intervals", got)
	}
	if _, ok := r.Metric("plain", "personalised"); ok || r.Models[1].Sources != nil {
		t.Errorf("a model that explains nothing has %+v", r.Models[1])
	}
	d := r.Comparisons[0].Metrics["novelty@3"]
	if want := value(t, r, "mine", "novelty@3") - value(t, r, "plain", "novelty@3"); !near(d.Value, want) || !d.Interval() || math.IsNaN(d.PHolm) {
		t.Errorf("difference of novelty is %+v, want %v with an interval and p", d, want)
	}
	if _, ok := r.Comparisons[0].Metrics["personalised"]; ok {
		t.Error("what one model lacks was compared")
	}
}

// Where one model has a figure for fewer people, swapping the models for a person
// changes how many a mean is over. Against all ways to swap them for ten people.
func TestFiguresOfFewerListsAreTested(t *testing.T) {
	var rows []catalog.UserSeen
	lists := make(map[catalog.UserID][]uint32)
	for i := range 10 {
		u := string(rune('a' + i))
		rows = append(rows, history(u, 19, 0)...)
		if i%2 == 0 {
			rows = append(rows, history(u, 19, 0, 1)[2:]...)
		}
		if i == 0 || i == 3 {
			rows = append(rows, history(u, 19, 0, 1, 3)[3:]...)
		}
		if i%3 != 0 {
			lists[catalog.UserID(u)] = []uint32{uint32(2 - i%2)} // five others watched 1, nobody 2
		}
	}
	s := eval.LeaveLastOut(mustCollect(t, rows, 20))
	var mine, theirs []float64 // by person, NaN without a list
	for i := range 10 {
		x := math.NaN()
		if l := lists[catalog.UserID(rune('a'+i))]; l != nil {
			x = eval.Novelty(l, s.Train.Watchers(), 10)
		}
		mine = append(mine, x)
		theirs = append(theirs, math.NaN()) // 3 was watched
		if i != 0 && i != 3 {
			theirs[i] = eval.Novelty([]uint32{3}, s.Train.Watchers(), 10)
		}
	}
	gap := func(swapped uint) float64 {
		var sums, counts [2]float64
		for i := range mine {
			for side, x := range [2]float64{mine[i], theirs[i]} {
				side ^= int(swapped >> i & 1)
				if !math.IsNaN(x) {
					sums[side] += x
					counts[side]++
				}
			}
		}
		return sums[0]/counts[0] - sums[1]/counts[1]
	}
	far := 0
	for swapped := range uint(1 << 10) {
		if math.Abs(gap(swapped)) >= math.Abs(gap(0))-1e-12 {
			far++
		}
	}
	cfg := config()
	cfg.Baseline, cfg.Resamples = "one", 2000
	r := mustRun(t, s, cfg, byUser("mine", lists), fixed("one", 3))
	d := r.Comparisons[0].Metrics["novelty@20"]
	if want := float64(far) / 1024; !near(d.Value, gap(0)) || math.Abs(d.P-want) > 0.015 {
		t.Errorf("difference is %v with p %v, want %v with %v", d.Value, d.P, gap(0), want)
	}
}

func TestRunRefusesSourcesThatDoNotFit(t *testing.T) {
	s := eval.LeaveLastOut(mustCollect(t, history("a", 0, 1), 6))
	m := explaining("mine", func(catalog.UserID) bool { return true }, []uint32{5, 4}, []string{"als"})
	for _, split := range []*eval.Split{s, sampledOf(t, mustCollect(t, history("a", 0, 1), 6), 3)} {
		if _, err := eval.Run(t.Context(), split, []eval.Model{m}, config()); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("error is %v, want ErrInvalid", err)
		}
	}
}

func TestCurveWorkedByHand(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(3, 60, 80), 80), 0.2)
	cfg := config()
	cfg.Curve = eval.CurveKs(20)
	if want := []int{1, 2, 3, 5, 7, 10, 15, 20}; !slices.Equal(cfg.Curve, want) {
		t.Fatalf("ks are %v, want %v", cfg.Curve, want)
	}
	r := mustRun(t, s, cfg, eval.Popularity(s.Train), oracle(s))
	for _, m := range r.Models {
		last := 0.0
		for i, p := range m.Curve {
			if p.K != cfg.Curve[i] || p.Recall.Value < last || !p.Recall.Interval() || !p.NDCG.Interval() {
				t.Errorf("%s: point %d is %+v, want k %d, recall from %v, intervals", m.Name, i, p, cfg.Curve[i], last)
			}
			last = p.Recall.Value
			for _, k := range cfg.Cutoffs {
				if p.K == k && (p.NDCG != m.Metrics[eval.MetricName("ndcg", k)] || p.Recall != m.Metrics[eval.MetricName("recall", k)]) {
					t.Errorf("%s: the curve at %d is %+v, not what the metrics are", m.Name, k, p)
				}
			}
		}
		if len(m.Curve) != len(cfg.Curve) {
			t.Errorf("%s: %d points, want %d", m.Name, len(m.Curve), len(cfg.Curve))
		}
	}
}

// The model lists the most popular movie to everyone and another at every other
// place, so that half of all places are the first movie's.
func TestLongTailWorkedByHand(t *testing.T) {
	var rows []catalog.UserSeen
	for _, u := range []string{"a", "b", "c", "d"} {
		rows = append(rows, history(u, 1, 0)...) // 0 stays in train
	}
	s := eval.LeaveLastOut(mustCollect(t, append(rows, history("e", 9)...), 100))
	cfg := config()
	cfg.N, cfg.Cutoffs = 2, []int{2}
	r := mustRun(t, s, cfg, byUser("mine", map[catalog.UserID][]uint32{
		"a": {9, 98}, "b": {9, 98}, "c": {9, 99}, "d": {9, 99}, "e": {0, 97},
	}))
	tail := r.Models[0].LongTail
	if first, last := tail[0], tail[len(tail)-1]; first != (eval.TailPoint{}) || last != (eval.TailPoint{Movies: 1, Places: 1}) {
		t.Errorf("curve goes from %+v to %+v, want from 0 to 1", first, last)
	}
	// Popularity: 0 (4 watchers, 1 place), 9 (1 and 4), then 98 movies with 5 places.
	for _, p := range tail {
		at := 100 * p.Movies
		var want float64
		switch {
		case at <= 1:
			want = at * 0.1
		case at <= 2:
			want = 0.1 + (at-1)*0.4
		default:
			want = 0.5 + (at-2)/98*0.5
		}
		if !near(p.Places, want) {
			t.Errorf("the first %v%% of the movies have %v of the places, want %v", at, p.Places, want)
		}
	}
	if own := r.LongTail; len(own) == 0 || own[5].Movies != 0.01 || !near(own[5].Places, 0.8) {
		t.Errorf("curve of the training part is %+v, want 0.8 at 0.01", own)
	}
}
