package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Bounds of frozen views. A view keeps one of the connections that read, and
// holds back what the database cleans up: SQLite's write-ahead log grows by all
// that is written meanwhile and is not cut back, PostgreSQL keeps every row
// version that was replaced or deleted since, in all tables. So Close it soon.
const (
	MaxFrozen   = 2             // views of one Store at a time
	FrozenLimit = 2 * time.Hour // after it a view ends by itself; a build reads some minutes
)

// ErrFrozenEnded reports a view that was closed, or ended with the context of
// [Store.Freeze] or after [FrozenLimit]. What was read of it is still right.
var ErrFrozenEnded = errors.New("the view has ended")

// A Frozen is the store as it stood at one moment: what is written later does
// not show, however often it is read. It is for one goroutine at a time; a loop
// over one of its iterators may call its other methods. The caller must Close
// it.
type Frozen struct {
	store *Store
	tx    *sqlx.Tx
	ended func() error // nil until the view has ended
	free  func()       // gives back what Freeze took
}

// Freeze returns a view of what is committed now. It does not keep writers
// waiting, nor they it. The view ends with ctx, after [FrozenLimit], or when it
// is closed, which must be before the store is. A view beyond [MaxFrozen] is an error that wraps
// [catalog.ErrUnavailable].
//
// A person who is forgotten while the view is open is still in it: who keeps
// what was read must look at [Store.Tombstones] once more at the end.
func (s *Store) Freeze(ctx context.Context) (*Frozen, error) {
	const op = "freeze"
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	if s.views.Add(1) > MaxFrozen {
		s.views.Add(-1)
		return nil, fmt.Errorf("%s: store %s: %d views are open already; close one first: %w", op, s.name, MaxFrozen, catalog.ErrUnavailable)
	}
	limited, cancel := context.WithTimeout(ctx, FrozenLimit)
	f := &Frozen{store: s, ended: limited.Err, free: func() { cancel(); s.views.Add(-1) }}
	if err := f.begin(limited); err != nil {
		return nil, errors.Join(s.fault(ctx, op, err), f.Close())
	}
	return f, nil
}

// begin starts the transaction. Both databases fix what it sees with its first
// read.
func (f *Frozen) begin(ctx context.Context) (err error) {
	options := &sql.TxOptions{ReadOnly: true} // on SQLite: without the write lock
	if f.store.kind == Postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	if f.tx, err = f.store.reader.BeginTxx(ctx, options); err != nil {
		return err
	}
	var one int
	return f.tx.GetContext(ctx, &one, "SELECT 1 FROM counters WHERE name = 'activity'")
}

// Close ends the view. A second call does nothing.
func (f *Frozen) Close() error {
	if f.free == nil {
		return nil
	}
	var err error
	if f.tx != nil {
		err = f.tx.Rollback()
	}
	f.free() // only now: it would make the connection unfit for another use
	f.free = nil
	if err != nil && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("close view of store %s: %w", f.store.name, err)
	}
	return nil
}

func (f *Frozen) queryer() queryer { return f.tx }

func (f *Frozen) fault(ctx context.Context, op string, err error) error {
	if err != nil && ctx.Err() == nil && f.ended() != nil {
		return fmt.Errorf("%s: store %s: it was closed, its context ended, or it was open for more than %v; freeze the store anew: %w",
			op, f.store.name, FrozenLimit, ErrFrozenEnded)
	}
	return f.store.fault(ctx, op, err)
}

// Scale returns the rating scale, as [Store.Scale] does.
func (f *Frozen) Scale(ctx context.Context) (catalog.Scale, error) {
	scale, err := readScale(ctx, f.tx)
	return scale, f.fault(ctx, "read scale", err)
}

// LastChange returns the sequence number of the newest change, as
// [Store.LastChange] does.
func (f *Frozen) LastChange(ctx context.Context) (int64, error) {
	last, err := lastChange(ctx, f.tx)
	return last, f.fault(ctx, "read last change", err)
}

// MovieCount returns the number of movies.
func (f *Frozen) MovieCount(ctx context.Context) (n int, err error) {
	err = f.tx.GetContext(ctx, &n, "SELECT count(*) FROM movies")
	return n, f.fault(ctx, "count movies", err)
}

// Hidden returns the movies that are not to be listed, as [Store.Hidden] does.
func (f *Frozen) Hidden(ctx context.Context) ([]catalog.Hidden, error) {
	hidden, err := readHidden(ctx, f.tx)
	return hidden, f.fault(ctx, "read hidden movies", err)
}

// Corrections returns corrections of neighbours, as [Store.Corrections] does.
func (f *Frozen) Corrections(ctx context.Context, movie catalog.MovieID) ([]catalog.Correction, error) {
	corrections, err := correctionsOf(ctx, f.tx, movie)
	return corrections, f.fault(ctx, "read corrections", err)
}

// Movies yields all movies by ascending id, bytewise.
func (f *Frozen) Movies(ctx context.Context) iter.Seq2[catalog.Movie, error] {
	return factPages(ctx, f, movieTable, func(m catalog.Movie) string { return string(m.ID) })
}

// Users yields all records of people by ascending id, bytewise.
func (f *Frozen) Users(ctx context.Context) iter.Seq2[catalog.User, error] {
	return factPages(ctx, f, userTable, func(u catalog.User) string { return string(u.ID) })
}

// Histories yields all histories in the order of [Store.Histories].
func (f *Frozen) Histories(ctx context.Context) iter.Seq2[catalog.UserSeen, error] {
	return historyPages(ctx, f)
}

// Accounts yields all sign-ups by ascending user id, bytewise.
func (f *Frozen) Accounts(ctx context.Context) iter.Seq2[catalog.Account, error] {
	return accountPages(ctx, f)
}
