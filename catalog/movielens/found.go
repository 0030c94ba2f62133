package movielens

import (
	"fmt"
	"strconv"

	"marquee/catalog"
)

// maxMovies bounds the movies of one folder, since they are joined in memory;
// the largest MovieLens has 87,585.
const maxMovies = 2_000_000

// A found holds the movies of the folder while their facts are joined.
type found struct {
	movies []catalog.Movie
	lines  []int // of movies, in their file
	at     map[string]int
}

// index returns where the movie of that id is. A movie that the folder does not
// describe is an error that wraps [catalog.ErrInvalid].
func (f *found) index(id, file string) (int, error) {
	i, ok := f.at[id]
	if !ok {
		return 0, fmt.Errorf("movie %.40q is not in %s: %w", id, file, catalog.ErrInvalid)
	}
	return i, nil
}

// readMovies reads titles and genres.
func (im *importer) readMovies() error {
	im.found = &found{at: make(map[string]int)}
	names, err := im.genreNames()
	if err != nil {
		return err
	}
	s := im.layout.movies
	return im.each(s, func(fields []string, line int) error {
		id, err := catalog.ParseMovieID(fields[0])
		if err != nil {
			return err
		}
		m := catalog.Movie{ID: id}
		m.Title, m.Year = Title(fields[1])
		if names != nil {
			err = flags(&m, fields, names)
		} else {
			m.Genres = genres(fields[2])
		}
		if err != nil {
			return err
		}
		return im.add(m, line)
	}, nil)
}

// add keeps m; of two movies with one id the later one counts.
func (im *importer) add(m catalog.Movie, line int) error {
	f := im.found
	if i, again := f.at[string(m.ID)]; again {
		im.report.Mend(im.layout.movies.name, f.lines[i], fmt.Sprintf("movie %q comes again on line %d, which counts", m.ID, line))
		f.movies[i], f.lines[i] = m, line
		return nil
	}
	if len(f.movies) == maxMovies {
		return fmt.Errorf("%s has more than %d movies", im.layout.movies.name, maxMovies)
	}
	f.at[string(m.ID)] = len(f.movies)
	f.movies, f.lines = append(f.movies, m), append(f.lines, line)
	return nil
}

// readLinks reads the ids of other databases.
func (im *importer) readLinks() error {
	s := im.layout.links
	return im.each(s, func(fields []string, line int) error {
		i, err := im.found.index(fields[0], im.layout.movies.name)
		if err != nil {
			return err
		}
		m := &im.found.movies[i]
		if fields[1] != "" {
			id, err := catalog.ParseIMDBID(fields[1])
			if err != nil {
				im.report.Mend(s.name, line, err.Error())
			}
			m.IMDBID = id
		}
		if fields[2] != "" {
			id, err := strconv.ParseInt(fields[2], 10, 64)
			if err != nil || id < 1 {
				im.report.Mend(s.name, line, fmt.Sprintf("tmdbId is %.40q, want a whole number from 1; dropped", fields[2]))
				id = 0
			}
			m.TMDBID = id
		}
		return nil
	}, nil)
}
