package catalogtest

import (
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
)

// oddIDs are legal, every one.
var oddIDs = []string{
	"'", "');DROP+TABLE+movies;--", `"`, `\`, `\\`, "%", "_", "$1", "?", "?1", ":a", "@a", "#", "&", "+", "++1991", "heat+1995",
	"who+the+f**k+is+arthur+fogel+2013", "endeavour+", "é", "e\u0301", "ÅŸ", "日本", "💥", "👩‍👩‍👧", "\u202e", "\u200b", "\ufffd", "\ufeff",
	"null", "NULL", "nil", "0", "00", "1", "1.0", "-1", "1e3", "true", "a", "A", "á", "{}", "[]", "<b>", "a=b;c", "~`!^*()|",
	strings.Repeat("x", catalog.MaxIDBytes), strings.Repeat("💥", catalog.MaxIDBytes/4),
}

// Ids that look alike to someone stay apart everywhere.
func testLegalIDs(t *testing.T, s Store) {
	ctx := t.Context()
	var movies []catalog.Movie
	var users []catalog.User
	var ratings []catalog.Rating
	for i, id := range oddIDs {
		movies = append(movies, catalog.Movie{ID: catalog.MovieID(id), Title: id, IMDBID: id})
		users = append(users, catalog.User{ID: catalog.UserID(id), Age: 1 + i})
		ratings = append(ratings, catalog.Rating{User: catalog.UserID(id), Movie: catalog.MovieID(id), Value: 3, At: epoch})
	}
	n := len(oddIDs)
	same(t, "movies", ok[catalog.Tally](t)(s.PutMovies(ctx, movies)), catalog.Tally{New: n})
	same(t, "users", ok[catalog.Tally](t)(s.PutUsers(ctx, users)), catalog.Tally{New: n})
	same(t, "ratings", ok[catalog.Tally](t)(s.PutRatings(ctx, ratings)), catalog.Tally{New: n})
	for i, id := range oddIDs {
		same(t, "movie", ok[catalog.Movie](t)(s.Movie(ctx, movies[i].ID)), movies[i])
		same(t, "user", ok[catalog.User](t)(s.User(ctx, users[i].ID)), users[i])
		same(t, "history of "+id, ok[[]catalog.Seen](t)(s.History(ctx, users[i].ID, 0)),
			[]catalog.Seen{{Movie: movies[i].ID, At: epoch, Rating: 3, Rated: true}})
		same(t, "outside", ok[[]catalog.MovieID](t)(s.MovieByOutside(ctx, "imdb_id", id)), []catalog.MovieID{movies[i].ID})
	}
	var got []string
	for _, row := range all(t, s.Histories(ctx)) {
		got = append(got, string(row.User))
	}
	want := slices.Sorted(slices.Values(oddIDs))
	same(t, "histories by bytes", got, want)

	must(t, s.PutUnknownIDs(ctx, "movie", oddIDs[:n/2]))
	unknown := ok[map[string]bool](t)(s.UnknownIDs(ctx, "movie", oddIDs))
	same(t, "unknown", len(unknown), n/2)
}

func testIllegalIDs(t *testing.T, s Store) {
	ctx := t.Context()
	for _, id := range []string{"", "a b", "a,b", "a/b", "a\x00b", "a\nb", "\xff", "\u00a0", strings.Repeat("x", catalog.MaxIDBytes+1)} {
		movie, user := catalog.MovieID(id), catalog.UserID(id)
		_, err := s.PutMovies(ctx, []catalog.Movie{{ID: "good"}, {ID: movie}})
		fails(t, "movie", err, catalog.ErrInvalid)
		_, err = s.PutUsers(ctx, []catalog.User{{ID: "good"}, {ID: user}})
		fails(t, "user", err, catalog.ErrInvalid)
		_, err = s.PutRatings(ctx, []catalog.Rating{{User: "good", Movie: "good", Value: 3}, {User: "good", Movie: movie, Value: 3}})
		fails(t, "rating of movie", err, catalog.ErrInvalid)
		_, err = s.PutRatings(ctx, []catalog.Rating{{User: user, Movie: "good", Value: 3}})
		fails(t, "rating of user", err, catalog.ErrInvalid)
		// Nothing is known of such an id; asking is no fault of the store.
		if _, err := s.History(ctx, user, 0); err != nil && id == "a b" {
			t.Errorf("history of %q: %v", id, err)
		}
	}
	counts(t, s, catalog.Counts{})
}

func testOutsideIDs(t *testing.T, s Store) {
	ctx := t.Context()
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{
		{ID: "b", IMDBID: "tt1", TMDBID: 1 << 40}, {ID: "B", IMDBID: "tt1"}, {ID: "c"}, {ID: "d", TMDBID: 7},
	}))
	for _, c := range []struct {
		kind, value string
		want        []catalog.MovieID
	}{
		{"imdb_id", "tt1", []catalog.MovieID{"B", "b"}},
		{"imdb_id", "TT1", nil},
		{"imdb_id", "", nil},
		{"tmdb_id", "1099511627776", []catalog.MovieID{"b"}},
		{"tmdb_id", "7", []catalog.MovieID{"d"}},
		{"tmdb_id", "0", nil}, // 0 is unknown, not a number
	} {
		same(t, c.kind+" "+c.value, ok[[]catalog.MovieID](t)(s.MovieByOutside(ctx, c.kind, c.value)), c.want)
	}
	_, err := s.MovieByOutside(ctx, "tmdb_id", "seven")
	fails(t, "tmdb_id that is no number", err, catalog.ErrInvalid)
	_, err = s.MovieByOutside(ctx, "id = id --", "1")
	fails(t, "kind", err, catalog.ErrInvalid)
}

func testFindMovies(t *testing.T, s Store) {
	ctx := t.Context()
	titles := map[catalog.MovieID]string{
		"1": "Toy Story", "2": "Toy Story 2", "3": "A Toy Story", "4": "TOY STORY", "5": "Heat", "6": "100% Wolf", "7": "100 Rifles",
		"8": "L'Été", "9": "Straße", "10": `Back\slash`, "11": "_", "12": "",
	}
	var movies []catalog.Movie
	for id, title := range titles {
		movies = append(movies, catalog.Movie{ID: id, Title: title})
	}
	ok[catalog.Tally](t)(s.PutMovies(ctx, movies))
	for _, c := range []struct {
		title string
		limit int
		want  []catalog.MovieID
	}{
		{"toy story", 10, []catalog.MovieID{"1", "4", "2", "3"}},
		{"  Toy   Story ", 3, []catalog.MovieID{"1", "4", "2"}},
		{"TOY", 10, []catalog.MovieID{"1", "4", "2", "3"}},
		{"l'ÉTÉ", 10, []catalog.MovieID{"8"}},
		{"STRASSE", 10, []catalog.MovieID{"9"}},
		{"100%", 10, []catalog.MovieID{"6"}},
		{"_", 10, []catalog.MovieID{"11"}},
		{`k\s`, 10, []catalog.MovieID{"10"}},
		{"nothing", 10, nil},
		{"", 10, nil},
		{"toy", 0, nil},
	} {
		var got []catalog.MovieID
		for _, m := range ok[[]catalog.Movie](t)(s.FindMovies(ctx, c.title, c.limit)) {
			got = append(got, m.ID)
			same(t, "title", m.Title, titles[m.ID])
		}
		same(t, "find "+c.title, got, c.want)
	}
}
