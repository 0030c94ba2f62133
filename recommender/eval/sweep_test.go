package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// spoiled lists the truth, but for the first bad people, who get random lists.
func spoiled(s *eval.Split, name string, bad int) eval.Candidate {
	good, random := oracle(s), eval.Random(s.Train, 1)
	return eval.Candidate{Name: name, Params: map[string]float64{"bad": float64(bad)}, List: func(ctx context.Context, u catalog.UserID, train []eval.Seen, n int) ([]uint32, error) {
		if u < catalog.UserID(fmt.Sprintf("u%03d", bad)) {
			return random.List(ctx, u, train, n)
		}
		return good.List(ctx, u, train, n)
	}}
}

func innerSplit(t *testing.T) *eval.Split {
	return mustLastShare(t, mustCollect(t, smallWorld(12, 100, 80), 80), 0.2).Inner()
}

func TestSweepSortsAndTies(t *testing.T) {
	s := innerSplit(t)
	candidates := []eval.Candidate{
		spoiled(s, "none", 100), spoiled(s, "most", 1), spoiled(s, "all", 0), spoiled(s, "half", 50),
		{Name: "nothing", List: fixed("", nil...).List},
	}
	cfg := config()
	r, err := eval.Sweep(t.Context(), s, candidates, "ndcg@10", cfg)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, row := range r.Rows {
		order = append(order, row.Name)
	}
	if got, want := strings.Join(order, " "), "all most half none nothing"; got != want {
		t.Errorf("order is %q, want %q", got, want)
	}
	for _, row := range r.Rows {
		if want := row.Name == "all" || row.Name == "most"; row.Tied != want {
			t.Errorf("%s is tied with the best: %t, behind %v; want %t", row.Name, row.Tied, row.Behind, want)
		}
	}
	if got := r.Simplest().Name; got != "most" {
		t.Errorf("simplest is %q, want most: it was given before all and is tied with it", got)
	}
	if r.Split.Scored != 90 {
		t.Errorf("report says %d users, want 90", r.Split.Scored)
	}
	text, err := json.Marshal(r)
	if err != nil || !bytes.Contains(text, []byte(`"params":{"bad":1}`)) {
		t.Errorf("JSON is %s, %v", text, err)
	}
	var table bytes.Buffer
	if err := r.WriteTable(&table, 3); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"5 candidates", "90 users", "the first given is most and the one of the greatest coverage most", "bad", "warning: nothing: "} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("table lacks %q:\n%s", want, table.String())
		}
	}
	if strings.Contains(table.String(), "none") {
		t.Errorf("table of the best 3 holds the fourth:\n%s", table.String())
	}
}

func TestSweepByCoverageHasNoTies(t *testing.T) {
	s := innerSplit(t)
	r, err := eval.Sweep(t.Context(), s, []eval.Candidate{
		{Name: "popularity", List: eval.Popularity(s.Train).List},
		{Name: "random", List: eval.Random(s.Train, 1).List},
	}, "coverage@20", config())
	if err != nil {
		t.Fatal(err)
	}
	if r.Rows[0].Name != "random" || r.Rows[1].Tied || r.Simplest().Name != "random" {
		t.Errorf("rows are %+v, want random first and alone", r.Rows)
	}
}

func TestSweepRefuses(t *testing.T) {
	s := innerSplit(t)
	good := []eval.Candidate{spoiled(s, "a", 5)}
	outer := mustLastShare(t, mustCollect(t, smallWorld(12, 10, 80), 80), 0.2)
	if _, err := eval.Sweep(t.Context(), outer, good, "ndcg@20", config()); !errors.Is(err, eval.ErrSplit) {
		t.Errorf("outer split: error is %v, want ErrSplit", err)
	}
	if _, err := eval.Sweep(t.Context(), s, good, "ndcg@7", config()); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "ndcg@10") {
		t.Errorf("metric ndcg@7: error is %v, want ErrInvalid with the names there are", err)
	}
	if _, err := eval.Sweep(t.Context(), s, nil, "ndcg@20", config()); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("no candidates: error is %v, want ErrInvalid", err)
	}
	bad := []eval.Candidate{spoiled(s, "a", 5)}
	bad[0].Params["x"] = math.NaN()
	if _, err := eval.Sweep(t.Context(), s, bad, "ndcg@20", config()); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("NaN as a parameter: error is %v, want ErrInvalid", err)
	}
}
