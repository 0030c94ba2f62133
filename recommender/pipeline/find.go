package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/recommender/bundle"
	"marquee/recommender/rank"
)

// A Catalog is where a reindex finds what has changed. If it has hidden movies and
// corrections as well (Hidden and Corrections, as a [Store] may), those are taken in.
type Catalog interface {
	// ChangesSince returns at most limit changes after seq, ascending. Numbers have no
	// gaps, but for changes that were removed with age.
	ChangesSince(ctx context.Context, seq int64, limit int) ([]catalog.Change, error)
	// LastChange returns the number of the newest change, 0 without any.
	LastChange(ctx context.Context) (int64, error)
	// Movie returns a movie as it is now, or an error that wraps catalog.ErrNotFound.
	Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error)
	// Movies yields all movies.
	Movies(ctx context.Context) iter.Seq2[catalog.Movie, error]
}

// A Scope says which movies to look at. The zero Scope is all that have changed since
// the bundle. At most one of IDs and Since is set.
type Scope struct {
	All   bool              // what is looked at counts as changed and is embedded anew; alone, that is every movie
	IDs   []catalog.MovieID // these alone
	Since time.Time         // those that the log of changes names since then
}

// The ways in which [Find] looks.
const (
	ByChanges = "changes" // at the movies that the log of changes names
	ByAll     = "all"     // at every movie
	ByIDs     = "ids"     // at those that were asked for
)

// A Found is what is not in the catalog as a bundle has it, each list by ascending id.
type Found struct {
	Added     []catalog.Movie   // that the bundle does not have
	Changed   []catalog.Movie   // whose document is another
	Facts     []catalog.Movie   // of the same document, and other facts that lists need
	Removed   []catalog.MovieID // that the bundle has, and the catalog no more
	Editorial *Editorial        // all of it as it is by now; nil if the catalog keeps none

	Sequence int64  // every change up to this number is in the bundle once it takes in what was found
	Compared int    // movies looked at
	How      string // [ByChanges], [ByAll] or [ByIDs]
	Anew     bool   // vectors that are kept count for nothing: see [Scope.All]
	Whole    bool   // every movie was looked at and counts as changed
}

// Nothing reports whether b has all that was found.
func (f Found) Nothing(b *bundle.Bundle) bool {
	return len(f.Added)+len(f.Changed)+len(f.Facts)+len(f.Removed) == 0 && f.Editorial.sameAs(b)
}

// Find compares the catalog with a bundle, its manifest and its movies, by the hashes of
// documents and the facts that lists need. Left alone, it looks at the movies that the log
// of changes names since the bundle was made, so that one movie takes a millisecond;
// if the log does not reach back that far, or tells nothing, at all of them.
//
// Votes of an outside database are not among the facts: they count for the quality of
// movies that nobody watched, from the next build on. A bundle that keeps no hashes, of a
// format before 3, is an error that wraps [catalog.ErrInvalid]; an id of s.IDs that
// neither has is one that wraps [catalog.ErrNotFound].
func Find(ctx context.Context, from Catalog, m bundle.Manifest, movies *rank.Movies, s Scope) (Found, error) {
	if movies.Documents == nil {
		return Found{}, fmt.Errorf("bundle %s is of format %d, which does not say what was embedded; run \"marquee build\": %w", m.ID, m.Format, catalog.ErrInvalid)
	}
	if len(s.IDs) > 0 && !s.Since.IsZero() {
		return Found{}, fmt.Errorf("movies by id and since %s, want one of them: %w", s.Since.Format(time.RFC3339), catalog.ErrInvalid)
	}
	q := &quest{from: from, manifest: m, movies: movies, scope: s, found: Found{Anew: s.All}}
	err := q.run(ctx)
	if err == nil {
		err = q.editorial(ctx)
	}
	return q.found, err
}

// A quest is the work of Find.
type quest struct {
	from     Catalog
	manifest bundle.Manifest
	movies   *rank.Movies
	scope    Scope
	found    Found
}

func (q *quest) run(ctx context.Context) error {
	last, err := q.from.LastChange(ctx) // first: what changes meanwhile is found again, which changes nothing
	if err != nil {
		return fmt.Errorf("read the number of the last change: %w", err)
	}
	q.found.Sequence = last
	switch {
	case len(q.scope.IDs) > 0:
		q.found.Sequence = q.manifest.Sequence // others may have changed too
		return q.named(ctx, ByIDs, q.scope.IDs)
	case q.scope.All && q.scope.Since.IsZero():
		q.found.Whole = true
		return q.all(ctx)
	}
	ids, ok, err := q.logged(ctx, last)
	if err != nil {
		return err
	}
	if !ok {
		return q.all(ctx)
	}
	return q.named(ctx, ByChanges, ids)
}

// logged returns the movies that the log names. ok says that the log can tell.
func (q *quest) logged(ctx context.Context, last int64) (ids []catalog.MovieID, ok bool, err error) {
	began, since := q.manifest.Sequence, q.scope.Since
	if since.IsZero() && (began == 0 || began > last) {
		return nil, false, nil
	}
	at := began
	if !since.IsZero() {
		at = 0
	}
	skipped := false // a change that is not in the bundle
	for at < last {
		changes, err := q.from.ChangesSince(ctx, at, pageChanges)
		if err != nil {
			return nil, false, fmt.Errorf("read changes after %d: %w", at, err)
		}
		if len(changes) == 0 {
			return nil, false, nil
		}
		for _, c := range changes {
			before := c.At.Before(since)
			if c.Seq != at+1 && !before {
				return nil, false, nil // what was removed in between may have been a movie
			}
			at = c.Seq
			switch {
			case before:
				skipped = skipped || c.Seq > began
			case c.Kind == catalog.ChangeMovie:
				ids = append(ids, catalog.MovieID(c.Subject))
			}
		}
	}
	if skipped {
		q.found.Sequence = q.manifest.Sequence
	}
	return ids, true, nil
}

// pageChanges is how many changes are read at a time.
const pageChanges = 1000

// named looks at the movies of ids.
func (q *quest) named(ctx context.Context, how string, ids []catalog.MovieID) error {
	q.found.How = how
	var unknown []catalog.MovieID
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		m, err := q.from.Movie(ctx, id)
		switch {
		case err == nil:
			q.compare(m)
		case !errors.Is(err, catalog.ErrNotFound):
			return fmt.Errorf("read movie %q: %w", id, err)
		case !q.left(id):
			unknown = append(unknown, id)
		}
	}
	if how == ByIDs && len(unknown) > 0 {
		return fmt.Errorf("neither the catalog nor bundle %s has the movies %q: %w", q.manifest.ID, unknown, catalog.ErrNotFound)
	}
	return nil
}

// left notes that the catalog does not have a movie, and reports whether the bundle
// does.
func (q *quest) left(id catalog.MovieID) bool {
	q.found.Compared++
	row, known := q.movies.Row(id)
	if !known || q.movies.IsGone(row) {
		return false
	}
	q.found.Removed = append(q.found.Removed, id)
	return true
}

// all looks at every movie.
func (q *quest) all(ctx context.Context) error {
	q.found.How = ByAll
	there := make([]bool, q.movies.Len())
	for m, err := range q.from.Movies(ctx) {
		if err != nil {
			return fmt.Errorf("read movies: %w", err)
		}
		if row, known := q.movies.Row(m.ID); known {
			there[row] = true
		}
		q.compare(m)
	}
	for row, id := range q.movies.IDs {
		if !there[row] {
			q.left(id)
		}
	}
	slices.Sort(q.found.Removed)
	for _, list := range [][]catalog.Movie{q.found.Added, q.found.Changed, q.found.Facts} {
		slices.SortFunc(list, func(a, b catalog.Movie) int { return cmp.Compare(a.ID, b.ID) })
	}
	return nil
}

// compare notes what became of m.
func (q *quest) compare(m catalog.Movie) {
	f := &q.found
	f.Compared++
	row, known := q.movies.Row(m.ID)
	switch {
	case !known || q.movies.IsGone(row):
		f.Added = append(f.Added, m)
	case q.scope.All || q.movies.Documents[row] != rank.HashDocument(embedder.Document(m)):
		f.Changed = append(f.Changed, m)
	case !q.movies.Same(row, m):
		f.Facts = append(f.Facts, m)
	}
}

func (q *quest) editorial(ctx context.Context) error {
	e, known, err := readEditorial(ctx, q.from)
	if known {
		q.found.Editorial = &e
	}
	return err
}
