package eval_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
)

func sampledOf(t testing.TB, d *eval.Data, negatives int) *eval.Split {
	t.Helper()
	s, err := eval.SampledLastOut(d, negatives, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func coldOf(t testing.TB, d *eval.Data, share float64, watchers int) *eval.Split {
	t.Helper()
	s, err := eval.ColdMovies(d, share, watchers, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Only candidates are ranked, wherever the model puts the others.
func TestCandidatesAloneCompete(t *testing.T) {
	// Train is 0 and 1 for a, 2 for b; truth is 3 for both.
	s := eval.LeaveLastOut(mustCollect(t, append(history("a", 3, 0, 1), history("b", 3, 2)...), 9))
	s.Candidates = [][]uint32{{1, 3, 5}, {3, 5, 6}}
	cfg := config()
	cfg.N, cfg.Cutoffs = 2, []int{1, 2}
	asked := 0
	cfg.Workers = 1
	all := eval.Model{Name: "all", Explain: func(_ context.Context, _ catalog.UserID, _ []eval.Seen, n int) (eval.Listing, error) {
		asked = n
		return eval.Listing{Rows: []uint32{8, 7, 5, 4, 3, 6}, Sources: []string{"x", "x", "als", "x", "popular", "x"}}, nil
	}}
	choosing := fixed("choosing")
	choosing.Choose = func(_ context.Context, u catalog.UserID, _ []eval.Seen, candidates []uint32, n int) (eval.Listing, error) {
		if want := map[catalog.UserID][]uint32{"a": {1, 3, 5}, "b": {3, 5, 6}}[u]; !slices.Equal(candidates, want) || n != 2 {
			t.Errorf("asked for %d of %v, want 2 of %v", n, candidates, want)
		}
		return eval.Listing{Rows: []uint32{3, 8}, Personal: true}, nil
	}
	r := mustRun(t, s, cfg, all, choosing)
	if asked != 9 {
		t.Errorf("asked for %d movies, want all 9", asked)
	}
	for metric, want := range map[string]float64{"hit_rate@1": 0, "hit_rate@2": 1, "mrr@2": 0.5, "coverage@2": 2. / 4, "global_coverage@2": 2. / 9, "gini@2": 0.5} {
		if got := value(t, r, "all", metric); !near(got, want) {
			t.Errorf("%s is %v, want %v", metric, got, want)
		}
	}
	if got := r.Models[0].Sources; len(got) != 2 || got["als"].Value != 0.5 {
		t.Errorf("sources are %v, want half als", got)
	}
	if f := r.Models[0].Faults; f != (eval.Faults{}) {
		t.Errorf("faults are %+v, want none: two of a's three candidates can be listed", f)
	}
	if f := r.Models[1].Faults; f != (eval.Faults{Outside: 2, Short: 2}) {
		t.Errorf("faults are %+v, want two places outside", f)
	}
	if got := value(t, r, "choosing", "hit_rate@1"); got != 1 {
		t.Errorf("hit rate of the chooser is %v, want 1", got)
	}
	if r.Split.Competing != 4 {
		t.Errorf("%d movies compete, want 1, 3, 5 and 6", r.Split.Competing)
	}
}

func TestCandidatesRefused(t *testing.T) {
	s := eval.LeaveLastOut(mustCollect(t, history("a", 3, 0, 1), 9))
	for name, c := range map[string][][]uint32{
		"of nobody": {}, "out of range": {{3, 9}}, "twice": {{3, 3}}, "descending": {{5, 3}}, "without the truth": {{4, 5}},
	} {
		s.Candidates = c
		if _, err := eval.Run(t.Context(), s, []eval.Model{fixed("x", 1)}, config()); !errors.Is(err, eval.ErrSplit) {
			t.Errorf("candidates %s: error is %v, want ErrSplit", name, err)
		}
	}
}

func TestSampledLastOut(t *testing.T) {
	rows := smallWorld(13, 40, 200)
	d := mustCollect(t, rows, 200)
	s := sampledOf(t, d, 99)
	for i, candidates := range s.Candidates {
		want := 99 + len(s.Truth[i])
		if len(candidates) != want || !slices.IsSorted(candidates) {
			t.Fatalf("user %d has %d candidates, want %d ascending", i, len(candidates), want)
		}
		for _, x := range s.Train.Users[i].Seen {
			if slices.Contains(candidates, x.Movie) {
				t.Fatalf("user %d watched candidate %d", i, x.Movie)
			}
		}
		for _, x := range s.Truth[i] {
			if !slices.Contains(candidates, x.Movie) {
				t.Fatalf("truth of user %d does not compete", i)
			}
		}
	}
	if last := eval.LeaveLastOut(d); !reflect.DeepEqual(last.Truth, s.Truth) {
		t.Error("truth is not the newest movie of each")
	}
	r := mustRun(t, s, config(), eval.Random(s.Train, 1), oracle(s))
	if got := value(t, r, "oracle", "ndcg@10"); got != 1 {
		t.Errorf("ndcg of the truth is %v, want 1", got)
	}
	if got := value(t, r, "random", "hit_rate@10"); got > 0.3 { // 0.1 expected of 36 people, standard deviation 0.05
		t.Errorf("hit rate of random lists is %v, want about 10 of 100", got)
	}
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "with papers") }) {
		t.Errorf("warnings are %q, want one that the ranking is sampled", r.Warnings)
	}
	if few := sampledOf(t, mustCollect(t, history("a", 0, 1, 2), 5), 99); !slices.Equal(few.Candidates[0], []uint32{0, 3, 4}) {
		t.Errorf("candidates of a small catalog are %v, want all that is left", few.Candidates[0])
	}
	if _, err := eval.SampledLastOut(d, 0, 1); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("no negatives: error is %v, want ErrInvalid", err)
	}
}

func TestColdMovies(t *testing.T) {
	d := mustCollect(t, smallWorld(14, 60, 50), 50)
	watchers := d.Watchers()
	s := coldOf(t, d, 0.3, 5)
	eligible := 0
	for _, n := range watchers {
		if n >= 5 {
			eligible++
		}
	}
	held := s.Candidates[0]
	if want := int(0.3 * float64(eligible)); len(held) != want || want < 2 {
		t.Fatalf("%d movies are held out, want %d of %d", len(held), want, eligible)
	}
	truth := 0
	for row, n := range s.Train.Watchers() {
		cold := slices.Contains(held, uint32(row))
		if cold && (n != 0 || watchers[row] < 5) || !cold && n != watchers[row] {
			t.Errorf("movie %d, held out: %t, has %d of %d watchers in train", row, cold, n, watchers[row])
		}
		if cold {
			truth += watchers[row]
		}
	}
	r := mustRun(t, s, config(), oracle(s), eval.Popularity(s.Train))
	if r.Split.ColdMovies != len(held) || r.Split.Competing != len(held) || r.Split.TestInteractions != truth {
		t.Errorf("split is %+v, want %d cold movies and %d of truth", r.Split, len(held), truth)
	}
	if got := value(t, r, "oracle", "ndcg@20"); !near(got, 1) {
		t.Errorf("ndcg of the truth is %v, want 1", got)
	}
	inner := s.Inner()
	if !inner.IsInner() || slices.ContainsFunc(inner.Candidates[0], func(row uint32) bool { return slices.Contains(held, row) }) {
		t.Errorf("inner split holds out %v, want none of %v", inner.Candidates[0], held)
	}
	if len(inner.Candidates[0]) == 0 {
		t.Error("inner split holds out nothing")
	}
	for name, f := range map[string]func() error{
		"share":    func() error { _, err := eval.ColdMovies(d, 1, 5, 1); return err },
		"watchers": func() error { _, err := eval.ColdMovies(d, 0.1, 0, 1); return err },
	} {
		if err := f(); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: error is %v, want ErrInvalid", name, err)
		}
	}
	if _, err := eval.ColdMovies(d, 0.1, 1000, 1); !errors.Is(err, eval.ErrSplit) {
		t.Errorf("no such movie: error is %v, want ErrSplit", err)
	}
}

func TestGlobalTimeIsHalfOpen(t *testing.T) {
	// history puts a movie a minute before the one before it.
	d := mustCollect(t, append(history("a", 0, 1, 2), history("b", 3)...), 6)
	s, err := eval.GlobalTime(d, day0.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rowsOf(s.Truth[0]), []uint32{0, 1}; !slices.Equal(got, want) {
		t.Errorf("truth of a is %v, want %v: what happened at t is in it", got, want)
	}
	if len(s.Train.Users[1].Seen) != 0 || len(s.Truth[1]) != 1 {
		t.Errorf("b, who came later, has %+v to train", s.Train.Users[1].Seen)
	}
	later, err := eval.GlobalTime(d, day0.Add(-time.Minute+time.Nanosecond))
	if err != nil || !slices.Equal(rowsOf(later.Truth[0]), []uint32{0}) {
		t.Errorf("truth of a a nanosecond later is %v, %v; want movie 0", later.Truth[0], err)
	}
	r := mustRun(t, s, config(), eval.Popularity(s.Train))
	if r.Split.ColdUsers != 1 || r.Split.ColdMovies != 3 || r.Split.Scored != 2 {
		t.Errorf("split is %+v, want one person and three movies in the test alone", r.Split)
	}
	if want := "1 user with test events had no training events"; !slices.Contains(r.Warnings, want) {
		t.Errorf("warnings are %q, want %q", r.Warnings, want)
	}
	if got := mustRun(t, s.Inner(), config(), eval.Popularity(s.Train)).Split; got.ColdUsers != 1 || got.WithoutTruth != 1 {
		t.Errorf("inner split is %+v; want a cold and b, of whom nothing is left, without truth", got)
	}
	for _, at := range []time.Time{day0.Add(time.Second), day0.Add(-time.Hour)} {
		if _, err := eval.GlobalTime(d, at); !errors.Is(err, eval.ErrSplit) {
			t.Errorf("at %v: error is %v, want ErrSplit", at, err)
		}
	}
}

func TestGlobalTimeShare(t *testing.T) {
	d := mustCollect(t, smallWorld(15, 60, 80), 80)
	for _, share := range []float64{0.1, 0.2, 0.5} {
		s, err := eval.GlobalTimeShare(d, share)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		var oldest, newest int64 = 1 << 62, 0
		for i, truth := range s.Truth {
			n += len(truth)
			for _, x := range truth {
				oldest = min(oldest, x.At)
			}
			for _, x := range s.Train.Users[i].Seen {
				newest = max(newest, x.At)
			}
		}
		got := float64(n) / float64(d.Interactions())
		if got < share-0.01 || got > share+0.07 || newest >= oldest { // there are 20 times, so ties of 5%
			t.Errorf("%v of all is held out, want %v and a little; newest of train %d, oldest of truth %d", got, share, newest, oldest)
		}
		inner := s.Inner()
		if rest := float64(inner.Train.Interactions()) / float64(s.Train.Interactions()); rest > 1-share+0.01 || rest < 0.2 {
			t.Errorf("inner split leaves %v of the training part, want about %v", rest, 1-share)
		}
	}
	for _, share := range []float64{0, 1} {
		if _, err := eval.GlobalTimeShare(d, share); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("share %v: error is %v, want ErrInvalid", share, err)
		}
	}
	if _, err := eval.GlobalTimeShare(mustCollect(t, nil, 3), 0.2); !errors.Is(err, eval.ErrSplit) {
		t.Errorf("no data: error is %v, want ErrSplit", err)
	}
}
