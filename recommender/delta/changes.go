package delta

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
)

const (
	page      = 500 // changes that one look returns at most
	moviePage = 100 // of those that lead to a movie: each is read from the store
)

// changes reads the next changes after seq, limit at most, in bounded time.
func (f *Follower) changes(ctx context.Context, seq int64, limit int) ([]catalog.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	changes, err := f.store.ChangesSince(ctx, seq, limit)
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

// looks is how often a step looks again because of what it found: what editors say
// is read as it is now, which may be more than the changes that were looked at.
const looks = 4

// look acts on the changes that wait for nothing: who was forgotten, what is hidden,
// which neighbours were corrected.
func (f *Follower) look(ctx context.Context) (more bool, err error) {
	for range looks {
		changes, err := f.changes(ctx, f.looked, page)
		if err != nil || len(changes) == 0 {
			return false, err
		}
		lost := gap(changes, f.looked)
		if lost || slices.ContainsFunc(changes, func(c catalog.Change) bool { return c.Kind == catalog.ChangeForget }) {
			if err := f.readForgotten(ctx); err != nil {
				return false, err // the same changes again, later
			}
			f.histories.Reset()
		}
		said := lost || slices.ContainsFunc(changes, editorial)
		if said {
			if err := f.readEditorial(ctx); err != nil {
				return false, err
			}
		}
		f.looked = changes[len(changes)-1].Seq
		if !said {
			return len(changes) == page, nil
		}
	}
	return true, nil
}

// gather lets the movies that changed wait for the embedder, as many as may, and
// those that left be taken out.
func (f *Follower) gather(ctx context.Context) (more bool, err error) {
	if f.gathered >= f.looked || f.full() {
		return false, nil
	}
	changes, err := f.changes(ctx, f.gathered, moviePage)
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
		if c.Seq > f.looked || f.full() {
			break
		}
		if c.Kind == catalog.ChangeMovie && !f.old(c) {
			if err := f.changed(ctx, catalog.MovieID(c.Subject), c.Seq); err != nil {
				return false, err
			}
		}
		f.gathered = c.Seq
	}
	return f.gathered < f.looked, nil
}

// full reports whether no more movies may wait.
func (f *Follower) full() bool { return f.waiting.len()+len(f.work.entries()) >= max(1, f.cfg.Movies) }

// changed lets a movie wait for the embedder, or be taken out if it left.
func (f *Follower) changed(ctx context.Context, id catalog.MovieID, seq int64) error {
	_, err := f.movie(ctx, id)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		f.left(entry{id: id, seq: seq})
		return nil
	case err != nil:
		return err
	}
	f.service.SetThere(id)
	f.waiting.push(id, seq)
	return nil
}

// left lets a movie be taken out that is in the store no more, whatever was to come
// of it.
func (f *Follower) left(e entry) {
	f.service.SetGone(max(e.seq, f.looked), e.id) // as of what was looked at it is not there
	f.waiting.remove(e.id)
	f.work.forget(e.id)
	f.ready = slices.DeleteFunc(f.ready, func(r embedded) bool { return r.id == e.id })
	f.leaving = append(f.leaving, e)
}

// stateTimeout bounds the reading of all movies.
const stateTimeout = 2 * time.Minute

// gatherState stands in for changes that were removed from the log: it lets those
// movies wait that are not, or not so, in what serves, and takes out those that left.
// Of a bundle older than format 3 an edit of the text alone waits for the next build.
func (f *Follower) gatherState(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	f.log.Warn("changes were removed before this server saw them; all movies are compared instead", "after", f.gathered)
	movies := f.state.Snapshot.Movies
	there := make([]bool, movies.Len())
	left := 0
	var news []catalog.MovieID
	for m, err := range f.store.Movies(ctx) {
		if err != nil {
			return fmt.Errorf("read all movies: %w", err)
		}
		row, known := movies.Row(m.ID)
		if known {
			there[row] = true
			if movies.Same(row, m) {
				continue
			}
		}
		if len(news)+f.waiting.len() >= max(1, f.cfg.Movies) {
			left++
			continue
		}
		news = append(news, m.ID)
	}
	f.service.SetThere(news...)
	for _, id := range news {
		f.waiting.push(id, f.gathered+1)
	}
	f.leave(left)
	for row, is := range there {
		if !is && !movies.IsGone(uint32(row)) {
			f.left(entry{id: movies.IDs[row], seq: f.gathered + 1})
		}
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
	m := f.base.Manifest
	if m.Sequence > 0 || !c.At.Before(m.Created) {
		return false
	}
	_, known := f.base.Movies.Row(catalog.MovieID(c.Subject))
	return known
}
