package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

type movieAddCmd struct {
	ID string `help:"Id of the movie. Default: made from title and year, as in the+long+tide+2026." env:"-" placeholder:"ID"`
	N  int    `help:"Neighbours shown." short:"n" env:"-" default:"5" placeholder:"N"`
	movieFields
	bundleSpaceFlags
}

// Help is shown below the flags.
func (movieAddCmd) Help() string {
	return `Examples:
  marquee movie add --title "The Long Tide" --year 2026 --genres Drama,Mystery --overview "A lighthouse keeper ..."
  marquee movie add --json film.json
  marquee movie show 1 --output json | jq 'del(.document, .versions, .hidden, .corrections)' > film.json

Servers that run list the movie within two seconds of the end of this command, and the
next build takes it in. Many movies at once come in with "marquee reindex --from FILE".`
}

// An editedMovie is the result of movie add and movie edit.
type editedMovie struct {
	Movie   catalog.MovieID `json:"movie"`
	Title   string          `json:"title"`
	Stored  bool            `json:"stored"`
	Changes []string        `json:"changes,omitempty"` // of facts, a line each
	Before  []neighbour     `json:"before,omitempty"`  // neighbours
	After   []neighbour     `json:"after"`             // neighbours; none without a live bundle
	Notes   []string        `json:"notes,omitempty"`   // what was cut or dropped, what is likely a slip, which version it is
}

// Run adds a movie.
func (c movieAddCmd) Run(ctx context.Context, e *env) error {
	m := catalog.Movie{ID: catalog.MovieID(c.ID)}
	notes, err := c.made(&m, e)
	if err != nil {
		return err
	}
	store, err := e.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := c.isNew(ctx, e, store, m); err != nil {
		return err
	}
	slips, err := doubts(ctx, store, catalog.Movie{}, m)
	if err != nil {
		return err
	}
	notes = append(notes, slips...)
	if _, err := store.PutMovies(ctx, []catalog.Movie{m}); err != nil {
		return err
	}
	out := editedMovie{Movie: m.ID, Title: m.Title, Stored: true, After: []neighbour{}, Notes: notes}
	if out.After, err = c.near(ctx, e, store, m); err != nil {
		return fmt.Errorf("movie %s is stored, but its neighbours cannot be shown: %w", m.ID, err)
	}
	return e.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "added %s as %s\n", m.Title, m.ID)
		writeNotes(w, notes)
		if len(out.After) > 0 {
			fmt.Fprintln(w, "\nIts neighbours:")
			writeNeighbours(w, out.After)
		}
	})
}

// made fills in m from the flags, and returns what had to be cut or dropped.
func (c movieAddCmd) made(m *catalog.Movie, e *env) ([]string, error) {
	if err := c.apply(m, e.stdin); err != nil {
		return nil, err
	}
	if m.ID == "" {
		m.ID = madeID(m.Title, m.Year)
	}
	notes, err := m.Normalize()
	if err != nil {
		return nil, usage("%v; name one with --id", err)
	}
	return notes, nil
}

// isNew refuses an id that is taken, and tells of a movie of the same name and year.
func (c movieAddCmd) isNew(ctx context.Context, e *env, store *sqlstore.Store, m catalog.Movie) error {
	switch _, err := store.Movie(ctx, m.ID); {
	case err == nil:
		return usage("movie %q is there already; \"marquee movie edit %s\" changes it, --id names another id", m.ID, m.ID)
	case !errors.Is(err, catalog.ErrNotFound):
		return err
	}
	same, err := store.FindMovies(ctx, m.Title, 10)
	if err != nil {
		return err
	}
	for _, x := range same {
		if strings.EqualFold(x.Title, m.Title) && x.Year == m.Year {
			e.log.Warn("there is a movie of this title and year already", "id", x.ID)
		}
	}
	return nil
}

// near returns the neighbours of a movie that was stored just now; none without a live
// bundle.
func (c movieAddCmd) near(ctx context.Context, e *env, store *sqlstore.Store, m catalog.Movie) ([]neighbour, error) {
	w, err := e.openWorking(ctx, store, c.bundleSpaceFlags, e.openIndexHere)
	if errors.Is(err, catalog.ErrNotFound) {
		return []neighbour{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer w.close()
	return w.neighbours(ctx, w.state, m, c.N)
}

func writeNotes(w io.Writer, notes []string) {
	for _, n := range notes {
		fmt.Fprintf(w, "  %s\n", n)
	}
}

type movieEditCmd struct {
	movieArg
	N      int  `help:"Neighbours shown before and after." short:"n" env:"-" default:"10" placeholder:"N"`
	DryRun bool `help:"Show what would change, and store nothing." env:"-"`
	Revert bool `help:"Go back to the facts before the last change; again, before the one before it. Brings a removed movie back." env:"-"`
	To     int  `help:"Go back to this earlier version, by its number in \"marquee movie show\": 1 is the newest." env:"-" placeholder:"N"`
	movieFields
	bundleSpaceFlags
}

// Help is shown below the flags.
func (movieEditCmd) Help() string {
	return `Examples:
  marquee movie edit "Toy Story" --overview "A cowboy doll is jealous of a space ranger."
  marquee movie edit 1 --genres Animation,Comedy --dry-run
  marquee movie edit 1 --keywords ""          an empty value takes a fact away
  marquee movie edit 1 --revert
  marquee movie edit 1 --to 3                 the third-last version in "marquee movie show 1"

Servers that run take the change in within seconds; the next build does too. The facts as
they were are kept: "marquee movie show" lists them, --revert goes back by one change, and by one more each time.`
}

// back reports whether an earlier version is wanted.
func (c movieEditCmd) back() bool { return c.Revert || c.To != 0 }

// check refuses flags that say nothing, or two things at once.
func (c movieEditCmd) check() error {
	switch {
	case c.To < 0:
		return usage("--to is %d, want the number of a version: 1 is the newest earlier one", c.To)
	case c.Revert && c.To > 0:
		return usage("--revert and --to %d are both said, want one of them", c.To)
	case !c.back() && c.empty():
		return usage("nothing is said to change; facts are %s, and --revert or --to N goes back", factFlags)
	}
	return nil
}

// restore brings back a movie that was removed.
func (c movieEditCmd) restore(ctx context.Context, e *env, store *sqlstore.Store) error {
	if !c.empty() {
		return usage("movie %s was removed; bring it back first, with \"marquee movie restore %s\", then edit it", c.Movie, c.Movie)
	}
	return restore(ctx, e, store, c.Movie, max(c.To, 1))
}

// Run changes a movie.
func (c movieEditCmd) Run(ctx context.Context, e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	m, err := findOne(ctx, store, c.Movie)
	if c.back() && !c.DryRun && errors.Is(err, catalog.ErrNotFound) {
		if id, bad := catalog.ParseMovieID(c.Movie); bad == nil && wasRemoved(ctx, store, id) != nil {
			return c.restore(ctx, e, store)
		}
	}
	if err != nil {
		return err
	}
	next, notes, err := c.edited(ctx, e, store, m)
	if err != nil {
		return err
	}
	out := editedMovie{Movie: m.ID, Title: next.Title, Changes: movieChanges(m, next), After: []neighbour{}, Notes: notes}
	if len(out.Changes) > 0 {
		if out.Before, out.After, err = c.compare(ctx, e, store, m, next); err != nil {
			return err
		}
		if !c.DryRun {
			if _, err := store.PutMovies(ctx, []catalog.Movie{next}); err != nil {
				return err
			}
			out.Stored = true
		}
	}
	return e.print(out, out.text)
}

// edited returns m as the flags want it.
func (c movieEditCmd) edited(ctx context.Context, e *env, store *sqlstore.Store, m catalog.Movie) (catalog.Movie, []string, error) {
	next := copied(m)
	var notes []string
	if c.back() {
		versions, err := store.MovieVersions(ctx, m.ID, 0)
		if err != nil {
			return m, nil, err
		}
		v, n, err := earlierOf(versions, m, c.To)
		if err != nil {
			return m, nil, err
		}
		next = copied(v.Movie)
		notes = append(notes, fmt.Sprintf("back to version %d, which held until %s", n, v.At.Format("2006-01-02 15:04:05")))
	}
	if err := c.apply(&next, e.stdin); err != nil {
		return m, nil, err
	}
	mended, err := next.Normalize()
	if err != nil {
		return m, nil, wrapUsage(err)
	}
	slips, err := doubts(ctx, store, m, next)
	return next, slices.Concat(notes, mended, slips), err
}

// copied returns m with lists of its own: JSON is read into those that are there.
func copied(m catalog.Movie) catalog.Movie {
	m.Genres, m.People, m.Keywords = slices.Clone(m.Genres), slices.Clone(m.People), slices.Clone(m.Keywords)
	m.Extra = maps.Clone(m.Extra)
	return m
}

// compare returns the neighbours of a movie as they are and as they will be; none
// without a live bundle.
func (c movieEditCmd) compare(ctx context.Context, e *env, store *sqlstore.Store, m, next catalog.Movie) (before, after []neighbour, err error) {
	w, err := e.openWorking(ctx, store, c.bundleSpaceFlags, e.openIndexHere)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, []neighbour{}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer w.close()
	if before, err = w.neighbours(ctx, w.state, m, c.N); err != nil {
		return nil, nil, err
	}
	s, err := w.with(ctx, next)
	if err != nil {
		return nil, nil, err
	}
	after, err = w.neighbours(ctx, s, next, c.N)
	return before, after, err
}

func (m editedMovie) text(w io.Writer) {
	if len(m.Changes) == 0 {
		fmt.Fprintf(w, "%s (%s) is that already: nothing changes\n", m.Title, m.Movie)
		writeNotes(w, m.Notes)
		return
	}
	if m.Stored {
		fmt.Fprintf(w, "changed %s (%s)\n", m.Title, m.Movie)
	} else {
		fmt.Fprintf(w, "would change %s (%s)\n", m.Title, m.Movie)
	}
	for _, c := range m.Changes {
		fmt.Fprintf(w, "  %s\n", c)
	}
	writeNotes(w, m.Notes)
	if len(m.Before)+len(m.After) == 0 {
		return
	}
	fmt.Fprintln(w)
	rows := [][]string{{"", "before", "", "after", ""}}
	for i := range max(len(m.Before), len(m.After)) {
		row := []string{fmt.Sprint(i + 1), "", "", "", ""}
		if i < len(m.Before) {
			row[1], row[2] = m.Before[i].label(), fmt.Sprintf("%.3f", m.Before[i].Similarity)
		}
		if i < len(m.After) {
			row[3], row[4] = m.After[i].label(), fmt.Sprintf("%.3f", m.After[i].Similarity)
			if !hasNeighbour(m.Before, m.After[i].ID) {
				row[3] = "+ " + row[3]
			}
		}
		if i < len(m.Before) && !hasNeighbour(m.After, m.Before[i].ID) {
			row[1] = "- " + row[1]
		}
		rows = append(rows, row)
	}
	columns(w, rows...)
}

func hasNeighbour(list []neighbour, id catalog.MovieID) bool {
	for _, n := range list {
		if n.ID == id {
			return true
		}
	}
	return false
}

type movieRemoveCmd struct {
	movieArg
	Yes bool `help:"Do it. Without this nothing is removed." short:"y" env:"-"`
}

// Help is shown below the flags.
func (movieRemoveCmd) Help() string {
	return `Examples:
  marquee movie remove the+long+tide+2026 --yes
  marquee movie restore the+long+tide+2026       brings it back
  marquee movie hide "Toy Story"                 keeps it in the catalog

The movie leaves the catalog: servers list it no more within seconds, the next reindex
or build drops it. What people watched and rated of it stays, and counts again if a movie
of this id comes back.`
}

// Run removes a movie.
func (c movieRemoveCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	m, err := findOne(ctx, store, c.Movie)
	if err != nil {
		return err
	}
	if !c.Yes {
		return usage("this removes %s (%s) from the catalog; repeat it with --yes, or hide the movie", movieLabel(m), m.ID)
	}
	if _, err := store.RemoveMovies(ctx, []catalog.MovieID{m.ID}); err != nil {
		return err
	}
	return e.print(map[string]any{"removed": m.ID}, func(w io.Writer) {
		fmt.Fprintf(w, "removed %s (%s); \"marquee movie restore %s\" brings it back\n", movieLabel(m), m.ID, m.ID)
	})
}
