package recommender

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

// A Follower keeps a service on the live bundle of a shelf.
type Follower struct {
	shelf   *bundle.Shelf
	open    bundle.Opener
	service *Service
	log     *slog.Logger

	mu        sync.Mutex
	status    Status
	refusedAt time.Time
}

// retryRefused is when a refused bundle is tried again: it may have been mended
// in its place, or the disk may have been at fault.
const retryRefused = 30 * time.Second

// A Status says what a follower has done.
type Status struct {
	Live     string    `json:"live"`               // the bundle that serves
	Loaded   time.Time `json:"loaded"`             // since when
	Swaps    int       `json:"swaps"`              // bundles taken, the first included
	Refused  int       `json:"refused"`            // bundles refused
	Rejected string    `json:"rejected,omitempty"` // the bundle refused last, if the pointer still names it
	Reason   string    `json:"reason,omitempty"`   // why

	Published *bundle.Publication `json:"published,omitempty"` // who made the bundle that serves live, and why
}

// NewFollower returns a follower that has not looked yet.
func NewFollower(shelf *bundle.Shelf, open bundle.Opener, service *Service, log *slog.Logger) *Follower {
	return &Follower{shelf: shelf, open: open, service: service, log: log}
}

// Status returns what the follower has done so far.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// Look takes the live bundle if it is not the one that serves. A bundle that
// cannot be read or does not answer is refused with the reason, and the one that
// serves goes on.
func (f *Follower) Look(ctx context.Context) error {
	id, err := f.shelf.Live()
	if err != nil {
		return f.refuse("", err)
	}
	if f.settled(id) {
		return nil
	}
	if err := f.take(ctx, id); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return f.refuse(id, err)
	}
	f.mu.Lock()
	f.status.Rejected, f.status.Reason = "", ""
	f.mu.Unlock()
	return nil
}

// take loads a bundle, rehearses it, and lets it serve.
func (f *Follower) take(ctx context.Context, id string) error {
	began := time.Now()
	b, err := f.shelf.Load(ctx, id, f.open)
	if err != nil {
		return err
	}
	state, err := b.State()
	if err != nil {
		return err
	}
	if err := rehearseLists(b, state.Snapshot, began); err != nil {
		return err
	}
	if err := rehearseIndex(ctx, state); err != nil {
		return err
	}
	if err := f.service.swap(ctx, b, state); err != nil {
		return err
	}
	published := f.publication(id)
	f.mu.Lock()
	f.status.Live, f.status.Loaded, f.status.Published = id, time.Now().UTC(), published
	f.status.Swaps++
	f.mu.Unlock()
	f.log.Info("bundle is live", "bundle", id, "movies", b.Movies.Len(), "embedder", b.Manifest.Embedder.String(),
		"index", b.Manifest.Index.Kind, "data", b.Manifest.DataVersion, "took", time.Since(began))
	return nil
}

// publication returns who made a bundle live and why, or nil if that is not known: it
// serves all the same.
func (f *Follower) publication(id string) *bundle.Publication {
	all, err := f.shelf.Published()
	if err != nil {
		return nil
	}
	for _, p := range all {
		if p.ID == id {
			return &p
		}
	}
	return nil
}

// Start takes the live bundle, or, if that is broken, an older whole one: a server that
// comes up with yesterday's lists beats one that does not. First come those that were
// live before, as rollbacks lead to them, then the newest that no gate refused. It
// fails when there is none.
func (f *Follower) Start(ctx context.Context) error {
	if _, err := f.shelf.Live(); errors.Is(err, catalog.ErrNotFound) {
		return err // nothing was ever published here
	}
	err := f.Look(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	others, lerr := f.others(f.Status().Rejected)
	if lerr != nil {
		err = errors.Join(err, lerr)
	}
	for _, id := range others {
		if terr := f.take(ctx, id); terr != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			f.log.Warn("an older bundle is broken too", "bundle", id, "error", terr)
			continue
		}
		f.log.Warn("the live bundle is broken; an older one serves until it is mended", "bundle", id, "error", err)
		return nil
	}
	return err
}

// others returns the bundles that may serve in place of a broken one, the best first,
// each once.
func (f *Follower) others(broken string) ([]string, error) {
	published, _ := f.shelf.Published() // as far as it can be read
	ids := bundle.Journal(published).Stack()
	for _, p := range published {
		ids = append(ids, p.ID)
	}
	list, err := f.shelf.List()
	for _, m := range list {
		if !m.Refused() {
			ids = append(ids, m.ID)
		}
	}
	seen := map[string]bool{broken: true}
	return slices.DeleteFunc(ids, func(id string) bool {
		again := seen[id]
		seen[id] = true
		return again
	}), err
}

// settled reports whether there is nothing to do about id: it serves, or it was
// refused a moment ago.
func (f *Follower) settled(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id == f.status.Live {
		f.status.Rejected, f.status.Reason = "", "" // the pointer may have gone back
		return true
	}
	return id == f.status.Rejected && time.Since(f.refusedAt) < retryRefused
}

func (f *Follower) refuse(id string, err error) error {
	f.mu.Lock()
	again := f.status.Reason == err.Error()
	f.status.Rejected, f.status.Reason = id, err.Error()
	f.refusedAt = time.Now()
	if !again {
		f.status.Refused++
	}
	serving := f.status.Live
	f.mu.Unlock()
	if !again {
		f.log.Error("bundle refused", "refused", id, "still_serving", serving, "error", err)
	}
	return err
}

// Run looks every poll until ctx ends, whose error it returns.
func (f *Follower) Run(ctx context.Context, poll time.Duration) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if err := f.Look(ctx); err != nil && ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
}
