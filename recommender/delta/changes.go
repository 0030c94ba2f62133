package delta

import (
	"context"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
)

// page is how many changes one read returns at most.
const page = 500

// changes reads the next changes after seq, in bounded time.
func (f *Follower) changes(ctx context.Context, seq int64) ([]catalog.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	changes, err := f.store.ChangesSince(ctx, seq, page)
	if err != nil {
		return nil, fmt.Errorf("read changes after %d: %w", seq, err)
	}
	return changes, nil
}

// gap reports whether changes between seq and the first of changes, or among them,
// were removed from the log.
func gap(changes []catalog.Change, seq int64) bool {
	for _, c := range changes {
		if seq++; c.Seq != seq {
			return true
		}
	}
	return false
}

// look acts on the changes that wait for nothing: who was forgotten.
func (f *Follower) look(ctx context.Context) (more bool, err error) {
	changes, err := f.changes(ctx, f.looked)
	if err != nil || len(changes) == 0 {
		return false, err
	}
	if gap(changes, f.looked) || slices.ContainsFunc(changes, func(c catalog.Change) bool { return c.Kind == catalog.ChangeForget }) {
		if err := f.readForgotten(ctx); err != nil {
			return false, err // the same changes again, later
		}
		f.histories.Reset()
	}
	f.looked = changes[len(changes)-1].Seq
	return len(changes) == page, nil
}

// gather lets the movies that changed wait for the embedder, as many as may.
func (f *Follower) gather(ctx context.Context) (more bool, err error) {
	if f.gathered >= f.looked || f.waiting.len() >= max(1, f.cfg.Movies) {
		return false, nil
	}
	changes, err := f.changes(ctx, f.gathered)
	if err != nil {
		return false, err
	}
	if len(changes) == 0 || gap(changes, f.gathered) {
		if err := f.gatherState(ctx); err != nil {
			return false, err
		}
	}
	if len(changes) == 0 || changes[0].Seq > f.looked {
		f.gathered = f.looked
		return false, nil
	}
	for _, c := range changes {
		if c.Seq > f.looked || f.waiting.len() >= max(1, f.cfg.Movies) {
			break
		}
		if c.Kind == catalog.ChangeMovie && !f.old(c) {
			f.waiting.push(catalog.MovieID(c.Subject), c.Seq)
		}
		f.gathered = c.Seq
	}
	return f.gathered < f.looked, nil
}

// stateTimeout bounds the reading of all movies.
const stateTimeout = 2 * time.Minute

// gatherState stands in for changes that were removed from the log: it lets those
// movies wait that are not in what serves, or are there under another title, year
// or flag. An edit of the text alone waits for the next build.
func (f *Follower) gatherState(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	f.log.Warn("changes were removed before this server saw them; all movies are compared instead", "after", f.gathered)
	movies := f.delta.Snapshot.Movies
	for m, err := range f.store.Movies(ctx) {
		if err != nil {
			return fmt.Errorf("read all movies: %w", err)
		}
		if row, known := movies.Row(m.ID); known && movies.Same(row, m) {
			continue
		}
		if f.waiting.len() >= max(1, f.cfg.Movies) {
			f.leave(1)
			continue
		}
		f.waiting.push(m.ID, f.gathered+1)
	}
	return nil
}

// leave counts movies that are left to the next build, and says so once.
func (f *Follower) leave(n int) {
	if n > 0 && f.leftOut == 0 {
		f.log.Warn("more movies came after the build than a server adds by itself; run \"marquee build\"", "most", f.cfg.Movies)
	}
	f.leftOut += n
}

// old reports whether c is surely in the bundle. A bundle that does not say which
// changes are in it has those of before its creation, as far as it has the movie.
func (f *Follower) old(c catalog.Change) bool {
	m := f.delta.Base.Manifest
	if m.Sequence > 0 || !c.At.Before(m.Created) {
		return false
	}
	_, known := f.delta.Base.Movies.Row(catalog.MovieID(c.Subject))
	return known
}
