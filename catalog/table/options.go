package table

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"marquee/catalog"
)

// The formats of a file.
const (
	JSONL = "jsonl" // one JSON object a line
	CSV   = "csv"   // a header line, then records as in RFC 4180
)

// The kinds of rows.
const (
	Movies  = "movies"
	Users   = "users"
	Ratings = "ratings"
	Watches = "watches"
)

// The ways in which rows of movies meet known movies.
const (
	Replace = ""        // a row is the whole movie: what it does not say is no longer known
	ByID    = "id"      // facts are merged into the movie of the same id
	ByIMDB  = "imdb_id" // facts are merged into every movie of the same IMDb id
	ByTMDB  = "tmdb_id" // facts are merged into every movie of the same TMDB id
)

// Options says how to read a file. The zero value reads movies from JSON lines
// by the usual names of columns.
type Options struct {
	Format string // JSONL or CSV; "" is JSONL
	Kind   string // Movies, Users, Ratings or Watches; "" is Movies

	// Columns maps our field to the column of the file that holds it, such as
	// "people" to "Schauspieler"; [Fields] lists the fields of each kind. Names
	// of columns are compared without regard to case, blanks, "_" and "-". "-"
	// says that no column holds the field. A field that is not in the map is
	// found by its usual names.
	Columns map[string]string

	// Merge is Replace, ByID, ByIMDB or ByTMDB; for movies alone. A merge fills
	// what a known movie lacks.
	Merge string
	// Prefer lets a merge overwrite what both know.
	Prefer bool
	// Add takes the movies that a merge finds no movie for, if they have an id
	// of their own; otherwise they are refused.
	Add bool

	ListSep string // between the entries of a list in one CSV field; "" is "|", else ";", else ","
	Comma   byte   // between the fields of a CSV record; 0 finds it in the header: comma, semicolon, tab or "|"

	// Strict ends the import at the first row that cannot be taken, with an error that
	// wraps ErrRow; the rows before it go in.
	Strict bool
	// Taken, if not nil, is told the id of every movie that went in.
	Taken func(catalog.MovieID)

	// Progress, if not nil, is called now and then with the bytes of the file
	// on disk that were read so far, and all there are.
	Progress func(done, total int64)
}

// Validate reports every fault of o in one error that wraps
// [catalog.ErrInvalid].
func (o Options) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if f := o.format(); f != JSONL && f != CSV {
		fault("format is %q, want %s or %s", f, JSONL, CSV)
	}
	known := Fields(o.kind())
	if known == nil {
		fault("kind is %q, want %s, %s, %s or %s", o.Kind, Movies, Users, Ratings, Watches)
	}
	if !slices.Contains([]string{Replace, ByID, ByIMDB, ByTMDB}, o.Merge) {
		fault("merge is %q, want %s, %s, %s or nothing", o.Merge, ByID, ByIMDB, ByTMDB)
	}
	if o.Merge != Replace && o.kind() != Movies {
		fault("merge is %q for %s, want it for %s alone", o.Merge, o.kind(), Movies)
	}
	if o.Merge == Replace && (o.Prefer || o.Add) {
		fault("prefer and add go with a merge, want merge by %s, %s or %s beside them", ByID, ByIMDB, ByTMDB)
	}
	if o.Comma >= 0x80 || o.Comma == '"' || o.Comma == '\n' || o.Comma == '\r' {
		fault("comma is %q, want an ASCII character that is no quote and no line end", o.Comma)
	}
	for _, field := range slices.Sorted(maps.Keys(o.Columns)) {
		if known != nil && !slices.Contains(known, field) {
			fault("columns: no field %q in %s, want one of %s", field, o.kind(), strings.Join(known, ", "))
		}
		if fold(o.Columns[field]) == "" && o.Columns[field] != "-" {
			fault("columns: field %q has no column, want its name, or - for none", field)
		}
	}
	if errs != nil {
		return fmt.Errorf("%w: %w", errors.Join(errs...), catalog.ErrInvalid)
	}
	return nil
}

func (o Options) format() string {
	if o.Format == "" {
		return JSONL
	}
	return o.Format
}

func (o Options) kind() string {
	if o.Kind == "" {
		return Movies
	}
	return o.Kind
}
