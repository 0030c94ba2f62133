package model_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/model"
)

func TestPreference(t *testing.T) {
	for _, c := range []struct {
		seen catalog.Seen
		want float64
	}{
		{catalog.Seen{}, 3},
		{catalog.Seen{Rated: true, Rating: 10}, 5},
		{catalog.Seen{Rated: true, Rating: 1}, 1},
		{catalog.Seen{Rated: true, Rating: 1, Shared: true, Share: 1}, 1}, // the rating has the last word
		{catalog.Seen{Shared: true, Share: 0.19}, 1},
		{catalog.Seen{Shared: true, Share: 0.2}, 3},
		{catalog.Seen{Shared: true, Share: 0.5}, 4},
		{catalog.Seen{Shared: true, Share: 0.7}, 5},
		{catalog.Seen{Shared: true, Share: 1}, 5},
		{catalog.Seen{Rated: true, Rating: math.NaN()}, 3},
		{catalog.Seen{Rated: true, Rating: math.NaN(), Shared: true, Share: 0.1}, 1},
		{catalog.Seen{Shared: true, Share: math.NaN()}, 3},
		{catalog.Seen{Rated: true, Rating: math.Inf(1)}, 5},
	} {
		if got := model.Preference(c.seen, catalog.Scale10); got != c.want {
			t.Errorf("preference of %+v is %v, want %v", c.seen, got, c.want)
		}
	}
}

func seqOf[T any](rows []T) func(yield func(T, error) bool) {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// However people and rows come in, data is in one order.
func TestNewDataOrder(t *testing.T) {
	at := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	row := func(u catalog.UserID, m catalog.MovieID, day int) catalog.UserSeen {
		return catalog.UserSeen{User: u, Seen: catalog.Seen{Movie: m, At: at.AddDate(0, 0, day), Rated: true, Rating: 4}}
	}
	movies := []catalog.Movie{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	d, err := model.NewData(catalog.Scale5, movies, nil, 0, seqOf([]catalog.User{{ID: "u2", Age: 7}, {ID: "other"}}), seqOf([]catalog.UserSeen{
		row("u2", "a", 1), row("u2", "gone", 9), row("u2", "c", 1), row("u2", "b", 2), row("u1", "c", 3),
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Users) != 2 || d.Users[0].ID != "u1" || d.Users[1].Age != 7 {
		t.Fatalf("users %+v", d.Users)
	}
	var got []uint32
	for _, s := range d.Of(1) {
		got = append(got, s.Movie)
	}
	if !slices.Equal(got, []uint32{1, 0, 2}) {
		t.Errorf("rows of u2 are %v, want b, then a and c of one time in their order", got)
	}
	if _, err := model.NewData(catalog.Scale5, movies, nil, 0, seqOf[catalog.User](nil), seqOf([]catalog.UserSeen{row("u2", "a", 1), row("u1", "a", 1), row("u2", "b", 1)})); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("rows of one person in two places: %v, want invalid", err)
	}
}

// Every row is in the training part or held out, never in both.
func TestSplit(t *testing.T) {
	d := &model.Data{Scale: catalog.Scale5, Movies: make([]catalog.Movie, 20), Users: []catalog.User{{ID: "a"}, {ID: "b"}, {ID: "c"}}, Starts: []int64{0, 1, 3, 13}}
	for i := range 13 {
		d.Seen = append(d.Seen, model.Seen{Movie: uint32(i)})
	}
	train, held := d.Split(0.2)
	for i, want := range []int{0, 1, 2} {
		if len(held[i]) != want || len(held[i])+len(train.Of(i)) != len(d.Of(i)) {
			t.Errorf("person %d: %d held out and %d left of %d, want %d held out", i, len(held[i]), len(train.Of(i)), len(d.Of(i)), want)
		}
		for _, h := range held[i] {
			if slices.Contains(train.Of(i), h) {
				t.Errorf("person %d: movie %d in both parts", i, h.Movie)
			}
		}
	}
}

// Splitting a crowd costs the memory of what is kept, and not several times that.
func TestSplitAllocatesOnce(t *testing.T) {
	d := &model.Data{Scale: catalog.Scale5, Movies: make([]catalog.Movie, 10), Starts: []int64{0}}
	for range 1000 {
		d.Users = append(d.Users, catalog.User{})
		d.Seen = append(d.Seen, make([]model.Seen, 10)...)
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	var train *model.Data
	allocs := testing.AllocsPerRun(3, func() { train, _ = d.Split(0.2) })
	if len(train.Seen) != 8000 || cap(train.Seen) > 9000 || allocs > 5 {
		t.Errorf("%v allocations, room for %d rows of which %d are kept; want 4, and 8000", allocs, cap(train.Seen), len(train.Seen))
	}
}

func TestCheckCountsHistories(t *testing.T) {
	d := &model.Data{
		Scale: catalog.Scale{Min: 0.7, Max: 4.9, Step: 0.7}, Movies: []catalog.Movie{{ID: "a"}, {ID: "b"}},
		Users: []catalog.User{{ID: "u1"}, {ID: "u2"}}, Starts: []int64{0, 1, 2},
		Seen: []model.Seen{{Movie: 0, Rated: true, Rating: 0.7}, {Movie: 1, Rated: true, Rating: 4.9}}, // float32 has neither end exactly
	}
	if err := d.Check(); err != nil {
		t.Errorf("two histories: %v", err)
	}
	d.Starts = []int64{0, 2, 2} // as Split may leave a person with nothing
	if err := d.Check(); !errors.Is(err, model.ErrData) {
		t.Errorf("one history and an empty one: %v, want ErrData", err)
	}
}

type config struct {
	Dims   int     `json:"dims"`
	Lambda float64 `json:"lambda"`
}

func (c config) Validate() error {
	if !(c.Lambda >= 0) {
		return errors.New("lambda is negative")
	}
	return nil
}

func TestSettings(t *testing.T) {
	given, err := model.With([]byte(`{"dims":8}`), map[string]float64{"lambda": 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := model.Settings(config{Dims: 64, Lambda: 1}, given); err != nil || c != (config{8, 0.5}) {
		t.Errorf("settings %+v, %v", c, err)
	}
	for _, bad := range []string{`{"dim":8}`, `{"lambda":-1}`, `{"dims":8}{}`, `[]`, `{"dims":"x"}`} {
		if _, err := model.Settings(config{}, []byte(bad)); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: %v, want invalid", bad, err)
		}
	}
	if _, err := model.With(nil, map[string]float64{"lambda": math.NaN()}); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("NaN: %v, want invalid", err)
	}
}

// Data that came without times have no order, and what is held out of them is drawn
// by lot: the first movies by row are nobody's newest.
func TestOrdered(t *testing.T) {
	d := &model.Data{Scale: catalog.Scale5, Movies: make([]catalog.Movie, 100), Users: []catalog.User{{ID: "a"}, {ID: "b"}}, Starts: []int64{0, 50, 100}}
	for i := range 100 {
		d.Seen = append(d.Seen, model.Seen{Movie: uint32(i % 50)})
	}
	if d.Ordered() {
		t.Error("rows of one time are in order")
	}
	train, held := d.SplitRandom(0.2, 1)
	again, _ := d.SplitRandom(0.2, 1)
	if !slices.Equal(train.Seen, again.Seen) {
		t.Error("the same seed draws others")
	}
	first := 0
	for i := range d.Users {
		if len(held[i]) != 10 || len(train.Of(i)) != 40 {
			t.Fatalf("person %d: %d held out and %d left, want 10 and 40", i, len(held[i]), len(train.Of(i)))
		}
		for _, s := range held[i] {
			if slices.Contains(train.Of(i), s) {
				t.Errorf("person %d: movie %d in both parts", i, s.Movie)
			}
			if s.Movie < 10 {
				first++
			}
		}
	}
	if first > 10 || slices.Equal(held[0], held[1]) {
		t.Errorf("%d of 20 held out are among the first ten movies, or both people lose the same: want a draw", first)
	}
	for i := range d.Seen {
		d.Seen[i].At = -int64(i)
	}
	if !d.Ordered() {
		t.Error("rows of different times are not in order")
	}
}
