package sqlstore

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// events are what a batch or a readmission brings, with its minutes and ratings
// folded: a row for each pair.
type events struct {
	minutes  []catalog.Minute
	ratings  []catalog.Rating
	accounts []catalog.Account
	news     map[pair]past
}

// eventsOf folds events and checks them. The slices are the caller's and are not
// written to.
func eventsOf(minutes []catalog.Minute, ratings []catalog.Rating, accounts []catalog.Account) (*events, error) {
	e := &events{minutes: minutes, ratings: ratings, accounts: accounts, news: make(map[pair]past)}
	for _, m := range minutes {
		if m.Minute < 0 {
			return nil, fmt.Errorf("minute of user %q in movie %q is %d, want 0 or more: %w", m.User, m.Movie, m.Minute, catalog.ErrInvalid)
		}
		if err := add(e.news, pair{m.User, m.Movie}, pastOfMinute(m)); err != nil {
			return nil, err
		}
	}
	for _, r := range ratings {
		if err := addRating(e.news, r); err != nil {
			return nil, err
		}
	}
	for _, a := range accounts {
		if _, err := catalog.ParseUserID(string(a.User)); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// without takes the events of people who were forgotten out of e and counts
// them.
func (e *events) without(dead catalog.Tombstones) catalog.Forgotten {
	var gone catalog.Forgotten
	if len(dead.Hashes) == 0 {
		return gone
	}
	forgotten := make(map[catalog.UserID]bool)
	has := func(u catalog.UserID) bool {
		known, asked := forgotten[u]
		if !asked {
			known = dead.Has(u)
			forgotten[u] = known
		}
		return known
	}
	for k := range e.news {
		if has(k.user) {
			delete(e.news, k)
		}
	}
	for _, m := range e.minutes {
		if has(m.User) {
			gone.Minutes++
		}
	}
	for _, r := range e.ratings {
		if has(r.User) {
			gone.Ratings++
		}
	}
	var kept []catalog.Account
	for _, a := range e.accounts {
		if has(a.User) {
			gone.Accounts++
		} else {
			kept = append(kept, a)
		}
	}
	e.accounts = kept
	return gone
}

// store folds e into the store.
func (e *events) store(ctx context.Context, tx *sqlx.Tx) error {
	if err := checkRatings(ctx, tx, e.ratings); err != nil {
		return err
	}
	if _, err := storeSeen(ctx, tx, e.news); err != nil {
		return err
	}
	return storeAccounts(ctx, tx, e.accounts)
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
	columns := []column{{"user_id", "text"}, {"at", "bigint"}}
	w := newRowWriter(tx, "accounts", columns, "ON CONFLICT (user_id) DO UPDATE SET at = excluded.at WHERE excluded.at < accounts.at")
	defer w.close()
	for _, id := range ids {
		if err := w.add(ctx, id, first[catalog.UserID(id)]); err != nil {
			return err
		}
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	return lookupExec(ctx, tx, "DELETE FROM unknown_ids WHERE kind = 'user' AND id IN (%s)", ids)
}
