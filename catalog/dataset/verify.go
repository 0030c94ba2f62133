package dataset

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"marquee/catalog"
)

// Verify checks everything that a snapshot says of itself: the sum of its
// manifest, size and digest of every file, number and order of the rows, the
// digests that they give when hashed anew, and the time span. The error names all
// tables that are wrong and wraps [ErrBroken].
func (s *Shelf) Verify(ctx context.Context, version string, progress Progress) (Manifest, error) {
	m, err := s.Manifest(version)
	if err != nil {
		return m, err
	}
	var errs []error
	for _, t := range m.Tables {
		errs = append(errs, s.verifyTable(ctx, m, t, progress))
	}
	if err := errors.Join(errs...); err != nil {
		return m, fmt.Errorf("snapshot %s: %w", version, err)
	}
	return m, nil
}

func (s *Shelf) verifyTable(ctx context.Context, m Manifest, t Table, progress Progress) error {
	f, err := openTable(ctx, s.Dir(m.Version), t)
	if err != nil {
		return err
	}
	defer f.Close()
	d := NewDigest(m.Scale)
	var span span
	switch t.Name {
	case tableMovies:
		err = verifyRows(movieKind, &d.movies, t, readTable(ctx, movieKind, t, f), func(*catalog.Movie) {}, progress)
	case tableUsers:
		err = verifyRows(userKind, &d.users, t, readTable(ctx, userKind, t, f), func(*catalog.User) {}, progress)
	case tableSeen:
		err = verifyRows(seenKind, &d.seen, t, readTable(ctx, seenKind, t, f), span.add, progress)
		if first, last := span.times(); err == nil && !(first.Equal(m.FirstEvent) && last.Equal(m.LastEvent)) {
			err = fmt.Errorf("%s: events are from %s to %s, the manifest says %s to %s: %w", t.File, first, last, m.FirstEvent, m.LastEvent, ErrBroken)
		}
	case tableAccounts:
		err = verifyRows(accountKind, &d.accounts, t, readTable(ctx, accountKind, t, f), func(*catalog.Account) {}, progress)
	}
	return err
}

// verifyRows hashes the rows of t anew.
func verifyRows[V, R any](k *kind[V, R], sum *tally[V], t Table, rows iter.Seq2[V, error], watch func(*V), progress Progress) error {
	for v, err := range rows {
		if err == nil {
			if err = add(k, sum, &v); err != nil {
				err = fmt.Errorf("%s: %w: %w", t.File, err, ErrBroken)
			}
		}
		if err != nil {
			return err
		}
		watch(&v)
		if sum.rows%tellRows == 0 {
			progress.tell(k.name, sum.rows)
		}
	}
	progress.tell(k.name, sum.rows)
	if got := sum.table(t.Name); got.Digest != t.Digest {
		return fmt.Errorf("%s: digest of the rows is %s, want %s: %w", t.File, got.Digest, t.Digest, ErrBroken)
	}
	return nil
}
