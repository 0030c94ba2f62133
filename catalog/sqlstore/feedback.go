package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// pageFeedback is how many rows of feedback an iterator holds at a time.
const pageFeedback = 1000

// PutFeedback stores what people did about movies, in one transaction, and returns how
// many of a person, request, movie and kind are new. Of clicks and of watches of one such
// the first time is kept, of opinions the last, so that neither repeats nor the order of
// arrival show. What people think now goes to their opinions, and whoever thinks
// otherwise than before gets a new number in [Store.ActiveSince]. That of people who were
// forgotten is left out. One that is not valid ([catalog.Feedback.Validate]) is an error
// that wraps [catalog.ErrInvalid], and nothing is stored.
func (s *Store) PutFeedback(ctx context.Context, feedback []catalog.Feedback) (added int, err error) {
	const op = "store feedback"
	news := make(map[feedbackKey]int64, len(feedback))
	for i, f := range feedback {
		if err := f.Validate(); err != nil {
			return 0, fmt.Errorf("%s: row %d: %w", op, i, err)
		}
		k, at := feedbackKey{f.User, f.Movie, f.Kind, f.RequestID}, f.At.UnixMicro()
		if held, known := news[k]; !known || k.kind.Opinion() == (at > held) {
			news[k] = at
		}
	}
	if len(news) == 0 {
		return 0, nil
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		keys, err := s.keptFeedback(ctx, tx, news)
		if err != nil {
			return err
		}
		if added, err = upsertFeedback(ctx, tx, keys, news); err != nil {
			return err
		}
		changed, err := upsertOpinions(ctx, tx, opinionsOf(keys, news))
		if err != nil {
			return err
		}
		return numberUsers(ctx, tx, changed)
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// A feedbackKey is the key of a row of feedback.
type feedbackKey struct {
	user    catalog.UserID
	movie   catalog.MovieID
	kind    catalog.FeedbackKind
	request string
}

// keptFeedback returns the keys of news in the order of the table, without those of
// people who were forgotten.
func (s *Store) keptFeedback(ctx context.Context, tx *sqlx.Tx, news map[feedbackKey]int64) ([]feedbackKey, error) {
	dead, err := s.tombstones(ctx, tx)
	if err != nil {
		return nil, err
	}
	keys := make([]feedbackKey, 0, len(news))
	for k := range news {
		if !dead.Has(k.user) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b feedbackKey) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.movie, b.movie), cmp.Compare(a.kind, b.kind), cmp.Compare(a.request, b.request))
	})
	return keys, nil
}

// upsertFeedback stores rows and returns how many are new. Those that are not may still
// move the time of what is stored.
func upsertFeedback(ctx context.Context, tx *sqlx.Tx, keys []feedbackKey, news map[feedbackKey]int64) (added int, err error) {
	const (
		key   = "ON CONFLICT (user_id, movie_id, kind, request_id) DO "
		moved = `UPDATE SET at = excluded.at WHERE CASE WHEN excluded.kind IN ('click', 'watch')
			THEN excluded.at < feedback.at ELSE excluded.at > feedback.at END`
	)
	write := func(conflict string) (int, error) {
		b := newBulk(tx, "feedback", []string{"user_id", "movie_id", "kind", "request_id", "at"}, conflict)
		defer b.close()
		for _, k := range keys {
			if err := b.add(ctx, string(k.user), string(k.movie), string(k.kind), k.request, news[k]); err != nil {
				return 0, err
			}
		}
		err := b.flush(ctx)
		return int(b.stored), err
	}
	if added, err = write(key + "NOTHING"); err != nil || added == len(keys) {
		return added, err
	}
	_, err = write(key + moved)
	return added, err
}

// Feedback yields what people did at from or later and before to, by time, ties by
// person, movie, kind and request; a zero to is no end. It reads in pages and holds
// nothing between them, as [Store.Movies] does. After an error it ends.
func (s *Store) Feedback(ctx context.Context, from, to time.Time) iter.Seq2[catalog.Feedback, error] {
	end := int64(math.MaxInt64)
	if !to.IsZero() {
		end = to.UnixMicro()
	}
	return func(yield func(catalog.Feedback, error) bool) {
		at, last := from.UnixMicro(), catalog.Feedback{} // less than every key
		for {
			page, err := s.feedbackPage(ctx, at, end, last)
			if err != nil {
				yield(catalog.Feedback{}, s.fault(ctx, "read feedback", err))
				return
			}
			for _, f := range page {
				if !yield(f, nil) {
					return
				}
			}
			if len(page) < pageFeedback {
				return
			}
			last = page[len(page)-1]
			at = last.At.UnixMicro()
		}
	}
}

// feedbackPage returns the rows that follow the one at a time whose key is that of last.
func (s *Store) feedbackPage(ctx context.Context, at, end int64, last catalog.Feedback) ([]catalog.Feedback, error) {
	const query = `SELECT user_id, movie_id, kind, request_id, at FROM feedback
		WHERE at >= ? AND at < ? AND (at, user_id, movie_id, kind, request_id) > (?, ?, ?, ?, ?)
		ORDER BY at, user_id, movie_id, kind, request_id LIMIT ?`
	var page []catalog.Feedback
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var f catalog.Feedback
		var at int64
		err := rows.Scan(&f.User, &f.Movie, &f.Kind, &f.RequestID, &at)
		f.At = time.UnixMicro(at).UTC()
		page = append(page, f)
		return err
	}, s.reader.Rebind(query), at, end, at, string(last.User), string(last.Movie), string(last.Kind), last.RequestID, pageFeedback)
	return page, err
}
