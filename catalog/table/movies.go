package table

import (
	"errors"
	"fmt"
	"strconv"

	"marquee/catalog"
)

// movies imports movies, whole or merged.
func (im *importer) movies() error {
	what := im.opts.Merge
	if what == Replace {
		what = ByID
	}
	last, err := im.last(func(rec *record) string { return key(rec, what) })
	if err != nil {
		return err
	}
	p := &pending{im: im, at: make(map[catalog.MovieID]int)}
	return im.each(func(rec *record, line int) error {
		k := key(rec, what)
		if k != "" && im.superseded(last, what, k, line) {
			return nil
		}
		if err := p.take(rec, k); err != nil {
			return err
		}
		im.mend(line, rec.notes)
		return nil
	}, p.flush)
}

// key returns the value by which rec meets a known movie, "" if it has none.
// Its notes are not rec's: the same field is read again for the movie.
func key(rec *record, by string) string {
	quiet := record{values: rec.values}
	switch by {
	case ByIMDB:
		return quiet.imdb()
	case ByTMDB:
		if id := quiet.tmdb(); id != 0 {
			return strconv.FormatInt(id, 10)
		}
		return ""
	}
	return quiet.text("id")
}

// A pending holds the movies that wait to be put.
type pending struct {
	im     *importer
	movies []catalog.Movie
	at     map[catalog.MovieID]int // where in movies
}

func (p *pending) flush() error {
	if len(p.movies) == 0 {
		return nil
	}
	tally, err := p.im.store.PutMovies(p.im.ctx, p.movies)
	p.im.report.Movies.Add(tally)
	if err == nil && p.im.opts.Taken != nil {
		for _, m := range p.movies {
			p.im.opts.Taken(m.ID)
		}
	}
	p.movies = p.movies[:0]
	clear(p.at)
	return err
}

// put adds m, or puts it in the place of the pending movie of its id.
func (p *pending) put(m catalog.Movie) {
	if i, ok := p.at[m.ID]; ok {
		p.movies[i] = m
		return
	}
	p.at[m.ID] = len(p.movies)
	p.movies = append(p.movies, m)
}

// movie returns the movie of that id, pending or stored.
func (p *pending) movie(id catalog.MovieID) (catalog.Movie, error) {
	if i, ok := p.at[id]; ok {
		return p.movies[i], nil
	}
	return p.im.store.Movie(p.im.ctx, id)
}

// take puts the movie of rec, or merges it into the movies whose key it has.
func (p *pending) take(rec *record, key string) error {
	opts := p.im.opts
	if opts.Merge == Replace {
		m, err := rec.movie(opts.ListSep)
		if err == nil {
			p.put(m)
		}
		return err
	}
	ids, err := p.known(key)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return p.add(rec, key)
	}
	facts := rec.facts(opts.ListSep)
	for i, id := range ids {
		m, err := p.movie(id)
		if err != nil {
			return err
		}
		n := facts
		n.ID = id
		notes, err := n.Normalize()
		if err != nil {
			return err
		}
		if i == 0 {
			rec.notes = append(rec.notes, notes...)
		}
		m.Merge(n, opts.Prefer)
		p.put(m)
	}
	return nil
}

// known returns the ids of the known movies that have key.
func (p *pending) known(key string) ([]catalog.MovieID, error) {
	by := p.im.opts.Merge
	if key == "" {
		return nil, fmt.Errorf("no %s to merge by: %w", by, catalog.ErrInvalid)
	}
	if by != ByID {
		return p.im.store.MovieByOutside(p.im.ctx, by, key)
	}
	id, err := catalog.ParseMovieID(key)
	if err != nil {
		return nil, err
	}
	if _, err := p.movie(id); errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return []catalog.MovieID{id}, nil
}

// add takes the movie of rec, which no known movie has the key of, if the
// options say so.
func (p *pending) add(rec *record, key string) error {
	opts := p.im.opts
	if !opts.Add {
		return fmt.Errorf("no movie with %s %q to merge into: %w", opts.Merge, key, catalog.ErrInvalid)
	}
	m, err := rec.movie(opts.ListSep)
	if err != nil {
		return fmt.Errorf("no movie with %s %q, and it cannot be added: %w", opts.Merge, key, err)
	}
	if known, err := p.movie(m.ID); err == nil {
		return fmt.Errorf("no movie with %s %q, and its id %q is that of %q: %w", opts.Merge, key, m.ID, known.Title, catalog.ErrInvalid)
	} else if !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	p.put(m)
	return nil
}
