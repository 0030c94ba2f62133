package eval_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/eval"
	"pgregory.net/rapid"
)

func mustLastShare(t testing.TB, d *eval.Data, share float64) *eval.Split {
	t.Helper()
	s, err := eval.LastShare(d, share)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// splits are all protocols on one data set, their inner splits included. The
// first ones hold out something of everyone who has two movies.
func splits(t testing.TB, d *eval.Data) map[string]*eval.Split {
	out := map[string]*eval.Split{
		"leave one out": eval.LeaveOneOut(d, 3),
		"newest":        eval.LeaveLastOut(d),
		"last share":    mustLastShare(t, d, 0.2),
		"sampled":       sampledOf(t, d, 9),
	}
	for name, f := range map[string]func() (*eval.Split, error){
		"all: global time":   func() (*eval.Split, error) { return eval.GlobalTimeShare(d, 0.3) },
		"all: ratings share": func() (*eval.Split, error) { return eval.RatingsShare(d, 0.2, 1) },
		"all: cold movies":   func() (*eval.Split, error) { return eval.ColdMovies(d, 0.2, 1, 1) },
	} {
		s, err := f()
		if err == nil {
			out[name] = s
		} else if !errors.Is(err, eval.ErrSplit) {
			t.Fatal(err)
		}
	}
	for name, s := range maps.Clone(out) {
		out[name+", inner"] = s.Inner()
	}
	return out
}

// whole is what a split was cut from.
func whole(s *eval.Split) [][]eval.Seen {
	out := make([][]eval.Seen, len(s.Truth))
	for i, truth := range s.Truth {
		out[i] = append(slices.Clone(truth), s.Train.Users[i].Seen...)
		slices.SortFunc(out[i], func(a, b eval.Seen) int { return int(a.Movie) - int(b.Movie) })
	}
	return out
}

// Nothing is lost and nothing is in both parts.
func TestSplitsArePartitions(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := smallWorld(rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 12).Draw(rt, "users"), 40)
		d := mustCollect(t, rows, 40)
		for name, s := range splits(t, d) {
			from := whole(&eval.Split{Train: d, Truth: make([][]eval.Seen, len(d.Users))})
			if s.IsInner() { // an inner split is a partition of the outer training part
				outer := splits(t, d)[name[:len(name)-len(", inner")]]
				from = whole(&eval.Split{Train: outer.Train, Truth: make([][]eval.Seen, len(d.Users))})
			}
			if got := whole(s); !reflect.DeepEqual(got, from) {
				rt.Fatalf("%s: train and truth together are not the data", name)
			}
			if !slices.Equal(s.Train.Movies, d.Movies) || len(s.Train.Users) != len(d.Users) {
				rt.Fatalf("%s: train has other people or movies than the data", name)
			}
			for i, all := range from {
				if strings.HasPrefix(name, "all: ") {
					break
				}
				if len(all) >= 2 != (len(s.Truth[i]) > 0) || len(s.Train.Users[i].Seen) == 0 {
					rt.Fatalf("%s: user with %d movies has %d to train and %d of truth", name, len(all), len(s.Train.Users[i].Seen), len(s.Truth[i]))
				}
			}
		}
	})
}

// Half open: what is held out by time is never older than what is left.
func TestSplitsByTimeHoldOutTheNewest(t *testing.T) {
	d := mustCollect(t, smallWorld(2, 50, 60), 60)
	for _, s := range []*eval.Split{mustLastShare(t, d, 0.3), eval.LeaveLastOut(d)} {
		for i, truth := range s.Truth {
			for _, x := range truth {
				newest := s.Train.Users[i].Seen[0]
				if x.At < newest.At || x.At == newest.At && d.Movies[x.Movie] > d.Movies[newest.Movie] {
					t.Fatalf("%s: truth of user %s holds movie %d, older than movie %d of train", s.Protocol, d.Users[i].User, x.Movie, newest.Movie)
				}
			}
		}
	}
}

func TestLastShareCounts(t *testing.T) {
	for _, c := range []struct {
		n     int
		share float64
		want  int
	}{{1, 0.2, 0}, {2, 0.2, 1}, {4, 0.2, 1}, {5, 0.2, 1}, {9, 0.2, 1}, {10, 0.2, 2}, {100, 0.29, 29}, {2, 0.99, 1}, {3, 0.99, 2}, {3, 1 - 1e-12, 2}} {
		rows := make([]int, c.n)
		for i := range rows {
			rows[i] = i
		}
		s := mustLastShare(t, mustCollect(t, history("a", rows...), c.n), c.share)
		if got := len(s.Truth[0]); got != c.want {
			t.Errorf("%v of %d movies: %d held out, want %d", c.share, c.n, got, c.want)
		}
	}
	for _, share := range []float64{0, 1, -1} {
		if _, err := eval.LastShare(&eval.Data{}, share); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("share %v: error is %v, want ErrInvalid", share, err)
		}
	}
}

// Nothing but ids, times and the seed decides, so another order of rows or movies
// changes no split.
func TestSplitsDoNotDependOnRows(t *testing.T) {
	rows := smallWorld(17, 30, 60)
	ids := movieIDs(60)
	slices.Reverse(ids)
	turned, err := eval.Collect(sequence(rows), ids)
	if err != nil {
		t.Fatal(err)
	}
	byID := func(s *eval.Split) [][]catalog.MovieID {
		out := make([][]catalog.MovieID, len(s.Truth))
		for i, truth := range s.Truth {
			for _, x := range truth {
				out[i] = append(out[i], s.Train.Movies[x.Movie])
			}
		}
		return out
	}
	want := splits(t, mustCollect(t, rows, 60))
	for name, s := range splits(t, turned) {
		if !reflect.DeepEqual(byID(s), byID(want[name])) {
			t.Errorf("%s: another order of movies holds out others", name)
		}
	}
}

// The seed and the person's id decide, so another person changes nothing.
func TestLeaveOneOutDependsOnThePersonAlone(t *testing.T) {
	rows := smallWorld(4, 30, 60)
	all := eval.LeaveOneOut(mustCollect(t, rows, 60), 7)
	some := eval.LeaveOneOut(mustCollect(t, slices.DeleteFunc(slices.Clone(rows), func(r catalog.UserSeen) bool { return r.User < "u015" }), 60), 7)
	if got, want := some.Truth, all.Truth[15:]; !reflect.DeepEqual(got, want) {
		t.Error("leaving out half the people changed what is held out of the others")
	}
	if other := eval.LeaveOneOut(mustCollect(t, rows, 60), 8); reflect.DeepEqual(other.Truth, all.Truth) {
		t.Error("seeds 7 and 8 hold out the same movies")
	}
}

// Every movie of a history is held out about as often as any other.
func TestLeaveOneOutIsFair(t *testing.T) {
	var rows []catalog.UserSeen
	for u := range 2000 {
		rows = append(rows, history(fmt.Sprintf("u%d", u), 0, 1, 2, 3)...)
	}
	counts := make([]int, 4)
	for _, truth := range eval.LeaveOneOut(mustCollect(t, rows, 4), 1).Truth {
		counts[truth[0].Movie]++
	}
	for row, n := range counts { // 500 expected, standard deviation 19
		if n < 420 || n > 580 {
			t.Errorf("movie %d of 4 was held out %d times of 2000, want about 500", row, n)
		}
	}
}

func TestHeldJoinsOutsideParts(t *testing.T) {
	train := mustCollect(t, append(history("a", 1, 2), history("b", 3)...), 6)
	truth := mustCollect(t, append(history("a", 2, 4), history("c", 5)...), 6)
	s, both, err := eval.Held("outside", train, truth)
	if err != nil {
		t.Fatal(err)
	}
	if both != 1 {
		t.Errorf("%d rows in both parts, want 1", both)
	}
	want := map[catalog.UserID][]uint32{"a": {4}, "b": {}, "c": {5}}
	for i, u := range s.Train.Users {
		if got := rowsOf(s.Truth[i]); !slices.Equal(got, want[u.User]) {
			t.Errorf("truth of %s is %v, want %v", u.User, got, want[u.User])
		}
	}
	if len(s.Train.Users) != 3 || len(train.Users) != 2 {
		t.Errorf("%d users, want 3 and the input unchanged", len(s.Train.Users))
	}
	if in := s.Inner(); !in.IsInner() || len(in.Train.Users) != 3 {
		t.Errorf("inner split is %+v, want one of 3 users", in)
	}
	if _, _, err := eval.Held("outside", train, mustCollect(t, nil, 5)); !errors.Is(err, eval.ErrSplit) {
		t.Errorf("other movies: error is %v, want ErrSplit", err)
	}
}
