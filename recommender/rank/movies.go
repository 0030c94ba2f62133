package rank

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/embedder"
)

// Movies are the movies of one bundle as columns, a movie a row. Rows ascend by
// id, but for movies that came after a build. Nothing writes to one after [NewMovies]
// returns.
type Movies struct {
	IDs      []catalog.MovieID // row -> id
	Titles   []string          // row -> title; empty if unknown
	Years    []uint16          // row -> year of release; 0 if unknown
	Released []int32           // row -> day of release since 1970-01-01; [DayUnknown] if unknown
	Adult    []bool            // row -> adult movie

	// Of bundles since format 3; nil in older ones.
	Genres    [][]string // row -> genres, for filters
	Languages []string   // row -> ISO 639-1; empty if unknown
	Documents []DocHash  // row -> of the text that was embedded

	// Of bundles since format 4; nil in older ones.
	Collections []string  // row -> the series it belongs to; empty for none
	Costs       []float32 // row -> of a license for one view, US dollars; 0 if unknown

	Gone []bool // row -> the movie left the catalog after the row was made; nil if none did

	rows  map[catalog.MovieID]uint32
	later map[catalog.MovieID]uint32 // those of With
	tags  *tags                      // for rules
}

// A DocHash is the first half of the SHA-256 of a movie's document: equal hashes
// mean equal vectors in one space.
type DocHash [16]byte

// HashDocument returns the hash of a text.
func HashDocument(text string) DocHash {
	sum := sha256.Sum256([]byte(text))
	return DocHash(sum[:16])
}

// DayUnknown stands for a day of release that is not known.
const DayUnknown = int32(-1 << 31)

// NewMovies returns the columns of movies, which must ascend by id without
// repetition: so the same movies get the same rows.
func NewMovies(movies []catalog.Movie) (*Movies, error) {
	for i := range movies {
		if i > 0 && movies[i-1].ID >= movies[i].ID {
			return nil, fmt.Errorf("movie ids %q and %q stand out of order at row %d", movies[i-1].ID, movies[i].ID, i)
		}
	}
	m := &Movies{
		IDs:      make([]catalog.MovieID, len(movies)),
		Titles:   make([]string, len(movies)),
		Years:    make([]uint16, len(movies)),
		Released: make([]int32, len(movies)),
		Adult:    make([]bool, len(movies)),

		Genres:    make([][]string, len(movies)),
		Languages: make([]string, len(movies)),
		Documents: make([]DocHash, len(movies)),

		Collections: make([]string, len(movies)),
		Costs:       make([]float32, len(movies)),
	}
	for i, movie := range movies {
		m.set(i, movie)
	}
	return m, m.Index()
}

// set fills in the columns of a row.
func (m *Movies) set(row int, movie catalog.Movie) {
	if m.Genres != nil {
		m.Genres[row] = movie.Genres
		m.Languages[row] = movie.Language
		m.Documents[row] = HashDocument(embedder.Document(movie))
	}
	if m.Collections != nil {
		m.Collections[row] = movie.Collection
		m.Costs[row] = float32(movie.CostUSD)
	}
	if m.Gone != nil {
		m.Gone[row] = false
	}
	m.IDs[row] = movie.ID
	m.Titles[row] = movie.Title
	m.Years[row] = uint16(movie.Year)
	m.Released[row] = releaseDay(movie)
	m.Adult[row] = movie.Adult
}

// With returns m with movies that were added or edited later, and the row of
// each: the one it has, or the next behind the last, in the order of movies. m
// stays as it is. It copies the columns, some 60 bytes a row, and no more.
func (m *Movies) With(movies []catalog.Movie) (*Movies, []uint32) {
	next := &Movies{
		IDs:      slices.Clone(m.IDs),
		Titles:   slices.Clone(m.Titles),
		Years:    slices.Clone(m.Years),
		Released: slices.Clone(m.Released),
		Adult:    slices.Clone(m.Adult),

		Genres:    slices.Clone(m.Genres),
		Languages: slices.Clone(m.Languages),
		Documents: slices.Clone(m.Documents),
		Gone:      slices.Clone(m.Gone),

		Collections: slices.Clone(m.Collections),
		Costs:       slices.Clone(m.Costs),

		rows:  m.rows,
		later: make(map[catalog.MovieID]uint32, len(m.later)+len(movies)),
		tags:  new(tags),
	}
	maps.Copy(next.later, m.later)
	rows := make([]uint32, len(movies))
	for i, movie := range movies {
		row, known := next.Row(movie.ID)
		if !known {
			row = uint32(next.Len())
			next.IDs = append(next.IDs, "")
			next.Titles = append(next.Titles, "")
			next.Years = append(next.Years, 0)
			next.Released = append(next.Released, 0)
			next.Adult = append(next.Adult, false)
			if next.Genres != nil {
				next.Genres = append(next.Genres, nil)
				next.Languages = append(next.Languages, "")
				next.Documents = append(next.Documents, DocHash{})
			}
			if next.Collections != nil {
				next.Collections = append(next.Collections, "")
				next.Costs = append(next.Costs, 0)
			}
			if next.Gone != nil {
				next.Gone = append(next.Gone, false)
			}
			next.later[movie.ID] = row
		}
		next.set(int(row), movie)
		rows[i] = row
	}
	return next, rows
}

// Same reports whether the columns of a row say of a movie what movie does.
func (m *Movies) Same(row uint32, movie catalog.Movie) bool {
	return m.IDs[row] == movie.ID && m.Titles[row] == movie.Title && m.Years[row] == uint16(movie.Year) &&
		m.Released[row] == releaseDay(movie) && m.Adult[row] == movie.Adult && !m.IsGone(row) &&
		(m.Genres == nil || m.Languages[row] == movie.Language && slices.Equal(m.Genres[row], movie.Genres) &&
			m.Documents[row] == HashDocument(embedder.Document(movie))) &&
		(m.Collections == nil || m.Collections[row] == movie.Collection && m.Costs[row] == float32(movie.CostUSD))
}

// IsGone reports whether the movie of a row left the catalog.
func (m *Movies) IsGone(row uint32) bool { return m.Gone != nil && m.Gone[row] }

// Without returns m with rows whose movies left the catalog. Their rows stay, so that
// all others keep theirs. m stays as it is.
func (m *Movies) Without(rows []uint32) *Movies {
	next := *m
	next.Gone = make([]bool, m.Len())
	copy(next.Gone, m.Gone)
	for _, row := range rows {
		next.Gone[row] = true
	}
	return &next
}

// releaseDay returns the day of release; of a movie that has only a year it is
// the first day of that year. One without a day whose status is one of those that the catalog
// has before release, or instead of it, is not released on any day.
func releaseDay(m catalog.Movie) int32 {
	if t, err := time.Parse(time.DateOnly, m.ReleaseDate); err == nil {
		return Day(t)
	}
	switch strings.ToLower(m.Status) {
	case "rumored", "planned", "in production", "post production", "canceled", "cancelled":
		return math.MaxInt32
	}
	if m.Year > 0 {
		return Day(time.Date(m.Year, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	return DayUnknown
}

// Day returns the days from 1970-01-01 to t, in UTC.
func Day(t time.Time) int32 {
	const day = 24 * 60 * 60
	s := t.Unix()
	if s < 0 {
		s -= day - 1
	}
	return int32(s / day)
}

// Index checks the columns and makes the way from id to row. Only a reader of
// stored columns needs to call it; NewMovies has.
func (m *Movies) Index() error {
	n := len(m.IDs)
	if len(m.Titles) != n || len(m.Years) != n || len(m.Released) != n || len(m.Adult) != n {
		return fmt.Errorf("movie columns of %d ids, %d titles, %d years, %d days, %d adult flags, want as many of each",
			n, len(m.Titles), len(m.Years), len(m.Released), len(m.Adult))
	}
	if m.Genres != nil && (len(m.Genres) != n || len(m.Languages) != n || len(m.Documents) != n) || m.Gone != nil && len(m.Gone) != n {
		return fmt.Errorf("movie columns of %d ids, %d genres, %d languages, %d documents, %d that left, want as many of each",
			n, len(m.Genres), len(m.Languages), len(m.Documents), len(m.Gone))
	}
	if m.Collections != nil && (len(m.Collections) != n || len(m.Costs) != n) {
		return fmt.Errorf("movie columns of %d ids, %d collections and %d costs, want as many of each", n, len(m.Collections), len(m.Costs))
	}
	m.tags = new(tags)
	m.rows = make(map[catalog.MovieID]uint32, n)
	for i, id := range m.IDs {
		if first, twice := m.rows[id]; twice {
			return fmt.Errorf("movie id %q stands in rows %d and %d", id, first, i)
		}
		m.rows[id] = uint32(i)
	}
	return nil
}

// Len returns the number of movies.
func (m *Movies) Len() int { return len(m.IDs) }

// Row returns the row of id, and whether the bundle knows it.
func (m *Movies) Row(id catalog.MovieID) (uint32, bool) {
	row, ok := m.rows[id]
	if !ok && m.later != nil {
		row, ok = m.later[id]
	}
	return row, ok
}

// Label returns the title and year of a row for people to read, or its id.
func (m *Movies) Label(row uint32) string {
	switch {
	case m.Titles[row] == "":
		return string(m.IDs[row])
	case m.Years[row] == 0:
		return m.Titles[row]
	}
	return fmt.Sprintf("%s (%d)", m.Titles[row], m.Years[row])
}
