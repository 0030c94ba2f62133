package catalogapi

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"marquee/catalog"
)

// Fields names the fields whose names differ between services. The zero Fields
// knows none of them: they end in Extra under their own names.
type Fields struct {
	Cost string            // of a movie: license cost in USD, paid for each view
	User map[string]string // of a user: the API's name -> the name in Extra
}

// DefaultFields returns the names of edition 2026 as far as they are known:
// "cost". The names of the self-descriptions never were seen.
func DefaultFields() Fields { return Fields{Cost: "cost"} }

// DecodeMovie reads one movie of the catalog API with [DefaultFields].
func DecodeMovie(data []byte) (catalog.Movie, []string, error) {
	return DefaultFields().DecodeMovie(data)
}

// DecodeMovie reads one movie of the catalog API, in the JSON of either edition. It
// returns a note for every value it had to drop. The movie is not yet
// normalized. A record that is no JSON object, or has no legal id, is an error
// that wraps [catalog.ErrInvalid].
//
// The year is that of the release date, or else of the id's end: "heat+1995".
// Fields without a place in [catalog.Movie] are kept in Extra unless they are
// empty; cast, crew and keywords are taken should a service have them.
func (f Fields) DecodeMovie(data []byte) (catalog.Movie, []string, error) {
	r, err := newRecord(data)
	if err != nil {
		return catalog.Movie{}, nil, err
	}
	id, err := catalog.ParseMovieID(r.text("id"))
	if err != nil {
		return catalog.Movie{}, nil, fmt.Errorf("record %.60q: %w", data, err)
	}
	m := catalog.Movie{
		ID:             id,
		TMDBID:         r.whole("tmdb_id"),
		IMDBID:         notZero(r.text("imdb_id")),
		Title:          r.text("title"),
		OriginalTitle:  r.text("original_title"),
		Genres:         r.names("genres"),
		Keywords:       r.names("keywords"),
		Overview:       r.text("overview"),
		Tagline:        r.text("tagline"),
		Language:       r.text("original_language"),
		RuntimeMinutes: int(r.whole("runtime")),
		Adult:          r.yes("adult"),
		Status:         r.text("status"),
		VoteAverage:    r.real("vote_average"),
		VoteCount:      int(r.whole("vote_count")),
		Popularity:     r.real("popularity"),
	}
	m.People = append(r.names("cast"), r.names("crew")...)
	if raw := r.take("belongs_to_collection"); raw != nil {
		name, ok := nameOf(raw)
		if !ok {
			r.note("belongs_to_collection is %.40s, want an object with a name; dropped", raw)
		}
		m.Collection = name
	}
	if f.Cost != "" {
		m.CostUSD = r.real(f.Cost)
	}
	r.release(&m)
	m.Extra = r.rest(nil)
	return m, r.notes, nil
}

// release sets the date and the year.
func (r *record) release(m *catalog.Movie) {
	if date := notZero(r.text("release_date")); date != "" {
		if at, err := time.Parse(time.DateOnly, date); err == nil {
			m.ReleaseDate, m.Year = date, at.Year()
			return
		}
		if year, err := strconv.Atoi(date); err == nil && len(date) == 4 {
			m.Year = year
			return
		}
		r.note("release_date is %.40q, want YYYY-MM-DD; dropped", date)
	}
	m.Year = yearOf(string(m.ID))
}

// yearOf returns the year at the end of an id of the stream's form, or 0.
func yearOf(id string) int {
	n := len(id) - 5
	if n < 0 || id[n] != '+' {
		return 0
	}
	year, err := strconv.Atoi(id[n+1:])
	if err != nil || id[n+1] < '1' || id[n+1] > '9' {
		return 0
	}
	return year
}

// notZero returns s, or "" for "0", which some fields use for nothing.
func notZero(s string) string {
	if s == "0" {
		return ""
	}
	return s
}

// idOf returns the id in a record, "" if it has none.
func idOf(raw json.RawMessage) string {
	r, err := newRecord(raw)
	if err != nil {
		return ""
	}
	if id := r.text("id"); id != "" {
		return id
	}
	return r.text("user_id")
}
