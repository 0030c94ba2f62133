package behave_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/eval/behave"
)

// world has 120 movies of three genres in turn (40 of each), films 0 to 5 of two
// series, three adult movies at the end, and 60 people who like one genre; every
// sixth is a minor.
func world(t *testing.T) behave.World {
	t.Helper()
	genres := []string{"Horror", "Comedy", "Western"}
	var movies []catalog.Movie
	var ids []catalog.MovieID
	for i := range 120 {
		m := catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%03d", i)), Title: fmt.Sprintf("Film of %c%c", 'A'+i%26, 'a'+i/26), Year: 1990, Genres: []string{genres[i%3]}, Adult: i >= 117}
		if i < 6 {
			m.Title = []string{"Alien Gate", "Rocky Road", "Alien Gate II", "Rocky Road II", "Alien Gate III", "Rocky Road III"}[i]
		}
		movies, ids = append(movies, m), append(ids, m.ID)
	}
	var rows []catalog.UserSeen
	for u := range 60 {
		for i := range 14 {
			row := catalog.UserSeen{User: catalog.UserID(fmt.Sprintf("u%02d", u))}
			m := (u%3 + 3*((i*i+u*7)%39)) % 117
			if i < 3 {
				m = 2*i + u%2 // a series
			}
			row.Movie, row.At = ids[m], time.Unix(int64(1e9+1000*i), 0)
			rows = append(rows, row)
		}
	}
	d, err := eval.Collect(func(yield func(catalog.UserSeen, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}, ids)
	if err != nil {
		t.Fatal(err)
	}
	user := func(id catalog.UserID) catalog.User {
		n, err := strconv.Atoi(strings.TrimPrefix(string(id), "u"))
		if err != nil {
			return catalog.User{}
		}
		age := 30
		if n%6 == 0 {
			age = 15
		}
		return catalog.User{Age: age}
	}
	return behave.World{Train: d, Movies: movies, User: user}
}

// together lists what was watched with the history: cosine of the movies'
// watchers, popular movies held back. It is a sound model.
func together(w behave.World) behave.Subject {
	by := make([][]int, len(w.Train.Movies))
	for u, h := range w.Train.Users {
		for _, s := range h.Seen {
			by[s.Movie] = append(by[s.Movie], u)
		}
	}
	list := func(_ context.Context, user catalog.User, history []eval.Seen, n int) ([]uint32, error) {
		score := make([]float64, len(by))
		for _, s := range history[:min(len(history), 14)] { // more take long on real data
			for _, u := range by[s.Movie] {
				for _, o := range w.Train.Users[u].Seen {
					score[o.Movie] += 1 / (math.Sqrt(float64(len(by[s.Movie]))) * math.Pow(float64(len(by[o.Movie])), 0.8))
				}
			}
		}
		for _, s := range history {
			score[s.Movie] = -1
		}
		var out []uint32
		for row := range score {
			if score[row] >= 0 && !(user.Minor() && w.Movies[row].Adult) {
				out = append(out, uint32(row))
			}
		}
		slices.SortStableFunc(out, func(a, b uint32) int { return cmp.Compare(score[b], score[a]) })
		return out[:min(n, len(out))], nil
	}
	return behave.Subject{Name: "together", List: list, ByHistory: true, ByRecord: true}
}

func run(t *testing.T, w behave.World, s behave.Subject, c behave.Config) map[string]behave.Result {
	t.Helper()
	r, err := behave.Run(t.Context(), w, []behave.Subject{s}, c)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]behave.Result)
	for _, result := range r.Subjects[0].Results {
		out[result.Test] = result
		if (result.Verdict == behave.Skipped) != math.IsNaN(result.Figure.Value) || result.Reason == "" || result.Verdict != behave.Failed && len(result.Examples) > 0 {
			t.Errorf("%+v", result)
		}
	}
	if len(out) != 5 {
		t.Fatalf("%d tests, want 5", len(out))
	}
	return out
}

func TestSoundModelPasses(t *testing.T) {
	w := world(t)
	for name, r := range run(t, w, together(w), behave.DefaultConfig()) {
		if r.Verdict != behave.Passed {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Every test has a model that it finds out, and that passes the others.
func TestEachTestFindsItsFault(t *testing.T) {
	w := world(t)
	sound := together(w)
	with := func(change func(user catalog.User, history []eval.Seen, list []uint32) []uint32) behave.Subject {
		s := sound
		s.List = func(ctx context.Context, user catalog.User, history []eval.Seen, n int) ([]uint32, error) {
			list, err := sound.List(ctx, user, history, n)
			return change(user, history, list), err
		}
		return s
	}
	for _, c := range []struct {
		test    string
		example string
		subject behave.Subject
	}{
		{"minors", "as if 12 gets Film of", with(func(u catalog.User, _ []eval.Seen, list []uint32) []uint32 {
			if u.Age == 12 {
				list[len(list)-1] = 118
			}
			return list
		})},
		{"minors", "who watched adult movies", with(func(u catalog.User, h []eval.Seen, list []uint32) []uint32 {
			if w.Movies[h[0].Movie].Adult {
				list[0] = 119
			}
			return list
		})},
		{"watched", "again", with(func(u catalog.User, h []eval.Seen, list []uint32) []uint32 {
			if u.ID == "u07" {
				list[3] = h[2].Movie
			}
			return list
		})},
		{"sequels", "Alien Gate (1990) is followed by", with(func(_ catalog.User, h []eval.Seen, list []uint32) []uint32 {
			if len(h) == 1 {
				for i := range list {
					list[i] = uint32(60 + i)
				}
			}
			return list
		})},
		{"stability", "without", with(func(u catalog.User, h []eval.Seen, list []uint32) []uint32 {
			if len(h) == 13 && u.ID != "nobody" {
				slices.Reverse(list)
				return list[:5]
			}
			return list
		})},
		{"genre", "Horror 0 of 20", with(func(u catalog.User, h []eval.Seen, list []uint32) []uint32 {
			if u.ID == "nobody" && len(h) == 10 {
				for i := range list {
					list[i] = uint32(3*i + 1)
				}
			}
			return list
		})},
		{"genre", "Horror 20 of 20", with(func(u catalog.User, h []eval.Seen, list []uint32) []uint32 {
			if u.ID == "nobody" && len(h) == 10 {
				for i := range list {
					list[i] = uint32(3*i + 6)
				}
			}
			return list
		})},
		{"genre", "Horror 5 of 20", with(func(u catalog.User, h []eval.Seen, list []uint32) []uint32 {
			if u.ID == "nobody" && len(h) == 10 {
				for i := range list {
					list[i] = uint32(3*i + min(1, i/5))
				}
			}
			return list
		})},
	} {
		cfg := behave.DefaultConfig()
		cfg.LeastLift = 1
		for name, r := range run(t, w, c.subject, cfg) {
			want := behave.Passed
			if name == c.test {
				want = behave.Failed
				if !strings.Contains(strings.Join(r.Examples, "\n"), c.example) {
					t.Errorf("%s: examples are %q, want one with %q", name, r.Examples, c.example)
				}
			}
			if r.Verdict != want {
				t.Errorf("with a fault of %s, %s has %+v", c.test, name, r)
			}
		}
	}
}

func TestWhatCannotBeTestedIsSkipped(t *testing.T) {
	w := world(t)
	fixed := together(w)
	fixed.ByHistory, fixed.ByRecord = false, false
	r := run(t, w, fixed, behave.DefaultConfig())
	for test, want := range map[string]behave.Verdict{"minors": behave.Passed, "watched": behave.Passed, "sequels": behave.Skipped, "stability": behave.Skipped, "genre": behave.Skipped} {
		if r[test].Verdict != want {
			t.Errorf("lists by id: %s has %+v", test, r[test])
		}
	}
	if r["minors"].Judged != 10 {
		t.Errorf("%d minors, want 10", r["minors"].Judged)
	}
	r = run(t, behave.World{Train: w.Train}, together(w), behave.DefaultConfig())
	for _, test := range []string{"minors", "sequels", "genre"} {
		if r[test].Verdict != behave.Skipped {
			t.Errorf("without facts: %s has %+v", test, r[test])
		}
	}
	empty := behave.Subject{Name: "mute", ByHistory: true, ByRecord: true, List: func(context.Context, catalog.User, []eval.Seen, int) ([]uint32, error) { return nil, nil }}
	for test, got := range run(t, w, empty, behave.DefaultConfig()) {
		if test != "sequels" && got.Verdict != behave.Skipped || test == "sequels" && got.Verdict != behave.Failed {
			t.Errorf("empty lists: %s has %+v", test, got)
		}
	}
}

func TestNeighbours(t *testing.T) {
	w := world(t)
	s := together(w)
	s.Neighbours = func(row uint32, k int) []uint32 {
		if row < 6 {
			return []uint32{row, (row + 2) % 6, (row + 4) % 6}
		}
		return nil
	}
	if r := run(t, w, s, behave.DefaultConfig())["sequels"]; r.Figure.Value != 1 || r.Judged != 6 {
		t.Errorf("%+v, want all of 6 films", r)
	}
	for i := range w.Movies {
		w.Movies[i].Collection = "" // collections win over titles
	}
	w.Movies[0].Collection, w.Movies[1].Collection = "c", "c"
	if r := run(t, w, s, behave.DefaultConfig())["sequels"]; r.Figure.Value != 0 || r.Judged != 2 {
		t.Errorf("%+v, want none of 2 films", r)
	}
}

// One movie of two replaced, of those that nobody watched: an index of one third,
// and an overlap by hand.
func TestStabilityByHand(t *testing.T) {
	w := world(t)
	s := behave.Subject{Name: "s", ByHistory: true, List: func(_ context.Context, u catalog.User, h []eval.Seen, _ int) ([]uint32, error) {
		whole := slices.ContainsFunc(w.Train.Users, func(o eval.UserHistory) bool { return o.User == u.ID && len(o.Seen) == len(h) })
		if !whole {
			return []uint32{117, 119}, nil
		}
		return []uint32{117, 118}, nil
	}}
	r := run(t, w, s, behave.DefaultConfig())["stability"]
	// Agreement at depths 1 and 2: 1 and 1/2.
	p := 0.9
	want := 0.5*p*p + (1-p)/p*(1*p+0.5*p*p)
	if math.Abs(r.Figure.Value-1.0/3) > 1e-12 || !strings.Contains(r.Reason, fmt.Sprintf("overlap %.3f", want)) {
		t.Errorf("%+v, want an index of a third and an overlap of %.3f", r, want)
	}
}

// A movie that was taken out of a history may be listed again: that is no change.
func TestTheMovieTakenOutDoesNotCount(t *testing.T) {
	w := world(t)
	if r := run(t, w, behave.Of(eval.Popularity(w.Train)), behave.DefaultConfig())["stability"]; r.Figure.Value != 1 {
		t.Errorf("%+v, want 1 for popularity", r)
	}
}

func TestReport(t *testing.T) {
	w := world(t)
	pop := behave.Of(eval.Popularity(w.Train))
	var want []byte
	for _, workers := range []int{1, 7} {
		c := behave.DefaultConfig()
		c.Workers, c.MaxPeople = workers, 20
		r, err := behave.Run(t.Context(), w, []behave.Subject{pop, together(w)}, c)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = text
		}
		if !bytes.Equal(text, want) {
			t.Errorf("%d workers give another report:\n%s\n%s", workers, text, want)
		}
		var back behave.Report
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(back); err != nil || !bytes.Equal(again, text) {
			t.Errorf("read back: %s, %v", again, err)
		}
		var b bytes.Buffer
		if err := r.WriteTable(&b); err != nil || !strings.Contains(b.String(), "popularity") || !strings.Contains(b.String(), "failed") || r.Passed() {
			t.Errorf("%v\n%s", err, b.String())
		}
	}
}

func TestRefusals(t *testing.T) {
	w := world(t)
	good := behave.DefaultConfig()
	for _, c := range []struct {
		want    string
		world   behave.World
		subject behave.Subject
		config  behave.Config
	}{
		{"list length", w, together(w), behave.Config{}},
		{"nobody", behave.World{}, together(w), good},
		{"facts of 1", behave.World{Train: w.Train, Movies: w.Movies[:1]}, together(w), good},
		{"makes no lists", w, behave.Of(eval.Model{Name: "rater"}), good},
	} {
		if _, err := behave.Run(t.Context(), c.world, []behave.Subject{c.subject}, c.config); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want one with %q", err, c.want)
		}
	}
	lost := together(w)
	lost.List = func(context.Context, catalog.User, []eval.Seen, int) ([]uint32, error) {
		return nil, errors.New("gone")
	}
	if _, err := behave.Run(t.Context(), w, []behave.Subject{lost}, good); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := behave.Run(ctx, w, []behave.Subject{together(w)}, good); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The bounds of DefaultConfig tell a model from popularity on real ratings.
func TestMovieLens(t *testing.T) {
	dir := os.Getenv("MARQUEE_DATA")
	if dir == "" {
		t.Skip("MARQUEE_DATA is not set; set it to the folder that holds ml-latest-small")
	}
	rows := func(name string) [][]string {
		f, err := os.Open(filepath.Join(dir, "ml-latest-small", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return all[1:]
	}
	var w behave.World
	var ids []catalog.MovieID
	for _, row := range rows("movies.csv") {
		ids = append(ids, catalog.MovieID(row[0]))
		w.Movies = append(w.Movies, catalog.Movie{ID: ids[len(ids)-1], Title: row[1], Genres: strings.Split(row[2], "|")})
	}
	ratings := rows("ratings.csv")
	var err error
	w.Train, err = eval.Collect(func(yield func(catalog.UserSeen, error) bool) {
		for _, row := range ratings {
			at, err := strconv.ParseInt(row[3], 10, 64)
			s := catalog.UserSeen{User: catalog.UserID(row[0]), Seen: catalog.Seen{Movie: catalog.MovieID(row[1]), At: time.Unix(at, 0)}}
			if err != nil || !yield(s, nil) {
				return
			}
		}
	}, ids)
	if err != nil {
		t.Fatal(err)
	}
	c := behave.DefaultConfig()
	c.MaxPeople = 40
	sound, pop := together(w), behave.Of(eval.Popularity(w.Train))
	r, err := behave.Run(t.Context(), w, []behave.Subject{pop, sound}, c)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	for i, failed := range []bool{true, false} {
		for _, result := range r.Subjects[i].Results {
			if result.Test == "sequels" || result.Test == "genre" {
				if (result.Verdict == behave.Failed) != failed {
					t.Errorf("%s: %+v", r.Subjects[i].Name, result)
				}
			}
		}
	}
}
