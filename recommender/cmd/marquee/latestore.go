package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/embedder"
	"marquee/recommender/delta"
	"marquee/recommender/history"
)

// A lateStore is a store that may not be there yet: a server that starts while
// its database is down answers from the bundle, and takes the store when it comes.
type lateStore struct {
	store atomic.Pointer[sqlstore.Store]
}

// retryStore is the time between two attempts to open the store.
const retryStore = time.Second

// openTimeout bounds one attempt.
const openTimeout = 5 * time.Second

var (
	_ history.Store  = (*lateStore)(nil)
	_ delta.Store    = (*lateStore)(nil)
	_ embedder.Cache = (*lateStore)(nil)
)

// openLate opens the store of e, or returns without it if it is down.
func openLate(ctx context.Context, e *env) (*lateStore, error) {
	l := &lateStore{}
	store, err := openWithin(ctx, e)
	switch {
	case err == nil:
		l.store.Store(store)
	case errors.Is(err, errUsage) || ctx.Err() != nil:
		return nil, err
	default:
		e.log.Error("the store cannot be opened; answers come from the bundle until it can", "error", err)
	}
	return l, nil
}

// openWithin opens the store in bounded time: a database that does not answer must
// not keep a server from answering.
func openWithin(ctx context.Context, e *env) (*sqlstore.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return e.openStore(ctx, false)
}

// follow opens the store as soon as it can be, and returns then or when ctx ends.
func (l *lateStore) follow(ctx context.Context, e *env) error {
	tick := time.NewTicker(retryStore)
	defer tick.Stop()
	for l.store.Load() == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if store, err := openWithin(ctx, e); err == nil {
			l.store.Store(store)
			e.log.Info("the store is there")
		}
	}
	return nil
}

// Close closes the store, if there is one.
func (l *lateStore) Close() error {
	if s := l.store.Load(); s != nil {
		return s.Close()
	}
	return nil
}

func (l *lateStore) opened() (*sqlstore.Store, error) {
	if s := l.store.Load(); s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("the store has not been reached yet: %w", catalog.ErrUnavailable)
}

// Person implements [history.Store].
func (l *lateStore) Person(ctx context.Context, u catalog.UserID) (catalog.Person, error) {
	s, err := l.opened()
	if err != nil {
		return catalog.Person{}, err
	}
	return s.Person(ctx, u)
}

// ActiveSince implements [history.Store].
func (l *lateStore) ActiveSince(ctx context.Context, seq int64, limit int) ([]catalog.UserID, int64, error) {
	s, err := l.opened()
	if err != nil {
		return nil, seq, err
	}
	return s.ActiveSince(ctx, seq, limit)
}

// LastActivity implements [history.Store].
func (l *lateStore) LastActivity(ctx context.Context) (int64, error) {
	s, err := l.opened()
	if err != nil {
		return 0, err
	}
	return s.LastActivity(ctx)
}

// ChangesSince implements [delta.Store].
func (l *lateStore) ChangesSince(ctx context.Context, seq int64, limit int) ([]catalog.Change, error) {
	s, err := l.opened()
	if err != nil {
		return nil, err
	}
	return s.ChangesSince(ctx, seq, limit)
}

// LastChange implements [delta.Store].
func (l *lateStore) LastChange(ctx context.Context) (int64, error) {
	s, err := l.opened()
	if err != nil {
		return 0, err
	}
	return s.LastChange(ctx)
}

// Movie implements [delta.Store].
func (l *lateStore) Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error) {
	s, err := l.opened()
	if err != nil {
		return catalog.Movie{}, err
	}
	return s.Movie(ctx, id)
}

// Movies implements [delta.Store].
func (l *lateStore) Movies(ctx context.Context) iter.Seq2[catalog.Movie, error] {
	s, err := l.opened()
	if err != nil {
		return func(yield func(catalog.Movie, error) bool) { yield(catalog.Movie{}, err) }
	}
	return s.Movies(ctx)
}

// Tombstones implements [delta.Store].
func (l *lateStore) Tombstones(ctx context.Context) (catalog.Tombstones, error) {
	s, err := l.opened()
	if err != nil {
		return catalog.Tombstones{}, err
	}
	return s.Tombstones(ctx)
}

// Hidden implements [delta.Store].
func (l *lateStore) Hidden(ctx context.Context) ([]catalog.Hidden, error) {
	s, err := l.opened()
	if err != nil {
		return nil, err
	}
	return s.Hidden(ctx)
}

// Corrections implements [delta.Store].
func (l *lateStore) Corrections(ctx context.Context, movie catalog.MovieID) ([]catalog.Correction, error) {
	s, err := l.opened()
	if err != nil {
		return nil, err
	}
	return s.Corrections(ctx, movie)
}

// Vectors implements [embedder.Cache].
func (l *lateStore) Vectors(ctx context.Context, keys []catalog.VectorKey) (map[catalog.VectorKey][]float32, error) {
	s, err := l.opened()
	if err != nil {
		return nil, err
	}
	return s.Vectors(ctx, keys)
}

// PutVectors implements [embedder.Cache].
func (l *lateStore) PutVectors(ctx context.Context, vecs []catalog.Vector) error {
	s, err := l.opened()
	if err != nil {
		return err
	}
	return s.PutVectors(ctx, vecs)
}
