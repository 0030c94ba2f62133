package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

var (
	languageCode = regexp.MustCompile(`^[A-Za-z]{2,3}$`)
	imdbID       = regexp.MustCompile(`^tt\d+$`)
)

// checkFacts refuses facts that an editor gave and that cannot be meant. What stood in
// before stays, however odd: it came with an import, and another fact may be corrected.
func checkFacts(before, m catalog.Movie) error {
	if catalog.CleanText(m.Title) == "" {
		return usage("the movie has no title, and needs one to be found again: --title")
	}
	if m.Year != before.Year && m.Year != 0 && (m.Year < 1850 || m.Year > 2200) {
		return usage("year is %d, want 1850 to 2200", m.Year)
	}
	if m.RuntimeMinutes != before.RuntimeMinutes && (m.RuntimeMinutes < 0 || m.RuntimeMinutes > 100_000) {
		return usage("runtime is %d minutes, want 0 to 100000", m.RuntimeMinutes)
	}
	if m.CostUSD != before.CostUSD && !(m.CostUSD >= 0 && m.CostUSD < 1e6) {
		return usage("cost of one view is %v USD, want 0 or more and less than a million", m.CostUSD)
	}
	if m.TMDBID < 0 {
		return usage("TMDB id is %d, want a positive number", m.TMDBID)
	}
	for _, f := range []struct {
		name, before, now, want string
		ok                      func(string) bool
	}{
		{"release date", before.ReleaseDate, m.ReleaseDate, "a day as YYYY-MM-DD", isDay},
		{"language", before.Language, m.Language, "two or three letters, such as en", languageCode.MatchString},
		{"IMDb id", before.IMDBID, m.IMDBID, "tt and digits, such as tt0114709", imdbID.MatchString},
	} {
		if f.now != f.before && f.now != "" && !f.ok(f.now) {
			return usage("%s is %.50q, want %s", f.name, f.now, f.want)
		}
	}
	return nil
}

// isDay reports whether text is a day there is, as YYYY-MM-DD.
func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// doubts returns a line for each fact of m, other than those of before, that is likely a
// slip: an outside id that another movie has, a genre that no movie has. It may read
// every movie.
func doubts(ctx context.Context, store *sqlstore.Store, before, m catalog.Movie) ([]string, error) {
	var notes []string
	for _, o := range []struct{ kind, before, now string }{
		{"imdb_id", before.IMDBID, m.IMDBID}, {"tmdb_id", strconv.FormatInt(before.TMDBID, 10), strconv.FormatInt(m.TMDBID, 10)},
	} {
		if o.now == o.before || o.now == "" || o.now == "0" {
			continue
		}
		ids, err := store.MovieByOutside(ctx, o.kind, o.now)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if id != m.ID {
				notes = append(notes, fmt.Sprintf("warning: movie %s has %s %s too", id, o.kind, o.now))
			}
		}
	}
	genres, err := strangeGenres(ctx, store, before, m)
	return append(notes, genres...), err
}

// strangeGenres returns a line for each new genre of m that no movie has.
func strangeGenres(ctx context.Context, store *sqlstore.Store, before, m catalog.Movie) ([]string, error) {
	strange := slices.DeleteFunc(slices.Clone(m.Genres), func(g string) bool { return slices.Contains(before.Genres, g) })
	if len(strange) == 0 {
		return nil, nil
	}
	known := map[string]bool{}
	for x, err := range store.Movies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
		}
		if x.ID == m.ID {
			continue
		}
		for _, g := range x.Genres {
			known[g] = true
		}
	}
	if len(known) == 0 {
		return nil, nil // the first movies make the genres
	}
	var notes []string
	for _, g := range strange {
		if known[g] {
			continue
		}
		near := guesses[string]{want: g, most: 1}
		for k := range known {
			near.offer(k, k)
		}
		note := fmt.Sprintf("warning: no other movie has the genre %q", g)
		if len(near.list) > 0 {
			note += fmt.Sprintf("; did you mean %q?", near.list[0].value)
		}
		notes = append(notes, note)
	}
	return notes, nil
}

// empty reports whether no fact was given.
func (f movieFields) empty() bool {
	return f.JSON == "" && f.Title == nil && f.OriginalTitle == nil && f.Year == nil && f.ReleaseDate == nil &&
		f.Genres == nil && f.People == nil && f.Keywords == nil && f.Collection == nil && f.Overview == nil && f.Tagline == nil &&
		f.Language == nil && f.Runtime == nil && f.Adult == nil && f.CostUSD == nil && f.IMDBID == nil && f.TMDBID == nil
}

// factFlags are the flags of movieFields, for a message.
var factFlags = strings.Join([]string{
	"--title", "--original-title", "--year", "--release-date", "--genres", "--people", "--keywords", "--collection", "--overview",
	"--tagline", "--language", "--runtime", "--adult", "--cost-usd", "--imdb-id", "--tmdb-id", "--json",
}, ", ")
