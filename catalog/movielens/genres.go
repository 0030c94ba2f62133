package movielens

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
)

// none is how MovieLens says that a movie has no genres.
const none = "(no genres listed)"

// genres returns the genres of "Adventure|Children".
func genres(field string) []string {
	var out []string
	for g := range strings.SplitSeq(field, "|") {
		if g = strings.TrimSpace(g); g != "" && g != none {
			out = append(out, g)
		}
	}
	return out
}

// genresOf100k are the columns of u.item after the first five, for a folder
// whose u.genre is missing.
var genresOf100k = []string{
	"unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
	"Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
}

// genreNames returns what the genre columns of u.item stand for, from u.genre;
// nil for the layouts that write genres out.
func (im *importer) genreNames() ([]string, error) {
	if im.layout.movies.name != "u.item" {
		return nil, nil
	}
	if im.layout.genres.name == "" {
		return genresOf100k, nil
	}
	names := make([]string, len(genresOf100k))
	err := im.each(im.layout.genres, func(fields []string, _ int) error {
		at, err := strconv.Atoi(fields[1])
		if err != nil || at < 0 || at >= len(names) {
			return fmt.Errorf("genre %.40q has column %.40q, want 0 to %d: %w", fields[0], fields[1], len(names)-1, catalog.ErrInvalid)
		}
		names[at] = fields[0]
		return nil
	}, nil)
	return names, err
}

// flags sets what a row of u.item says beside id and title: release date, page
// at IMDb, and one column of 0 or 1 for each genre.
func flags(m *catalog.Movie, fields, names []string) error {
	if len(fields) != 5+len(names) {
		return fmt.Errorf("%d fields, want %d: %w", len(fields), 5+len(names), catalog.ErrInvalid)
	}
	if t, err := time.Parse("02-Jan-2006", fields[2]); err == nil {
		m.ReleaseDate = t.Format(time.DateOnly)
		if m.Year == 0 {
			m.Year = t.Year()
		}
	}
	if url := fields[4]; url != "" {
		raw, err := json.Marshal(url)
		if err != nil {
			return err
		}
		m.Extra = map[string]json.RawMessage{"imdb_url": raw}
	}
	for i, name := range names {
		switch flag := fields[5+i]; {
		case flag == "1" && name != "" && name != "unknown":
			m.Genres = append(m.Genres, name)
		case flag != "0" && flag != "1":
			return fmt.Errorf("genre column %d is %.40q, want 0 or 1: %w", i, flag, catalog.ErrInvalid)
		}
	}
	return nil
}
