package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/indexer/flat"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/rank"
)

// What a URL asks for is what the service is asked for.
func TestParameters(t *testing.T) {
	c := calls(t, 30)
	ids := func(all ...catalog.MovieID) []catalog.MovieID { return all }
	asked := 0
	for query, want := range map[string]recommender.Call{
		"":                                  {N: 20},
		"n=1":                               {N: 1},
		"n=100":                             {N: 100},
		"exclude=heat+1995":                 {N: 20, Exclude: ids("heat+1995")}, // a plus is a plus, however it is written
		"exclude=heat%2B1995,b&exclude=c":   {N: 20, Exclude: ids("heat+1995", "b", "c")},
		"only=a%2Cb":                        {N: 20, Only: ids("a", "b")},
		"genre=Science+Fiction,-Horror":     {N: 20, Genres: []string{"Science Fiction"}, NotGenres: []string{"Horror"}},
		"genre=-Horror&genre=%2DWar":        {N: 20, NotGenres: []string{"Horror", "War"}},
		"year=1994":                         {N: 20, FromYear: 1994, ToYear: 1994},
		"year=1990..1999":                   {N: 20, FromYear: 1990, ToYear: 1999},
		"year=1990..":                       {N: 20, FromYear: 1990},
		"year=..1999":                       {N: 20, ToYear: 1999},
		"language=EN,fr":                    {N: 20, Languages: []string{"en", "fr"}},
		"boost=genre:Comedy:1.5":            {N: 20, Boosts: []recommender.Boost{{Factor: 1.5, Genre: "Comedy"}}},
		"boost=movie:a:b+c:0.1,genre:a:b:9": {N: 20, Boosts: []recommender.Boost{{Factor: 0.1, Movie: "a:b+c"}, {Factor: 9, Genre: "a:b"}}},
		"boost=genre:Science+Fiction:2&boost=movie%3Ax%3A10": {N: 20, Boosts: []recommender.Boost{{Factor: 2, Genre: "Science Fiction"}, {Factor: 10, Movie: "x"}}},
	} {
		for path, call := range map[string]func(recommender.Call) recommender.Call{
			"/recommend/seven?format=json&": func(c recommender.Call) recommender.Call { c.User = "seven"; return c },
			"/popular?":                     func(c recommender.Call) recommender.Call { return c },
		} {
			asked++
			want := call(want)
			want.RequestID = fmt.Sprint("it-", asked)
			w := c.get(path+query, "X-Request-Id", want.RequestID)
			if got := c.heard.last(t); w.Code != 200 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s%s: %d, asked for %+v, want %+v", path, query, w.Code, got, want)
			}
		}
	}
}

// What cannot be read is an error that names what is wanted, and the service is not asked.
func TestParametersThatAreWrong(t *testing.T) {
	c := calls(t, 30)
	many := func(n int, s string) string { return strings.Repeat(s+",", n-1) + s }
	for query, says := range map[string]string{
		"color=red":                        "want format, n, cursor, exclude, only, genre, year, language, boost",
		"N=3":                              "not known",
		"n=3&n=3":                          "2 times, want once",
		"year=1990&year=1991":              "want once",
		"n=0":                              "1 to 100",
		"n=101":                            "1 to 100",
		"n=":                               "1 to 100",
		"n=1e1":                            "1 to 100",
		"n=99999999999999999999":           "1 to 100",
		"format=xml":                       "want json",
		"exclude=":                         "empty",
		"exclude=a%20b":                    "blanks",
		"exclude=a/b":                      "slashes",
		"exclude=" + many(501, "a"):        "more than 500",
		"only=" + strings.Repeat("x", 201): "200",
		"only=%ff":                         "UTF-8",
		"only=%zz":                         "invalid URL escape",
		"%zz=1":                            "invalid URL escape",
		"genre=":                           "genre",
		"genre=-":                          "genre",
		"genre=" + strings.Repeat("x", 65): "64",
		"year=..":                          "1990..1999",
		"year=2000..1990":                  "1990..1999",
		"year=0":                           "1990..1999",
		"year=10000":                       "1990..1999",
		"year=1990...1999":                 "1990..1999",
		"year=-5":                          "1990..1999",
		"year=1990-1999":                   "1990..1999",
		"language=english":                 "ISO 639",
		"language=e1":                      "ISO 639",
		"boost=genre:Comedy":               "genre:NAME:FACTOR",
		"boost=genre:Comedy:0.09":          "0.1 to 10",
		"boost=genre:Comedy:10.1":          "0.1 to 10",
		"boost=genre:Comedy:NaN":           "0.1 to 10",
		"boost=genre:Comedy:Inf":           "0.1 to 10",
		"boost=genre::2":                   "genre",
		"boost=movie::2":                   "empty",
		"boost=actor:Pacino:2":             `"actor"`,
		"boost=2":                          "genre:NAME:FACTOR",
		"boost=" + many(21, "movie:a:2"):   "more than 20",
		"cursor=x":                         "cursor",
		"cursor=":                          "cursor",
	} {
		for _, path := range []string{"/popular?", "/recommend/seven?format=json&"} {
			if strings.Contains(path+query, "format=json&format") {
				continue
			}
			refused(t, c.get(path+query), 400, says)
		}
	}
	for query, says := range map[string]string{"explain=2": "1 or 0", "format=json": "once"} {
		refused(t, c.get("/recommend/seven?format=json&"+query), 400, says)
	}
	refused(t, c.get("/popular?explain=1"), 400, "not known")
	refused(t, c.get("/recommend/seven?format=xml", "Accept", "application/json"), 400, "want json")
	if n := len(c.heard.calls); n != 0 {
		t.Errorf("the service was asked %d times for what nobody could read", n)
	}
}

// The plain call gets its list whatever stands behind the question mark.
func TestPlainCallIgnoresParameters(t *testing.T) {
	c := calls(t, 30)
	want := c.get("/recommend/seven").Body.String()
	for _, query := range []string{"n=x", "color=red", "cursor=rotten", "n=1&n=2", "%zz", "explain=1", "only=a", "exclude=movie+06+2000", "format=text", "format=text&n=5"} {
		w := c.get("/recommend/seven?" + query)
		checkLine(t, w)
		if got := w.Body.String(); got != want {
			t.Errorf("?%s: %q, want %q", query, got, want)
		}
	}
	if w := c.get("/recommend/seven?format=text", "Accept", "application/json"); w.Body.String() != want {
		t.Errorf("format=text: %q, want the plain line, whatever the header says", w.Body)
	}
}

// varied returns a sample whose movies differ: movie i is of 1990+i/2, of genre Even or
// Odd, of Third too if three divides i, and in English or French by halves.
func varied(t testing.TB, n int) *bundle.Bundle {
	t.Helper()
	b := sample(t, n)
	b.Movies.Genres, b.Movies.Languages = make([][]string, n), make([]string, n)
	for i := range n {
		b.Movies.Years[i] = uint16(1990 + i/2)
		b.Movies.Genres[i] = []string{[]string{"Even", "Odd"}[i%2]}
		if i%3 == 0 {
			b.Movies.Genres[i] = append(b.Movies.Genres[i], "Third")
		}
		b.Movies.Languages[i] = []string{"en", "fr"}[2*i/n]
	}
	return b
}

// number returns i of the sample's movie i.
func number(t testing.TB, id string) int {
	t.Helper()
	i, err := strconv.Atoi(strings.Split(id, "+")[1])
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// A filter leaves n where n exist, over every route that lists.
func TestFilters(t *testing.T) {
	c := calls(t, 60)
	b := varied(t, 60)
	index, err := flat.New(b.Vectors, 2)
	if err != nil {
		t.Fatal(err)
	}
	b.Index = index
	if err := c.service.Swap(b); err != nil {
		t.Fatal(err)
	}
	listed := func(i int) bool { return i != 3 } // adult
	for query, keep := range map[string]func(i int) bool{
		"genre=third":             func(i int) bool { return i%3 == 0 },
		"genre=Even,third":        func(i int) bool { return i%2 == 0 || i%3 == 0 },
		"genre=Even,-Third":       func(i int) bool { return i%2 == 0 && i%3 != 0 },
		"genre=-Odd":              func(i int) bool { return i%2 == 0 },
		"year=2000":               func(i int) bool { return i/2 == 10 },
		"year=1995..1999":         func(i int) bool { return i/2 >= 5 && i/2 <= 9 },
		"year=2010..":             func(i int) bool { return i/2 >= 20 },
		"language=fr":             func(i int) bool { return i >= 30 },
		"language=fr&genre=Third": func(i int) bool { return i >= 30 && i%3 == 0 },
		"genre=None":              func(i int) bool { return false },
		"only=movie+07+2000,movie+09+2000,movie+40+2000":    func(i int) bool { return i == 7 || i == 9 || i == 40 },
		"exclude=movie+07+2000,movie+09+2000,movie+06+2000": func(i int) bool { return i != 7 && i != 9 && i != 6 },
	} {
		for path, out := range map[string]int{"/recommend/seven?format=json&": 5, "/popular?": -1, "/trending?": -1, "/similar/movie+10+2000?": 10, "/recommend/new?format=json&": -1} {
			want := 0
			for i := range 60 {
				if i != out && listed(i) && keep(i) {
					want++
				}
			}
			a := decode(t, c.get(path+query+"&n=100"), 200)
			for _, item := range a.Items {
				if i := number(t, item.ID); !keep(i) || i == out || !listed(i) {
					t.Errorf("%s%s lists movie %d", path, query, i)
				}
				if !(item.Score >= 0 && item.Score <= 1) || len(item.Sources) == 0 {
					t.Errorf("%s%s: movie %s has score %v from %v", path, query, item.ID, item.Score, item.Sources)
				}
			}
			if len(a.Items) != want {
				t.Errorf("%s%s lists %d movies, want %d", path, query, len(a.Items), want)
			}
		}
	}
}

// A boost moves its movies up, and keeps scores on their scale.
func TestBoost(t *testing.T) {
	c := calls(t, 60)
	if err := c.service.Swap(varied(t, 60)); err != nil {
		t.Fatal(err)
	}
	plain := decode(t, c.get("/recommend/seven?format=json&n=30"), 200)
	last := plain.Items[len(plain.Items)-1].ID
	boosted := decode(t, c.get("/recommend/seven?format=json&n=30&boost=movie:"+last+":10"), 200)
	place := slices.IndexFunc(boosted.Items, func(i item) bool {
		return i.ID == last
	})
	if place < 0 || place >= len(plain.Items)-1 {
		t.Errorf("movie %s stands at %d, want it above its old place %d", last, place, len(plain.Items)-1)
	}
	for _, item := range boosted.Items {
		if !(item.Score >= 0 && item.Score <= 1) {
			t.Errorf("score %v", item.Score)
		}
	}
}

// Ids that name no movie are told, once for each time they stand in the request, and
// change nothing else.
func TestUnknownIDs(t *testing.T) {
	c := calls(t, 30)
	var got struct {
		Unknown []string         `json:"unknown_ids"`
		Items   []map[string]any `json:"items"`
	}
	w := c.get("/popular?exclude=nobody+1999,movie+04+2000&boost=movie:ghost:2&n=5")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || !slices.Equal(got.Unknown, []string{"nobody+1999", "ghost"}) || len(got.Items) != 5 {
		t.Errorf("%d %s, want 5 movies and two ids that are not known", w.Code, w.Body)
	}
	w = c.get("/popular?only=nobody")
	got.Unknown, got.Items = nil, nil
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || len(got.Unknown) != 1 || len(got.Items) != 0 {
		t.Errorf("%d %s, want an empty list and the id", w.Code, w.Body)
	}
}

// Genres and languages that no movie has are told, each once, compared without case.
func TestUnknownNames(t *testing.T) {
	c := calls(t, 60)
	if err := c.service.Swap(varied(t, 60)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2][]string{
		"/popular?genre=EVEN&n=3":                            {nil, nil},
		"/popular?genre=Evven,odd,-Evven&language=xx,en&n=3": {{"Evven"}, {"xx"}},
		"/popular?boost=genre:Noir:2&n=3":                    {{"Noir"}, nil},
		"/recommend/seven?format=json&genre=-Noir":           {{"Noir"}, nil},
	} {
		var got struct {
			Genres    []string `json:"unknown_genres"`
			Languages []string `json:"unknown_languages"`
		}
		w := c.get(path)
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || !slices.Equal(got.Genres, want[0]) || !slices.Equal(got.Languages, want[1]) {
			t.Errorf("%s: %d %s, want unknown %q", path, w.Code, w.Body, want)
		}
	}
}

// Reasons show a history: they take a token, and show no other history.
func TestExplain(t *testing.T) {
	c := calls(t, 30)
	w := c.get("/recommend/seven?format=json&explain=1")
	refused(t, w, 401, "scope read")
	if got := w.Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
		t.Errorf("challenge %q, want one of Bearer", got)
	}
	refused(t, c.get("/recommend/seven?format=json&explain=1", "Authorization", "Bearer nobody"), 401, "not known")
	refused(t, c.get("/recommend/seven?format=json&explain=1", "Authorization", "Basic reader"), 401, "Bearer")
	refused(t, c.get("/recommend/seven?format=json&explain=1", "Authorization", "Bearer writer"), 403, "scope read")
	a := decode(t, c.get("/recommend/seven?format=json&explain=1", "Authorization", "bearer reader"), 200)
	if len(a.Items) == 0 || len(a.Items[0].Because) != 1 {
		t.Fatalf("items %+v, want the first because of movie 5", a.Items)
	}
	for _, item := range a.Items {
		for _, b := range item.Because {
			if b.ID != "movie+05+2000" || !(b.Similarity > 0 && b.Similarity <= 1.0001) {
				t.Errorf("movie %s because of %+v, want movie 5 alone: seven watched nothing else", item.ID, b)
			}
		}
	}
	for _, a := range []answer{
		decode(t, c.get("/recommend/seven?format=json", "Authorization", "Bearer reader"), 200),
		decode(t, c.get("/recommend/nobody?format=json&explain=1", "Authorization", "Bearer reader"), 200),
	} {
		for _, item := range a.Items {
			if item.Because != nil {
				t.Errorf("reasons that nobody asked for, or of nobody: %+v", item)
			}
		}
	}
}

// FuzzQuery holds that any query is answered with 200 or 400, and that what the service
// is asked for keeps its bounds.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"n=5&year=1990..1999", "boost=genre:Comedy:1.5,movie:a:b:2", "boost=movie:+:%2B:1", "genre=-a,b&genre=c", "cursor=AQ", "only=a,b,%2C", "language=en", "exclude=a+b&%65xclude=c", "year=..1", "boost=:::", "n=%31",
	} {
		f.Add(seed)
	}
	c := calls(f, 5)
	f.Fuzz(func(t *testing.T, query string) {
		c.heard.calls = nil
		r := httptest.NewRequest("GET", "http://x/popular", nil)
		r.URL = &url.URL{Path: "/popular", RawQuery: query}
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		if w.Code == 400 && len(c.heard.calls) == 0 {
			return
		}
		if w.Code != 200 {
			t.Fatalf("%q: %d %s", query, w.Code, w.Body)
		}
		if err := legal(c.heard.last(t)); err != nil {
			t.Fatalf("%q: %v", query, err)
		}
	})
}

// legal reports what of a call is out of bounds.
func legal(c recommender.Call) error {
	if c.N < 1 || c.N > 100 || len(c.Only) > 500 || len(c.Exclude) > 500 || len(c.Boosts) > 20 || len(c.Skip) > 500 || c.N > rank.MaxCount {
		return fmt.Errorf("call %+v", c)
	}
	for _, id := range slices.Concat(c.Only, c.Exclude) {
		if _, err := catalog.ParseMovieID(string(id)); err != nil {
			return err
		}
	}
	for _, b := range c.Boosts {
		if !(b.Factor >= 0.099 && b.Factor <= 10) || (b.Movie == "") == (b.Genre == "") {
			return fmt.Errorf("boost %+v", b)
		}
		if _, err := catalog.ParseMovieID(string(b.Movie)); b.Movie != "" && err != nil {
			return err
		}
	}
	if c.FromYear < 0 || c.ToYear < 0 || c.FromYear > 9999 || c.ToYear > 9999 || c.ToYear != 0 && c.FromYear > c.ToYear {
		return fmt.Errorf("years %d to %d", c.FromYear, c.ToYear)
	}
	for _, g := range slices.Concat(c.Genres, c.NotGenres) {
		if g == "" || len(g) > 64 {
			return fmt.Errorf("genre %q", g)
		}
	}
	return nil
}
