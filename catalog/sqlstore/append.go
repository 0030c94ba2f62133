package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// Append stores the rows of a batch and the offset after it in one
// transaction, and returns the offset that the store holds then in Applied. If it held
// another than b.From before, the error wraps [catalog.ErrOffset], nothing is
// stored, and the offset returned says where to go on. A batch that can never be
// stored wraps [catalog.ErrInvalid]: a rating off the scale, an id that is not
// legal; what parses a stream checks both and puts such lines in quarantine.
func (s *Store) Append(ctx context.Context, b catalog.Batch) (done catalog.Applied, err error) {
	const op = "append"
	news, err := newsOf(b)
	if err != nil {
		return catalog.Applied{}, fmt.Errorf("%s %s from %d: %w", op, b.Partition, b.From, err)
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		if done.Held, err = offsetOf(ctx, tx, tx, b.Partition); err != nil {
			return err
		}
		want := b.From
		if b.Move != nil {
			want = b.Move.Held
		}
		if done.Held != want {
			return fmt.Errorf("partition %s: batch is %d to %d, to be put after %d, the store stands at %d: %w", b.Partition, b.From, b.To, want, done.Held, catalog.ErrOffset)
		}
		if err := storeBatch(ctx, tx, b, news); err != nil {
			return err
		}
		const query = "INSERT INTO offsets (source, held) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET held = excluded.held"
		_, err := tx.ExecContext(ctx, tx.Rebind(query), b.Partition, b.To)
		return err
	})
	if err == nil {
		done.Held = b.To
	}
	return done, err
}

func storeBatch(ctx context.Context, tx *sqlx.Tx, b catalog.Batch, news map[pair]past) error {
	if err := checkRatings(ctx, tx, b.Ratings); err != nil {
		return err
	}
	if _, err := storeSeen(ctx, tx, news); err != nil {
		return err
	}
	if err := storeAccounts(ctx, tx, b.Accounts); err != nil {
		return err
	}
	return storeRefused(ctx, tx, b.Partition, b.Refused)
}

// newsOf folds the events of b and checks all that can be checked without the
// store.
func newsOf(b catalog.Batch) (map[pair]past, error) {
	if err := checkText("partition", b.Partition, MaxPartitionBytes); err != nil {
		return nil, err
	}
	if b.From < 0 || b.To < b.From {
		return nil, fmt.Errorf("offsets are %d to %d, want 0 <= from <= to: %w", b.From, b.To, catalog.ErrInvalid)
	}
	news := make(map[pair]past, len(b.Minutes)+len(b.Ratings))
	for _, m := range b.Minutes {
		if m.Minute < 0 {
			return nil, fmt.Errorf("minute of user %q in movie %q is %d, want 0 or more: %w", m.User, m.Movie, m.Minute, catalog.ErrInvalid)
		}
		if err := add(news, pair{m.User, m.Movie}, pastOfMinute(m)); err != nil {
			return nil, err
		}
	}
	for _, r := range b.Ratings {
		if err := addRating(news, r); err != nil {
			return nil, err
		}
	}
	for _, a := range b.Accounts {
		if _, err := catalog.ParseUserID(string(a.User)); err != nil {
			return nil, err
		}
	}
	for _, r := range b.Refused {
		if err := checkText("reason", r.Reason, MaxReasonBytes); err != nil {
			return nil, err
		}
	}
	return news, nil
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
	held, err := offsetOf(ctx, s.reader, s.reader, partition)
	return held, s.fault(ctx, "read offset", err)
}

func offsetOf(ctx context.Context, q sqlx.QueryerContext, r interface{ Rebind(string) string }, partition string) (int64, error) {
	var held int64
	err := sqlx.GetContext(ctx, q, &held, r.Rebind("SELECT held FROM offsets WHERE source = ?"), partition)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return held, err
}

// storeAccounts keeps the first sign-up of each person, who thereby is known.
func storeAccounts(ctx context.Context, tx *sqlx.Tx, accounts []catalog.Account) error {
	first := make(map[catalog.UserID]int64, len(accounts))
	var ids []string
	for _, a := range accounts {
		at := a.At.UnixMicro()
		held, known := first[a.User]
		if !known {
			ids = append(ids, string(a.User))
		}
		if !known || at < held {
			first[a.User] = at
		}
	}
	if len(ids) == 0 {
		return nil
	}
	const conflict = "ON CONFLICT (user_id) DO UPDATE SET at = excluded.at WHERE excluded.at < accounts.at"
	b := newBulk(tx, "accounts", []string{"user_id", "at"}, conflict)
	defer b.close()
	for _, id := range ids {
		if err := b.add(ctx, id, first[catalog.UserID(id)]); err != nil {
			return err
		}
	}
	if err := b.flush(ctx); err != nil {
		return err
	}
	return lookupExec(ctx, tx, "DELETE FROM unknown_ids WHERE kind = 'user' AND id IN (%s)", ids)
}
