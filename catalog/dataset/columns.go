package dataset

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
)

// The names of the tables.
const (
	tableMovies   = "movies"
	tableUsers    = "users"
	tableSeen     = "seen"
	tableAccounts = "accounts"
)

// A kind says how rows of one table, V, are checked, compared, hashed, and put
// into the columns of R. All are total once check has passed.
type kind[V, R any] struct {
	name   string
	check  func(v *V) (extra string, err error)
	canon  func(dst []byte, v *V, extra string) []byte
	order  func(a, b *V) int
	pack   func(v *V, extra string) R // may point into v
	unpack func(r *R) (V, error)
	open   func(file io.ReaderAt, t Table) (rowReader[R], error)
	key    func(v *V) string         // what names the row in a message
	place  func(v *V) place          // what names the row in two versions
	person func(v *V) catalog.UserID // nil: rows are nobody's
}

var (
	movieKind = &kind[catalog.Movie, movieColumns]{
		tableMovies, checkMovie, canonMovie, orderMovies, packMovie, unpackMovie, openColumns[movieColumns],
		func(m *catalog.Movie) string { return fmt.Sprintf("movie %q", m.ID) },
		func(m *catalog.Movie) place { return place{movie: m.ID} },
		nil,
	}
	userKind = &kind[catalog.User, userColumns]{
		tableUsers, checkUser, canonUser, orderUsers, packUser, unpackUser, openColumns[userColumns],
		func(u *catalog.User) string { return fmt.Sprintf("user %q", u.ID) },
		func(u *catalog.User) place { return place{user: u.ID} },
		func(u *catalog.User) catalog.UserID { return u.ID },
	}
	seenKind = &kind[catalog.UserSeen, seenColumns]{
		tableSeen, checkSeen, canonSeen, orderSeen, packSeen, unpackSeen, openSeen,
		func(s *catalog.UserSeen) string {
			return fmt.Sprintf("user %q, movie %q at %s", s.User, s.Movie, s.At.Format(time.RFC3339Nano))
		},
		func(s *catalog.UserSeen) place { return place{s.User, s.Movie} },
		func(s *catalog.UserSeen) catalog.UserID { return s.User },
	}
	accountKind = &kind[catalog.Account, accountColumns]{
		tableAccounts, checkAccount, canonAccount, orderAccounts, packAccount, unpackAccount, openColumns[accountColumns],
		func(a *catalog.Account) string {
			return fmt.Sprintf("account of user %q at %s", a.User, a.At.Format(time.RFC3339Nano))
		},
		func(a *catalog.Account) place { return place{user: a.User} },
		func(a *catalog.Account) catalog.UserID { return a.User },
	}
)

// The names of columns are no words of SQL, so that nobody has to quote them.
// What may be null is a pointer: whether a zero in an optional column is written
// as null has changed between versions of the Parquet library.

type movieColumns struct {
	ID             string   `parquet:"id"`
	TMDBID         *int64   `parquet:"tmdb_id,optional"`
	IMDBID         *string  `parquet:"imdb_id,optional"`
	Title          *string  `parquet:"title,optional"`
	OriginalTitle  *string  `parquet:"original_title,optional"`
	Year           *int32   `parquet:"year,optional,dict"`
	ReleaseDate    *string  `parquet:"release_date,optional"`
	Genres         []string `parquet:"genres,list"`
	People         []string `parquet:"people,list"`
	Keywords       []string `parquet:"keywords,list"`
	Collection     *string  `parquet:"collection,optional,dict"`
	Overview       *string  `parquet:"overview,optional"`
	Tagline        *string  `parquet:"tagline,optional"`
	Language       *string  `parquet:"language,optional,dict"`
	RuntimeMinutes *int32   `parquet:"runtime_minutes,optional"`
	Adult          bool     `parquet:"adult"`
	Status         *string  `parquet:"status,optional,dict"`
	VoteAverage    *float64 `parquet:"vote_average,optional"`
	VoteCount      *int64   `parquet:"vote_count,optional"`
	Popularity     *float64 `parquet:"popularity,optional"`
	CostUSD        *float64 `parquet:"cost_usd,optional"`
	Extra          *string  `parquet:"extra,optional"`
}

type userColumns struct {
	ID         string  `parquet:"id"`
	Age        *int32  `parquet:"age,optional,dict"`
	Gender     *string `parquet:"gender,optional,dict"`
	Occupation *string `parquet:"occupation,optional,dict"`
	Extra      *string `parquet:"extra,optional"`
}

type seenColumns struct {
	User   string   `parquet:"user_id,dict"`
	Movie  string   `parquet:"movie_id,dict"`
	At     int64    `parquet:"seen_at,delta,timestamp(microsecond:utc)"`
	Rating *float64 `parquet:"rating,optional,dict"`
	Share  *float64 `parquet:"share,optional,dict"`
	Days   int32    `parquet:"days,dict"`
}

type accountColumns struct {
	User string `parquet:"user_id"`
	At   int64  `parquet:"created_at,delta,timestamp(microsecond:utc)"`
}

// known returns v for a column, where a zero is null.
func known[C comparable](v C) *C {
	var zero C
	if v == zero {
		return nil
	}
	return &v
}

// orZero returns what a column holds, zero for null.
func orZero[C any](p *C) C {
	if p == nil {
		var zero C
		return zero
	}
	return *p
}

// orNil returns nil for an empty list, as a store does.
func orNil(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

func packMovie(m *catalog.Movie, extra string) movieColumns {
	return movieColumns{
		ID: string(m.ID), TMDBID: known(m.TMDBID), IMDBID: known(m.IMDBID), Title: known(m.Title), OriginalTitle: known(m.OriginalTitle),
		Year: known(int32(m.Year)), ReleaseDate: known(m.ReleaseDate), Genres: m.Genres, People: m.People, Keywords: m.Keywords,
		Collection: known(m.Collection), Overview: known(m.Overview), Tagline: known(m.Tagline), Language: known(m.Language),
		RuntimeMinutes: known(int32(m.RuntimeMinutes)), Adult: m.Adult, Status: known(m.Status), VoteAverage: known(m.VoteAverage),
		VoteCount: known(int64(m.VoteCount)), Popularity: known(m.Popularity), CostUSD: known(m.CostUSD), Extra: known(extra),
	}
}

func unpackMovie(r *movieColumns) (m catalog.Movie, err error) {
	m = catalog.Movie{
		ID: catalog.MovieID(r.ID), TMDBID: orZero(r.TMDBID), IMDBID: orZero(r.IMDBID), Title: orZero(r.Title), OriginalTitle: orZero(r.OriginalTitle),
		Year: int(orZero(r.Year)), ReleaseDate: orZero(r.ReleaseDate), Genres: orNil(r.Genres), People: orNil(r.People), Keywords: orNil(r.Keywords),
		Collection: orZero(r.Collection), Overview: orZero(r.Overview), Tagline: orZero(r.Tagline), Language: orZero(r.Language),
		RuntimeMinutes: int(orZero(r.RuntimeMinutes)), Adult: r.Adult, Status: orZero(r.Status), VoteAverage: orZero(r.VoteAverage),
		VoteCount: int(orZero(r.VoteCount)), Popularity: orZero(r.Popularity), CostUSD: orZero(r.CostUSD),
	}
	m.Extra, err = parseExtra(r.Extra)
	return m, err
}

func packUser(u *catalog.User, extra string) userColumns {
	return userColumns{ID: string(u.ID), Age: known(int32(u.Age)), Gender: known(u.Gender), Occupation: known(u.Occupation), Extra: known(extra)}
}

func unpackUser(r *userColumns) (u catalog.User, err error) {
	u = catalog.User{ID: catalog.UserID(r.ID), Age: int(orZero(r.Age)), Gender: orZero(r.Gender), Occupation: orZero(r.Occupation)}
	u.Extra, err = parseExtra(r.Extra)
	return u, err
}

func packSeen(s *catalog.UserSeen, _ string) seenColumns {
	r := seenColumns{User: string(s.User), Movie: string(s.Movie), At: s.At.UnixMicro(), Days: int32(s.Days)}
	if s.Rated {
		r.Rating = &s.Rating
	}
	if s.Shared {
		r.Share = &s.Share
	}
	return r
}

func unpackSeen(r *seenColumns) (catalog.UserSeen, error) {
	return catalog.UserSeen{User: catalog.UserID(r.User), Seen: catalog.Seen{
		Movie: catalog.MovieID(r.Movie), At: time.UnixMicro(r.At).UTC(), Days: int(r.Days),
		Rating: orZero(r.Rating), Rated: r.Rating != nil, Share: orZero(r.Share), Shared: r.Share != nil,
	}}, nil
}

func packAccount(a *catalog.Account, _ string) accountColumns {
	return accountColumns{User: string(a.User), At: a.At.UnixMicro()}
}

func unpackAccount(r *accountColumns) (catalog.Account, error) {
	return catalog.Account{User: catalog.UserID(r.User), At: time.UnixMicro(r.At).UTC()}, nil
}

func parseExtra(text *string) (map[string]json.RawMessage, error) {
	if text == nil {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(*text), &fields); err != nil {
		return nil, fmt.Errorf("column extra: %w: %w", err, ErrBroken)
	}
	return fields, nil
}
