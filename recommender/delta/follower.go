package delta

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/overlay"
)

// A Store is what a follower reads.
type Store interface {
	// ChangesSince returns at most limit changes after seq, ascending. Numbers
	// have no gaps, but for changes that were removed with age.
	ChangesSince(ctx context.Context, seq int64, limit int) ([]catalog.Change, error)
	// LastChange returns the number of the newest change, 0 without any.
	LastChange(ctx context.Context) (int64, error)
	// Movie returns a movie as it is now, or an error that wraps catalog.ErrNotFound.
	Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error)
	// Movies yields all movies.
	Movies(ctx context.Context) iter.Seq2[catalog.Movie, error]
	// Tombstones returns who was forgotten.
	Tombstones(ctx context.Context) (catalog.Tombstones, error)
	// Hidden returns the movies that are not to be listed.
	Hidden(ctx context.Context) ([]catalog.Hidden, error)
	// Corrections returns the corrections of a movie's neighbours; of "", all.
	Corrections(ctx context.Context, movie catalog.MovieID) ([]catalog.Correction, error)
}

// Histories are forgotten as a whole when a person is: see [history.Cache.Reset].
type Histories interface {
	Reset()
}

// An Open gives the embedder of a bundle's space. One that has a Close method is
// closed when it is needed no more.
type Open func(ctx context.Context, b *bundle.Bundle) (embedder.Embedder, error)

// A Status says what a follower has done.
type Status struct {
	Sequence int64  `json:"sequence"`         // every change up to this number is in what serves
	Movies   int    `json:"movies"`           // that came or changed since the bundle was made
	Hidden   int    `json:"hidden"`           // not to be listed
	Waiting  int    `json:"waiting"`          // to be embedded
	LeftOut  int    `json:"left_out"`         // since the bundle was made, for the next one: there are too many, or they cannot be embedded
	Reason   string `json:"reason,omitempty"` // why it does not go on
}

// A Follower keeps what a service answers from up to date with the store.
type Follower struct {
	store     Store
	service   *recommender.Service
	histories Histories
	open      Open
	cache     embedder.Cache
	cfg       Config
	log       *slog.Logger

	mu     sync.Mutex
	status Status

	// Of the goroutine of Run.
	base      *bundle.Bundle // nil before the first one
	state     *overlay.State // of base and what changed after it
	moved     int            // of base: movies that came or changed after its build
	looked    int64          // changes up to this number were looked at
	gathered  int64          // movies of changes up to this number are waiting or done
	waiting   queue
	work      *work      // nil while nothing is being embedded
	ready     []embedded // wait to be laid on
	leaving   []entry    // wait to be taken out
	laying    *laying    // nil while nothing is being laid on
	layAfter  time.Time  // no laying before
	synced    bool       // the store has answered since it was last away
	published int64      // the number that serves
	leftOut   int
	trouble   trouble // of the embedder
	down      bool    // the store is away, and that was said

	// Of the goroutine of work while there is one, else of that of Run.
	embedder embedder.Embedder // nil until it is needed
}

// NewFollower returns a follower that has not looked yet. cache, which may be nil,
// keeps the vectors of embedders that are not fitted, so that the next build and
// other servers have them.
func NewFollower(store Store, service *recommender.Service, histories Histories, open Open, cache embedder.Cache, cfg Config, log *slog.Logger) (*Follower, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	f := &Follower{store: store, service: service, histories: histories, open: open, cache: cache, cfg: cfg, log: log}
	f.trouble = trouble{min: cfg.MinDelay, max: cfg.MaxDelay}
	return f, nil
}

// Status returns what the follower has done so far.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// Run follows the store until ctx ends, whose error it returns. While the store or
// the embedder is away it goes on trying, and what serves goes on serving. A
// change that needs no embedder waits for none.
func (f *Follower) Run(ctx context.Context) error {
	defer f.closeEmbedder()
	defer f.endWork()
	defer f.endLaying()
	tick := time.NewTicker(f.cfg.Poll)
	defer tick.Stop()
	for {
		again, err := f.step(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.tell(err)
		f.note(err)
		if again && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case done := <-f.work.done():
			f.finish(done)
		case done := <-f.laying.done():
			f.settle(done)
		case <-tick.C:
		}
	}
}

// step does a bounded piece of work. again says that there is more to do now.
func (f *Follower) step(ctx context.Context) (again bool, err error) {
	live, err := f.service.Live()
	if errors.Is(err, recommender.ErrNotReady) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if f.base != live.Bundle {
		f.begin(live)
	}
	if !f.synced {
		if err := f.sync(ctx); err != nil {
			return false, err
		}
	}
	if again, err = f.act(ctx); err != nil {
		f.synced = false
	}
	return again, err
}

// act looks at the changes, and does what they want done.
func (f *Follower) act(ctx context.Context) (again bool, err error) {
	looked, err := f.look(ctx)
	if err != nil {
		return false, err
	}
	f.publish() // what waits for nothing
	gathered, err := f.gather(ctx)
	if err != nil {
		return false, err
	}
	embeds, err := f.embed(ctx)
	if err != nil {
		return false, err
	}
	f.lay(ctx)
	f.publish()
	return looked || gathered || embeds, nil
}

// begin begins anew with the bundle of live.
func (f *Follower) begin(live *recommender.Live) {
	f.endWork()
	f.endLaying()
	if f.base != nil && f.base.Manifest.Embedder != live.Bundle.Manifest.Embedder {
		f.closeEmbedder()
	}
	f.base, f.state, f.moved = live.Bundle, live.State, live.State.Len()
	seq := f.base.Manifest.Sequence
	f.looked, f.gathered, f.published, f.leftOut = seq, seq, seq, 0
	f.waiting, f.ready, f.leaving, f.layAfter = queue{}, nil, nil, time.Time{}
	f.trouble.reset()
	f.synced = false // is the store as far as this bundle?
}

// sync is done when the store answers for the first time, and again after it was
// away: it may be another one by now, restored from a copy.
func (f *Follower) sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	last, err := f.store.LastChange(ctx)
	if err != nil {
		return fmt.Errorf("read the number of the last change: %w", err)
	}
	if last < f.looked {
		f.log.Warn("the store's changes end before what was seen of them; was it restored from a copy? It is followed from its end on", "seen", f.looked, "last", last)
		f.looked, f.gathered = last, last
		f.endWork()
		f.endLaying()
		f.waiting, f.ready, f.leaving = queue{}, nil, nil
		f.histories.Reset()
		f.service.ResetGone()
	}
	if err := f.readEditorial(ctx); err != nil {
		return err
	}
	if err := f.readForgotten(ctx); err != nil {
		return err
	}
	f.synced = true
	return nil
}

// readForgotten tells the service who was forgotten.
func (f *Follower) readForgotten(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	t, err := f.store.Tombstones(ctx)
	if err != nil {
		return fmt.Errorf("read who was forgotten: %w", err)
	}
	f.service.SetForgotten(t)
	return nil
}

// publish lets what was made so far answer.
func (f *Follower) publish() {
	sequence := before(f.gathered, f.waiting.entries)
	for _, entries := range [][]entry{f.work.entries(), entriesOf(f.ready), f.leaving, f.laying.entries()} {
		sequence = before(sequence, entries)
	}
	live, err := f.service.Live()
	if err != nil || live.Bundle != f.base {
		return // a new bundle: begun with in the next step
	}
	if live.State != f.state || live.Sequence != sequence {
		f.service.Extend(f.base, f.state, sequence)
	}
	f.published = sequence
}

// note makes the status.
func (f *Follower) note(err error) {
	s := Status{Sequence: f.published, Waiting: f.waiting.len() + len(f.work.entries()) + f.coming(), LeftOut: f.leftOut}
	if f.state != nil {
		s.Movies, s.Hidden = f.since(), len(f.state.Hidden())
	}
	switch {
	case err != nil:
		s.Reason = err.Error()
	case f.trouble.err != nil:
		s.Reason = f.trouble.err.Error()
	}
	f.mu.Lock()
	f.status = s
	f.mu.Unlock()
}

// tell logs that the store went away, and that it is back, once each.
func (f *Follower) tell(err error) {
	switch {
	case err != nil && !f.down:
		f.log.Warn("changes cannot be followed; new movies wait until they can", "error", err)
	case err == nil && f.down:
		f.log.Info("changes are followed again")
	}
	f.down = err != nil
}
