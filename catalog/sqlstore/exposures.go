package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// MaxLabelBytes is the longest request id, experiment, arm, bundle and tier of
// a [catalog.Exposure].
const MaxLabelBytes = 200

// pageExposures is how many lists an iterator holds at a time: of 20 movies each
// some 0.3 MB.
const pageExposures = 256

// The columns of table exposures; the list of movies is packed (packed.go). What
// the list was made from is larger than all the rest, and is read where it is
// asked for alone.
var (
	exposureColumns = []string{"request_id", "at", "user_id", "experiment", "arm", "bundle", "sequence", "tier", "movies"}
	exposureInput   = "input"
)

// PutExposures stores served lists, a row each, in one transaction, and returns
// how many of them are new: one whose RequestID is stored already, or stood
// before it in the same call, is left out, and so are those of people who were
// forgotten. The user of a list may be any text, and is kept as
// [ExposedUser] gives it. A list without a request id or a time, or with
// something that cannot be kept, an Input of more than [catalog.MaxInputBytes] for
// one, is an error that wraps [catalog.ErrInvalid],
// and nothing is stored. BenchmarkPutExposures has the speed and the size.
func (s *Store) PutExposures(ctx context.Context, exposures []catalog.Exposure) (added int, err error) {
	const op = "store exposures"
	rows, err := exposureRows(exposures)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", op, err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		added, err = storeExposures(ctx, tx, rows, &s.turns)
		return err
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// An exposureRow is an exposure that can be stored.
type exposureRow struct {
	user catalog.UserID
	args []any // of exposureColumns and exposureInput
}

// exposureRows returns one row for each request.
func exposureRows(exposures []catalog.Exposure) ([]exposureRow, error) {
	rows := make([]exposureRow, 0, len(exposures))
	known := make(map[string]bool, len(exposures))
	for i, e := range exposures {
		movies, err := checkedMovies(e)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
		if known[e.RequestID] {
			continue
		}
		known[e.RequestID] = true
		user := ExposedUser(string(e.User))
		rows = append(rows, exposureRow{user, []any{
			e.RequestID, e.At.UnixMicro(), string(user), e.Experiment, e.Arm, e.Bundle, e.Sequence, e.Tier, movies, blob(e.Input),
		}})
	}
	return rows, nil
}

// checkedMovies refuses what cannot be stored, and returns the packed movies of
// what can.
func checkedMovies(e catalog.Exposure) ([]byte, error) {
	if err := checkText("request id", e.RequestID, MaxLabelBytes); err != nil {
		return nil, err
	}
	for _, label := range []struct{ name, text string }{
		{"experiment", e.Experiment}, {"arm", e.Arm}, {"bundle", e.Bundle}, {"tier", e.Tier},
	} {
		if label.text == "" {
			continue
		}
		if err := checkText(label.name, label.text, MaxLabelBytes); err != nil {
			return nil, fmt.Errorf("request %s: %w", e.RequestID, err)
		}
	}
	if e.At.IsZero() {
		return nil, fmt.Errorf("request %s: it has no time, want when the list was served: %w", e.RequestID, catalog.ErrInvalid)
	}
	if len(e.Input) > catalog.MaxInputBytes {
		return nil, fmt.Errorf("request %s: input has %d bytes, want at most %d: %w", e.RequestID, len(e.Input), catalog.MaxInputBytes, catalog.ErrInvalid)
	}
	movies, err := packMovies(e.Movies)
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", e.RequestID, err)
	}
	return movies, nil
}

// blob returns raw as a statement takes it, NULL if it is empty.
func blob(raw []byte) any {
	if len(raw) == 0 {
		return nil
	}
	return raw
}

// ExposedUser returns the user of an exposure as it is stored: any text as valid
// UTF-8 without NUL, its first [catalog.MaxIDBytes] at most. A legal id stays as
// it is.
func ExposedUser(text string) catalog.UserID {
	text = text[:min(len(text), 4*catalog.MaxIDBytes)] // more than enough, whatever it is replaced by
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	return catalog.UserID(catalog.CutText(text, catalog.MaxIDBytes))
}

func storeExposures(ctx context.Context, tx *sqlx.Tx, rows []exposureRow, t *turns) (added int, err error) {
	users := make([]catalog.UserID, len(rows))
	for i, r := range rows {
		users[i] = r.user
	}
	forgotten, err := tombstonesIn(ctx, tx, users)
	if err != nil {
		return 0, err
	}
	b := newBulk(tx, "exposures", append(slices.Clone(exposureColumns), exposureInput), "ON CONFLICT (request_id) DO NOTHING")
	defer b.close()
	if tx.DriverName() != Postgres {
		b.gentle(t)
	}
	for _, r := range rows {
		if forgotten[r.user] {
			continue
		}
		if err := b.add(ctx, r.args...); err != nil {
			return 0, err
		}
	}
	err = b.flush(ctx)
	return int(b.stored), err
}

// Exposure returns the list that was served to one request; one that is not
// stored is an error that wraps [catalog.ErrNotFound].
func (s *Store) Exposure(ctx context.Context, requestID string) (catalog.Exposure, error) {
	found, err := s.exposures(ctx, exposureInput, "WHERE request_id = ?", requestID)
	if err != nil {
		return catalog.Exposure{}, s.fault(ctx, "read exposure", err)
	}
	if len(found) == 0 {
		return catalog.Exposure{}, fmt.Errorf("exposure of request %.50q: %w", requestID, catalog.ErrNotFound)
	}
	return found[0], nil
}

// ExposuresOf returns at most limit lists that were served to one user, the
// newest first, ties by request id, the last first; a limit below 1 means
// 1,000. Any text may be asked for, as with [Store.PutExposures].
func (s *Store) ExposuresOf(ctx context.Context, user catalog.UserID, limit int) ([]catalog.Exposure, error) {
	if limit < 1 {
		limit = 1000
	}
	const where = "WHERE user_id = ? ORDER BY at DESC, request_id DESC LIMIT ?"
	found, err := s.exposures(ctx, exposureInput, where, string(ExposedUser(string(user))), limit)
	return found, s.fault(ctx, "read exposures of a user", err)
}

// Exposures yields the lists that were served at from or later and before to, by
// time, ties by request id; a zero to is no end. It reads in pages and holds
// nothing between them, as [Store.Movies] does. After an error it ends. The lists
// come without their Input, which [Store.Exposure] and [Store.ExposuresOf] give.
func (s *Store) Exposures(ctx context.Context, from, to time.Time) iter.Seq2[catalog.Exposure, error] {
	const where = "WHERE at >= ? AND at < ? AND (at, request_id) > (?, ?) ORDER BY at, request_id LIMIT ?"
	end := int64(math.MaxInt64)
	if !to.IsZero() {
		end = to.UnixMicro()
	}
	return func(yield func(catalog.Exposure, error) bool) {
		at, id := from.UnixMicro(), "" // less than every request id
		for {
			page, err := s.exposures(ctx, "NULL", where, at, end, at, id, pageExposures)
			if err != nil {
				yield(catalog.Exposure{}, s.fault(ctx, "read exposures", err))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if len(page) < pageExposures {
				return
			}
			last := page[len(page)-1]
			at, id = last.At.UnixMicro(), last.RequestID
		}
	}
}

// ExposedBundles returns the bundles, ascending, that made the lists which were served
// at since or later and are kept. It goes from bundle to bundle through an index, so it
// takes as many lookups as there are bundles, however many lists.
func (s *Store) ExposedBundles(ctx context.Context, since time.Time) ([]string, error) {
	const (
		op    = "read bundles of exposures"
		next  = "SELECT bundle FROM exposures WHERE bundle > ? ORDER BY bundle LIMIT 1"
		newer = "SELECT EXISTS (SELECT 1 FROM exposures WHERE bundle = ? AND at >= ?)"
	)
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	var ids []string
	for at := ""; ; { // a list of no bundle was made of none
		err := s.reader.GetContext(ctx, &at, s.reader.Rebind(next), at)
		if errors.Is(err, sql.ErrNoRows) {
			return ids, nil
		}
		var served bool
		if err == nil {
			err = s.reader.GetContext(ctx, &served, s.reader.Rebind(newer), at, since.UnixMicro())
		}
		if err != nil {
			return nil, s.fault(ctx, op, err)
		}
		if served {
			ids = append(ids, at)
		}
	}
}

func (s *Store) exposures(ctx context.Context, input, where string, args ...any) ([]catalog.Exposure, error) {
	query := "SELECT " + strings.Join(exposureColumns, ", ") + ", " + input + " FROM exposures " + where
	var found []catalog.Exposure
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var e catalog.Exposure
		var at int64
		var movies []byte
		err := rows.Scan(&e.RequestID, &at, &e.User, &e.Experiment, &e.Arm, &e.Bundle, &e.Sequence, &e.Tier, &movies, &e.Input)
		if err != nil {
			return err
		}
		e.At = time.UnixMicro(at).UTC()
		if e.Movies, err = unpackMovies(movies); err != nil {
			return damaged(fmt.Errorf("request %s: %w", e.RequestID, err))
		}
		found = append(found, e)
		return nil
	}, s.reader.Rebind(query), args...)
	return found, err
}
