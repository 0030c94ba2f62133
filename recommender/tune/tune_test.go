package tune_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/tune"
)

type settings struct {
	Dims   int     `json:"dims"`
	Lambda float64 `json:"lambda"`
	Shift  float64 `json:"shift"`
	Name   string  `json:"name"`
}

func kind() model.Kind {
	text, err := json.Marshal(settings{Dims: 64, Lambda: 1, Shift: 0.9, Name: "a<b"})
	if err != nil {
		panic(err)
	}
	return model.Kind{Name: "toy", Defaults: text, Space: []model.Param{
		{Name: "dims", Low: 4, High: 256, Log: true, Integer: true}, {Name: "lambda", Low: 1e-3, High: 10, Log: true}, {Name: "shift", Low: -1, High: 1},
	}}
}

// A toy is best at dims 32, lambda 0.1 and shift 0, and sees that less well with
// a smaller share of the effort.
type toy struct {
	calls []string
	stop  int                // cancel after so many calls; 0 never
	end   context.CancelFunc // of the search
	fails func(settings) error
}

func (t *toy) evaluate(ctx context.Context, text json.RawMessage, r tune.Rung) (tune.Outcome, error) {
	var s settings
	if err := json.Unmarshal(text, &s); err != nil {
		return tune.Outcome{}, err
	}
	t.calls = append(t.calls, fmt.Sprintf("%s@%.3f", text, r.Share))
	if t.stop > 0 && len(t.calls) == t.stop {
		t.end()
		return tune.Outcome{}, ctx.Err()
	}
	if t.fails != nil {
		if err := t.fails(s); err != nil {
			return tune.Outcome{Seconds: 1}, err
		}
	}
	score := 1 - 0.05*math.Abs(math.Log2(float64(s.Dims)/32)) - 0.05*math.Abs(math.Log10(s.Lambda/0.1)) - 0.2*math.Abs(s.Shift)
	score += 0.05 * (1 - r.Share) * math.Sin(1e4*s.Lambda)
	people := make([]float64, 50)
	for i := range people {
		people[i] = score + 0.1*math.Sin(2*math.Pi*float64(i)/50)
	}
	return tune.Outcome{Score: score, Seconds: 1 + float64(s.Dims), People: people}, nil
}

func task(t *testing.T, y *toy) tune.Task {
	return tune.Task{Kind: kind(), Data: "v1", Metric: "ndcg@20", Folder: t.TempDir(), Evaluate: y.evaluate}
}

func search(t *testing.T, k tune.Task, c tune.Config) *tune.Result {
	t.Helper()
	r, err := tune.Search(t.Context(), k, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tell returns everything that a result says but where its journal is.
func tell(t *testing.T, r *tune.Result) string {
	t.Helper()
	out := *r
	out.Journal = ""
	text, err := json.MarshalIndent(&out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteTable(&b, 0); err != nil {
		t.Fatal(err)
	}
	return string(text) + b.String()
}

func TestSearchFindsBetterSettings(t *testing.T) {
	y := &toy{}
	var seen []tune.Progress
	c := tune.DefaultConfig()
	c.Progress = func(p tune.Progress) { seen = append(seen, p) }
	r := search(t, task(t, y), c)
	if !r.Complete || len(r.Rows) != 27 || r.Best.Candidate == 0 || r.Best.Share != 1 {
		t.Fatalf("result is %+v", r)
	}
	if !(r.Gain.Low > 0.1) || math.Abs(r.Gain.Value-(r.Best.Score.Value-r.Defaults.Score.Value)) > 1e-12 || len(r.Warnings) > 0 {
		t.Errorf("gain is %v, warnings %q", r.Gain, r.Warnings)
	}
	full := 0
	for i, row := range r.Rows {
		if row.Share == 1 {
			full++
		}
		if i > 0 && (row.Share > r.Rows[i-1].Share || row.Share == r.Rows[i-1].Share && row.Score.Value > r.Rows[i-1].Score.Value) {
			t.Errorf("row %d is out of order", i)
		}
	}
	if full != 3 || r.Defaults.Candidate != 0 || r.Defaults.Share != 1 {
		t.Errorf("%d candidates were judged in full, the defaults to %v", full, r.Defaults.Share)
	}
	if n := len(y.calls); n != 27+9+3 || len(seen) != n || seen[n-1].Done != n || seen[n-1].Total != n {
		t.Errorf("%d trials and %d times progress, the last %+v", n, len(seen), seen[len(seen)-1])
	}
	if !strings.Contains(tell(t, r), "candidate 0)") {
		t.Errorf("table is\n%s", tell(t, r))
	}
}

// Whenever a search is broken off, it ends with the same table and tries nothing
// twice that had ended.
func TestRestart(t *testing.T) {
	c := tune.DefaultConfig()
	fails := func(s settings) error {
		if s.Dims > 100 {
			return errors.New("too large\nby far")
		}
		return nil
	}
	whole := &toy{fails: fails}
	want := tell(t, search(t, task(t, whole), c))
	if !strings.Contains(want, "failed: too large by far") {
		t.Fatalf("nothing failed:\n%s", want)
	}
	for stop := 1; stop <= len(whole.calls); stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		y := &toy{fails: fails, stop: stop, end: cancel}
		k := task(t, y)
		if _, err := tune.Search(ctx, k, c); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped at %d: %v", stop, err)
		}
		y.stop = 0
		if got := tell(t, search(t, k, c)); got != want {
			t.Errorf("after a break at %d:\n%s\nwant\n%s", stop, got, want)
		}
		y.calls = slices.Delete(y.calls, stop-1, stop)
		if !slices.Equal(y.calls, whole.calls) {
			t.Errorf("after a break at %d: %d trials, want %d", stop, len(y.calls), len(whole.calls))
		}
	}
}

// A crash may leave any beginning of the journal behind.
func TestTornJournal(t *testing.T) {
	y := &toy{}
	k := task(t, y)
	c := tune.Config{Candidates: 4, Rungs: 2, Eta: 2, Seed: 3}
	r := search(t, k, c)
	want := tell(t, r)
	text, err := os.ReadFile(r.Journal)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(text); n += 1 + len(text)/40 {
		for _, tail := range []string{"", "\x00\x00\n", strings.Repeat("x", 2*len(text))} {
			if i := bytes.IndexByte(text, '\n'); tail != "" && n <= i {
				continue
			}
			if err := os.WriteFile(r.Journal, append(slices.Clone(text[:n]), tail...), 0o644); err != nil {
				t.Fatal(err)
			}
			if got := tell(t, search(t, k, c)); got != want {
				t.Fatalf("from %d of %d bytes: %s", n, len(text), got)
			}
			if after, err := os.ReadFile(r.Journal); err != nil || !bytes.Equal(after, text) {
				t.Fatalf("from %d bytes the journal became %s", n, after)
			}
		}
	}
}

func TestJournalOfAnotherSearch(t *testing.T) {
	k := task(t, &toy{})
	c := tune.Config{Candidates: 4, Rungs: 1, Eta: 2, Seed: 3}
	r := search(t, k, c)
	text, err := os.ReadFile(r.Journal)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct{ old, to, want string }{
		{`"data":"v1"`, `"data":"v2"`, "other data or settings"},
		{`"candidate":1,`, `"candidate":2,`, "candidate 2 was tried with"},
		{`{"candidate":1,`, `candidate`, ":3:"},
	} {
		broken := bytes.Replace(text, []byte(change.old), []byte(change.to), 1)
		if bytes.Equal(broken, text) {
			t.Fatalf("nothing to change: %s", text)
		}
		if err := os.WriteFile(r.Journal, broken, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := tune.Search(t.Context(), k, c); !errors.Is(err, tune.ErrJournal) || !strings.Contains(err.Error(), change.want) {
			t.Errorf("%s: error is %v", change.to, err)
		}
		if after, err := os.ReadFile(r.Journal); err != nil || !bytes.Equal(after, broken) {
			t.Errorf("%s: the journal was changed", change.to)
		}
	}
	// Whatever differs has a journal of its own.
	names := map[string]bool{r.Journal: true}
	for _, other := range []func(*tune.Task, *tune.Config){
		func(k *tune.Task, _ *tune.Config) { k.Data = "v2" },
		func(k *tune.Task, _ *tune.Config) { k.Metric = "recall@20" },
		func(k *tune.Task, _ *tune.Config) { k.Minimize = true },
		func(k *tune.Task, _ *tune.Config) { k.Settings = json.RawMessage(`{"dims": 8}`) },
		func(k *tune.Task, _ *tune.Config) { k.Kind.Space = k.Kind.Space[1:] },
		func(_ *tune.Task, c *tune.Config) { c.Seed++ },
	} {
		k, c := k, c
		other(&k, &c)
		names[search(t, k, c).Journal] = true
	}
	if len(names) != 7 {
		t.Errorf("journals are %v, want 7", names)
	}
}

func TestMoreCandidatesBeginWithTheSame(t *testing.T) {
	y := &toy{}
	k := task(t, y)
	search(t, k, tune.Config{Candidates: 6, Rungs: 1, Eta: 3, Seed: 1})
	r := search(t, k, tune.Config{Candidates: 10, Rungs: 1, Eta: 3, Seed: 1})
	if len(y.calls) != 10 || len(r.Rows) != 10 {
		t.Errorf("%d trials for %d candidates, want 10", len(y.calls), len(r.Rows))
	}
	for _, row := range r.Rows {
		var s settings
		if err := json.Unmarshal(row.Settings, &s); err != nil || s.Name != "a<b" || row.Candidate > 0 && (s.Dims < 4 || s.Dims > 256 || s.Lambda < 1e-3 || s.Lambda > 10 || s.Shift < -1 || s.Shift > 1) {
			t.Errorf("settings %s, %v", row.Settings, err)
		}
	}
}

func TestDrawsAreSpreadAsTheSpaceSays(t *testing.T) {
	k := task(t, &toy{})
	r := search(t, k, tune.Config{Candidates: 2000, Rungs: 1, Eta: 2, Seed: 1})
	below, low, negative, seen := 0, 0, 0, map[string]bool{}
	for _, row := range r.Rows {
		seen[string(row.Settings)] = true
		if row.Params["lambda"] < 0.1 && row.Candidate > 0 {
			below++
		}
		if row.Params["dims"] < 32 && row.Candidate > 0 {
			low++
		}
		if row.Params["shift"] < 0 {
			negative++
		}
	}
	if math.Abs(float64(below)-1000) > 100 || math.Abs(float64(low)-1000) > 120 || math.Abs(float64(negative)-1000) > 100 || len(seen) != 2000 {
		t.Errorf("%d below the middle ratio, %d of the whole numbers, %d negative of 2000, %d different", below, low, negative, len(seen))
	}
}

func TestSmallSpaceIsUsedUp(t *testing.T) {
	y := &toy{}
	k := task(t, y)
	k.Kind.Space = []model.Param{{Name: "dims", Low: 8, High: 10, Integer: true}}
	r := search(t, k, tune.Config{Candidates: 50, Rungs: 2, Eta: 2, Seed: 1})
	if len(r.Rows) != 4 || !strings.Contains(strings.Join(r.Warnings, " "), "no more than") {
		t.Errorf("%d settings, warnings %q; want the defaults and three", len(r.Rows), r.Warnings)
	}
}

func TestMinimize(t *testing.T) {
	k := task(t, &toy{})
	k.Minimize = true
	r := search(t, k, tune.Config{Candidates: 9, Rungs: 2, Eta: 3, Seed: 1, Resamples: 100})
	for _, row := range r.Rows {
		if row.Share == 1 && row.Score.Value < r.Best.Score.Value {
			t.Errorf("candidate %d has %v, the best %v", row.Candidate, row.Score, r.Best.Score)
		}
	}
	if r.Gain.Value > 0 {
		t.Errorf("gain is %v, want at most 0", r.Gain)
	}
}

func TestFailures(t *testing.T) {
	c := tune.Config{Candidates: 6, Rungs: 2, Eta: 2, Seed: 1}
	y := &toy{fails: func(s settings) error {
		if s.Lambda == 1 {
			return errors.New("the defaults fail")
		}
		return nil
	}}
	r := search(t, task(t, y), c)
	if last := r.Rows[len(r.Rows)-1]; last.Candidate != 0 || last.Error == "" || r.Defaults != nil || !math.IsNaN(r.Gain.Value) || r.Best.Share != 1 {
		t.Errorf("last row is %+v, gain %v", last, r.Gain)
	}
	y.fails = func(settings) error { return errors.New("no luck") }
	if _, err := tune.Search(t.Context(), task(t, y), c); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("all failed: %v", err)
	}
	k := task(t, y)
	k.Evaluate = func(context.Context, json.RawMessage, tune.Rung) (tune.Outcome, error) {
		return tune.Outcome{Score: math.NaN()}, nil
	}
	if _, err := tune.Search(t.Context(), k, c); err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("a score of NaN: %v", err)
	}
}

// The bubble's clock moves only when all sleep, so times are exact.
func TestTimeBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := &toy{}
		k := task(t, y)
		k.Evaluate = func(ctx context.Context, text json.RawMessage, r tune.Rung) (tune.Outcome, error) {
			select {
			case <-time.After(time.Duration(r.Share * 9 * float64(time.Second))):
			case <-ctx.Done():
				return tune.Outcome{}, ctx.Err()
			}
			return y.evaluate(ctx, text, r)
		}
		c := tune.DefaultConfig()
		whole := search(t, func() tune.Task { k := k; k.Folder = t.TempDir(); return k }(), c) // 27*1 + 9*3 + 3*9 s
		y.calls = nil
		c.Budget = 30 * time.Second
		begin := time.Now()
		r := search(t, k, c)
		if took := time.Since(begin); took > c.Budget {
			t.Errorf("took %s of %s", took, c.Budget)
		}
		if r.Complete || r.Best.Share != 1 || r.Defaults == nil || len(r.Rows) < 10 || len(r.Rows) > 12 || !strings.Contains(strings.Join(r.Warnings, " "), "no time") {
			t.Errorf("complete %t, best %+v, %d rows, warnings %q", r.Complete, r.Best, len(r.Rows), r.Warnings)
		}
		c.Budget = 0
		if got := tell(t, search(t, k, c)); got != tell(t, whole) {
			t.Errorf("with more time:\n%s\nwant\n%s", got, tell(t, whole))
		}
		c.Budget = time.Millisecond
		k.Folder = t.TempDir()
		if _, err := tune.Search(t.Context(), k, c); err == nil || !strings.Contains(err.Error(), "no trial ended") {
			t.Errorf("with no time at all: %v", err)
		}
	})
}

func TestTwoSearchesAtOnce(t *testing.T) {
	y := &toy{}
	k := task(t, y)
	c := tune.Config{Candidates: 2, Rungs: 1, Eta: 2, Seed: 1}
	outer := k
	outer.Evaluate = func(ctx context.Context, text json.RawMessage, r tune.Rung) (tune.Outcome, error) {
		if _, err := tune.Search(ctx, k, c); !errors.Is(err, tune.ErrJournal) {
			t.Errorf("a second search: %v", err)
		}
		return y.evaluate(ctx, text, r)
	}
	search(t, outer, c)
	search(t, k, c) // the lock is gone
}

// A score whose people say something else gets no interval.
func TestPeopleMustFitTheScore(t *testing.T) {
	y := &toy{}
	k := task(t, y)
	k.Evaluate = func(ctx context.Context, text json.RawMessage, r tune.Rung) (tune.Outcome, error) {
		out, err := y.evaluate(ctx, text, r)
		out.Score += 0.5
		return out, err
	}
	r := search(t, k, tune.DefaultConfig())
	if r.Gain.Interval() || r.Best.Score.Interval() || !strings.Contains(strings.Join(r.Warnings, " "), "no interval") {
		t.Errorf("gain is %v, warnings %q", r.Gain, r.Warnings)
	}
}

func TestRefusals(t *testing.T) {
	good := task(t, &toy{})
	for _, c := range []struct {
		want   string
		change func(*tune.Task, *tune.Config)
	}{
		{"needs a kind", func(k *tune.Task, _ *tune.Config) { k.Evaluate = nil }},
		{"nothing to tune", func(k *tune.Task, _ *tune.Config) { k.Kind.Space = nil }},
		{`parameter "x"`, func(k *tune.Task, _ *tune.Config) { k.Kind.Space = []model.Param{{Name: "x", High: 1}} }},
		{"there twice", func(k *tune.Task, _ *tune.Config) { k.Kind.Space = append(k.Kind.Space, k.Kind.Space[0]) }},
		{"from 0 to 1", func(k *tune.Task, _ *tune.Config) {
			k.Kind.Space = []model.Param{{Name: "dims", High: 1, Log: true}}
		}},
		{`setting "x"`, func(k *tune.Task, _ *tune.Config) { k.Settings = json.RawMessage(`{"x":1}`) }},
		{"settings [", func(k *tune.Task, _ *tune.Config) { k.Settings = json.RawMessage(`[1]`) }},
		{"candidates", func(_ *tune.Task, c *tune.Config) { c.Candidates = 1 }},
		{"rungs", func(_ *tune.Task, c *tune.Config) { c.Rungs = 0 }},
		{"eta", func(_ *tune.Task, c *tune.Config) { c.Eta = 1 }},
		{"budget", func(_ *tune.Task, c *tune.Config) { c.Budget = -1 }},
		{"resamples", func(_ *tune.Task, c *tune.Config) { c.Resamples = 5 }},
	} {
		k, cfg := good, tune.DefaultConfig()
		k.Kind.Space = slices.Clone(k.Kind.Space)
		c.change(&k, &cfg)
		if _, err := tune.Search(t.Context(), k, cfg); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want one with %q", err, c.want)
		}
	}
	good.Folder = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(good.Folder, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := tune.Search(t.Context(), good, tune.DefaultConfig()); err == nil {
		t.Error("a file in place of the folder")
	}
}
