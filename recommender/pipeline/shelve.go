package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

// GateIncomplete is the gate that refuses a bundle which is only a step on the way to
// another: movies that left are still in it. Nobody can override it.
const GateIncomplete = "incomplete"

// Shelve puts b with f on the shelf, as a patch or with index and table built anew, and
// returns its manifest. It does not make it live. edit, unless it is nil, is shown the
// manifest before it is written, and may set Gates and Parent. If b has all of f the
// error is [ErrNothing]. Models of b are needed only if f is large.
//
// Whoever was forgotten since b was loaded is not in it: see [Reindex.Gone].
func (r Reindex) Shelve(ctx context.Context, shelf *bundle.Shelf, b *bundle.Bundle, f Found, edit func(*bundle.Manifest)) (bundle.Manifest, Work, error) {
	if r.Large(b.Manifest, f) {
		return r.shelveWhole(ctx, shelf, b, f, edit)
	}
	patch, measured, work, err := r.Patch(ctx, b, f)
	if err != nil {
		return bundle.Manifest{}, work, err
	}
	began := time.Now()
	m, err := shelf.PutPatch(ctx, b.Manifest.ID, patch, both(measured, edit))
	if err == nil {
		m, err = r.forget(ctx, shelf, b, m)
	}
	work.Write = time.Since(began)
	return m, work, err
}

// shelveWhole is Shelve with index and table built anew.
func (r Reindex) shelveWhole(ctx context.Context, shelf *bundle.Shelf, b *bundle.Bundle, f Found, edit func(*bundle.Manifest)) (bundle.Manifest, Work, error) {
	whole, gone, work, err := r.Whole(ctx, b, f)
	if err != nil {
		return bundle.Manifest{}, work, err
	}
	began := time.Now()
	var m bundle.Manifest
	if len(gone) == 0 {
		both(nil, edit)(&whole.Manifest)
		m, err = shelf.Put(ctx, whole)
	} else {
		m, err = r.shelveWithout(ctx, shelf, b, whole, gone, edit)
	}
	if err == nil {
		m, err = r.forget(ctx, shelf, whole, m)
	}
	work.Write = time.Since(began)
	return m, work, err
}

// shelveWithout shelves whole, which is made of b, without the movies that are gone. These
// are laid over it, for which it must stand on the shelf: meanwhile it says that it has
// no more than b, and that it is not to be published, and afterwards it goes.
func (r Reindex) shelveWithout(ctx context.Context, shelf *bundle.Shelf, b, whole *bundle.Bundle, gone []catalog.MovieID, edit func(*bundle.Manifest)) (m bundle.Manifest, err error) {
	done := whole.Manifest
	whole.Manifest.Sequence = b.Manifest.Sequence
	whole.Manifest.Gates = []bundle.Gate{{
		Name: GateIncomplete, Value: float64(len(gone)),
		Detail: fmt.Sprintf("%d movies that left the catalog are still in it: it is a step on the way to another bundle", len(gone)),
	}}
	step, err := shelf.Put(ctx, whole)
	if err != nil {
		return m, err
	}
	if incomplete(step) { // not a bundle of the same content that stood there before
		defer func() {
			lost := shelf.Discard(context.WithoutCancel(ctx), step.ID)
			if lost != nil && !errors.Is(lost, catalog.ErrNotFound) {
				r.Log.Warn("a bundle that was only a step on the way stays on the shelf; \"marquee bundle prune\" removes it", "bundle", step.ID, "error", lost)
			}
		}()
	}
	return shelf.PutPatch(ctx, step.ID, bundle.Patch{Removed: gone, Hidden: whole.Hidden, Corrections: whole.Corrections}, func(m *bundle.Manifest) {
		m.Parent, m.Sequence = b.Manifest.ID, done.Sequence
		both(nil, edit)(m)
	})
}

// incomplete reports whether m is that of a step on the way.
func incomplete(m bundle.Manifest) bool {
	for _, g := range m.Gates {
		if g.Name == GateIncomplete {
			return true
		}
	}
	return false
}

// forget takes people out of the bundle of m who were forgotten since from, whose
// histories it has, was loaded, and returns the manifest of what takes its place. Whoever
// is forgotten from now on finds it on the shelf.
func (r Reindex) forget(ctx context.Context, shelf *bundle.Shelf, from *bundle.Bundle, m bundle.Manifest) (bundle.Manifest, error) {
	if r.Gone == nil {
		return m, nil
	}
	gone, err := r.Gone(ctx)
	if err != nil {
		return m, fmt.Errorf("who was forgotten while bundle %s was made: %w", m.ID, err)
	}
	if !holds(from, gone) {
		return m, nil
	}
	return shelf.ForgetIn(ctx, m, gone)
}

// holds reports whether b has a history or a list of somebody who is gone.
func holds(b *bundle.Bundle, gone func(catalog.UserID) bool) bool {
	if _, n := b.Histories.Without(gone); n > 0 {
		return true
	}
	for _, lists := range b.Lists {
		if _, n := lists.Without(gone); n > 0 {
			return true
		}
	}
	return false
}
