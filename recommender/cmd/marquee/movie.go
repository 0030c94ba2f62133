package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/embedder"
)

type movieCmd struct {
	Show        movieShowCmd        `cmd:"" help:"Show what is known of a movie."`
	Search      movieSearchCmd      `cmd:"" help:"Search movies by what they are about."`
	Neighbours  movieNeighboursCmd  `cmd:"" help:"Show the nearest movies of a movie, and why."`
	Add         movieAddCmd         `cmd:"" help:"Add a movie; servers list it within seconds."`
	Edit        movieEditCmd        `cmd:"" help:"Correct the facts of a movie, and see its neighbours before and after."`
	Remove      movieRemoveCmd      `cmd:"" help:"Remove a movie from the catalog."`
	Hide        movieHideCmd        `cmd:"" help:"List a movie no more, on every server, within a second."`
	Unhide      movieUnhideCmd      `cmd:"" help:"List a hidden movie again."`
	Hidden      movieHiddenCmd      `cmd:"" help:"Show which movies are hidden."`
	Pin         moviePinCmd         `cmd:"" help:"Put a movie first among the neighbours of another."`
	Block       movieBlockCmd       `cmd:"" help:"Keep a movie out of the neighbours of another."`
	Corrections movieCorrectionsCmd `cmd:"" help:"Show which neighbours were pinned and blocked."`
}

// movieArg names a movie by id or title.
type movieArg struct {
	Movie string `arg:"" help:"Id or title of the movie."`
}

// find returns the movie that the argument means: by id, by whole title, or by
// part of one. Where several are meant it takes the first and says so.
func (a movieArg) find(ctx context.Context, e *env, store *sqlstore.Store) (catalog.Movie, error) {
	found, err := findMovies(ctx, store, a.Movie)
	if err != nil {
		return catalog.Movie{}, err
	}
	if len(found) > 1 {
		e.log.Info("several titles match; the first is taken", "taken", found[0].ID, "others", strings.Join(labels(found[1:]), "; "))
	}
	return found[0], nil
}

// findOne is find for what changes a movie: several that match are an error.
func findOne(ctx context.Context, store *sqlstore.Store, name string) (catalog.Movie, error) {
	found, err := findMovies(ctx, store, name)
	if err != nil {
		return catalog.Movie{}, err
	}
	if len(found) > 1 {
		return catalog.Movie{}, usage("%q may mean %s; name one by its id", name, strings.Join(labels(found), "; "))
	}
	return found[0], nil
}

// findMovies returns the movies that name may mean, at least one: that of the id,
// or those of the whole title, or those with it in their titles.
func findMovies(ctx context.Context, store *sqlstore.Store, name string) ([]catalog.Movie, error) {
	if id, err := catalog.ParseMovieID(name); err == nil {
		if m, err := store.Movie(ctx, id); err == nil {
			return []catalog.Movie{m}, nil
		}
	}
	found, err := store.FindMovies(ctx, name, 10)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no movie has the id or title %q; \"marquee movie search\" finds movies by what they are about: %w", name, catalog.ErrNotFound)
	}
	if whole := slices.DeleteFunc(slices.Clone(found), func(m catalog.Movie) bool { return !strings.EqualFold(m.Title, name) }); len(whole) > 0 {
		found = whole
	}
	return found, nil
}

// labels names movies for a message.
func labels(movies []catalog.Movie) []string {
	out := make([]string, len(movies))
	for i, m := range movies {
		out[i] = fmt.Sprintf("%s (%d), id %s", m.Title, m.Year, m.ID)
	}
	return out
}

type movieShowCmd struct {
	movieArg
	Versions int `help:"Earlier versions of its facts shown at most." default:"3" env:"-" placeholder:"N"`
}

// Help is shown below the flags.
func (movieShowCmd) Help() string {
	return `Examples:
  marquee movie show "Toy Story"
  marquee movie show 1 --output json`
}

// A shownMovie is the result of movie show.
type shownMovie struct {
	catalog.Movie
	Document    string                 `json:"document"` // the text that is embedded
	Hidden      *catalog.Hidden        `json:"hidden,omitempty"`
	Corrections []catalog.Correction   `json:"corrections,omitempty"`
	Versions    []catalog.MovieVersion `json:"versions,omitempty"` // newest first, without what is now
}

// Run shows the facts of a movie and the text that is embedded.
func (c movieShowCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	m, err := c.find(ctx, e, store)
	if err != nil {
		return err
	}
	out := shownMovie{Movie: m, Document: embedder.Document(m)}
	if out.Hidden, err = hiddenOf(ctx, store, m.ID); err != nil {
		return err
	}
	if out.Corrections, err = store.Corrections(ctx, m.ID); err != nil {
		return err
	}
	if c.Versions > 0 {
		if out.Versions, err = store.MovieVersions(ctx, m.ID, c.Versions); err != nil {
			return err
		}
	}
	return e.print(out, out.text)
}

// hiddenOf returns what is known of a movie's being hidden; nil if it is not.
func hiddenOf(ctx context.Context, store *sqlstore.Store, id catalog.MovieID) (*catalog.Hidden, error) {
	all, err := store.Hidden(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(h catalog.Hidden) bool { return h.Movie == id }); i >= 0 {
		return &all[i], nil
	}
	return nil, nil
}

func (s shownMovie) text(w io.Writer) {
	m := s.Movie
	rows := [][]string{
		{"id", string(m.ID)}, {"title", m.Title}, {"year", zeroNone(m.Year)},
		{"genres", strings.Join(m.Genres, ", ")}, {"people", strings.Join(m.People, ", ")},
		{"keywords", strings.Join(m.Keywords, ", ")}, {"collection", m.Collection},
		{"language", m.Language}, {"runtime", zeroNone(m.RuntimeMinutes)}, {"imdb", m.IMDBID}, {"tmdb", zeroNone(int(m.TMDBID))},
	}
	if m.Adult {
		rows = append(rows, []string{"adult", "yes"})
	}
	if h := s.Hidden; h != nil {
		rows = append(rows, []string{"hidden", strings.TrimSpace("since " + h.At.Format("2006-01-02 15:04") + "  " + h.Note)})
	}
	shown := rows[:0]
	for _, r := range rows {
		if r[1] != "" {
			shown = append(shown, r)
		}
	}
	columns(w, shown...)
	fmt.Fprintf(w, "\nThe text that is embedded:\n%s\n", s.Document)
	for _, c := range s.Corrections {
		fmt.Fprintf(w, "\n%s: %s%s", c.Kind, c.Other, orNote(c.Note))
	}
	if len(s.Corrections) > 0 {
		fmt.Fprintln(w)
	}
	for i, v := range s.Versions {
		older := m
		if i > 0 {
			older = s.Versions[i-1].Movie
		}
		fmt.Fprintf(w, "\nUntil %s:\n", v.At.Format("2006-01-02 15:04:05"))
		for _, d := range movieChanges(v.Movie, older) {
			fmt.Fprintf(w, "  %s\n", d)
		}
	}
}

// orNote returns a note as it is shown behind something.
func orNote(note string) string {
	if note == "" {
		return ""
	}
	return " (" + note + ")"
}

func zeroNone(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
