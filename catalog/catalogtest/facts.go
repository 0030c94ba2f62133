package catalogtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
)

func testEmpty(t *testing.T, s Store) {
	ctx := t.Context()
	must(t, s.Ping(ctx))
	counts(t, s, catalog.Counts{})
	same(t, "scale", ok[catalog.Scale](t)(s.Scale(ctx)), catalog.Scale5)
	same(t, "movies", len(all(t, s.Movies(ctx))), 0)
	same(t, "users", len(all(t, s.Users(ctx))), 0)
	same(t, "histories", len(all(t, s.Histories(ctx))), 0)
	same(t, "history", len(ok[[]catalog.Seen](t)(s.History(ctx, "7", 0))), 0)
	same(t, "offset", ok[int64](t)(s.Offset(ctx, "p")), 0)
	_, err := s.Movie(ctx, "1")
	fails(t, "movie", err, catalog.ErrNotFound)
	_, err = s.User(ctx, "1")
	fails(t, "user", err, catalog.ErrNotFound)
	for what, put := range map[string]func() (catalog.Tally, error){
		"movies":  func() (catalog.Tally, error) { return s.PutMovies(ctx, nil) },
		"users":   func() (catalog.Tally, error) { return s.PutUsers(ctx, nil) },
		"ratings": func() (catalog.Tally, error) { return s.PutRatings(ctx, nil) },
	} {
		same(t, "no "+what, ok[catalog.Tally](t)(put()), catalog.Tally{})
	}
}

func testClosed(t *testing.T, s Store) {
	ctx := t.Context()
	must(t, s.Close())
	must(t, s.Close())
	fails(t, "ping", s.Ping(ctx), catalog.ErrUnavailable)
	_, err := s.PutMovies(ctx, []catalog.Movie{{ID: "1"}})
	fails(t, "put", err, catalog.ErrUnavailable)
	_, err = s.History(ctx, "1", 0)
	fails(t, "history", err, catalog.ErrUnavailable)
	for _, err := range s.Movies(ctx) {
		fails(t, "movies", err, catalog.ErrUnavailable)
	}
	for what, call := range map[string]func() error{
		"change": func() error {
			_, err := s.PutChange(ctx, catalog.Change{Kind: catalog.ChangeHide, Subject: "1"})
			return err
		},
		"hide":              func() error { _, err := s.SetHidden(ctx, []catalog.MovieID{"1"}, true, ""); return err },
		"hidden":            func() error { _, err := s.Hidden(ctx); return err },
		"correct":           func() error { _, err := s.PutCorrection(ctx, pin("1", "2")); return err },
		"remove correction": func() error { _, err := s.RemoveCorrection(ctx, "1", "2"); return err },
		"corrections":       func() error { _, err := s.Corrections(ctx, ""); return err },
		"remove movies":     func() error { _, err := s.RemoveMovies(ctx, []catalog.MovieID{"1"}); return err },
		"movie at":          func() error { _, err := s.MovieAt(ctx, "1", 1); return err },
		"versions":          func() error { _, err := s.MovieVersions(ctx, "1", 0); return err },
		"changes":           func() error { _, err := s.ChangesSince(ctx, 0, 0); return err },
		"last change":       func() error { _, err := s.LastChange(ctx); return err },
		"exposures":         func() error { _, err := s.PutExposures(ctx, []catalog.Exposure{served("1", "1", 0)}); return err },
		"exposure":          func() error { _, err := s.Exposure(ctx, "1"); return err },
		"exposures of":      func() error { _, err := s.ExposuresOf(ctx, "1", 0); return err },
		"exposed bundles":   func() error { _, err := s.ExposedBundles(ctx, after(0)); return err },
		"feedback": func() error {
			_, err := s.PutFeedback(ctx, []catalog.Feedback{told("1", catalog.FeedbackClick, 0)})
			return err
		},
		"put preferences": func() error { return s.PutPreferences(ctx, catalog.Preferences{User: "1", Liked: "x", At: epoch}) },
		"preferences":     func() error { _, err := s.Preferences(ctx, "1"); return err },
		"put experiment":  func() error { _, err := s.PutExperiment(ctx, trial("a")); return err },
		"experiments":     func() error { _, err := s.Experiments(ctx); return err },
		"person":          func() error { _, err := s.Person(ctx, "1"); return err },
		"trending":        func() error { _, err := s.Trending(ctx, after(1), after(0), 0); return err },
		"absent":          func() error { _, err := s.AbsentUsers(ctx, []catalog.UserID{"1"}, epoch); return err },
		"freeze":          func() error { _, err := s.Freeze(ctx); return err },
		"prune": func() error {
			_, err := s.Prune(ctx, catalog.Retention{Events: catalog.Limit{Age: 1}}, epoch, 0, nil)
			return err
		},
		"accounts": func() error {
			for _, err := range s.Accounts(ctx) {
				return err
			}
			return nil
		},
	} {
		fails(t, what, call(), catalog.ErrUnavailable)
	}
}

// fullMovie knows everything about a movie.
func fullMovie() catalog.Movie {
	return catalog.Movie{
		ID: "heat+1995", TMDBID: 949, IMDBID: "tt0113277", Title: "Heat", OriginalTitle: "Heat — ヒート", Year: 1995,
		ReleaseDate: "1995-12-15", Genres: []string{"Crime", "Drama"}, People: []string{"Al Pacino", "Zoë"},
		Keywords: []string{"bank robbery"}, Collection: "None 💥", Overview: "Obsessive master thief…\u2028 \" ' \\ % _ <b>&amp;</b>",
		Tagline: "A Los Angeles crime saga", Language: "en", RuntimeMinutes: 170, Adult: true, Status: "Released",
		VoteAverage: 7.7000000000000002, VoteCount: 1886, Popularity: 17.924927000000001, CostUSD: 0.1,
		Extra: map[string]json.RawMessage{
			"budget":       json.RawMessage(`"60000000"`),
			"html":         json.RawMessage(`"<i>&\u0000\u2028"`),
			"spoken":       json.RawMessage(`[{"iso_639_1":"en"},null,1e400,12345678901234567890]`),
			"naïve 'key\"": json.RawMessage(`{}`),
		},
	}
}

// Every field comes back, a field that someone adds to catalog.Movie too.
func testMovieRoundTrip(t *testing.T, s Store) {
	m := fullMovie()
	for i := range reflect.TypeOf(m).NumField() {
		if reflect.ValueOf(m).Field(i).IsZero() {
			t.Fatalf("field %s of the test's movie is zero, so that it proves nothing", reflect.TypeOf(m).Field(i).Name)
		}
	}
	ctx := t.Context()
	same(t, "tally", ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{m})), catalog.Tally{New: 1})
	same(t, "movie", ok[catalog.Movie](t)(s.Movie(ctx, m.ID)), m)
	same(t, "movies", all(t, s.Movies(ctx)), []catalog.Movie{m})
	same(t, "again", ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{m})), catalog.Tally{Same: 1})
	least := catalog.Movie{ID: m.ID}
	same(t, "less", ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{least})), catalog.Tally{Changed: 1})
	same(t, "whole row replaced", ok[catalog.Movie](t)(s.Movie(ctx, m.ID)), least)
	ids, err := s.MovieByOutside(ctx, "imdb_id", m.IMDBID)
	must(t, err)
	same(t, "outside id of before", len(ids), 0)
}

func testMovieTally(t *testing.T, s Store) {
	ctx := t.Context()
	movies := make([]catalog.Movie, 700) // more than two statements
	for i := range movies {
		movies[i] = catalog.Movie{ID: catalog.MovieID(fmt.Sprint(i)), Title: fmt.Sprint("Film ", i)}
	}
	same(t, "first", ok[catalog.Tally](t)(s.PutMovies(ctx, movies)), catalog.Tally{New: 700})
	same(t, "twice is once", ok[catalog.Tally](t)(s.PutMovies(ctx, movies)), catalog.Tally{Same: 700})
	movies[3].Year, movies[699].Adult = 1999, true
	movies = append(movies, catalog.Movie{ID: "new", Title: "First"}, catalog.Movie{ID: "new", Title: "Last"})
	same(t, "mixed", ok[catalog.Tally](t)(s.PutMovies(ctx, movies)), catalog.Tally{New: 1, Changed: 2, Same: 699})
	same(t, "the last of one call", ok[catalog.Movie](t)(s.Movie(ctx, "new")).Title, "Last")
	same(t, "count", ok[int](t)(s.MovieCount(ctx)), 701)
	counts(t, s, catalog.Counts{Movies: 701, Versions: 2})
}

// Movies come by the bytes of their ids, in more than one page; a loop may be
// left, and may call the store.
func testMovieOrder(t *testing.T, s Store) {
	ctx := t.Context()
	var movies []catalog.Movie
	var want []catalog.MovieID
	for _, prefix := range []string{"a", "B", "b", "é", "Z", "-", "+", "_", "ß", "💥", "1", "10", "２"} {
		for i := range 60 {
			id := catalog.MovieID(fmt.Sprint(prefix, i))
			movies, want = append(movies, catalog.Movie{ID: id}), append(want, id)
		}
	}
	slices.Sort(want)
	ok[catalog.Tally](t)(s.PutMovies(ctx, movies))
	want = slices.Compact(want)
	var got []catalog.MovieID
	for m, err := range s.Movies(ctx) {
		must(t, err)
		got = append(got, m.ID)
		if len(got)%100 == 1 {
			ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{m})) // no deadlock
		}
	}
	same(t, "order", got, want)
	for range 50 { // more than there are connections
		for _, err := range s.Movies(ctx) {
			must(t, err)
			break
		}
	}
	ok[catalog.Tally](t)(s.PutMovies(ctx, movies[:1]))
}

func testOddFacts(t *testing.T, s Store) {
	ctx := t.Context()
	// Noise, since a database may squeeze what repeats until it fits an index.
	draw, letters := rand.New(rand.NewPCG(1, 2)), make([]rune, catalog.MaxTextBytes/2)
	for i := range letters {
		letters[i] = 'а' + rune(draw.IntN(32)) // Cyrillic, of two bytes
	}
	long := string(letters)
	m := catalog.Movie{
		ID: "1", Title: long, IMDBID: long, Overview: long,
		Extra: map[string]json.RawMessage{"megabyte": json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)},
	}
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{m}))
	same(t, "long texts", ok[catalog.Movie](t)(s.Movie(ctx, "1")), m)
	same(t, "found by a long title", len(ok[[]catalog.Movie](t)(s.FindMovies(ctx, long, 5))), 1)

	m = catalog.Movie{ID: "2", Extra: map[string]json.RawMessage{"latin1": json.RawMessage("\"caf\xe9\"")}}
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{m}))
	same(t, "twice is once", ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{m})), catalog.Tally{Same: 1})
	same(t, "invalid UTF-8", string(ok[catalog.Movie](t)(s.Movie(ctx, "2")).Extra["latin1"]), "\"caf\uFFFD\"")

	_, err := s.PutMovies(ctx, []catalog.Movie{{ID: "3"}, {ID: "4", Extra: map[string]json.RawMessage{"bad": json.RawMessage("{")}}})
	fails(t, "extra that is no JSON", err, catalog.ErrInvalid)
	_, err = s.Movie(ctx, "3")
	fails(t, "all or nothing", err, catalog.ErrNotFound)
}

func testUsers(t *testing.T, s Store) {
	ctx := t.Context()
	u := catalog.User{
		ID: "43575", Age: 28, Gender: "M", Occupation: "executive/managerial",
		Extra: map[string]json.RawMessage{"likes": json.RawMessage(`"noir & 'giallo' \u0000"`)},
	}
	same(t, "new", ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{{ID: "9"}, u, {ID: "10"}})), catalog.Tally{New: 3})
	same(t, "same", ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{u})), catalog.Tally{Same: 1})
	same(t, "user", ok[catalog.User](t)(s.User(ctx, u.ID)), u)
	same(t, "users by bytes", all(t, s.Users(ctx)), []catalog.User{{ID: "10"}, u, {ID: "9"}})
	u.Age++
	same(t, "changed", ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{u, u})), catalog.Tally{Changed: 1, Same: 1})
	same(t, "count", ok[int](t)(s.UserCount(ctx)), 3)
	counts(t, s, catalog.Counts{Users: 3})
	_, err := s.PutUsers(ctx, []catalog.User{{ID: "11"}, {ID: "a b"}})
	fails(t, "illegal id", err, catalog.ErrInvalid)
	_, err = s.User(ctx, "11")
	fails(t, "all or nothing", err, catalog.ErrNotFound)
}
