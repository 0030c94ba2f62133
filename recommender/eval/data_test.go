package eval_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
)

func TestCollectOrdersAndCounts(t *testing.T) {
	rows := append(history("b", 3, 1, 2), history("a", 0)...)
	rows = append(rows, history("b", 9)...) // not in a catalog of 5
	tie := history("a", 4)                  // at the time of a's movie 0
	rows = append(rows, tie...)
	d := mustCollect(t, rows, 5)
	if len(d.Users) != 2 || d.Users[0].User != "a" || d.Users[1].User != "b" {
		t.Fatalf("users are %+v, want a and b", d.Users)
	}
	if got, want := rowsOf(d.Users[0].Seen), []uint32{0, 4}; !slices.Equal(got, want) {
		t.Errorf("history of a is %v, want %v: ties by movie id", got, want)
	}
	if got, want := rowsOf(d.Users[1].Seen), []uint32{3, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("history of b is %v, want %v: newest first", got, want)
	}
	if d.Unknown != 1 || d.Repeated != 0 || d.Interactions() != 5 {
		t.Errorf("unknown %d, repeated %d, interactions %d; want 1, 0, 5", d.Unknown, d.Repeated, d.Interactions())
	}
	if got, want := d.Watchers(), []int{1, 1, 1, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("watchers are %v, want %v", got, want)
	}
}

func TestCollectTiesFollowIDsNotRows(t *testing.T) {
	d, err := eval.Collect(sequence(history("a", 0)), []catalog.MovieID{"z", "m000"})
	if err != nil {
		t.Fatal(err)
	}
	if d.Users[0].Seen[0].Movie != 1 {
		t.Fatalf("m000 is row %d, want 1", d.Users[0].Seen[0].Movie)
	}
	rows := append(history("a", 0), history("a", 0)...)
	rows[1].Movie = "z"
	if d, err = eval.Collect(sequence(rows), []catalog.MovieID{"z", "m000"}); err != nil {
		t.Fatal(err)
	}
	if got, want := rowsOf(d.Users[0].Seen), []uint32{1, 0}; !slices.Equal(got, want) {
		t.Errorf("order is %v, want %v: m000 before z", got, want)
	}
}

func TestCollectFoldsRepeatedRows(t *testing.T) {
	rows := history("a", 1, 1, 1) // the first is the newest
	rows[1].Rated, rows[1].Rating = true, 5
	d := mustCollect(t, rows, 2)
	if d.Repeated != 2 || len(d.Users[0].Seen) != 1 || d.Users[0].Seen[0].Rated {
		t.Errorf("got %+v with %d repeated, want the newest row alone and 2", d.Users[0].Seen, d.Repeated)
	}
}

func TestCollectDoesNotDependOnOrder(t *testing.T) {
	rows := smallWorld(1, 40, 60)
	rows = append(rows, rows[:50]...)
	for i := range rows[:25] { // repeated rows that differ
		rows[i].Rating, rows[i].Days = 1, i
	}
	want := mustCollect(t, rows, 60)
	for seed := range uint64(5) {
		shuffled := slices.Clone(rows)
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		if got := mustCollect(t, shuffled, 60); !reflect.DeepEqual(got, want) {
			t.Fatalf("shuffle %d of the rows gives other data", seed)
		}
	}
}

func TestHistoryGoesThereAndBack(t *testing.T) {
	row := catalog.UserSeen{User: "a", Seen: catalog.Seen{
		Movie: "m001", At: time.Date(2022, 11, 14, 12, 23, 12, 596_000_000, time.UTC),
		Rating: 3.5, Rated: true, Share: 0.25, Shared: true, Days: 3,
	}}
	d := mustCollect(t, []catalog.UserSeen{row}, 2)
	if got := d.History(d.Users[0].Seen); len(got) != 1 || got[0] != row.Seen {
		t.Errorf("history is %+v, want %+v", got, row.Seen)
	}
}

func TestCollectRefuses(t *testing.T) {
	seen := func(s catalog.Seen) []catalog.UserSeen {
		s.Movie = "m000"
		return []catalog.UserSeen{{User: "a", Seen: s}}
	}
	for name, rows := range map[string][]catalog.UserSeen{
		"NaN rating":      seen(catalog.Seen{Rated: true, Rating: math.NaN()}),
		"infinite rating": seen(catalog.Seen{Rated: true, Rating: math.Inf(1)}),
		"share above 1":   seen(catalog.Seen{Shared: true, Share: 1.1}),
	} {
		if _, err := eval.Collect(sequence(rows), movieIDs(1)); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: error is %v, want ErrInvalid", name, err)
		}
	}
	if _, err := eval.Collect(sequence(nil), []catalog.MovieID{"a", "b", "a"}); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("a movie twice: error is %v, want ErrInvalid", err)
	}
	broken := errors.New("gone")
	failing := func(yield func(catalog.UserSeen, error) bool) { yield(catalog.UserSeen{}, broken) }
	if _, err := eval.Collect(failing, movieIDs(1)); !errors.Is(err, broken) {
		t.Errorf("error is %v, want that of the sequence", err)
	}
}
