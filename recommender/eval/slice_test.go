package eval_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/recommender/eval"
)

func sliceOf(t *testing.T, r *eval.Report, by, name string) eval.Slice {
	t.Helper()
	for _, s := range r.Slices {
		if s.By == by && s.Name == name {
			return s
		}
	}
	t.Fatalf("report has no slice %s %q", by, name)
	return eval.Slice{}
}

func namesOf(r *eval.Report, by string) []string {
	var out []string
	for _, s := range r.Slices {
		if s.By == by {
			out = append(out, s.Name)
		}
	}
	return out
}

// Ten people; those of an even number find their movie.
func TestSlicesOfPeople(t *testing.T) {
	var rows []catalog.UserSeen
	lists := make(map[catalog.UserID][]uint32)
	people := make(map[catalog.UserID]catalog.User)
	for i := range 10 {
		id := fmt.Sprintf("u%d", i)
		rows = append(rows, rate(history(id, 0, 1, 2), 4, 3, 3)...)
		if i < 2 {
			rows = append(rows, history(id, 0, 1, 2, 3, 4, 5, 6, 7)[3:]...)
		}
		lists[catalog.UserID(id)] = [][]uint32{{0}, {9}}[i%2]
		u := catalog.User{Age: 20, Gender: "F", Occupation: "artist"}
		switch {
		case i < 4:
			u.Age, u.Gender = 70, "M"
		case i == 4:
			u.Age, u.Gender = 0, ""
		case i == 5:
			u.Age = 17
		}
		if i >= 7 {
			u.Occupation = fmt.Sprintf("only %d", i)
		}
		people[catalog.UserID(id)] = u
	}
	rows = append(rows, history("single", 3)...) // no truth, so in no slice
	s := eval.LeaveLastOut(mustCollect(t, rows, 10))
	cfg := config()
	cfg.MinSlice = 2
	cfg.Facts.User = func(u catalog.UserID) catalog.User { return people[u] }
	mine := byUser("mine", lists)
	mine.Rate = rating("", 3).Rate
	r := mustRun(t, s, cfg, mine, rating("rates", 5))
	for by, want := range map[string][]string{
		"age":        {"18-24", "55 and over", "others"},
		"gender":     {"F", "M", "others"},
		"occupation": {"artist", "others"},
		"history":    {"1-4 movies", "5-19 movies"},
		"popularity": {"tail"}, // everyone's truth is movie 0, which nobody watched before
		"genre":      nil,
	} {
		if got := namesOf(r, by); !slices.Equal(got, want) {
			t.Errorf("slices by %s are %q, want %q", by, got, want)
		}
	}
	for _, c := range []struct {
		by, name string
		people   int
		hits     float64
		thin     bool
	}{
		{"age", "18-24", 4, 0.5, false}, {"age", "55 and over", 4, 0.5, false}, {"age", "others", 2, 0.5, false},
		{"gender", "F", 5, 0.4, false}, {"gender", "others", 1, 1, true},
		{"occupation", "artist", 7, 4. / 7, false}, {"occupation", "others", 3, 1. / 3, false},
		{"history", "1-4 movies", 8, 0.5, false},
	} {
		got := sliceOf(t, r, c.by, c.name)
		hit := got.Models[0].Metrics["hit_rate@20"]
		if got.People != c.people || got.Truth != c.people || got.Thin != c.thin || !near(hit.Value, c.hits) || hit.Interval() != (c.people > 1) {
			t.Errorf("%s %s is %+v, want %d people, hit rate %v, thin %t", c.by, c.name, got, c.people, c.hits, c.thin)
		}
		if got := got.Models[0].Metrics; !near(got["rmse"].Value, 1) || got["mrr@20"].Value != got["hit_rate@20"].Value {
			t.Errorf("%s %s: metrics are %v", c.by, c.name, got)
		}
		if got := got.Models[1]; got.Name != "rates" || len(got.Metrics) != 2 {
			t.Errorf("%s %s: a model of ratings has %v", c.by, c.name, got)
		}
		if _, ok := got.Models[0].Metrics["hit_rate@10"]; ok {
			t.Errorf("%s %s is judged at other cutoffs than the last", c.by, c.name)
		}
	}
	cfg.MinSlice = 0
	if got := mustRun(t, s, cfg, mine).Slices; got != nil {
		t.Errorf("slices are %v, want none", got)
	}
}

// A slice that is everyone has the figures of everyone, and slices of the people
// add up to them.
func TestSlicesAddUp(t *testing.T) {
	s := mustLastShare(t, mustCollect(t, smallWorld(31, 90, 80), 80), 0.2)
	cfg := config()
	cfg.MinSlice = 3
	cfg.Facts.User = func(u catalog.UserID) catalog.User {
		return catalog.User{Gender: "X", Age: 15 + int(u[3]-'0')*5}
	}
	r := mustRun(t, s, cfg, eval.Popularity(s.Train))
	all, _ := r.Metric("popularity", "ndcg@20")
	if got := sliceOf(t, r, "gender", "X").Models[0].Metrics["ndcg@20"]; got != all {
		t.Errorf("ndcg of the slice of all is %+v, want %+v", got, all)
	}
	for _, by := range []string{"age", "history"} {
		var sum float64
		n, truth := 0, 0
		for _, s := range r.Slices {
			if s.By == by {
				sum += float64(s.People) * s.Models[0].Metrics["ndcg@20"].Value
				n, truth = n+s.People, truth+s.Truth
			}
		}
		if n != r.Split.Scored || truth != r.Split.TestInteractions || !near(sum/float64(n), all.Value) {
			t.Errorf("slices by %s hold %d people, %d movies, mean ndcg %v; want %d, %d, %v", by, n, truth, sum/float64(n), r.Split.Scored, r.Split.TestInteractions, all.Value)
		}
	}
	movies := 0
	for _, name := range []string{"head", "mid", "tail"} {
		movies += sliceOf(t, r, "popularity", name).Truth
	}
	if movies != r.Split.TestInteractions {
		t.Errorf("head, mid and tail hold %d movies of truth, want %d", movies, r.Split.TestInteractions)
	}
}

// Of a's truth, 0 and 1, the first is head and drama, the second tail and both
// drama and horror. The list finds 1 at place 2.
func TestSlicesOfTruthWorkedByHand(t *testing.T) {
	var rows []catalog.UserSeen
	rows = append(rows, history("a", 0, 1, 2, 3)...)
	for _, u := range []string{"b", "c", "d", "e"} {
		rows = append(rows, history(u, 4, 0, 2)...) // 4 is held out
	}
	train := mustCollect(t, rows, 6)
	s, err := eval.LastShare(train, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config()
	cfg.MinSlice = 2
	cfg.Facts.Genres = [][]string{{"drama"}, {"drama", "horror", "drama"}, nil, nil, nil, nil}
	m := eval.Model{Name: "mine", List: func(_ context.Context, u catalog.UserID, _ []eval.Seen, _ int) ([]uint32, error) {
		return []uint32{5, 1}, nil
	}}
	r := mustRun(t, s, cfg, m)
	// Watchers in train: 0 by four, 2 by five, 3 by one. So 2 is head, 0 too (half
	// of all is more popular: mid), the rest tail.
	second := 0.6309297535714575
	for _, c := range []struct {
		by, name      string
		people, truth int
		thin          bool
		recall, ndcg  float64
	}{
		{"genre", "drama", 1, 2, true, 0.5, second / (1 + second)},
		{"genre", "horror", 1, 1, true, 1, second},
		{"genre", "unknown", 4, 4, false, 0, 0},
		{"popularity", "mid", 1, 1, true, 0, 0},
		{"popularity", "tail", 5, 5, false, 0.2, second / 5},
	} {
		got := sliceOf(t, r, c.by, c.name)
		metrics := got.Models[0].Metrics
		if got.People != c.people || got.Truth != c.truth || got.Thin != c.thin || !near(metrics["recall@20"].Value, c.recall) || !near(metrics["ndcg@20"].Value, c.ndcg) {
			t.Errorf("%s %s is %+v, want %+v", c.by, c.name, got, c)
		}
	}
	if got := namesOf(r, "popularity"); !slices.Equal(got, []string{"mid", "tail"}) {
		t.Errorf("slices by popularity are %q; nobody's truth is head", got)
	}
	cfg.Facts.Genres = cfg.Facts.Genres[1:]
	if _, err := eval.Run(t.Context(), s, []eval.Model{m}, cfg); err == nil {
		t.Error("genres of five movies of six were taken")
	}
}
