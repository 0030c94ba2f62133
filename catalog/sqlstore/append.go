package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Limits of what a stream brings in.
const (
	MaxPartitionBytes = 500     // of the name of a partition
	MaxReasonBytes    = 200     // of the reason of a refused line
	MaxLineBytes      = 4 << 10 // of a refused line; the rest is cut off
)

// Append stores the rows of a batch, the count of its lines ([Store.Intake])
// and the offset after it in one transaction, and returns that offset in
// Applied.Held. If the store held another than b.From, or than b.Move.Held,
// before, the error wraps [catalog.ErrOffset], nothing is stored, and
// Applied.Held says where to go on; so a batch whose commit succeeded though
// its answer was lost is not stored twice. If b.Digest is not that of the batch
// which was stored under the same partition, the error wraps
// [catalog.ErrConflict].
//
// Events of people whose [Store.Forget] was committed before, by whatever
// process, are left out and counted in Applied.Forgotten. Their refused lines
// are counted by their reasons, but not kept: those whose User was forgotten,
// and those with a forgotten id between their first two commas, where a line of
// the stream names its person. An id elsewhere in a refused line cannot be found,
// as nothing but its hash is known.
//
// A line that was applied before it had its end is mended in the same transaction:
// see [catalog.Batch.Mended]. It is not part of Applied.
//
// A batch that can never be stored wraps [catalog.ErrInvalid]: a rating off the
// scale, an id that is not legal; what parses a stream checks both and puts such
// lines in quarantine. BenchmarkAppend has the time.
func (s *Store) Append(ctx context.Context, b catalog.Batch) (done catalog.Applied, err error) {
	const op = "append"
	e, err := eventsOfBatch(b)
	if err != nil {
		return catalog.Applied{}, fmt.Errorf("%s %s from %d: %w", op, b.Partition, b.From, err)
	}
	if b.ReadAt.IsZero() {
		b.ReadAt = time.Now()
	}
	var at int64      // of the new place
	complete := false // all but the commit
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		before, err := placeOf(ctx, tx, tx, b.Partition)
		if err != nil {
			return err
		}
		done.Held = before.held
		if err := s.checkPlace(b, before); err != nil {
			return err
		}
		if done.Forgotten, err = s.storeBatch(ctx, tx, b, e); err != nil {
			return err
		}
		at = max(b.ReadAt.UnixMicro(), before.at+1)
		complete = true
		return storePlace(ctx, tx, b, at)
	})
	if err == nil {
		s.doubts.settle(b)
		done.Held = b.To
		return done, nil
	}
	if complete {
		s.doubts.raise(b, at)
	}
	return catalog.Applied{Held: done.Held}, err
}

// checkPlace refuses a batch that does not begin where the store stands.
func (s *Store) checkPlace(b catalog.Batch, before place) error {
	want := b.From
	if b.Move != nil {
		want = b.Move.Held
	}
	switch {
	case b.Digest != nil && before.digest != nil && !bytes.Equal(b.Digest, before.digest):
		return fmt.Errorf("partition %s: the batch has digest %x, the one that was stored under this name %x: %w", b.Partition, b.Digest, before.digest, catalog.ErrConflict)
	case before.held != want:
		return fmt.Errorf("partition %s: batch is %d to %d, to be put after %d, the store stands at %d: %w", b.Partition, b.From, b.To, want, before.held, catalog.ErrOffset)
	case s.doubts.done(b, before.at):
		return fmt.Errorf("partition %s: batch %d to %d was stored, but the answer was lost: %w", b.Partition, b.From, b.To, catalog.ErrOffset)
	}
	return nil
}

// storeBatch stores all of b but its place.
func (s *Store) storeBatch(ctx context.Context, tx *sqlx.Tx, b catalog.Batch, e *events) (catalog.Forgotten, error) {
	dead, err := s.tombstones(ctx, tx)
	if err != nil {
		return catalog.Forgotten{}, err
	}
	gone := e.without(dead)
	if err := e.store(ctx, tx); err != nil {
		return gone, err
	}
	if err := storeRefused(ctx, tx, b.Partition, withoutForgotten(b.Refused, dead)); err != nil {
		return gone, err
	}
	if err := storeMended(ctx, tx, b, dead); err != nil {
		return gone, err
	}
	return gone, countIntake(ctx, tx, b.ReadAt, outcomesOf(b, gone))
}

// eventsOfBatch folds the events of b and checks all that can be checked
// without the store.
func eventsOfBatch(b catalog.Batch) (*events, error) {
	if err := checkText("partition", b.Partition, MaxPartitionBytes); err != nil {
		return nil, err
	}
	if b.From < 0 || b.To < b.From {
		return nil, fmt.Errorf("offsets are %d to %d, want 0 <= from <= to: %w", b.From, b.To, catalog.ErrInvalid)
	}
	if b.Move != nil && b.Move.Held < 0 {
		return nil, fmt.Errorf("the batch moves the offset from %d, want 0 or more: %w", b.Move.Held, catalog.ErrInvalid)
	}
	if b.Digest != nil && len(b.Digest) != sha256.Size {
		return nil, fmt.Errorf("the digest has %d bytes, want %d, or nil: %w", len(b.Digest), sha256.Size, catalog.ErrInvalid)
	}
	if b.Tail != nil && len(b.Tail) != sha256.Size {
		return nil, fmt.Errorf("the tail has %d bytes, want %d, or nil: %w", len(b.Tail), sha256.Size, catalog.ErrInvalid)
	}
	if b.Mended != nil {
		if _, err := eventsOfMended(*b.Mended); err != nil {
			return nil, fmt.Errorf("the line that was mended: %w", err)
		}
	}
	if b.Lists < 0 {
		return nil, fmt.Errorf("the batch has %d recommendation lines, want 0 or more: %w", b.Lists, catalog.ErrInvalid)
	}
	if err := checkReasons(b.Refused); err != nil {
		return nil, err
	}
	return eventsOf(b.Minutes, b.Ratings, b.Accounts)
}

// checkText refuses a text that cannot be a key on every database.
func checkText(what, text string, maxBytes int) error {
	if text == "" || len(text) > maxBytes || !utf8.ValidString(text) || hasNUL(text) {
		return fmt.Errorf("%s is %.50q of %d bytes, want 1 to %d bytes of UTF-8 without NUL: %w", what, text, len(text), maxBytes, catalog.ErrInvalid)
	}
	return nil
}

func hasNUL(text string) bool {
	for i := range len(text) {
		if text[i] == 0 {
			return true
		}
	}
	return false
}

// Offset returns where the next batch of a partition must begin; 0 if the store
// has none of it.
func (s *Store) Offset(ctx context.Context, partition string) (int64, error) {
	p, err := placeOf(ctx, s.reader, s.reader, partition)
	return p.held, s.fault(ctx, "read offset", err)
}

// A place is how far a partition was read. The zero place is that of one which
// is not known.
type place struct {
	held   int64
	at     int64  // when it last moved, microseconds since 1970; more with every move
	digest []byte // nil if none was given
}

func placeOf(ctx context.Context, q sqlx.QueryerContext, r interface{ Rebind(string) string }, partition string) (place, error) {
	var p place
	err := q.QueryRowxContext(ctx, r.Rebind("SELECT held, at, digest FROM offsets WHERE source = ?"), partition).Scan(&p.held, &p.at, &p.digest)
	if errors.Is(err, sql.ErrNoRows) {
		return place{}, nil
	}
	return p, err
}

// storePlace moves the offset of b's partition. A digest that is known stays, a
// tail goes with its offset.
func storePlace(ctx context.Context, tx *sqlx.Tx, b catalog.Batch, at int64) error {
	const query = `INSERT INTO offsets (source, held, at, digest, tail) VALUES (?, ?, ?, ?, ?) ON CONFLICT (source)
		DO UPDATE SET held = excluded.held, at = excluded.at, digest = COALESCE(offsets.digest, excluded.digest), tail = excluded.tail`
	_, err := tx.ExecContext(ctx, tx.Rebind(query), b.Partition, b.To, at, b.Digest, b.Tail)
	return err
}
