package outside_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/eval/outside"
)

// write makes a file of lines; blanks between cells become tabs.
func write(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "part.tsv")
	text := strings.ReplaceAll(strings.Join(lines, "\n")+"\n", " ", "\t")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func read(t *testing.T, train, test string, o outside.Options) *outside.Loaded {
	t.Helper()
	l, err := outside.ReadSplit(t.Context(), outside.Files{Train: train, Test: test}, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestReadSplit(t *testing.T) {
	train := write(t, "u1 m1 5 100", "u1 m2 3.5 200", "u2 m1 4 100.25", "u3 m3  300")
	test := write(t, "user_id:token noise timestamp:float item_id:token rating:float", "u2 x 400 m2 1", "u2 x 300 m4 2", "u9 x 300 m1 2", "u1 x 500 m2 4")
	l := read(t, train, test, outside.Options{})
	s := l.Split
	if want := []catalog.MovieID{"m1", "m2", "m3", "m4"}; !slices.Equal(s.Train.Movies, want) {
		t.Fatalf("movies are %v, want %v", s.Train.Movies, want)
	}
	if n := len(s.Train.Users); n != 4 {
		t.Fatalf("%d users, want 4", n)
	}
	if got := s.Train.Users[0].Seen; len(got) != 2 || got[0].Movie != 1 || got[0].Rating != 3.5 || got[0].At != 200e6 {
		t.Errorf("history of u1 is %+v", got)
	}
	if got := s.Train.Users[1].Seen[0].At; got != 100_250_000 {
		t.Errorf("a time of 100.25 s became %d", got)
	}
	if got := s.Train.Users[2].Seen[0]; got.Rated {
		t.Errorf("an empty rating became %+v", got)
	}
	if got := s.Truth[1]; len(got) != 2 || got[0].Movie != 1 || got[1].Movie != 3 {
		t.Errorf("truth of u2 is %+v, want m2 then m4", got)
	}
	want := outside.Counts{TrainRows: 4, TestRows: 4, TrainUsers: 3, TestUsers: 3, TrainMovies: 3, TestMovies: 3, ColdUsers: 1, ColdMovies: 1,
		UsersWithoutTruth: 1, MoviesWithoutTruth: 1, Both: 1, Rated: 7}
	if l.Counts != want {
		t.Errorf("counts are\n%+v, want\n%+v", l.Counts, want)
	}
	if l.Scale != (catalog.Scale{Min: 1, Max: 5, Step: 0.5}) {
		t.Errorf("scale is %v", l.Scale)
	}
	for _, text := range []string{"1 of 3 users", "1 of 3 movies", "1 pairs", "scale"} {
		if !strings.Contains(strings.Join(l.Warnings, "\n"), text) {
			t.Errorf("no warning says %q: %q", text, l.Warnings)
		}
	}
	if !slices.Equal(l.Warnings, s.Warnings) {
		t.Error("reports would not repeat the warnings")
	}
}

func TestReadSplitForms(t *testing.T) {
	plain := write(t, "u1 m1", "u1 m2", "u2 m1", "u2 m3")
	text, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(t.TempDir(), "part.bin")
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	w := gzip.NewWriter(f)
	w.Write(text)
	w.Close()
	f.Close()
	windows := filepath.Join(t.TempDir(), "part.tsv")
	if err := os.WriteFile(windows, []byte("\xef\xbb\xbfuserId\tmovieId\r\n\r\n"+strings.ReplaceAll(string(text), "\n", "\r\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	test := write(t, "u1 m3")
	want := read(t, plain, test, outside.Options{Protocol: "p"})
	if len(want.Split.Train.Users[0].Seen) != 2 || want.Split.Protocol != "p" {
		t.Fatalf("split is %+v", want.Split)
	}
	for _, name := range []string{packed, windows} {
		if got := read(t, name, test, outside.Options{Protocol: "p"}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s differs: %+v, want %+v", name, got, want)
		}
	}
}

func TestReadSplitOverACatalog(t *testing.T) {
	train, test := write(t, "u1 m1", "u1 m2", "u2 m1", "u2 m9"), write(t, "u2 m2")
	l := read(t, train, test, outside.Options{Movies: []catalog.MovieID{"m0", "m2", "m1"}})
	if got := l.Split.Train; len(got.Movies) != 3 || l.Counts.Unknown != 1 || got.Unknown != 1 || l.Split.Truth[1][0].Movie != 1 {
		t.Errorf("split is %+v, counts %+v", got, l.Counts)
	}
}

func TestReadSplitRefuses(t *testing.T) {
	good, test := write(t, "u1 m1 1 5", "u1 m2 5 5", "u2 m1 3 5"), write(t, "u2 m2 3 9")
	many := make([]string, 0, 2001)
	for i := range 2000 {
		many = append(many, fmt.Sprintf("u%d m%d %d", i%50, i/50, 1+i%5))
	}
	many[1500] = "u1 m2 55"
	scale5 := outside.Options{Scale: catalog.Scale5}
	for _, c := range []struct {
		name        string
		train, test string
		o           outside.Options
		want        string // in the error
	}{
		{"no file", "none.tsv", test, outside.Options{}, "none.tsv"},
		{"empty", write(t, ""), test, outside.Options{}, "no rows"},
		{"empty test", good, write(t, "user item rating"), outside.Options{}, "no rows"},
		{"one user", write(t, "u2 m1", "u2 m2"), write(t, "u2 m1"), outside.Options{}, "one user"},
		{"one movie", write(t, "u1 m1", "u2 m1"), write(t, "u2 m1"), outside.Options{}, "one movie"},
		{"NaN", write(t, "u1 m1 1", "u1 m2 NaN"), test, outside.Options{}, ":2: rating"},
		{"infinite", write(t, "u1 m1 1", "u1 m2 1e999"), test, outside.Options{}, ":2: rating"},
		{"no number", write(t, "u1 m1 good"), test, outside.Options{}, ":1: rating"},
		{"off the given scale", write(t, "u1 m1 1", "u1 m2 6"), test, scale5, ":2: rating is 6"},
		{"between two steps", write(t, "u1 m1 1", "u1 m2 4.25"), test, scale5, ":2: rating is 4.25"},
		{"off the scale of the others", write(t, many...), write(t, "u2 m2 3"), outside.Options{}, ":1501: rating 55"},
		{"a lone rating far off", write(t, "u1 m1 1", "u1 m2 99", "u2 m1 3"), test, outside.Options{}, ":2: rating 99"},
		{"bad scale", good, test, outside.Options{Scale: catalog.Scale{Min: 5, Max: 1, Step: 1}}, "rating scale"},
		{"milliseconds", write(t, "u1 m1 1 1700000000000"), test, outside.Options{}, "milliseconds"},
		{"no time", write(t, "u1 m1 1 soon"), test, outside.Options{}, ":1: time"},
		{"columns differ", write(t, "u1 m1 1", "u1 m2"), test, outside.Options{}, ":2: 2 columns, want 3"},
		{"too many columns", write(t, "u1 m1 1 2 3"), test, outside.Options{}, "5 columns"},
		{"commas", write(t, "u1,m1,5,100"), test, outside.Options{}, `divided by ","`},
		{"colons", write(t, "1::1193::5::978300760"), test, outside.Options{}, `divided by "::"`},
		{"long line", write(t, "u1 m1", "u1 "+strings.Repeat("x", 5000)), test, outside.Options{}, ":2: the line is longer"},
		{"empty id", write(t, "u1 m1", " m2"), test, outside.Options{}, ":2: user id is empty"},
		{"bad id", write(t, "u1 m1", "u1 a,b"), test, outside.Options{}, `:2: movie id "a,b"`},
		{"other users", good, write(t, "x1 m2"), outside.Options{}, "no user of"},
		{"other movies", good, write(t, "u1 x2"), outside.Options{}, "no movie of"},
		{"other catalog", good, test, outside.Options{Movies: []catalog.MovieID{"x"}}, "none of its movies"},
	} {
		_, err := outside.ReadSplit(t.Context(), outside.Files{Train: c.train, Test: c.test}, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
		if c.name != "no file" && !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: %v does not wrap ErrInvalid", c.name, err)
		}
	}
	broken := filepath.Join(t.TempDir(), "x.gz")
	if err := os.WriteFile(broken, []byte("\x1f\x8bnonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := outside.ReadSplit(t.Context(), outside.Files{Train: broken, Test: test}, outside.Options{}); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("a broken gzip file: %v", err)
	}
}

func TestEqualRatings(t *testing.T) {
	train, test := write(t, "u1 m1 1", "u1 m2 1", "u2 m1 1"), write(t, "u2 m2 1")
	l := read(t, train, test, outside.Options{})
	if l.Scale != (catalog.Scale{}) || l.Split.Train.Users[0].Seen[0].Rated || len(l.Warnings) == 0 {
		t.Errorf("scale %v, warnings %q, history %+v; want unrated rows and a warning", l.Scale, l.Warnings, l.Split.Train.Users[0].Seen)
	}
	if l := read(t, train, test, outside.Options{Scale: catalog.Scale5}); !l.Split.Train.Users[0].Seen[0].Rated || !strings.Contains(l.Warnings[0], "all ratings are 1") {
		t.Errorf("with a scale: %q", l.Warnings)
	}
}

// world is a split of people who prefer every third movie and the first ones.
func world(t *testing.T, users, movies int) *eval.Split {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	ids := make([]catalog.MovieID, movies)
	for i := range ids {
		ids[i] = catalog.MovieID(fmt.Sprintf("m%04d", i))
	}
	d, err := eval.Collect(func(yield func(catalog.UserSeen, error) bool) {
		for u := range users {
			for range 12 {
				row := catalog.UserSeen{User: catalog.UserID(fmt.Sprintf("u%04d", u))}
				row.Movie = ids[min(movies-1, int(float64(movies)*r.Float64()*r.Float64()*r.Float64()))]
				row.At = time.Unix(1e9+int64(r.IntN(1e6)), int64(r.IntN(1000))*1000)
				row.Rating, row.Rated = float64(1+r.IntN(10))/2, r.IntN(5) > 0
				if !yield(row, nil) {
					return
				}
			}
		}
	}, ids)
	if err != nil {
		t.Fatal(err)
	}
	s, err := eval.LastShare(d, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWriteSplitRoundTrip(t *testing.T) {
	s := world(t, 60, 80)
	dir := filepath.Join(t.TempDir(), "split")
	m, err := outside.WriteSplit(dir, s, catalog.ScaleMovieLens, 7)
	if err != nil {
		t.Fatal(err)
	}
	var back outside.Manifest
	if err := json.Unmarshal(contents(t, dir, outside.ManifestFile), &back); err != nil || !reflect.DeepEqual(*m, back) {
		t.Errorf("manifest is %+v, was %+v: %v", back, m, err)
	}
	for _, part := range []outside.Part{m.Train, m.Test, m.Catalog} {
		if sum := sha256.Sum256(contents(t, dir, part.File)); hex.EncodeToString(sum[:]) != part.SHA256 {
			t.Errorf("%s has the sum %x, the manifest says %s", part.File, sum, part.SHA256)
		}
	}
	var movies []catalog.MovieID
	for line := range strings.Lines(string(contents(t, dir, outside.MoviesFile))) {
		movies = append(movies, catalog.MovieID(strings.TrimSuffix(line, "\n")))
	}
	files := outside.Files{Train: filepath.Join(dir, outside.TrainFile), Test: filepath.Join(dir, outside.TestFile)}
	l := read(t, files.Train, files.Test, outside.Options{Protocol: m.Protocol, Scale: m.Scale, Movies: movies})
	if m.Seed != 7 || m.Movies != 80 || m.Train.Rows+m.Test.Rows != l.Counts.TrainRows+l.Counts.TestRows {
		t.Errorf("manifest is %+v of %+v", m, l.Counts)
	}
	if !slices.Equal(l.Split.Train.Movies, s.Train.Movies) || !reflect.DeepEqual(l.Split.Train.Users, s.Train.Users) {
		t.Error("the training part changed on its way through the files")
	}
	for i := range s.Truth {
		if !slices.Equal(s.Truth[i], l.Split.Truth[i]) {
			t.Fatalf("truth of %s is %+v, was %+v", s.Train.Users[i].User, l.Split.Truth[i], s.Truth[i])
		}
	}
	if l.Split.Protocol != s.Protocol || l.Scale != catalog.ScaleMovieLens {
		t.Errorf("protocol %q, scale %v", l.Split.Protocol, l.Scale)
	}
	if again, err := outside.WriteSplit(dir, s, catalog.ScaleMovieLens, 7); err != nil || !reflect.DeepEqual(again, m) {
		t.Errorf("written again: %+v, %v", again, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("the folder holds %v, %v; want 4 files", entries, err)
	}
}

func contents(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestReadLists(t *testing.T) {
	s := read(t, write(t, "u1 m1", "u1 m2", "u2 m1", "u3 m4"), write(t, "u1 m3", "u2 m2"), outside.Options{}).Split
	for _, c := range []struct {
		name  string
		lines []string
	}{
		{"order of lines", []string{"u1 m3", "u2 m2", "u1 m4", "u1 zz", "x m1"}},
		{"ranks from 1", []string{"u1 m4 2", "u1 m3 1", "u1 zz 3", "u2 m2 1", "x m1 1"}},
		{"ranks from 0", []string{"u1 m4 1", "u1 m3 0", "u1 zz 2", "u2 m2 0", "x m1 0"}},
		{"scores", []string{"u1 zz -3", "u1 m4 2", "u1 m3 2.5", "u2 m2 2", "x m1 1"}},
		{"header score", []string{"score item_id user_id", "1 zz u1", "3 m3 u1", "2 m4 u1", "1 m2 u2", "1 m1 x"}},
		{"header rank", []string{"user item rank", "u1 zz 30", "u1 m3 10", "u1 m4 20", "u2 m2 10", "x m1 1"}},
		{"one line a user", []string{"u1 m3,m4,zz", "u2 m2", "x m1"}},
		{"equal scores", []string{"u1 m3 0.5", "u1 m4 0.5", "u1 zz 0.5", "u2 m2 0.5", "x m1 0.5"}},
	} {
		l, err := outside.ReadLists(t.Context(), "theirs", write(t, c.lines...), s)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if want := (outside.ListCounts{Lists: 2, Without: 1, UnknownUsers: 1, UnknownMovies: 1}); l.Counts != want || len(l.Warnings) != 3 {
			t.Errorf("%s: counts are %+v, warnings %q", c.name, l.Counts, l.Warnings)
		}
		m := l.Model()
		if got, err := m.List(t.Context(), "u1", nil, 20); err != nil || len(got) != 3 || got[0] != 2 || got[1] != 3 || int(got[2]) < len(s.Train.Movies) {
			t.Errorf("%s: list of u1 is %v, %v; want m3, m4 and an unknown", c.name, got, err)
		}
		if got, err := m.List(t.Context(), "u1", nil, 1); err != nil || len(got) != 1 {
			t.Errorf("%s: list of one is %v, %v", c.name, got, err)
		}
		if got, err := m.List(t.Context(), "u3", nil, 20); err != nil || len(got) != 0 {
			t.Errorf("%s: list of u3 is %v, %v; want none", c.name, got, err)
		}
		report, err := eval.Run(t.Context(), s, []eval.Model{m}, eval.DefaultConfig())
		if err != nil || report.Models[0].Faults.Unknown != 1 {
			t.Errorf("%s: judged with %+v, %v", c.name, report, err)
		}
	}
}

func TestReadListsRefuses(t *testing.T) {
	s := read(t, write(t, "u1 m1", "u1 m2", "u2 m3"), write(t, "u1 m3"), outside.Options{}).Split
	for _, c := range []struct {
		want  string
		lines []string
	}{
		{"no lists", []string{""}},
		{":2: 3 columns, want 2", []string{"u1 m1", "u1 m2 3"}},
		{":1: 4 columns", []string{"u1 m1 2 3"}},
		{":1: 1 columns", []string{"u1"}},
		{`:1: rank or score is "NaN"`, []string{"u1 m1 NaN"}},
		{":2: a second list", []string{"u1 m1,m2", "u1 m3"}},
		{":1: movie id is empty", []string{"u1 m1,,m2"}},
		{"of whom the split has none", []string{"x m1"}},
		{"none of the movies", []string{"u1 x"}},
	} {
		if _, err := outside.ReadLists(t.Context(), "theirs", write(t, c.lines...), s); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error is %v, want one with %q", c.lines, err, c.want)
		}
	}
	if _, err := outside.ReadLists(t.Context(), "theirs", write(t, "u1 m1,m2", "u2 "), s); err != nil {
		t.Errorf("an empty list of one: %v", err)
	}
}

func FuzzReadSplit(f *testing.F) {
	f.Add("u1\tm1\t5\t1\nu2\tm2\t4\t2\n")
	f.Add("user\titem\n1\t2\n")
	f.Add("\xef\xbb\xbf\x1f\x8b")
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		l, err := outside.ReadSplit(t.Context(), outside.Files{Train: name, Test: name}, outside.Options{})
		if err == nil && (len(l.Split.Truth) != len(l.Split.Train.Users) || l.Scale != (catalog.Scale{}) && l.Scale.Validate() != nil) {
			t.Errorf("%q gave %+v", text, l)
		}
	})
}
