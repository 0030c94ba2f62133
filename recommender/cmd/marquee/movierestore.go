package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

type movieRestoreCmd struct {
	ID string `arg:"" help:"Id of the movie that was removed."`
}

// Help is shown below the flags.
func (movieRestoreCmd) Help() string {
	return `Examples:
  marquee movie restore the+long+tide+2026
  marquee movie edit the+long+tide+2026 --revert      the same

The facts are those of its last version, which the store keeps when a movie is removed
until "marquee store prune" takes it. Servers list the movie again within seconds.`
}

// Run stores a removed movie again.
func (c movieRestoreCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	return restore(ctx, e, store, c.ID, 1)
}

// restore stores version number n, of a movie that was removed, again.
func restore(ctx context.Context, e *env, store *sqlstore.Store, name string, n int) error {
	id, err := catalog.ParseMovieID(name)
	if err != nil {
		return usage("%q is no id; a removed movie is named by its id", name)
	}
	switch m, err := store.Movie(ctx, id); {
	case err == nil:
		return usage("%s (%s) is in the catalog; \"marquee movie edit %s --revert\" takes its last change back", m.Title, id, id)
	case !errors.Is(err, catalog.ErrNotFound):
		return err
	}
	versions, err := store.MovieVersions(ctx, id, 0)
	if err != nil {
		return err
	}
	if len(versions) == 0 {
		return fmt.Errorf("no movie of the id %q was removed, or what is kept of it was pruned: %w", id, catalog.ErrNotFound)
	}
	if n > len(versions) {
		return fmt.Errorf("movie %q has %d earlier versions, so there is no number %d: %w", id, len(versions), n, catalog.ErrNotFound)
	}
	v := versions[n-1]
	if _, err := store.PutMovies(ctx, []catalog.Movie{v.Movie}); err != nil {
		return err
	}
	return e.print(map[string]any{"movie": id, "title": v.Movie.Title, "restored": true, "until": v.At}, func(w io.Writer) {
		fmt.Fprintf(w, "restored %s (%s) as it was until %s\n", movieLabel(v.Movie), id, v.At.Format("2006-01-02 15:04:05"))
	})
}

// earlierOf returns the earlier version of m that --to or --revert means, and its number.
// Number 1 is the newest. A revert goes on backwards: where the facts of m stood before,
// it takes what was before they first did, so that two reverts go back by two changes.
func earlierOf(versions []catalog.MovieVersion, m catalog.Movie, to int) (catalog.MovieVersion, int, error) {
	if len(versions) == 0 {
		return catalog.MovieVersion{}, 0, fmt.Errorf("movie %q has no earlier facts: it was not changed since it came, or that was pruned: %w", m.ID, catalog.ErrNotFound)
	}
	if to > len(versions) {
		return catalog.MovieVersion{}, 0, fmt.Errorf("movie %q has %d earlier versions, so there is no number %d; \"marquee movie show %s --versions %d\" lists them: %w",
			m.ID, len(versions), to, m.ID, len(versions), catalog.ErrNotFound)
	}
	if to > 0 {
		return versions[to-1], to, nil
	}
	n := 1
	for i := range versions {
		if len(movieChanges(versions[i].Movie, m)) == 0 {
			n = i + 2
		}
	}
	if n > len(versions) {
		return catalog.MovieVersion{}, 0, fmt.Errorf("movie %q is as it was first, so --revert goes back no further; --to 1 takes the last change back, \"marquee movie show %s\" lists the versions: %w",
			m.ID, m.ID, catalog.ErrNotFound)
	}
	return versions[n-1], n, nil
}
