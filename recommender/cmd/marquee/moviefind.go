package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// movieArg names a movie by id or title.
type movieArg struct {
	Movie string `arg:"" help:"Id of the movie, or its title, or \"Title (Year)\"."`
}

// find returns the movie that the argument means: by id, by whole title, or by
// part of one. Where several are meant it takes the first and says so. It is for what
// only looks: what changes a movie calls [findOne].
func (a movieArg) find(ctx context.Context, e *env, store *sqlstore.Store) (catalog.Movie, error) {
	found, err := exactMovies(ctx, store, a.Movie)
	if err == nil && len(found) == 0 {
		found, err = store.FindMovies(ctx, a.Movie, 10)
	}
	if err != nil {
		return catalog.Movie{}, err
	}
	if len(found) == 0 {
		return catalog.Movie{}, noMovie(ctx, store, a.Movie)
	}
	if len(found) > 1 {
		e.log.Info("several titles match; the first is taken", "taken", found[0].ID, "others", strings.Join(labels(found[1:]), "; "))
	}
	return found[0], nil
}

// findOne returns the movie to change: that of the id, of the whole title, or of
// "Title (Year)". Part of a title names none, and digits alone are an id, so that a
// mistyped id never reaches a film whose title happens to hold it. Several that match
// are an error.
func findOne(ctx context.Context, store *sqlstore.Store, name string) (catalog.Movie, error) {
	found, err := exactMovies(ctx, store, name)
	if err != nil {
		return catalog.Movie{}, err
	}
	switch {
	case len(found) == 0, digits(name) && string(found[0].ID) != name:
		return catalog.Movie{}, noMovie(ctx, store, name)
	case len(found) > 1:
		return catalog.Movie{}, usage("%q may mean %s; name one by its id", name, strings.Join(labels(found), "; "))
	}
	return found[0], nil
}

// digits reports whether name is a number.
func digits(name string) bool { return name != "" && strings.Trim(name, "0123456789") == "" }

// exactMovies returns the movies that name means in whole: that of the id, or those of
// the title in the first of its readings that is one.
func exactMovies(ctx context.Context, store *sqlstore.Store, name string) ([]catalog.Movie, error) {
	if id, err := catalog.ParseMovieID(name); err == nil {
		m, err := store.Movie(ctx, id)
		if err == nil {
			return []catalog.Movie{m}, nil
		}
		if !errors.Is(err, catalog.ErrNotFound) {
			return nil, err
		}
		if err := wasRemoved(ctx, store, id); err != nil {
			return nil, err
		}
	}
	for _, r := range readings(name) {
		found, err := store.FindMovies(ctx, r.title, 50)
		if err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(found, func(m catalog.Movie) bool { return !r.means(m) })
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, nil
}

// wasRemoved is an error if there was a movie of this id, and is none.
func wasRemoved(ctx context.Context, store *sqlstore.Store, id catalog.MovieID) error {
	versions, err := store.MovieVersions(ctx, id, 1)
	if err != nil || len(versions) == 0 {
		return err
	}
	return fmt.Errorf("movie %s (%s) was removed on %s; \"marquee movie restore %s\" brings it back: %w",
		id, versions[0].Movie.Title, versions[0].At.Format("2006-01-02 15:04"), id, catalog.ErrNotFound)
}

// A reading is one way to take what somebody wrote for a movie.
type reading struct {
	title string
	year  int             // 0: any
	id    catalog.MovieID // "": any
}

// means reports whether the reading is of m.
func (r reading) means(m catalog.Movie) bool {
	return strings.EqualFold(m.Title, r.title) && (r.year == 0 || m.Year == r.year) && (r.id == "" || m.ID == r.id)
}

// labelled matches a title with something in brackets behind it, as outputs write it.
var labelled = regexp.MustCompile(`^(.*\S)\s+\(([^()\s]+)\)$`)

// readings returns how name can be taken, the most literal first: as a title, and as
// what outputs write, "Title (Year)" or "Title (id)".
func readings(name string) []reading {
	name = catalog.CleanText(name)
	var out []reading
	for _, t := range titles(name) {
		out = append(out, reading{title: t})
	}
	parts := labelled.FindStringSubmatch(name)
	if parts == nil {
		return out
	}
	year, err := strconv.Atoi(parts[2])
	for _, t := range titles(parts[1]) {
		if err == nil && len(parts[2]) == 4 {
			out = append(out, reading{title: t, year: year})
		}
		out = append(out, reading{title: t, id: catalog.MovieID(parts[2])})
	}
	return out
}

// titles returns a title, and the same with its article at the other end: "Matrix, The"
// is "The Matrix".
func titles(title string) []string {
	out := []string{title}
	for _, article := range []string{"The", "A", "An"} {
		if base, is := cutFold(title, len(title)-len(article)-2, ", "+article); is {
			out = append(out, article+" "+base)
		}
		if rest, is := cutFold(title, 0, article+" "); is {
			out = append(out, rest+", "+article)
		}
	}
	return out
}

// cutFold returns text without part, which must stand at a byte of it, whatever its case.
func cutFold(text string, at int, part string) (string, bool) {
	if at < 0 || at+len(part) > len(text) || !strings.EqualFold(text[at:at+len(part)], part) {
		return "", false
	}
	return text[:at] + text[at+len(part):], true
}

// shownGuesses is how many movies are named that somebody may have meant.
const shownGuesses = 3

// noMovie says that nothing is of this name, and what may have been meant: movies with
// it in their titles, and titles that are nearly it. It reads every movie.
func noMovie(ctx context.Context, store *sqlstore.Store, name string) error {
	meant, err := store.FindMovies(ctx, name, shownGuesses)
	if err != nil {
		return err
	}
	if len(meant) < shownGuesses {
		near, err := nearTitles(ctx, store, name)
		if err != nil {
			return err
		}
		for _, m := range near {
			if !slices.ContainsFunc(meant, func(x catalog.Movie) bool { return x.ID == m.ID }) {
				meant = append(meant, m)
			}
		}
	}
	if len(meant) == 0 {
		return fmt.Errorf("no movie has the id or title %q; \"marquee movie search\" finds movies by what they are about: %w", name, catalog.ErrNotFound)
	}
	return fmt.Errorf("no movie has the id or whole title %q; did you mean %s: %w",
		name, strings.Join(labels(meant[:min(len(meant), shownGuesses)]), "; "), catalog.ErrNotFound)
}

// nearTitles returns the movies whose title is nearly name, or "Title (Year)" of it.
func nearTitles(ctx context.Context, store *sqlstore.Store, name string) ([]catalog.Movie, error) {
	wanted := map[string]bool{}
	var all []*guesses[catalog.Movie]
	for _, r := range readings(name) {
		if !wanted[r.title] {
			wanted[r.title] = true
			all = append(all, &guesses[catalog.Movie]{want: r.title, most: shownGuesses})
		}
	}
	for m, err := range store.Movies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
		}
		for _, g := range all {
			g.offer(m.Title, m)
		}
	}
	var found []guess[catalog.Movie]
	for _, g := range all {
		found = append(found, g.list...)
	}
	slices.SortStableFunc(found, func(a, b guess[catalog.Movie]) int { return a.distance - b.distance })
	var out []catalog.Movie
	for _, f := range found {
		if !slices.ContainsFunc(out, func(x catalog.Movie) bool { return x.ID == f.value.ID }) {
			out = append(out, f.value)
		}
	}
	return out, nil
}

// labels names movies for a message.
func labels(movies []catalog.Movie) []string {
	out := make([]string, len(movies))
	for i, m := range movies {
		out[i] = fmt.Sprintf("%s, id %s", movieLabel(m), m.ID)
	}
	return out
}

// movieLabel returns "Title (Year)".
func movieLabel(m catalog.Movie) string {
	if m.Year == 0 {
		return m.Title
	}
	return fmt.Sprintf("%s (%d)", m.Title, m.Year)
}
