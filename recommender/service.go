package recommender

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/experiment"
	"marquee/recommender/history"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// ErrNotReady reports a service that has no bundle yet.
var ErrNotReady = errors.New("no bundle is loaded yet")

// A Live is the bundle that serves, with what lists are made from: the bundle and
// what changed after it was built. Its parts fit together and never change.
type Live struct {
	Bundle   *bundle.Bundle
	State    *overlay.State
	Snapshot *rank.Snapshot // of State
	Index    indexer.Index  // of State; nil if there is none
	Loaded   time.Time      // when the bundle was taken
	Sequence int64          // every change up to this number is in State

	number uint64 // another one for each Live of a service
}

func (s *Service) newLive(b *bundle.Bundle, state *overlay.State, loaded time.Time, sequence int64) *Live {
	return &Live{Bundle: b, State: state, Snapshot: state.Snapshot, Index: state.Index, Loaded: loaded, Sequence: sequence, number: s.lives.Add(1)}
}

// An Editorial is what editors say, as the store has it.
type Editorial struct {
	Hidden      []catalog.MovieID
	Corrections []catalog.Correction
}

// On returns s with what editors say in place of what they said.
func (e Editorial) On(s *overlay.State) (*overlay.State, error) {
	s, err := s.Hide(e.Hidden)
	if err != nil {
		return nil, fmt.Errorf("hidden movies: %w", err)
	}
	if s, err = s.Correct(e.Corrections); err != nil {
		return nil, fmt.Errorf("corrections of neighbours: %w", err)
	}
	return s, nil
}

// Histories tells what a person watched: see [history.Cache.Of].
type Histories interface {
	Of(ctx context.Context, u catalog.UserID) (e history.Entry, fresh bool, err error)
}

// A Service answers requests from the live bundle. Any number of goroutines may
// use it.
type Service struct {
	live      atomic.Pointer[Live] // replaced whole; nil until the first Swap
	lives     atomic.Uint64        // how many there were
	forgotten atomic.Pointer[catalog.Tombstones]
	editorial atomic.Pointer[Editorial] // nil until the store was asked
	gone      gone
	histories Histories
	asker     *asker
	assigner  atomic.Pointer[experiment.Assigner] // nil: no experiments
	shadows   shadows
	trends    atomic.Pointer[[]Trend] // nil: nothing is known
	words     atomic.Pointer[Words]   // nil: texts cannot be embedded
	arm       string
	fields    Fields
	now       func() time.Time

	unknownArms atomic.Int64 // lists for which an experiment named an arm that is not there
}

// New returns a service without a bundle. Lists are made by the arm of this name,
// or by each bundle's default if it is empty.
func New(histories Histories, arm string, now func() time.Time) *Service {
	return &Service{histories: histories, arm: arm, now: now, asker: newAsker(DefaultAskConfig(), slog.New(slog.DiscardHandler))}
}

// Ask sets how an index that is elsewhere is asked. It is called before s serves.
func (s *Service) Ask(c AskConfig, log *slog.Logger) error {
	if err := c.Validate(); err != nil {
		return err
	}
	s.asker = newAsker(c, log)
	return nil
}

// Swap makes b the live bundle, with what editors say now rather than what they said
// when it was built, and without movies that left the catalog since: see
// [Service.SetGone]. One without the service's arm is an error that wraps
// [rank.ErrArm]. Requests under way go on with the one they began with.
func (s *Service) Swap(b *bundle.Bundle) error {
	state, err := b.State()
	if err != nil {
		return fmt.Errorf("bundle %s: %w", b.Manifest.ID, err)
	}
	return s.swap(context.Background(), b, state)
}

// swap is Swap of a bundle whose state was made.
func (s *Service) swap(ctx context.Context, b *bundle.Bundle, state *overlay.State) error {
	if err := state.Snapshot.Arms.Check(s.arm); err != nil {
		return fmt.Errorf("bundle %s: %w; build one with the model, or serve with another arm", b.Manifest.ID, err)
	}
	var taken *Live
	for {
		next, holds, err := s.current(ctx, b, state)
		if err != nil {
			return fmt.Errorf("bundle %s: %w", b.Manifest.ID, err)
		}
		live := s.newLive(b, next, s.now(), b.Manifest.Sequence)
		if taken == nil {
			s.live.Store(live)
		} else if !s.live.CompareAndSwap(taken, live) {
			return nil // whoever extended it goes on with it
		}
		if holds() {
			return nil
		}
		taken = live // somebody spoke between our question and the swap
	}
}

// current returns state, which is b's, as editors and the catalog have it by now. holds
// reports whether that is still so.
func (s *Service) current(ctx context.Context, b *bundle.Bundle, state *overlay.State) (next *overlay.State, holds func() bool, err error) {
	ids, turn := s.gone.after(b.Manifest.Sequence)
	if state, err = state.Without(ctx, ids); err != nil {
		return nil, nil, fmt.Errorf("movies that left: %w", err)
	}
	said := s.editorial.Load()
	if said != nil {
		if state, err = said.On(state); err != nil {
			return nil, nil, err
		}
	}
	return state, func() bool {
		_, now := s.gone.after(b.Manifest.Sequence)
		return now == turn && s.editorial.Load() == said
	}, nil
}

// Extend lets state answer, which is base with every change up to sequence. It
// reports whether it does: not if another bundle than base is live by now.
// Requests under way go on with the state they began with.
func (s *Service) Extend(base *bundle.Bundle, state *overlay.State, sequence int64) bool {
	old := s.live.Load()
	if old == nil || old.Bundle != base {
		return false
	}
	return s.live.CompareAndSwap(old, s.newLive(base, state, old.Loaded, sequence))
}

// SetEditorial says what editors say, for bundles that are taken from now on: what was
// hidden after one was built is not shown even for a moment.
func (s *Service) SetEditorial(e Editorial) { s.editorial.Store(&e) }

// SetForgotten says who was forgotten: the histories and lists that a bundle holds of
// them are not used, whether the store can be reached or not.
func (s *Service) SetForgotten(t catalog.Tombstones) { s.forgotten.Store(&t) }

// Forgot reports whether u was forgotten, as far as is known here.
func (s *Service) Forgot(u catalog.UserID) bool {
	t := s.forgotten.Load()
	return t != nil && t.Has(u)
}

// KnowsForgotten reports whether [Service.Forgot] was told of anybody yet, or that there is
// nobody.
func (s *Service) KnowsForgotten() bool { return s.forgotten.Load() != nil }

// bundled returns what the bundle of live holds of u, who may have been forgotten.
func (s *Service) bundled(live *Live, u catalog.UserID) rank.Taste {
	if s.Forgot(u) {
		return rank.Taste{}
	}
	taste, _ := live.Bundle.Histories.Of(u)
	return live.Snapshot.Movies.Present(taste)
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
