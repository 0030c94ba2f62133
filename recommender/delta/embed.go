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
)

// A trouble is a run of failures of the embedder.
type trouble struct {
	min, max  time.Duration
	err       error // the last one; nil when all is well
	delay     time.Duration
	until     time.Time // no attempt before
	alone     int       // of the next movies each is tried alone: one of them may be at fault
	successes int       // in all
}

// failed notes the failure of one of n movies, and puts the next attempt off.
func (t *trouble) failed(err error, n int) {
	t.err = err
	t.delay = min(t.max, max(t.min, 2*t.delay))
	t.until = time.Now().Add(t.delay)
	t.alone = n
}

// succeeded notes that all is well.
func (t *trouble) succeeded() {
	t.err, t.delay, t.until = nil, 0, time.Time{}
	t.alone = max(0, t.alone-1)
	t.successes++
}

// reset lets the next attempt be made at once.
func (t *trouble) reset() { t.err, t.delay, t.until, t.alone = nil, 0, time.Time{}, 0 }

// hopeless is how many failures of a movie alone, while others succeed, are
// enough.
const hopeless = 5

// A work is some movies being embedded, in a goroutine of its own: what waits for
// no embedder must not wait for one that is slow.
type work struct {
	batch  []entry // the first of those that wait
	left   int     // of batch, left out: there are too many
	cancel context.CancelFunc
	out    chan made // one
}

// A made is what became of a work.
type made struct {
	next *Delta
	err  error
}

// done returns where the end of w is told; for no work, nowhere.
func (w *work) done() <-chan made {
	if w == nil {
		return nil
	}
	return w.out
}

// embed begins to embed some of the movies that wait, unless that is going on. The
// error is the store's.
func (f *Follower) embed(ctx context.Context) error {
	if f.work != nil || f.waiting.len() == 0 || time.Now().Before(f.trouble.until) {
		return nil
	}
	n := f.cfg.Batch
	if f.trouble.alone > 0 {
		n = 1
	}
	batch := slices.Clone(f.waiting.head(n))
	added, left, err := f.facts(ctx, batch)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	f.work = &work{batch: batch, left: left, cancel: cancel, out: make(chan made, 1)}
	go func(d *Delta, out chan<- made) {
		next, err := f.take(ctx, d, added)
		out <- made{next, err}
	}(f.delta, f.work.out)
	return nil
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
func (f *Follower) finish(done made) {
	w := f.work
	w.cancel()
	f.work = nil
	if done.err != nil {
		f.failed(w.batch, done.err)
		return
	}
	if f.trouble.err != nil {
		f.log.Info("movies are embedded again")
	}
	f.trouble.succeeded()
	f.delta = done.next
	f.waiting.drop(len(w.batch))
	f.leave(w.left)
}

// failed deals with a batch that could not be embedded.
func (f *Follower) failed(batch []entry, err error) {
	if f.trouble.err == nil {
		f.log.Warn("new movies cannot be embedded; they wait", "movies", f.waiting.len(), "first", batch[0].id, "error", err)
	}
	f.trouble.failed(err, f.cfg.Batch)
	if len(batch) == 1 {
		f.postpone(batch[0], err)
	}
}

// postpone lets a movie that failed alone wait behind the others, or gives it up
// when they succeed and it does not.
func (f *Follower) postpone(e entry, err error) {
	if e.attempts == 0 {
		e.since = f.trouble.successes
	}
	e.attempts++
	if e.attempts >= hopeless && f.trouble.successes > e.since {
		f.waiting.drop(1)
		f.leftOut++
		f.log.Error("a movie cannot be embedded; it is left to the next build", "movie", e.id, "attempts", e.attempts, "error", err)
		return
	}
	f.waiting.rotate(e)
}

// facts returns the movies of batch as they are now, without those that are gone
// again, and how many stay out because there are too many.
func (f *Follower) facts(ctx context.Context, batch []entry) (added []Added, left int, err error) {
	for _, e := range batch {
		if f.delta.Len()+len(added) >= f.cfg.Movies && !f.delta.Has(e.id) {
			left++
			continue
		}
		m, err := f.movie(ctx, e.id)
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		added = append(added, Added{Movie: m})
	}
	return added, left, nil
}

// take returns d with added, whose vectors it makes.
func (f *Follower) take(ctx context.Context, d *Delta, added []Added) (*Delta, error) {
	if len(added) == 0 {
		return d, nil
	}
	texts := make([]string, len(added))
	for i, a := range added {
		texts[i] = embedder.Document(a.Movie)
	}
	vecs, err := f.vectors(ctx, d.Base, texts)
	if err != nil {
		return nil, err
	}
	dims := d.Base.Manifest.Embedder.Dims
	for i := range added {
		added[i].Vector = vecs[i*dims : (i+1)*dims : (i+1)*dims]
	}
	return d.With(ctx, added)
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
	cache := f.cache
	if _, fitted := f.embedder.(io.WriterTo); fitted {
		cache = nil // its ID changes with every build: nobody would ask for what was kept
	}
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
