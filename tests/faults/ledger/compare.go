package ledger

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"marquee/catalog"
)

// A Store is what is compared: catalog/sqlstore is one.
type Store interface {
	Watches(ctx context.Context) iter.Seq2[catalog.Watch, error]
	Ratings(ctx context.Context) iter.Seq2[catalog.Rating, error]
	Accounts(ctx context.Context) iter.Seq2[catalog.Account, error]
	Histories(ctx context.Context) iter.Seq2[catalog.UserSeen, error]
	QuarantineLines(ctx context.Context, filter catalog.RefusedFilter, after catalog.RefusedPlace, limit int) ([]catalog.Refused, error)
	Intake(ctx context.Context, from, to time.Time) ([]catalog.Intake, error)
	Offset(ctx context.Context, partition string) (int64, error)
}

// Compare returns how store differs from the book. partitions maps the names
// under which the store keeps offsets and quarantine to parts of the book; the
// store may have no others. The error is that of the store. It costs a scan of
// all tables of events.
func (b *Book) Compare(ctx context.Context, store Store, partitions map[string]string) (Findings, error) {
	var found Findings
	for _, one := range []func(context.Context, Store, map[string]string, *Findings) error{
		b.compareOffsets, b.compareWatches, b.compareRatings, b.compareAccounts, b.compareHistories,
		b.compareQuarantine, b.compareIntake,
	} {
		if err := one(ctx, store, partitions, &found); err != nil {
			return found, err
		}
	}
	return found, nil
}

func (b *Book) compareOffsets(ctx context.Context, store Store, partitions map[string]string, found *Findings) error {
	held := make(map[string]int64)
	for _, name := range slices.Sorted(maps.Keys(partitions)) {
		offset, err := store.Offset(ctx, name)
		if err != nil {
			return err
		}
		held[partitions[name]] += offset // of several names for one part, one may hold an offset
	}
	for _, part := range b.Parts() {
		switch end := b.ends[part]; {
		case held[part] < end:
			found.add(Missing, "the store stands at %d of part %s, which ends at %d: %d lines were not read",
				held[part], part, end, b.Lines(part, held[part], end))
		case held[part] > end:
			found.add(Phantom, "the store stands at %d of part %s, which ends at %d", held[part], part, end)
		}
	}
	return nil
}

// compareWatches compares the rows of watches with the events of each pair.
func (b *Book) compareWatches(ctx context.Context, store Store, _ map[string]string, found *Findings) error {
	seen := make(map[pair]bool, len(b.watches))
	for w, err := range store.Watches(ctx) {
		if err != nil {
			return err
		}
		k := pair{string(w.User), string(w.Movie)}
		if seen[k] {
			found.add(Phantom, "user %s and movie %s have two watches", k.user, k.movie)
		}
		seen[k] = true
		if len(b.watches[k]) == 0 {
			found.add(Phantom, "user %s never watched movie %s, the store has minute %d", k.user, k.movie, w.Minute)
			continue
		}
		b.compareWatch(k, w, found)
	}
	for k, events := range b.watches {
		if !seen[k] {
			found.add(Missing, "user %s watched movie %s, %d lines, the first at %s", k.user, k.movie, len(events), events[0].place)
		}
	}
	return nil
}

func (b *Book) compareWatch(k pair, got catalog.Watch, found *Findings) {
	events := b.watches[k]
	first, last, furthest := events[0], events[0], events[0]
	days := make(map[string]Place)
	for _, e := range events {
		if e.at.Before(first.at) {
			first = e
		}
		if e.at.After(last.at) {
			last = e
		}
		if e.minute > furthest.minute {
			furthest = e
		}
		days[e.at.UTC().Format(time.DateOnly)] = e.place
	}
	of := fmt.Sprintf("of user %s and movie %s", k.user, k.movie)
	if got.Minute != furthest.minute {
		found.add(lostIf(got.Minute < furthest.minute), "furthest minute %s is %d, want %d (line %s)", of, got.Minute, furthest.minute, furthest.place)
	}
	if !got.First.Equal(first.at) {
		found.add(lostIf(got.First.After(first.at)), "first minute %s was at %v, want %v (line %s)", of, got.First, first.at, first.place)
	}
	if !got.Last.Equal(last.at) {
		found.add(lostIf(got.Last.Before(last.at)), "last minute %s was at %v, want %v (line %s)", of, got.Last, last.at, last.place)
	}
	if got.Days != len(days) {
		found.add(lostIf(got.Days < len(days)), "days of watching %s are %d, want %d (lines %v)", of, got.Days, len(days), days)
	}
}

// lostIf returns Missing if something is lost, else Phantom.
func lostIf(lost bool) Fault {
	if lost {
		return Missing
	}
	return Phantom
}

// latest returns the event that counts: the last one, of two at one time the
// higher rating.
func latest(events []event) event {
	best := events[0]
	for _, e := range events[1:] {
		if e.at.After(best.at) || e.at.Equal(best.at) && e.rating > best.rating {
			best = e
		}
	}
	return best
}

func (b *Book) compareRatings(ctx context.Context, store Store, _ map[string]string, found *Findings) error {
	seen := make(map[pair]bool, len(b.ratings))
	for r, err := range store.Ratings(ctx) {
		if err != nil {
			return err
		}
		k := pair{string(r.User), string(r.Movie)}
		seen[k] = true
		events := b.ratings[k]
		if len(events) == 0 {
			found.add(Phantom, "user %s never rated movie %s, the store has %v", k.user, k.movie, r.Value)
			continue
		}
		want := latest(events)
		if r.At.Equal(want.at) && r.Value == want.rating {
			continue
		}
		stale := slices.ContainsFunc(events, func(e event) bool { return e.at.Equal(r.At) && e.rating == r.Value })
		found.add(lostIf(stale), "rating of user %s for movie %s is %v at %v, want %v at %v (line %s)",
			k.user, k.movie, r.Value, r.At, want.rating, want.at, want.place)
	}
	for k, events := range b.ratings {
		if !seen[k] {
			found.add(Missing, "user %s rated movie %s, %d lines, the first at %s", k.user, k.movie, len(events), events[0].place)
		}
	}
	return nil
}

func (b *Book) compareAccounts(ctx context.Context, store Store, _ map[string]string, found *Findings) error {
	seen := make(map[string]bool, len(b.accounts))
	for a, err := range store.Accounts(ctx) {
		if err != nil {
			return err
		}
		user := string(a.User)
		seen[user] = true
		events := b.accounts[user]
		if len(events) == 0 {
			found.add(Phantom, "user %s never signed up, the store says at %v", user, a.At)
			continue
		}
		first := slices.MinFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
		if !a.At.Equal(first.at) {
			found.add(lostIf(a.At.After(first.at)), "user %s signed up at %v, want %v (line %s)", user, a.At, first.at, first.place)
		}
	}
	for user, events := range b.accounts {
		if !seen[user] {
			found.add(Missing, "user %s signed up, line %s", user, events[0].place)
		}
	}
	return nil
}
