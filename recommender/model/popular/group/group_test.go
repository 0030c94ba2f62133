package group_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/popular/group"
)

func quiet(string, int, int) {}

// A town has ten women of 30 who watch movie 0 and rate it 5, of whom four also
// watch movie 3, and thirty men of 50 who watch movie 1 and rate it 3. Nobody
// watches movie 2. One woman of 30 is a diver, and watches movie 4 besides.
func town() *model.Data {
	d := &model.Data{Scale: catalog.Scale5, Movies: make([]catalog.Movie, 5), Starts: []int64{0}}
	add := func(u catalog.User, seen ...model.Seen) {
		u.ID = catalog.UserID(fmt.Sprintf("u%02d", len(d.Users)))
		d.Users, d.Seen = append(d.Users, u), append(d.Seen, seen...)
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	liked, fair := model.Seen{Movie: 0, Rated: true, Rating: 5}, model.Seen{Movie: 1, Rated: true, Rating: 3}
	for i := range 9 {
		seen := []model.Seen{liked}
		if i < 4 {
			seen = append(seen, model.Seen{Movie: 3})
		}
		add(catalog.User{Age: 30, Gender: "F"}, seen...)
	}
	add(catalog.User{Age: 30, Gender: "F", Occupation: "diver"}, liked, model.Seen{Movie: 4})
	for range 30 {
		add(catalog.User{Age: 50, Gender: "M"}, fair)
	}
	return d
}

func plain() group.Config {
	return group.Config{HalfLife: 0, Liking: 0, Lean: 0, RatingPrior: 0, GroupPeople: 10, CellPeople: 4}
}

func count(t *testing.T, d *model.Data, c group.Config) *group.Stats {
	t.Helper()
	s, err := group.New(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantClose(t *testing.T, what string, got float32, want float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) < 1e-5) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func scores(t *testing.T, s *group.Stats, u catalog.User, want model.Basis) []float32 {
	t.Helper()
	out := make([]float32, s.Len())
	if got := s.Score(u, out); got != want {
		t.Errorf("basis of %+v is %d, want %d", u, got, want)
	}
	return out
}

func TestEveryone(t *testing.T) {
	s := count(t, town(), plain())
	got := scores(t, s, catalog.User{}, model.Everyone)
	for movie, watches := range []float64{10, 30, 0, 4, 1} {
		wantClose(t, fmt.Sprint("score of movie ", movie), got[movie], math.Log1p(watches))
	}
	ratings := make([]float32, 4)
	s.Predict(catalog.User{}, []uint32{0, 1, 2, 99}, ratings)
	for i, want := range []float64{5, 3, 3.5, 3.5} {
		wantClose(t, fmt.Sprint("mean ", i), ratings[i], want)
	}
}

// TestGroupByHand: of the women's 15 watches 10 are of movie 0, as if 30 of the 45
// of everyone were.
func TestGroupByHand(t *testing.T) {
	s := count(t, town(), plain())
	woman := catalog.User{Age: 31, Gender: "F"}
	got := scores(t, s, woman, model.Group)
	wantClose(t, "movie 0", got[0], math.Log1p(45*10./15))
	wantClose(t, "movie 3", got[3], math.Log1p(45*4./15))
	// No woman watched movie 1, which may be told only as "fewer than 4": 3 of 15.
	wantClose(t, "movie 1", got[1], math.Log1p(45*3./15))
	wantClose(t, "movie 2", got[2], 0)

	c := plain()
	c.Lean, c.RatingPrior = 40, 10 // a group starts from the watches of 40 people, 45
	s = count(t, town(), c)
	got = scores(t, s, catalog.User{Age: 31}, model.Group)
	wantClose(t, "movie 0, leaning on everyone", got[0], math.Log1p(45*(10+45*10./45)/(15+45)))
	ratings := make([]float32, 1)
	s.Predict(catalog.User{Age: 31}, []uint32{0}, ratings)
	everyone := (50 + 10*3.5) / 20
	wantClose(t, "rating of movie 0, leaning on everyone", ratings[0], (50+10*everyone)/20)
}

// TestNobodyIsTold: the diver is one of her kind, and she alone watched movie 4.
func TestNobodyIsTold(t *testing.T) {
	c := plain()
	s := count(t, town(), c)
	if got := s.Groups(); got != 6 { // ages, genders and both, twice
		t.Errorf("%d groups, want 6", got)
	}
	woman := scores(t, s, catalog.User{Age: 30, Gender: "F"}, model.Group)
	diver := scores(t, s, catalog.User{Age: 30, Gender: "F", Occupation: "diver"}, model.Group)
	for i := range woman {
		if woman[i] != diver[i] {
			t.Errorf("movie %d tells a diver from other women", i)
		}
	}
	everyone := scores(t, s, catalog.User{Occupation: "diver"}, model.Everyone)
	if woman[4] != everyone[4] {
		t.Errorf("movie 4, which one woman watched, scores %v among women, %v else", woman[4], everyone[4])
	}
	var e column.Encoder
	s.Encode(&e)
	if strings.Contains(string(e.Data), "diver") {
		t.Error("what is written names the group of one")
	}
	if strings.Contains(string(e.Data), "u09") {
		t.Error("what is written names a person")
	}
}

// TestFewAreNotTold: a movie that fewer rated than may be told has the mean of all,
// one that fewer watched than may be told has a score of their number alone, and
// nothing that is written holds anything else of them.
func TestFewAreNotTold(t *testing.T) {
	c := plain()
	c.Liking, c.HalfLife, c.RatingPrior = 1, 100, 5
	var stored [2][]byte
	for way, ratings := range [2][]float32{{1, 5}, {5, 1}} { // of movies 2 and 4, by one person each
		d := town()
		for i := range d.Users {
			if i == 3 || i == 4 {
				s := &d.Seen[d.Starts[i]]
				s.Movie, s.Rating, s.At = uint32(2*(i-2)), ratings[i-3], int64(1e13*ratings[i-3])
			}
		}
		d.Seen[len(d.Seen)-1].At = 6e13 // the newest
		s := count(t, d, c)
		got := scores(t, s, catalog.User{}, model.Everyone)
		if !(got[4] > got[2] && got[2] > 0) {
			t.Errorf("movies that one and two people watched score %v and %v, want more for two", got[2], got[4])
		}
		means := make([]float32, 3)
		s.Predict(catalog.User{}, []uint32{2, 99, 0}, means)
		if means[0] != means[1] || means[0] == means[2] {
			t.Errorf("means are %v, want that of all for the movie of one, and another for that of eight", means)
		}
		var e column.Encoder
		s.Encode(&e)
		stored[way] = e.Data
	}
	if !bytes.Equal(stored[0], stored[1]) {
		t.Error("what is written tells which of two people liked the movie that they alone rated")
	}
}

// TestFewShareAMean: four movies of one rating each, by four people, share the mean
// of the four with one that nobody rated; with three such people they have the mean
// of all.
func TestFewShareAMean(t *testing.T) {
	for _, raters := range []int{3, 4} {
		d := town()
		d.Movies = make([]catalog.Movie, 10)
		for i := range raters {
			s := &d.Seen[d.Starts[20+i]]
			s.Movie, s.Rating = uint32(5+i), float32(1+i%2)
		}
		s := count(t, d, plain())
		all := float64(10*5+26*3+1+2+1+2) / 40
		want := 1.5
		if raters == 3 {
			all = float64(10*5+27*3+1+2+1) / 40
			want = all
		}
		got := make([]float32, 5)
		s.Predict(catalog.User{}, []uint32{5, 6, 7, 9, 99}, got)
		for i, want := range []float64{want, want, want, want, all} {
			wantClose(t, fmt.Sprintf("%d raters: mean %d", raters, i), got[i], want)
		}
	}
}

func TestTooSmallAGroupIsNotKept(t *testing.T) {
	c := plain()
	c.GroupPeople = 11
	s := count(t, town(), c)
	scores(t, s, catalog.User{Age: 30, Gender: "F"}, model.Everyone)
	scores(t, s, catalog.User{Age: 50}, model.Group)
	scores(t, s, catalog.User{Age: 17}, model.Everyone)
}

// TestFading counts back from the newest watch, whatever the clock says.
func TestFading(t *testing.T) {
	d := town()
	day := int64(24 * 3600 * 1e6)
	for i := range d.Seen {
		d.Seen[i].At = 5000 * day
		if d.Seen[i].Movie == 1 {
			d.Seen[i].At -= 30 * day
		}
	}
	c := plain()
	c.HalfLife = 15
	got := scores(t, count(t, d, c), catalog.User{}, model.Everyone)
	wantClose(t, "movie 0", got[0], math.Log1p(10))
	wantClose(t, "movie 1, two half-lives old", got[1], math.Log1p(30./4))
	c = plain()
	c.Liking = 1
	got = scores(t, count(t, d, c), catalog.User{}, model.Everyone)
	wantClose(t, "movie 1, rated 3 of 5", got[1], math.Log1p(18))
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := group.New(ctx, town(), plain(), quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
	if _, err := group.New(t.Context(), &model.Data{Starts: []int64{0}}, plain(), quiet); !errors.Is(err, model.ErrData) {
		t.Errorf("error %v of no data, want ErrData", err)
	}
}

func TestEveryFaultIsTold(t *testing.T) {
	err := group.Config{HalfLife: math.NaN(), Lean: -1}.Validate()
	for _, name := range []string{"half_life", "lean", "group_people", "cell_people"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
	if err := group.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}
