package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a movie's facts. Longer input is cut at a character's border by
// [Movie.Normalize], never refused: a plot of 1 MB is a nuisance, not an error.
const (
	MaxTextBytes = 64 << 10 // title, overview, tagline each
	MaxListItems = 200      // genres, people, keywords each
)

// A Movie is what is known about one movie. The zero value of a field means
// that it is not known; ID is the only field that must be set.
type Movie struct {
	ID             MovieID  `json:"id"`
	TMDBID         int64    `json:"tmdb_id,omitempty"`
	IMDBID         string   `json:"imdb_id,omitempty"` // "tt0114709"
	Title          string   `json:"title,omitempty"`
	OriginalTitle  string   `json:"original_title,omitempty"`
	Year           int      `json:"year,omitempty"`         // of release
	ReleaseDate    string   `json:"release_date,omitempty"` // YYYY-MM-DD
	Genres         []string `json:"genres,omitempty"`
	People         []string `json:"people,omitempty"` // cast first, then crew, most important first
	Keywords       []string `json:"keywords,omitempty"`
	Collection     string   `json:"collection,omitempty"` // the series it belongs to
	Overview       string   `json:"overview,omitempty"`   // the plot
	Tagline        string   `json:"tagline,omitempty"`
	Language       string   `json:"language,omitempty"` // ISO 639-1, of the original
	RuntimeMinutes int      `json:"runtime_minutes,omitempty"`
	Adult          bool     `json:"adult,omitempty"`
	Status         string   `json:"status,omitempty"`       // "Released", "Rumored", ...
	VoteAverage    float64  `json:"vote_average,omitempty"` // 0 to 10, an outside database's
	VoteCount      int      `json:"vote_count,omitempty"`
	Popularity     float64  `json:"popularity,omitempty"` // an outside database's, no unit
	CostUSD        float64  `json:"cost_usd,omitempty"`   // license cost of one view

	// Extra keeps the fields of the source that have no place above, by their
	// names there, so that nothing a catalog says is lost.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

// Normalize makes m fit to be stored: texts become valid UTF-8 without control
// characters and are cut to [MaxTextBytes], lists lose empty and repeated
// entries and are cut to [MaxListItems], numbers out of their range become
// unknown. It returns a line for each thing it had to cut or drop; an id that
// is not legal is an error that wraps [ErrInvalid].
func (m *Movie) Normalize() (notes []string, err error) {
	if _, err := ParseMovieID(string(m.ID)); err != nil {
		return nil, err
	}
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	for _, t := range []struct {
		name string
		text *string
	}{
		{"title", &m.Title},
		{"original_title", &m.OriginalTitle},
		{"collection", &m.Collection},
		{"overview", &m.Overview},
		{"tagline", &m.Tagline},
		{"language", &m.Language},
		{"status", &m.Status},
		{"imdb_id", &m.IMDBID},
		{"release_date", &m.ReleaseDate},
	} {
		clean := CleanText(*t.text)
		if len(clean) > MaxTextBytes {
			note("%s has %d bytes, cut to %d", t.name, len(clean), MaxTextBytes)
			clean = CutText(clean, MaxTextBytes)
		}
		*t.text = clean
	}
	for _, l := range []struct {
		name string
		list *[]string
	}{
		{"genres", &m.Genres},
		{"people", &m.People},
		{"keywords", &m.Keywords},
	} {
		clean := cleanList(*l.list)
		if len(clean) > MaxListItems {
			note("%s has %d entries, cut to %d", l.name, len(clean), MaxListItems)
			clean = clean[:MaxListItems]
		}
		*l.list = clean
	}
	if m.Year != 0 && (m.Year < 1850 || m.Year > 2200) {
		note("year is %d, want 1850 to 2200; dropped", m.Year)
		m.Year = 0
	}
	if m.RuntimeMinutes < 0 || m.RuntimeMinutes > 100_000 {
		note("runtime is %d minutes, want 0 to 100000; dropped", m.RuntimeMinutes)
		m.RuntimeMinutes = 0
	}
	if !(m.VoteAverage >= 0 && m.VoteAverage <= 10) {
		note("vote_average is %v, want 0 to 10; dropped", m.VoteAverage)
		m.VoteAverage = 0
	}
	if m.VoteCount < 0 {
		note("vote_count is %d, want 0 or more; dropped", m.VoteCount)
		m.VoteCount = 0
	}
	if !(m.Popularity >= 0 && m.Popularity < 1e9) {
		note("popularity is %v, want 0 or more; dropped", m.Popularity)
		m.Popularity = 0
	}
	if !(m.CostUSD >= 0 && m.CostUSD < 1e6) {
		note("cost_usd is %v, want 0 or more; dropped", m.CostUSD)
		m.CostUSD = 0
	}
	return notes, nil
}

// Merge fills what m does not know from n: every zero field of m takes the
// value of n. The id of m stays. It reports whether m changed. With prefer, a
// field that both know takes the value of n.
func (m *Movie) Merge(n Movie, prefer bool) (changed bool) {
	text := func(dst *string, src string) {
		if src != "" && (*dst == "" || prefer) && *dst != src {
			*dst, changed = src, true
		}
	}
	whole := func(dst *int, src int) {
		if src != 0 && (*dst == 0 || prefer) && *dst != src {
			*dst, changed = src, true
		}
	}
	real := func(dst *float64, src float64) {
		if src != 0 && (*dst == 0 || prefer) && *dst != src {
			*dst, changed = src, true
		}
	}
	list := func(dst *[]string, src []string) {
		if len(src) > 0 && (len(*dst) == 0 || prefer) && strings.Join(*dst, "\x00") != strings.Join(src, "\x00") {
			*dst, changed = src, true
		}
	}
	if n.TMDBID != 0 && (m.TMDBID == 0 || prefer) && m.TMDBID != n.TMDBID {
		m.TMDBID, changed = n.TMDBID, true
	}
	text(&m.IMDBID, n.IMDBID)
	text(&m.Title, n.Title)
	text(&m.OriginalTitle, n.OriginalTitle)
	whole(&m.Year, n.Year)
	text(&m.ReleaseDate, n.ReleaseDate)
	list(&m.Genres, n.Genres)
	list(&m.People, n.People)
	list(&m.Keywords, n.Keywords)
	text(&m.Collection, n.Collection)
	text(&m.Overview, n.Overview)
	text(&m.Tagline, n.Tagline)
	text(&m.Language, n.Language)
	whole(&m.RuntimeMinutes, n.RuntimeMinutes)
	if n.Adult && !m.Adult { // one source that says adult is enough
		m.Adult, changed = true, true
	}
	text(&m.Status, n.Status)
	real(&m.VoteAverage, n.VoteAverage)
	whole(&m.VoteCount, n.VoteCount)
	real(&m.Popularity, n.Popularity)
	real(&m.CostUSD, n.CostUSD)
	for k, v := range n.Extra {
		if old, known := m.Extra[k]; !known || prefer && string(old) != string(v) {
			if m.Extra == nil {
				m.Extra = make(map[string]json.RawMessage)
			}
			m.Extra[k], changed = v, true
		}
	}
	return changed
}

// CleanText returns s as valid UTF-8, with every run of blanks and control
// characters as one blank, and none at the ends.
func CleanText(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

func cleanList(in []string) []string {
	var out []string
	seen := make(map[string]bool, len(in))
	for _, s := range in {
		s = CutText(CleanText(s), MaxIDBytes)
		if s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// CutText returns the longest prefix of s that has at most n bytes and ends at a
// character's border; "" if n is 0 or less.
func CutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n = max(n, 0)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
