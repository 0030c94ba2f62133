package table

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"marquee/catalog"
)

// DecodeMovie returns the movie of one JSON line by the usual names of columns,
// normalized, with a note for each thing that was cut or dropped. An error
// wraps [catalog.ErrInvalid].
func DecodeMovie(line []byte) (m catalog.Movie, notes []string, err error) {
	r, err := parseJSON(line, bind(Movies, nil))
	if err != nil {
		return catalog.Movie{}, nil, err
	}
	m, err = r.movie("")
	return m, r.notes, err
}

// movie returns the movie of r, normalized. Only its id may be refused.
func (r *record) movie(sep string) (catalog.Movie, error) {
	m := r.facts(sep)
	notes, err := m.Normalize()
	r.notes = append(r.notes, notes...)
	return m, err
}

// facts returns the movie of r as it stands, its id unchecked.
func (r *record) facts(sep string) catalog.Movie {
	m := catalog.Movie{
		ID:             catalog.MovieID(r.text("id")),
		TMDBID:         r.tmdb(),
		IMDBID:         r.imdb(),
		Title:          r.text("title"),
		OriginalTitle:  r.text("original_title"),
		Year:           r.year(),
		Genres:         genres(r.list("genres", sep)),
		People:         names(append(r.list("people", sep), r.list("crew", sep)...)),
		Keywords:       r.list("keywords", sep),
		Collection:     r.text("collection"),
		Overview:       r.text("overview"),
		Tagline:        r.text("tagline"),
		Language:       r.text("language"),
		RuntimeMinutes: r.runtime(),
		Adult:          r.yes("adult"),
		Status:         r.text("status"),
		VoteAverage:    r.number("vote_average"),
		VoteCount:      int(r.whole("vote_count")),
		Popularity:     r.number("popularity"),
		CostUSD:        r.number("cost_usd"),
		Extra:          r.extra,
	}
	r.release(&m)
	return m
}

func (r *record) tmdb() int64 {
	n := r.whole("tmdb_id")
	if n < 0 {
		r.note("tmdb_id is %d, want 1 or more; dropped", n)
		return 0
	}
	return n
}

func (r *record) imdb() string {
	s := r.text("imdb_id")
	if strings.Trim(s, "0") == "" {
		return "" // 0 is how the catalog API says that there is none
	}
	id, err := catalog.ParseIMDBID(s)
	r.drop("imdb_id", err)
	return id
}

// year reads "1995", "1995.0", "(1995)" and "1995-11-22".
func (r *record) year() int {
	v := r.values["year"]
	v.text = strings.Trim(v.text, "()")
	if head, _, ok := strings.Cut(v.text, "-"); ok && len(head) == 4 {
		v.text, v.raw = head, nil
	}
	n, err := v.whole()
	r.drop("year", err)
	return int(n)
}

// release sets the release date, and the year if no other column has it.
func (r *record) release(m *catalog.Movie) {
	text := r.text("release_date")
	if text == "" || text == "0" {
		return
	}
	for _, layout := range []string{time.DateOnly, "02-Jan-2006", "2006", time.RFC3339, "2006-01-02T15:04:05", time.DateTime} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if m.Year == 0 {
			m.Year = t.Year()
		}
		if layout != "2006" {
			m.ReleaseDate = t.Format(time.DateOnly)
		}
		return
	}
	r.note("release_date is %.40q, want YYYY-MM-DD; dropped", text)
}

var runtimeUnit = regexp.MustCompile(`^(?:(\d+) ?h(?:ours?|rs?)? ?)?(?:(\d+) ?m(?:in(?:ute)?s?\.?)?)?$`)

// runtime reads minutes as a number, "113 min" and "1h 53m".
func (r *record) runtime() int {
	v := r.values["runtime_minutes"]
	if m := runtimeUnit.FindStringSubmatch(strings.ToLower(v.text)); m != nil && v.text != "" {
		var hours, minutes int
		_, _ = fmt.Sscan(m[1], &hours) // digits or nothing, which is 0
		_, _ = fmt.Sscan(m[2], &minutes)
		return hours*60 + minutes
	}
	f, _, err := v.number()
	r.drop("runtime_minutes", err)
	if f < 0 || f > 100_000 {
		r.note("runtime is %v minutes, want 0 to 100000; dropped", f)
		return 0
	}
	return int(f + 0.5)
}

// genres returns list without MovieLens's way of saying that there are none.
func genres(list []string) []string {
	var out []string
	for _, g := range list {
		if g != "(no genres listed)" {
			out = append(out, g)
		}
	}
	return out
}

// aside is what a list of people says about the one before it, such as the
// "(actor)" of Wikipedia's names.
var aside = regexp.MustCompile(`^(.*\S)\s*\([^()]*\)$`)

// names returns list without entries that name nobody, such as "(voices)" or
// "&", and without what stands in parentheses after a name.
func names(list []string) []string {
	var out []string
	for _, name := range list {
		name = strings.TrimSpace(name)
		if m := aside.FindStringSubmatch(name); m != nil {
			name = m[1]
		}
		if strings.HasPrefix(name, "(") || strings.Trim(name, " .,;:&()[]*-/'\"") == "" {
			continue
		}
		out = append(out, name)
	}
	return out
}
