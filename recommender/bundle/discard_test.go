package bundle

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"marquee/catalog"
)

// A bundle that was a step on the way goes; what was laid over it stays whole, and the
// live one stays whatever happens.
func TestDiscard(t *testing.T) {
	s := shelf(t)
	step := put(t, s, built(t, rand.New(rand.NewPCG(1, 2)), 30))
	over := patched(t, s, step.ID, Patch{Removed: []catalog.MovieID{"m03"}})
	if err := s.Discard(t.Context(), step.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Manifest(step.ID); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	loaded(t, s, over.ID)
	if err := s.Discard(t.Context(), step.ID); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("once more: %v, want that it is not there", err)
	}
	fatal(t, s.Publish(t.Context(), Publication{ID: over.ID}))
	if err := s.Discard(t.Context(), over.ID); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("the live one: %v, want that it may not go", err)
	}
	fatal(t, os.WriteFile(filepath.Join(s.dir, pointerName), []byte("rubbish\n"), 0o600))
	if err := s.Discard(t.Context(), over.ID); !errors.Is(err, ErrBroken) {
		t.Errorf("nobody knows which is live: %v, want that it is broken", err)
	}
	loaded(t, s, over.ID)
}
