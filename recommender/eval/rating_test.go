package eval_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// rating predicts the same for everyone and all.
func rating(name string, r float32) eval.Model {
	return eval.Model{Name: name, Rate: func(_ context.Context, _ catalog.UserID, _ []eval.Seen, movies []uint32, ratings []float32) error {
		for i := range movies {
			ratings[i] = r
		}
		return nil
	}}
}

// rate sets the ratings of rows, 0 for none.
func rate(rows []catalog.UserSeen, ratings ...float64) []catalog.UserSeen {
	for i, r := range ratings {
		rows[i].Rating, rows[i].Rated = r, r != 0
	}
	return rows
}

func TestRatingErrorsWorkedByHand(t *testing.T) {
	predicted, given := []float32{3, 4, 5}, []float32{1, 4, 4}
	if got := eval.RMSE(predicted, given); !near(got, math.Sqrt(5./3)) {
		t.Errorf("RMSE is %v, want the root of 5/3", got)
	}
	if got := eval.MAE(predicted, given); !near(got, 1) {
		t.Errorf("MAE is %v, want 1", got)
	}
	if !math.IsNaN(eval.RMSE(nil, nil)) || !math.IsNaN(eval.MAE(nil, nil)) {
		t.Error("errors of nothing are numbers, want NaN")
	}
}

// RMSE is over ratings and not over people: b's three count three times.
func TestRMSEIsOverAllRatings(t *testing.T) {
	truth := slices.Concat(rate(history("a", 0), 5), rate(history("b", 1, 2, 3), 1, 1, 2), rate(history("c", 4), 0))
	s, _, err := eval.Held("by hand", mustCollect(t, rate(history("a", 5), 3), 6), mustCollect(t, truth, 6))
	if err != nil {
		t.Fatal(err)
	}
	cfg := config()
	cfg.Baseline, cfg.Resamples = "two", 2000
	r := mustRun(t, s, cfg, rating("two", 2), rating("three", 3), fixed("list", 0, 1))
	// Errors of two: 3, then 1, 1, 0. Of three: 2, then 2, 2, 1.
	for _, c := range []struct {
		model     string
		rmse, mae float64
	}{{"two", math.Sqrt(11. / 4), 5. / 4}, {"three", math.Sqrt(13. / 4), 7. / 4}} {
		e, _ := r.Metric(c.model, "rmse")
		if !near(e.Value, c.rmse) || !near(value(t, r, c.model, "mae"), c.mae) {
			t.Errorf("RMSE and MAE of %s are %v and %v, want %v and %v", c.model, e.Value, value(t, r, c.model, "mae"), c.rmse, c.mae)
		}
	}
	// Drawing a twice, both, or b twice: the ends are what one alone gives.
	if e, _ := r.Metric("two", "rmse"); !near(e.Low, math.Sqrt(2./3)) || !near(e.High, 3) {
		t.Errorf("interval is %v to %v, want that of b alone to that of a alone", e.Low, e.High)
	}
	if r.Ratings == nil || *r.Ratings != (eval.RatingStats{People: 2, Ratings: 4}) {
		t.Errorf("ratings are %+v, want 4 of 2 people", r.Ratings)
	}
	d := r.Comparisons[0].Metrics["rmse"]
	if !near(d.Value, math.Sqrt(13./4)-math.Sqrt(11./4)) || d.Helped != 0.5 || d.Hurt != 0.5 {
		t.Errorf("difference is %+v, want a helped and b hurt", d)
	}
	// Swapping a or b alone gives the other extremes, so all four ways but the
	// one found and its mirror are further out: p is 1.
	if d.P != 1 {
		t.Errorf("p is %v, want 1", d.P)
	}
	for _, m := range r.Models[:2] {
		if _, ok := m.Metrics["ndcg@20"]; ok || m.Lists != 0 {
			t.Errorf("%s, which makes no lists, has %v", m.Name, m.Metrics)
		}
	}
	if _, ok := r.Metric("list", "rmse"); ok {
		t.Error("a model that rates nothing has an RMSE")
	}
	if _, ok := r.Comparisons[1].Metrics["rmse"]; ok || len(r.Comparisons[1].Metrics) != 0 {
		t.Errorf("a list was compared with ratings: %v", r.Comparisons[1].Metrics)
	}
}

// The paired test against all ways to swap the models for some of ten people.
func TestRMSEDifferenceIsTested(t *testing.T) {
	var rows []catalog.UserSeen
	given := []float64{1, 2, 3, 4, 5, 4, 4, 4, 4, 3}
	for i, g := range given {
		rows = append(rows, rate(history(string(rune('a'+i)), 0, 1), g, 0)...)
	}
	s := eval.LeaveLastOut(mustCollect(t, rows, 3))
	cfg := config()
	cfg.Baseline, cfg.Resamples, cfg.RatingsOnly = "three", 2000, true
	r := mustRun(t, s, cfg, rating("four", 4), rating("three", 3))
	gap := func(swapped uint) float64 {
		var four, three float64
		for i, g := range given {
			a, b := (g-4)*(g-4), (g-3)*(g-3)
			if swapped>>i&1 == 1 {
				a, b = b, a
			}
			four, three = four+a, three+b
		}
		return math.Sqrt(four/10) - math.Sqrt(three/10)
	}
	far := 0
	for swapped := range uint(1 << 10) {
		if math.Abs(gap(swapped)) >= math.Abs(gap(0))-1e-12 {
			far++
		}
	}
	d := r.Comparisons[0].Metrics["rmse"]
	if want := float64(far) / 1024; math.Abs(d.P-want) > 0.015 || !near(d.Value, gap(0)) { // 20,000 draws: a deviation of 0.0035
		t.Errorf("difference is %v with p %v, want %v with %v", d.Value, d.P, gap(0), want)
	}
	if d.Helped != 0.6 || d.Hurt != 0.4 {
		t.Errorf("%v are helped and %v hurt, want the 0.6 with 4 or 5 stars and the others", d.Helped, d.Hurt)
	}
	if r.Models[0].Lists != 0 || len(r.Models[0].Metrics) != 2 {
		t.Errorf("metrics are %v, want those of ratings alone", r.Models[0].Metrics)
	}
}

func TestRatingsThatAreNoNumbersEndTheRun(t *testing.T) {
	s := eval.LeaveLastOut(mustCollect(t, rate(history("a", 0, 1), 3, 4), 3))
	broken := errors.New("no factors")
	failing := rating("failing", 1)
	failing.Rate = func(context.Context, catalog.UserID, []eval.Seen, []uint32, []float32) error { return broken }
	for _, c := range []struct {
		m    eval.Model
		want error
	}{{rating("nan", float32(math.NaN())), catalog.ErrInvalid}, {rating("inf", float32(math.Inf(1))), catalog.ErrInvalid}, {failing, broken}} {
		if _, err := eval.Run(t.Context(), s, []eval.Model{c.m}, config()); !errors.Is(err, c.want) {
			t.Errorf("%s: error is %v, want %v", c.m.Name, err, c.want)
		}
	}
	cfg := config()
	cfg.RatingsOnly = true
	if _, err := eval.Run(t.Context(), s, []eval.Model{fixed("list", 1)}, cfg); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("a list among ratings: error is %v, want ErrInvalid", err)
	}
	unrated := eval.LeaveLastOut(mustCollect(t, history("a", 0, 1), 3))
	r := mustRun(t, unrated, config(), rating("three", 3))
	if _, ok := r.Metric("three", "rmse"); ok || !slices.Contains(r.Warnings, "no movie of the test events is rated: RMSE and MAE are unknown") {
		t.Errorf("metrics are %v, warnings %q", r.Models[0].Metrics, r.Warnings)
	}
}

func TestRatingsShare(t *testing.T) {
	rows := smallWorld(16, 50, 80)
	for i := range rows {
		rows[i].Rated = i%5 != 0
	}
	d := mustCollect(t, rows, 80)
	s, err := eval.RatingsShare(d, 0.2, 1)
	if err != nil {
		t.Fatal(err)
	}
	all, held := 0, 0
	for i, truth := range s.Truth {
		held += len(truth)
		for _, x := range truth {
			if !x.Rated {
				t.Fatalf("user %d: movie %d was held out and not rated", i, x.Movie)
			}
		}
		for _, x := range d.Users[i].Seen {
			if x.Rated {
				all++
			}
		}
	}
	if want := int(0.2 * float64(all)); held != want {
		t.Errorf("%d of %d ratings are held out, want %d", held, all, want)
	}
	other, err := eval.RatingsShare(d, 0.2, 2)
	if err != nil || reflect.DeepEqual(other.Truth, s.Truth) {
		t.Errorf("seeds 1 and 2 hold out the same, %v", err)
	}
	for _, share := range []float64{0, 1, math.NaN()} {
		if _, err := eval.RatingsShare(d, share, 1); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("share %v: error is %v, want ErrInvalid", share, err)
		}
	}
	if _, err := eval.RatingsShare(mustCollect(t, history("a", 0, 1), 3), 0.2, 1); !errors.Is(err, eval.ErrSplit) {
		t.Errorf("no ratings: error is %v, want ErrSplit", err)
	}
}

func TestSweepByRMSETakesTheLeast(t *testing.T) {
	s := innerSplit(t)
	r, err := eval.Sweep(t.Context(), s, []eval.Candidate{
		{Name: "five", Rate: rating("", 5).Rate}, {Name: "three", Rate: rating("", 3).Rate}, {Name: "nearly", Rate: rating("", 3.01).Rate}, {Name: "list", List: fixed("", 1).List},
	}, "rmse", config())
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, row := range r.Rows {
		order = append(order, row.Name)
	}
	if order[2] != "five" || order[3] != "list" || r.Rows[2].Tied || r.Rows[3].Tied || !r.Rows[1].Tied || !(r.Rows[2].Behind.Value > 0) {
		t.Errorf("order is %q, rows %+v; want three and nearly tied, five behind, the list last", order, r.Rows)
	}
	if _, err := eval.Sweep(t.Context(), s, []eval.Candidate{{Name: "list", List: fixed("", 1).List}}, "rmse", config()); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("error is %v, want ErrInvalid: nothing rates", err)
	}
}
