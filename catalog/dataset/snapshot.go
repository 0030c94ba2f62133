package dataset

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"marquee/catalog"
)

// A Snapshot reads one version. It is a [Source] that gives the rows in the order
// in which they were written, any number of times, and by any number of
// goroutines at once. The caller must Close it.
type Snapshot struct {
	manifest Manifest
	files    []*os.File // one for each table of the manifest
	gone     func(catalog.UserID) bool
}

// Open opens a version after checking every byte of its files; one that does not
// fit its manifest is an error that wraps [ErrBroken]. People for whom gone
// returns true, such as [catalog.Tombstones.Has], are left out; gone may be nil.
// A snapshot that is deleted while it is open can be read to its end.
func (s *Shelf) Open(ctx context.Context, version string, gone func(catalog.UserID) bool) (*Snapshot, error) {
	m, err := s.Manifest(version)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, m, gone)
}

func (s *Shelf) open(ctx context.Context, m Manifest, gone func(catalog.UserID) bool) (*Snapshot, error) {
	snap := &Snapshot{manifest: m, gone: gone}
	for _, t := range m.Tables {
		f, err := openTable(ctx, s.Dir(m.Version), t)
		if err != nil {
			snap.Close()
			return nil, fmt.Errorf("snapshot %s: %w", m.Version, err)
		}
		snap.files = append(snap.files, f)
	}
	return snap, nil
}

// Close closes the files. Iterators end in an error afterwards.
func (s *Snapshot) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Manifest returns the manifest.
func (s *Snapshot) Manifest() Manifest { return s.manifest }

// Scale returns the rating scale.
func (s *Snapshot) Scale(context.Context) (catalog.Scale, error) { return s.manifest.Scale, nil }

// LastChange returns the sequence number of the last change that is in it.
func (s *Snapshot) LastChange(context.Context) (int64, error) { return s.manifest.LastChange, nil }

// Movies yields all movies by ascending id.
func (s *Snapshot) Movies(ctx context.Context) iter.Seq2[catalog.Movie, error] {
	return rowsOf(ctx, s, movieKind, 0)
}

// Users yields the records of people by ascending id.
func (s *Snapshot) Users(ctx context.Context) iter.Seq2[catalog.User, error] {
	return rowsOf(ctx, s, userKind, 1)
}

// Histories yields all histories by user, within one the newest first, ties by
// movie.
func (s *Snapshot) Histories(ctx context.Context) iter.Seq2[catalog.UserSeen, error] {
	return rowsOf(ctx, s, seenKind, 2)
}

// Accounts yields all accounts by user and time.
func (s *Snapshot) Accounts(ctx context.Context) iter.Seq2[catalog.Account, error] {
	return rowsOf(ctx, s, accountKind, 3)
}

func rowsOf[V, R any](ctx context.Context, s *Snapshot, k *kind[V, R], table int) iter.Seq2[V, error] {
	return leaveOut(k, readTable(ctx, k, s.manifest.Tables[table], s.files[table]), s.gone)
}
