package recommender_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/experiment"
	"marquee/recommender/history"
)

// A rememberer has one entry in memory.
type rememberer struct{ entry history.Entry }

func (r rememberer) Of(context.Context, catalog.UserID) (history.Entry, bool, error) {
	return r.entry, true, nil
}

func (r rememberer) Recall(catalog.UserID) (e history.Entry, fresh, known bool) {
	return r.entry, true, true
}

// The rows of a history that is remembered are those of the bundle that serves, whichever
// was asked before.
func TestRowsFollowTheBundle(t *testing.T) {
	memory := rememberer{history.Entry{Seen: []catalog.Seen{{Movie: "x-02"}, {Movie: "y-01"}}, Rows: &history.Rows{}}}
	s := recommender.New(memory, "", time.Now)
	for _, step := range []struct {
		bundle string
		gone   catalog.MovieID
		row    int // of the movie that is known; -1 if none is
	}{{"x", "", 2}, {"y", "", 1}, {"x", "", 2}, {"x", "x-02", -1}, {"y", "", 1}} {
		if step.gone != "" {
			s.SetGone(99, step.gone)
		}
		if err := s.Swap(sample(t, step.bundle, 4)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time from what was kept
			var p recommender.Person
			s.Recall("u", &p)
			for _, c := range []recommender.Call{{User: "u", N: 2}, {User: "u", N: 2, Person: &p}} {
				taste := must(t)(s.Recommend(t.Context(), c)).Taste
				got := -1
				if len(taste.Watched) > 0 {
					got = int(taste.Watched[0].Row)
				}
				if known := min(1, step.row+1); got != step.row || len(taste.Watched) != known || taste.Unknown != 2-known {
					t.Errorf("bundle %s: %+v, want row %d", step.bundle, taste, step.row)
				}
			}
		}
	}
}

// several are people by the movie that they began with: each watched as many from there on.
type several int

func (w several) Of(_ context.Context, u catalog.UserID) (history.Entry, bool, error) {
	var e history.Entry
	first := 0
	if _, err := fmt.Sscan(string(u), &first); err != nil {
		return e, false, err
	}
	for i := range int(w) {
		e.Seen = append(e.Seen, catalog.Seen{Movie: catalog.MovieID(fmt.Sprintf("x-%02d", first+i)), Rated: true, Rating: float64(1 + (first+i)%5)})
	}
	return e, true, nil
}

// One Person after another in the same room makes the lists that each has alone, and what
// is made of one later on, for a shadow arm, is made of that one.
func TestPersonIsUsedAgain(t *testing.T) {
	now := time.Now()
	s := recommender.New(several(4), "", func() time.Time { return now })
	if err := s.Swap(sample(t, "x", 20)); err != nil {
		t.Fatal(err)
	}
	e := catalog.Experiment{
		Name: "x", Layer: "default", Salt: "x", To: 1, Start: now.Add(-time.Hour), Mode: catalog.ExperimentShadow,
		Arms: []catalog.ExperimentArm{{Name: "control", Weight: 1}, {Name: "same", Weight: 1}},
	}
	set, err := experiment.NewSet([]catalog.Experiment{e})
	if err != nil {
		t.Fatal(err)
	}
	s.Experiments(set)
	var p recommender.Person
	const people = 10
	for i := range people {
		u := catalog.UserID(fmt.Sprint(i))
		p.Reset()
		s.Read(t.Context(), u, &p)
		c := recommender.Call{User: u, N: 16}
		alone := ask(t, s, c)
		c.Person = &p
		again := ask(t, s, c)
		if !reflect.DeepEqual(alone.Taste, again.Taste) || !slices.Equal(alone.List.Items, again.List.Items) {
			t.Errorf("person %d: %+v, alone %+v", i, again.Taste, alone.Taste)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.RunShadows(ctx) }()
	for began := time.Now(); s.Shadows()[0].Lists < 2*people && time.Since(began) < 10*time.Second; {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	if x := s.Shadows()[0]; x.Lists != 2*people || x.Overlap != 1 {
		t.Errorf("%+v, want what was served", x)
	}
}

// Until a Person is reset, another list of it leaves the ones before as they are.
func TestAnswersHoldUntilReset(t *testing.T) {
	memory := rememberer{history.Entry{Seen: []catalog.Seen{{Movie: "x-02"}, {Movie: "y-01"}}, Rows: &history.Rows{}}}
	s := recommender.New(memory, "", time.Now)
	var p recommender.Person
	s.Recall("u", &p)
	var answers []recommender.Answer
	want := []uint32{2, 1, 2}
	for i, bundle := range []string{"x", "y", "x"} {
		if err := s.Swap(sample(t, bundle, 4)); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: 2, Person: &p})))
		for k, a := range answers {
			if w := a.Taste.Watched; len(w) != 1 || w[0].Row != want[k] {
				t.Errorf("after %d lists the taste of list %d is %+v, want row %d", i+1, k, w, want[k])
			}
		}
	}
}
