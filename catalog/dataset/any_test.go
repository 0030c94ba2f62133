package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
)

// Whatever legal rows there are, they come back, and the version is theirs.
func TestAnyRowsComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		src := anyRows(rt)
		want := canonical(t, src)
		got := &rows{
			scale:  src.scale,
			movies: throughColumns(rt, movieKind, src.movies), users: throughColumns(rt, userKind, src.users),
			seen: throughColumns(rt, seenKind, src.seen), accounts: throughColumns(rt, accountKind, src.accounts),
		}
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("read %+v\nwant %+v", got, want)
		}
		if v, w := versionOfRows(t, got), versionOfRows(t, src); v != w {
			rt.Fatalf("version %s, want %s", v, w)
		}
	})
}

// throughColumns returns list after a file in memory has held it.
func throughColumns[V, R any](rt *rapid.T, k *kind[V, R], list []V) (out []V) {
	var sum tally[V]
	var text bytes.Buffer
	c := newColumns(k, &sum, &text, func(*V) {}, nil)
	for _, v := range list {
		if err := c.add(context.Background(), v); err != nil {
			rt.Fatal(err)
		}
	}
	if err := c.close(); err != nil {
		rt.Fatal(err)
	}
	for v, err := range readTable(context.Background(), k, Table{Rows: sum.rows, Bytes: int64(text.Len())}, bytes.NewReader(text.Bytes())) {
		if err != nil {
			rt.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func anyRows(rt *rapid.T) *rows {
	text := rapid.StringN(0, 20, 60)
	id := rapid.StringMatching(`[a-c+0-3]{1,3}`)
	whole := rapid.Int32()
	real := rapid.Float64Range(-10, 10)
	at := rapid.Map(rapid.Int64Range(-1e15, 4e15), func(n int64) time.Time { return time.UnixMicro(n).UTC() })
	extra := rapid.Map(rapid.MapOfN(text, text, 0, 3), func(m map[string]string) map[string]json.RawMessage {
		out := map[string]json.RawMessage{}
		for k, v := range m {
			out[k], _ = json.Marshal(v)
		}
		return out
	})
	list := rapid.SliceOfN(text, 0, 3)
	r := &rows{scale: catalog.Scale10}
	r.movies = rapid.SliceOfDistinct(rapid.Custom(func(rt *rapid.T) catalog.Movie {
		return catalog.Movie{
			ID: catalog.MovieID(id.Draw(rt, "id")), TMDBID: rapid.Int64().Draw(rt, "tmdb"), IMDBID: text.Draw(rt, "imdb"), Title: text.Draw(rt, "title"),
			OriginalTitle: text.Draw(rt, "original"), Year: int(whole.Draw(rt, "year")), ReleaseDate: text.Draw(rt, "date"), Genres: list.Draw(rt, "genres"),
			People: list.Draw(rt, "people"), Keywords: list.Draw(rt, "keywords"), Collection: text.Draw(rt, "collection"), Overview: text.Draw(rt, "plot"),
			Tagline: text.Draw(rt, "tagline"), Language: text.Draw(rt, "language"), RuntimeMinutes: int(whole.Draw(rt, "runtime")), Adult: rapid.Bool().Draw(rt, "adult"),
			Status: text.Draw(rt, "status"), VoteAverage: real.Draw(rt, "votes"), VoteCount: rapid.Int().Draw(rt, "count"), Popularity: real.Draw(rt, "popularity"),
			CostUSD: real.Draw(rt, "cost"), Extra: extra.Draw(rt, "extra"),
		}
	}), func(m catalog.Movie) catalog.MovieID { return m.ID }).Draw(rt, "movies")
	r.users = rapid.SliceOfDistinct(rapid.Custom(func(rt *rapid.T) catalog.User {
		return catalog.User{ID: catalog.UserID(id.Draw(rt, "id")), Age: int(whole.Draw(rt, "age")), Gender: text.Draw(rt, "gender"), Occupation: text.Draw(rt, "work"), Extra: extra.Draw(rt, "extra")}
	}), func(u catalog.User) catalog.UserID { return u.ID }).Draw(rt, "users")
	r.seen = rapid.SliceOfDistinct(rapid.Custom(func(rt *rapid.T) catalog.UserSeen {
		s := catalog.UserSeen{User: catalog.UserID(id.Draw(rt, "user")), Seen: catalog.Seen{Movie: catalog.MovieID(id.Draw(rt, "movie")), At: at.Draw(rt, "at"), Days: int(whole.Draw(rt, "days"))}}
		if s.Rated = rapid.Bool().Draw(rt, "rated"); s.Rated {
			s.Rating = real.Draw(rt, "rating")
		}
		if s.Shared = rapid.Bool().Draw(rt, "shared"); s.Shared {
			s.Share = real.Draw(rt, "share")
		}
		return s
	}), func(s catalog.UserSeen) [2]string { return [2]string{string(s.User), string(s.Movie)} }).Draw(rt, "seen")
	r.accounts = rapid.SliceOfDistinct(rapid.Custom(func(rt *rapid.T) catalog.Account {
		return catalog.Account{User: catalog.UserID(id.Draw(rt, "user")), At: at.Draw(rt, "at")}
	}), func(a catalog.Account) catalog.UserID { return a.User }).Draw(rt, "accounts")
	slices.SortFunc(r.movies, func(a, b catalog.Movie) int { return orderMovies(&a, &b) })
	slices.SortFunc(r.users, func(a, b catalog.User) int { return orderUsers(&a, &b) })
	slices.SortFunc(r.seen, func(a, b catalog.UserSeen) int { return orderSeen(&a, &b) })
	slices.SortFunc(r.accounts, func(a, b catalog.Account) int { return orderAccounts(&a, &b) })
	return r
}
