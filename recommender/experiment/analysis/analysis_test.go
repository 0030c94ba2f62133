package analysis_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/experiment/analysis"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-5*(1+math.Abs(b)) }

// small is an experiment in which everything can be counted by hand.
func small() (*world, catalog.Experiment, analysis.Options) {
	w := &world{movies: []catalog.Movie{{ID: "a", CostUSD: 2}, {ID: "b", CostUSD: 3}, {ID: "c"}, {ID: "d", CostUSD: 50}}}
	e := split(1, 1)
	e.Overrides = map[catalog.UserID]string{"tester": "treatment"}
	at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	const control, treatment = "trial:control", "other:x,trial:treatment"

	// Ann: of three lists one accepted at the very end of its window, one a microsecond late.
	w.show("ann", control, at(1), "a", "b")
	w.watch("ann", "a", at(25), 0.5)
	w.show("ann", control, at(30), "b", "c")
	w.watch("ann", "b", at(54).Add(time.Microsecond), 1)
	w.show("ann", control, at(100), "c")
	w.ratings = append(w.ratings, catalog.Rating{User: "ann", Movie: "a", Value: 4, At: at(90)})
	// Bob: watched before he was shown, and what he was not shown: both cost, the former not
	// since his first list.
	w.watch("bob", "a", at(2), 1)
	w.show("bob", control, at(3), "a")
	w.watch("bob", "d", at(4), 1)
	// Cid: two lists hold what he watched once; rated, never watched: taken for watched.
	w.show("cid", treatment, at(5), "a", "b")
	w.show("cid", treatment, at(6), "a", "c")
	w.watch("cid", "a", at(7), 0.8)
	liked := w.show("cid", treatment, at(40), "c", "d")
	w.ratings = append(w.ratings, catalog.Rating{User: "cid", Movie: "c", Value: 2, At: at(41)})
	w.feedback = append(w.feedback,
		catalog.Feedback{RequestID: liked, User: "cid", Movie: "c", Kind: catalog.FeedbackClick, At: at(41)},
		catalog.Feedback{RequestID: liked, User: "cid", Movie: "d", Kind: catalog.FeedbackDismiss, At: at(80)}, // too late
	)
	// Dan: said that he began to watch, which the stream did not; and dismissed.
	began := w.show("dan", treatment, at(8), "b", "c")
	w.feedback = append(w.feedback,
		catalog.Feedback{RequestID: began, User: "dan", Movie: "b", Kind: catalog.FeedbackWatch, At: at(9)},
		catalog.Feedback{RequestID: began, User: "dan", Movie: "c", Kind: catalog.FeedbackDislike, At: at(9)},
	)
	// Left out: a tester, somebody in two arms, somebody whose window is open, an outsider.
	w.show("tester", treatment, at(1), "a")
	w.show("eve", control, at(1), "a")
	w.show("eve", treatment, at(2), "a")
	w.show("fay", control, at(24*9+1), "a")
	w.show("guy", "", at(1), "a")
	w.watch("guy", "a", at(2), 1)
	for i, u := range []string{"tester", "eve"} {
		w.watch(u, "a", at(3+i), 1)
	}
	opts := analysis.DefaultOptions(start.Add(10 * day))
	return w, e, opts
}

func TestMetricsByHand(t *testing.T) {
	w, e, opts := small()
	opts.Latency = func(id string) (time.Duration, float64) {
		// The second stands for three.
		return map[string]time.Duration{"r0": 20 * time.Millisecond, "r1": 4 * time.Millisecond}[id], map[string]float64{"r0": 1, "r1": 3}[id]
	}
	r := analyse(t, w, e, opts)
	// From first lists at hours 1 and 3, and 5 and 8, to 10 days.
	const controlWeeks, treatmentWeeks = (239 + 237) / 168., (235 + 232) / 168.
	want := []map[string]float64{
		{analysis.Acceptance: 1. / 4, analysis.Watched: 1. / controlWeeks, analysis.Clicks: 0, analysis.Dismissals: 0, analysis.WatchShare: 0.5,
			analysis.Rating: 4, analysis.Cost: (2. + 3 + 50) / controlWeeks, analysis.Latency: 8},
		{analysis.Acceptance: 4. / 4, analysis.Watched: 2. / treatmentWeeks, analysis.Clicks: 1. / 4, analysis.Dismissals: 1. / 4, analysis.WatchShare: 0.8,
			analysis.Rating: 2, analysis.Cost: 2. / treatmentWeeks, analysis.Latency: math.NaN()},
	}
	for i, arm := range r.Arms {
		if arm.People != 2 || arm.Lists != 4 {
			t.Errorf("arm %s has %d people and %d lists, want 2 and 4", arm.Name, arm.People, arm.Lists)
		}
		for name, v := range want[i] {
			got := arm.Metrics[name].Value
			if !near(got, v) && !(math.IsNaN(got) && math.IsNaN(v)) {
				t.Errorf("%s of %s is %v, want %v", name, arm.Name, got, v)
			}
			if arm.Metrics[name].Interval() {
				t.Errorf("%s of %s has an interval from 2 people", name, arm.Name)
			}
		}
	}
	if s := r.Sample; s.Testers != 1 || s.Crossed != 1 || s.TooYoung != 1 || !slices.Equal(s.People, []int{4, 2}) {
		t.Errorf("sample is %+v, want a tester, one in two arms, one too young, and 4 and 2 people", s)
	}
	if d := find(t, r, analysis.Acceptance); !near(d.Estimate.Value, 0.75) || !near(float64(d.Lift), 3) || d.Verdict != analysis.Unmarked || d.P.Known() {
		t.Errorf("difference is %+v, want 0.75, a lift of 3, and nothing decided", d)
	}
}

func TestAskedMetricsAlone(t *testing.T) {
	w, e, opts := small()
	opts.Metrics = []string{analysis.Rating}
	r := analyse(t, w, e, opts)
	if len(r.Metrics) != 1 || len(r.Arms[0].Metrics) != 1 || len(r.Differences) != 1 {
		t.Errorf("metrics are %v, %v; differences %v; want rating alone", r.Metrics, r.Arms[0].Metrics, r.Differences)
	}
}

func TestBadOptions(t *testing.T) {
	w, e, good := small()
	for name, change := range map[string]func(*analysis.Options){
		"no time": func(o *analysis.Options) { o.AsOf = time.Time{} }, "before the start": func(o *analysis.Options) { o.AsOf = start },
		"window": func(o *analysis.Options) { o.Window = 0 }, "metric": func(o *analysis.Options) { o.Metrics = []string{"luck"} },
		"planned": func(o *analysis.Options) { o.Planned = 0 }, "draws": func(o *analysis.Options) { o.Draws = 0 },
	} {
		opts := good
		change(&opts)
		if _, err := analysis.Analyse(t.Context(), w, e, opts); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: error is %v, want ErrInvalid", name, err)
		}
	}
	w.fault = catalog.ErrUnavailable
	if _, err := analysis.Analyse(t.Context(), w, e, good); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("error is %v, want that of the store", err)
	}
	if _, err := analysis.PolicyOf("lucky"); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("error is %v, want ErrInvalid", err)
	}
}

// Whatever there is too little of, a result can be written, and says so.
func TestThinData(t *testing.T) {
	thin, e, opts := small()
	opts.Policies = []analysis.Policy{analysis.Greedy{}}
	shadow, interleave := e, e
	shadow.Mode, interleave.Mode = catalog.ExperimentShadow, catalog.ExperimentInterleave
	for name, c := range map[string]struct {
		w    *world
		e    catalog.Experiment
		want string
	}{
		"nothing": {&world{}, e, "no list of this experiment"}, "a few": {thin, e, "has 2 people"},
		"shadow": {thin, shadow, "shadows"}, "interleaved": {thin, interleave, "want 50 for an interval"},
		"interleaved, nothing": {&world{}, interleave, "no list"},
	} {
		r := analyse(t, c.w, c.e, opts)
		if notes := strings.Join(r.Notes, "; "); !strings.Contains(notes, c.want) {
			t.Errorf("%s: notes are %q, want one of %q", name, notes, c.want)
		}
		checkWritten(t, name, r)
	}
}

// checkWritten writes r in every form and reads its JSON back.
func checkWritten(t *testing.T, name string, r *analysis.Result) {
	t.Helper()
	var text, page bytes.Buffer
	r.WriteText(&text)
	if err := r.WriteHTML(&page); err != nil {
		t.Errorf("%s: page: %v", name, err)
	}
	for form, s := range map[string]string{"text": text.String(), "page": page.String()} {
		if strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
			t.Errorf("%s: the %s has NaN or Inf:\n%s", name, form, s)
		}
	}
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatalf("%s: JSON: %v", name, err)
	}
	var back analysis.Result
	if err := json.Unmarshal(out, &back); err != nil {
		t.Fatalf("%s: JSON: %v", name, err)
	}
	if len(back.Differences) != len(r.Differences) || len(back.Metrics) != len(r.Metrics) {
		t.Errorf("%s: JSON read back has %d differences, want %d", name, len(back.Differences), len(r.Differences))
	}
	for i, d := range back.Differences {
		if d.Arm == "" || d.Metric != r.Differences[i].Metric || d.Verdict != r.Differences[i].Verdict {
			t.Errorf("%s: JSON read back has a difference %+v, want %+v", name, d, r.Differences[i])
		}
	}
	if again, err := json.Marshal(back); err != nil || !bytes.Equal(again, out) {
		t.Errorf("%s: JSON read back is\n%s, %v, want\n%s", name, again, err, out)
	}
}

func TestSampleRatioMismatch(t *testing.T) {
	w, opts := &world{}, analysis.DefaultOptions(start.Add(3*day))
	for i := range 1000 {
		w.show(string(rune('a'+i%26))+string(rune('0'+i/26)), "trial:"+[]string{"control", "treatment"}[i%2], start.Add(time.Hour), "m")
	}
	if r := analyse(t, w, split(1, 1), opts); !r.Valid || !(r.Sample.P > 0.9) {
		t.Errorf("500 and 500 people at equal weights: valid %v, p %v", r.Valid, r.Sample.P)
	}
	r := analyse(t, w, split(3, 2), opts)
	if r.Valid || !(r.Sample.P < 1e-9) || !strings.Contains(strings.Join(r.Problems, ""), "[600 400]") {
		t.Errorf("500 and 500 people at 3 to 2: valid %v, p %v, problems %q", r.Valid, r.Sample.P, r.Problems)
	}
	checkWritten(t, "mismatch", r)
}

func TestFindsAnEffect(t *testing.T) {
	w := crowd{people: 600, days: 20, effect: 0.1, before: 20, loyalty: 0.6}.world(rand.New(rand.NewPCG(1, 1)))
	r := analyse(t, w, split(1, 1), analysis.DefaultOptions(start.Add(21*day)))
	d := find(t, r, analysis.Acceptance)
	if d.Verdict != analysis.Better || !(d.Estimate.Low < 0.1 && 0.1 < d.Estimate.High) || !(d.AlwaysHolm < 0.05) {
		t.Errorf("difference is %+v, want about 0.1, decided", d)
	}
	if !(d.Sequence.Low < d.Estimate.Low && d.Estimate.High < d.Sequence.High) {
		t.Errorf("sequence %v is not wider than one look %v", d.Sequence, d.Estimate)
	}
	// Sums by time have sequences that fit them: at best they are 1.55 times as wide.
	for _, metric := range []string{analysis.Acceptance, analysis.Watched, analysis.Cost} {
		x := find(t, r, metric)
		if wider := (x.Sequence.High - x.Sequence.Low) / (x.Estimate.High - x.Estimate.Low); !(wider > 1.5 && wider < 2) {
			t.Errorf("the sequence of %s is %.2f times as wide as one look", metric, wider)
		}
	}
	if a := d.Adjusted; a == nil || !(a.Reduction > 0) || !(a.Estimate.Low < 0.1 && 0.1 < a.Estimate.High) {
		t.Errorf("adjusted difference is %+v, want about 0.1 with less variance", a)
	}
	if cost := find(t, r, analysis.Cost); cost.Verdict != analysis.Worse || !(cost.Estimate.Value > 0) {
		t.Errorf("more is paid for what is watched: %+v, want worse", cost)
	}
	for i, l := range d.Looks {
		if i > 0 && l.Always > d.Looks[i-1].Always {
			t.Errorf("p is %v at look %d, after %v: not the least so far", l.Always, i, d.Looks[i-1].Always)
		}
	}
	if n := len(d.Looks); n < 15 || !d.Looks[n-1].At.Equal(r.AsOf) {
		t.Errorf("%d looks, want one a day", n)
	}
	checkWritten(t, "effect", r)
	t.Logf("acceptance %v; at any look %v; adjusted %v, %.0f%% less variance", d.Estimate, d.Sequence, d.Adjusted.Estimate, 100*d.Adjusted.Reduction)
}

// What an analysis said on a day is what a later one shows for that day.
func TestLooksAreWhatEarlierAnalysesSaid(t *testing.T) {
	w := crowd{people: 300, days: 12, loyalty: 0.6}.world(rand.New(rand.NewPCG(2, 2)))
	opts := analysis.DefaultOptions(start.Add(13 * day))
	opts.Metrics = []string{analysis.Acceptance, analysis.Cost}
	later := analyse(t, w, split(1, 1), opts)
	for _, metric := range opts.Metrics {
		for _, look := range find(t, later, metric).Looks {
			opts.AsOf = look.At
			earlier := find(t, analyse(t, w, split(1, 1), opts), metric)
			if !near(earlier.Estimate.Value, look.Estimate.Value) || !near(earlier.Sequence.Low, look.Sequence.Low) || !near(float64(earlier.Always), float64(look.Always)) {
				t.Errorf("%s at %v: an earlier analysis says %v, %v, p %v; a later one %v, %v, p %v", metric, look.At,
					earlier.Estimate.Value, earlier.Sequence, earlier.Always, look.Estimate.Value, look.Sequence, look.Always)
			}
		}
	}
}

// Without an effect no sequence decides more often than in one of twenty experiments,
// whatever is looked at daily; here from the lists on.
func TestNoEffectIsSeldomDecided(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	const runs = 60
	decided, adjusted, plain := 0, 0, 0
	var reductions float64
	for range runs {
		w := crowd{people: 120, days: 10, before: 10, loyalty: 1}.world(rng)
		opts := analysis.DefaultOptions(start.Add(11 * day))
		opts.Metrics = []string{analysis.Acceptance, analysis.Watched, analysis.Cost}
		r := analyse(t, w, split(1, 1), opts)
		d := find(t, r, analysis.Acceptance)
		if slices.ContainsFunc(r.Differences, func(d analysis.Difference) bool { return d.Verdict != analysis.Undecided }) {
			decided++
		}
		if d.P < 0.05 {
			plain++
		}
		if d.Adjusted.P < 0.05 {
			adjusted++
		}
		reductions += d.Adjusted.Reduction / runs
	}
	t.Logf("of %d: decided %d, one look %d, adjusted %d; variance less by %.2f", runs, decided, plain, adjusted, reductions)
	if decided > runs/20 || plain > runs/8 || adjusted > runs/8 {
		t.Errorf("of %d experiments without an effect %d are decided, %d significant at one look, %d adjusted", runs, decided, plain, adjusted)
	}
	if reductions < 0.1 {
		t.Errorf("the time before takes %.2f of the variance, want more", reductions)
	}
}

// Adjusted estimates are without bias, and vary less than plain ones.
func TestAdjustedIsUnbiasedAndNarrower(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(4, 4))
	const runs, effect = 60, 0.08
	var plain, adjusted []float64
	held := 0
	for range runs {
		w := crowd{people: 120, days: 10, before: 10, loyalty: 1, effect: effect}.world(rng)
		opts := analysis.DefaultOptions(start.Add(11 * day))
		opts.Metrics = []string{analysis.Acceptance}
		d := find(t, analyse(t, w, split(1, 1), opts), analysis.Acceptance)
		plain, adjusted = append(plain, d.Estimate.Value), append(adjusted, d.Adjusted.Estimate.Value)
		if d.Adjusted.Estimate.Low < effect && effect < d.Adjusted.Estimate.High {
			held++
		}
	}
	mean, sd := moments(adjusted)
	_, plainSD := moments(plain)
	t.Logf("effect %.3f: adjusted %.4f, sd %.4f against %.4f; intervals hold it in %d of %d", effect, mean, sd, plainSD, held, runs)
	if math.Abs(mean-effect) > 4*sd/math.Sqrt(runs) {
		t.Errorf("adjusted estimates are %.4f on average, want %.3f", mean, effect)
	}
	if sd > 0.95*plainSD {
		t.Errorf("adjusted estimates vary by %.4f, plain ones by %.4f", sd, plainSD)
	}
	if held < runs*89/100 {
		t.Errorf("intervals hold the truth in %d of %d", held, runs)
	}
}

// Lists shortly before the start were followed by what may come of the experiment, so they
// adjust nothing; those before do.
func TestWhatFollowsTheStartAdjustsNothing(t *testing.T) {
	for hours, want := range map[int]bool{1: false, 23: false, 25: true} {
		w := &world{}
		for i := range 2 * analysis.MinPeople {
			u, arm := "u"+string(rune('A'+i)), []string{"control", "treatment"}[i%2]
			w.show(u, "", start.Add(-time.Duration(hours)*time.Hour), "a")
			w.show(u, "trial:"+arm, start.Add(time.Hour), "b")
			if i%3 == 0 {
				w.watch(u, "a", start.Add(time.Duration(20-hours)*time.Hour), 1)
			}
			if i%4 == 0 {
				w.watch(u, "b", start.Add(2*time.Hour), 1)
			}
		}
		opts := analysis.DefaultOptions(start.Add(10 * day))
		opts.Metrics = []string{analysis.Acceptance}
		if d := find(t, analyse(t, w, split(1, 1), opts), analysis.Acceptance); (d.Adjusted != nil) != want {
			t.Errorf("lists %d hours before the start: adjusted by %+v, want that %v", hours, d.Adjusted, want)
		}
	}
}

// What was watched before the start but rated, or watched on, since then tells nothing of
// the time before: arms that differ in what came later are adjusted by none of it.
func TestWhatCameSinceTheStartAdjustsNothing(t *testing.T) {
	for days, want := range map[int]bool{-3: true, 2: false} {
		w := &world{}
		for i := range 2 * analysis.MinPeople {
			u, arm := "u"+string(rune('A'+i)), []string{"control", "treatment"}[i%2]
			w.show(u, "", start.Add(-4*day), "a")
			w.show(u, "trial:"+arm, start.Add(time.Hour), "b")
			w.watch(u, "a", start.Add(-4*day+time.Hour), 0.3+0.1*float64(i%4))
			at := start.Add(time.Duration(days) * day)
			w.watches[len(w.watches)-1].Last = at
			w.watch(u, "b", start.Add(2*time.Hour), 0.2+0.1*float64(i%5))
			w.ratings = append(w.ratings,
				catalog.Rating{User: catalog.UserID(u), Movie: "a", Value: float64(1 + i%4), At: at},
				catalog.Rating{User: catalog.UserID(u), Movie: "b", Value: float64(1 + i%5), At: start.Add(day)})
		}
		r := analyse(t, w, split(1, 1), analysis.DefaultOptions(start.Add(10*day)))
		for _, metric := range []string{analysis.WatchShare, analysis.Rating} {
			if d := find(t, r, metric); (d.Adjusted != nil) != want {
				t.Errorf("rated and watched on %d days after the start: %s is adjusted by %+v, want that %v", days, metric, d.Adjusted, want)
			}
		}
	}
}

// What was decided and has turned since is not decided the other way, which no look ever
// showed; and that is told.
func TestWhatTurnsIsNotDecided(t *testing.T) {
	w := &world{}
	for i := range 400 {
		u, arm := fmt.Sprint("u", i), i%2
		for d := range 4 {
			at := start.Add(time.Duration(2*d)*day + time.Hour)
			movie := fmt.Sprint("m", d)
			w.show(u, "trial:"+[]string{"control", "treatment"}[arm], at, movie)
			of100 := 20 // lists that are accepted
			if arm == 1 {
				of100 = []int{50, 8, 8, 8}[d]
			}
			if (i/2+17*d)%100 < of100 {
				w.watch(u, movie, at.Add(time.Hour), 1)
			}
		}
	}
	opts := analysis.DefaultOptions(start.Add(2 * day))
	opts.Metrics = []string{analysis.Acceptance}
	if d := find(t, analyse(t, w, split(1, 1), opts), analysis.Acceptance); d.Verdict != analysis.Better {
		t.Fatalf("at first: %+v, want better", d)
	}
	opts.AsOf = start.Add(10 * day)
	r := analyse(t, w, split(1, 1), opts)
	d := find(t, r, analysis.Acceptance)
	if !(d.Estimate.Value < 0 && d.AlwaysHolm < analysis.Alpha) || d.Verdict != analysis.Undecided {
		t.Errorf("in the end: %+v, want less, undecided", d)
	}
	if notes := strings.Join(r.Notes, "; "); !strings.Contains(notes, "in acceptance was decided at +30.00 pp by 2026-03-04 00:00, and is -1.50 pp by now") {
		t.Errorf("notes are %q, want one of what turned", notes)
	}
	checkWritten(t, "turned", r)
}

func moments(xs []float64) (mean, sd float64) {
	for _, x := range xs {
		mean += x / float64(len(xs))
	}
	for _, x := range xs {
		sd += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(sd / float64(len(xs)-1))
}

// Serving everybody each list several times tells nothing new, and intervals do not take
// it for more people.
func TestListsAreNotPeople(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		times := rapid.IntRange(2, 4).Draw(t, "times")
		c := crowd{people: 110, days: 3, loyalty: 0.6}
		once, often := c.world(rand.New(rand.NewPCG(seed, 5))), c.world(rand.New(rand.NewPCG(seed, 5)))
		for _, e := range slices.Clone(often.lists) {
			for i := range times - 1 {
				e.RequestID += string(rune('a' + i))
				often.lists = append(often.lists, e)
			}
		}
		opts := analysis.DefaultOptions(start.Add(4 * day))
		opts.Metrics, opts.Draws = []string{analysis.Acceptance}, 100
		a, err := analysis.Analyse(t.Context(), once, split(1, 1), opts)
		b, err2 := analysis.Analyse(t.Context(), often, split(1, 1), opts)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if x, y := a.Differences[0], b.Differences[0]; !near(x.Estimate.Value, y.Estimate.Value) || !near(x.Estimate.Low, y.Estimate.Low) && x.Estimate.Interval() {
			t.Fatalf("each list %d times: %v, want %v", times, y.Estimate, x.Estimate)
		}
	})
}

func TestSameDataSameResult(t *testing.T) {
	c := crowd{people: 150, days: 5, before: 5, loyalty: 0.6}
	opts := analysis.DefaultOptions(start.Add(6 * day))
	a := analyse(t, c.world(rand.New(rand.NewPCG(6, 6))), split(1, 1), opts)
	w := c.world(rand.New(rand.NewPCG(6, 6)))
	rand.New(rand.NewPCG(7, 7)).Shuffle(len(w.watches), reflect.Swapper(w.watches))
	b := analyse(t, w, split(1, 1), opts)
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if !bytes.Equal(x, y) {
		t.Errorf("with watches in another order the result is\n%s, want\n%s", y, x)
	}
}

// An arm that lists but a few movies has less coverage and a higher Gini.
func TestVariety(t *testing.T) {
	w := &world{}
	for m := range 100 {
		w.movies = append(w.movies, catalog.Movie{ID: catalog.MovieID(rune('A' + m))})
	}
	rng := rand.New(rand.NewPCG(8, 8))
	for i := range 400 {
		arm, of := "trial:control", 100
		if i%2 == 1 {
			arm, of = "trial:treatment", 20
		}
		var list []string
		for _, m := range rng.Perm(of)[:5] {
			list = append(list, string(rune('A'+m)))
		}
		w.show("u"+string(rune(i)), arm, start.Add(time.Hour), list...)
	}
	r := analyse(t, w, split(1, 1), analysis.DefaultOptions(start.Add(3*day)))
	coverage, gini := find(t, r, analysis.Coverage), find(t, r, analysis.Gini)
	if c := r.Arms[1].Metrics[analysis.Coverage]; !near(c.Value, 0.2) {
		t.Errorf("coverage of the arm of 20 movies of 100 is %v", c)
	}
	if !(coverage.Estimate.High < 0) || !(gini.Estimate.Low > 0) || coverage.Verdict != analysis.Unmarked {
		t.Errorf("coverage differs by %v, gini by %v, want less and more, without a verdict", coverage.Estimate, gini.Estimate)
	}
}

// Lists that name an arm which there is not are told, each once.
func TestStrangeArmsAreCountedOnce(t *testing.T) {
	w, e, opts := small()
	for i := range 3 {
		w.show("ann", "trial:elsewhere", start.Add(time.Duration(50+i)*time.Hour), "a")
	}
	opts.Policies = []analysis.Policy{analysis.Greedy{}}
	told := func(p string) bool { return strings.HasPrefix(p, "3 lists name an arm") }
	if r := analyse(t, w, e, opts); r.Valid || !slices.ContainsFunc(r.Problems, told) {
		t.Errorf("problems are %q, want 3 lists that name another arm", r.Problems)
	}
}

// interleaved is lists of two arms of which people watch a movie of the second with the
// given probability, and else one of the first.
func interleaved(rng *rand.Rand, people int, second float64) (*world, catalog.Experiment) {
	w, e := &world{}, split(1, 1)
	e.Mode = catalog.ExperimentInterleave
	for i := range people {
		u := "u" + string(rune(i))
		for d := range 3 {
			at := start.Add(time.Duration(d)*day + time.Hour)
			w.show(u, "trial:control,trial:treatment", at, "a", "b", "c")
			l := &w.lists[len(w.lists)-1]
			l.Movies[0].Source, l.Movies[1].Source, l.Movies[2].Source = "als@control", "ease+popular@treatment", "popular"
			movie := "a"
			if rng.Float64() < second {
				movie = "b"
			}
			if d == i%3 { // once
				w.watch(u, movie, at.Add(time.Hour), 1)
			}
		}
	}
	return w, e
}

func TestInterleaving(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	w, e := interleaved(rng, 400, 0.65)
	r := analyse(t, w, e, analysis.DefaultOptions(start.Add(5*day)))
	d := r.Duel
	if d == nil || d.Verdict != analysis.Better || d.Prefer[0]+d.Prefer[1] != 400 || d.Credit[1] != int64(d.Prefer[1]) {
		t.Fatalf("duel is %+v, want the second preferred", d)
	}
	if truth := 0.3; !(d.Preference.Low < truth && truth < d.Preference.High) || !(d.P < 0.001) {
		t.Errorf("preference is %v, p %v, want %v", d.Preference, d.P, truth)
	}
	if len(r.Differences) != 0 || r.Sample.P.Known() {
		t.Errorf("lists of both arms have differences %v and a sample ratio %v", r.Differences, r.Sample.P)
	}
	checkWritten(t, "interleaved", r)
	w, e = interleaved(rng, 400, 0.5)
	if d := analyse(t, w, e, analysis.DefaultOptions(start.Add(5*day))).Duel; d.Verdict != analysis.Undecided {
		t.Errorf("equal arms: %+v", d)
	}
}

// A movie counts once for whose it was in the first list, however often it was listed.
func TestInterleavedMoviesCountOnce(t *testing.T) {
	w, e := &world{}, split(1, 1)
	e.Mode = catalog.ExperimentInterleave
	for h := range 3 { // one movie of the first arm in three lists, two of the second in one
		w.show("ann", "trial:control,trial:treatment", start.Add(time.Duration(1+h)*time.Hour), "a", "b", "c")
		l := &w.lists[h]
		l.Movies[0].Source, l.Movies[1].Source, l.Movies[2].Source = "als@control", "als@treatment", "als@treatment"
		if h > 0 {
			l.Movies = l.Movies[:1]
		}
	}
	for _, m := range []string{"a", "b", "c"} {
		w.watch("ann", m, start.Add(5*time.Hour), 1)
	}
	if d := analyse(t, w, e, analysis.DefaultOptions(start.Add(5*day))).Duel; d.Credit != [2]int64{1, 2} || d.Prefer != [2]int{0, 1} {
		t.Errorf("%+v, want one movie of the first and two of the second, which is preferred", d)
	}
}

// A preference that has turned since it was decided is not decided the other way.
func TestPreferenceThatTurnsIsNotDecided(t *testing.T) {
	w, e := &world{}, split(1, 1)
	e.Mode = catalog.ExperimentInterleave
	for i := range 400 {
		u := fmt.Sprint("u", i)
		list := func(at time.Time, a, b string) {
			w.show(u, "trial:control,trial:treatment", at, a, b)
			l := &w.lists[len(w.lists)-1]
			l.Movies[0].Source, l.Movies[1].Source = "als@control", "als@treatment"
		}
		list(start.Add(time.Hour), "a", "b")
		list(start.Add(3*day), "c", "d")
		list(start.Add(4*day), "e", "f")
		if i%10 < 3 {
			w.watch(u, "a", start.Add(2*time.Hour), 1)
			continue
		}
		w.watch(u, "b", start.Add(2*time.Hour), 1)
		if i < 128 { // 90 of those who preferred the second
			w.watch(u, "c", start.Add(3*day+time.Hour), 1)
			w.watch(u, "e", start.Add(4*day+time.Hour), 1)
		}
	}
	r := analyse(t, w, e, analysis.DefaultOptions(start.Add(10*day)))
	d := r.Duel
	if !(d.Preference.Value < 0 && d.Always < analysis.Alpha) || d.Verdict != analysis.Undecided {
		t.Errorf("%+v, want the first liked a little more, undecided", d)
	}
	if notes := strings.Join(r.Notes, "; "); !strings.Contains(notes, "the preference for treatment was decided at +40.0%") {
		t.Errorf("notes are %q, want one of what turned", notes)
	}
}
