package delta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/recommender/bundle"
	"marquee/recommender/overlay"
)

// A work is some movies being embedded, in a goroutine of its own: what waits for
// no embedder must not wait for one that is slow.
type work struct {
	batch  []entry // without those that left since
	added  []overlay.Added
	cancel context.CancelFunc
	out    chan vectors // one
}

// vectors are what became of a work, [len(added) x dims].
type vectors struct {
	vecs []float32
	err  error
}

// An embedded is a movie whose vector was made, and which waits to be laid on.
type embedded struct {
	entry
	added overlay.Added
}

// done returns where the end of w is told; for no work, nowhere.
func (w *work) done() <-chan vectors {
	if w == nil {
		return nil
	}
	return w.out
}

// entries returns the movies that are being embedded and are still wanted.
func (w *work) entries() []entry {
	if w == nil {
		return nil
	}
	return w.batch
}

// forget lets nothing come of a movie.
func (w *work) forget(id catalog.MovieID) {
	if w != nil {
		w.batch = slices.DeleteFunc(w.batch, func(e entry) bool { return e.id == id })
	}
}

// embed begins to embed some of the movies that wait, unless others are being embedded
// or laid on. The error is the store's.
func (f *Follower) embed(ctx context.Context) (more bool, err error) {
	if f.work != nil || f.coming() > 0 || f.waiting.len() == 0 || time.Now().Before(f.trouble.until) {
		return false, nil
	}
	n := f.cfg.Batch
	if f.trouble.alone > 0 {
		n = 1
	}
	taken := f.waiting.take(n)
	batch, added, err := f.facts(ctx, taken)
	if err != nil {
		f.waiting.giveBack(taken)
		return false, err
	}
	if len(added) == 0 {
		return true, nil
	}
	texts := make([]string, len(added))
	for i, a := range added {
		texts[i] = embedder.Document(a.Movie)
	}
	ctx, cancel := context.WithCancel(ctx)
	f.work = &work{batch: batch, added: added, cancel: cancel, out: make(chan vectors, 1)}
	go func(base *bundle.Bundle, out chan<- vectors) {
		vecs, err := f.vectors(ctx, base, texts)
		out <- vectors{vecs, err}
	}(f.base, f.work.out)
	return false, nil
}

// endWork ends what is being embedded, and waits for its end.
func (f *Follower) endWork() {
	if f.work != nil {
		f.work.cancel()
		<-f.work.out
		f.work = nil
	}
}

// finish takes what became of the work.
func (f *Follower) finish(made vectors) {
	w := f.work
	w.cancel()
	f.work = nil
	if made.err != nil {
		f.failed(w.batch, made.err)
		return
	}
	dims := f.base.Manifest.Embedder.Dims
	for i, a := range w.added {
		a.Vector = made.vecs[i*dims : (i+1)*dims : (i+1)*dims]
		if at := slices.IndexFunc(w.batch, func(e entry) bool { return e.id == a.Movie.ID }); at >= 0 {
			f.ready = append(f.ready, embedded{w.batch[at], a})
		}
	}
}

// failed deals with a batch that could not be embedded, or not be laid on.
func (f *Follower) failed(batch []entry, err error) {
	if len(batch) == 0 {
		return // all left meanwhile
	}
	if f.trouble.err == nil {
		f.log.Warn("new movies cannot be embedded; they wait", "movies", f.waiting.len()+len(batch), "first", batch[0].id, "error", err)
	}
	f.trouble.failed(err, f.cfg.Batch)
	if len(batch) == 1 {
		f.postpone(batch[0], err)
		return
	}
	f.waiting.giveBack(batch)
}

// postpone lets a movie that failed alone wait behind the others, or gives it up
// when they succeed and it does not.
func (f *Follower) postpone(e entry, err error) {
	if e.attempts == 0 {
		e.since = f.trouble.successes
	}
	e.attempts++
	if e.attempts >= hopeless && f.trouble.successes > e.since {
		f.leftOut++
		f.log.Error("a movie cannot be embedded; it is left to the next build", "movie", e.id, "attempts", e.attempts, "error", err)
		return
	}
	f.waiting.remove(e.id) // it changed again meanwhile: the older number counts
	f.waiting.add(e)
}

// facts returns the movies of taken as they are now, with their entries. Those that left again
// are taken out, those of which there are too many are left out.
func (f *Follower) facts(ctx context.Context, taken []entry) (batch []entry, added []overlay.Added, err error) {
	var gone []entry
	tooMany, rows := 0, 0
	for _, e := range taken {
		m, err := f.movie(ctx, e.id)
		switch {
		case errors.Is(err, catalog.ErrNotFound):
			gone = append(gone, e)
		case err != nil:
			return nil, nil, err
		case !f.room(e.id, len(added), rows):
			tooMany++
		default:
			if _, known := f.state.Snapshot.Movies.Row(e.id); !known {
				rows++
			}
			batch, added = append(batch, e), append(added, overlay.Added{Movie: m})
		}
	}
	for _, e := range gone {
		f.left(e)
	}
	f.leave(tooMany)
	return batch, added, nil
}

// room reports whether a movie may be laid on beside so many others, of which so many
// are new. A movie that left takes up a row until the next build, so rows are bounded
// like movies, both from the bundle on.
func (f *Follower) room(id catalog.MovieID, others, rows int) bool {
	movies := f.state.Snapshot.Movies
	if _, known := movies.Row(id); !known && movies.Len()-f.base.Movies.Len()+rows >= f.cfg.Movies {
		return false
	}
	return f.state.Has(id) || f.since()+others < f.cfg.Movies
}

// since returns how many movies came or changed since the bundle was made.
func (f *Follower) since() int { return max(0, f.state.Len()-f.moved) }

// coming returns how many movies wait to be laid on or are being.
func (f *Follower) coming() int {
	n := len(f.ready)
	if f.laying != nil {
		n += len(f.laying.added)
	}
	return n
}

// movie reads a movie in bounded time.
func (f *Follower) movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	m, err := f.store.Movie(ctx, id)
	if err != nil {
		return catalog.Movie{}, fmt.Errorf("read movie %q: %w", id, err)
	}
	return m, nil
}

// vectors embeds texts in the space of base, [len(texts) x dims].
func (f *Follower) vectors(ctx context.Context, base *bundle.Bundle, texts []string) ([]float32, error) {
	if f.embedder == nil {
		e, err := f.open(ctx, base)
		if err != nil {
			return nil, fmt.Errorf("embedder of bundle %s: %w", base.Manifest.ID, err)
		}
		f.embedder = e
		if err := embedder.CheckSpace(base.Manifest.Embedder, e.ID()); err != nil {
			f.closeEmbedder()
			return nil, fmt.Errorf("embedder of bundle %s: %w", base.Manifest.ID, err)
		}
	}
	cache := embedder.CacheFor(f.embedder, f.cache)
	vecs, err := embedder.Corpus(ctx, f.embedder, cache, texts, nil)
	if cache != nil && errors.Is(err, catalog.ErrUnavailable) { // the cache is a convenience
		return embedder.Corpus(ctx, f.embedder, nil, texts, nil)
	}
	return vecs, err
}

// closeEmbedder lets go of the embedder.
func (f *Follower) closeEmbedder() {
	if c, ok := f.embedder.(io.Closer); ok {
		if err := c.Close(); err != nil {
			f.log.Warn("embedder was not closed", "error", err)
		}
	}
	f.embedder = nil
}
