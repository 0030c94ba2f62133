package bundle

import (
	"fmt"
	"reflect"
	"slices"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// checkModels returns an error that wraps [catalog.ErrInvalid] unless models and
// lists are those that the manifest names.
func (b *Bundle) checkModels() error {
	if err := b.Manifest.checkModels(); err != nil {
		return fmt.Errorf("%w: %w", err, catalog.ErrInvalid)
	}
	if len(b.Models) != len(b.Manifest.Models) {
		return fmt.Errorf("%d models, the manifest names %d: %w", len(b.Models), len(b.Manifest.Models), catalog.ErrInvalid)
	}
	lists := 0
	for i, m := range b.Manifest.Models {
		if b.Models[i].Name != m.Name {
			return fmt.Errorf("model %d is %q, the manifest names %q: %w", i+1, b.Models[i].Name, m.Name, catalog.ErrInvalid)
		}
		if m.Lists != (b.Lists[m.Name] != nil) {
			return fmt.Errorf("lists of model %s: the manifest says %v and the bundle %v: %w", m.Name, m.Lists, !m.Lists, catalog.ErrInvalid)
		}
		if m.Lists {
			lists++
		}
	}
	if lists != len(b.Lists) {
		return fmt.Errorf("lists of %d models, the manifest names %d: %w", len(b.Lists), lists, catalog.ErrInvalid)
	}
	if err := (rank.Arms{Models: b.Models}).Check(b.Manifest.Arm); err != nil {
		return fmt.Errorf("default arm: %w: %w", err, catalog.ErrInvalid)
	}
	return nil
}

// stored returns the models as they are written. Of a patched bundle, a model that its
// build has is written as the build has it, and told of later movies when it is read.
func (b *Bundle) stored() []model.Model {
	out := make([]model.Model, len(b.Models))
	for i, m := range b.Models {
		out[i] = m.Model
		if b.laid == nil {
			continue
		}
		for j, x := range b.laid.models {
			if x.Name == m.Name && sameModel(x.Model, m.Model) {
				out[i] = b.laid.build.Models[j].Model
			}
		}
	}
	return out
}

// withRows returns the models of the manifest with the rows that each is written with.
func (b *Bundle) withRows() []Model {
	out := slices.Clone(b.Manifest.Models)
	build := 0
	if b.laid != nil {
		build = b.laid.build.Movies.Len()
	}
	for i, m := range b.stored() {
		out[i] = out[i].withRows(model.Rows(m), b.Movies.Len(), build)
	}
	return out
}

// withRows returns m as one whose file knows so many movies of all there are. If they
// are laid over a build, that has build of them. A composite is read with all, unless
// it is one of such a build.
func (m Model) withRows(rows, all, build int) Model {
	if m.Rows = rows; rows == all || len(m.Parts) > 0 && rows != build {
		m.Rows = 0
	}
	return m
}

// sameModel reports whether a and b are one model, not two alike.
func sameModel(a, b model.Model) bool {
	return reflect.TypeOf(a).Comparable() && a == b
}
