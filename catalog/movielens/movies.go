package movielens

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"marquee/catalog"
	"marquee/catalog/rows"
	"marquee/catalog/table"
)

// movies joins what the files say about each movie, and puts them.
func (im *importer) movies() error {
	for _, step := range []func() error{im.readMovies, im.readLinks, im.readTags, im.readMetadata} {
		if err := step(); err != nil {
			return err
		}
	}
	return im.putMovies()
}

// readMetadata fills what the folder does not know from the metadata file.
func (im *importer) readMetadata() error {
	if im.opts.Metadata == "" {
		return nil
	}
	file, err := rows.Open(im.opts.Metadata)
	if err != nil {
		return err
	}
	defer file.Close()
	name := filepath.Base(im.opts.Metadata)
	lines := rows.NewLines(file, rows.MaxBytes)
	for count := 0; ; count++ {
		if count%256 == 0 {
			if err := im.tick(file); err != nil {
				return err
			}
		}
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return im.finish(file)
		}
		if err == nil && len(strings.TrimSpace(string(line))) == 0 {
			continue
		}
		if err == nil {
			err = im.addMetadata(line, name, lines.Number())
		}
		switch {
		case err == nil:
		case errors.Is(err, rows.ErrRow) || errors.Is(err, catalog.ErrInvalid):
			im.report.Refuse(name, lines.Number(), err.Error())
		default:
			return err
		}
	}
}

// addMetadata fills one movie. What the folder says stands: it is the data set,
// the metadata comes from elsewhere.
func (im *importer) addMetadata(line []byte, file string, number int) error {
	facts, notes, err := table.DecodeMovie(line)
	if err != nil {
		return err
	}
	i, err := im.found.index(string(facts.ID), im.layout.movies.name)
	if err != nil {
		return err
	}
	if len(notes) > 0 {
		im.report.Mend(file, number, strings.Join(notes, "; "))
	}
	im.found.movies[i].Merge(facts, false)
	return nil
}

// putMovies puts the joined movies, each merged with what the store knew of it.
func (im *importer) putMovies() error {
	f := im.found
	for from := 0; from < len(f.movies); from += batchMovies {
		to := min(from+batchMovies, len(f.movies))
		batch := make([]catalog.Movie, 0, to-from)
		for i := from; i < to; i++ {
			m := f.movies[i]
			notes, err := m.Normalize()
			if err != nil {
				return fmt.Errorf("movie %q: %w", m.ID, err)
			}
			if len(notes) > 0 {
				im.report.Mend(im.layout.movies.name, f.lines[i], strings.Join(notes, "; "))
			}
			known, err := im.store.Movie(im.ctx, m.ID)
			switch {
			case err == nil:
				known.Merge(m, true)
				m = known
			case !errors.Is(err, catalog.ErrNotFound):
				return err
			}
			batch = append(batch, m)
		}
		tally, err := im.store.PutMovies(im.ctx, batch)
		im.report.Movies.Add(tally)
		if err != nil {
			return err
		}
	}
	return im.ctx.Err()
}
