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
	Restore     movieRestoreCmd     `cmd:"" help:"Bring a removed movie back, with the facts it had."`
	Hide        movieHideCmd        `cmd:"" help:"List a movie no more, on every server, within a second."`
	Unhide      movieUnhideCmd      `cmd:"" help:"List a hidden movie again."`
	Hidden      movieHiddenCmd      `cmd:"" help:"Show which movies are hidden."`
	Pin         moviePinCmd         `cmd:"" help:"Put a movie first among the neighbours of another."`
	Block       movieBlockCmd       `cmd:"" help:"Keep a movie out of the neighbours of another."`
	Corrections movieCorrectionsCmd `cmd:"" help:"Show which neighbours were pinned and blocked."`
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
	Corrections []shownCorrection      `json:"corrections,omitempty"`
	Versions    []catalog.MovieVersion `json:"versions,omitempty"` // newest first, without what is now; number 1 of movie edit --to is the first
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
	if out.Corrections, err = shownCorrections(ctx, store, m.ID); err != nil {
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
		{"id", string(m.ID)}, {"title", m.Title}, {"original title", m.OriginalTitle}, {"year", zeroNone(m.Year)},
		{"release date", m.ReleaseDate}, {"status", m.Status},
		{"genres", strings.Join(m.Genres, ", ")}, {"people", strings.Join(m.People, ", ")},
		{"keywords", strings.Join(m.Keywords, ", ")}, {"collection", m.Collection},
		{"language", m.Language}, {"runtime", zeroNone(m.RuntimeMinutes)}, {"imdb", m.IMDBID}, {"tmdb", zeroNone(int(m.TMDBID))},
	}
	if m.VoteCount > 0 || m.VoteAverage > 0 {
		rows = append(rows, []string{"vote", fmt.Sprintf("%.1f of 10, by %d", m.VoteAverage, m.VoteCount)})
	}
	if m.CostUSD > 0 {
		rows = append(rows, []string{"cost of one view", fmt.Sprintf("%g USD", m.CostUSD)})
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
		fmt.Fprintf(w, "\n%s: %s (%s)%s", c.Kind, c.OtherTitle, c.Other, orNote(c.Note))
	}
	if len(s.Corrections) > 0 {
		fmt.Fprintln(w)
	}
	for i, v := range s.Versions {
		older := m
		if i > 0 {
			older = s.Versions[i-1].Movie
		}
		fmt.Fprintf(w, "\n%d. Until %s:\n", i+1, v.At.Format("2006-01-02 15:04:05"))
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
