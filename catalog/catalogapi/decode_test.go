package catalogapi_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
)

func TestDecodeMovie(t *testing.T) {
	got, notes, err := catalogapi.DecodeMovie([]byte(`{"id":"the+long+tide+1994","tmdb_id":"17264","imdb_id":"tt0078872",
		"title":"The Long Tide","original_title":"La larga marea","adult":"False","belongs_to_collection":{"id":4,"name":"Tide Collection"},
		"budget":"2700000","genres":[{"id":12,"name":"Adventure"},{"id":1,"name":"null"},{"id":10751,"name":"Family"}],"homepage":"null",
		"original_language":"es","overview":" A boy. ","popularity":"10.246132","production_companies":[],"release_date":"1994-10-17",
		"revenue":"0","runtime":118,"status":"Released","tagline":"","vote_average":"7.0","vote_count":"59","cost":0.25,
		"spoken_languages":[ {"iso_639_1": "es"} ]}`))
	if err != nil || len(notes) > 0 {
		t.Fatalf("notes %q, error %v", notes, err)
	}
	want := catalog.Movie{
		ID: "the+long+tide+1994", TMDBID: 17264, IMDBID: "tt0078872", Title: "The Long Tide", OriginalTitle: "La larga marea",
		Year: 1994, ReleaseDate: "1994-10-17", Genres: []string{"Adventure", "Family"}, Collection: "Tide Collection",
		Overview: "A boy.", Language: "es", RuntimeMinutes: 118, Status: "Released", VoteAverage: 7, VoteCount: 59,
		Popularity: 10.246132, CostUSD: 0.25,
		Extra: map[string]json.RawMessage{"budget": []byte(`"2700000"`), "spoken_languages": []byte(`[{"iso_639_1":"es"}]`)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDecodeMovieMess(t *testing.T) {
	for _, c := range []struct {
		json  string
		want  catalog.Movie
		notes int
	}{
		{`{"id":"m+1931"}`, catalog.Movie{ID: "m+1931", Year: 1931}, 0},
		{`{"id":"endeavour+"}`, catalog.Movie{ID: "endeavour+"}, 0},
		{`{"id":"1"}`, catalog.Movie{ID: "1"}, 0},
		{`{"id":42}`, catalog.Movie{ID: "42"}, 0},
		{`{"id":"a+1999","title":"null","runtime":"null","release_date":"null","imdb_id":"0","belongs_to_collection":"null","genres":"null"}`, catalog.Movie{ID: "a+1999", Year: 1999}, 0},
		{`{"id":"a","adult":true}`, catalog.Movie{ID: "a", Adult: true}, 0},
		{`{"id":"a","adult":"True"}`, catalog.Movie{ID: "a", Adult: true}, 0},
		{`{"id":"a","runtime":"95.4"}`, catalog.Movie{ID: "a", RuntimeMinutes: 95}, 0},
		{`{"id":"a","release_date":"1999"}`, catalog.Movie{ID: "a", Year: 1999}, 0},
		{`{"id":"a+2001","release_date":"1999-02-31"}`, catalog.Movie{ID: "a+2001", Year: 2001}, 1},
		{`{"id":"a","genres":["Drama",{"name":"War"},7,{"name":{}},[]]}`, catalog.Movie{ID: "a", Genres: []string{"Drama", "War"}}, 1},
		{`{"id":"a","genres":"Drama"}`, catalog.Movie{ID: "a"}, 1},
		{`{"id":"a","runtime":"long","adult":"maybe","title":["x"],"vote_average":"NaN","vote_count":1e300}`, catalog.Movie{ID: "a"}, 5},
		{`{"id":"a","belongs_to_collection":"Tide"}`, catalog.Movie{ID: "a", Collection: "Tide"}, 0},
		{`{"id":"a","belongs_to_collection":7}`, catalog.Movie{ID: "a"}, 1},
		{`{"id":"a","big":"` + strings.Repeat("x", 70_000) + `"}`, catalog.Movie{ID: "a"}, 1},
		{`{"id":"a","cast":[{"name":"B"}],"crew":["C"]}`, catalog.Movie{ID: "a", People: []string{"B", "C"}}, 0},
	} {
		got, notes, err := catalogapi.DecodeMovie([]byte(c.json))
		if err != nil || !reflect.DeepEqual(got, c.want) || len(notes) != c.notes {
			t.Errorf("%.100s:\ngot  %+v, notes %q, error %v\nwant %+v and %d notes", c.json, got, notes, err, c.want, c.notes)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, text := range []string{``, `null`, `[]`, `"x"`, `{`, `{"id":`, `{}`, `{"id":""}`, `{"id":"null"}`, `{"id":"a b"}`, `{"id":"a,b"}`, `{"id":{}}`} {
		if _, _, err := catalogapi.DecodeMovie([]byte(text)); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("movie %s: got %v, want ErrInvalid", text, err)
		}
		if _, _, err := catalogapi.DecodeUser([]byte(text)); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("user %s: got %v, want ErrInvalid", text, err)
		}
	}
}

func TestDecodeUser(t *testing.T) {
	f := catalogapi.Fields{User: map[string]string{"about_me": "liked"}}
	got, notes, err := f.DecodeUser([]byte(`{"user_id":43575,"age":"28","occupation":"executive/managerial","gender":"M","about_me":"old  westerns","other":[1, 2],"empty":"null"}`))
	want := catalog.User{ID: "43575", Age: 28, Gender: "M", Occupation: "executive/managerial", Extra: map[string]json.RawMessage{
		"liked": []byte(`"old  westerns"`), "other": []byte(`[1,2]`),
	}}
	if err != nil || len(notes) > 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, notes %q, error %v\nwant %+v", got, notes, err, want)
	}
}

// All real records are read without a note, and say what they are known to say.
func TestDecodeRealRecords(t *testing.T) {
	dir := os.Getenv("MARQUEE_DATA")
	if dir == "" {
		t.Skip("MARQUEE_DATA is not set: give the folder of the real data to run this test")
	}
	movies, withSeries, plotless := 0, 0, 0
	eachLine(t, filepath.Join(dir, "course-sample", "movies.jsonl"), func(line []byte) {
		m, notes, err := catalogapi.DecodeMovie(line)
		if err != nil || len(notes) > 0 {
			t.Errorf("%.80s: notes %q, error %v", line, notes, err)
		}
		more, err := m.Normalize()
		if err != nil || len(more) > 0 {
			t.Errorf("%s: normalizing noted %q, error %v", m.ID, more, err)
		}
		dated := !strings.HasSuffix(string(m.ID), "+")
		if m.Title == "" || m.TMDBID == 0 || dated != (m.Year > 1890) || dated != (m.ReleaseDate != "") || m.Adult || m.Overview == "null" || m.Status == "null" {
			t.Errorf("%s: %+v", m.ID, m)
		}
		if m.Overview == "" {
			plotless++
		}
		if m.Collection != "" {
			withSeries++
		}
		movies++
	})
	users := 0
	eachLine(t, filepath.Join(dir, "course-sample", "users.jsonl"), func(line []byte) {
		u, notes, err := catalogapi.DecodeUser(line)
		if err != nil || len(notes) > 0 || u.Age < 8 || u.Age > 90 || u.Gender == "" || u.Occupation == "" || u.Extra != nil {
			t.Errorf("%s: %+v, notes %q, error %v", line, u, notes, err)
		}
		users++
	})
	if movies != 600 || withSeries != 39 || plotless != 1 || users != 3000 {
		t.Errorf("got %d movies, %d of a series, %d without a plot, %d users; want 600, 39, 1, 3000", movies, withSeries, plotless, users)
	}
}

func eachLine(t *testing.T, path string, do func([]byte)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		do(s.Bytes())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

// Whatever the bytes: no panic, and what was read can be normalized and
// written as JSON.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"m+1931","tmdb_id":"1","genres":[{"name":"x"}],"belongs_to_collection":{"name":"y"},"cost":"0.5"}`))
	f.Add([]byte(`{"user_id":1,"age":"8","gender":null,"x":[1,{"y":"null"}]}`))
	f.Add([]byte(`{"id":"\u0000","release_date":"0","adult":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, _, err := catalogapi.DecodeMovie(data); err == nil {
			if _, err := m.Normalize(); err != nil {
				t.Errorf("normalize %+v: %v", m, err)
			}
			if _, err := json.Marshal(m); err != nil {
				t.Errorf("write %+v: %v", m, err)
			}
		} else if !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("error %v, want ErrInvalid", err)
		}
		if u, _, err := catalogapi.DecodeUser(data); err == nil {
			if _, err := u.Normalize(); err != nil {
				t.Errorf("normalize %+v: %v", u, err)
			}
		}
	})
}
