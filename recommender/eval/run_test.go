package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/eval"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config() eval.Config {
	c := eval.DefaultConfig()
	c.Resamples = 200
	return c
}

// full has everything switched on that can be.
func full() eval.Config {
	c := config()
	c.Curve, c.MinSlice = eval.CurveKs(20), 5
	c.Facts.User = func(u catalog.UserID) catalog.User {
		n := int(u[3] - '0')
		return catalog.User{ID: u, Age: 12 * n, Gender: []string{"", "F", "M"}[n%3], Occupation: []string{"artist", "farmer"}[n%2]}
	}
	c.Facts.Similarity = func(a, b uint32) float64 { return math.Cos(float64(a) - float64(b)) }
	c.Facts.Genres = make([][]string, 150)
	for i := range c.Facts.Genres {
		c.Facts.Genres[i] = [][]string{{"drama"}, {"comedy", "drama"}, nil}[i%3]
	}
	return c
}

// fixed lists the same rows for everyone.
func fixed(name string, rows ...uint32) eval.Model {
	return eval.Model{Name: name, List: func(context.Context, catalog.UserID, []eval.Seen, int) ([]uint32, error) { return rows, nil }}
}

// oracle knows the truth; it lists it first and then whatever is unseen.
func oracle(s *eval.Split) eval.Model {
	truth := make(map[catalog.UserID][]eval.Seen)
	for i, u := range s.Train.Users {
		truth[u.User] = s.Truth[i]
	}
	return eval.Model{Name: "oracle", List: func(ctx context.Context, user catalog.UserID, train []eval.Seen, n int) ([]uint32, error) {
		list := rowsOf(truth[user])
		rest, err := eval.Popularity(s.Train).List(ctx, user, append(slices.Clone(train), truth[user]...), n)
		return slices.Concat(list, rest)[:min(n, len(list)+len(rest))], err
	}}
}

func mustRun(t *testing.T, s *eval.Split, cfg eval.Config, models ...eval.Model) *eval.Report {
	t.Helper()
	r, err := eval.Run(t.Context(), s, models, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func value(t *testing.T, r *eval.Report, model, metric string) float64 {
	t.Helper()
	e, ok := r.Metric(model, metric)
	if !ok {
		t.Fatalf("report has no %s of %s", metric, model)
	}
	return e.Value
}

func TestRunWorkedByHand(t *testing.T) {
	// a: train 0 1 2, truth 3. b: train 4 5 0, truth 1. c has one movie.
	rows := slices.Concat(history("a", 3, 0, 1, 2), history("b", 1, 4, 5, 0), history("c", 2))
	s := eval.LeaveLastOut(mustCollect(t, rows, 8))
	cfg := config()
	cfg.N, cfg.Cutoffs, cfg.CatalogSize = 3, []int{1, 3}, 16
	r := mustRun(t, s, cfg, fixed("fixed", 6, 7, 3))
	for metric, want := range map[string]float64{
		"hit_rate@1": 0, "hit_rate@3": 0.5, "ndcg@3": 0.25, "recall@3": 0.5, "precision@3": 1. / 6, "mrr@3": 1. / 6, "map@3": 1. / 6,
		"coverage@1": 1. / 8, "coverage@3": 3. / 8, "global_coverage@3": 3. / 16, "gini@3": 3. * (3 + 5 + 7) / (8 * 9), // five movies never, three by all three
	} {
		if got := value(t, r, "fixed", metric); !near(got, want) {
			t.Errorf("%s is %v, want %v", metric, got, want)
		}
	}
	if s := r.Split; s.Users != 3 || s.Scored != 2 || s.WithoutTruth != 1 || s.TrainInteractions != 7 || s.TestInteractions != 2 {
		t.Errorf("split is %+v, want 3 users, 2 scored, 7 and 2 interactions", s)
	}
	if want := "1 user had no test events and counted for coverage alone"; !slices.Contains(r.Warnings, want) {
		t.Errorf("warnings are %q, want %q among them", r.Warnings, want)
	}
}

func TestPerfectListsScoreOne(t *testing.T) {
	d := mustCollect(t, smallWorld(5, 60, 80), 80)
	s := mustLastShare(t, d, 0.2)
	r := mustRun(t, s, config(), oracle(s), eval.Popularity(s.Train), eval.Random(s.Train, 1))
	for _, metric := range []string{"ndcg@20", "hit_rate@20", "recall@20", "mrr@20", "map@20"} {
		e, _ := r.Metric("oracle", metric)
		if !near(e.Value, 1) || !near(e.Low, 1) || !near(e.High, 1) {
			t.Errorf("%s of the truth is %v, want 1", metric, e)
		}
	}
	if p, q := value(t, r, "popularity", "ndcg@20"), value(t, r, "random", "ndcg@20"); !(p > q) {
		t.Errorf("ndcg@20 of popularity is %v, of random %v; want more", p, q)
	}
	if c := value(t, r, "random", "coverage@20"); c < 0.95 {
		t.Errorf("coverage of random lists is %v, want nearly 1", c)
	}
	for _, m := range r.Models {
		if m.Faults != (eval.Faults{}) {
			t.Errorf("%s has faults %+v, want none", m.Name, m.Faults)
		}
		for name, e := range m.Metrics {
			bounded := !strings.Contains(name, "entropy") && !strings.Contains(name, "novelty") && !strings.Contains(name, "lift")
			if !(e.Value >= 0) || bounded && e.Value > 1+1e-12 || e.Interval() && !(e.Low <= e.Value && e.Value <= e.High) {
				t.Errorf("%s of %s is %+v, want it within 0 to 1 and its interval", name, m.Name, e)
			}
			measure, _, _ := strings.Cut(name, "@")
			if exact := slices.Contains([]string{"coverage", "global_coverage", "gini", "entropy"}, measure); exact == e.Interval() {
				t.Errorf("%s of %s has an interval: %t", name, m.Name, e.Interval())
			}
		}
	}
}

func TestFaultsAreCountedAndEarnNothing(t *testing.T) {
	// Train is 0 and 1, truth is 2.
	s := eval.LeaveLastOut(mustCollect(t, history("a", 2, 0, 1), 6))
	cfg := config()
	cfg.N, cfg.Cutoffs = 4, []int{4}
	for name, c := range map[string]struct {
		list     []uint32
		want     eval.Faults
		recall   float64
		coverage float64
	}{
		"good":         {[]uint32{2, 3, 4, 5}, eval.Faults{}, 1, 4. / 6},
		"watched":      {[]uint32{0, 2, 3, 4}, eval.Faults{Watched: 1, Short: 1}, 1, 3. / 6},
		"repeated":     {[]uint32{2, 2, 3, 4}, eval.Faults{Repeated: 1, Short: 1}, 1, 3. / 6},
		"unknown":      {[]uint32{6, math.MaxUint32, 2, 3}, eval.Faults{Unknown: 2, Short: 1}, 1, 2. / 6},
		"long":         {[]uint32{3, 4, 5, 3, 2}, eval.Faults{Long: 1, Repeated: 1, Short: 1}, 0, 3. / 6},
		"short":        {[]uint32{3}, eval.Faults{Short: 1}, 0, 1. / 6},
		"empty":        {nil, eval.Faults{Short: 1, Empty: 1}, 0, 0},
		"only watched": {[]uint32{0, 1}, eval.Faults{Watched: 2, Short: 1, Empty: 1}, 0, 0},
	} {
		r := mustRun(t, s, cfg, fixed(name, c.list...), fixed("after", 2, 3, 4, 5))
		if got := r.Models[0].Faults; got != c.want {
			t.Errorf("%s: faults are %+v, want %+v", name, got, c.want)
		}
		if got := value(t, r, name, "recall@4"); got != c.recall {
			t.Errorf("%s: recall is %v, want %v", name, got, c.recall)
		}
		if got := value(t, r, name, "coverage@4"); !near(got, c.coverage) {
			t.Errorf("%s: coverage is %v, want %v", name, got, c.coverage)
		}
		if p := value(t, r, name, "precision@4"); p > c.recall/4 {
			t.Errorf("%s: precision is %v, want at most one hit of 4", name, p)
		}
		warned := slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.HasPrefix(w, name+": ") })
		if warned != (c.want != eval.Faults{}) {
			t.Errorf("%s: warnings are %q", name, r.Warnings)
		}
		if got := r.Models[1].Faults; got != (eval.Faults{}) {
			t.Errorf("%s: the next model inherits faults %+v", name, got)
		}
	}
}

// A catalog with fewer unseen movies than asked for makes no list short.
func TestExhaustedCatalogIsNoFault(t *testing.T) {
	s := eval.LeaveLastOut(mustCollect(t, history("a", 2, 0, 1), 4))
	r := mustRun(t, s, config(), eval.Popularity(s.Train), eval.Random(s.Train, 1), fixed("one", 2))
	for i, short := range []int{0, 0, 1} {
		if got := r.Models[i].Faults.Short; got != short {
			t.Errorf("%s has %d short lists, want %d", r.Models[i].Name, got, short)
		}
	}
}

func TestNoTruthIsNaNAndCounted(t *testing.T) {
	s := eval.LeaveLastOut(mustCollect(t, append(history("a", 0), history("b", 1)...), 30))
	cfg := config()
	cfg.Baseline = "popularity"
	r := mustRun(t, s, cfg, eval.Popularity(s.Train), eval.Random(s.Train, 1))
	if got := value(t, r, "popularity", "ndcg@20"); !math.IsNaN(got) {
		t.Errorf("ndcg@20 without truth is %v, want NaN", got)
	}
	if got := value(t, r, "popularity", "coverage@20"); !near(got, 21./30) {
		t.Errorf("coverage is %v, want 21 of 30", got)
	}
	if r.Split.WithoutTruth != 2 || !slices.Contains(r.Warnings, "no user had test events: accuracy is unknown") {
		t.Errorf("%d users without truth, warnings %q", r.Split.WithoutTruth, r.Warnings)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`"ndcg@20":{"value":null}`)) {
		t.Errorf("JSON lacks a null ndcg@20: %s", text)
	}
	if err := r.WriteTable(&bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

func TestOneScoredUserHasNoInterval(t *testing.T) {
	s := eval.LeaveLastOut(mustCollect(t, append(history("a", 0, 1), history("b", 1)...), 3))
	r := mustRun(t, s, config(), fixed("fixed", 0, 2))
	if e, _ := r.Metric("fixed", "recall@20"); e.Value != 1 || e.Interval() {
		t.Errorf("recall is %v, want 1 without an interval", e)
	}
	if want := "one user with test events: no intervals"; !slices.Contains(r.Warnings, want) {
		t.Errorf("warnings are %q, want %q among them", r.Warnings, want)
	}
}

func TestEmptyData(t *testing.T) {
	for _, movies := range []int{0, 3} {
		s := eval.LeaveOneOut(mustCollect(t, nil, movies), 1)
		r := mustRun(t, s, config(), eval.Popularity(s.Train), eval.Random(s.Train, 1))
		if len(r.Models) != 2 || r.Split.Users != 0 {
			t.Errorf("report is %+v, want two models and no user", r)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	}
}

func models(s *eval.Split) []eval.Model {
	return []eval.Model{eval.Random(s.Train, 1), eval.Popularity(s.Train), fixed("fixed", 1, 2, 3, 4, 5)}
}

func TestReportIsTheSameAtAnyWorkers(t *testing.T) {
	d := mustCollect(t, smallWorld(6, 80, 150), 150)
	s := mustLastShare(t, d, 0.2)
	cfg := full()
	cfg.Baseline = "popularity"
	var want []byte
	judged := append(models(s), rating("three", 3), explaining("mine", func(u catalog.UserID) bool { return u > "u03" }, []uint32{9, 8, 7}, []string{"b", "a", "b"}))
	judged[1].Rate = rating("", 4).Rate
	for _, workers := range []int{1, 2, 7} {
		cfg.Workers = workers
		last := 0
		cfg.Progress = func(done, total int) {
			if done != last+1 || total != 5*80 {
				t.Errorf("progress says %d of %d after %d, want one more of 400", done, total, last)
			}
			last = done
		}
		before := runtime.GOMAXPROCS(workers)
		r := mustRun(t, s, cfg, judged...)
		runtime.GOMAXPROCS(before)
		if last != 400 {
			t.Errorf("progress ended at %d, want 400", last)
		}
		got, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d workers give another report", workers)
		}
	}
}

func TestReportDoesNotDependOnOrderOfPeople(t *testing.T) {
	rows := smallWorld(7, 50, 150)
	s := mustLastShare(t, mustCollect(t, rows, 150), 0.2)
	slices.Reverse(rows)
	q := mustLastShare(t, mustCollect(t, rows, 150), 0.2)
	a, errA := json.Marshal(mustRun(t, s, full(), models(s)...))
	b, errB := json.Marshal(mustRun(t, q, full(), models(q)...))
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Error("another order of the same rows gives other figures")
	}
}

func TestMaxUsers(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(8, 50, 60), 60), 0.2)
	cfg := config()
	cfg.MaxUsers = 10
	asked, behind := 0, 0
	cfg.Workers = 1
	counting := eval.Model{Name: "counting", List: func(_ context.Context, u catalog.UserID, _ []eval.Seen, _ int) ([]uint32, error) {
		if asked++; u >= "u025" {
			behind++
		}
		return nil, nil
	}}
	r := mustRun(t, s, cfg, counting)
	if asked != 10 || r.Split.Judged != 10 || r.Models[0].Lists != 10 {
		t.Errorf("%d lists asked for, report says %d; want 10", asked, r.Split.Judged)
	}
	if behind < 2 || behind > 8 { // 5 expected
		t.Errorf("%d of 10 are from the second half of the people, want a draw from all", behind)
	}
	if !slices.Contains(r.Warnings, "10 of 50 users judged: coverage grows with the number of lists") {
		t.Errorf("warnings are %q", r.Warnings)
	}
}

func TestJSONGoesThereAndBack(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(6, 30, 150), 150), 0.2)
	cfg := full()
	cfg.Baseline = "random"
	r := mustRun(t, s, cfg, append(models(s), rating("three", 3), explaining("mine", func(catalog.UserID) bool { return true }, []uint32{1}, []string{"als"}))...)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back eval.Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, text) {
		t.Errorf("JSON changed on the way:\n%s\n%s", text, again)
	}
	var shape struct {
		Protocol string
		Models   []struct {
			Name    string
			Metrics map[string]struct{ Value, Low, High *float64 }
		}
		Warnings []string
	}
	if err := json.Unmarshal(text, &shape); err != nil {
		t.Fatal(err)
	}
	m := shape.Models[1].Metrics["ndcg@20"]
	if shape.Protocol == "" || shape.Models[1].Name != "popularity" || m.Value == nil || m.Low == nil || m.High == nil || shape.Warnings == nil {
		t.Errorf("JSON lacks a part: %s", text)
	}
}

func TestRunRefuses(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(6, 5, 40), 40), 0.2)
	good := models(s)
	for name, edit := range map[string]func(*eval.Config, *[]eval.Model){
		"N of 0":              func(c *eval.Config, _ *[]eval.Model) { c.N = 0 },
		"cutoff above N":      func(c *eval.Config, _ *[]eval.Model) { c.Cutoffs = []int{21} },
		"cutoffs descending":  func(c *eval.Config, _ *[]eval.Model) { c.Cutoffs = []int{10, 5} },
		"no cutoffs":          func(c *eval.Config, _ *[]eval.Model) { c.Cutoffs = nil },
		"curve above N":       func(c *eval.Config, _ *[]eval.Model) { c.Curve = []int{1, 21} },
		"curve descending":    func(c *eval.Config, _ *[]eval.Model) { c.Curve = []int{2, 1} },
		"negative slices":     func(c *eval.Config, _ *[]eval.Model) { c.MinSlice = -1 },
		"negative lists":      func(c *eval.Config, _ *[]eval.Model) { c.RarefyTo = -1 },
		"no func":             func(_ *eval.Config, m *[]eval.Model) { *m = []eval.Model{{Name: "x"}} },
		"ten resamples":       func(c *eval.Config, _ *[]eval.Model) { c.Resamples = 10 },
		"no workers":          func(c *eval.Config, _ *[]eval.Model) { c.Workers = 0 },
		"small catalog":       func(c *eval.Config, _ *[]eval.Model) { c.CatalogSize = 39 },
		"fewer than no users": func(c *eval.Config, _ *[]eval.Model) { c.MaxUsers = -1 },
		"unknown baseline":    func(c *eval.Config, _ *[]eval.Model) { c.Baseline = "als" },
		"no models":           func(_ *eval.Config, m *[]eval.Model) { *m = nil },
		"name twice":          func(_ *eval.Config, m *[]eval.Model) { *m = append(*m, (*m)[0]) },
		"no name":             func(_ *eval.Config, m *[]eval.Model) { (*m)[0].Name = "" },
	} {
		cfg, ms := config(), slices.Clone(good)
		edit(&cfg, &ms)
		if _, err := eval.Run(t.Context(), s, ms, cfg); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: error is %v, want ErrInvalid", name, err)
		}
	}
}

func TestRunRefusesATruthOfOthers(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(6, 5, 40), 40), 0.2)
	s.Truth = s.Truth[1:]
	if _, err := eval.Run(t.Context(), s, models(s), config()); !errors.Is(err, eval.ErrSplit) {
		t.Errorf("error is %v, want ErrSplit", err)
	}
}

func TestRunReturnsTheErrorOfAModel(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(6, 20, 40), 40), 0.2)
	broken := errors.New("out of factors")
	bad := eval.Model{Name: "bad", List: func(_ context.Context, u catalog.UserID, _ []eval.Seen, _ int) ([]uint32, error) {
		if u == "u007" {
			return nil, broken
		}
		return nil, nil
	}}
	_, err := eval.Run(t.Context(), s, []eval.Model{bad}, config())
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), `"bad"`) || !strings.Contains(err.Error(), `"u007"`) {
		t.Errorf("error is %v, want the model's, with its name and the user", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := eval.Run(ctx, s, models(s), config()); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that of the context", err)
	}
}
