package recommender

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/history"
	"marquee/recommender/rank"
)

// ErrNotReady reports a service that has no bundle yet.
var ErrNotReady = errors.New("no bundle is loaded yet")

// A Live is the bundle that serves, with what lists are made from: the bundle and
// the movies that came after it was built. Its parts fit together and never
// change.
type Live struct {
	Bundle   *bundle.Bundle
	Snapshot *rank.Snapshot
	Loaded   time.Time // when the bundle was taken
	Sequence int64     // every change up to this number is in the snapshot
}

// Histories tells what a person watched: see [history.Cache.Of].
type Histories interface {
	Of(ctx context.Context, u catalog.UserID) (e history.Entry, fresh bool, err error)
}

// A Service answers requests from the live bundle. Any number of goroutines may
// use it.
type Service struct {
	live      atomic.Pointer[Live] // replaced whole; nil until the first Swap
	forgotten atomic.Pointer[catalog.Tombstones]
	histories Histories
	arm       string
	now       func() time.Time
}

// New returns a service without a bundle. Lists are made by the arm of this name,
// or by each bundle's default if it is empty.
func New(histories Histories, arm string, now func() time.Time) *Service {
	return &Service{histories: histories, arm: arm, now: now}
}

// Swap makes b the live bundle. One without the service's arm is an error that
// wraps [rank.ErrArm]. Requests under way go on with the one they began
// with.
func (s *Service) Swap(b *bundle.Bundle) error {
	snap, err := b.Snapshot()
	if err != nil {
		return fmt.Errorf("bundle %s: %w", b.Manifest.ID, err)
	}
	if err := snap.Arms.Check(s.arm); err != nil {
		return fmt.Errorf("bundle %s: %w; build one with the model, or serve with another arm", b.Manifest.ID, err)
	}
	s.live.Store(&Live{Bundle: b, Snapshot: snap, Loaded: s.now(), Sequence: b.Manifest.Sequence})
	return nil
}

// Extend lets snap answer, which is base with every change up to sequence. It
// reports whether it does: not if another bundle than base is live by now.
// Requests under way go on with the snapshot they began with.
func (s *Service) Extend(base *bundle.Bundle, snap *rank.Snapshot, sequence int64) bool {
	old := s.live.Load()
	if old == nil || old.Bundle != base {
		return false
	}
	return s.live.CompareAndSwap(old, &Live{Bundle: base, Snapshot: snap, Loaded: old.Loaded, Sequence: sequence})
}

// SetForgotten says who was forgotten: the histories and lists that a bundle holds of
// them are not used, whether the store can be reached or not.
func (s *Service) SetForgotten(t catalog.Tombstones) { s.forgotten.Store(&t) }

// Forgot reports whether u was forgotten, as far as is known here.
func (s *Service) Forgot(u catalog.UserID) bool {
	t := s.forgotten.Load()
	return t != nil && t.Has(u)
}

// bundled returns what the bundle of live holds of u, who may have been forgotten.
func (s *Service) bundled(live *Live, u catalog.UserID) rank.Taste {
	if s.Forgot(u) {
		return rank.Taste{}
	}
	taste, _ := live.Bundle.Histories.Of(u)
	return taste
}

// listed returns the id by which models may look for what a bundle holds of u:
// none of somebody who was forgotten, of whom there may still be a list.
func (s *Service) listed(u catalog.UserID) catalog.UserID {
	if s.Forgot(u) {
		return ""
	}
	return u
}

// Live returns the live bundle, or ErrNotReady.
func (s *Service) Live() (*Live, error) {
	if l := s.live.Load(); l != nil {
		return l, nil
	}
	return nil, ErrNotReady
}

// An Answer is a list with where it came from.
type Answer struct {
	List  rank.List
	Live  *Live
	Taste rank.Taste // what the list was made from
	Stale bool       // the store was away: the history may lack the newest watches

	// Sequence is the number of the last change that the list takes into
	// account: with the bundle, it says what the list was made from.
	Sequence int64
}

// from begins an answer of live.
func from(live *Live) Answer { return Answer{Live: live, Sequence: live.Sequence} }

// ForUser returns at most n movies for u. It fails only without a bundle: when
// the store is away, the bundle's own histories answer.
func (s *Service) ForUser(ctx context.Context, u catalog.UserID, n int) (Answer, error) {
	live, err := s.Live() // once: a second Load could pair two builds
	if err != nil {
		return Answer{}, err
	}
	a := from(live)
	entry, fresh, err := s.histories.Of(ctx, u)
	a.Stale = !fresh
	if err == nil {
		a.Taste = live.Snapshot.Movies.Resolve(entry.Seen, live.Snapshot.Scale)
	} else {
		a.Taste = s.bundled(live, u)
	}
	user := entry.User
	user.ID = s.listed(u)
	a.List = live.Snapshot.Recommend(rank.Request{
		Taste: a.Taste,
		User:  user,
		Arm:   s.arm,
		N:     n,
		Now:   s.now(),
		// Nobody is of age while the store cannot tell.
		Adult: err == nil && live.Snapshot.AdultAllowed(entry.User, entry.Known),
	})
	return a, nil
}

// Popular returns at most n movies for nobody in particular.
func (s *Service) Popular(n int) (Answer, error) {
	live, err := s.Live()
	if err != nil {
		return Answer{}, err
	}
	a := from(live)
	a.List = live.Snapshot.Recommend(rank.Request{N: n, Now: s.now(), Arm: rank.ArmFeatures})
	return a, nil
}

// Similar returns at most n movies near the movie id.
func (s *Service) Similar(id catalog.MovieID, n int) (Answer, error) {
	live, err := s.Live()
	if err != nil {
		return Answer{}, err
	}
	row, ok := live.Snapshot.Movies.Row(id)
	if !ok {
		return Answer{}, fmt.Errorf("movie %q: %w", id, catalog.ErrNotFound)
	}
	a := from(live)
	a.List = live.Snapshot.Similar(row, rank.Request{N: n, Now: s.now()})
	return a, nil
}
